//! An integration with its APIs, as far as lists show them, and what state either is in.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::OwnedApi;
use crate::catalog::marker::ApiState;
use crate::model::{ApiType, EntityName, Gateway, Outcome, Report, Skip, SourceKey};

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
    /// The API's id.
    pub api_id: String,
    /// What kind of API it is on Amazon, where its marker tells.
    pub api_type: Option<ApiType>,
    /// The gateways that it is on.
    pub gateways: Vec<Gateway>,
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

/// The view of an API that the integration owns.
pub(super) fn view(api: &OwnedApi, report: Option<&Report>) -> ApiView {
    let record = &api.marker.record;
    let id = api.proof().api_id();
    let member = api.marker.members.first();
    let gateways: BTreeSet<Gateway> = api.marker.members.iter().map(|member| member.gateway.clone()).collect();
    let failures = report.map(|report| report.failed.as_slice()).unwrap_or_default();
    let failure = failures.iter().find(|failure| failure.api_id == id);
    let condition = match (failure, record.state, record.skipped.is_empty()) {
        (Some(_), _, _) => ApiCondition::Failed,
        (None, ApiState::Synced, false) => ApiCondition::Skipped,
        (None, ApiState::Synced, true) => ApiCondition::Synced,
        (None, ApiState::Creating | ApiState::Updating, _) => ApiCondition::Unfinished,
    };
    let stage = |name: &EntityName| {
        let stage = record.stage_names.get(name);
        stage.cloned().unwrap_or_else(|| name.to_string())
    };
    ApiView {
        name: api.name.to_string(),
        title: api.entity.text("title").unwrap_or_default().to_owned(),
        stages: api.marker.versions.iter().map(stage).collect(),
        skipped: record.skipped.clone(),
        failure: failure.map(|failure| failure.message.clone()),
        condition,
        api_type: member.map(|member| member.api_type),
        gateways: gateways.into_iter().collect(),
        console_url: member.map(SourceKey::console_url),
        api_id: id,
    }
}

/// The APIs that a report's conflicts are, or are below, by the entity's name in lower case.
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
