//! The outline of a document: its digests without its values, which would take many times its length in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use sha2::{Digest, Sha256};

/// A document, read once from beginning to end.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The member with the version of the format.
    pub version: Member,
    /// The digest of all members, in any order.
    pub digest: [u8; 32],
    /// The same without the parts about the API's address and name.
    pub comparison_digest: [u8; 32],
}

/// A member of a document.
#[derive(Debug, Default)]
pub(super) enum Member {
    /// There is none of the name.
    #[default]
    Missing,
    /// It is a text.
    Text(String),
    /// It is something else.
    Other,
}

/// Reads a document of a format, which names the member with its version.
///
/// `info.version` counts in the digest only if `is_versioned`. The parser's recursion limit turns a document that is
/// nested too deep into an error.
///
/// # Errors
/// If it is not a JSON object. The error is a data error for other JSON.
pub(super) fn outline(text: &str, format: &'static str, is_versioned: bool) -> Result<Outline, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let outline = parser.deserialize_map(Document { format, is_versioned })?;
    parser.end()?;
    Ok(outline)
}

/// The members in which group members that share a definition may differ, besides the servers.
const NAMING: [&str; 2] = ["title", "description"];

struct Document {
    format: &'static str,
    is_versioned: bool,
}

impl<'de> Visitor<'de> for Document {
    type Value = Outline;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
        let mut outline = Outline::default();
        let (mut members, mut compared) = (Members::default(), Members::default());
        while let Some(name) = map.next_key::<String>()? {
            let mut member = Sha256::new();
            feed_text(&mut member, &name);
            let (mut text, mut unnamed) = (None, Members::default());
            let is_info = name == "info";
            map.next_value_seed(Fed {
                without: (is_info && !self.is_versioned).then_some("version"),
                text: (name == self.format).then_some(&mut text),
                unnamed: is_info.then_some(&mut unnamed),
                ..Fed::into(&mut member)
            })?;
            if name == self.format {
                outline.version = text.map_or(Member::Other, Member::Text);
            }
            if is_info {
                let mut info = Sha256::new();
                feed_text(&mut info, &name);
                unnamed.feed(&mut info);
                compared.add(info);
            } else if name != "servers" {
                compared.add(member.clone());
            }
            members.add(member);
        }
        outline.digest = members.digest();
        outline.comparison_digest = compared.digest();
        Ok(outline)
    }
}

/// The digests of an object's members: 32 bytes each.
#[derive(Default)]
struct Members(Vec<[u8; 32]>);

impl Members {
    fn add(&mut self, member: Sha256) {
        self.0.push(member.finalize().into());
    }

    fn digest(self) -> [u8; 32] {
        let mut digest = Sha256::new();
        self.feed(&mut digest);
        digest.finalize().into()
    }

    fn feed(mut self, digest: &mut Sha256) {
        self.0.sort_unstable();
        digest.update(b"{");
        digest.update((self.0.len() as u64).to_le_bytes());
        self.0.iter().for_each(|member| digest.update(member));
    }
}

/// Feeds a value into a digest, in an unambiguous form.
struct Fed<'a> {
    digest: &'a mut Sha256,
    /// A member to leave out of an object.
    without: Option<&'static str>,
    /// Where to keep a text.
    text: Option<&'a mut Option<String>>,
    /// Where to keep an object's members except the naming ones.
    unnamed: Option<&'a mut Members>,
}

impl Fed<'_> {
    fn into(digest: &mut Sha256) -> Fed<'_> {
        Fed {
            digest,
            without: None,
            text: None,
            unnamed: None,
        }
    }
}

fn feed_text(digest: &mut Sha256, text: &str) {
    digest.update(b"\"");
    digest.update((text.len() as u64).to_le_bytes());
    digest.update(text);
}

impl<'de> DeserializeSeed<'de> for Fed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.digest.update(b"0");
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.digest.update(if value { b"+" } else { b"-" });
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.visit_i128(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.visit_i128(number.into())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<(), E> {
        self.digest.update(b"#");
        self.digest.update(number.to_le_bytes());
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        feed_text(self.digest, text);
        if let Some(kept) = self.text {
            *kept = Some(text.to_owned());
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.digest.update(b"[");
        while items.next_element_seed(Fed::into(self.digest))?.is_some() {}
        self.digest.update(b"]");
        Ok(())
    }

    /// Also receives numbers that are not 64-bit integers: to keep their precision, the parser presents one as an
    /// object with its text.
    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut members = Members::default();
        let wants_name = self.without.is_some() || self.unnamed.is_some();
        loop {
            let mut member = Sha256::new();
            let mut name = None;
            let key = Fed {
                text: wants_name.then_some(&mut name),
                ..Fed::into(&mut member)
            };
            if map.next_key_seed(key)?.is_none() {
                break;
            }
            map.next_value_seed(Fed::into(&mut member))?;
            let name = name.as_deref();
            if name.is_some() && name == self.without {
                continue;
            }
            if let Some(unnamed) = &mut self.unnamed
                && !name.is_some_and(|name| NAMING.contains(&name))
            {
                unnamed.add(member.clone());
            }
            members.add(member);
        }
        members.feed(self.digest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn digest_of(value: &str) -> [u8; 32] {
        outline(&format!(r#"{{"x":{value}}}"#), "openapi", true).unwrap().digest
    }

    #[test]
    fn no_two_values_have_one_digest() {
        let scalars = [
            "null", "true", "false", "0", "-0", "0.0", "1", "10", r#""""#, r#""0""#, r#""1""#,
        ];
        let arrays = [
            "[]",
            "[[]]",
            "[[],[]]",
            "[null]",
            r#"["a","b"]"#,
            r#"["b","a"]"#,
            r#"["ab"]"#,
        ];
        let nested = [
            r#"["a",["b"]]"#,
            r#"[["a"],"b"]"#,
            r#"[{"a":1},{"b":2}]"#,
            r#"[{"a":1,"b":2}]"#,
        ];
        let objects = [
            "{}",
            r#"{"":null}"#,
            r#"{"a":{}}"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a":{},"b":1}"#,
        ];
        let members = [r#"{"a":"b"}"#, r#"{"b":"a"}"#, r#"{"a":1,"b":2}"#, r#"{"a":2,"b":1}"#];
        let values = [&scalars[..], &arrays, &nested, &objects, &members].concat();
        let digests: BTreeSet<_> = values.iter().map(|value| digest_of(value)).collect();
        assert_eq!(digests.len(), values.len());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9_i64..9).prop_map(Value::from),
            "[a-c\"\\\\é]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c]{0,2}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The value with the members of all objects reversed.
    fn reversed(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(reversed).collect(),
            Value::Object(members) => {
                let members = members.iter().rev();
                Value::Object(members.map(|(name, value)| (name.clone(), reversed(value))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    proptest! {
        #[test]
        fn digests_are_equal_when_values_are_and_only_then(one in any_json(), other in any_json()) {
            let digest = |value: &Value| digest_of(&value.to_string());
            prop_assert_eq!(digest(&one), digest(&reversed(&one)));
            prop_assert_eq!(digest(&one) == digest(&other), one == other);
            prop_assert_ne!(digest(&one), digest(&json!([one])));
        }
    }
}
