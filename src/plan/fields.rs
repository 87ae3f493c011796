//! Writes: a change with the proof that it may be made.

use super::rules::is_same;
use crate::catalog::marker::merged;
use crate::catalog::{Owned, Vacant};
use crate::model::{Action, Change, EntityPath, Field, FieldChange, Properties};

/// One write of one entity.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Creates an entity that does not exist.
    Create(Vacant, Change),
    /// Changes fields of an entity that is ours.
    Update(Owned, Change),
    /// Deletes an entity that is ours.
    Delete(Owned, Change),
}

impl Write {
    /// A creation with these fields.
    #[must_use]
    pub fn create(vacant: Vacant, fields: Vec<Field>, reason: impl Into<String>) -> Self {
        let fields = fields
            .into_iter()
            .filter(|(_, after)| after.is_some())
            .map(|(path, after)| FieldChange {
                path,
                before: None,
                after,
                rule: None,
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

    /// An update of the fields that differ; `None` if none does.
    #[must_use]
    pub fn update(owned: Owned, current: &Properties, fields: Vec<Field>, reason: impl Into<String>) -> Option<Self> {
        let fields: Vec<FieldChange> = fields
            .into_iter()
            .filter_map(|(path, after)| {
                let before = path.get(current).cloned();
                let is_same = is_same(&path, before.as_ref(), after.as_ref());
                (!is_same).then_some(FieldChange {
                    path,
                    before,
                    after,
                    rule: None,
                })
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

    /// The entity's path.
    #[must_use]
    pub fn path(&self) -> &EntityPath {
        &self.change().path
    }
}

impl Change {
    /// Applies the change to an entity's properties.
    ///
    /// Merges what somebody has changed since planning if both changes can stand.
    pub fn apply_to(&self, properties: &mut Properties) {
        for field in &self.fields {
            let after = match field.path.get(properties) {
                Some(found) if field.before.as_ref() != Some(found) => {
                    merged(&field.path, found, field.before.as_ref(), field.after.as_ref())
                }
                Some(_) | None => field.after.clone(),
            };
            field.path.set(properties, after);
        }
    }
}
