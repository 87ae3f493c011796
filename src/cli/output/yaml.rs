//! YAML, with help for the library on JSON numbers and control characters.

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::DoubleQuoted;

use super::terminal::commands_a_terminal;

/// A value as a document.
pub(super) fn render(value: &Value) -> String {
    // Every JSON value has a form in YAML, and writing to a `String` cannot fail.
    serde_saphyr::to_string_with_options(&Yaml(value), unfolded()).unwrap_or_default()
}

/// Keeps each single-line string on one line: a folded id cannot be searched for.
fn unfolded() -> serde_saphyr::SerializerOptions {
    serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX }
}

/// A JSON value for YAML.
struct Yaml<'a>(&'a Value);

impl Serialize for Yaml<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            // With arbitrary precision, `serde_json` gives other formats a map with the digits.
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), _, _) => serializer.serialize_i64(number),
                (None, Some(number), _) => serializer.serialize_u64(number),
                (None, None, Some(number)) => serializer.serialize_f64(number),
                (None, None, None) => serializer.serialize_str(&number.to_string()),
            },
            // Only double quotes can escape such a character.
            Value::String(text) if text.chars().any(commands_a_terminal) => DoubleQuoted(text).serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Yaml)),
            Value::Object(members) => serializer.collect_map(members.iter().map(|(name, value)| (name, Yaml(value)))),
            Value::Null | Value::Bool(_) | Value::String(_) => self.0.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use saphyr::{LoadableYamlNode, Yaml as Read};
    use serde_json::json;

    use super::*;

    fn as_json(yaml: &Read<'_>) -> Value {
        if let Some(text) = yaml.as_str() {
            return json!(text);
        }
        match yaml {
            Read::Mapping(members) => {
                let member =
                    |(name, value): (&Read<'_>, &Read<'_>)| (name.as_str().unwrap().to_owned(), as_json(value));
                members.iter().map(member).collect()
            }
            Read::Sequence(items) => items.iter().map(as_json).collect(),
            other => match (other.as_bool(), other.as_integer()) {
                (Some(value), _) => json!(value),
                (None, Some(number)) => json!(number),
                (None, None) => Value::Null,
            },
        }
    }

    fn read(text: &str) -> Value {
        as_json(&Read::load_from_str(text).unwrap()[0])
    }

    #[test]
    fn what_could_be_misread_is_quoted() {
        let value = json!({
            "name": "shop",
            "on": true,
            "list": ["no", { "a": 1, "b": [[]] }, ["x", ["y"]]],
            "empty": {},
            "none": null,
            "text": "two words: yes",
            "date": "2026-11-28",
            "long": "/a/long/one".repeat(8),
        });
        insta::assert_snapshot!(render(&value), @r#"
        name: shop
        "on": true
        list:
        - "no"
        - a: 1
          b:
          - []
        - - x
          - - "y"
        empty: {}
        none: null
        text: "two words: yes"
        date: "2026-11-28"
        long: /a/long/one/a/long/one/a/long/one/a/long/one/a/long/one/a/long/one/a/long/one/a/long/one
        "#);
        assert_eq!(read(&render(&value)), value);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ -~\n]{0,12}".prop_map(Value::from),
            "(true|No|~|1e3|0x1f|- a|a: b|#x|'|&a|\\*a|!a|%|2020-01-01)".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ -~]{1,8}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_what_it_was(value in values()) {
            prop_assert_eq!(read(&render(&value)), value);
        }
    }
}
