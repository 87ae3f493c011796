//! The types of the fields that rules may set.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{EntityKind, EntityName, EntityPath, MappedField};

/// The JSON schemas of the fields that rules may set: API Center's own, and the organisation's metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataTypes(BTreeMap<MappedField, Value>);

impl MetadataTypes {
    /// API Center's own fields, and the organisation's metadata on entities of these kinds, by name.
    #[must_use]
    pub fn new(custom: impl IntoIterator<Item = (EntityKind, String, Value)>) -> Self {
        let custom = custom.into_iter();
        let custom = custom.map(|(kind, name, schema)| (MappedField::custom(kind, &name), schema));
        Self(own().into_iter().chain(custom).collect())
    }

    /// Same, with these existing environments.
    #[must_use]
    pub fn with_environments(mut self, names: impl IntoIterator<Item = EntityName>) -> Self {
        let environments = names.into_iter().map(|name| EntityPath::Environment(name).scoped_id());
        let environments: Vec<String> = environments.collect();
        let schema = json!({ "type": "string", "enum": environments });
        self.0.insert(MappedField::environment(), schema);
        self
    }

    /// Whether such an environment is known not to exist.
    #[must_use]
    pub fn lacks_environment(&self, name: &EntityName) -> bool {
        let schema = self.0.get(&MappedField::environment());
        let there = schema.and_then(|schema| schema.get("enum")?.as_array());
        let id = json!(EntityPath::Environment(name.clone()).scoped_id());
        there.is_some_and(|there| !there.contains(&id))
    }

    /// The JSON schema of a field; `None` if the organisation has no such metadata.
    #[must_use]
    pub fn schema(&self, field: &MappedField) -> Option<&Value> {
        self.0.get(field)
    }
}

impl Default for MetadataTypes {
    /// Without metadata of an organisation.
    fn default() -> Self {
        Self::new([])
    }
}

/// API Center's own fields (swagger of `Microsoft.ApiCenter` 2024-03-01).
fn own() -> Vec<(MappedField, Value)> {
    let text = |limit: usize| json!({ "type": "string", "maxLength": limit });
    let title = text(50);
    let url = json!({ "type": "string", "format": "uri", "maxLength": 200 });
    let closed = |members: Value, required: &[&str]| json!({ "type": "object", "properties": members, "required": required, "additionalProperties": false });
    let stages = [
        "design",
        "development",
        "testing",
        "preview",
        "production",
        "deprecated",
        "retired",
    ];
    let contact = closed(json!({ "name": text(100), "url": url, "email": text(100) }), &[]);
    let documentation = closed(
        json!({ "title": text(50), "description": text(500), "url": url }),
        &["url"],
    );
    let license = closed(json!({ "name": text(100), "url": url, "identifier": text(50) }), &[]);
    let api = [
        ("title", title.clone()),
        ("description", text(1000)),
        ("summary", text(200)),
        ("termsOfService", closed(json!({ "url": url }), &["url"])),
        ("license", license),
        ("contacts", json!({ "type": "array", "items": contact })),
        (
            "externalDocumentation",
            json!({ "type": "array", "items": documentation, "maxItems": 20 }),
        ),
    ];
    let version = [
        ("title", title.clone()),
        ("lifecycleStage", json!({ "type": "string", "enum": stages })),
    ];
    let deployment = [
        ("title", title),
        ("description", text(500)),
        ("state", json!({ "type": "string", "enum": ["active", "inactive"] })),
        ("environmentId", json!({ "type": "string" })),
    ];
    let of = |kind| move |(name, schema)| (MappedField::own(kind, name), schema);
    let api = api.into_iter().map(of(EntityKind::Api));
    let version = version.into_iter().map(of(EntityKind::Version));
    let deployment = deployment.into_iter().map(of(EntityKind::Deployment));
    api.chain(version).chain(deployment).collect()
}
