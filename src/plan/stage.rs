//! The plan of one member's stage: its definition and its deployment.
//!
//! It takes steps, because only the export shows what a definition holds, and a group member needs its own only if it
//! differs from the first member's: [`StagePlan::turn`] says whether an export is needed, [`StagePlan::finish`] what
//! follows.

use serde_json::{Value, json};

use super::definition::{DefinitionPlan, definition_fields, titled};
use super::fields::Write;
use super::seat::Seat;
use crate::catalog::marker::{DefinitionRecord, StageMarker};
use crate::catalog::{Owned, Vacant};
use crate::model::{
    Action, Change, Definition, DesiredDeployment, Document, EntityPath, Export, Field, FieldChange, FieldPath,
    Properties, Skip, SkipReason,
};

/// The entity of a deployment.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// To be created.
    Vacant(Vacant),
    /// Compared with the desired state.
    Found(Owned, Properties),
}

/// The plan of one deployment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DeploymentPlan {
    pub place: Place,
    /// The required metadata that it lacks.
    pub supplied: Vec<Field>,
}

/// The plan of one member's stage, as far as is known before the export.
#[derive(Debug, Clone, PartialEq)]
pub struct StagePlan {
    /// The desired deployment.
    pub desired: DesiredDeployment,
    /// The definition's plan.
    pub definition: DefinitionPlan,
    /// The recorded state of the definition.
    pub recorded: DefinitionRecord,
    pub(super) seat: Seat,
    /// `None` if there must be no deployment.
    pub(super) deployment: Option<DeploymentPlan>,
}

/// The definition of a version's first member, for comparison with the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Base {
    /// Whether it is known in this run.
    pub is_known: bool,
    /// Its comparison digest; `None` if there is none.
    pub digest: Option<String>,
    /// The number of further definitions that fit into the version.
    pub room: usize,
}

/// The definition that a deployment refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// None.
    Nothing,
    /// The first member's.
    Own,
    /// That of the version's first member.
    Base,
    /// The current one.
    AsItIs,
}

/// The first step for a stage.
#[derive(Debug)]
pub(super) enum Turn {
    /// An export.
    Export,
    /// These writes.
    Write(Box<StageWrites>),
}

/// The remaining writes for a stage after its export.
#[derive(Debug, Clone, PartialEq)]
pub struct StageWrites {
    /// The definition's write: creation, title, or deletion.
    pub definition: Option<Write>,
    /// Whether to import the exported document.
    pub import: bool,
    /// The record of the definition afterwards; `None` if unknown.
    pub record: Option<DefinitionRecord>,
    /// A skip.
    pub skip: Option<Skip>,
    pub(super) link: Link,
}

impl StageWrites {
    fn of(record: Option<DefinitionRecord>, link: Link) -> Self {
        Self {
            definition: None,
            import: false,
            record,
            skip: None,
            link,
        }
    }

    /// The writes if the first member's definition serves this one, too.
    fn shared(record: DefinitionRecord) -> Self {
        let record = DefinitionRecord {
            content_digest: None,
            own: false,
            ..record
        };
        Self::of(Some(record), Link::Base)
    }

    /// The definition for comparison with the other members, after these writes of the first one.
    pub(super) fn base(&self, room: usize) -> Base {
        let record = self.record.as_ref();
        let digest = record.filter(|_| self.link == Link::Own);
        Base {
            is_known: record.is_some(),
            digest: digest.and_then(|record| record.comparison_digest.clone()),
            room,
        }
    }

    /// Whether a definition is created.
    pub(super) fn makes_definition(&self) -> bool {
        matches!(self.definition, Some(Write::Create(..)))
    }
}

impl StagePlan {
    /// The first step, depending on the first member's definition.
    pub(super) fn turn(&self, base: &Base) -> Turn {
        let (vacant, current, damaged) = match &self.definition {
            DefinitionPlan::Exported { .. } => return Turn::Export,
            DefinitionPlan::Untouched { .. }
            | DefinitionPlan::Removed(_)
            | DefinitionPlan::Compared { is_refused: true, .. } => return self.write(base),
            DefinitionPlan::Compared { is_fresh: false, .. } if base.is_known => return Turn::Export,
            DefinitionPlan::Compared { .. } if !base.is_known => return self.write(base),
            DefinitionPlan::Compared {
                vacant,
                current,
                damaged,
                ..
            } => (vacant, current, *damaged),
        };
        let is_shared = self.recorded.comparison_digest == base.digest;
        let holds = self.recorded.own && self.recorded.content_digest.is_some() && !damaged;
        let has_place = current.is_some() || vacant.is_some() && base.room > 0;
        if is_shared || current.is_some() && holds || !has_place {
            return self.write(base);
        }
        Turn::Export
    }

