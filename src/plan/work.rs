//! The work on one API, as a machine without I/O: an event goes in, the next step comes out.
//!
//! | where the API is | steps |
//! |---|---|
//! | it has the fingerprint of what it has to be | at most one write of its own fields |
//! | the catalog lacks it | create, read below, then as for one that is there |
//! | it is there | read below; if versions are missing: the first write, the versions, read below once more |
//! | then | the first write; for each version: export, version, definition, import, deployments; the last write |
//! | something of ours has no stage any more | wait for the guard; read stages and what is below again; delete; the last write |
//!
//! An event that does not answer the last step ends the work: that would be a defect of the driver.

use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::sync::Arc;

use super::api::{ApiPlan, Finished, plan_api, plan_listed_fields};
use super::below::{Below, Standing};
use super::definition::is_refusal;
use super::fields::Write;
use super::fingerprint::fingerprint;
use super::preview::{Preview, PreviewChange};
use super::removals::{Removal, plan_removals};
use super::rules::{RequiredMetadata, Rules, missing_message};
use super::version::{VersionPlan, VersionWrites};
use crate::catalog::marker::ApiState;
use crate::catalog::{Owned, OwnedApi};
use crate::model::{
    Conflict, Definition, DesiredApi, DesiredVersion, Document, Entity, EntityName, EntityPath, Export, Skip,
    SkipReason, Skipped,
};

/// What is to be done next for an API.
///
/// A step that fails ends the work on the API, unless it says otherwise. What ends the work on the gateway or the run is
/// not about one API: the driver knows that.
#[derive(Debug)]
pub enum Step {
    /// Create the API, if nothing is there. Answered by [`Event::Written`], or by [`Event::Found`] with what is there.
    Create(Write),
    /// List what is below the API; if it is deep, also compare the definitions' content. Answered by [`Event::Below`].
    Read {
        /// The API.
        api: Box<OwnedApi>,
        /// Whether the content is compared.
        deep: bool,
    },
    /// Make a write. Answered by [`Event::Written`]. That API Center refuses a definition for good is told by
    /// [`Event::Refused`] and does not end the work.
    Write(Write),
    /// Export a stage. Answered by [`Event::Exported`], or by [`Event::NotExported`], which does not end the work.
    Export(String),
    /// Import a document. Answered by [`Event::Imported`]; that API Center refuses it for good is told by
    /// [`Event::Refused`] and does not end the work.
    Import(Box<Import>),
    /// Wait until the guard has judged the removals of all APIs. Answered by [`Event::Judged`].
    AwaitRemovals,
    /// List the API's stages again, right before anything of them is removed. Answered by [`Event::Stages`].
    ReadStages,
    /// Nothing is left to do.
    Done,
}

/// A document on its way into a definition.
#[derive(Debug)]
pub struct Import {
    /// The definition.
    pub definition: Owned,
    /// The document.
    pub document: Document,
    /// Whether the definition is read back: it was found changed, and a service that rewrites what it is given is noted
    /// and not given the same text again and again.
    pub verify: bool,
}

/// What came of a step.
#[derive(Debug)]
pub enum Event {
    /// The work begins.
    Begin,
    /// Something is where the API was to be created.
    Found(Box<Entity>),
    /// A write was made; what API Center answered, unless it was a deletion.
    Written(Option<Box<Entity>>),
    /// API Center refuses a definition or its content for good, and why.
    Refused(String),
    /// What is below the API.
    Below(Below),
    /// Amazon's answer to an export.
    Exported(Export),
    /// Amazon gave no answer to work with.
    NotExported {
        /// Why.
        why: String,
        /// Whether it refuses the account, whatever is asked for.
        is_account_wide: bool,
    },
    /// The document was imported; the digest of what the catalog holds, where it was read back.
    Imported(Option<String>),
    /// How many of the API's removals are allowed, from the first on.
    Judged(usize),
    /// The names of the versions whose stages Amazon has.
    Stages(BTreeSet<EntityName>),
}

