//! Writes: a change together with the proof that it may be made.

use serde_json::Value;

use crate::model::marker::{REST_API_SCHEMA, VERSIONS, merged_versions, metadata_path};
use crate::model::{Action, Change, EntityPath, FieldChange, FieldPath, Owned, Properties, Vacant};

/// One write of one entity.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Makes an entity that is not there.
    Create(Vacant, Change),
    /// Changes some fields of an entity that is ours.
    Update(Owned, Change),
    /// Deletes an entity that is ours.
    Delete(Owned, Change),
}

impl Write {
    /// A creation with these fields.
    #[must_use]
    pub fn create(vacant: Vacant, fields: Vec<(FieldPath, Option<Value>)>, reason: impl Into<String>) -> Self {
        let fields = fields
            .into_iter()
            .filter(|(_, after)| after.is_some())
            .map(|(path, after)| FieldChange {
                path,
                before: None,
                after,
            })
            .collect();
        let change = Change {
            action: Action::Create,
            path: vacant.path().clone(),
            reason: reason.into(),
            fields,
        };
        Self::Create(vacant, change)
    }

    /// An update of the fields that differ from what is there; `None` when none does.
    #[must_use]
    pub fn update(
        owned: Owned,
        current: &Properties,
        fields: Vec<(FieldPath, Option<Value>)>,
        reason: impl Into<String>,
    ) -> Option<Self> {
        let fields: Vec<FieldChange> = fields
            .into_iter()
            .filter_map(|(path, after)| {
                let before = path.get(current).cloned();
                (before != after).then_some(FieldChange { path, before, after })
            })
            .collect();
        if fields.is_empty() {
            return None;
        }
        let change = Change {
            action: Action::Update,
            path: owned.path().clone(),
            reason: reason.into(),
            fields,
        };
        Some(Self::Update(owned, change))
    }

    /// A deletion.
    #[must_use]
    pub fn delete(owned: Owned, reason: impl Into<String>) -> Self {
        let change = Change {
            action: Action::Delete,
            path: owned.path().clone(),
            reason: reason.into(),
            fields: Vec::new(),
        };
        Self::Delete(owned, change)
    }

    /// The change.
    #[must_use]
    pub fn change(&self) -> &Change {
        match self {
            Self::Create(_, change) | Self::Update(_, change) | Self::Delete(_, change) => change,
        }
    }

    /// Where the entity is.
    #[must_use]
    pub fn path(&self) -> &EntityPath {
        &self.change().path
    }
}

impl Change {
    /// Makes the change to an entity's properties.
    ///
    /// A list of versions gets what the change adds and loses what it takes away; what a run that overlaps has listed
    /// meanwhile stays.
    pub fn apply_to(&self, properties: &mut Properties) {
        let versions = metadata_path(REST_API_SCHEMA, VERSIONS);
        for field in &self.fields {
            let after = match field.path.get(properties) {
                Some(found) if field.path == versions && field.before.as_ref() != Some(found) => {
                    Some(merged_versions(found, field.before.as_ref(), field.after.as_ref()))
                }
                Some(_) | None => field.after.clone(),
            };
            field.path.set(properties, after);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_run_that_overlaps_has_listed_meanwhile_stays_listed() {
        let list = |names: &[&str]| json!(json!(names).to_string());
        let change = |before: &[&str], after: &[&str]| Change {
            action: Action::Update,
            path: EntityPath::Api(crate::model::EntityName::parse("shop-a1").unwrap()),
            reason: String::new(),
            fields: vec![FieldChange {
                path: metadata_path(REST_API_SCHEMA, VERSIONS),
                before: Some(list(before)),
                after: Some(list(after)),
            }],
        };
        for (found, before, after, expected) in [
            (
                &["prod"][..],
                &["prod"][..],
                &["prod", "test"][..],
                &["prod", "test"][..],
            ),
            (
                &["blue", "prod"],
                &["prod"],
                &["prod", "test"],
                &["blue", "prod", "test"],
            ),
            (&["blue", "prod"], &["prod"], &[], &["blue"]),
            (&[], &["prod"], &["prod", "test"], &["test"]),
        ] {
            let marker = json!({ "aws-rest-api": { "versions": list(found) } });
            let mut properties = Properties::from_iter([("customProperties".to_owned(), marker)]);
            change(before, after).apply_to(&mut properties);
            let versions = &properties["customProperties"]["aws-rest-api"]["versions"];
            assert_eq!(*versions, list(expected), "{found:?} {before:?} {after:?}");
        }
    }
}
