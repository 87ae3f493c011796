//! Documents of generated stages.

use serde_json::{Map, Value, json};

/// A document with one path for each resource and the usual methods.
pub(super) fn document(title: &str, resources: &[&str]) -> Value {
    let answer = json!({ "200": { "description": "200 response", "content": {} } });
    let mut paths = Map::new();
    for resource in resources {
        let operation = |verb: &str| json!({ "operationId": format!("{verb}-{resource}"), "responses": answer });
        paths.insert(
            format!("/{resource}"),
            json!({ "get": operation("list"), "post": operation("create") }),
        );
        let parameter = json!([{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }]);
        let item = json!({ "get": operation("get"), "delete": operation("delete"), "parameters": parameter });
        paths.insert(format!("/{resource}/{{id}}"), item);
    }
    let schema = json!({ "Error": { "type": "object", "title": format!("{title} error"), "properties": { "message": { "type": "string" } } } });
    json!({ "openapi": "3.0.1", "paths": Value::Object(paths), "components": { "schemas": schema } })
}

/// A document as an HTTP API has it: routes such as `GET /baskets`, no schemas, and with AWS's extensions what only its
/// owner may know.
pub(super) fn http_document(routes: &[&str]) -> Value {
    let mut paths = Map::new();
    for route in routes {
        let (method, path) = route.split_once(' ').unwrap_or(("ANY", route));
        let member = match method {
            "ANY" => "x-amazon-apigateway-any-method".to_owned(),
            method => method.to_ascii_lowercase(),
        };
        let answer = json!({ "default": { "description": format!("Default response for {route}") } });
        let integration = json!({
            "payloadFormatVersion": "2.0",
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": "arn:aws:lambda:us-east-1:123456789012:function:not-for-everyone",
            "connectionType": "INTERNET",
        });
        let operation = json!({ "responses": answer, "x-amazon-apigateway-integration": integration });
        let methods = paths.entry(path).or_insert_with(|| path_item(path));
        methods[&member] = operation;
    }
    json!({ "openapi": "3.0.1", "paths": Value::Object(paths) })
}

/// A path without methods: its parameters, a greedy one with its plus sign.
fn path_item(path: &str) -> Value {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name| {
        json!({
            "name": name,
            "in": "path",
            "description": format!("Generated path parameter for {name}"),
            "required": true,
            "schema": { "type": "string" },
        })
    };
    let parameters: Vec<Value> = names.map(parameter).collect();
    if parameters.is_empty() {
        json!({})
    } else {
        json!({ "parameters": parameters })
    }
}

/// The text of a model, JSON Schema draft-04, that refers to other models of its API as AWS has it.
pub(super) fn model_schema(api_id: &str, title: &str, properties: &[(&str, &str)]) -> String {
    let property = |&(name, kind): &(&str, &str)| {
        let schema = match kind {
            "string" | "boolean" => json!({ "type": kind }),
            // A number in later drafts.
            "number" => json!({ "type": "number", "minimum": 0, "exclusiveMinimum": true }),
            model => json!({ "$ref": format!("https://apigateway.amazonaws.com/restapis/{api_id}/models/{model}") }),
        };
        (name.to_owned(), schema)
    };
    let properties: Map<String, Value> = properties.iter().map(property).collect();
    json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": title,
        "type": "object",
        "properties": properties,
    })
    .to_string()
}
