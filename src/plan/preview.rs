//! The plan for people and machines: every change, in a fixed order, under a stable id.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::fields::Write;
use crate::model::{Action, Change, Conflict, EntityKind, FieldChange, Skip, digest, one_line};

/// Hex digits of a plan id.
const ID_DIGITS: usize = 32;
/// Longest value that the text shows, in UTF-16 units: a description is a quarter of that.
const VALUE_MAX: usize = 4000;

/// One change of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PreviewChange {
    /// What is done.
    pub action: Action,
    /// To what kind of entity.
    pub entity: EntityKind,
    /// The entity's path in the workspace.
    pub name: String,
    /// Why.
    pub reason: String,
    /// The fields that change.
    pub fields: Vec<FieldChange>,
}

impl From<Change> for PreviewChange {
    fn from(change: Change) -> Self {
        Self {
            action: change.action,
            entity: change.kind(),
            name: change.path.to_string(),
            reason: change.reason,
            fields: change.fields,
        }
    }
}

impl From<&Write> for PreviewChange {
    fn from(write: &Write) -> Self {
        write.change().clone().into()
    }
}

/// A whole plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Names the plan: the same changes have the same id.
    pub plan_id: String,
    /// Names the deletions that would be held.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deletions_id: Option<String>,
    /// Whether all APIs were looked at.
    pub complete: bool,
    /// How many were not, for lack of time or because they could not be read.
    pub remaining: usize,
    /// Whether deletions would be held.
    pub held: bool,
    /// What stays out of the catalog.
    pub skipped: Vec<Skip>,
    /// What is in the way and not ours.
    pub conflicts: Vec<Conflict>,
    /// The changes, deletions last.
    pub changes: Vec<PreviewChange>,
}

impl Preview {
    /// Puts everything in its order and gives the plan its id.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.changes.sort_by(|one, other| {
            let key = |change: &PreviewChange| (change.action == Action::Delete, change.name.clone(), change.action);
            key(one).cmp(&key(other))
        });
        self.skipped.sort_by(|one, other| {
            let key = |skip: &Skip| (skip.rest_api_id.clone(), skip.stage_name.clone(), skip.reason);
            key(one).cmp(&key(other))
        });
        self.conflicts.sort();
        let what: Vec<_> = self
            .changes
            .iter()
            .map(|change| json!([change.action, change.entity, change.name, change.fields]))
            .collect();
        self.plan_id = digest(json!(what).to_string().as_bytes());
        self.plan_id.truncate(ID_DIGITS);
        self
    }

    /// The plan as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("plan {}\n", self.plan_id);
        if self.changes.is_empty() {
            text.push_str("no changes\n");
        }
        for change in &self.changes {
            let sign = match change.action {
                Action::Create => '+',
                Action::Update => '~',
                Action::Delete => '-',
            };
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{sign} {} ({})", change.name, change.reason);
            for field in &change.fields {
                // What stands in the catalog may have been put there by anybody, and terminals obey.
                let side = |value: &Option<serde_json::Value>| {
                    value
                        .as_ref()
                        .map_or_else(|| "none".to_owned(), |value| one_line(&value.to_string(), VALUE_MAX))
                };
                let _ = writeln!(
                    text,
                    "    {}: {} -> {}",
                    field.path,
                    side(&field.before),
                    side(&field.after)
                );
            }
        }
        for skip in &self.skipped {
            let stage = skip
                .stage_name
                .as_ref()
                .map(|stage| format!(" stage {stage}"))
                .unwrap_or_default();
            let _ = writeln!(
                text,
                "! skipped {}{stage}: {:?}: {}",
                skip.rest_api_id, skip.reason, skip.message
            );
        }
        for conflict in &self.conflicts {
            let _ = writeln!(text, "! left alone, not ours: {}", conflict.name);
        }
        if let Some(deletions_id) = &self.deletions_id {
            let _ = writeln!(
                text,
                "! deletions would be held until confirmed with confirmDeletions={deletions_id}"
            );
        }
        if !self.complete {
            let _ = writeln!(text, "! incomplete: {} APIs were not looked at", self.remaining);
        }
        text
    }
}
