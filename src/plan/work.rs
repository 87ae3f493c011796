//! The work on one API as a state machine without I/O: an event goes in, the next step comes out.
//!
//! | the API | steps |
//! |---|---|
//! | has the desired fingerprint | at most one write of its own fields |
//! | is missing | create, read below, then as for an existing one |
//! | exists | read below; if versions are missing: the first write, the versions, read below again |
//! | then | the first write; for each version: export, version, definition, import, deployments; the last write |
//! | something of ours has no stage any more | wait for the guard; read stages and what is below again; delete; the last write |
//!
//! An event that does not answer the last step ends the work: it would be a defect of the driver.

mod looking;
mod removing;

use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::sync::Arc;

use super::api::{ApiPlan, plan_listed_fields};
use super::below::{Below, Standing};
use super::fields::Write;
use super::fingerprint::is_current;
use super::members;
use super::planner::plan_api;
use super::progress::Progress;
use super::rules::{RequiredMetadata, Rules, missing_message};
use super::step::{Done, Event, Step};
use crate::catalog::OwnedApi;
use crate::catalog::marker::ApiState;
use crate::model::{Conflict, DesiredApi, DesiredDeployment, Entity, EntityName, EntityPath, Skip, SkipReason};

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
        /// The results of an earlier deep check, which is not repeated.
        known: Below,
    },
    Probing {
        standing: Standing,
        below: Below,
        /// The remaining stages, by name.
        left: VecDeque<(String, DesiredDeployment)>,
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
    AskingStages(Box<Progress>, BTreeSet<EntityName>),
    RereadingBelow(Box<Progress>, Vec<EntityName>),
    Removing(Box<Progress>, VecDeque<(EntityName, VecDeque<Write>)>),
    Closing,
    /// The words of the remaining members were planned again: one of the first was removed.
    ClosingForOthers,
    Settled,
    Ended,
}

impl Work {
    /// The work on an API whose stages were read.
    ///
    /// `deep` looks below it although nothing says that it changed; `on_demand` means that this run asks for
    /// definitions imported on demand, which the fingerprint does not cover.
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

    /// Records failed reads: the work continues without them.
    pub fn fail(&mut self, failures: Vec<String>) {
        self.done.failures.extend(failures);
    }

    /// The desired API.
    #[must_use]
    pub fn desired(&self) -> &DesiredApi {
        &self.desired
    }

    /// The outcome so far.
    #[must_use]
    pub fn done(&self) -> &Done {
        &self.done
    }

    /// The final outcome.
    #[must_use]
    pub fn into_done(self) -> Done {
        self.done
    }

    /// Takes an event and returns the next step.
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
            (State::AskingStages(progress, allowed), Event::Stages(stages)) => self.reread(progress, &allowed, &stages),
            (State::RereadingBelow(progress, names), Event::Below(below)) => {
                self.remove_found(progress, &names, &below)
            }
            (State::Removing(progress, left), Event::Written(_)) => {
                self.done.updated = true;
                self.remove(progress, left)
            }
            (State::ClosingForOthers, Event::Written(Some(api))) => {
                self.done.updated = true;
                match OwnedApi::claim(&self.rules.integration, &api) {
                    Some(api) => self.list(Standing::Owned(Box::new(api)), false, Below::default()),
                    None => Step::Done,
                }
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
                | State::ClosingForOthers
                | State::Settled
                | State::Ended,
                _,
            ) => Step::Done,
        }
    }

    /// The last write after an error: disclaims what is below an API under construction.
    ///
    /// Not for work that is only put off: the next run continues it.
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
            | State::ClosingForOthers
            | State::Settled
            | State::Ended => None,
        }
    }

    fn begin(&mut self, standing: Standing) -> Step {
        let current = standing.owned();
        let properties = current.map(|api| &api.entity.properties);
        let members = members::members(&self.desired, current.map(|api| &api.marker));
        let given = members::api_fields(&members, properties);
        let missing = RequiredMetadata::missing(&self.rules.required.api, properties, &given);
        if !missing.is_empty() {
            self.done.skips.push(Skip {
                member: None,
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
        !self.deep && !self.on_demand && is_current(&self.desired, &api.marker, self.rules.on_demand)
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
        // The service may have kept entities below an earlier API of this name: they are ours until this run ends.
        api.marker.record.state = ApiState::Creating;
        self.list(Standing::Made(Box::new(api)), false, Below::default())
    }

    /// Handles an API that appeared since the look: another run of this integration created it, or somebody else.
    fn was_there(&mut self, found: &Entity) -> Step {
        if OwnedApi::claim(&self.rules.integration, found).is_some() {
            self.done.remaining = Some(format!("another run is creating apis/{}", found.name));
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

    fn plan_all(&mut self, standing: Standing, below: Below) -> Step {
        let plan = Box::new(plan_api(&self.rules, &self.desired, &standing, &below));
        self.done.skips.clone_from(&plan.skips);
        self.done.conflicts.clone_from(&plan.conflicts);
        if !plan.has_changes() {
            return Step::Done;
        }
        let is_there = matches!(standing, Standing::Owned(_));
        if is_there && plan.makes_versions() {
            // New versions bring back what the service kept of earlier ones with their names.
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
        self.go_on(Box::new(Progress::begin(api, plan)))
    }

    /// Takes the event after a step below the API.
    fn versions(&mut self, mut progress: Box<Progress>, event: Event) -> Step {
        if progress.take(event, &mut self.done) {
            self.go_on(progress)
        } else {
            Step::Done
        }
    }

    /// The next step below the API, or what follows after all versions.
    fn go_on(&mut self, mut progress: Box<Progress>) -> Step {
        if let Some(step) = progress.next_step() {
            self.state = State::Versions(progress);
            return step;
        }
        self.done.skips.extend(progress.finished.skips.iter().cloned());
        if progress.plan.removals.is_empty() {
            return self.close(&progress);
        }
        self.state = State::AwaitingVerdict(progress);
        Step::AwaitRemovals
    }

    fn close(&mut self, progress: &Progress) -> Step {
        match progress.plan.closing(&progress.api, &progress.finished) {
            Some(write) => {
                self.state = if progress.plan.is_led_by_another(&progress.finished) {
                    State::ClosingForOthers
                } else {
                    State::Closing
                };
                Step::Write(write)
            }
            None => Step::Done,
        }
    }
}
