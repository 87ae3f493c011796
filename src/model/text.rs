//! Texts within the catalog's limits, without characters that deceive readers.

/// Longest quoted message, in UTF-16 units: enough for every useful one.
const MESSAGE_MAX: usize = 600;
/// Longest quoted invalid name, in UTF-16 units.
const NAME_MAX: usize = 100;
/// Replaces each forbidden character.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Cuts a text to `limit` UTF-16 code units, the unit API Center counts in, ending a cut text with `…`.
#[must_use]
pub fn clip(text: &str, limit: usize) -> String {
    // A character takes no more units than bytes: most texts need no counting, and very long ones only in part.
    if text.len() <= limit || text.encode_utf16().take(limit + 1).count() <= limit {
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

/// Somebody else's text as one line: cut to `limit` UTF-16 units, with spaces for line breaks and tabs.
///
/// Anybody who names an API may write one. Control characters would reach terminals and break some services, and
/// bidirectional overrides disguise a text: both become `U+FFFD`.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    clip_mapped(text, limit, |character| match character {
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        other => harmless(other),
    })
}

/// Somebody else's message, for quoting in ours.
#[must_use]
pub fn quote_message(message: &str) -> String {
    one_line(message, MESSAGE_MAX)
}

/// An invalid name, for quoting in an error.
#[must_use]
pub fn quote_name(name: &str) -> String {
    one_line(name, NAME_MAX)
}

/// Somebody else's text with its line breaks and tabs, cut to `limit` UTF-16 units; otherwise like [`one_line`].
#[must_use]
pub fn some_lines(text: &str, limit: usize) -> String {
    clip_mapped(text, limit, |character| match character {
        // A lone carriage return would let a terminal overwrite the line.
        '\t' | '\n' => character,
        '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        other => harmless(other),
    })
}

/// Whether a text has nothing visible.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    let invisible =
        |character: char| matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    text.chars()
        .all(|character| character.is_whitespace() || invisible(character))
}

/// What keeps a text from being one line of visible ASCII without quotation marks, the form of a header; `None` if it
/// is. Does not repeat the text.
#[must_use]
pub fn fault_of_line(text: &str) -> Option<String> {
    // A lone carriage return ends a line, too.
    let lines = text.replace("\r\n", "\n").split(['\n', '\r']).count();
    if lines > 1 {
        Some(format!("has {lines} lines"))
    } else if text.contains(['"', '\'', '`']) {
        Some("has quotation marks".to_owned())
    } else if text.contains([' ', '\t']) {
        Some("has white space inside".to_owned())
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("has characters that are not visible ASCII".to_owned())
    } else {
        None
    }
}

/// Whether a character overrides the direction of the following text. Marks (U+200E, U+200F, U+061C) only place
/// neighbours, as right-to-left languages need.
#[must_use]
pub fn turns_text(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn harmless(character: char) -> char {
    if turns_text(character) || character.is_control() {
        REPLACEMENT
    } else {
        character
    }
}

/// Maps only as much of a text as is used: it may be very long.
fn clip_mapped(text: &str, limit: usize, map: impl Fn(char) -> char) -> String {
    let mapped: String = text.replace("\r\n", "\n").chars().take(limit + 1).map(map).collect();
    clip(&mapped, limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_at_the_limit_is_left_alone() {
        assert_eq!(clip("abcde", 5), "abcde");
        assert_eq!(clip("äöü😀", 5), "äöü😀");
    }

    #[test]
    fn a_longer_text_is_cut_on_a_character_boundary_with_the_ellipsis_counted() {
        assert_eq!(clip("abcdef", 5), "abcd…");
        assert_eq!(clip("ab😀cd", 4), "ab…");
        assert_eq!(clip("ab😀cde", 5), "ab😀…");
    }

    #[test]
    fn what_would_deceive_a_reader_is_seen_as_such() {
        for (text, line, lines) in [
            ("tab\tand\nnewline", "tab and newline", "tab\tand\nnewline"),
            ("one\r\ntwo\rthree", "one two three", "one\ntwo\nthree"),
            (
                "\u{1b}[31mred\u{9b}0m",
                "\u{fffd}[31mred\u{fffd}0m",
                "\u{fffd}[31mred\u{fffd}0m",
            ),
            ("nul\0del\u{7f}", "nul\u{fffd}del\u{fffd}", "nul\u{fffd}del\u{fffd}"),
            (
                "\u{202e}gnp.exe\u{2069}",
                "\u{fffd}gnp.exe\u{fffd}",
                "\u{fffd}gnp.exe\u{fffd}",
            ),
            ("line\u{2028}paragraph\u{2029}", "line paragraph ", "line\nparagraph\n"),
            ("עברית\u{200f}!", "עברית\u{200f}!", "עברית\u{200f}!"),
            (
                "👨\u{200d}👩\u{200d}👧 e\u{301}",
                "👨\u{200d}👩\u{200d}👧 e\u{301}",
                "👨\u{200d}👩\u{200d}👧 e\u{301}",
            ),
        ] {
            assert_eq!(
                (&*one_line(text, 99), &*some_lines(text, 99)),
                (line, lines),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_text_of_nothing_to_see_is_blank() {
        assert!(is_blank("") && is_blank(" \u{3000}\n") && is_blank("\u{200b}\u{feff}"));
        assert!(!is_blank(" a") && !is_blank("\u{fffd}"));
    }

    #[test]
    fn a_text_is_one_line_of_visible_ascii_or_it_is_said_why_not() {
        for good in ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY==", "~!#"] {
            assert_eq!(fault_of_line(good), None, "{good}");
        }
        for (text, fault) in [
            ("a\nb", "has 2 lines"),
            ("a\r\nb\rc", "has 3 lines"),
            ("`a`", "has quotation marks"),
            ("a b", "has white space inside"),
            ("a\u{a0}b", "has characters that are not visible ASCII"),
            ("a\u{7f}", "has characters that are not visible ASCII"),
            ("a\u{2028}b", "has characters that are not visible ASCII"),
        ] {
            assert_eq!(fault_of_line(text).as_deref(), Some(fault), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_made_of_any_text_is_short_and_harmless(text in any::<String>(), spiced in "[\\x00-\\x1f\u{80}-\u{9f}\u{2020}-\u{2070}a😀]{0,40}", limit in 1..60_usize) {
            for text in [text, spiced] {
                for (made, breaks) in [(one_line(&text, limit), ""), (some_lines(&text, limit), "\t\n")] {
                    prop_assert!(made.encode_utf16().count() <= limit, "{made:?}");
                    prop_assert!(!made.chars().any(|character| character.is_control() && !breaks.contains(character)), "{made:?}");
                    prop_assert!(!made.contains(['\u{202e}', '\u{2066}', '\u{2028}']), "{made:?}");
                }
                prop_assert_eq!(one_line(&one_line(&text, limit), limit), one_line(&text, limit), "twice is as good as once");
            }
        }
    }
}
