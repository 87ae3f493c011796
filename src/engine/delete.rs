//! `DELETE integrations/NAME`: deletes what the integration created, then its environment.

use std::time::Duration;

use tracing::Instrument;

use super::entry::Engine;
use crate::azure::CatalogError;
use crate::catalog::settings::{Held, Registration, find as find_registration, mark_deleting};
use crate::catalog::{ApiProof, Owned};
use crate::error_chain::error_chain;
use crate::limits::Budget;
use crate::model::{Entity, EntityPath, ErrorCode, IntegrationName, IntegrationState, Problem};
use crate::run::{DeletedApis, Deleting, Session, delete_apis, leave, owner, restore_marker};
use crate::telemetry::run_span;

/// The progress of a `DELETE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Nothing is left.
    Done,
    /// The time ran out with this many APIs left; the same call, or the timer, continues.
    Remaining(usize),
}

impl Engine {
    /// Deletes an integration with everything it created.
    ///
    /// # Errors
    /// If the integration does not exist, or something of it cannot be deleted.
    pub async fn delete(&self, name: &IntegrationName, budget: &Budget) -> Result<Deletion, Problem> {
        delete(&Session::new(&self.clouds, budget), name).await
    }
}

/// Rounds before giving up because something else keeps recreating the integration; the next call, or the timer,
/// continues.
const ROUNDS: usize = 3;

/// Deletes an integration, as far as the time allows.
///
/// After the last write, checks everything once more: an overlapping `PUT` or run may have recreated it.
///
/// # Errors
/// If the integration does not exist, or something of it cannot be deleted.
pub(super) async fn delete(session: &Session, name: &IntegrationName) -> Result<Deletion, Problem> {
    delete_all(session, name)
        .instrument(run_span("delete", name.as_str()))
        .await
}

async fn delete_all(session: &Session, name: &IntegrationName) -> Result<Deletion, Problem> {
    let mut rounds = 0;
    loop {
        let found = find(session, name).await;
        let found = found.map_err(|problem| if rounds == 0 { problem } else { unseen(name, problem) })?;
        let Some((registration, apis)) = found else {
            return if rounds == 0 {
                Err(Problem::integration_not_found(name))
            } else {
                Ok(Deletion::Done)
            };
        };
        if rounds == ROUNDS {
            return Err(there_again(name, registration.as_ref(), &apis));
        }
        let left = delete_once(session, name, registration.as_ref(), apis).await?;
        if left > 0 {
            return Ok(Deletion::Remaining(left));
        }
        rounds += 1;
    }
}

/// The problem when everything was deleted but the final check failed.
fn unseen(name: &IntegrationName, problem: Problem) -> Problem {
    let message = format!(
        "the integration {name} was deleted, but the check for anything another call may have brought back failed; \
         call again: {}",
        problem.message
    );
    problem.with_message(message)
}

/// The problem when deleted entities are found again: something else recreates them, or Azure does not find what it
/// lists.
fn there_again(name: &IntegrationName, registration: Option<&Registration>, apis: &[ApiProof]) -> Problem {
    let environment = registration.map(|registration| EntityPath::Environment(registration.environment.name.clone()));
    let paths = apis.iter().map(|api| api.owned().path().clone()).chain(environment);
    let paths: Vec<String> = paths.map(|path| path.to_string()).collect();
    let message = format!(
        "the integration {name} was deleted {ROUNDS} times and came back: {} (of {}). Does something put or \
         synchronize it at the same time? Call again",
        paths.first().map(String::as_str).unwrap_or_default(),
        paths.len()
    );
    Problem::new(ErrorCode::ServiceUnavailable, message).with_retry_after(Duration::ZERO)
}

