//! What people wrote on an entity: values that are neither ours nor the service's.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::{EntityKind, Field, FieldPath, Fields, Properties, digest, is_our_schema};

/// Hex digits of a value's digest: a record holds some dozens of them.
const DIGITS: usize = 8;

/// A field that people may write, with its value.
pub(super) type Writing = (FieldPath, Value);

/// The values of an entity that people wrote: their digests are not among ours.
pub(super) fn writings(kind: EntityKind, properties: &Properties, ours: &BTreeSet<String>) -> Vec<Writing> {
    let mut all = values(kind, properties);
    all.retain(|(path, value)| !ours.contains(&digest_of(kind, path, value)));
    all
}

/// The digests of the values that an entity gets: of initial ones, only those that it has, if it exists.
pub(super) fn given(kind: EntityKind, fields: &Fields, found: Option<&Properties>) -> BTreeSet<String> {
    let is_given = |(path, value): &&Field| found.is_none_or(|found| path.get(found) == value.as_ref());
    let initial = fields.initial.iter().filter(is_given);
    let mut properties = Properties::new();
    for (path, value) in fields.enforced.iter().chain(initial) {
        path.set(&mut properties, value.clone());
    }
    digests_of(kind, &properties)
}

/// The digests of what people wrote.
pub(super) fn digests_of_writings(kind: EntityKind, writings: &[Writing]) -> BTreeSet<String> {
    writings
        .iter()
        .map(|(path, value)| digest_of(kind, path, value))
        .collect()
}

/// The digests of the values of an entity that people may change.
pub(super) fn digests_of(kind: EntityKind, properties: &Properties) -> BTreeSet<String> {
    digests_of_writings(kind, &values(kind, properties))
}

fn digest_of(kind: EntityKind, path: &FieldPath, value: &Value) -> String {
    let mut digest = digest(json!([kind, path.to_string(), value]).to_string().as_bytes());
    digest.truncate(DIGITS);
    digest
}

/// The fields that people may write, with their values; an empty one counts as missing.
fn values(kind: EntityKind, properties: &Properties) -> Vec<Writing> {
    let mut values = Vec::new();
    for (name, value) in properties {
        match value {
            Value::Object(custom) if name == "customProperties" => {
                let theirs = custom.iter().filter(|(name, _)| !is_our_schema(name));
                values.extend(theirs.map(|(own, value)| (FieldPath::new(&[name, own]), value.clone())));
            }
            value if !is_never_theirs(kind, name) => values.push((FieldPath::new(&[name]), value.clone())),
            _ => (),
        }
    }
    values.retain(|(_, value)| !is_empty(value));
    values
}

/// Whether a property is enforced or derived by the service.
fn is_never_theirs(kind: EntityKind, property: &str) -> bool {
    let never: &[&str] = match kind {
        EntityKind::Api => &["kind", "lifecycleStage"],
        EntityKind::Deployment => &["server", "definitionId"],
        EntityKind::Version | EntityKind::Environment | EntityKind::Definition => &[],
    };
    never.contains(&property)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
