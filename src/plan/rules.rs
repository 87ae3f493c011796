//! The inputs of planning besides the two states.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Field, FieldPath, Fields, IntegrationName, MetadataTypes, Properties};

/// The limits of the API center's plan (Azure subscription limits, API Center, 2024-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogLimits {
    /// APIs in the service.
    pub apis: usize,
    /// Versions of an API.
    pub versions_per_api: usize,
    /// Deployments of an API.
    pub deployments_per_api: usize,
}

/// The metadata that an organisation requires on the entities we create.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequiredMetadata {
    /// On APIs.
    pub api: BTreeSet<String>,
    /// On environments.
    pub environment: BTreeSet<String>,
    /// On deployments.
    pub deployment: BTreeSet<String>,
}

/// The inputs of planning besides the two states.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The integration.
    pub integration: IntegrationName,
    /// The catalog's limits.
    pub limits: CatalogLimits,
    /// The organisation's requirements.
    pub required: RequiredMetadata,
    /// The types of the fields that rules set.
    pub types: MetadataTypes,
    /// Whether only a sync that asks for definitions imports them.
    pub on_demand: bool,
}

impl RequiredMetadata {
    /// The required names without a value, in the entity if it exists and in the given values.
    #[must_use]
    pub fn missing(required: &BTreeSet<String>, current: Option<&Properties>, values: &Fields) -> Vec<String> {
        let given = |name| {
            values
                .enforced
                .iter()
                .chain(&values.initial)
                .any(|field| gives(field, name))
        };
        required
            .iter()
            .filter(|name| !has(current, name) && !given(name))
            .cloned()
            .collect()
    }

    /// The required values that an existing entity lacks.
    #[must_use]
    pub fn supplied(required: &BTreeSet<String>, current: &Properties, values: &[Field]) -> Vec<Field> {
        let lacking: Vec<&String> = required.iter().filter(|name| !has(Some(current), name)).collect();
        let is_lacking = |field: &&Field| lacking.iter().any(|name| gives(field, name));
        values.iter().filter(is_lacking).cloned().collect()
    }
}

/// Whether the field sets the metadata of this name.
fn gives((path, value): &Field, name: &str) -> bool {
    let has_value = value.as_ref().is_some_and(|value| !value.is_null());
    has_value && *path == FieldPath::new(&["customProperties", name])
}

fn has(current: Option<&Properties>, name: &str) -> bool {
    let value = current.and_then(|current| current.get("customProperties")?.get(name));
    value.is_some_and(|value| !value.is_null())
}

/// The message that names missing metadata and where to put its values.
#[must_use]
pub fn missing_message(entity: &str, missing: &[String]) -> String {
    format!(
        "the organisation requires the metadata {}: give values in defaultCustomProperties.{entity}",
        missing.join(", ")
    )
}

/// Whether a value to write equals the existing one.
///
/// No text equals an empty one, and `1` equals `1.0`. The service changes the case of an API's kind.
pub(super) fn is_same(path: &FieldPath, before: Option<&Value>, after: Option<&Value>) -> bool {
    let before = before.filter(|before| !before.is_null());
    match (before, after) {
        (Some(Value::String(before)), Some(Value::String(after))) if *path == FieldPath::new(&["kind"]) => {
            before.eq_ignore_ascii_case(after)
        }
        (Some(Value::String(before)), None) => before.is_empty(),
        (Some(Value::Number(before)), Some(Value::Number(after))) => {
            before == after || before.as_f64() == after.as_f64()
        }
        (before, after) => before == after,
    }
}