/// What became of an API.
#[derive(Debug, Default)]
pub struct Done {
    /// Whether it came into being.
    pub created: bool,
    /// Whether anything of it was written.
    pub updated: bool,
    /// Whether it turned out not to be ours, so that nothing more was done.
    pub left_alone: bool,
    /// Why it is another run's for now.
    pub remaining: Option<String>,
    /// What of it is not in the catalog.
    pub skips: Vec<Skip>,
    /// What is in its way and not ours.
    pub conflicts: Vec<Conflict>,
    /// How many definitions were imported.
    pub definitions_written: usize,
    /// Why something of it could not be written or exported now.
    pub failures: Vec<String>,
    /// How many of these are that Amazon refuses the account.
    pub refusals: usize,
    /// How many removals were made.
    pub removed: usize,
}

/// The work on one API.
#[derive(Debug)]
pub struct Work {
    rules: Arc<Rules>,
    desired: DesiredApi,
    deep: bool,
    on_demand: bool,
    state: State,
    done: Done,
}

#[derive(Debug)]
enum State {
    Begin(Standing),
    Creating(Box<ApiPlan>),
    Reading {
        standing: Standing,
        /// What a deep check found before, which is not made a second time.
        known: Below,
    },
    Probing {
        standing: Standing,
        below: Below,
        left: VecDeque<(EntityName, String)>,
    },
    ListingVersions(Standing, Box<ApiPlan>, Below),
    MakingVersions {
        standing: Standing,
        plan: Box<ApiPlan>,
        known: Below,
        left: VecDeque<Write>,
    },
    Opening(Box<ApiPlan>),
    Versions(Box<Progress>),
    AwaitingVerdict(Box<Progress>),
    AskingStages(Box<Progress>, usize),
    RereadingBelow(Box<Progress>, Vec<EntityName>),
    Removing(Box<Progress>, VecDeque<(EntityName, VecDeque<Write>)>),
    Closing,
    Settled,
    Ended,
}

/// How far the work below an API has come.
#[derive(Debug)]
struct Progress {
    api: OwnedApi,
    plan: ApiPlan,
    finished: Finished,
    version: usize,
    phase: Phase,
}

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

impl Work {
    /// The work on an API whose stages were read.
    ///
    /// `deep` has it looked into although nothing says that it changed; `on_demand` is whether definitions are imported on
    /// demand and this run demands them, which the fingerprint does not tell.
    #[must_use]
    pub fn new(rules: Arc<Rules>, desired: DesiredApi, standing: Standing, deep: bool, on_demand: bool) -> Self {
        Self {
            rules,
            desired,
            deep,
            on_demand,
            state: State::Begin(standing),
            done: Done::default(),
        }
    }

    /// The API as it has to be.
    #[must_use]
    pub fn desired(&self) -> &DesiredApi {
        &self.desired
    }

    /// What became of the API so far.
    #[must_use]
    pub fn done(&self) -> &Done {
        &self.done
    }

    /// The same, at the end.
    #[must_use]
    pub fn into_done(self) -> Done {
        self.done
    }

    /// Whether the work is still finding out what there is to do.
    #[must_use]
    pub fn is_looking(&self) -> bool {
        matches!(self.state, State::Reading { .. } | State::Probing { .. })
    }

    /// The removals that wait for the guard, in the order in which they are allowed.
    #[must_use]
    pub fn removals(&self) -> &[Removal] {
        self.plan().map_or(&[], |plan| &plan.removals)
    }

    /// What is known of the plan, as far as it is made and not carried out.
    fn plan(&self) -> Option<&ApiPlan> {
        match &self.state {
            State::Creating(plan)
            | State::ListingVersions(_, plan, _)
            | State::MakingVersions { plan, .. }
            | State::Opening(plan) => Some(plan),
            State::Versions(progress)
            | State::AwaitingVerdict(progress)
            | State::AskingStages(progress, _)
            | State::RereadingBelow(progress, _)
            | State::Removing(progress, _) => Some(&progress.plan),
            State::Begin(_)
            | State::Reading { .. }
            | State::Probing { .. }
            | State::Closing
            | State::Settled
            | State::Ended => None,
        }
    }

    /// Adds what the next steps would change to a plan for people.
    pub fn add_to(&self, preview: &mut Preview, step: &Step) {
        let skips = match self.plan() {
            Some(plan) => &plan.skips,
            None => &self.done.skips,
        };
        let key = &self.desired.members[0];
        let skips = skips.iter().cloned();
        preview
            .skipped
            .extend(skips.map(|skip| Skipped::of(skip, key, &self.desired.title)));
        match (self.plan(), step) {
            (Some(plan), _) => {
                preview.conflicts.extend(plan.conflicts.iter().cloned());
                preview.changes.extend(plan.opening.iter().map(PreviewChange::from));
                let versions = plan.versions.iter().flat_map(VersionPlan::preview);
                preview.changes.extend(versions.map(PreviewChange::from));
                let removals = plan.removals.iter().flat_map(|removal| &removal.writes);
                preview.changes.extend(removals.map(PreviewChange::from));
            }
            (None, Step::Write(write)) => preview.changes.push(write.into()),
            (None, _) => preview.conflicts.extend(self.done.conflicts.iter().cloned()),
        }
    }

