//! The plan of one stage: its version, definition and deployment.
//!
//! A stage is planned in two steps, because what its definition holds is known only once Amazon has exported it:
//! [`StagePlan`] says whether an export is needed, [`StagePlan::finish`] what follows from it.

use serde_json::{Value, json};

use super::fields::Write;
use crate::model::marker::{DefinitionRecord, StageMarker};
use crate::model::{
    Change, DesiredStage, Entity, EntityPath, Export, FieldPath, Integration, Owned, Properties, Skip, Vacant,
};

/// The title of that definition.
const DEFINITION_TITLE: &str = "OpenAPI";

/// What is planned for a stage's definition.
#[derive(Debug, Clone, PartialEq)]
pub enum DefinitionPlan {
    /// Nothing.
    Untouched {
        /// Whether there is one.
        exists: bool,
        /// Its title put right, if somebody changed it.
        title: Option<Write>,
    },
    /// It goes: definitions are not wanted.
    Removed(Write),
    /// It is exported, and imported if it differs from what was exported before.
    Exported {
        /// Where it is made, when there is none.
        vacant: Option<Vacant>,
        /// The definition that is there.
        current: Option<(Owned, Properties)>,
        /// Whether the catalog's text is not the one that was imported.
        damaged: bool,
        /// Why it is exported.
        reason: &'static str,
    },
}

/// What is planned for a stage's deployment.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum DeploymentPlan {
    /// It is made.
    Create(Vacant),
    /// It is compared with what it shall be.
    Compare(Owned, Properties),
    /// There is no place for it.
    None,
}

/// The plan of one stage, as far as it can be told before the export.
#[derive(Debug, Clone, PartialEq)]
pub struct StagePlan {
    /// The stage as it shall be.
    pub stage: DesiredStage,
    /// The version's write.
    pub version: Option<Write>,
    /// The definition's plan.
    pub definition: DefinitionPlan,
    /// What the definition holds, as far as is recorded.
    pub recorded: DefinitionRecord,
    pub(super) deployment: DeploymentPlan,
    pub(super) definition_path: EntityPath,
    pub(super) created_fields: Vec<(FieldPath, Option<Value>)>,
    pub(super) environment_id: String,
    pub(super) desired_revision: Option<String>,
}

/// What is left to write for a stage once its export is there.
#[derive(Debug, Clone, PartialEq)]
pub struct StageWrites {
    /// The definition's write: made, its title put right, or removed.
    pub definition: Option<Write>,
    /// Whether the exported document is to be imported.
    pub import: bool,
    /// What the definition holds afterwards.
    pub record: DefinitionRecord,
    /// What could not be had.
    pub skip: Option<Skip>,
    definition_exists: bool,
}

impl StagePlan {
    /// Whether an export is needed.
    #[must_use]
    pub fn needs_export(&self) -> bool {
        matches!(self.definition, DefinitionPlan::Exported { .. })
    }

    /// Whether the stage has a deployment, whose marker keeps what its definition holds.
    #[must_use]
    pub fn has_deployment(&self) -> bool {
        self.deployment != DeploymentPlan::None
    }

    /// Whether a definition is made whose content the deployment still tells of.
    ///
    /// A run that ends between its creation and its import would otherwise leave it empty and be taken for done.
    pub(super) fn makes_lost_definition(&self) -> bool {
        let made = matches!(&self.definition, DefinitionPlan::Exported { current: None, .. });
        made && self.has_deployment() && self.recorded != DefinitionRecord::default()
    }

