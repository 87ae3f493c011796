//! What became of APIs in a run, as spans and as metrics name it.

use std::time::Duration;

use time::OffsetDateTime;

use crate::model::Report;

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

/// What became of APIs, as spans and as metrics name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub field: &'static str,
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