    /// What comes after an event.
    pub fn next(&mut self, event: Event) -> Step {
        match (mem::replace(&mut self.state, State::Ended), event) {
            (State::Begin(standing), Event::Begin) => self.begin(standing),
            (State::Creating(_), Event::Written(Some(api))) => self.created(&api),
            (State::Creating(_), Event::Found(found)) => self.was_there(&found),
            (State::Reading { standing, known }, Event::Below(below)) => self.read(standing, known, below),
            (State::Probing { standing, below, left }, event) => self.probed(standing, below, left, &event),
            (State::ListingVersions(standing, plan, known), Event::Written(Some(api))) => {
                match self.claimed(&api, &standing) {
                    Some(standing) => self.make_versions(standing, plan, known),
                    None => Step::Done,
                }
            }
            (
                State::MakingVersions {
                    standing,
                    plan,
                    known,
                    left,
                },
                Event::Written(_),
            ) => {
                self.done.updated = true;
                self.make_version(standing, plan, known, left)
            }
            (State::Opening(plan), Event::Written(Some(api))) => {
                self.done.updated = true;
                match OwnedApi::claim(&self.rules.integration, &api) {
                    Some(api) => self.begin_versions(api, *plan),
                    None => self.leave_alone(&api.name),
                }
            }
            (State::Versions(progress), event) => self.versions(progress, event),
            (State::AwaitingVerdict(progress), Event::Judged(allowed)) => self.judged(progress, allowed),
            (State::AskingStages(progress, allowed), Event::Stages(stages)) => self.reread(progress, allowed, &stages),
            (State::RereadingBelow(progress, names), Event::Below(below)) => {
                self.remove_found(progress, &names, &below)
            }
            (State::Removing(progress, left), Event::Written(_)) => {
                self.done.updated = true;
                self.remove(progress, left)
            }
            (State::Closing | State::Settled, Event::Written(_)) => {
                self.done.updated = true;
                Step::Done
            }
            (
                State::Begin(_)
                | State::Creating(_)
                | State::Reading { .. }
                | State::ListingVersions(..)
                | State::MakingVersions { .. }
                | State::Opening(_)
                | State::AwaitingVerdict(_)
                | State::AskingStages(..)
                | State::RereadingBelow(..)
                | State::Removing(..)
                | State::Closing
                | State::Settled
                | State::Ended,
                _,
            ) => Step::Done,
        }
    }

    /// The last write of work that an error has ended: what is below an API that is being made is claimed no longer.
    ///
    /// Not for work that is only put off: the next run goes on with it.
    #[must_use]
    pub fn disclaiming(&self) -> Option<Write> {
        match &self.state {
            State::ListingVersions(standing, plan, _) | State::MakingVersions { standing, plan, .. } => {
                plan.disclaiming(standing.owned()?)
            }
            State::Versions(progress)
            | State::AskingStages(progress, _)
            | State::RereadingBelow(progress, _)
            | State::Removing(progress, _) => progress.plan.disclaiming(&progress.api),
            State::Begin(_)
            | State::Creating(_)
            | State::Reading { .. }
            | State::Probing { .. }
            | State::Opening(_)
            | State::AwaitingVerdict(_)
            | State::Closing
            | State::Settled
            | State::Ended => None,
        }
    }

