//! The agenda of a run: its APIs, their order, and which are checked deeply.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Index;
use std::sync::Arc;

use super::ground::Ground;
use super::observe::{Excluded, Sides, report};
use super::request::SyncRequest;
use crate::catalog::FoldedApi;
use crate::catalog::journal::Journal;
use crate::model::{
    Conflict, Cursor, DesiredApi, Failure, Gateway, GatewayApi, GatewayReport, GatewayState, Skip, Skipped, SourceKey,
    deep_slot, slot,
};
use crate::plan::{Current, Hold, Job, Leaving, OwnedApis, survey};
use crate::planted::planted_deep_checks;
use crate::translate::api_title;

/// An API to work on.
#[derive(Debug)]
pub struct Task {
    /// The work to do.
    pub job: Job,
    /// All its members.
    pub apis: Members,
    /// Whether it is checked deeply even if nothing indicates a change.
    pub deep: bool,
}

impl Task {
    /// The API on AWS; of a group, the first member.
    pub fn api(&self) -> &GatewayApi {
        &self.apis[self.job.key()]
    }

    /// The gateway of that API.
    pub fn gateway(&self) -> &Gateway {
        &self.job.key().gateway
    }

    /// The gateways of all its members, including those that leave it.
    pub fn gateways(&self) -> impl Iterator<Item = &Gateway> {
        let recorded = match &self.job.current {
            Current::Missing(_) => &[][..],
            Current::Owned(current) => &current.members,
        };
        let desired = self.job.desired.members.iter().map(|member| &member.key);
        desired.chain(recorded).map(|key| &key.gateway)
    }

    /// The previous catalog APIs of its members, the last member first, so that the first one's user edits win.
    pub fn predecessors(&self) -> impl Iterator<Item = &(SourceKey, Arc<FoldedApi>)> {
        let members = self.job.desired.members.iter().rev();
        let all = self.job.predecessors.iter();
        members.flat_map(move |member| all.clone().filter(|(key, _)| *key == member.key))
    }

    /// Its recorded skips.
    pub fn skipped(&self) -> Vec<Skip> {
        match &self.job.current {
            Current::Missing(_) => Vec::new(),
            Current::Owned(current) => current.marker().record.skipped,
        }
    }
}

/// The members of a catalog API. Most have one member and a run holds ten thousand of them, so this is no map.
#[derive(Debug)]
pub struct Members(Box<[(SourceKey, GatewayApi)]>);

impl Members {
    /// The member with this key.
    pub fn get(&self, key: &SourceKey) -> Option<&GatewayApi> {
        let mut members = self.0.iter();
        members.find(|(member, _)| member == key).map(|(_, api)| api)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&SourceKey, &GatewayApi)> + Clone {
        self.0.iter().map(|(key, api)| (key, api))
    }

    /// Their keys.
    pub fn keys(&self) -> impl Iterator<Item = &SourceKey> {
        self.iter().map(|(key, _)| key)
    }
}

impl Index<&SourceKey> for Members {
    type Output = GatewayApi;

    /// # Panics
    /// If there is none.
    fn index(&self, key: &SourceKey) -> &GatewayApi {
        let place = self.0.iter().position(|(member, _)| member == key);
        &self.0[place.unwrap_or(self.0.len())].1
    }
}

/// The work of a run.
#[derive(Debug, Default)]
pub struct Tasks {
    /// The APIs, in the order in which work on them begins.
    pub order: Vec<Task>,
    /// Our APIs that are to be removed.
    pub leaving: Vec<Leaving>,
    /// The number of our APIs, by gateway.
    pub owned: BTreeMap<Gateway, OwnedApis>,
    /// APIs that stay out of the catalog.
    pub skips: Vec<Skipped>,
    /// Entities of others that are in the way.
    pub conflicts: Vec<Conflict>,
    /// APIs that no entity can be made for.
    pub failed: Vec<Failure>,
    /// APIs excluded by the integration's rules.
    pub excluded: Vec<Excluded>,
    /// The report of each gateway.
    pub reports: BTreeMap<Gateway, GatewayReport>,
    /// Gateways that could not be read completely.
    pub gaps: BTreeSet<Gateway>,
    /// Further notes for the report.
    pub notes: Vec<String>,
    /// The titles of APIs without a task, by lower-case id.
    pub left_alone: HashMap<String, String>,
    /// The start and position of the pass, for the run that continues it.
    pub cursor: Option<Cursor>,
}

impl Tasks {
    /// Records held removals in a gateway's report.
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

/// What the agenda depends on besides the observations.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The journal of the last run.
    pub journal: &'a Journal,
    /// The ids of the APIs that failed in the last run.
    pub failed: &'a BTreeSet<String>,
    /// The hour since 1970; `None` if the result must not depend on the time, as in a plan.
    pub hour: Option<i64>,
}

/// Makes the agenda from the observations.
pub fn agenda(sides: Sides, ground: &Ground, request: &SyncRequest, before: Before<'_>) -> Tasks {
    let Sides {
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
    let add_fields = |api: &mut DesiredApi| ground.add_fields(api, |key| apis.get(key));
    let survey = survey(&ground.rules, observed, cursor.as_ref(), before.failed, add_fields);
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
            // A moving API has two tasks: one at its old place, one at the new.
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
                // Unchecked means without a fingerprint, and such an API comes first.
                || job.comes_first && current.marker().record.is_unchecked()
                || request.retry_skipped && !current.marker().record.skipped.is_empty()
        }
    };
    Some(Task { job, apis, deep })
}
