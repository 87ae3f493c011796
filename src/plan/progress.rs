//! How far the work below an API has come: version after version, each in its phases.

use std::collections::VecDeque;
use std::mem;

use super::api::{ApiPlan, Finished};
use super::fields::Write;
use super::step::{Done, Event, Import, Step, export};
use super::version::VersionWrites;
use crate::catalog::OwnedApi;
use crate::model::{Document, Export};

/// How far the work below an API has come.
#[derive(Debug)]
pub(super) struct Progress {
    pub api: OwnedApi,
    pub plan: ApiPlan,
    pub finished: Finished,
    version: usize,
    phase: Phase,
}

/// What comes next for a version.
#[derive(Debug)]
enum Phase {
    Export,
    Version(Option<Export>),
    Definition(VersionWrites, Option<Document>),
    Import(VersionWrites, Option<Document>),
    /// The document is on its way.
    Importing(VersionWrites),
    Deployments(VersionWrites, VecDeque<Write>),
}

impl Progress {
    /// The work that follows the API's first write.
    pub fn begin(api: OwnedApi, plan: ApiPlan) -> Self {
        Self {
            api,
            plan,
            finished: Finished::default(),
            version: 0,
            phase: Phase::Export,
        }
    }

    /// Takes what came of the last step; gives whether it answers that.
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
                self.deployments(writes)
            }
            (Phase::Importing(writes), Event::Refused(why)) => {
                let made = matches!(writes.definition, Some(Write::Create(..)));
                self.refused(made, why, done)
            }
            (Phase::Deployments(writes, left), Event::Written(_)) => {
                done.updated = true;
                Phase::Deployments(writes, left)
            }
            (_, _) => return false,
        };
        true
    }

    /// The next step; `None` when all versions are done.
    pub fn next_step(&mut self) -> Option<Step> {
        loop {
            let plan = self.plan.versions.get(self.version)?;
            let (phase, step) = match mem::replace(&mut self.phase, Phase::Export) {
                Phase::Export if plan.needs_export() => (Phase::Export, Some(export(&plan.desired))),
                Phase::Export => (Phase::Version(None), None),
                // A version that was missing was made before what is below the API was read again.
                Phase::Version(export) => match &plan.version {
                    Some(write) => (Phase::Version(export), Some(Step::Write(write.clone()))),
                    None => (self.exported(export), None),
                },
                Phase::Definition(writes, document) => match writes.definition.clone() {
                    Some(write) => (Phase::Definition(writes, document), Some(Step::Write(write))),
                    None => (Phase::Import(writes, document), None),
                },
                Phase::Import(writes, document) => self.import(writes, document),
                Phase::Importing(writes) => (self.deployments(writes), None),
                Phase::Deployments(writes, mut left) => match left.pop_front() {
                    Some(write) => (Phase::Deployments(writes, left), Some(Step::Write(write))),
                    None => (self.finish_version(writes), None),
                },
            };
            self.phase = phase;
            if step.is_some() {
                return step;
            }
        }
    }

    fn import(&self, writes: VersionWrites, document: Option<Document>) -> (Phase, Option<Step>) {
        let plan = &self.plan.versions[self.version];
        match (writes.import, document, plan.import_target()) {
            (true, Some(document), Some(definition)) => {
                let import = Import {
                    definition,
                    document,
                    verify: plan.is_damaged(),
                };
                (Phase::Importing(writes), Some(Step::Import(Box::new(import))))
            }
            (_, _, _) => (self.deployments(writes), None),
        }
    }

    /// Goes on without a definition that API Center refuses.
    fn refused(&mut self, made: bool, why: String, done: &mut Done) -> Phase {
        self.finished.incomplete = true;
        done.failures.push(why);
        let writes = self.plan.versions[self.version].refused(made);
        self.deployments(writes)
    }

    fn exported(&self, export: Option<Export>) -> Phase {
        let writes = self.plan.versions[self.version].finish(export.as_ref());
        let document = match export {
            Some(Export::Document(document)) => Some(document),
            Some(Export::Unavailable { .. }) | None => None,
        };
        Phase::Definition(writes, document)
    }

    fn deployments(&self, writes: VersionWrites) -> Phase {
        let left = self.plan.versions[self.version].deployment_writes(&writes).into();
        Phase::Deployments(writes, left)
    }

    /// Notes what came of a version; gives where the next one begins.
    fn finish_version(&mut self, writes: VersionWrites) -> Phase {
        let name = self.plan.versions[self.version].desired.name.clone();
        self.finished
            .definitions
            .extend(writes.record.map(|record| (name, record)));
        self.finished.skips.extend(writes.skip);
        self.version += 1;
        Phase::Export
    }
}