    /// What follows from the export: `None` when none was asked for or it failed for now.
    #[must_use]
    pub fn finish(&self, rest_api_id: &str, export: Option<&Export>) -> StageWrites {
        let untouched = StageWrites {
            definition: None,
            import: false,
            record: self.recorded.clone(),
            skip: None,
            definition_exists: false,
        };
        match (&self.definition, export) {
            (DefinitionPlan::Untouched { exists, title }, _) => StageWrites {
                definition: title.clone(),
                definition_exists: *exists,
                ..untouched
            },
            (DefinitionPlan::Removed(write), _) => StageWrites {
                definition: Some(write.clone()),
                record: DefinitionRecord::default(),
                ..untouched
            },
            (DefinitionPlan::Exported { current, .. }, None) => StageWrites {
                definition_exists: current.is_some(),
                ..untouched
            },
            (DefinitionPlan::Exported { current, .. }, Some(Export::Unavailable { reason, message })) => StageWrites {
                definition_exists: current.is_some(),
                record: DefinitionRecord {
                    revision: self.desired_revision.clone(),
                    // Tells the revision that was refused from one that was exported.
                    canonical_digest: None,
                    content_digest: self.recorded.content_digest.clone().filter(|_| current.is_some()),
                },
                skip: Some(Skip {
                    rest_api_id: rest_api_id.to_owned(),
                    title: None,
                    stage_name: Some(self.stage.stage_name.clone()),
                    reason: *reason,
                    message: message.clone(),
                }),
                ..untouched
            },
            (
                DefinitionPlan::Exported {
                    vacant,
                    current,
                    damaged,
                    reason,
                },
                Some(Export::Document(document)),
            ) => {
                let canonical = Some(document.canonical_digest.clone());
                // Without a digest nobody can tell whether the text in the catalog is still the one that was imported.
                let unknown = self.recorded.content_digest.is_none();
                let import = current.is_none() || *damaged || unknown || self.recorded.canonical_digest != canonical;
                let content = if import {
                    Some(document.content_digest.clone())
                } else {
                    self.recorded.content_digest.clone()
                };
                let definition = match (current, vacant) {
                    (Some((owned, properties)), _) => {
                        Write::update(owned.clone(), properties, definition_fields(), "its title was changed")
                    }
                    (None, Some(vacant)) => Some(Write::create(vacant.clone(), definition_fields(), *reason)),
                    (None, None) => None,
                };
                StageWrites {
                    definition,
                    import,
                    record: DefinitionRecord {
                        revision: self.desired_revision.clone(),
                        content_digest: content,
                        canonical_digest: canonical,
                    },
                    skip: None,
                    definition_exists: true,
                }
            }
        }
    }

    /// What is left to write when API Center refuses the definition, or the document for one that was `made` just now.
    ///
    /// What is recorded stays; of a definition that is new and empty, nothing is.
    #[must_use]
    pub fn refused(&self, made: bool) -> StageWrites {
        let exists = match &self.definition {
            DefinitionPlan::Exported { current, .. } => made || current.is_some(),
            DefinitionPlan::Untouched { exists, .. } => *exists,
            DefinitionPlan::Removed(_) => true,
        };
        StageWrites {
            definition: None,
            import: false,
            record: if made {
                DefinitionRecord::default()
            } else {
                self.recorded.clone()
            },
            skip: None,
            definition_exists: exists,
        }
    }

    /// The deployment's write, once it is known what its definition holds.
    #[must_use]
    pub fn deployment_write(&self, writes: &StageWrites) -> Option<Write> {
        let marker = StageMarker {
            stage_name: self.stage.stage_name.clone(),
            deployment_id: self.stage.deployment_id.clone(),
            definition: writes.record.clone(),
        };
        let definition_id = writes
            .definition_exists
            .then(|| json!(self.definition_path.scoped_id()));
        let mut fields = vec![
            (
                FieldPath::new(&["server", "runtimeUri"]),
                Some(json!(self.stage.runtime_uri)),
            ),
            (FieldPath::new(&["environmentId"]), Some(json!(self.environment_id))),
            (FieldPath::new(&["definitionId"]), definition_id),
        ];
        match &self.deployment {
            DeploymentPlan::None => None,
            DeploymentPlan::Create(vacant) => {
                fields.splice(0..0, self.created_fields.iter().cloned());
                fields.extend(marker.fields());
                Some(Write::create(vacant.clone(), fields, "the stage is new"))
            }
            DeploymentPlan::Compare(owned, properties) => {
                fields.extend(marker.fields());
                Write::update(owned.clone(), properties, fields, "the stage changed")
            }
        }
    }

