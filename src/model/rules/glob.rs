//! Globs.

use std::fmt;
use std::str::Chars;

use serde::{Serialize, Serializer};

/// Longest glob, in characters: as long as the longest value of a tag.
const GLOB_MAX: usize = 256;

/// A text that is not a glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGlob {
    /// It is too long.
    #[error("has more than {GLOB_MAX} characters")]
    TooLong,
    /// Its last backslash escapes nothing.
    #[error("ends in a backslash that escapes nothing")]
    Escape,
}

/// A pattern for a whole text: `*` matches any characters, including `/`, `?` matches one, `\` escapes; case-sensitive.
///
/// Nothing else is special: `[user]` is six characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Run,
    One,
    Exactly(char),
}

impl Glob {
    /// Parses a glob.
    ///
    /// # Errors
    /// If it is too long, or ends in a backslash that escapes nothing.
    pub fn parse(text: &str) -> Result<Self, InvalidGlob> {
        if text.chars().count() > GLOB_MAX {
            return Err(InvalidGlob::TooLong);
        }
        let mut characters = text.chars();
        let mut parts = Vec::new();
        while let Some(character) = characters.next() {
            parts.push(match character {
                '*' => Part::Run,
                '?' => Part::One,
                '\\' => Part::Exactly(characters.next().ok_or(InvalidGlob::Escape)?),
                other => Part::Exactly(other),
            });
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// Whether it matches the whole text. Takes time proportional to the length of the text times that of the glob.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        let (mut parts, mut rest) = (self.parts.as_slice(), text.chars());
        // The pattern after the last `*`, and where its text begins. An earlier `*` never needs to match more.
        let mut last_run: Option<(&[Part], Chars<'_>)> = None;
        loop {
            match parts.split_first() {
                Some((Part::Run, after)) => {
                    parts = after;
                    last_run = Some((after, rest.clone()));
                    continue;
                }
                Some((part, after)) => {
                    let mut next = rest.clone();
                    if next.next().is_some_and(|character| part.takes(character)) {
                        (parts, rest) = (after, next);
                        continue;
                    }
                }
                None if rest.as_str().is_empty() => return true,
                None => (),
            }
            let Some((after, start)) = &mut last_run else {
                return false;
            };
            if start.next().is_none() {
                return false;
            }
            (parts, rest) = (after, start.clone());
        }
    }
}

impl Part {
    fn takes(self, character: char) -> bool {
        match self {
            Self::Run | Self::One => true,
            Self::Exactly(wanted) => wanted == character,
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits(glob: &str, text: &str) -> bool {
        Glob::parse(glob).unwrap().fits(text)
    }

    #[test]
    fn a_glob_fits_whole_texts_and_nothing_but_star_question_mark_and_backslash_is_special() {
        for (glob, fitting, others) in [
            (
                "*-internal",
                &["team/orders-internal", "-internal"][..],
                &["orders-internal2", "orders-Internal"][..],
            ),
            ("[user]API", &["[user]API"], &["uAPI", "userAPI"]),
            ("", &[""], &["a"]),
            ("*", &["", "a", "a/b\nc"], &[]),
            ("?", &["a", "😀", "\n"], &["", "ab"]),
            ("a?c", &["abc", "a/c"], &["ac", "abbc"]),
            ("a*b*c", &["abc", "axbxbxc", "abbcc"], &["ab", "acb", "abcd"]),
            (r"\*\?\\", &[r"*?\"], &["ab\\", r"\*\?\\"]),
            (r"\a{b,c}", &["a{b,c}"], &["ab", "ac", r"\a{b,c}"]),
            ("^a.c$", &["^a.c$"], &["abc"]),
            ("**a**", &["a", "bab"], &["", "b"]),
            ("prod", &["prod"], &["Prod", "prod ", "reprod"]),
        ] {
            let glob = Glob::parse(glob).unwrap();
            let of = |texts: &[&str]| -> Vec<bool> { texts.iter().map(|text| glob.fits(text)).collect() };
            assert_eq!(of(fitting), vec![true; fitting.len()], "{glob}");
            assert_eq!(of(others), vec![false; others.len()], "{glob}");
        }
    }

    #[test]
    fn a_glob_has_an_end_and_a_backslash_something_to_escape() {
        assert!(Glob::parse(&"ä".repeat(256)).is_ok());
        assert_eq!(Glob::parse(&"a".repeat(257)), Err(InvalidGlob::TooLong));
        assert_eq!(Glob::parse(r"a\"), Err(InvalidGlob::Escape));
        assert_eq!(Glob::parse(r"a\\\"), Err(InvalidGlob::Escape));
    }

    #[test]
    fn many_runs_do_not_take_for_ever() {
        let glob = format!("{}b", "a*".repeat(127));
        assert!(!fits(&glob, &"a".repeat(20_000)));
    }

    /// Slow and simple.
    fn naive(parts: &[Part], text: &[char]) -> bool {
        match (parts, text) {
            ([], text) => text.is_empty(),
            ([Part::Run, after @ ..], text) => (0..=text.len()).any(|taken| naive(after, &text[taken..])),
            ([_, ..], []) => false,
            ([part, after @ ..], [first, rest @ ..]) => part.takes(*first) && naive(after, rest),
        }
    }

    proptest! {
        #[test]
        fn it_decides_as_the_plain_matcher_does(glob in r"[ab*?/]{0,8}", text in "[ab/]{0,8}") {
            let parsed = Glob::parse(&glob).unwrap();
            let characters: Vec<char> = text.chars().collect();
            prop_assert_eq!(parsed.fits(&text), naive(&parsed.parts, &characters), "{} {}", glob, text);
        }

        #[test]
        fn whatever_text_it_is_given_it_fits_the_text_that_it_escapes(text in "\\PC{0,100}") {
            let escaped: String = text.chars().flat_map(|character| ['\\', character]).collect();
            prop_assert!(Glob::parse(&escaped).unwrap().fits(&text));
            if let Ok(glob) = Glob::parse(&text) {
                prop_assert_eq!(glob.to_string(), text);
            }
        }
    }
}
