//! The agenda of a run: what it works on, in which order, and how deeply.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Index;
use std::sync::Arc;

use super::observe::{Excluded, Sides, report};
use super::request::SyncRequest;
use crate::catalog::FoldedApi;
use crate::catalog::journal::Journal;
use crate::model::{
    Conflict, Cursor, Failure, Gateway, GatewayApi, GatewayReport, GatewayState, Skip, Skipped, SourceKey, deep_slot,
    slot,
};
use crate::plan::{Current, Hold, Job, Leaving, OwnedApis, survey};
use crate::planted::planted_deep_checks;
use crate::translate::api_title;

/// An API to work on.
#[derive(Debug)]
pub struct Task {
    /// What there is to do.
    pub job: Job,
    /// The APIs on Amazon that it stands for: all its members.
    pub apis: Members,
    /// Whether it is looked into although nothing says that it changed.
    pub deep: bool,
}

impl Task {
    /// The API on Amazon, of a group the first one.
    pub fn api(&self) -> &GatewayApi {
        &self.apis[self.job.key()]
    }

    /// The gateway that the API is on.
    pub fn gateway(&self) -> &Gateway {
        &self.job.key().gateway
    }

    /// The gateways of all its members, those that leave it included.
    pub fn gateways(&self) -> impl Iterator<Item = &Gateway> {
        let recorded = match &self.job.current {
            Current::Missing(_) => &[][..],
            Current::Owned(current) => &current.members,
        };
        let desired = self.job.desired.members.iter().map(|member| &member.key);
        desired.chain(recorded).map(|key| &key.gateway)
    }

    /// The APIs of the catalog that members come from, the last member first: what people wrote on the first one's counts.
    pub fn predecessors(&self) -> impl Iterator<Item = &(SourceKey, Arc<FoldedApi>)> {
        let members = self.job.desired.members.iter().rev();
        let all = self.job.predecessors.iter();
        members.flat_map(move |member| all.clone().filter(|(key, _)| *key == member.key))
    }

    /// What of it is not in the catalog, as far as is recorded.
    pub fn skipped(&self) -> Vec<Skip> {
        match &self.job.current {
            Current::Missing(_) => Vec::new(),
            Current::Owned(current) => current.marker().record.skipped,
        }
    }
}

/// The APIs on Amazon that an API of the catalog stands for: in little memory, as most have one, and a run holds ten thousand.
#[derive(Debug)]
pub struct Members(Box<[(SourceKey, GatewayApi)]>);

impl Members {
    /// The API of this key, if it is one of them.
    pub fn get(&self, key: &SourceKey) -> Option<&GatewayApi> {
        let mut members = self.0.iter();
        members.find(|(member, _)| member == key).map(|(_, api)| api)
    }

    /// Their keys.
    pub fn keys(&self) -> impl Iterator<Item = &SourceKey> {
        self.0.iter().map(|(key, _)| key)
    }
}

impl Index<&SourceKey> for Members {
    type Output = GatewayApi;

    /// # Panics
    /// When it is none of them.
    fn index(&self, key: &SourceKey) -> &GatewayApi {
        self.get(key).expect("a member of the API")
    }
}

/// What a run works on.
#[derive(Debug, Default)]
pub struct Tasks {
    /// The APIs, in the order in which their work is begun.
    pub order: Vec<Task>,
    /// What is ours and to go.
    pub leaving: Vec<Leaving>,
    /// How many APIs are ours, by gateway.
    pub owned: BTreeMap<Gateway, OwnedApis>,
    /// What stays out of the catalog.
    pub skips: Vec<Skipped>,
    /// What is in the way and not ours.
    pub conflicts: Vec<Conflict>,
    /// What no entity can be made for.
    pub failed: Vec<Failure>,
    /// What the integration's rules leave out.
    pub excluded: Vec<Excluded>,
    /// What there is to tell of each gateway.
    pub reports: BTreeMap<Gateway, GatewayReport>,
    /// Those of which something could not be read that was wanted.
    pub gaps: BTreeSet<Gateway>,
    /// What else there is to tell first.
    pub notes: Vec<String>,
    /// The titles of the APIs that there is no task for, by id in lower case.
    pub left_alone: HashMap<String, String>,
    /// Where the pass began and is, for the run that goes on with it.
    pub cursor: Option<Cursor>,
}

