//! The result of an examination.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::Problem;

/// The state of all prerequisites.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Examination {
    /// The integration that was checked, if it exists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub integration: Option<String>,
    /// The identity whose permissions were checked: this process's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub identity: Option<String>,
    /// Whether nothing is missing.
    pub healthy: bool,
    /// One check for each prerequisite; those that depend on a failed one are skipped.
    pub checks: Vec<Check>,
}

/// One check of a prerequisite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Its result.
    pub state: CheckState,
    /// What was found.
    pub found: String,
    /// How to fix the problem.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remedy: Option<String>,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// It passed.
    Ok,
    /// It can do harm, now or later.
    Warning,
    /// It is missing.
    Failed,
    /// It was not checked, because it depends on a check that failed.
    Skipped,
}

/// The checks in the order of the report, with two exceptions: the quota comes last for a usable integration, because
/// it needs the number of its APIs, and what makes an integration unusable comes first.
pub(super) const SETTINGS: &str = "settings";
pub(super) const SCHEDULE: &str = "schedule";
pub(super) const IDENTITY: &str = "identity";
pub(super) const API_CENTER: &str = "api-center";
pub(super) const ROLE: &str = "role-on-api-center";
pub(super) const QUOTA: &str = "quota";
pub(super) const INTEGRATION: &str = "integration";
pub(super) const ACCESS_KEY: &str = "access-key-secret";
pub(super) const SECRET_ACCESS_KEY: &str = "secret-access-key-secret";
pub(super) const REGION: &str = "region";
pub(super) const AWS_ROLE: &str = "aws-role";
pub(super) const AWS_CREDENTIALS: &str = "aws-credentials";
/// With several sources, these two appear once for each source instead of the checks from the region on.
pub(super) const AWS_ORGANIZATION: &str = "aws-organization";
pub(super) const AWS_GATEWAYS: &str = "aws-gateways";
pub(super) const AWS_APIS: &str = "aws-list-apis";
pub(super) const AWS_V2_APIS: &str = "aws-list-v2-apis";
pub(super) const AWS_DOMAINS: &str = "aws-list-domains";
pub(super) const AWS_API: &str = "aws-read-api";
pub(super) const AWS_STAGES: &str = "aws-list-stages";
pub(super) const AWS_EXPORT: &str = "aws-export";

impl Examination {
    /// The examination when the settings are invalid: everything else is skipped.
    #[must_use]
    pub fn of_settings(problem: &Problem) -> Self {
        let mut examination = Self::default();
        let remedy = "Correct the named setting and restart";
        examination.failed(SETTINGS, &problem.message, remedy);
        for name in [SCHEDULE, IDENTITY, API_CENTER, ROLE, QUOTA, INTEGRATION] {
            examination.skipped(name, "fix the settings first");
        }
        examination
    }

    pub(super) fn add(&mut self, name: &str, state: CheckState, found: &str, remedy: Option<&str>) {
        self.checks.push(Check {
            name: name.to_owned(),
            state,
            found: found.to_owned(),
            remedy: remedy.map(str::to_owned),
        });
    }

    pub(super) fn ok(&mut self, name: &str, found: &str) {
        self.add(name, CheckState::Ok, found, None);
    }

    pub(super) fn warning(&mut self, name: &str, found: &str, remedy: &str) {
        self.add(name, CheckState::Warning, found, Some(remedy));
    }

    pub(super) fn failed(&mut self, name: &str, found: &str, remedy: &str) {
        self.add(name, CheckState::Failed, found, Some(remedy));
    }

    pub(super) fn skipped(&mut self, name: &str, found: &str) {
        self.add(name, CheckState::Skipped, found, None);
    }

    pub(super) fn sealed(mut self) -> Self {
        self.healthy = self.checks.iter().all(|check| check.state != CheckState::Failed);
        self
    }
}
