//! Runs: their spans, and what is counted of them.

use std::time::Duration;

use time::OffsetDateTime;
use tracing::field::Empty;
use tracing::{Span, info_span};

use super::TRACES;
use super::metrics::count_run;
use crate::model::{Outcome, Report};

/// A synchronization that has ended.
#[derive(Debug)]
pub struct Run<'a> {
    /// The integration.
    pub integration: &'a str,
    /// What it did.
    pub report: &'a Report,
    /// How many of its requests were throttled.
    pub throttles: u64,
    /// How long it took.
    pub duration: Duration,
    /// When the last good one of that integration ended.
    pub last_success: Option<OffsetDateTime>,
}

/// The span of work on an integration: `sync`, `plan` or `delete`.
#[must_use]
pub fn run_span(work: &'static str, integration: &str) -> Span {
    info_span!(
        target: TRACES,
        "run",
        otel.name = work,
        otel.status_code = Empty,
        sync.integration = integration,
        sync.outcome = Empty,
        sync.created = Empty,
        sync.updated = Empty,
        sync.deleted = Empty,
        sync.unchanged = Empty,
        sync.remaining = Empty,
        sync.failed = Empty,
        sync.skipped = Empty,
        sync.requests.aws = Empty,
        sync.requests.azure = Empty,
        sync.throttles = Empty,
    )
}

/// The span of the work on one API.
#[must_use]
pub fn api_span(rest_api_id: &str) -> Span {
    info_span!(target: TRACES, "run", otel.name = "api", sync.rest_api_id = rest_api_id)
}

/// Counts a run, and notes what it did in its span, which is the one of the work under way.
pub fn record_run(run: &Run<'_>) {
    let Run { report, throttles, .. } = run;
    count_run(run);
    let span = Span::current();
    span.record("sync.outcome", report.outcome.name());
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for (change, count) in changes(report) {
        span.record(change.field, signed(count));
    }
    span.record("sync.requests.aws", signed(report.requests.aws));
    span.record("sync.requests.azure", signed(report.requests.azure));
    span.record("sync.throttles", signed(*throttles));
    if report.outcome == Outcome::Failed {
        span.record("otel.status_code", "ERROR");
    }
}

/// What became of APIs, as spans and as metrics name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    field: &'static str,
    pub name: &'static str,
}

/// The counts of a report. All count APIs, but for what is skipped, which may be a part of one.
pub(super) fn changes(report: &Report) -> [(Change, u64); 7] {
    let change = |field: &'static str, count: usize| {
        let name = field.strip_prefix("sync.").unwrap_or(field);
        (Change { field, name }, u64::try_from(count).unwrap_or(u64::MAX))
    };
    [
        change("sync.created", report.created),
        change("sync.updated", report.updated),
        change("sync.deleted", report.deleted),
        change("sync.unchanged", report.unchanged),
        change("sync.remaining", report.remaining),
        change("sync.failed", report.failed.len()),
        change("sync.skipped", report.skipped.len()),
    ]
}
