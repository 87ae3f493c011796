//! The plan of a version's definition: kept, exported again, or removed.

use super::below::Below;
use super::fields::Write;
use super::version::{DefinitionPlan, definition_fields};
use crate::catalog::marker::DefinitionRecord;
use crate::catalog::{Owned, OwnedApi, Vacant};
use crate::model::{Definition, DesiredVersion, Entity, EntityName, EntityPath, Properties, Skip, SkipReason};

/// Plans the definition of a version; the second part is what stays refused.
pub(super) fn plan_definition(
    api: Option<&OwnedApi>,
    path: EntityPath,
    below: &Below,
    desired: &DesiredVersion,
    recorded: &DefinitionRecord,
) -> (DefinitionPlan, Option<Skip>) {
    let found = found_definition(below, desired);
    let owned = found.and_then(|definition| api?.definition(&desired.name, &definition.name));
    let current = owned.zip(found.map(|definition| definition.properties.clone()));
    match &desired.definition {
        Definition::Absent => match current {
            Some((owned, _)) => {
                let write = Write::delete(owned, "definitions are not wanted");
                (DefinitionPlan::Removed(write), None)
            }
            None => (kept(desired, None), None),
        },
        Definition::Kept => (kept(desired, current), None),
        Definition::Impossible(skip) => (kept(desired, current), Some(skip.clone())),
        Definition::Exported(revision) => {
            let damaged = below.damaged.contains(&desired.name);
            let exportable = below.exportable.contains(&desired.name);
            let same_revision = recorded.revision.as_ref() == Some(revision);
            // Without a canonical digest the last export of this revision gave no document.
            let exported = recorded.canonical_digest.is_some();
            if same_revision
                && !exported
                && !exportable
                && let Some(skip) = api.and_then(|api| recorded_refusal(api, desired))
            {
                return (kept(desired, current), Some(skip));
            }
            if same_revision && exported && !damaged && current.is_some() && recorded.content_digest.is_some() {
                return (kept(desired, current), None);
            }
            let reason = match (&current, damaged, &recorded.revision) {
                (_, _, Some(_)) if exportable => "Amazon exports it again",
                (None, _, None) => "the stage has no definition yet",
                (None, _, Some(_)) => "the definition is gone",
                (Some(_), true, _) => "the definition's content was changed",
                (Some(_), false, _) => "the stage was deployed or changed",
            };
            let plan = DefinitionPlan::Exported {
                vacant: Vacant::at(path, found),
                current,
                damaged,
                reason,
            };
            (plan, None)
        }
    }
}

/// The skip that the last export of this very revision ended in.
fn recorded_refusal(api: &OwnedApi, desired: &DesiredVersion) -> Option<Skip> {
    let mut skipped = api.marker.record.skipped.iter();
    skipped.find(|skip| is_refusal(skip, desired)).cloned()
}

/// Whether a skip says that Amazon gave no document that can be imported for this version.
pub(super) fn is_refusal(skip: &Skip, desired: &DesiredVersion) -> bool {
    skip.stage_name.as_ref() == Some(&desired.stage_name)
        && matches!(skip.reason, SkipReason::ExportRefused | SkipReason::DefinitionTooLarge)
}

fn found_definition<'a>(below: &'a Below, desired: &DesiredVersion) -> Option<&'a Entity> {
    let name = EntityName::definition(desired.format);
    let mut definitions = below.definitions.get(&desired.name)?.iter();
    definitions.find(|definition| definition.name == name)
}

fn kept(desired: &DesiredVersion, current: Option<(Owned, Properties)>) -> DefinitionPlan {
    let exists = current.is_some();
    let title = current.and_then(|(owned, properties)| {
        let fields = definition_fields(desired.format);
        Write::update(owned, &properties, fields, "its title was changed")
    });
    DefinitionPlan::Untouched { exists, title }
}
