//! YAML: mappings and lists in block style, whatever could be misread in JSON's quotes.

use serde_json::Value;

/// Words that some reader takes for something else than a text (YAML 1.1 and 1.2).
const RESERVED: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"];

/// A value as a document.
pub(super) fn render(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// Writes a value that begins at the start of a line, or right behind a `- `.
fn block(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (index, (name, value)) in members.iter().enumerate() {
                indent(if index == 0 { 0 } else { depth }, text);
                text.push_str(&scalar(name));
                text.push(':');
                nested(value, depth, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                indent(if index == 0 { 0 } else { depth }, text);
                text.push_str("- ");
                block(item, depth + 1, text);
            }
        }
        Value::String(string) => line(&scalar(string), text),
        // Empty collections, numbers, booleans and null are written as in JSON.
        other => line(&other.to_string(), text),
    }
}

/// Writes the value of a member.
fn nested(value: &Value, depth: usize, text: &mut String) {
    let is_block = match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if is_block {
        text.push('\n');
        indent(depth + 1, text);
        block(value, depth + 1, text);
    } else {
        text.push(' ');
        block(value, depth, text);
    }
}

fn indent(depth: usize, text: &mut String) {
    text.push_str(&"  ".repeat(depth));
}

fn line(written: &str, text: &mut String) {
    text.push_str(written);
    text.push('\n');
}

/// A text, plain when nothing can take it for anything else.
fn scalar(string: &str) -> String {
    let begins = string.starts_with(|first: char| first.is_ascii_alphabetic() || "/_".contains(first));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.".contains(&byte);
    let is_reserved = RESERVED.iter().any(|word| string.eq_ignore_ascii_case(word));
    if begins && string.bytes().all(plain) && !is_reserved {
        string.to_owned()
    } else {
        Value::from(string).to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use saphyr::{LoadableYamlNode, Yaml};
    use serde_json::json;

    use super::*;

    fn as_json(yaml: &Yaml<'_>) -> Value {
        if let Some(text) = yaml.as_str() {
            return json!(text);
        }
        match yaml {
            Yaml::Mapping(members) => {
                let member =
                    |(name, value): (&Yaml<'_>, &Yaml<'_>)| (name.as_str().unwrap().to_owned(), as_json(value));
                members.iter().map(member).collect()
            }
            Yaml::Sequence(items) => items.iter().map(as_json).collect(),
            other => match (other.as_bool(), other.as_integer()) {
                (Some(value), _) => json!(value),
                (None, Some(number)) => json!(number),
                (None, None) => Value::Null,
            },
        }
    }

    fn read(text: &str) -> Value {
        as_json(&Yaml::load_from_str(text).unwrap()[0])
    }

    #[test]
    fn blocks_are_nested_by_two_spaces() {
        let value = json!({
            "name": "shop",
            "on": true,
            "list": ["no", { "a": 1, "b": [[]] }, ["x", ["y"]]],
            "empty": {},
            "none": null,
            "text": "two words: yes",
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
