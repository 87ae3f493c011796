//! Counting what a run does.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use crate::model::{Conflict, DesiredApi, Failure, Outcome, Report, Requests, Skip, whole_seconds};

use super::apply::Wait;
use super::clock::rfc3339;
use super::task::{ApiOutcome, Ended};

/// What a run has done so far. Counts are of APIs.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub created: usize,
    pub updated: usize,
    pub deleted: usize,
    pub unchanged: usize,
    pub remaining: usize,
    /// Why the first of them remain for which that is known, and until when the last has to wait.
    pub wait: Option<Wait>,
    /// The refusals that ended the work, if any: then nothing else is why they remain.
    pub refusal: Option<String>,
    pub definitions_written: usize,
    pub skipped: Vec<Skip>,
    pub failed: Vec<Failure>,
    pub conflicts: Vec<Conflict>,
    pub held: Option<(String, String)>,
    pub plan_id: Option<String>,
}

impl Tally {
    /// Counts what became of an API.
    pub fn add(&mut self, api: &DesiredApi, outcome: ApiOutcome) {
        self.created += usize::from(outcome.created);
        self.definitions_written += outcome.definitions_written;
        self.skipped.extend(titled(api, outcome.skips));
        self.conflicts.extend(outcome.conflicts);
        match outcome.ended {
            Ended::Done if outcome.created => (),
            Ended::Done if outcome.updated => self.updated += 1,
            Ended::Done => self.unchanged += 1,
            Ended::LeftAlone => (),
            Ended::Remaining => {
                self.remaining += 1;
                self.wait_for(outcome.wait);
            }
            Ended::Failed(message) | Ended::Refused(message) => {
                self.failed.push(Failure {
                    rest_api_id: api.rest_api_id.to_string(),
                    title: Some(api.title.clone()),
                    message,
                });
            }
        }
    }

    /// Notes what keeps something from being done now.
    pub fn wait_for(&mut self, wait: Option<Wait>) {
        self.wait = match (self.wait.take(), wait) {
            (Some(first), Some(other)) => Some(Wait {
                until: first.until.max(other.until),
                ..first
            }),
            (first, other) => first.or(other),
        };
    }

    /// When the same call would go on with what remains; `None` when it would not.
    fn retry_after_seconds(&self) -> Option<u64> {
        if self.remaining == 0 || self.refusal.is_some() {
            return None;
        }
        let until = self.wait.as_ref().and_then(|wait| wait.until);
        let now = Instant::now();
        Some(whole_seconds(until.map_or(Duration::ZERO, |until| until - now)))
    }

    /// The report of a run that came to its end.
    pub fn into_report(mut self, started: OffsetDateTime, finished: OffsetDateTime, requests: Requests) -> Report {
        self.skipped.sort_by(|one, other| {
            (&one.rest_api_id, &one.stage_name, one.reason).cmp(&(&other.rest_api_id, &other.stage_name, other.reason))
        });
        self.failed
            .sort_by(|one, other| one.rest_api_id.cmp(&other.rest_api_id));
        self.conflicts.sort();
        self.conflicts.dedup();
        let outcome = match (&self.held, self.failed.is_empty() && self.remaining == 0) {
            (Some(_), _) => Outcome::Held,
            (None, true) => Outcome::Succeeded,
            (None, false) => Outcome::Partial,
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
            remaining: self.remaining,
            definitions_written: self.definitions_written,
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
        parts.extend(self.held.as_ref().map(|(_, message)| message.clone()));
        if let Some(first) = self.failed.first() {
            parts.push(format!(
                "{} APIs could not be synchronized; the first is {}: {}",
                self.failed.len(),
                first.api(),
                first.message
            ));
        }
        if self.remaining > 0 {
            let remaining = self.remaining;
            let why = self.wait.as_ref().map(|wait| format!(" ({})", wait.why));
            parts.push(match &self.refusal {
                Some(refusal) => {
                    format!("{remaining} APIs remain, because the work on this gateway ended after {refusal}")
                }
                None => format!(
                    "there was no time for {remaining} APIs: the next run goes on with them{}",
                    why.unwrap_or_default()
                ),
            });
        }
        (!parts.is_empty()).then(|| parts.join(". "))
    }
}

/// The skips of an API, which do not name it by themselves.
pub(super) fn titled(api: &DesiredApi, skips: Vec<Skip>) -> impl Iterator<Item = Skip> {
    let title = Some(api.title.clone());
    skips.into_iter().map(move |skip| Skip {
        title: title.clone(),
        ..skip
    })
}

/// The report of a run in which nothing could be planned.
pub(super) fn failed_report(
    message: String,
    started: OffsetDateTime,
    finished: OffsetDateTime,
    requests: Requests,
) -> Report {
    let report = Tally::default().into_report(started, finished, requests);
    Report {
        outcome: Outcome::Failed,
        message: Some(message),
        ..report
    }
}