    fn begin(&mut self, standing: Standing) -> Step {
        let current = standing.owned();
        let missing = RequiredMetadata::missing(
            &self.rules.required.api,
            current.map(|api| &api.entity.properties),
            &self.desired.fields.initial,
        );
        if !missing.is_empty() {
            self.done.skips.push(Skip {
                stage_name: None,
                reason: SkipReason::MissingMetadata,
                message: missing_message("api", &missing),
            });
            return Step::Done;
        }
        match standing {
            Standing::Missing(_) => {
                let plan = plan_api(&self.rules, &self.desired, &standing, &Below::default());
                let Some(opening) = plan.opening.clone() else {
                    return Step::Done;
                };
                self.state = State::Creating(Box::new(plan));
                Step::Create(opening)
            }
            Standing::Owned(api) if self.is_settled(&api) => {
                self.done.skips.clone_from(&api.marker.record.skipped);
                match plan_listed_fields(&self.rules, &self.desired, &api) {
                    Some(write) => {
                        self.state = State::Settled;
                        Step::Write(write)
                    }
                    None => Step::Done,
                }
            }
            Standing::Made(_) | Standing::Owned(_) => self.list(standing, self.deep, Below::default()),
        }
    }

    fn is_settled(&self, api: &OwnedApi) -> bool {
        let expected = fingerprint(&self.desired, self.rules.on_demand);
        !self.deep && !self.on_demand && api.marker.record.fingerprint.as_ref() == Some(&expected)
    }

    fn list(&mut self, standing: Standing, deep: bool, known: Below) -> Step {
        let Some(api) = standing.owned().cloned().map(Box::new) else {
            return Step::Done;
        };
        self.state = State::Reading { standing, known };
        Step::Read { api, deep }
    }

    fn created(&mut self, api: &Entity) -> Step {
        self.done.created = true;
        let Some(mut api) = OwnedApi::claim(&self.rules.integration, api) else {
            return self.leave_alone(&api.name);
        };
        // The service may have kept what was below an earlier API of this name: it is ours until this run ends.
        api.marker.record.state = ApiState::Creating;
        self.list(Standing::Made(Box::new(api)), false, Below::default())
    }

    /// Somebody has made the API since it was looked for: another run of this integration, or somebody else.
    fn was_there(&mut self, found: &Entity) -> Step {
        if OwnedApi::claim(&self.rules.integration, found).is_some() {
            self.done.remaining = Some(format!("apis/{} is being made by another run", found.name));
            return Step::Done;
        }
        self.leave_alone(&found.name)
    }

    fn leave_alone(&mut self, api: &EntityName) -> Step {
        self.done.left_alone = true;
        self.done.conflicts.push(Conflict {
            name: EntityPath::Api(api.clone()).to_string(),
        });
        Step::Done
    }

    fn claimed(&mut self, api: &Entity, before: &Standing) -> Option<Standing> {
        self.done.updated = true;
        match OwnedApi::claim(&self.rules.integration, api) {
            Some(api) if matches!(before, Standing::Made(_)) => Some(Standing::Made(Box::new(api))),
            Some(api) => Some(Standing::Owned(Box::new(api))),
            None => {
                self.leave_alone(&api.name);
                None
            }
        }
    }

    fn read(&mut self, standing: Standing, known: Below, below: Below) -> Step {
        let below = Below {
            damaged: below.damaged.into_iter().chain(known.damaged).collect(),
            exportable: known.exportable,
            ..below
        };
        let refused = |version: &&DesiredVersion| {
            let skipped = standing.owned().map(|api| &api.marker.record.skipped);
            skipped.is_some_and(|skipped| skipped.iter().any(|skip| is_refusal(skip, version)))
        };
        // What Amazon refused stays refused until the stage changes, unless a deep check finds that it does no longer.
        let probes = self.desired.versions.iter().filter(|_| self.deep).filter(refused);
        let left: VecDeque<_> = probes
            .filter(|version| matches!(version.definition, Definition::Exported(_)))
            .filter(|version| !below.exportable.contains(&version.name))
            .map(|version| (version.name.clone(), version.stage_name.clone()))
            .collect();
        self.deep = false;
        self.probe(standing, below, left)
    }

    fn probe(&mut self, standing: Standing, below: Below, left: VecDeque<(EntityName, String)>) -> Step {
        match left.front() {
            Some((_, stage)) => {
                let step = Step::Export(stage.clone());
                self.state = State::Probing { standing, below, left };
                step
            }
            None => self.plan_all(standing, below),
        }
    }

    fn probed(
        &mut self,
        standing: Standing,
        mut below: Below,
        mut left: VecDeque<(EntityName, String)>,
        event: &Event,
    ) -> Step {
        if let (Some((version, _)), Event::Exported(Export::Document(_))) = (left.pop_front(), event) {
            below.exportable.insert(version);
        }
        self.probe(standing, below, left)
    }

