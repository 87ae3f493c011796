//! The metadata schemas: ours, made before the first write, and the organisation's own, which bind every creation.

use serde_json::{Map, Value, json};

use crate::model::marker;
use crate::plan::RequiredMetadata;
use crate::target::{Assignment, Catalog, CatalogError, MetadataSchema};

/// Makes the schemas that markers need, and adds what an older release's lack. Writes nothing when all is there.
///
/// # Errors
/// When a schema cannot be written.
pub(super) async fn ensure(catalog: &Catalog, present: &[MetadataSchema]) -> Result<(), CatalogError> {
    for wanted in marker::schemas() {
        let found = present
            .iter()
            .find(|schema| schema.name.eq_ignore_ascii_case(wanted.name));
        if let Some(schema) = completed(found, &wanted) {
            catalog.put_metadata_schema(&schema).await?;
        }
    }
    Ok(())
}

/// Whether the schemas have all that markers need.
pub(super) fn are_complete(present: &[MetadataSchema]) -> bool {
    marker::schemas().iter().all(|wanted| {
        let mut found = present
            .iter()
            .filter(|schema| schema.name.eq_ignore_ascii_case(wanted.name));
        found
            .next()
            .is_some_and(|found| completed(Some(found), wanted).is_none())
    })
}

/// What the organisation requires of the entities that are made here.
///
/// Our own schemas never count, whoever marked them as required: nobody but this app gives values for them.
pub(super) fn required(present: &[MetadataSchema]) -> RequiredMetadata {
    let on = |entity: &str| {
        present
            .iter()
            .filter(|schema| !marker::is_our_schema(&schema.name))
            .filter(|schema| {
                schema
                    .assigned_to
                    .iter()
                    .any(|to| to.required && to.entity.eq_ignore_ascii_case(entity))
            })
            .map(|schema| schema.name.clone())
            .collect()
    };
    RequiredMetadata {
        api: on("api"),
        environment: on("environment"),
        deployment: on("deployment"),
    }
}

/// The schema with everything that is wanted; `None` when it has that already.
fn completed(found: Option<&MetadataSchema>, wanted: &marker::MarkerSchema) -> Option<MetadataSchema> {
    let assignment = Assignment {
        entity: wanted.entity.to_owned(),
        required: false,
        deprecated: false,
    };
    let Some(found) = found else {
        return Some(MetadataSchema {
            name: wanted.name.to_owned(),
            schema: wanted.schema.clone(),
            assigned_to: vec![assignment],
        });
    };
    let mut schema = found.clone();
    let mut changed = false;
    if !schema
        .assigned_to
        .iter()
        .any(|to| to.entity.eq_ignore_ascii_case(wanted.entity))
    {
        schema.assigned_to.push(assignment);
        changed = true;
    }
    let empty = Map::new();
    let wanted_properties = wanted
        .schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    if !schema.schema.get("properties").is_some_and(Value::is_object) {
        schema.schema = json!({ "type": "object", "properties": {} });
    }
    if let Some(properties) = schema.schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, property) in wanted_properties {
            if !properties.contains_key(name) {
                properties.insert(name.clone(), property.clone());
                changed = true;
            }
        }
    }
    changed.then_some(schema)
}
