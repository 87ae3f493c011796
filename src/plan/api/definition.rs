//! The plan of a stage's definition: kept, exported again, or removed.

use super::super::fields::Write;
use super::super::stage::{DefinitionPlan, definition_fields};
use super::planner::Planner;
use crate::model::marker::DefinitionRecord;
use crate::model::{DesiredDefinition, DesiredStage, Entity, EntityName, Owned, Properties, Skip, SkipReason, Vacant};

impl<'a> Planner<'a> {
    pub(super) fn plan_definition(&mut self, stage: &DesiredStage, recorded: &DefinitionRecord) -> DefinitionPlan {
        let found = self.found_definition(&stage.name);
        let owned = found.and_then(|definition| {
            self.input
                .standing
                .owned()
                .and_then(|api| api.definition(&stage.name, &definition.name))
        });
        let current = owned.zip(found.map(|definition| definition.properties.clone()));
        match &stage.definition {
            DesiredDefinition::Absent => match current {
                Some((owned, _)) => DefinitionPlan::Removed(Write::delete(owned, "definitions are not wanted")),
                None => DefinitionPlan::Untouched {
                    exists: false,
                    title: None,
                },
            },
            DesiredDefinition::Kept => kept(current),
            DesiredDefinition::Revision(revision) => {
                let damaged = self.input.below.damaged.contains(&stage.name);
                let exportable = self.input.below.exportable.contains(&stage.name);
                let same_revision = recorded.revision.as_ref() == Some(revision);
                // Without a canonical digest the last export of this revision gave no document.
                let exported = recorded.canonical_digest.is_some();
                if same_revision
                    && !exported
                    && !exportable
                    && let Some(skip) = self.recorded_refusal(stage)
                {
                    self.skips.push(skip);
                    return kept(current);
                }
                if same_revision && exported && !damaged && current.is_some() && recorded.content_digest.is_some() {
                    return kept(current);
                }
                let reason = match (&current, damaged, &recorded.revision) {
                    (_, _, Some(_)) if exportable => "Amazon does not refuse its export any more",
                    (None, _, None) => "the stage has no definition yet",
                    (None, _, Some(_)) => "the definition is gone",
                    (Some(_), true, _) => "the definition's content was changed",
                    (Some(_), false, _) => "the stage was deployed or changed",
                };
                let vacant = Vacant::at(self.definition_path(&stage.name), found);
                DefinitionPlan::Exported {
                    vacant,
                    current,
                    damaged,
                    reason,
                }
            }
        }
    }

    /// The skip that the last export of this very revision ended in.
    fn recorded_refusal(&self, stage: &DesiredStage) -> Option<Skip> {
        let refused = |skip: &&Skip| {
            skip.stage_name.as_ref() == Some(&stage.stage_name)
                && matches!(skip.reason, SkipReason::ExportRefused | SkipReason::DefinitionTooLarge)
        };
        self.input
            .standing
            .owned()?
            .marker
            .skipped
            .iter()
            .find(refused)
            .cloned()
    }

    fn found_definition(&self, version: &EntityName) -> Option<&'a Entity> {
        self.input
            .below
            .definitions
            .get(version)?
            .iter()
            .find(|definition| definition.name == EntityName::definition())
    }
}

fn kept(current: Option<(Owned, Properties)>) -> DefinitionPlan {
    let exists = current.is_some();
    let title = current.and_then(|(owned, properties)| {
        Write::update(owned, &properties, definition_fields(), "its title was changed")
    });
    DefinitionPlan::Untouched { exists, title }
}
