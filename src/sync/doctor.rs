//! The doctor: every prerequisite, looked at one by one, without writing anything.

mod amazon;
mod azure;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::limits::Budget;
use crate::model::{IntegrationName, IntegrationState, Problem, schedule_fault};
use crate::settings::Settings;

use super::Engine;
use super::registry::Registration;
use super::session::Session;

/// What was found of all prerequisites.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Examination {
    /// The integration that was examined, if there is one of the name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub integration: Option<String>,
    /// Whose permissions were examined: the identity that this process has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub identity: Option<String>,
    /// Whether nothing is missing.
    pub healthy: bool,
    /// One by one; what could not be looked at, for want of another, is skipped.
    pub checks: Vec<Check>,
}

/// What was found of one prerequisite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// Which.
    pub name: String,
    /// How it is.
    pub state: CheckState,
    /// What was found.
    pub found: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remedy: Option<String>,
}

/// How a prerequisite is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// As it has to be.
    Ok,
    /// It can do harm, now or later.
    Warning,
    /// It is missing.
    Failed,
    /// It could not be looked at.
    Skipped,
}

/// The checks, in the order in which they are told, with two exceptions: where an integration can be used, the quota comes
/// last, since the APIs of its gateway are compared with it; where it cannot, what is wrong with it comes before the rest.
const SETTINGS: &str = "settings";
const SCHEDULE: &str = "schedule";
const IDENTITY: &str = "identity";
const API_CENTER: &str = "api-center";
const ROLE: &str = "role-on-api-center";
const QUOTA: &str = "quota";
const INTEGRATION: &str = "integration";
const ACCESS_KEY: &str = "access-key-secret";
const SECRET_ACCESS_KEY: &str = "secret-access-key-secret";
const REGION: &str = "region";
const AWS_ROLE: &str = "aws-role";
const AWS_CREDENTIALS: &str = "aws-credentials";
const AWS_APIS: &str = "aws-list-apis";
const AWS_API: &str = "aws-read-api";
const AWS_STAGES: &str = "aws-list-stages";
const AWS_EXPORT: &str = "aws-export";

impl Examination {
    /// What there is to say when the settings cannot be used: nothing else could be looked at.
    #[must_use]
    pub fn of_settings(problem: &Problem) -> Self {
        let mut examination = Self::default();
        let remedy = "Mend the setting that is named, and restart";
        examination.failed(SETTINGS, &problem.message, remedy);
        for name in [SCHEDULE, IDENTITY, API_CENTER, ROLE, QUOTA, INTEGRATION] {
            examination.skipped(name, "the settings come first");
        }
        examination
    }

    fn add(&mut self, name: &str, state: CheckState, found: &str, remedy: Option<&str>) {
        self.checks.push(Check {
            name: name.to_owned(),
            state,
            found: found.to_owned(),
            remedy: remedy.map(str::to_owned),
        });
    }

    fn ok(&mut self, name: &str, found: &str) {
        self.add(name, CheckState::Ok, found, None);
    }

    fn warning(&mut self, name: &str, found: &str, remedy: &str) {
        self.add(name, CheckState::Warning, found, Some(remedy));
    }

    fn failed(&mut self, name: &str, found: &str, remedy: &str) {
        self.add(name, CheckState::Failed, found, Some(remedy));
    }

    fn skipped(&mut self, name: &str, found: &str) {
        self.add(name, CheckState::Skipped, found, None);
    }

    fn sealed(mut self) -> Self {
        self.healthy = self.checks.iter().all(|check| check.state != CheckState::Failed);
        self
    }
}

impl Engine {
    /// Looks at every prerequisite; those of an integration too, if there is one of this name. Nothing is written.
    pub async fn examine(&self, name: &IntegrationName, budget: &Budget) -> Examination {
        let session = Session::new(&self.0, budget);
        let mut examination = Examination::default();
        let settings = &self.0.settings;
        let found = format!("they can be used; the API center is {}", settings.resource_id);
        examination.ok(SETTINGS, &found);
        schedule(settings, &mut examination);
        let seen = azure::examine(&session, name, &mut examination).await;
        match seen.registration.as_ref().map(usable) {
            Some(Ok(integration)) => {
                examination.integration = Some(name.to_string());
                examination.ok(
                    INTEGRATION,
                    &format!("{name} is kept in environment {}", integration.environment),
                );
                let gateway = amazon::examine(&session, integration, &mut examination).await;
                azure::room(&seen, gateway, &mut examination);
            }
            Some(Err(problem)) => {
                examination.integration = Some(name.to_string());
                azure::room(&seen, None, &mut examination);
                amazon::unusable(&problem, &mut examination);
            }
            None => {
                azure::room(&seen, None, &mut examination);
                let why = if seen.is_read {
                    format!("there is no integration {name} yet: what belongs to one was not looked at")
                } else {
                    "the API center comes first".to_owned()
                };
                examination.skipped(INTEGRATION, &why);
            }
        }
        examination.sealed()
    }
}

/// The integration, if it is one that runs.
fn usable(registration: &Registration) -> Result<&crate::model::Integration, Problem> {
    match registration.state {
        IntegrationState::Active => registration.integration.as_ref().map_err(Clone::clone),
        IntegrationState::Deleting => Err(super::is_deleting(&registration.name)),
    }
}

/// The schedule is the host's to read. Only what is in this process's settings, too, can be looked at.
fn schedule(settings: &Settings, examination: &mut Examination) {
    const REMEDY: &str = "Set SYNC_SCHEDULE in the function app to six fields, such as 0 0 * * * * for every full hour";
    match settings.schedule.as_deref() {
        Some(text) => match schedule_fault(text) {
            None => examination.ok(SCHEDULE, &format!("SYNC_SCHEDULE is {text:?}")),
            Some(fault) => {
                let found = format!("SYNC_SCHEDULE cannot be used, so that the timer never fires: {fault}");
                examination.failed(SCHEDULE, &found, REMEDY);
            }
        },
        None if settings.is_hosted => {
            let found = "SYNC_SCHEDULE is missing, so that the timer never fires";
            examination.failed(SCHEDULE, found, REMEDY);
        }
        None => {
            let found = "it is a setting of the function app's, which is not looked at here: use --function-url";
            examination.skipped(SCHEDULE, found);
        }
    }
}
