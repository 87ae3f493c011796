//! Estates: what gateways are filled with.

mod awkward;
mod demo;
mod folder;
mod large;

use crate::api_gateway::{RestApi, Stage};

pub use self::awkward::awkward;
pub use self::demo::demo;
pub use self::folder::from_openapi_folder;
pub use self::large::{large, large_redeployed};

/// REST APIs, each with its stages.
pub type Estate = Vec<(RestApi, Vec<Stage>)>;

/// A document with one path for each resource and the usual methods.
fn document(title: &str, resources: &[&str]) -> serde_json::Value {
    use serde_json::{Map, Value, json};

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
