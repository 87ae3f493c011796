//! The progress of the work below an API: version after version, stage after stage, each in its phases.

use std::collections::VecDeque;
use std::mem;

use super::api::{ApiPlan, Finished};
use super::fields::Write;
use super::stage::{Base, Link, StagePlan, StageWrites, Turn};
use super::step::{Done, Event, Import, Step, export};
use super::version::OwnDefinition;
use crate::catalog::OwnedApi;
use crate::model::{Document, EntityName, Export};

/// The progress of the work below an API.
#[derive(Debug)]
pub(super) struct Progress {
    pub api: OwnedApi,
    pub plan: ApiPlan,
    pub finished: Finished,
    version: usize,
    stage: usize,
    phase: Phase,
    /// The links of the version's finished stages.
    links: Vec<Link>,
    base: Base,
}

/// The next thing to do for a stage of a version.
#[derive(Debug)]
enum Phase {
    Export,
    Version(Option<Export>),
    Definition(StageWrites, Option<Document>),
    Import(StageWrites, Option<Document>),
    /// The document is being imported.
    Importing(StageWrites),
    Deployment(StageWrites, Option<Write>),
    /// All stages of the version are finished: delete unused definitions.
    Tidying(VecDeque<Write>),
}

impl Progress {
    /// Starts the work after the API's first write.
    pub fn begin(api: OwnedApi, plan: ApiPlan) -> Self {
        let mut progress = Self {
            api,
            plan,
            finished: Finished::default(),
            version: 0,
            stage: 0,
            phase: Phase::Export,
            links: Vec::new(),
            base: Base::default(),
        };
        progress.begin_version();
        progress
    }

    /// Takes the event after the last step; returns whether it answers that step.
    pub fn take(&mut self, event: Event, done: &mut Done) -> bool {
        self.phase = match (mem::replace(&mut self.phase, Phase::Export), event) {
            (Phase::Export, Event::Exported(export)) => Phase::Version(Some(export)),
            (Phase::Export, Event::NotExported { why, is_account_wide }) => {
                self.finished.incomplete = true;
                done.refusals += usize::from(is_account_wide);
                done.failures.push(why);
                Phase::Version(None)
            }
            (Phase::Version(export), Event::Written(_)) => {
                done.updated = true;
                self.exported(export)
            }
            (Phase::Definition(writes, document), Event::Written(_)) => {
                done.updated = true;
                Phase::Import(writes, document)
            }
            (Phase::Definition(..), Event::Refused(why)) => self.refused(false, why, done),
            (Phase::Importing(mut writes), Event::Imported(digest)) => {
                done.updated = true;
                done.definitions_written += 1;
                if let (Some(digest), Some(record)) = (digest, &mut writes.record) {
                    record.content_digest = Some(digest);
                }
                self.deployment(writes)
            }
            (Phase::Importing(writes), Event::Refused(why)) => self.refused(writes.makes_definition(), why, done),
            (Phase::Deployment(writes, None), Event::Written(_)) => {
                done.updated = true;
                Phase::Deployment(writes, None)
            }
            (Phase::Tidying(left), Event::Written(_)) => {
                self.finished.is_tidied = true;
                done.updated = true;
                Phase::Tidying(left)
            }
            // Somebody refers to it now, or the deletion is impossible for another reason: the version's next change
            // tries again.
            (Phase::Tidying(left), Event::Refused(_)) => Phase::Tidying(left),
            (_, _) => return false,
        };
        true
    }

    /// The next step; `None` once all versions are finished.
    pub fn next_step(&mut self) -> Option<Step> {
        loop {
            let version = self.plan.versions.get(self.version)?;
            let plan = version.stages.get(self.stage);
            let (phase, step) = match (mem::replace(&mut self.phase, Phase::Export), plan) {
                (Phase::Export, Some(plan)) => match plan.turn(&self.base) {
                    Turn::Export => (Phase::Export, Some(export(&version.desired.stage_name, &plan.desired))),
                    Turn::Write(_) => (Phase::Version(None), None),
                },
                // A missing version was created before the read of everything below the API.
                (Phase::Version(export), Some(_)) => match &version.version {
                    Some(write) if self.stage == 0 => (Phase::Version(export), Some(Step::Write(write.clone()))),
                    Some(_) | None => (self.exported(export), None),
                },
                (Phase::Definition(writes, document), Some(_)) => match writes.definition.clone() {
                    Some(write) => (Phase::Definition(writes, document), Some(Step::Write(write))),
                    None => (Phase::Import(writes, document), None),
                },
                (Phase::Import(writes, document), Some(plan)) => self.import(plan, writes, document),
                (Phase::Importing(writes), Some(_)) => (self.deployment(writes), None),
                (Phase::Deployment(writes, write), Some(_)) => match write {
                    Some(write) => (Phase::Deployment(writes, None), Some(Step::Write(write))),
                    None => (self.finish_stage(writes), None),
                },
                (Phase::Tidying(mut left), _) => match left.pop_front() {
                    Some(write) => (Phase::Tidying(left), Some(Step::Write(write))),
                    None => (self.finish_version(), None),
                },
                (_, None) => (self.tidying(), None),
            };
            self.phase = phase;
            if step.is_some() {
                return step;
            }
        }
    }

