//! Deleting an integration: what it made, then where it is kept.

use std::time::Duration;

use tracing::Instrument;

use crate::error_chain::error_chain;
use crate::model::{ApiProof, EntityPath, ErrorCode, IntegrationName, Owned, OwnedApi, Problem};
use crate::target::{Catalog, CatalogError};
use crate::telemetry::run_span;

use super::deletion::{DeletedApis, delete_apis};
use super::registry::{self, Registration, mark_deleting, remove_marker, was_made};
use super::session::Session;
use super::{Deletion, not_found};

/// Rounds after which something else keeps making what is deleted here: then the next call, or the timer, goes on.
const ROUNDS: usize = 3;

/// Deletes an integration, as far as the time allows.
///
/// After the last write everything is looked at once more: a `PUT` or a run that overlapped may have brought it back.
///
/// # Errors
/// When it is not there, or something of it cannot be deleted.
pub(super) async fn remove(session: &Session<'_>, name: &IntegrationName) -> Result<Deletion, Problem> {
    remove_all(session, name)
        .instrument(run_span("delete", name.as_str()))
        .await
}

async fn remove_all(session: &Session<'_>, name: &IntegrationName) -> Result<Deletion, Problem> {
    let mut rounds = 0;
    loop {
        let Some((registration, apis)) = find(session, name).await? else {
            return if rounds == 0 {
                Err(not_found(name))
            } else {
                Ok(Deletion::Done)
            };
        };
        if rounds == ROUNDS {
            return Err(there_again(name, registration.as_ref(), &apis));
        }
        let left = remove_once(session, name, registration.as_ref(), apis).await?;
        if left > 0 {
            return Ok(Deletion::Remaining(left));
        }
        rounds += 1;
    }
}

/// What was deleted is found again: something else makes it, or Azure does not find what it lists.
fn there_again(name: &IntegrationName, registration: Option<&Registration>, apis: &[ApiProof]) -> Problem {
    let environment = registration.map(|registration| EntityPath::Environment(registration.environment.name.clone()));
    let paths = apis.iter().map(|api| api.owned().path().clone()).chain(environment);
    let paths: Vec<String> = paths.map(|path| path.to_string()).collect();
    let message = format!(
        "the integration {name} was deleted {ROUNDS} times and is there again: {} (of {}); is it put or synchronized at \
         the same time? Call again",
        paths.first().map(String::as_str).unwrap_or_default(),
        paths.len()
    );
    Problem::new(ErrorCode::ServiceUnavailable, message).with_retry_after(Duration::ZERO)
}

/// Where the integration is kept, and the APIs it made; `None` when there is neither.
async fn find(
    session: &Session<'_>,
    name: &IntegrationName,
) -> Result<Option<(Option<Registration>, Vec<ApiProof>)>, Problem> {
    let catalog = session.catalog();
    let (environments, apis) =
        tokio::try_join!(catalog.environments(), catalog.apis()).map_err(|error| error.problem())?;
    let registration = registry::find(&environments, name, &session.clouds.vault_hosts);
    let claims = apis.iter().filter_map(|api| OwnedApi::claim(name, api));
    let apis: Vec<ApiProof> = claims.map(|api| api.proof()).collect();
    Ok((registration.is_some() || !apis.is_empty()).then_some((registration, apis)))
}

/// Deletes what was found and says how many APIs there was no time for.
async fn remove_once(
    session: &Session<'_>,
    name: &IntegrationName,
    registration: Option<&Registration>,
    apis: Vec<ApiProof>,
) -> Result<usize, Problem> {
    let catalog = session.catalog();
    let environments = registration.map(environments_of).unwrap_or_default();
    for environment in &environments {
        let mark = |properties: &mut _| mark_deleting(name, properties);
        match none_if_gone(catalog.update(environment, mark).await.map(|_| ())) {
            // Since it was made, the organisation may have come to require what nobody has given a value for.
            Err(error @ CatalogError::Refused { status: 400, .. }) => {
                let (integration, error) = (name.as_str(), error_chain(&error));
                tracing::warn!(
                    integration,
                    error,
                    "the integration cannot be marked as being deleted; it is deleted without"
                );
            }
            marked => marked.map_err(|error| error.problem())?,
        }
    }
    let found = apis.len();
    let deleted = delete_apis(&catalog, name, apis, None, &session.budget).await;
    if let Some(problem) = deleted.problem.clone() {
        return Err(unfinished(name, found, &deleted, problem));
    }
    if deleted.remaining > 0 {
        return Ok(deleted.remaining);
    }
    for environment in &environments {
        let path = environment.path();
        leave(&catalog, name, path).await.map_err(|error| {
            let problem = error.problem();
            let message = format!(
                "all APIs of the integration {name} were deleted; still there: {path}: {}",
                problem.message
            );
            problem.with_message(message)
        })?;
    }
    Ok(0)
}

/// Says how far a deletion came before this problem.
fn unfinished(name: &IntegrationName, found: usize, deleted: &DeletedApis, problem: Problem) -> Problem {
    let first = deleted.left.first().map(|api| EntityPath::Api(api.clone()).to_string());
    let message = format!(
        "{} of the {found} APIs of the integration {name} were deleted; still there: {}, the first of them {}: {}",
        deleted.deleted,
        deleted.left.len(),
        first.unwrap_or_default(),
        problem.message
    );
    problem.with_message(message)
}

/// Takes an integration out of an environment: one that was made for it goes, any other loses the marker.
///
/// Who is in it is looked at right before. Since it was listed, another call may have ended what this one is about, and
/// somebody may have put another integration there, which stays. A deletion knows no condition: who is put there in the
/// moment between the look and the deletion finds the environment gone, and is shown as orphaned.
///
/// # Errors
/// When it cannot be read, written or deleted.
pub(super) async fn leave(
    catalog: &Catalog,
    name: &IntegrationName,
    environment: &EntityPath,
) -> Result<(), CatalogError> {
    let Some(found) = catalog.get(environment).await? else {
        return Ok(());
    };
    let Some(owned) = Owned::environment(name, &found) else {
        return Ok(());
    };
    if was_made(&found) {
        return catalog.delete(&owned).await;
    }
    let remove = |properties: &mut _| remove_marker(name, properties);
    none_if_gone(catalog.update(&owned, remove).await.map(|_| ()))
}

/// The environments that hold the integration.
fn environments_of(registration: &Registration) -> Vec<Owned> {
    let all = registration.former.iter().chain([&registration.environment]);
    all.filter_map(|environment| Owned::environment(&registration.name, environment))
        .collect()
}

fn none_if_gone(result: Result<(), CatalogError>) -> Result<(), CatalogError> {
    match result {
        Err(CatalogError::NotFound { .. }) => Ok(()),
        other => other,
    }
}
