//! The doctor: checks every prerequisite without writing anything.

mod amazon;
mod azure;
mod examination;
mod secrets;
mod sources;

use super::entry::Engine;
use crate::catalog::settings::Registration;
use crate::limits::Budget;
use crate::model::{Integration, IntegrationName, IntegrationState, Problem, schedule_fault};
use crate::run::Session;
use crate::settings::Settings;

pub use self::examination::{Check, CheckState, Examination};
use self::examination::{INTEGRATION, SCHEDULE, SETTINGS};

impl Engine {
    /// Checks every prerequisite, including those of the integration if it exists. Writes nothing.
    pub async fn examine(&self, name: &IntegrationName, budget: &Budget) -> Examination {
        let session = Session::new(&self.clouds, budget);
        let mut examination = Examination::default();
        let settings = &self.clouds.settings;
        let found = format!("they are valid; the API center is {}", settings.resource_id);
        examination.ok(SETTINGS, &found);
        schedule(settings, &mut examination);
        let seen = azure::examine(&session, name, &mut examination).await;
        match seen.registration.as_ref().map(usable) {
            Some(Ok(integration)) => {
                examination.integration = Some(name.to_string());
                examination.ok(
                    INTEGRATION,
                    &format!("{name} is stored in environment {}", integration.environment),
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
                    format!("there is no integration {name} yet, so its own checks were skipped")
                } else {
                    "fix the API center first".to_owned()
                };
                examination.skipped(INTEGRATION, &why);
            }
        }
        examination.sealed()
    }
}

/// The integration, unless it is being deleted or invalid.
fn usable(registration: &Registration) -> Result<&Integration, Problem> {
    match registration.state {
        IntegrationState::Active => registration.integration.as_ref().map_err(Clone::clone),
        IntegrationState::Deleting => Err(Problem::integration_deleting(&registration.name)),
    }
}

/// Checks the timer's schedule. The host reads it, so only a copy in this process's settings can be checked.
fn schedule(settings: &Settings, examination: &mut Examination) {
    const REMEDY: &str = "Set SYNC_SCHEDULE in the function app to six fields, such as 0 0 * * * * for every full hour";
    match settings.schedule.as_deref() {
        Some(text) => match schedule_fault(text) {
            None => examination.ok(SCHEDULE, &format!("SYNC_SCHEDULE is {text:?}")),
            Some(fault) => {
                let found = format!("SYNC_SCHEDULE is invalid, so the timer never fires: {fault}");
                examination.failed(SCHEDULE, &found, REMEDY);
            }
        },
        None if settings.is_hosted => {
            let found = "SYNC_SCHEDULE is missing, so the timer never fires";
            examination.failed(SCHEDULE, found, REMEDY);
        }
        None => {
            let found = "it is a setting of the function app, which is not checked from here: use --function-url";
            examination.skipped(SCHEDULE, found);
        }
    }
}
