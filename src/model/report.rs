//! The report of a run.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AccountId, ApiType, DesiredApi, Gateway, GatewayReport, Region, Skip, SkipReason, SourceKey, clip};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything is as desired, except skips.
    Succeeded,
    /// Some APIs failed or remain.
    Partial,
    /// Deletions wait for a confirmation; the rest was applied.
    Held,
    /// Planning failed.
    Failed,
}

impl Outcome {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }
}

/// Something left out of the catalog, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// The API's id.
    pub api_id: String,
    /// The API's title in the catalog.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// The API's kind.
    pub api_type: ApiType,
    /// The account of the API, if known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    /// The region of the API.
    pub region: String,
    /// The stage, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stage_name: Option<String>,
    /// The reason.
    pub reason: SkipReason,
    /// The reason, for people.
    pub message: String,
}

/// An API that could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The API's id.
    pub api_id: String,
    /// The API's title in the catalog, if it has a name in AWS.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// The API's kind.
    pub api_type: ApiType,
    /// The account of the API, if known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    /// The region of the API.
    pub region: String,
    /// What went wrong.
    pub message: String,
}

impl Skipped {
    /// A skip with its API.
    #[must_use]
    pub fn of(skip: Skip, key: &SourceKey, title: &str) -> Self {
        Self {
            api_id: key.api_id.to_string(),
            title: Some(title.to_owned()),
            api_type: key.api_type,
            account: key.gateway.account.as_ref().map(ToString::to_string),
            region: key.gateway.region.to_string(),
            stage_name: skip.stage_name,
            reason: skip.reason,
            message: skip.message,
        }
    }

    /// A skip below an API, with its member: the first one, unless it names another. `None` if all members are unknown.
    #[must_use]
    pub fn below(skip: Skip, api: &DesiredApi) -> Option<Self> {
        let first = api.members.first()?;
        let member = api.members.iter().find(|member| skip.is_of(&member.key));
        let text = skip.member.as_deref().filter(|_| member.is_none());
        let unknown = text.and_then(|text| SourceKey::parse(text, first.key.api_type));
        let member = member.unwrap_or(first);
        let key = unknown.as_ref().unwrap_or(&member.key);
        Some(Self::of(skip, key, &member.title))
    }

    /// The API as people know it.
    #[must_use]
    pub fn api(&self) -> String {
        called(self.title.as_deref(), &self.api_id)
    }
}

impl Failure {
    /// A failure of an API on this gateway.
    #[must_use]
    pub fn of(api_type: ApiType, api_id: String, title: Option<String>, gateway: &Gateway, message: String) -> Self {
        Self {
            api_id,
            title,
            api_type,
            account: gateway.account.as_ref().map(ToString::to_string),
            region: gateway.region.to_string(),
            message,
        }
    }

    /// The gateway of the API.
    #[must_use]
    pub fn gateway(&self) -> Option<Gateway> {
        Some(Gateway {
            account: self.account.as_deref().and_then(AccountId::parse),
            region: Region::parse(&self.region).ok()?,
        })
    }

    /// The API as people know it.
    #[must_use]
    pub fn api(&self) -> String {
        called(self.title.as_deref(), &self.api_id)
    }
}

/// `Title (id)`, or the id alone.
fn called(title: Option<&str>, id: &str) -> String {
    title.map_or_else(|| id.to_owned(), |title| format!("{title} ({id})"))
}

/// Somebody else's entity with a name that the app needs; left alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Conflict {
    /// The entity's path in the workspace.
    pub name: String,
}

/// Requests sent by a run, including retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Requests {
    /// To Amazon API Gateway, and to AWS Security Token Service if a role is assumed.
    pub aws: u64,
    /// To Azure Resource Manager.
    pub azure: u64,
}

/// The lengths of lists before they were cut for storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Of `skipped`.
    pub skipped: usize,
    /// Of `failed`.
    pub failed: usize,
    /// Of `conflicts`.
    pub conflicts: usize,
    /// Of `gateways`.
    #[serde(default)]
    pub gateways: usize,
    /// Of those of `gateways` that people should look at.
    #[serde(default)]
    pub gateways_to_look_at: usize,
}

