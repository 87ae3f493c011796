//! What happened in a run.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AccountId, ApiType, DesiredApi, Gateway, GatewayReport, Region, Skip, SkipReason, SourceKey, clip};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything is as desired, skips aside.
    Succeeded,
    /// Some APIs failed or remain.
    Partial,
    /// Deletions wait for a confirmation; the rest was applied.
    Held,
    /// Nothing could be planned.
    Failed,
}

impl Outcome {
    /// Its name, as reports have it.
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

/// Something that is not in the catalog, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// The API's id.
    pub api_id: String,
    /// The API's title in the catalog.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// What kind of API it is.
    pub api_type: ApiType,
    /// The account that the API is in, where it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    /// The region that the API is in.
    pub region: String,
    /// The stage, when it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stage_name: Option<String>,
    /// Why.
    pub reason: SkipReason,
    /// Why, for people.
    pub message: String,
}

/// An API that could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The API's id.
    pub api_id: String,
    /// The API's title in the catalog, where Amazon gives one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// What kind of API it is.
    pub api_type: ApiType,
    /// The account that the API is in, where it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    /// The region that the API is in.
    pub region: String,
    /// What went wrong.
    pub message: String,
}

impl Skipped {
    /// A skip with the API that it is about.
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

    /// A skip below an API, with the member that it is about: the first one, where it does not say. `None` where all members
    /// are unknown.
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
    /// A failure of an API of this gateway.
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

    /// The gateway that the API is on.
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

/// An entity of a needed name that is not ours, and is left alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Conflict {
    /// The entity's path in the workspace.
    pub name: String,
}

/// Requests that a run sent, retries included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Requests {
    /// To Amazon API Gateway, and to AWS Security Token Service where a role is assumed.
    pub aws: u64,
    /// To Azure Resource Manager.
    pub azure: u64,
}

/// How many entries a list had before it was cut for storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
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
    /// What a person should know first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// APIs that were made.
    pub created: usize,
    /// APIs that were changed.
    pub updated: usize,
    /// APIs that were deleted.
    pub deleted: usize,
    /// APIs that were found right.
    pub unchanged: usize,
    /// APIs that there was no time for, or that the work ended before.
    pub remaining: usize,
    /// Definitions that were imported.
    pub definitions_written: usize,
    /// The gateways, and how far each could be read.
    #[serde(default)]
    pub gateways: Vec<GatewayReport>,
    /// What is not in the catalog, and why.
    pub skipped: Vec<Skipped>,
    /// What could not be read or written.
    pub failed: Vec<Failure>,
    /// What was left alone because it is not ours.
    pub conflicts: Vec<Conflict>,
    /// Names the deletions that are held; a sync that is given it makes them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deletions_id: Option<String>,
    /// Names the plan that was applied, when one was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan_id: Option<String>,
    /// When the same call would go on with what remains, in seconds from the end: 0 when only the time ended, more when a
    /// throttle outlasts it. Nothing when another call would come no further.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after_seconds: Option<u64>,
    /// Requests that were sent.
    pub requests: Requests,
    /// Lengths of the lists, when they were cut for storage.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub totals: Option<Totals>,
}

/// A run of the past, as an integration's history keeps it. Counts are of APIs, the last three of entries in its report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastRun {
    /// Start, RFC 3339.
    pub started_on: String,
    /// How long it took, in seconds.
    pub duration_seconds: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// APIs that were made.
    pub created: usize,
    /// APIs that were changed.
    pub updated: usize,
    /// APIs that were deleted.
    pub deleted: usize,
    /// APIs that were found right.
    pub unchanged: usize,
    /// APIs that there was no time for.
    pub remaining: usize,
    /// What was not in the catalog.
    pub skipped: usize,
    /// What could not be read or written.
    pub failed: usize,
    /// What was left alone because it is not ours.
    pub conflicts: usize,
}

impl Report {
    /// The report of a run that found nothing to tell of.
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

    /// Most entries of each list that are stored with the integration.
    const STORED_ENTRIES: usize = 20;

    /// Longest message that is stored, in UTF-16 units: a report is for a glance, the logs have the rest.
    const STORED_MESSAGE_MAX: usize = 500;

    /// The report as it is stored: lists and messages cut, the lengths of lists noted.
    #[must_use]
    pub fn for_storage(&self) -> Self {
        // A stored report that is stored again has its lists cut already.
        let before = self.totals.unwrap_or_default();
        let totals = Totals {
            skipped: self.skipped.len().max(before.skipped),
            failed: self.failed.len().max(before.failed),
            conflicts: self.conflicts.len().max(before.conflicts),
            gateways: self.gateways.len().max(before.gateways),
        };
        let cut = [totals.skipped, totals.failed, totals.conflicts, totals.gateways]
            .iter()
            .any(|&total| total > Self::STORED_ENTRIES);
        let mut stored = self.clone();
        stored.skipped.truncate(Self::STORED_ENTRIES);
        stored.failed.truncate(Self::STORED_ENTRIES);
        stored.conflicts.truncate(Self::STORED_ENTRIES);
        // Those that people have to look at stay.
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
