//! What planning goes by beside the two states.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Field, FieldPath, Fields, IntegrationName, MetadataTypes, Properties};

/// What the API center's plan has room for (Azure subscription limits, API Center, 2024-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogLimits {
    /// APIs in the service.
    pub apis: usize,
    /// Versions of an API.
    pub versions_per_api: usize,
    /// Deployments of an API.
    pub deployments_per_api: usize,
}

/// The metadata that an organisation requires on the entities that are made here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequiredMetadata {
    /// On APIs.
    pub api: BTreeSet<String>,
    /// On environments.
    pub environment: BTreeSet<String>,
    /// On deployments.
    pub deployment: BTreeSet<String>,
}

/// What planning goes by beside the two states.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whose entities are planned.
    pub integration: IntegrationName,
    /// What the catalog has room for.
    pub limits: CatalogLimits,
    /// What the organisation requires.
    pub required: RequiredMetadata,
    /// The types of the fields that rules fill.
    pub types: MetadataTypes,
    /// Whether definitions are imported only when a sync asks for them.
    pub on_demand: bool,
}

impl RequiredMetadata {
    /// The required names that neither the entity, if there is one, nor the values for it have.
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

    /// The values that an entity which is there lacks although they are required.
    #[must_use]
    pub fn supplied(required: &BTreeSet<String>, current: &Properties, values: &[Field]) -> Vec<Field> {
        let lacking: Vec<&String> = required.iter().filter(|name| !has(Some(current), name)).collect();
        let is_lacking = |field: &&Field| lacking.iter().any(|name| gives(field, name));
        values.iter().filter(is_lacking).cloned().collect()
    }
}

/// Whether the field gives the metadata of this name a value.
fn gives((path, value): &Field, name: &str) -> bool {
    let has_value = value.as_ref().is_some_and(|value| !value.is_null());
    has_value && *path == FieldPath::new(&["customProperties", name])
}

fn has(current: Option<&Properties>, name: &str) -> bool {
    let value = current.and_then(|current| current.get("customProperties")?.get(name));
    value.is_some_and(|value| !value.is_null())
}

/// Tells which metadata is missing and where its values go.
#[must_use]
pub fn missing_message(entity: &str, missing: &[String]) -> String {
    format!(
        "the organisation requires the metadata {}: give values in defaultCustomProperties.{entity}",
        missing.join(", ")
    )
}

/// Whether a value that is to be written equals the one that is there.
///
/// No text and an empty one are the same, and so are `1` and `1.0`. The kind of an API comes back in another case than it was
/// written in.
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
