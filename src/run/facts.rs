//! Facts: ensures that their metadata schemas exist before APIs use them, or leaves them out of the run.

use std::collections::BTreeSet;

use crate::azure::{Assignment, Catalog, CatalogError, MetadataSchema, Refusal};
use crate::catalog::facts::{Fit, fact_schema, fit};
use crate::model::{Fact, GatewayApi, SourceKey};

/// The kind of entity that has facts.
const ENTITY: &str = "api";

/// A fact left out of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutFact {
    /// The fact.
    pub fact: Fact,
    /// The reason, for people.
    pub message: String,
    /// Whether the next run must not try again.
    pub for_good: bool,
}

/// Creates the schemas of the facts that the APIs use, and adds missing values; returns the facts that API Center
/// refuses. Makes no call if nothing is missing.
///
/// # Errors
/// If a schema cannot be read, or cannot be written for any reason but a refusal.
pub async fn ensure_facts<'a>(
    catalog: &Catalog,
    present: &[MetadataSchema],
    facts: &BTreeSet<Fact>,
    apis: impl Iterator<Item = (&'a SourceKey, &'a GatewayApi)> + Clone,
) -> Result<Vec<LeftOutFact>, CatalogError> {
    let mut left_out = Vec::new();
    for fact in facts.iter().copied() {
        let values = apis.clone().filter_map(|(key, api)| fact.value(&key.gateway, api));
        let values: BTreeSet<String> = values.collect();
        let name = fact.schema_name();
        let found = present.iter().find(|schema| schema.name.eq_ignore_ascii_case(name));
        let is_there =
            |found: &MetadataSchema| takes(found, fact, &values) && completed(Some(found), fact, &values) == *found;
        if values.is_empty() || found.is_some_and(is_there) {
            continue;
        }
        let update = catalog.update_metadata_schema(name, |found| completed(found, fact, &values));
        match update.await {
            Ok(schema) if takes(&schema, fact, &values) => (),
            Ok(_) => left_out.push(LeftOutFact::for_good(
                fact,
                "somebody else has a metadata schema of that name with another type",
            )),
            Err(CatalogError::Refused {
                refusal: Refusal::ForGood | Refusal::NoRoom,
                message,
                ..
            }) => left_out.push(LeftOutFact::for_good(fact, &message)),
            Err(error @ CatalogError::Refused { .. }) => left_out.push(LeftOutFact {
                fact,
                message: format!("the fact {name} is left out of this run: {error}"),
                for_good: false,
            }),
            Err(error) => return Err(error),
        }
    }
    Ok(left_out)
}

impl LeftOutFact {
    fn for_good(fact: Fact, why: &str) -> Self {
        let name = fact.schema_name();
        Self {
            fact,
            message: format!("the fact {name} is left out until the integration is put again: {why}"),
            for_good: true,
        }
    }
}

/// The schema with the values it needs; unchanged if it has them or is somebody else's.
fn completed(found: Option<&MetadataSchema>, fact: Fact, values: &BTreeSet<String>) -> MetadataSchema {
    let assignment = Assignment {
        entity: ENTITY.to_owned(),
        required: false,
        deprecated: false,
    };
    let Some(found) = found else {
        return MetadataSchema {
            name: fact.schema_name().to_owned(),
            schema: fact_schema(fact, values),
            assigned_to: vec![assignment],
        };
    };
    let mut schema = found.clone();
    match fit(&found.schema, fact, values) {
        Fit::Other => return schema,
        Fit::Lacks(extended) => schema.schema = extended,
        Fit::Takes => (),
    }
    if !schema
        .assigned_to
        .iter()
        .any(|to| to.entity.eq_ignore_ascii_case(ENTITY))
    {
        schema.assigned_to.push(assignment);
    }
    schema
}

fn takes(schema: &MetadataSchema, fact: Fact, values: &BTreeSet<String>) -> bool {
    fit(&schema.schema, fact, values) == Fit::Takes
}