    fn plan_all(&mut self, standing: Standing, below: Below) -> Step {
        let plan = Box::new(plan_api(&self.rules, &self.desired, &standing, &below));
        self.done.skips.clone_from(&plan.skips);
        self.done.conflicts.clone_from(&plan.conflicts);
        if !plan.has_changes() {
            return Step::Done;
        }
        let is_there = matches!(standing, Standing::Owned(_));
        if is_there && plan.makes_versions() {
            // With new versions comes back what the service kept of earlier ones of their names.
            return match plan.opening.clone() {
                Some(opening) => {
                    self.state = State::ListingVersions(standing, plan, below);
                    Step::Write(opening)
                }
                None => self.make_versions(standing, plan, below),
            };
        }
        match (plan.opening.clone(), standing) {
            (Some(opening), _) => {
                self.state = State::Opening(plan);
                Step::Write(opening)
            }
            (None, Standing::Made(api) | Standing::Owned(api)) => self.begin_versions(*api, *plan),
            (None, Standing::Missing(_)) => Step::Done,
        }
    }

    fn make_versions(&mut self, standing: Standing, plan: Box<ApiPlan>, known: Below) -> Step {
        let made = plan.versions.iter().filter(|version| version.makes_version());
        let left = made.filter_map(|version| version.version.clone()).collect();
        self.make_version(standing, plan, known, left)
    }

    fn make_version(
        &mut self,
        standing: Standing,
        plan: Box<ApiPlan>,
        known: Below,
        mut left: VecDeque<Write>,
    ) -> Step {
        match left.pop_front() {
            Some(write) => {
                self.state = State::MakingVersions {
                    standing,
                    plan,
                    known,
                    left,
                };
                Step::Write(write)
            }
            None => self.list(standing, false, known),
        }
    }

    fn begin_versions(&mut self, api: OwnedApi, plan: ApiPlan) -> Step {
        self.go_on(Box::new(Progress {
            api,
            plan,
            finished: Finished::default(),
            version: 0,
            phase: Phase::Export,
        }))
    }

    /// Takes what came of a step below the API.
    fn versions(&mut self, mut progress: Box<Progress>, event: Event) -> Step {
        let phase = mem::replace(&mut progress.phase, Phase::Export);
        progress.phase = match (phase, event) {
            (Phase::Export, Event::Exported(export)) => Phase::Version(Some(export)),
            (Phase::Export, Event::NotExported { why, is_account_wide }) => {
                progress.finished.incomplete = true;
                self.done.refusals += usize::from(is_account_wide);
                self.done.failures.push(why);
                Phase::Version(None)
            }
            (Phase::Version(export), Event::Written(_)) => {
                self.done.updated = true;
                progress.exported(export)
            }
            (Phase::Definition(writes, document), Event::Written(_)) => {
                self.done.updated = true;
                Phase::Import(writes, document)
            }
            (Phase::Definition(..), Event::Refused(why)) => self.refused(&mut progress, false, why),
            (Phase::Importing(mut writes), Event::Imported(digest)) => {
                self.done.updated = true;
                self.done.definitions_written += 1;
                if let (Some(digest), Some(record)) = (digest, &mut writes.record) {
                    record.content_digest = Some(digest);
                }
                progress.deployments(writes)
            }
            (Phase::Importing(writes), Event::Refused(why)) => {
                let made = matches!(writes.definition, Some(Write::Create(..)));
                self.refused(&mut progress, made, why)
            }
            (Phase::Deployments(writes, left), Event::Written(_)) => {
                self.done.updated = true;
                Phase::Deployments(writes, left)
            }
            (_, _) => return Step::Done,
        };
        self.go_on(progress)
    }

    /// Goes on without a definition that API Center refuses.
    fn refused(&mut self, progress: &mut Progress, made: bool, why: String) -> Phase {
        progress.finished.incomplete = true;
        self.done.failures.push(why);
        let writes = progress.plan.versions[progress.version].refused(made);
        progress.deployments(writes)
    }

