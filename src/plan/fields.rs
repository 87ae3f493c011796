//! Writes: a change together with the proof that it may be made.

use serde_json::Value;

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
    pub fn apply_to(&self, properties: &mut Properties) {
        for field in &self.fields {
            field.path.set(properties, field.after.clone());
        }
    }
}
