//! What becomes of a model: its references, and what cannot be used of it.

use super::*;

/// What becomes of a model named `A` beside an empty one named `B`.
fn translated(schema: &str) -> Value {
    let models = [model("A", schema), model("B", r#"{"definitions":{"c":{}}}"#)];
    parsed(&[], &models, &[])["components"]["schemas"]["A"]["schema"].clone()
}

#[test]
fn a_reference_leads_to_a_schema_of_the_document_or_makes_way_for_a_description() {
    let a = "#/components/schemas/A/schema";
    let b = "#/components/schemas/B/schema";
    for (reference, target) in [
        ("", a),
        ("#", a),
        ("#/definitions/x", &*format!("{a}/definitions/x")),
        ("#/definitions/%78", &format!("{a}/definitions/x")),
        ("#/definitions/a~1b%20%25", &format!("{a}/definitions/a~1b%20%25")),
        ("#/definitions/a~b", &format!("{a}/definitions/a~0b")),
        ("#/allOf/0", &format!("{a}/allOf/0")),
        (&url_of("A"), a),
        (&url_of("B"), b),
        (&url_of("%42"), b),
        (&url_of("B#/definitions/c"), &format!("{b}/definitions/c")),
        ("https://apigateway.amazonaws.com/apis/a1/models/B", b),
    ] {
        let schema = json!({
            "$ref": reference, "allOf": [{}], "definitions": {"x": {}, "a/b %": {}, "a~b": {}}, "type": "object",
        });
        let expected = json!({
            "$ref": target, "allOf": [{}], "definitions": {"x": {}, "a/b %": {}, "a~b": {}}, "type": "object",
        });
        assert_eq!(translated(&schema.to_string()), expected, "{reference}");
    }
    for reference in [
        "#definitions",
        "#/definitions/y",
        "#/type",
        "#/%ff",
        "B",
        "other.json#/definitions/x",
        "https://example.com/models/B",
        &url_of("C"),
        &url_of("B#/c"),
        &url_of("B/"),
        "https://apigateway.amazonaws.com.example.com/models/C",
    ] {
        let lost = format!("The API has nothing that {reference} refers to.");
        let schema = json!({"x": {"$ref": reference}, "type": "object", "definitions": {"x": {}}});
        assert_eq!(
            translated(&schema.to_string())["x"],
            json!({ "description": lost }),
            "{reference}"
        );
    }
}

#[test]
fn what_is_no_reference_survives() {
    for schema in [
        r#"{"$ref":{"$ref":1}}"#,
        r#"{"$ref":null,"$id":"x","$":[]}"#,
        r#"{"properties":{"$ref":{"type":"string"}},"description":{"description":1}}"#,
        r#"{"minimum":1.50,"maximum":100000000000000000000000000001,"multipleOf":1e+400}"#,
    ] {
        assert_eq!(translated(schema).to_string(), schema);
    }
}

#[test]
fn a_model_that_cannot_be_used_is_described() {
    for (schema, fault) in [
        ("", "is not JSON"),
        ("{} {}", "is not JSON"),
        ("null", "is not a JSON object"),
        ("[]", "is not a JSON object"),
        (&"[".repeat(100_000), "is not JSON"),
        (
            &format!("{}{}", r#"{"x":"#.repeat(101), "1".to_owned() + &"}".repeat(101)),
            "is nested too deep",
        ),
    ] {
        let expected = json!({ "description": format!("The schema of model A {fault}.") });
        assert_eq!(translated(schema), expected);
    }
    let deep = format!("{}1{}", r#"{"x":"#.repeat(100), "}".repeat(100));
    assert_eq!(translated(&deep).to_string(), deep);
}
