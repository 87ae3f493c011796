//! Counts what a run does.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::apply::{Ended, Worked};
use super::interruption::Wait;
use crate::model::{
    Conflict, Failure, Gateway, GatewayReport, GatewayState, Outcome, Report, Requests, Skip, SkipReason, Skipped,
    rfc3339, whole_seconds,
};

/// The results of a run so far. Counts are of APIs.
#[derive(Debug, Default)]
pub struct Tally {
    /// Created APIs.
    pub created: usize,
    /// Updated APIs.
    pub updated: usize,
    /// Deleted APIs.
    pub deleted: usize,
    /// Unchanged APIs.
    pub unchanged: usize,
    /// Unfinished APIs.
    pub remaining: usize,
    /// APIs that arrived in another one of the catalog; the next run removes them from the previous one.
    pub arrived: usize,
    /// Why the first of them remain, if known, and the latest time to wait for.
    pub wait: Option<Wait>,
    /// The refusals that ended work, with the gateway for those of one: then nothing else explains remaining APIs.
    pub refusals: Vec<(Option<Gateway>, String)>,
    /// Why the list of gateways is incomplete.
    pub notes: Vec<String>,
    /// Imported definitions.
    pub definitions_written: usize,
    /// What is skipped.
    pub skipped: Vec<Skipped>,
    /// What could not be read or written.
    pub failed: Vec<Failure>,
    /// What is not ours.
    pub conflicts: Vec<Conflict>,
    /// The state of each gateway.
    pub gateways: Vec<GatewayReport>,
    /// Whether something in the catalog, or something wanted, could not be read.
    pub has_gaps: bool,
    /// The id of the held removals, and why they are held.
    pub held: Option<(String, String)>,
    /// Why facts are left out.
    pub left_out: Vec<String>,
    /// A further note for people.
    pub note: Option<String>,
    /// The plan that was applied.
    pub plan_id: Option<String>,
}

impl Tally {
    /// Counts the outcome of an API.
    pub fn add(&mut self, worked: Worked) {
        let (job, outcome) = (worked.task.job, worked.outcome);
        let (key, title, done) = (job.key(), job.desired.title(), outcome.done);
        self.created += usize::from(done.created);
        self.definitions_written += done.definitions_written;
        let skips = done.skips.into_iter();
        self.skipped
            .extend(skips.filter_map(|skip| Skipped::below(skip, &job.desired)));
        self.conflicts.extend(done.conflicts);
        match outcome.ended {
            Ended::Done if done.created => (),
            Ended::Done if done.updated => self.updated += 1,
            Ended::Done => self.unchanged += 1,
            Ended::LeftAlone => (),
            Ended::Remaining => {
                self.remaining += 1;
                self.wait_for(outcome.wait);
            }
            Ended::NoRoom(message) => {
                let skip = Skip {
                    member: None,
                    stage_name: None,
                    reason: SkipReason::TooManyApis,
                    message,
                };
                self.skipped.push(Skipped::of(skip, key, title));
            }
            Ended::Failed(message) | Ended::Refused(message) => {
                let id = key.api_id.to_string();
                self.failed.push(Failure::of(
                    key.api_type,
                    id,
                    Some(title.to_owned()),
                    &key.gateway,
                    message,
                ));
            }
        }
    }

    /// Records a wait.
    pub fn wait_for(&mut self, wait: Option<Wait>) {
        self.wait = match (self.wait.take(), wait) {
            (Some(first), Some(other)) => Some(Wait {
                until: first.until.max(other.until),
                ..first
            }),
            (first, other) => first.or(other),
        };
    }

    /// The number of APIs for the next run.
    pub fn open(&self) -> usize {
        self.remaining + self.arrived
    }

    /// The seconds until the same call can continue; `None` if it cannot.
    fn retry_after_seconds(&self) -> Option<u64> {
        if self.open() == 0 || !self.refusals.is_empty() {
            return None;
        }
        let until = self.wait.as_ref().and_then(|wait| wait.until);
        let now = Instant::now();
        Some(whole_seconds(until.map_or(Duration::ZERO, |until| until - now)))
    }

