//! The plan for people and machines: every change in a fixed order, under a stable id.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::fields::Write;
use crate::model::{
    Action, Change, Conflict, DesiredApi, EntityKind, EntityName, Failure, FieldChange, Skipped, digest, one_line,
};

/// Hex digits of a plan id.
const ID_DIGITS: usize = 32;
/// Longest value that the text shows, in UTF-16 units: a description is a quarter of that.
const VALUE_MAX: usize = 4000;

/// One change of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Change)]
pub struct PreviewChange {
    /// The action.
    pub action: Action,
    /// The kind of entity.
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Plan)]
pub struct Preview {
    /// The id of the plan: equal changes have equal ids.
    pub plan_id: String,
    /// The id of the deletions that would be held.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deletions_id: Option<String>,
    /// Whether all APIs were looked at.
    pub complete: bool,
    /// The number of APIs that were not, for lack of time or after a failed read.
    pub remaining: usize,
    /// Whether deletions would be held.
    pub held: bool,
    /// What people should know first: why deletions would be held, or why APIs were not looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// What could not be read, and stays as it is; part of `remaining`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub failed: Vec<Failure>,
    /// What stays out of the catalog.
    pub skipped: Vec<Skipped>,
    /// Somebody else's entities in the way.
    pub conflicts: Vec<Conflict>,
    /// Where group members differ from the first, whose words count.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub disagreements: Vec<String>,
    /// The changes, deletions last.
    pub changes: Vec<PreviewChange>,
}

impl Preview {
    /// Sorts everything and sets the id.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.changes.sort_by(|one, other| {
            let key = |change: &PreviewChange| (change.action == Action::Delete, change.name.clone(), change.action);
            key(one).cmp(&key(other))
        });
        self.skipped.sort_by(|one, other| {
            let key = |skip: &Skipped| (skip.api_id.clone(), skip.stage_name.clone(), skip.reason);
            key(one).cmp(&key(other))
        });
        self.conflicts.sort();
        self.disagreements.sort();
        self.failed.sort_by(|one, other| one.api_id.cmp(&other.api_id));
        let what: Vec<_> = self
            .changes
            .iter()
            .map(|change| json!([change.action, change.entity, change.name, change.fields]))
            .collect();
        self.plan_id = digest(json!(what).to_string().as_bytes());
        self.plan_id.truncate(ID_DIGITS);
        self
    }

    /// The plan as text: what, why, and every field before and after; then what is left out, and why.
    #[must_use]
    pub fn to_text(&self) -> String {
        let count = |action| self.changes.iter().filter(|change| change.action == action).count();
        let mut text = format!("plan {}\n", one_line(&self.plan_id, VALUE_MAX));
        // Writing to a `String` cannot fail.
        let _ = if self.changes.is_empty() {
            writeln!(text, "no changes")
        } else {
            writeln!(
                text,
                "{} to create, {} to update, {} to delete\n",
                count(Action::Create),
                count(Action::Update),
                count(Action::Delete)
            )
        };
        for change in &self.changes {
            text.push_str(&change.to_text());
        }
        if !self.changes.is_empty() && !self.notes().is_empty() {
            text.push('\n');
        }
        text.push_str(&self.notes());
        text
    }

    /// What is left out, and why.
    fn notes(&self) -> String {
        let mut text = String::new();
        for skip in &self.skipped {
            let stage = skip.stage_name.as_ref().map(|stage| format!(" stage {stage}"));
            let what = format!("{}{}", skip.api(), stage.unwrap_or_default());
            let _ = writeln!(
                text,
                "! skipped {}: {:?}: {}",
                shown(&what),
                skip.reason,
                shown(&skip.message)
            );
        }
        for conflict in &self.conflicts {
            let _ = writeln!(text, "! left alone, not this integration's: {}", shown(&conflict.name));
        }
        for disagreement in &self.disagreements {
            let _ = writeln!(text, "! {}", shown(disagreement));
        }
        for failure in &self.failed {
            let (api, message) = (shown(&failure.api()), shown(&failure.message));
            let _ = writeln!(text, "! could not be read, stays as it is: {api}: {message}");
        }
        let why = self.message.as_deref().map(|why| format!(": {}", shown(why)));
        let why = why.unwrap_or_default();
        if let Some(deletions_id) = &self.deletions_id {
            let _ = writeln!(
                text,
                "! deletions would be held until confirmed with confirmDeletions={}{why}",
                shown(deletions_id)
            );
        }
        if !self.complete {
            let why = if self.held { "" } else { &why };
            let _ = match self.remaining {
                0 => writeln!(text, "! incomplete: not everything could be read{why}"),
                remaining => writeln!(text, "! incomplete: {remaining} APIs were not checked{why}"),
            };
        }
        text
    }
}

impl PreviewChange {
    /// Adds the rules behind the fields that change.
    pub(super) fn tell_rules(&mut self, desired: &DesiredApi) {
        let name = self.name.rsplit('/').next().unwrap_or_default();
        let is_named = |entity: &EntityName| entity.as_str().eq_ignore_ascii_case(name);
        let mut versions = desired.versions.iter();
        let fields = match self.entity {
            EntityKind::Api => desired.members.first().map(|member| &member.fields),
            EntityKind::Version => versions
                .find(|version| is_named(&version.name))
                .and_then(|version| version.deployments.first())
                .map(|deployment| &deployment.version),
            EntityKind::Deployment => versions
                .flat_map(|version| &version.deployments)
                .find(|deployment| is_named(&deployment.name))
                .map(|deployment| &deployment.fields),
            EntityKind::Environment | EntityKind::Definition => None,
        };
        for field in &mut self.fields {
            field.rule = fields.and_then(|fields| fields.rules.get(&field.path).cloned());
        }
    }

    /// Whether something is deleted.
    #[must_use]
    pub fn is_deletion(&self) -> bool {
        self.action == Action::Delete
    }

    /// The change as text, field by field.
    #[must_use]
    pub fn to_text(&self) -> String {
        let sign = match self.action {
            Action::Create => '+',
            Action::Update => '~',
            Action::Delete => '-',
        };
        let mut text = format!("{sign} {} ({})\n", shown(&self.name), shown(&self.reason));
        for field in &self.fields {
            let path = shown(&field.path.to_string());
            let side = |value: &Value| shown(&value.to_string());
            let rule = field.rule.as_ref().map(|rule| format!(" ({})", shown(rule)));
            let rule = rule.unwrap_or_default();
            // Writing to a `String` cannot fail.
            let _ = match (&field.before, &field.after) {
                (Some(before), Some(after)) => writeln!(text, "    {path}: {} -> {}{rule}", side(before), side(after)),
                (None, Some(after)) => writeln!(text, "    {path}: {}{rule}", side(after)),
                (Some(before), None) => writeln!(text, "    {path}: {} -> none{rule}", side(before)),
                (None, None) => Ok(()),
            };
        }
        text
    }
}

/// Escapes text from the catalog, which anybody may have written: terminals obey control characters.
fn shown(text: &str) -> String {
    one_line(text, VALUE_MAX)
}
