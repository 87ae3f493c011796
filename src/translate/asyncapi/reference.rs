//! References within a document: a JSON pointer (RFC 6901) in the fragment of a URI (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

/// The characters that a fragment must encode (RFC 3986, section 3.5).
const FRAGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/')
    .remove(b'?');

/// A place in a document.
#[derive(Debug, Clone)]
pub(super) struct Place(String);

impl Place {
    /// The place at the end of these keys.
    pub(super) fn of(keys: &[&str]) -> Self {
        Self(
            keys.iter()
                .fold(String::new(), |pointer, key| format!("{pointer}/{}", escaped(key))),
        )
    }

    /// The place that a pointer below this one leads to.
    pub(super) fn below(&self, pointer: &str) -> Self {
        let keys = pointer
            .split('/')
            .skip(1)
            .map(|key| key.replace("~1", "/").replace("~0", "~"));
        // Others may write a pointer with a literal `~`.
        Self(keys.fold(self.0.clone(), |pointer, key| format!("{pointer}/{}", escaped(&key))))
    }

    /// The text of a reference to it.
    pub(super) fn fragment(&self) -> String {
        format!("#{}", utf8_percent_encode(&self.0, FRAGMENT))
    }

    /// A reference to it.
    pub(super) fn reference(&self) -> Value {
        json!({ "$ref": self.fragment() })
    }
}

/// A key as a pointer segment: without `/`, and unique.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A part of a URI without its percent-encoding, if it is text.
pub(super) fn decoded(part: &str) -> Option<String> {
    let text = percent_decode_str(part).decode_utf8().ok()?;
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_escaped_as_a_pointer_and_then_as_a_fragment() {
        for (key, fragment) in [
            ("sendMessage", "#/x/sendMessage"),
            ("$default", "#/x/$default"),
            ("my.route", "#/x/my.route"),
            ("a[b]/c d%", "#/x/a%5Bb%5D~1c%20d%25"),
            ("~1#é", "#/x/~01%23%C3%A9"),
            ("", "#/x/"),
        ] {
            let place = Place::of(&["x", key]);
            assert_eq!(place.fragment(), fragment);
            let document = json!({ "x": { key: 1 } });
            let pointer = decoded(&fragment[1..]).unwrap();
            assert_eq!(document.pointer(&pointer), Some(&json!(1)), "{key}");
        }
    }
}