    /// The skip that is known before any export.
    pub(super) fn known_skip(&self, base: &Base) -> Option<Skip> {
        match self.turn(base) {
            Turn::Export => None,
            Turn::Write(writes) => writes.skip,
        }
    }

    fn write(&self, base: &Base) -> Turn {
        Turn::Write(Box::new(self.finish(None, base)))
    }

    /// Whether an export is needed, regardless of the first member's definition.
    #[must_use]
    pub fn needs_export(&self) -> bool {
        matches!(self.definition, DefinitionPlan::Exported { .. })
    }

    /// The proof for the definition to import into.
    #[must_use]
    pub fn import_target(&self) -> Option<Owned> {
        match &self.definition {
            DefinitionPlan::Exported { vacant, current, .. } | DefinitionPlan::Compared { vacant, current, .. } => {
                let owned = current.as_ref().map(|(owned, _)| owned.clone());
                owned.or_else(|| vacant.as_ref().map(Owned::created))
            }
            DefinitionPlan::Untouched { .. } | DefinitionPlan::Removed(_) => None,
        }
    }

    /// Whether somebody else changed the catalog's text.
    pub(super) fn is_damaged(&self) -> bool {
        match &self.definition {
            DefinitionPlan::Exported { damaged, .. } | DefinitionPlan::Compared { damaged, .. } => *damaged,
            DefinitionPlan::Untouched { .. } | DefinitionPlan::Removed(_) => false,
        }
    }

    /// Whether the definition at its seat exists.
    pub(super) fn has_definition(&self) -> bool {
        match &self.definition {
            DefinitionPlan::Exported { current, .. } | DefinitionPlan::Compared { current, .. } => current.is_some(),
            DefinitionPlan::Untouched { exists, .. } => *exists,
            DefinitionPlan::Removed(_) => true,
        }
    }

    /// Whether the definition at its seat is deleted because definitions are turned off.
    pub(super) fn removes_definition(&self) -> bool {
        matches!(self.definition, DefinitionPlan::Removed(_))
    }

    fn desired_revision(&self) -> Option<String> {
        match &self.desired.definition {
            Definition::Exported(revision) => Some(revision.clone()),
            Definition::Kept | Definition::Absent | Definition::Impossible(_) => None,
        }
    }

    /// The link to the definition at the seat, or the fallback without one.
    fn link(&self, exists: bool) -> Link {
        match (exists, self.seat.leads) {
            (true, _) => Link::Own,
            (false, true) => Link::Nothing,
            (false, false) => Link::AsItIs,
        }
    }

    /// The writes after the export: `None` without an export or after a temporary failure.
    pub(super) fn finish(&self, export: Option<&Export>, base: &Base) -> StageWrites {
        let recorded = || Some(self.recorded.clone());
        match (&self.definition, export) {
            (DefinitionPlan::Untouched { exists, title }, _) => {
                let shares = !exists && self.recorded.comparison_digest.is_some();
                let link = match self.link(*exists) {
                    Link::AsItIs if self.desired.definition == Definition::Absent => Link::Nothing,
                    Link::AsItIs if shares && base.is_known && self.recorded.comparison_digest == base.digest => {
                        Link::Base
                    }
                    link => link,
                };
                StageWrites {
                    definition: title.clone(),
                    ..StageWrites::of(recorded(), link)
                }
            }
            (DefinitionPlan::Removed(write), _) => StageWrites {
                definition: Some(write.clone()),
                ..StageWrites::of(None, Link::Nothing)
            },
            // The first write dropped the record, so import the text again.
            (DefinitionPlan::Exported { current, .. }, None) => StageWrites::of(None, self.link(current.is_some())),
            (DefinitionPlan::Compared { .. }, None) => self.compared(base),
            (_, Some(Export::Unavailable { reason, message })) => self.unavailable(*reason, message),
            (_, Some(Export::Document(document))) => self.exported(document, base),
        }
    }

