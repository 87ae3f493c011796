//! The plan of one version: its own fields, its definition and its deployments.
//!
//! A version is planned in two steps, because what its definition holds is known only once Amazon has exported it:
//! [`VersionPlan`] says whether an export is needed, [`VersionPlan::finish`] what follows from it.

use serde_json::json;

use super::fields::Write;
use crate::catalog::marker::{DefinitionRecord, StageMarker};
use crate::catalog::{Owned, Vacant};
use crate::model::{
    Action, Change, Definition, DesiredDeployment, DesiredVersion, EntityName, EntityPath, Export, Field, FieldChange,
    FieldPath, Format, Properties, Skip,
};

/// What is planned for a version's definition.
#[derive(Debug, Clone, PartialEq)]
pub enum DefinitionPlan {
    /// Nothing.
    Untouched {
        /// Whether there is one.
        exists: bool,
        /// The write of its title, if somebody changed it.
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

/// Where a deployment goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// It is made.
    Vacant(Vacant),
    /// It is compared with what it has to be.
    Found(Owned, Properties),
}

/// The plan of one deployment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DeploymentPlan {
    pub desired: DesiredDeployment,
    pub place: Place,
    /// Required metadata that it lacks.
    pub supplied: Vec<Field>,
}

/// The plan of one version, as far as it can be told before the export.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionPlan {
    /// The version as it has to be.
    pub desired: DesiredVersion,
    /// The version's write.
    pub version: Option<Write>,
    /// The definition's plan.
    pub definition: DefinitionPlan,
    /// What the definition holds, as far as is recorded.
    pub recorded: DefinitionRecord,
    pub(super) integration: String,
    pub(super) api: EntityName,
    pub(super) deployments: Vec<DeploymentPlan>,
}

/// What is left to write for a version once its export is there.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionWrites {
    /// The definition's write: made, its title put right, or removed.
    pub definition: Option<Write>,
    /// Whether the exported document is to be imported.
    pub import: bool,
    /// What the definition holds afterwards; `None` when that is not known.
    pub record: Option<DefinitionRecord>,
    /// What could not be had.
    pub skip: Option<Skip>,
    definition_exists: bool,
}

impl VersionPlan {
    /// Whether an export is needed.
    #[must_use]
    pub fn needs_export(&self) -> bool {
        matches!(self.definition, DefinitionPlan::Exported { .. })
    }

    /// Whether the version is missing.
    #[must_use]
    pub fn makes_version(&self) -> bool {
        matches!(self.version, Some(Write::Create(..)))
    }

    /// Where its definition is.
    #[must_use]
    pub fn definition_path(&self) -> EntityPath {
        let name = EntityName::definition(self.desired.format);
        EntityPath::Definition(self.api.clone(), self.desired.name.clone(), name)
    }

    /// The proof for the definition that a document is imported into.
    #[must_use]
    pub fn import_target(&self) -> Option<Owned> {
        match &self.definition {
            DefinitionPlan::Exported {
                current: Some((owned, _)),
                ..
            } => Some(owned.clone()),
            DefinitionPlan::Exported {
                vacant: Some(vacant), ..
            } => Some(Owned::created(vacant)),
            DefinitionPlan::Exported { .. } | DefinitionPlan::Untouched { .. } | DefinitionPlan::Removed(_) => None,
        }
    }

    /// Whether the catalog's text was changed by somebody else.
    pub(super) fn is_damaged(&self) -> bool {
        matches!(self.definition, DefinitionPlan::Exported { damaged: true, .. })
    }

    fn desired_revision(&self) -> Option<String> {
        match &self.desired.definition {
            Definition::Exported(revision) => Some(revision.clone()),
            Definition::Kept | Definition::Absent | Definition::Impossible(_) => None,
        }
    }