    /// The report of a finished run.
    pub fn into_report(mut self, started: OffsetDateTime, finished: OffsetDateTime, requests: Requests) -> Report {
        self.skipped.sort_by(|one, other| {
            (&one.api_id, &one.stage_name, one.reason).cmp(&(&other.api_id, &other.stage_name, other.reason))
        });
        self.failed.sort_by(|one, other| one.api_id.cmp(&other.api_id));
        self.conflicts.sort();
        self.conflicts.dedup();
        let is_held = |gateway: &GatewayReport| gateway.state == GatewayState::OtherAccount;
        let outcome = if self.held.is_some() || self.gateways.iter().any(is_held) {
            Outcome::Held
        } else if self.failed.is_empty() && self.open() == 0 && !self.has_gaps {
            Outcome::Succeeded
        } else {
            Outcome::Partial
        };
        Report {
            started_on: rfc3339(started),
            finished_on: rfc3339(finished),
            outcome,
            message: self.message(),
            retry_after_seconds: self.retry_after_seconds(),
            created: self.created,
            updated: self.updated,
            deleted: self.deleted,
            unchanged: self.unchanged,
            remaining: self.open(),
            definitions_written: self.definitions_written,
            gateways: self.gateways,
            skipped: self.skipped,
            failed: self.failed,
            conflicts: self.conflicts,
            deletions_id: self.held.map(|(deletions_id, _)| deletions_id),
            plan_id: self.plan_id,
            requests,
            totals: None,
        }
    }

    fn message(&self) -> Option<String> {
        let mut parts = Vec::new();
        parts.extend(self.note.clone());
        parts.extend(self.notes.iter().cloned());
        parts.extend(unread_message(&self.gateways));
        parts.extend(self.held.as_ref().map(|(_, message)| message.clone()));
        parts.extend(self.left_out.iter().cloned());
        if let Some(first) = self.failed.first() {
            parts.push(format!(
                "{} APIs could not be synchronized; the first is {}: {}",
                self.failed.len(),
                first.api(),
                first.message
            ));
        }
        if self.arrived > 0 {
            parts.push(format!(
                "{} APIs have moved to another API of the catalog: the next run removes what they left behind",
                self.arrived
            ));
        }
        if self.remaining > 0 {
            let remaining = self.remaining;
            let why = self.wait.as_ref().map(|wait| format!(" ({})", wait.why));
            parts.push(match self.refusals.first() {
                Some((gateway, refusal)) => {
                    let on = match gateway {
                        Some(gateway) if self.gateways.len() > 1 => format!("gateway {gateway}"),
                        _ => "this gateway".to_owned(),
                    };
                    format!("{remaining} APIs remain, because the work on {on} ended after {refusal}")
                }
                None => format!(
                    "the time ran out for {remaining} APIs: the next run continues with them{}",
                    why.unwrap_or_default()
                ),
            });
        }
        (!parts.is_empty()).then(|| parts.join(". "))
    }
}

/// The message about unreadable gateways: one in its own words, several in a sentence.
pub fn unread_message(gateways: &[GatewayReport]) -> Option<String> {
    let told = gateways
        .iter()
        .filter(|gateway| gateway.state != GatewayState::Departed);
    let mut told: Vec<&GatewayReport> = told.filter(|gateway| gateway.message.is_some()).collect();
    // Permanent ones come last: they are no news.
    told.sort_by_key(|gateway| gateway.state.is_permanent());
    let (first, count) = (told.first()?, told.len());
    let message = first.message.clone()?;
    if gateways.len() == 1 {
        return Some(message);
    }
    let place = format!("{}/{}", first.account.as_deref().unwrap_or("-"), first.region);
    Some(match count {
        1 => format!("gateway {place} could not be read completely: {message}"),
        _ => format!(
            "{count} of {} gateways could not be read completely; the first is {place}: {message}",
            gateways.len()
        ),
    })
}

/// The report of a run that could not plan.
#[must_use]
pub fn failed_report(message: String, started: OffsetDateTime, finished: OffsetDateTime, requests: Requests) -> Report {
    Report {
        started_on: rfc3339(started),
        finished_on: rfc3339(finished),
        message: Some(message),
        ..Report::empty(Outcome::Failed, requests)
    }
}
