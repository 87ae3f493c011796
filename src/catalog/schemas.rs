//! The metadata schemas of the markers: small and titled, because the developer portal shows readers every property.

use serde_json::{Map, Value, json};

use crate::model::{API_SCHEMA, INTEGRATION_SCHEMA, Properties, STAGE_SCHEMA};

/// One of the metadata schemas of the markers.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkerSchema {
    /// Its name.
    pub name: &'static str,
    /// The kind of entity.
    pub entity: &'static str,
    /// Its JSON schema: an object with at most ten properties (API Center limits, 2024-11).
    pub schema: Value,
}

/// The metadata schemas of the markers.
#[must_use]
pub fn schemas() -> [MarkerSchema; 3] {
    let of = |name, entity, title: &str, properties: &[(&str, &str, &str)]| {
        let properties: Properties = properties
            .iter()
            .map(|(name, kind, title)| ((*name).to_owned(), json!({ "type": kind, "title": title })))
            .collect();
        MarkerSchema {
            name,
            entity,
            schema: json!({ "type": "object", "title": title, "properties": properties }),
        }
    };
    [
        of(
            INTEGRATION_SCHEMA,
            "environment",
            "Amazon API Gateway integration",
            &[
                ("name", "string", "Name"),
                ("state", "string", "State"),
                ("madeEnvironment", "boolean", "Environment was made by the integration"),
                ("settings", "string", "Settings"),
                ("lastSync", "string", "Last synchronization"),
                ("journal", "string", "Bookkeeping, do not edit"),
                ("history", "string", "Newest synchronizations"),
            ],
        ),
        of(
            API_SCHEMA,
            "api",
            "Amazon API Gateway",
            &[
                ("integration", "string", "Synchronised by"),
                ("source", "string", "Source"),
                ("versions", "string", "Synchronised versions"),
                ("record", "string", "Bookkeeping, do not edit"),
            ],
        ),
        of(
            STAGE_SCHEMA,
            "deployment",
            "Amazon API Gateway stage",
            &[
                ("stage", "string", "Stage"),
                ("deploymentId", "string", "Amazon deployment"),
                ("record", "string", "Bookkeeping, do not edit"),
            ],
        ),
    ]
}

impl MarkerSchema {
    /// An existing JSON schema, extended to everything that this one has; `None` if it has that.
    #[must_use]
    pub fn completed(&self, found: &Value) -> Option<Value> {
        let mut schema = found.clone();
        if !schema.get("properties").is_some_and(Value::is_object) {
            schema = json!({ "type": "object", "properties": {} });
        }
        let empty = Map::new();
        let wanted = self
            .schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut)?;
        let count = properties.len();
        for (name, property) in wanted {
            properties.entry(name.clone()).or_insert_with(|| property.clone());
        }
        (properties.len() > count).then_some(schema)
    }
}
