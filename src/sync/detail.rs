//! An integration with its APIs, as far as lists show them, and what state either is in.

use std::collections::BTreeMap;

use crate::model::marker::{ApiMarker, ApiState};
use crate::model::{Entity, EntityName, IntegrationName, Outcome, OwnedApi, Region, Report, Skip};

use super::view::{IntegrationView, LinkWord};

/// A state that has a name in queries.
pub trait Word: Copy + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// Its name.
    fn word(self) -> &'static str;
}

/// What state an integration is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It has had no run.
    Initializing,
    /// All is right.
    Succeeded,
    /// Some APIs failed or remain.
    Partial,
    /// Deletions wait for a confirmation.
    Held,
    /// Nothing could be planned, or it cannot be used.
    Error,
    /// It is going away.
    Deleting,
}

/// What state an API is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiCondition {
    /// All is right.
    Synced,
    /// Some of it is not in the catalog, with reason.
    Skipped,
    /// Its writes have not all been made.
    Unfinished,
    /// It could not be read or written.
    Failed,
}

/// An integration with its APIs.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegrationDetail {
    /// The integration.
    pub integration: IntegrationView,
    /// What it has in the catalog, by title.
    pub apis: Vec<ApiView>,
    /// The titles of the APIs that are, or have below them, what its last run left alone, by that entity's path.
    pub conflict_titles: BTreeMap<String, String>,
}

/// An API of an integration.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiView {
    /// The entity's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The REST API's id.
    pub rest_api_id: String,
    /// Amazon's names of its stages.
    pub stages: Vec<String>,
    /// What is not below it, and why.
    pub skipped: Vec<Skip>,
    /// Why the last run could not do it, as far as its report tells: that names twenty APIs at most.
    pub failure: Option<String>,
    /// What state it is in.
    pub condition: ApiCondition,
    /// Its page in the AWS console.
    pub console_url: Option<String>,
}

impl Word for Condition {
    const ALL: &'static [Self] = &[
        Self::Initializing,
        Self::Succeeded,
        Self::Partial,
        Self::Held,
        Self::Error,
        Self::Deleting,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Held => "held",
            Self::Error => "error",
            Self::Deleting => "deleting",
        }
    }
}

impl Word for ApiCondition {
    const ALL: &'static [Self] = &[Self::Synced, Self::Skipped, Self::Unfinished, Self::Failed];

    fn word(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Skipped => "skipped",
            Self::Unfinished => "unfinished",
            Self::Failed => "failed",
        }
    }
}

impl IntegrationView {
    /// What state it is in.
    #[must_use]
    pub fn condition(&self) -> Condition {
        let outcome = self.properties.last_sync.as_ref().map(|report| report.outcome);
        match (self.properties.link_state.state, outcome) {
            (LinkWord::Deleting, _) => Condition::Deleting,
            (LinkWord::Error, _) | (LinkWord::Syncing, Some(Outcome::Failed)) => Condition::Error,
            (LinkWord::Initializing, _) | (LinkWord::Syncing, None) => Condition::Initializing,
            (LinkWord::Syncing, Some(Outcome::Succeeded)) => Condition::Succeeded,
            (LinkWord::Syncing, Some(Outcome::Partial)) => Condition::Partial,
            (LinkWord::Syncing, Some(Outcome::Held)) => Condition::Held,
        }
    }
}

/// What the integration of this name has among the catalog's APIs.
pub(super) fn api_views(name: &IntegrationName, apis: &[Entity], report: Option<&Report>) -> Vec<ApiView> {
    let owned = apis.iter().filter_map(|api| Some((api, OwnedApi::claim(name, api)?)));
    let mut views: Vec<ApiView> = owned.map(|(api, owned)| view(api, &owned.marker, report)).collect();
    views.sort_by_cached_key(|view| (view.title.to_lowercase(), view.name.clone()));
    views
}

/// What the APIs are called in the catalog that a report's conflicts are about.
pub(super) fn conflict_titles(apis: &[Entity], report: Option<&Report>) -> BTreeMap<String, String> {
    let conflicts = report.map(|report| report.conflicts.as_slice()).unwrap_or_default();
    let title = |path: &str| {
        let name = path.split('/').nth(1)?;
        let api = apis.iter().find(|api| api.name.as_str().eq_ignore_ascii_case(name))?;
        api.text("title").map(str::to_owned)
    };
    let titled = conflicts
        .iter()
        .filter_map(|conflict| Some((conflict.name.clone(), title(&conflict.name)?)));
    titled.collect()
}

fn view(api: &Entity, marker: &ApiMarker, report: Option<&Report>) -> ApiView {
    let id = &marker.rest_api_id;
    let failures = report.map(|report| report.failed.as_slice()).unwrap_or_default();
    let failure = failures.iter().find(|failure| failure.rest_api_id == *id);
    // All writes were made also where a skip keeps the API without a fingerprint, so that every run looks at it again.
    let is_finished = marker.state == ApiState::Synced;
    let condition = match (failure, is_finished, marker.skipped.is_empty(), &marker.fingerprint) {
        (Some(_), _, _, _) => ApiCondition::Failed,
        (None, true, false, _) => ApiCondition::Skipped,
        (None, true, true, Some(_)) => ApiCondition::Synced,
        (None, true, true, None) | (None, false, _, _) => ApiCondition::Unfinished,
    };
    let stage = |name: &EntityName| {
        marker
            .stage_names
            .get(name)
            .cloned()
            .unwrap_or_else(|| name.to_string())
    };
    ApiView {
        name: api.name.to_string(),
        title: api.text("title").unwrap_or_default().to_owned(),
        rest_api_id: id.clone(),
        stages: marker.versions.iter().map(stage).collect(),
        skipped: marker.skipped.clone(),
        failure: failure.map(|failure| failure.message.clone()),
        condition,
        console_url: Region::parse(&marker.region_name)
            .ok()
            .map(|region| region.api_console_url(id)),
    }
}
