//! Everything of an account in a region.

use std::collections::BTreeMap;

use super::domain::DomainEntry;
use super::rest_api::Entry;
use super::v2_entry::V2Entry;

/// REST, HTTP and WebSocket APIs, and the domain names before them.
#[derive(Debug, Default)]
pub(super) struct State {
    /// REST APIs by id.
    pub apis: BTreeMap<String, Entry>,
    /// HTTP and WebSocket APIs by id.
    pub v2_apis: BTreeMap<String, V2Entry>,
    /// Domain names by their keys.
    pub domains: BTreeMap<String, DomainEntry>,
    /// Whether the region has no HTTP APIs.
    pub v2_missing: bool,
    /// Whether version 1 lists mappings that it could not have made.
    pub v1_lists_all_mappings: bool,
    /// The time in the last export of an API without a version.
    last_export: i64,
}

impl State {
    /// Removes all APIs and domain names.
    pub fn clear(&mut self) {
        self.apis.clear();
        self.v2_apis.clear();
        self.domains.clear();
    }

    /// A unique time for an export: a second later than the last if the clock has not moved.
    pub fn export_time(&mut self, now: i64) -> i64 {
        self.last_export = now.max(self.last_export + 1);
        self.last_export
    }
}
