//! The outcomes of APIs in a run, as named in spans and metrics.

use std::time::Duration;

use time::OffsetDateTime;

use crate::model::Report;

/// A finished synchronization.
#[derive(Debug)]
pub struct Run<'a> {
    /// The integration.
    pub integration: &'a str,
    /// Its report.
    pub report: &'a Report,
    /// The number of its throttled requests.
    pub throttles: u64,
    /// Its duration.
    pub duration: Duration,
    /// The end of the integration's last successful one.
    pub last_success: Option<OffsetDateTime>,
}

/// An outcome of APIs, as named in spans and metrics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub field: &'static str,
    pub name: &'static str,
}

/// The counts of a report. All count APIs, except skips, which may be parts of one.
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
