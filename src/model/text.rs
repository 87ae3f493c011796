//! Texts within the catalog's limits.

/// Cuts a text to `limit` UTF-16 code units, the unit API Center counts in, ending a cut text with `…`.
#[must_use]
pub fn clip(text: &str, limit: usize) -> String {
    if text.encode_utf16().count() <= limit {
        return text.to_owned();
    }
    let mut length = 1;
    let mut clipped: String = text
        .chars()
        .take_while(|character| {
            length += character.len_utf16();
            length <= limit
        })
        .collect();
    clipped.push('…');
    clipped
}

#[cfg(test)]
mod tests {
    use super::clip;

    #[test]
    fn a_text_at_the_limit_is_left_alone() {
        assert_eq!(clip("abcde", 5), "abcde");
    }

    #[test]
    fn a_longer_text_is_cut_on_a_character_boundary_with_the_ellipsis_counted() {
        assert_eq!(clip("abcdef", 5), "abcd…");
        assert_eq!(clip("ab😀cd", 4), "ab…");
        assert_eq!(clip("ab😀cde", 5), "ab😀…");
    }
}