impl Tasks {
    /// Notes in the report of a gateway that removals are held.
    pub fn note_hold(&mut self, gateway: &Gateway, hold: &Hold) {
        let report = self
            .reports
            .entry(gateway.clone())
            .or_insert_with(|| report(None, gateway, GatewayState::Departed));
        report.held = Some(hold.count);
        report.deletions_id = Some(hold.deletions_id.clone());
        if let (GatewayState::Departed, Some((_, why))) = (report.state, &hold.departures) {
            report.message = Some(why.clone());
        }
    }

    /// Whether removals on a gateway are held.
    pub fn is_held(&self, gateway: &Gateway) -> bool {
        self.reports.get(gateway).is_some_and(|report| report.held.is_some())
    }
}

/// What the order depends on beside the two sides.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// What the last run left.
    pub journal: &'a Journal,
    /// The ids of the APIs that it failed with.
    pub failed: &'a BTreeSet<String>,
    /// The hour since 1970; `None` where the outcome must not depend on the time, as that of a plan.
    pub hour: Option<i64>,
}

/// Puts what was observed in order.
pub fn agenda(sides: Sides, request: &SyncRequest, before: Before<'_>) -> Tasks {
    let Sides {
        rules,
        observed,
        mut apis,
        reports,
        mut gaps,
        notes,
        failed,
        excluded,
        ..
    } = sides;
    let cursor = before.journal.cursor.as_ref();
    let cursor = cursor.map(|cursor| cursor.for_run(request.deep, request.definitions));
    let survey = survey(&rules, observed, cursor.as_ref(), before.failed);
    let moving = survey.jobs.iter().flat_map(|job| &job.predecessors);
    let moving: BTreeSet<SourceKey> = moving.map(|(key, _)| key.clone()).collect();
    let mut tasks: Vec<Task> = survey
        .jobs
        .into_iter()
        .filter_map(|job| task(job, &mut apis, &moving, request, before.hour))
        .collect();
    apis.retain(|key, _| !moving.contains(key));
    if let Some(given_up_at) = &before.journal.given_up_at
        && !request.is_strict()
    {
        let first = tasks.iter().position(|task| task.job.desired.name == *given_up_at);
        tasks.rotate_left(first.unwrap_or_default());
    }
    let unread = survey.owned.iter().filter(|(_, owned)| owned.unread > 0);
    gaps.extend(unread.map(|(gateway, _)| gateway.clone()));
    Tasks {
        order: tasks,
        leaving: survey.leaving,
        owned: survey.owned,
        skips: survey.skips,
        conflicts: survey.conflicts,
        failed,
        excluded,
        reports,
        gaps,
        notes,
        left_alone: apis
            .into_values()
            .map(|api| (api.id.as_str().to_ascii_lowercase(), api_title(&api)))
            .collect(),
        cursor,
    }
}

fn task(
    job: Job,
    apis: &mut HashMap<SourceKey, GatewayApi>,
    moving: &BTreeSet<SourceKey>,
    request: &SyncRequest,
    hour: Option<i64>,
) -> Option<Task> {
    let members = job.desired.members.iter();
    let apis: Option<Box<[(SourceKey, GatewayApi)]>> = members
        .map(|member| {
            let key = &member.key;
            // What moves has a task where it was and one where it goes.
            let api = if moving.contains(key) {
                apis.get(key).cloned()
            } else {
                apis.remove(key)
            };
            Some((key.clone(), api?))
        })
        .collect();
    let apis = Members(apis?);
    let deep = match &job.current {
        Current::Missing(_) => false,
        Current::Owned(current) => {
            let is_due = hour.is_some_and(|hour| {
                planted_deep_checks().unwrap_or_else(|| deep_slot(hour) == slot(&job.desired.name))
            });
            request.deep
                || is_due && !job.is_passed
                || current.marker().record.is_unchecked()
                || request.retry_skipped && !current.marker().record.skipped.is_empty()
        }
    };
    Some(Task { job, apis, deep })
}