    /// The writes for a recorded definition compared with the first member's.
    fn compared(&self, base: &Base) -> StageWrites {
        let DefinitionPlan::Compared {
            current,
            is_fresh,
            is_refused,
            ..
        } = &self.definition
        else {
            return StageWrites::of(Some(self.recorded.clone()), Link::AsItIs);
        };
        let as_it_is = StageWrites::of(Some(self.recorded.clone()), self.link(current.is_some()));
        if *is_refused || !is_fresh || !base.is_known {
            return as_it_is;
        }
        if self.recorded.comparison_digest == base.digest {
            return StageWrites::shared(self.recorded.clone());
        }
        let Some((owned, properties)) = current else {
            return self.left_out(self.recorded.clone(), base);
        };
        StageWrites {
            definition: titled(owned.clone(), properties, self.seat.format),
            ..as_it_is
        }
    }

    /// The writes when there is no place for the member's own definition.
    fn left_out(&self, record: DefinitionRecord, base: &Base) -> StageWrites {
        let record = DefinitionRecord {
            content_digest: None,
            own: false,
            ..record
        };
        let (reason, message) = if base.room == 0 {
            let message = "a version has at most 5 definitions, and this member's differs from all of them";
            (SkipReason::TooManyDefinitions, message.to_owned())
        } else {
            let message = format!("{} exists and is not this integration's", self.seat.definition_path());
            (SkipReason::NameCollision, message)
        };
        StageWrites {
            skip: Some(self.skip(reason, message)),
            ..StageWrites::of(Some(record), Link::Nothing)
        }
    }

    fn skip(&self, reason: SkipReason, message: String) -> Skip {
        Skip {
            member: self.seat.member(),
            stage_name: Some(self.seat.stage_name.clone()),
            reason,
            message,
        }
    }

    fn unavailable(&self, reason: SkipReason, message: &str) -> StageWrites {
        let exists = self.has_definition();
        let record = DefinitionRecord {
            revision: self.desired_revision(),
            // Marks a refused revision, as opposed to an exported one.
            canonical_digest: None,
            content_digest: self.recorded.content_digest.clone().filter(|_| exists),
            comparison_digest: self.recorded.comparison_digest.clone().filter(|_| exists),
            own: self.recorded.own,
        };
        StageWrites {
            skip: Some(self.skip(reason, message.to_owned())),
            ..StageWrites::of(Some(record), self.link(exists))
        }
    }

    fn exported(&self, document: &Document, base: &Base) -> StageWrites {
        let (vacant, current, damaged, reason) = match &self.definition {
            DefinitionPlan::Exported {
                vacant,
                current,
                damaged,
                reason,
            } => (vacant, current, *damaged, *reason),
            DefinitionPlan::Compared {
                vacant,
                current,
                damaged,
                ..
            } => (vacant, current, *damaged, "it differs from that of the first member"),
            DefinitionPlan::Untouched { .. } | DefinitionPlan::Removed(_) => {
                return StageWrites::of(Some(self.recorded.clone()), Link::AsItIs);
            }
        };
        let canonical = Some(document.canonical_digest.clone());
        let record = DefinitionRecord {
            revision: self.desired_revision(),
            content_digest: None,
            canonical_digest: canonical.clone(),
            comparison_digest: self.seat.is_grouped.then(|| document.comparison_digest.clone()),
            own: !self.seat.leads,
        };
        if !self.seat.leads && record.comparison_digest == base.digest {
            return StageWrites::shared(record);
        }
        if !self.seat.leads && current.is_none() && (vacant.is_none() || base.room == 0) {
            return self.left_out(record, base);
        }
        // Without a digest, the catalog's text may have changed since the import.
        let unknown = self.recorded.content_digest.is_none() || self.recorded.own == self.seat.leads;
        let import = current.is_none() || damaged || unknown || self.recorded.canonical_digest != canonical;
        let content = if import {
            Some(document.content_digest.clone())
        } else {
            self.recorded.content_digest.clone()
        };
        let definition = match (current, vacant) {
            (Some((owned, properties)), _) => titled(owned.clone(), properties, self.seat.format),
            (None, Some(vacant)) => {
                let fields = definition_fields(self.seat.format);
                Some(Write::create(vacant.clone(), fields, reason))
            }
            (None, None) => None,
        };
        StageWrites {
            definition,
            import,
            record: Some(DefinitionRecord {
                content_digest: content,
                ..record
            }),
            skip: None,
            link: Link::Own,
        }
    }

