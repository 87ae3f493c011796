//! What a run is asked to do beside what every run does.

use crate::model::ApiId;

/// What a run is asked to do beside what every run does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncRequest {
    /// Import definitions, also where that is done on demand.
    pub definitions: bool,
    /// Look below every API.
    pub deep: bool,
    /// Look below the APIs of which something was skipped: what the integration says has changed.
    pub retry_skipped: bool,
    /// The deletions to make although they are many.
    pub confirm_deletions: Option<String>,
    /// The only plan to apply.
    pub plan_id: Option<String>,
    /// The only API to look at.
    pub api: Option<ApiId>,
}

impl SyncRequest {
    /// Whether all of it is planned before anything is written.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.confirm_deletions.is_some() || self.plan_id.is_some()
    }
}
