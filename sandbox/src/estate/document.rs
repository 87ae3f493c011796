//! What made-up stages are described by.

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
