//! What a JSON schema takes.

use super::super::fit::fitted;
use super::*;

#[test]
fn a_text_is_converted_where_the_schema_wants_a_boolean_or_a_number() {
    for (schema, value, expected) in [
        (json!({ "type": "boolean" }), json!("true"), json!(true)),
        (json!({ "type": "boolean" }), json!(" False "), json!(false)),
        (json!({ "type": "number" }), json!("1.5"), json!(1.5)),
        (json!({ "type": "integer" }), json!("-7"), json!(-7)),
        (json!({ "type": ["number", "null"] }), json!("3"), json!(3)),
        (json!({ "type": "string" }), json!("true"), json!("true")),
        (json!({ "type": ["string", "number"] }), json!("3"), json!("3")),
        (
            json!({ "type": "array", "items": { "type": "integer" } }),
            json!(["1", 2]),
            json!([1, 2]),
        ),
        (
            json!({ "type": "object", "properties": { "pii": { "type": "boolean" } } }),
            json!({ "pii": "true", "other": "true" }),
            json!({ "pii": true, "other": "true" }),
        ),
        (json!({ "type": "number", "enum": [1, 2] }), json!("2"), json!(2)),
        (json!({}), json!("true"), json!("true")),
        (Value::Null, json!(["a"]), json!(["a"])),
    ] {
        assert_eq!(fitted(&schema, value.clone()), Ok(expected), "{schema} {value}");
    }
}

#[test]
fn what_a_schema_refuses_is_told_with_the_choices() {
    let tiers = json!({ "type": "string", "oneOf": [{ "const": "gold", "description": "" }, { "const": "silver" }] });
    let many: Vec<Value> = (0..25).map(Value::from).collect();
    for (schema, value, why) in [
        (
            json!({ "type": "string", "enum": ["a", "b"] }),
            json!("c"),
            r#""c" is none of "a", "b""#,
        ),
        (tiers.clone(), json!("Gold"), r#""Gold" is none of "gold", "silver""#),
        (
            json!({ "type": "array", "items": tiers }),
            json!(["gold", "tin"]),
            r#""tin" is none of "gold", "silver""#,
        ),
        (
            json!({ "enum": many }),
            json!(25),
            "25 is none of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 and 5 more",
        ),
        (json!({ "type": "boolean" }), json!("yes"), r#""yes" is no boolean"#),
        (json!({ "type": "number" }), json!("1e999"), r#""1e999" is no number"#),
        (json!({ "type": "integer" }), json!("1.5"), "1.5 is no integer"),
        (
            json!({ "type": ["array", "null"] }),
            json!("a"),
            r#""a" is no array or null"#,
        ),
        (
            json!({ "type": "string", "maxLength": 2 }),
            json!("äöü"),
            r#""äöü" has 3 characters; at most 2 are allowed"#,
        ),
        (
            json!({ "type": "string", "minLength": 1 }),
            json!(""),
            r#""" has 0 characters; at least 1 are required"#,
        ),
        (
            json!({ "type": "string", "format": "uri" }),
            json!("wiki/page"),
            r#""wiki/page" is no URL"#,
        ),
        (
            json!({ "type": "number", "maximum": 5 }),
            json!("6"),
            "6 is more than 5",
        ),
        (json!({ "type": "number", "minimum": 5 }), json!(4), "4 is less than 5"),
        (
            json!({ "type": "array", "maxItems": 1 }),
            json!([1, 2]),
            "it has 2 items; at most 1 are allowed",
        ),
        (
            json!({ "type": "object", "required": ["url"] }),
            json!({}),
            "it has no url",
        ),
        (
            json!({ "type": "object", "properties": { "a": { "type": "number" } } }),
            json!({ "a": [] }),
            "a: [] is no number",
        ),
        (
            json!({ "type": "object", "properties": {}, "additionalProperties": false }),
            json!({ "a": 1 }),
            "a is not known of it",
        ),
    ] {
        assert_eq!(fitted(&schema, value.clone()), Err(why.to_owned()), "{schema} {value}");
    }
    for url in ["https://example.com/a", "mailto:team@example.com"] {
        assert!(
            fitted(&json!({ "type": "string", "format": "uri" }), json!(url)).is_ok(),
            "{url}"
        );
    }
}