/// What a run did. Counts are of APIs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Start, RFC 3339.
    pub started_on: String,
    /// End, RFC 3339.
    pub finished_on: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What people should know first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// Created APIs.
    pub created: usize,
    /// Updated APIs.
    pub updated: usize,
    /// Deleted APIs.
    pub deleted: usize,
    /// Unchanged APIs.
    pub unchanged: usize,
    /// APIs that the run did not reach, for lack of time or because the work ended.
    pub remaining: usize,
    /// Imported definitions.
    pub definitions_written: usize,
    /// The gateways and their states.
    #[serde(default)]
    pub gateways: Vec<GatewayReport>,
    /// What was left out of the catalog, and why.
    pub skipped: Vec<Skipped>,
    /// What could not be read or written.
    pub failed: Vec<Failure>,
    /// Somebody else's entities, left alone.
    pub conflicts: Vec<Conflict>,
    /// The id of the held deletions; a sync with this id makes them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deletions_id: Option<String>,
    /// The id of the applied plan, if one was requested.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan_id: Option<String>,
    /// When the same call can continue, in seconds from the end: 0 if only the time ran out, more if a throttle
    /// outlasts it. Missing if another call would not help.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after_seconds: Option<u64>,
    /// The requests sent.
    pub requests: Requests,
    /// The lengths of the lists, if they were cut for storage.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub totals: Option<Totals>,
}

/// A past run in an integration's history. Counts are of APIs, the last three of entries in its report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastRun {
    /// Start, RFC 3339.
    pub started_on: String,
    /// Its duration, in seconds.
    pub duration_seconds: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Created APIs.
    pub created: usize,
    /// Updated APIs.
    pub updated: usize,
    /// Deleted APIs.
    pub deleted: usize,
    /// Unchanged APIs.
    pub unchanged: usize,
    /// APIs that the run did not reach.
    pub remaining: usize,
    /// Skips.
    pub skipped: usize,
    /// Failures.
    pub failed: usize,
    /// Conflicts.
    pub conflicts: usize,
}

impl Report {
    /// A report without entries.
    #[must_use]
    pub fn empty(outcome: Outcome, requests: Requests) -> Self {
        Self {
            started_on: String::new(),
            finished_on: String::new(),
            outcome,
            message: None,
            created: 0,
            updated: 0,
            deleted: 0,
            unchanged: 0,
            remaining: 0,
            definitions_written: 0,
            gateways: Vec::new(),
            skipped: Vec::new(),
            failed: Vec::new(),
            conflicts: Vec::new(),
            deletions_id: None,
            plan_id: None,
            retry_after_seconds: None,
            requests,
            totals: None,
        }
    }

    /// Most stored entries of each list.
    const STORED_ENTRIES: usize = 20;

    /// Longest stored message, in UTF-16 units: a report is for a glance, the logs have the rest.
    const STORED_MESSAGE_MAX: usize = 500;

    /// The number of gateways that people should look at, including those that were cut.
    #[must_use]
    pub fn gateways_to_look_at(&self) -> usize {
        let named = self.gateways.iter().filter(|gateway| gateway.is_to_look_at());
        named.count().max(self.totals.unwrap_or_default().gateways_to_look_at)
    }

    /// The report for storage: lists and messages cut, the lengths of lists recorded.
    #[must_use]
    pub fn for_storage(&self) -> Self {
        // A stored report has its lists cut already.
        let before = self.totals.unwrap_or_default();
        let totals = Totals {
            skipped: self.skipped.len().max(before.skipped),
            failed: self.failed.len().max(before.failed),
            conflicts: self.conflicts.len().max(before.conflicts),
            gateways: self.gateways.len().max(before.gateways),
            gateways_to_look_at: self.gateways_to_look_at(),
        };
        let cut = [totals.skipped, totals.failed, totals.conflicts, totals.gateways]
            .iter()
            .any(|&total| total > Self::STORED_ENTRIES);
        let mut stored = self.clone();
        stored.skipped.truncate(Self::STORED_ENTRIES);
        stored.failed.truncate(Self::STORED_ENTRIES);
        stored.conflicts.truncate(Self::STORED_ENTRIES);
        // Keep those that people should look at.
        stored.gateways.sort_by_key(|gateway| !gateway.is_to_look_at());
        stored.gateways.truncate(Self::STORED_ENTRIES);
        stored.totals = cut.then_some(totals);
        let skipped = stored.skipped.iter_mut().map(|skip| &mut skip.message);
        let failed = stored.failed.iter_mut().map(|failure| &mut failure.message);
        let gateways = stored
            .gateways
            .iter_mut()
            .filter_map(|gateway| gateway.message.as_mut());
        for message in skipped.chain(failed).chain(gateways).chain(&mut stored.message) {
            *message = clip(message, Self::STORED_MESSAGE_MAX);
        }
        stored
    }
}