    /// The next step below the API.
    fn go_on(&mut self, mut progress: Box<Progress>) -> Step {
        while let Some(plan) = progress.plan.versions.get(progress.version) {
            let (phase, step) = match mem::replace(&mut progress.phase, Phase::Export) {
                Phase::Export if plan.needs_export() => {
                    (Phase::Export, Some(Step::Export(plan.desired.stage_name.clone())))
                }
                Phase::Export => (Phase::Version(None), None),
                // A version that was missing was made before what is below the API was read again.
                Phase::Version(export) => match &plan.version {
                    Some(write) => (Phase::Version(export), Some(Step::Write(write.clone()))),
                    None => (progress.exported(export), None),
                },
                Phase::Definition(writes, document) => match writes.definition.clone() {
                    Some(write) => (Phase::Definition(writes, document), Some(Step::Write(write))),
                    None => (Phase::Import(writes, document), None),
                },
                Phase::Import(writes, document) => match (writes.import, document, plan.import_target()) {
                    (true, Some(document), Some(definition)) => {
                        let verify = plan.is_damaged();
                        let import = Import {
                            definition,
                            document,
                            verify,
                        };
                        (Phase::Importing(writes), Some(Step::Import(Box::new(import))))
                    }
                    (_, _, _) => (progress.deployments(writes), None),
                },
                Phase::Importing(writes) => (progress.deployments(writes), None),
                Phase::Deployments(writes, mut left) => match left.pop_front() {
                    Some(write) => (Phase::Deployments(writes, left), Some(Step::Write(write))),
                    None => (progress.finish_version(writes), None),
                },
            };
            progress.phase = phase;
            if let Some(step) = step {
                self.state = State::Versions(progress);
                return step;
            }
        }
        self.done.skips.extend(progress.finished.skips.iter().cloned());
        if progress.plan.removals.is_empty() {
            return self.close(&progress);
        }
        self.state = State::AwaitingVerdict(progress);
        Step::AwaitRemovals
    }

    fn judged(&mut self, progress: Box<Progress>, allowed: usize) -> Step {
        if allowed == 0 {
            return self.close(&progress);
        }
        self.state = State::AskingStages(progress, allowed);
        Step::ReadStages
    }

    fn reread(&mut self, progress: Box<Progress>, allowed: usize, stages: &BTreeSet<EntityName>) -> Step {
        let removals = progress.plan.removals.iter().take(allowed);
        let (back, gone): (Vec<&Removal>, Vec<&Removal>) = removals.partition(|removal| stages.contains(&removal.name));
        if let Some(back) = back.first() {
            self.done.failures.push(format!(
                "stage {} is on Amazon although the list of this run lacks it, so it stays",
                back.name
            ));
        }
        let names: Vec<EntityName> = gone.iter().map(|removal| removal.name.clone()).collect();
        if names.is_empty() {
            return self.close(&progress);
        }
        let api = Box::new(progress.api.clone());
        self.state = State::RereadingBelow(progress, names);
        Step::Read { api, deep: false }
    }

    /// Removes what is there now of what was allowed: what people have added since stays.
    fn remove_found(&mut self, progress: Box<Progress>, names: &[EntityName], below: &Below) -> Step {
        let keeps = |entity: &Entity| !names.contains(&entity.name);
        let kept = below
            .versions
            .iter()
            .chain(&below.deployments)
            .filter(|entity| keeps(entity));
        let kept: BTreeSet<EntityName> = kept.map(|entity| entity.name.clone()).collect();
        let mut found = plan_removals(&progress.api, below, &kept, false);
        let mut left: VecDeque<(EntityName, VecDeque<Write>)> = VecDeque::new();
        for name in names {
            let writes = found.iter_mut().find(|removal| removal.name == *name);
            let writes = writes.map(|removal| mem::take(&mut removal.writes)).unwrap_or_default();
            left.push_back((name.clone(), writes.into()));
        }
        self.remove(progress, left)
    }

    fn remove(&mut self, mut progress: Box<Progress>, mut left: VecDeque<(EntityName, VecDeque<Write>)>) -> Step {
        while let Some((name, writes)) = left.front_mut() {
            if let Some(write) = writes.pop_front() {
                self.state = State::Removing(progress, left);
                return Step::Write(write);
            }
            progress.finished.removed.insert(name.clone());
            self.done.removed += 1;
            left.pop_front();
        }
        self.close(&progress)
    }

    fn close(&mut self, progress: &Progress) -> Step {
        match progress.plan.closing(&progress.api, &progress.finished) {
            Some(write) => {
                self.state = State::Closing;
                Step::Write(write)
            }
            None => Step::Done,
        }
    }
}

impl Progress {
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
