//! Exports integrations to files, and prints their schema for editors.

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::arguments::Export;
use super::declaration::Declaration;
use super::failure::{Exit, Failure};
use super::output::{print, tell, yaml};
use super::place::Place;
use super::view::line;
use crate::model::IntegrationName;
use crate::model::document::DocumentProperties;

/// The prefix of references to `OpenAPI` schemas.
const COMPONENTS: &str = "#/components/schemas/";

/// Prints the declarations of one integration, or of all that can be put again as they are.
pub async fn run(arguments: &Export, stop: &CancellationToken) -> Result<Exit, Failure> {
    let place = Place::of(&arguments.center, stop)?;
    let integrations = match &arguments.integration_name {
        Some(name) => vec![place.get(name).await?],
        None => place.list().await?.as_array().cloned().unwrap_or_default(),
    };
    let mut exit = Exit::Done;
    for integration in &integrations {
        match Declaration::of(integration) {
            Ok(declaration) => print(&format!("---\n{}", yaml(&declaration.document)))?,
            Err(problem) => {
                let name = line(integration["name"].as_str().unwrap_or_default());
                tell(&format!("error: {name} cannot be exported: {}", line(&problem.message)));
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}

/// Prints the JSON Schema of a declaration, derived from the app's own OpenAPI types.
pub fn schema() -> Result<Exit, Failure> {
    print(&format!("{:#}\n", declaration_schema()))?;
    Ok(Exit::Done)
}

fn declaration_schema() -> Value {
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    DocumentProperties::schemas(&mut schemas);
    let mut definitions: Map<String, Value> = schemas
        .into_iter()
        .map(|(name, schema)| (name, adapted(json!(schema))))
        .collect();
    definitions.sort_keys();
    let mut properties = adapted(json!(DocumentProperties::schema()));
    properties["oneOf"] = json!([
        { "required": ["amazonApiGatewaySource"] },
        { "required": ["amazonApiGatewaySources"] },
    ]);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Integration",
        "description": "An integration of Amazon API Gateway with Azure API Center.",
        "type": "object",
        "required": ["name", "properties"],
        "additionalProperties": false,
        "properties": {
            "name": { "description": "Its name.", "type": "string", "pattern": IntegrationName::PATTERN },
            "properties": properties,
        },
        "$defs": definitions,
    })
}

/// An `OpenAPI` schema as JSON Schema, with only the writable properties and no others allowed.
fn adapted(schema: Value) -> Value {
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(items) => return items.into_iter().map(adapted).collect(),
        other => return other,
    };
    let mut adapted_members = Map::new();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("$ref", Value::String(reference)) => {
                let reference = reference.replace(COMPONENTS, "#/$defs/");
                adapted_members.insert(name, Value::String(reference));
            }
            ("example", example) => {
                adapted_members.insert("examples".to_owned(), json!([example]));
            }
            ("properties", Value::Object(properties)) => {
                let settable = properties.into_iter().filter(|(_, schema)| schema["readOnly"] != true);
                let settable: Map<_, _> = settable.map(|(name, schema)| (name, adapted(schema))).collect();
                adapted_members.insert(name, Value::Object(settable));
                adapted_members.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            (_, value) => {
                adapted_members.insert(name, adapted(value));
            }
        }
    }
    Value::Object(adapted_members)
}

#[cfg(test)]
mod tests {
    use jsonschema::validator_for;

    use super::*;

    #[test]
    fn the_schema_takes_what_can_be_declared_and_names_what_is_misspelt() {
        let validator = validator_for(&declaration_schema()).unwrap();
        let source = json!({ "accessKey": "https://v/secrets/a", "secretAccessKey": "https://v/secrets/s", "regionName": "us-east-1" });
        let listed = json!([{ "name": "prod", "regionNames": ["us-east-1"], "accounts": { "organization": true } }]);
        for (properties, is_valid) in [
            (json!({ "amazonApiGatewaySource": source }), true),
            (json!({ "amazonApiGatewaySources": listed }), true),
            (
                json!({ "amazonApiGatewaySource": source, "map": [{ "set": { "api.summary": "x" } }] }),
                true,
            ),
            (
                json!({ "amazonApiGatewaySource": source, "amazonApiGatewaySources": listed }),
                false,
            ),
            (
                json!({ "amazonApiGatewaySource": { "regionname": "us-east-1" } }),
                false,
            ),
            (json!({ "amazonApiGatewaySource": source, "apiTypes": ["SOAP"] }), false),
            (json!({ "amazonApiGatewaySource": source, "linkState": {} }), false),
            (json!({}), false),
        ] {
            let document = json!({ "name": "shop", "properties": properties });
            assert_eq!(validator.is_valid(&document), is_valid, "{document}");
        }
        assert!(!declaration_schema().to_string().contains("#/components"));
    }
}