    fn import(&self, plan: &StagePlan, writes: StageWrites, document: Option<Document>) -> (Phase, Option<Step>) {
        match (writes.import, document, plan.import_target()) {
            (true, Some(document), Some(definition)) => {
                let import = Import {
                    definition,
                    document,
                    verify: plan.is_damaged(),
                };
                (Phase::Importing(writes), Some(Step::Import(Box::new(import))))
            }
            (_, _, _) => (self.deployment(writes), None),
        }
    }

    fn plan(&self) -> Option<&StagePlan> {
        self.plan.versions.get(self.version)?.stages.get(self.stage)
    }

    /// Continues without a definition that API Center refuses.
    fn refused(&mut self, made: bool, why: String, done: &mut Done) -> Phase {
        self.finished.incomplete = true;
        done.failures.push(why);
        let writes = self.plan().map(|plan| plan.refused(made));
        writes.map_or_else(|| self.tidying(), |writes| self.deployment(writes))
    }

    fn exported(&self, export: Option<Export>) -> Phase {
        let Some(plan) = self.plan() else { return self.tidying() };
        let writes = plan.finish(export.as_ref(), &self.base);
        let document = match export {
            Some(Export::Document(document)) => Some(document),
            Some(Export::Unavailable { .. }) | None => None,
        };
        Phase::Definition(writes, document)
    }

    fn deployment(&self, writes: StageWrites) -> Phase {
        let write = self.plan().and_then(|plan| plan.deployment_write(writes.link));
        Phase::Deployment(writes, write)
    }

    /// Records the result of a stage; returns the phase of the next one.
    fn finish_stage(&mut self, writes: StageWrites) -> Phase {
        let Some(plan) = self.plan.versions.get(self.version) else {
            return Phase::Export;
        };
        let Some(stage) = plan.stages.get(self.stage) else {
            return Phase::Export;
        };
        if !stage.seat.leads && writes.link == Link::Own {
            let own = self.finished.own_definitions.entry(plan.desired.name.clone());
            own.or_default().insert(stage.seat.definition_name());
            self.base.room -= usize::from(writes.makes_definition()).min(self.base.room);
        }
        if stage.seat.leads {
            self.base = writes.base(self.base.room);
        }
        let name = stage.desired.name.clone();
        self.finished
            .definitions
            .extend(writes.record.map(|record| (name, record)));
        self.finished.skips.extend(writes.skip);
        self.links.push(writes.link);
        self.stage += 1;
        Phase::Export
    }

    /// What is left for a version after its stages.
    fn tidying(&self) -> Phase {
        let plan = self.plan.versions.get(self.version);
        let spare = plan.map(|plan| plan.spare(&self.links)).unwrap_or_default();
        Phase::Tidying(spare.into_iter().map(OwnDefinition::removal).collect())
    }

    fn finish_version(&mut self) -> Phase {
        if let Some(plan) = self.plan.versions.get(self.version) {
            let removed = plan.stages.iter().filter(|stage| stage.removes_definition());
            let mut gone: Vec<EntityName> = removed.map(|stage| stage.seat.definition_name()).collect();
            gone.extend(plan.spare(&self.links).into_iter().map(|own| own.name.clone()));
            let kept = plan.own.iter().map(|own| &own.name).filter(|name| !gone.contains(name));
            let own = self.finished.own_definitions.entry(plan.desired.name.clone());
            own.or_default().extend(kept.cloned());
        }
        self.version += 1;
        self.begin_version();
        Phase::Export
    }

    fn begin_version(&mut self) {
        self.stage = 0;
        self.links.clear();
        if let Some(plan) = self.plan.versions.get(self.version) {
            self.base = plan.base();
        }
    }
}