/// The integration's environment and the APIs it created; `None` if there is neither.
async fn find(
    session: &Session,
    name: &IntegrationName,
) -> Result<Option<(Option<Registration>, Vec<ApiProof>)>, Problem> {
    let catalog = session.catalog();
    let prefix = format!("{name}-").to_ascii_lowercase();
    let (mut apis, mut unmarked) = (Vec::new(), Vec::new());
    let listed = catalog.each_api(|api| match owner(&api) {
        Some((holder, owned)) if holder == *name => apis.push(owned.proof()),
        None if api.name.as_str().to_ascii_lowercase().starts_with(&prefix) => unmarked.push(api.name),
        Some(_) | None => (),
    });
    let (environments, ()) = tokio::try_join!(catalog.environments(), listed).map_err(|error| error.problem())?;
    // An API that lost its marker is ours if deployments below it are.
    for api in unmarked {
        apis.extend(restore_marker(&catalog, name, &api).await?);
    }
    apis.sort_by(|one, other| one.name.cmp(&other.name));
    apis.dedup_by(|one, other| one.name == other.name);
    let clouds = &session.clouds;
    let registration = find_registration(&environments, name, &clouds.resource_id, &clouds.vault_hosts);
    Ok((registration.is_some() || !apis.is_empty()).then_some((registration, apis)))
}

/// Deletes what was found and returns the number of APIs left for lack of time.
async fn delete_once(
    session: &Session,
    name: &IntegrationName,
    registration: Option<&Registration>,
    apis: Vec<ApiProof>,
) -> Result<usize, Problem> {
    let catalog = session.catalog();
    let environments = registration.map(environments_of).unwrap_or_default();
    let mut is_marked = false;
    for environment in &environments {
        let mark = |properties: &mut _| mark_deleting(name, properties);
        match catalog.update(environment, mark).await {
            Ok(environment) => is_marked = is_deleting(name, &environment),
            Err(CatalogError::NotFound { .. }) => (),
            // The organisation may require metadata since then that nobody gave a value for.
            Err(error @ CatalogError::Refused { status: 400, .. }) => {
                let (integration, error) = (name.as_str(), error_chain(&error));
                tracing::warn!(
                    integration,
                    error,
                    "cannot mark the integration as being deleted; deleting it without the mark"
                );
            }
            Err(error) => return Err(error.problem()),
        }
    }
    let found = apis.len();
    let environment = registration.map(|registration| registration.environment.name.clone());
    let deleting = Deleting {
        catalog: &catalog,
        integration: name,
        environment: environment.as_ref(),
        gone_from: None,
        budget: &session.budget,
        meter: Some(&session.clouds.meter),
    };
    let deleted = delete_apis(deleting, apis).await;
    if let Some(problem) = deleted.problem.clone() {
        return Err(unfinished(name, is_marked, &progress(found, &deleted), problem));
    }
    if deleted.remaining > 0 {
        return Ok(deleted.remaining);
    }
    for environment in &environments {
        let path = environment.path();
        leave(&catalog, name, path).await.map_err(|error| {
            let progress = format!("all APIs were deleted; still there: {path}");
            unfinished(name, is_marked, &progress, error.problem())
        })?;
    }
    Ok(0)
}

/// Whether an environment marks the integration as being deleted, so that the timer continues the deletion.
fn is_deleting(name: &IntegrationName, environment: &Entity) -> bool {
    let held = Held::of(&environment.properties).filter(|held| held.name().as_ref() == Some(name));
    held.is_some_and(|held| held.state() == IntegrationState::Deleting)
}

fn progress(found: usize, deleted: &DeletedApis) -> String {
    let first = deleted.left.first().map(|api| EntityPath::Api(api.clone()).to_string());
    format!(
        "{} of the {found} APIs were deleted; still there: {}, the first of them {}",
        deleted.deleted,
        deleted.left.len(),
        first.unwrap_or_default()
    )
}

/// Adds to a problem how far the deletion came and who continues it.
fn unfinished(name: &IntegrationName, is_marked: bool, progress: &str, problem: Problem) -> Problem {
    let state = if is_marked {
        "is being deleted, and the timer continues"
    } else {
        "could not be deleted"
    };
    let message = format!("the integration {name} {state}: {progress}: {}", problem.message);
    problem.with_message(message)
}

/// The environments that hold the integration.
fn environments_of(registration: &Registration) -> Vec<Owned> {
    let all = registration.former.iter().chain([&registration.environment]);
    all.filter_map(|environment| Owned::environment(&registration.name, environment))
        .collect()
}
