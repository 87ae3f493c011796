//! Custom metadata schemas of the organisation and of the app.

use serde_json::{Value, json};

use super::wire::Fault;

/// The assignment of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// `api`, `environment` or `deployment`.
    pub entity: String,
    /// Whether every such entity must have it.
    pub required: bool,
    /// Whether it is deprecated.
    pub deprecated: bool,
}

/// A metadata schema.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataSchema {
    /// Its name, the key of its values on entities.
    pub name: String,
    /// The JSON schema of the values.
    pub schema: Value,
    /// Its assignments.
    pub assigned_to: Vec<Assignment>,
}

impl MetadataSchema {
    /// Parses a schema, whose JSON is a string.
    ///
    /// An unreadable one is an error: if it were skipped, it would be created again over the existing one.
    pub(super) fn read(value: &Value) -> Result<Self, Fault> {
        let properties = value
            .get("properties")
            .filter(|properties| properties.is_object())
            .ok_or("it is not a metadata schema with `properties`")?;
        let name = value
            .get("name")
            .and_then(Value::as_str)
            .ok_or("it is not a metadata schema with a `name`")?;
        let schema = properties.get("schema");
        let flag = |assignment: &Value, name: &str| assignment.get(name).and_then(Value::as_bool).unwrap_or_default();
        let assignment = |assignment: &Value| {
            Some(Assignment {
                entity: assignment.get("entity")?.as_str()?.to_owned(),
                required: flag(assignment, "required"),
                deprecated: flag(assignment, "deprecated"),
            })
        };
        Ok(Self {
            name: name.to_owned(),
            schema: match schema {
                Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
                Some(other) => other.clone(),
                None => Value::Null,
            },
            assigned_to: match properties.get("assignedTo").and_then(Value::as_array) {
                Some(assignments) => assignments.iter().filter_map(assignment).collect(),
                None => Vec::new(),
            },
        })
    }

    /// The body of its `PUT`.
    pub(super) fn body(&self) -> Vec<u8> {
        let assigned_to: Vec<Value> = self
            .assigned_to
            .iter()
            .map(|to| json!({ "entity": to.entity, "required": to.required, "deprecated": to.deprecated }))
            .collect();
        let properties = json!({ "schema": self.schema.to_string(), "assignedTo": assigned_to });
        json!({ "properties": properties }).to_string().into_bytes()
    }
}