    /// Whether anything of the stage is to be written, as far as can be told before the export.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let unfinished = self.finish("", None);
        self.version.is_some()
            || self.needs_export()
            || unfinished.definition.is_some()
            || self.deployment_write(&unfinished).is_some()
    }

    /// The changes for people to see before any export: an export counts as a change of the definition.
    #[must_use]
    pub fn preview(&self) -> Vec<Change> {
        let unfinished = self.finish("", None);
        let mut changes: Vec<Change> = self.version.iter().map(|write| write.change().clone()).collect();
        match &self.definition {
            DefinitionPlan::Exported {
                vacant: Some(vacant),
                current: None,
                reason,
                ..
            } => {
                changes.push(
                    Write::create(vacant.clone(), definition_fields(), *reason)
                        .change()
                        .clone(),
                );
            }
            DefinitionPlan::Exported {
                current: Some((owned, _)),
                reason,
                ..
            } => {
                let revision = |revision: &Option<String>| revision.as_ref().map(|revision| json!(revision));
                let change = crate::model::FieldChange {
                    path: FieldPath::new(&["content"]),
                    before: revision(&self.recorded.revision),
                    after: revision(&self.desired_revision),
                };
                changes.push(Change {
                    action: crate::model::Action::Update,
                    path: owned.path().clone(),
                    reason: (*reason).to_owned(),
                    fields: vec![change],
                });
            }
            DefinitionPlan::Exported { .. } | DefinitionPlan::Removed(_) | DefinitionPlan::Untouched { .. } => {
                changes.extend(unfinished.definition.iter().map(|write| write.change().clone()));
            }
        }
        let expected = match &self.definition {
            DefinitionPlan::Exported { .. } => StageWrites {
                definition_exists: true,
                record: DefinitionRecord {
                    revision: self.desired_revision.clone(),
                    ..self.recorded.clone()
                },
                ..unfinished
            },
            DefinitionPlan::Removed(_) | DefinitionPlan::Untouched { .. } => unfinished,
        };
        changes.extend(self.deployment_write(&expected).map(|write| write.change().clone()));
        changes
    }
}

/// The fields of a definition that the source owns.
pub(super) fn definition_fields() -> Vec<(FieldPath, Option<Value>)> {
    vec![(FieldPath::new(&["title"]), Some(json!(DEFINITION_TITLE)))]
}

/// The fields of a version that the source owns.
pub(super) fn version_fields(stage: &DesiredStage) -> Vec<(FieldPath, Option<Value>)> {
    vec![(FieldPath::new(&["title"]), Some(json!(stage.title)))]
}

/// The fields of a version at its creation.
pub(super) fn created_version_fields(
    integration: &Integration,
    stage: &DesiredStage,
) -> Vec<(FieldPath, Option<Value>)> {
    let mut fields = version_fields(stage);
    fields.push((
        FieldPath::new(&["lifecycleStage"]),
        Some(json!(integration.lifecycle_stage)),
    ));
    fields
}

/// The fields of a deployment that are set at its creation and never again.
pub(super) fn created_deployment_fields(
    integration: &Integration,
    stage: &DesiredStage,
) -> Vec<(FieldPath, Option<Value>)> {
    let mut fields = vec![
        (FieldPath::new(&["title"]), Some(json!(stage.title))),
        (
            FieldPath::new(&["description"]),
            stage.description.as_ref().map(|description| json!(description)),
        ),
        (FieldPath::new(&["state"]), Some(json!("active"))),
    ];
    fields.extend(default_fields(&integration.default_custom_properties.deployment));
    fields
}

/// Fields that give the organisation's own metadata its values.
pub(super) fn default_fields(defaults: &Properties) -> impl Iterator<Item = (FieldPath, Option<Value>)> {
    defaults
        .iter()
        .map(|(name, value)| (FieldPath::new(&["customProperties", name]), Some(value.clone())))
}

/// The record of what a stage's definition holds: with the API, or else with its deployment.
///
/// The API's goes first: next to a deployment it says that the deployment's can no longer be relied on.
#[must_use]
pub fn recorded(deployment: Option<&Entity>, undeployed: Option<&DefinitionRecord>) -> DefinitionRecord {
    undeployed
        .cloned()
        .or_else(|| deployment.and_then(StageMarker::read).map(|marker| marker.definition))
        .unwrap_or_default()
}