    /// What follows from the export: `None` when none was asked for or it failed for now.
    #[must_use]
    pub fn finish(&self, export: Option<&Export>) -> VersionWrites {
        let untouched = VersionWrites {
            definition: None,
            import: false,
            record: Some(self.recorded.clone()),
            skip: None,
            definition_exists: false,
        };
        match (&self.definition, export) {
            (DefinitionPlan::Untouched { exists, title }, _) => VersionWrites {
                definition: title.clone(),
                definition_exists: *exists,
                ..untouched
            },
            (DefinitionPlan::Removed(write), _) => VersionWrites {
                definition: Some(write.clone()),
                record: None,
                ..untouched
            },
            // The record went with the first write, and a text that nobody vouches for is imported again.
            (DefinitionPlan::Exported { current, .. }, None) => VersionWrites {
                record: None,
                definition_exists: current.is_some(),
                ..untouched
            },
            (DefinitionPlan::Exported { current, .. }, Some(Export::Unavailable { reason, message })) => {
                VersionWrites {
                    definition_exists: current.is_some(),
                    record: Some(DefinitionRecord {
                        revision: self.desired_revision(),
                        // Tells the revision that was refused from one that was exported.
                        canonical_digest: None,
                        content_digest: self.recorded.content_digest.clone().filter(|_| current.is_some()),
                    }),
                    skip: Some(Skip {
                        stage_name: Some(self.desired.stage_name.clone()),
                        reason: *reason,
                        message: message.clone(),
                    }),
                    ..untouched
                }
            }
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
                    (Some((owned, properties)), _) => Write::update(
                        owned.clone(),
                        properties,
                        definition_fields(self.desired.format),
                        "its title was changed",
                    ),
                    (None, Some(vacant)) => Some(Write::create(
                        vacant.clone(),
                        definition_fields(self.desired.format),
                        *reason,
                    )),
                    (None, None) => None,
                };
                VersionWrites {
                    definition,
                    import,
                    record: Some(DefinitionRecord {
                        revision: self.desired_revision(),
                        content_digest: content,
                        canonical_digest: canonical,
                    }),
                    skip: None,
                    definition_exists: true,
                }
            }
        }
    }

    /// What is left to write when API Center refuses the definition, or the document for one that was `made` just now.
    #[must_use]
    pub fn refused(&self, made: bool) -> VersionWrites {
        let exists = match &self.definition {
            DefinitionPlan::Exported { current, .. } => made || current.is_some(),
            DefinitionPlan::Untouched { exists, .. } => *exists,
            DefinitionPlan::Removed(_) => true,
        };
        VersionWrites {
            definition: None,
            import: false,
            record: (!self.needs_export()).then(|| self.recorded.clone()),
            skip: None,
            definition_exists: exists,
        }
    }

    /// The deployments' writes, once it is known whether there is a definition.
    #[must_use]
    pub fn deployment_writes(&self, writes: &VersionWrites) -> Vec<Write> {
        let definition = writes
            .definition_exists
            .then(|| json!(self.definition_path().scoped_id()));
        let write = |plan: &DeploymentPlan| self.deployment_write(plan, definition.clone());
        self.deployments.iter().filter_map(write).collect()
    }

    fn deployment_write(&self, plan: &DeploymentPlan, definition: Option<serde_json::Value>) -> Option<Write> {
        let desired = &plan.desired;
        let found = match &plan.place {
            Place::Vacant(_) => None,
            Place::Found(_, properties) => Some(properties),
        };
        let marker = StageMarker::new(
            self.integration.clone(),
            (&self.api, &desired.name, &self.desired.name),
            &desired.from,
            (&self.desired.stage_name, &desired.deployment_id),
            found,
        );
        let mut fields = desired.fields.enforced.clone();
        fields.push((FieldPath::new(&["definitionId"]), definition));
        match &plan.place {
            Place::Vacant(vacant) => {
                fields.splice(0..0, desired.fields.initial.iter().cloned());
                fields.extend(marker.fields());
                Some(Write::create(vacant.clone(), fields, "the stage is new"))
            }
            Place::Found(owned, properties) => {
                fields.extend(plan.supplied.iter().cloned());
                fields.extend(marker.fields());
                Write::update(owned.clone(), properties, fields, "the stage changed")
            }
        }
    }

    /// Whether anything of the version is to be written, as far as can be told before the export.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let unfinished = self.finish(None);
        self.version.is_some()
            || self.needs_export()
            || unfinished.definition.is_some()
            || !self.deployment_writes(&unfinished).is_empty()
    }

    /// The changes for people to see before any export: an export counts as a change of the definition.
    #[must_use]
    pub fn preview(&self) -> Vec<Change> {
        let unfinished = self.finish(None);
        let mut changes: Vec<Change> = self.version.iter().map(|write| write.change().clone()).collect();
        match &self.definition {
            DefinitionPlan::Exported {
                vacant: Some(vacant),
                current: None,
                reason,
                ..
            } => {
                let write = Write::create(vacant.clone(), definition_fields(self.desired.format), *reason);
                changes.push(write.change().clone());
            }
            DefinitionPlan::Exported {
                current: Some((owned, _)),
                reason,
                ..
            } => {
                let revision = |revision: Option<String>| revision.map(|revision| json!(revision));
                let change = FieldChange {
                    path: FieldPath::new(&["content"]),
                    before: revision(self.recorded.revision.clone()),
                    after: revision(self.desired_revision()),
                    rule: None,
                };
                changes.push(Change {
                    action: Action::Update,
                    path: owned.path().clone(),
                    reason: (*reason).to_owned(),
                    fields: vec![change],
                });
            }
            DefinitionPlan::Exported { .. } | DefinitionPlan::Removed(_) | DefinitionPlan::Untouched { .. } => {
                changes.extend(unfinished.definition.iter().map(|write| write.change().clone()));
            }
        }
        let expected = VersionWrites {
            definition_exists: unfinished.definition_exists || self.needs_export(),
            ..unfinished
        };
        let deployments = self.deployment_writes(&expected);
        changes.extend(deployments.iter().map(|write| write.change().clone()));
        changes
    }
}

/// The fields of a definition that the source owns.
pub(super) fn definition_fields(format: Format) -> Vec<Field> {
    vec![(FieldPath::new(&["title"]), Some(json!(format.title())))]
}
