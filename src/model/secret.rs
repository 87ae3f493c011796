//! Secret values: a type that cannot be printed.

use std::fmt;

/// A value from a vault, which reaches no log, error, report or catalog.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value into custody.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// What keeps a text from being one line of visible ASCII without quotation marks, which is all that a header takes;
    /// `None` where nothing does. The text itself is not repeated.
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

    /// The value, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_does_not_show_its_value() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_text_is_one_line_of_visible_ascii_or_it_is_said_why_not() {
        for good in ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY==", "~!#"] {
            assert_eq!(Secret::fault_of_line(good), None, "{good}");
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
            assert_eq!(Secret::fault_of_line(text).as_deref(), Some(fault), "{text:?}");
        }
    }
}