    /// The remaining writes when API Center refuses the definition, or the document of one that was just `made`.
    #[must_use]
    pub fn refused(&self, made: bool) -> StageWrites {
        let record = match &self.definition {
            DefinitionPlan::Exported { .. } | DefinitionPlan::Compared { .. } => None,
            DefinitionPlan::Untouched { .. } | DefinitionPlan::Removed(_) => Some(self.recorded.clone()),
        };
        StageWrites::of(record, self.link(made || self.has_definition()))
    }

    /// The deployment's write, once its definition is known.
    pub(super) fn deployment_write(&self, link: Link) -> Option<Write> {
        let plan = self.deployment.as_ref()?;
        let (desired, seat) = (&self.desired, &self.seat);
        let found = match &plan.place {
            Place::Vacant(_) => None,
            Place::Found(_, properties) => Some(properties),
        };
        let marker = StageMarker::new(
            seat.integration.clone(),
            (&seat.api, &desired.name, &seat.version),
            &desired.from,
            (&seat.stage_name, &desired.deployment_id),
            found,
        );
        let named = |path: EntityPath| Some(json!(path.scoped_id()));
        let definition: Option<Option<Value>> = match link {
            Link::Nothing => Some(None),
            Link::Own => Some(named(seat.definition_path())),
            Link::Base => Some(named(seat.base_path())),
            Link::AsItIs => None,
        };
        let mut fields = desired.fields.enforced.clone();
        fields.extend(definition.map(|definition| (FieldPath::new(&["definitionId"]), definition)));
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

    /// Whether anything of the stage is written, as far as is known before the export.
    pub(super) fn has_changes(&self, base: &Base) -> bool {
        match self.turn(base) {
            Turn::Export => true,
            Turn::Write(writes) => writes.definition.is_some() || self.deployment_write(writes.link).is_some(),
        }
    }

    /// The changes to show before any export: an export counts as a change of the definition, unless the first member's
    /// may serve.
    pub(super) fn preview(&self, base: &Base) -> Vec<Change> {
        let unfinished = self.finish(None, base);
        let is_exported = matches!(self.turn(base), Turn::Export);
        let mut changes = Vec::new();
        match &self.definition {
            DefinitionPlan::Exported {
                vacant: Some(vacant),
                current: None,
                reason,
                ..
            } => {
                let fields = definition_fields(self.seat.format);
                let write = Write::create(vacant.clone(), fields, *reason);
                changes.push(write.change().clone());
            }
            DefinitionPlan::Exported {
                current: Some((owned, _)),
                reason,
                ..
            } => changes.push(self.export_change(owned, reason)),
            DefinitionPlan::Compared {
                current: Some((owned, _)),
                ..
            } if is_exported => changes.push(self.export_change(owned, "the stage was deployed or changed")),
            DefinitionPlan::Exported { .. }
            | DefinitionPlan::Compared { .. }
            | DefinitionPlan::Removed(_)
            | DefinitionPlan::Untouched { .. } => {
                changes.extend(unfinished.definition.iter().map(|write| write.change().clone()));
            }
        }
        let link = match unfinished.link {
            Link::Nothing if self.needs_export() => Link::Own,
            link => link,
        };
        changes.extend(self.deployment_write(link).iter().map(|write| write.change().clone()));
        changes
    }

    fn export_change(&self, owned: &Owned, reason: &str) -> Change {
        let revision = |revision: Option<String>| revision.map(|revision| json!(revision));
        let change = FieldChange {
            path: FieldPath::new(&["content"]),
            before: revision(self.recorded.revision.clone()),
            after: revision(self.desired_revision()),
            rule: None,
        };
        Change {
            action: Action::Update,
            path: owned.path().clone(),
            reason: reason.to_owned(),
            fields: vec![change],
        }
    }
}
