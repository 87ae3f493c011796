//! Runs: their spans and counts.

use tracing::field::Empty;
use tracing::{Span, info_span};

use super::TRACES;
use super::changes::{Run, changes};
use super::metrics::count_run;
use crate::model::Outcome;

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
pub fn api_span(api_id: &str) -> Span {
    info_span!(target: TRACES, "run", otel.name = "api", sync.api_id = api_id)
}

/// Counts a run, and records its results in the current span.
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
