//! The metadata schemas: the organisation's requirements, and those of the markers.

use crate::azure::{Assignment, Catalog, CatalogError, MetadataSchema};
use crate::catalog::schemas::schemas;
use crate::model::{EntityKind, Integration, MetadataTypes, Problem, is_our_schema};
use crate::plan::RequiredMetadata;
use crate::translate;

/// The metadata that the organisation requires of the entities we create.
///
/// Our own schemas never count, whoever marked them as required: only this app sets their values.
#[must_use]
pub fn required(present: &[MetadataSchema]) -> RequiredMetadata {
    let on = |entity: &str| {
        let binds = |schema: &&MetadataSchema| {
            let mut assigned = schema.assigned_to.iter();
            !is_our_schema(&schema.name) && assigned.any(|to| to.required && to.entity.eq_ignore_ascii_case(entity))
        };
        present.iter().filter(binds).map(|schema| schema.name.clone()).collect()
    };
    RequiredMetadata {
        api: on("api"),
        environment: on("environment"),
        deployment: on("deployment"),
    }
}

/// The types of the metadata that rules may set: our own schemas are excluded.
#[must_use]
pub fn metadata_types(present: &[MetadataSchema]) -> MetadataTypes {
    let kinds = [(EntityKind::Api, "api"), (EntityKind::Deployment, "deployment")];
    let theirs = present.iter().filter(|schema| !is_our_schema(&schema.name));
    MetadataTypes::new(theirs.flat_map(|schema| {
        let is_on = |entity: &str| {
            schema
                .assigned_to
                .iter()
                .any(|to| to.entity.eq_ignore_ascii_case(entity))
        };
        let on = kinds.into_iter().filter(move |(_, entity)| is_on(entity));
        on.map(|(kind, _)| (kind, schema.name.clone(), schema.schema.clone()))
    }))
}

/// Checks an integration's rules against the existing metadata schemas.
///
/// # Errors
/// If a rule sets metadata that does not exist, or gives it an invalid value.
pub fn check_rules(integration: &Integration, present: &[MetadataSchema]) -> Result<(), Problem> {
    translate::check_rules(integration, &metadata_types(present))
}

/// Creates the schemas of the markers, and extends those of an older release. Writes nothing if all are current.
///
/// # Errors
/// If a schema cannot be written.
pub async fn ensure_schemas(catalog: &Catalog, present: &[MetadataSchema]) -> Result<(), CatalogError> {
    for wanted in schemas() {
        let assignment = Assignment {
            entity: wanted.entity.to_owned(),
            required: false,
            deprecated: false,
        };
        let found = present
            .iter()
            .find(|schema| schema.name.eq_ignore_ascii_case(wanted.name));
        let schema = match found {
            None => Some(MetadataSchema {
                name: wanted.name.to_owned(),
                schema: wanted.schema.clone(),
                assigned_to: vec![assignment],
            }),
            Some(found) => {
                let mut schema = found.clone();
                let mut assigned = found.assigned_to.iter();
                if !assigned.any(|to| to.entity.eq_ignore_ascii_case(wanted.entity)) {
                    schema.assigned_to.push(assignment);
                }
                schema.schema = wanted.completed(&found.schema).unwrap_or(schema.schema);
                (schema != *found).then_some(schema)
            }
        };
        if let Some(schema) = schema {
            catalog.put_metadata_schema(&schema).await?;
        }
    }
    Ok(())
}
