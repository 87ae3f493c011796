//! The plan of a stage's definition: kept, exported again, or removed.

use serde_json::json;

use super::below::Below;
use super::fields::Write;
use super::seat::Seat;
use crate::catalog::marker::DefinitionRecord;
use crate::catalog::{Owned, OwnedApi, Vacant};
use crate::model::{Definition, DesiredDeployment, Entity, Field, FieldPath, Format, Properties, Skip, SkipReason};

/// The plan of a stage's definition.
#[derive(Debug, Clone, PartialEq)]
pub enum DefinitionPlan {
    /// Nothing.
    Untouched {
        /// Whether it exists.
        exists: bool,
        /// The write of its title, if somebody changed it.
        title: Option<Write>,
    },
    /// Delete it: definitions are turned off.
    Removed(Write),
    /// Export it, and import it if it differs from the last export.
    Exported {
        /// Where to create it, if it does not exist.
        vacant: Option<Vacant>,
        /// The existing definition.
        current: Option<(Owned, Properties)>,
        /// Whether the catalog's text differs from the imported one.
        damaged: bool,
        /// Why it is exported.
        reason: &'static str,
    },
    /// Compare it with that of the version's first member, once that is known: it is needed only if it differs.
    Compared {
        /// Where to create it, if it does not exist.
        vacant: Option<Vacant>,
        /// The existing definition.
        current: Option<(Owned, Properties)>,
        /// Whether the catalog's text differs from the imported one.
        damaged: bool,
        /// Whether the result of the last export of this revision is recorded.
        is_fresh: bool,
        /// Whether that was a refusal.
        is_refused: bool,
    },
}

/// Plans the definition of a stage; also returns a skip for a document that stays refused.
pub(super) fn plan_definition(
    api: Option<&OwnedApi>,
    seat: &Seat,
    below: &Below,
    desired: &DesiredDeployment,
    recorded: &DefinitionRecord,
) -> (DefinitionPlan, Option<Skip>) {
    let path = seat.definition_path();
    let found = found_definition(below, seat);
    let owned = found.and_then(|definition| api?.own_definition(&seat.version, &definition.name));
    let current = owned.zip(found.map(|definition| definition.properties.clone()));
    match &desired.definition {
        Definition::Absent => match current {
            Some((owned, _)) => {
                let write = Write::delete(owned, "definitions are turned off");
                (DefinitionPlan::Removed(write), None)
            }
            None => (kept(seat.format, None), None),
        },
        Definition::Kept => (kept(seat.format, current), None),
        Definition::Impossible(skip) => (kept(seat.format, current), Some(skip.clone())),
        Definition::Exported(revision) => {
            let damaged = below.is_damaged(&seat.version, &seat.definition_name());
            let exportable = below.exportable.contains(&desired.name);
            let same_revision = recorded.revision.as_ref() == Some(revision);
            // Without a canonical digest, the last export of this revision was refused.
            let exported = recorded.canonical_digest.is_some();
            let refusal = api.and_then(|api| recorded_refusal(api, seat, desired));
            let refusal = refusal.filter(|_| same_revision && !exported && !exportable);
            let comparable = recorded.comparison_digest.is_some() || !seat.is_grouped;
            let vacant = Vacant::at(path, found);
            if !seat.leads {
                let plan = DefinitionPlan::Compared {
                    vacant,
                    current,
                    damaged,
                    is_fresh: same_revision && exported && comparable,
                    is_refused: refusal.is_some(),
                };
                return (plan, refusal);
            }
            if refusal.is_some() {
                return (kept(seat.format, current), refusal);
            }
            let holds = recorded.content_digest.is_some() && !recorded.own;
            if same_revision && exported && comparable && !damaged && current.is_some() && holds {
                return (kept(seat.format, current), None);
            }
            let reason = match (&current, damaged, &recorded.revision) {
                (_, _, Some(_)) if exportable => "API Gateway exports it again",
                (None, _, None) => "the stage has no definition yet",
                (None, _, Some(_)) => "the definition is gone",
                (Some(_), true, _) => "the definition's content was changed",
                (Some(_), false, _) => "the stage was deployed or changed",
            };
            let plan = DefinitionPlan::Exported {
                vacant,
                current,
                damaged,
                reason,
            };
            (plan, None)
        }
    }
}

/// The skip from the last export of this revision.
fn recorded_refusal(api: &OwnedApi, seat: &Seat, desired: &DesiredDeployment) -> Option<Skip> {
    let mut skipped = api.marker.record.skipped.iter();
    let refusal = skipped.find(|skip| is_refusal(skip, &seat.stage_name, desired));
    refusal.cloned()
}

/// Whether a skip says that this stage has no document to import.
pub(super) fn is_refusal(skip: &Skip, stage_name: &str, desired: &DesiredDeployment) -> bool {
    skip.stage_name.as_deref() == Some(stage_name)
        && (skip.member.is_none() || skip.is_of(&desired.from))
        && matches!(skip.reason, SkipReason::ExportRefused | SkipReason::DefinitionTooLarge)
}

fn found_definition<'a>(below: &'a Below, seat: &Seat) -> Option<&'a Entity> {
    let name = seat.definition_name();
    let mut definitions = below.definitions.get(&seat.version)?.iter();
    definitions.find(|definition| definition.name == name)
}

fn kept(format: Format, current: Option<(Owned, Properties)>) -> DefinitionPlan {
    let exists = current.is_some();
    let title = current.and_then(|(owned, properties)| titled(owned, &properties, format));
    DefinitionPlan::Untouched { exists, title }
}

/// The write that corrects a definition's title.
pub(super) fn titled(owned: Owned, properties: &Properties, format: Format) -> Option<Write> {
    Write::update(owned, properties, definition_fields(format), "its title was changed")
}

/// The enforced fields of a definition.
pub(super) fn definition_fields(format: Format) -> Vec<Field> {
    vec![(FieldPath::new(&["title"]), Some(json!(format.title())))]
}
