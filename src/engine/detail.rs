//! An integration with its APIs as the lists show them, and the state of both.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalog::OwnedApi;
use crate::catalog::marker::ApiState;
use crate::model::{ApiType, Entity, EntityName, Gateway, Outcome, Report, Skip};

use super::view::{IntegrationView, LinkWord};

/// A state that has a name in queries.
pub trait Word: Copy + 'static {
    /// All variants.
    const ALL: &'static [Self];

    /// Its name.
    fn word(self) -> &'static str;
}

/// The state of an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It has had no run.
    Initializing,
    /// Everything is in sync.
    Succeeded,
    /// Some APIs failed or remain.
    Partial,
    /// Deletions wait for a confirmation.
    Held,
    /// Nothing could be planned, or its settings are invalid.
    Error,
    /// It is being deleted.
    Deleting,
}

/// The state of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiCondition {
    /// It is in sync.
    Synced,
    /// Part of it is left out of the catalog, with a reason.
    Skipped,
    /// Some of its writes are missing.
    Unfinished,
    /// It could not be read or written.
    Failed,
}

/// An integration with its APIs.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegrationDetail {
    /// The integration.
    pub integration: IntegrationView,
    /// Its APIs in the catalog, by title.
    pub apis: Vec<ApiView>,
    /// The titles of the APIs with conflicts in the last run, on themselves or below, by the conflicting entity's path.
    pub conflict_titles: BTreeMap<String, String>,
}

/// An API of an integration.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiView {
    /// The entity's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The API's id in AWS.
    pub api_id: String,
    /// Its kind, if its marker records it.
    pub api_type: Option<ApiType>,
    /// Its owners: the names of its contacts, or their addresses.
    pub owners: Vec<String>,
    /// The gateways that have it, each with its page in the AWS console.
    pub gateways: BTreeMap<Gateway, String>,
    /// Its stages.
    pub stages: Vec<StageView>,
    /// What is skipped below it, and why.
    pub skipped: Vec<Skip>,
    /// Why the last run failed with it, if the report names it: a report names twenty APIs at most.
    pub failure: Option<String>,
    /// Its state.
    pub condition: ApiCondition,
}

/// A stage of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageView {
    /// Its name in AWS.
    pub name: String,
    /// Its URLs, in every account and region.
    pub urls: Vec<String>,
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
    /// The state of the integration.
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

/// The view of an API that the integration owns.
pub(super) fn view(api: &OwnedApi, report: Option<&Report>) -> ApiView {
    let record = &api.marker.record;
    let id = api.proof().api_id();
    let mut gateways = BTreeMap::new();
    for member in &api.marker.members {
        let console = gateways.entry(member.gateway.clone());
        console.or_insert_with(|| member.console_url());
    }
    let failures = report.map(|report| report.failed.as_slice()).unwrap_or_default();
    let failure = failures.iter().find(|failure| failure.api_id == id);
    let condition = match (failure, record.state, record.skipped.is_empty()) {
        (Some(_), _, _) => ApiCondition::Failed,
        (None, ApiState::Synced, false) => ApiCondition::Skipped,
        (None, ApiState::Synced, true) => ApiCondition::Synced,
        (None, ApiState::Creating | ApiState::Updating, _) => ApiCondition::Unfinished,
    };
    let stage = |version: &EntityName| {
        let name = record.stage_names.get(version);
        let urls = record.urls.iter();
        let its = urls.filter(|(deployment, _)| api.marker.version_of(deployment) == Some(version));
        StageView {
            name: name.cloned().unwrap_or_else(|| version.to_string()),
            urls: its.flat_map(|(_, urls)| urls).cloned().collect(),
        }
    };
    ApiView {
        name: api.name.to_string(),
        title: api.entity.text("title").unwrap_or_default().to_owned(),
        stages: api.marker.versions.iter().map(stage).collect(),
        skipped: record.skipped.clone(),
        failure: failure.map(|failure| failure.message.clone()),
        condition,
        api_type: api.marker.members.first().map(|member| member.api_type),
        owners: owners(&api.entity),
        gateways,
        api_id: id,
    }
}

/// The names of an API's contacts, or their addresses where they have no name.
fn owners(api: &Entity) -> Vec<String> {
    let contacts = api.properties.get("contacts").and_then(Value::as_array);
    let name = |contact: &Value| {
        let mut words = ["name", "email", "url"]
            .into_iter()
            .filter_map(|field| contact[field].as_str());
        words.find(|word| !word.is_empty()).map(str::to_owned)
    };
    contacts.into_iter().flatten().filter_map(name).collect()
}

/// The APIs with a conflict on themselves or below, by entity name in lower case.
pub(super) fn conflicting(report: Option<&Report>) -> BTreeMap<String, Vec<String>> {
    let conflicts = report.map(|report| report.conflicts.as_slice()).unwrap_or_default();
    let mut apis: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for conflict in conflicts {
        if let Some(api) = conflict.name.split('/').nth(1) {
            apis.entry(api.to_ascii_lowercase())
                .or_default()
                .push(conflict.name.clone());
        }
    }
    apis
}
