//! The beginning and end of a run: its outcome in the catalog, its log line, and the cleanup.

use std::time::Duration;

use tracing::Instrument;

use super::conclude::Ran;
use super::delete::{Deleting, delete_apis};
use super::gateways::Gateways;
use super::guard::charges;
use super::hands::{Ending, Watch};
use super::index::CatalogIndex;
use super::observe::Unobserved;
use super::record::record;
use super::report::failed_report;
use super::request::SyncRequest;
use super::session::Session;
use super::steps::{Stop, check, run};
use crate::azure::{Catalog, CatalogError};
use crate::catalog::settings::{Held, Registration, find, remove_marker};
use crate::catalog::{ApiProof, Owned};
use crate::error_chain::error_chain;
use crate::model::{Entity, EntityPath, ErrorCode, IntegrationName, IntegrationState, Outcome, Problem, Report};
use crate::panics::caught;
use crate::telemetry::{Run, record_run, run_span, trace_id};

/// How a run ended.
#[derive(Debug, Clone)]
pub struct End {
    /// Its report.
    pub report: Report,
    /// Why planning failed, if it did.
    pub problem: Option<Problem>,
}

/// Synchronizes an integration and records the outcome.
///
/// # Errors
/// If the request is invalid, or the integration was changed or deleted meanwhile.
pub async fn run_to_the_end(
    session: &Session,
    registration: &Registration,
    request: &SyncRequest,
    gateways: Option<Gateways>,
    index: Option<&CatalogIndex>,
) -> Result<End, Problem> {
    let span = run_span("sync", registration.name.as_str());
    run_through(session, registration, request, gateways, index)
        .instrument(span)
        .await
}

async fn run_through(
    session: &Session,
    registration: &Registration,
    request: &SyncRequest,
    gateways: Option<Gateways>,
    index: Option<&CatalogIndex>,
) -> Result<End, Problem> {
    let attempted = caught(attempt(session, registration, request, gateways, index)).await;
    let attempted = attempted.unwrap_or_else(|panicked| Err(Stop::Failed(panicked.into())));
    let (report, journal, charges, born, watch, problem) = match attempted {
        Ok(ran) => {
            let report = ran
                .tally
                .into_report(session.started, session.now(), session.requests());
            (report, ran.journal, ran.charges, ran.born, ran.watch, None)
        }
        Err(stop) => {
            let Unobserved { problem, gateways } = match stop {
                Stop::Refused(problem) => return Err(problem),
                Stop::Failed(problem) => problem.into(),
                Stop::Unobserved(unobserved) => unobserved,
            };
            let message = problem.message.clone();
            let report = Report {
                gateways,
                ..failed_report(message, session.started, session.now(), session.requests())
            };
            let journal = request.api.is_none().then(|| registration.journal.clone());
            let watch = Watch::new(registration);
            let charges = charges(&registration.journal);
            (report, journal, charges, Vec::new(), watch, Some(problem))
        }
    };
    let finished = matches!(report.outcome, Outcome::Succeeded);
    let ending = match journal {
        Some(mut journal) => {
            journal.succeeded_on(finished.then(|| session.now()));
            let recorded = record(session, registration, &watch, (&report, &journal, &charges)).await;
            if !matches!(recorded, Ok(Some(_))) {
                tell(session, &registration.name, &report, journal.last_success_on());
            }
            recorded
        }
        None => Ok(watch.ending()),
    };
    match ending {
        Ok(None) if finished && !registration.former.is_empty() => {
            leave_former_environments(session, registration).await;
        }
        Ok(None) => (),
        Ok(Some(ending)) => return Err(superseded(session, registration, ending, born).await),
        // The next run records its own outcome; this one's is in the log.
        Err(error) => {
            let (integration, error) = (registration.name.as_str(), error_chain(&error));
            tracing::warn!(integration, error, "cannot record the outcome of the run");
        }
    }
    Ok(End { report, problem })
}

async fn attempt(
    session: &Session,
    registration: &Registration,
    request: &SyncRequest,
    gateways: Option<Gateways>,
    index: Option<&CatalogIndex>,
) -> Result<Ran, Stop> {
    let integration = registration.integration.as_ref();
    let integration = integration.map_err(|problem| Stop::Failed(problem.clone()))?;
    check(integration, request).map_err(Stop::Refused)?;
    run(session, registration, integration, gateways, request, index).await
}

/// Handles an integration that another call changed or deleted: if it was deleted, what this run created would stay
/// forever.
async fn superseded(session: &Session, registration: &Registration, ending: Ending, born: Vec<ApiProof>) -> Problem {
    let name = &registration.name;
    let again = |why: String| {
        let message = format!("{why}, so this run ended: call again");
        Problem::new(ErrorCode::ServiceUnavailable, message).with_retry_after(Duration::ZERO)
    };
    match ending {
        Ending::Changed => again(format!("another call has changed the integration {name}")),
        // It was moved, or Azure lists it without finding it.
        Ending::Gone if is_elsewhere(session, name).await => {
            let path = EntityPath::Environment(registration.environment.name.clone());
            again(format!("the integration {name} is no longer found in {path}"))
        }
        Ending::Gone => {
            take_back(session, name, born).await;
            Problem::integration_deleting(name)
        }
    }
}

/// Whether an integration that left its environment is in another one, or that is unknown.
async fn is_elsewhere(session: &Session, name: &IntegrationName) -> bool {
    match session.catalog_for_epilogue().environments().await {
        Ok(environments) => {
            let found = find(
                &environments,
                name,
                &session.clouds.resource_id,
                &session.clouds.vault_hosts,
            );
            found.is_some_and(|found| found.state == IntegrationState::Active)
        }
        Err(error) => {
            let (integration, error) = (name.as_str(), error_chain(&error));
            tracing::warn!(
                integration,
                error,
                "cannot determine whether the integration is gone; what the run created stays"
            );
            true
        }
    }
}

async fn take_back(session: &Session, name: &IntegrationName, born: Vec<ApiProof>) {
    let (catalog, budget) = (session.catalog_for_epilogue(), session.epilogue());
    let deleting = Deleting {
        catalog: &catalog,
        integration: name,
        environment: None,
        gone_from: None,
        budget: &budget,
        meter: None,
    };
    let taken_back = delete_apis(deleting, born).await;
    tracing::warn!(
        integration = name.as_str(),
        deleted = taken_back.deleted,
        remaining = taken_back.remaining,
        failed = taken_back.failed.len(),
        "the integration was deleted during the run; what the run had created was deleted, too"
    );
}

/// Releases the old environment after a move, once all deployments are in the new one; deletes it if it was created for
/// the integration.
///
/// Determines the old environment again: during the run, somebody may have moved the integration back, which would
/// leave it without one.
async fn leave_former_environments(session: &Session, registration: &Registration) {
    let catalog = session.catalog_for_epilogue();
    let environments = match catalog.environments().await {
        Ok(environments) => environments,
        Err(error) => return warn_of_former(&registration.name, &registration.former, &error),
    };
    let clouds = &session.clouds;
    let current = find(
        &environments,
        &registration.name,
        &clouds.resource_id,
        &clouds.vault_hosts,
    )
    .filter(|current| current.environment.name == registration.environment.name);
    for former in current.map(|current| current.former).unwrap_or_default() {
        let path = EntityPath::Environment(former.name.clone());
        if let Err(error) = leave(&catalog, &registration.name, &path).await {
            warn_of_former(&registration.name, &[former], &error);
        }
    }
}

fn warn_of_former(integration: &IntegrationName, former: &[Entity], error: &CatalogError) {
    let paths = former
        .iter()
        .map(|former| EntityPath::Environment(former.name.clone()).to_string());
    let (integration, error) = (integration.as_str(), error_chain(error));
    tracing::warn!(
        integration,
        path = paths.collect::<Vec<_>>().join(", "),
        error,
        "cannot release a former environment; the next run tries again"
    );
}

/// Takes an integration out of an environment: deletes one created for it, and removes the marker from any other.
///
/// Checks right before who is in it. Since the listing, another call may have done the same, or somebody may have put
/// another integration there, which stays. A deletion has no precondition: an integration put there between check and
/// deletion loses its environment and shows up as orphaned.
///
/// # Errors
/// If the environment cannot be read, written or deleted.
pub async fn leave(catalog: &Catalog, name: &IntegrationName, environment: &EntityPath) -> Result<(), CatalogError> {
    let Some(found) = catalog.get(environment).await? else {
        return Ok(());
    };
    let Some(owned) = Owned::environment(name, &found) else {
        return Ok(());
    };
    if Held::of(&found.properties).is_some_and(Held::is_made) {
        return catalog.delete(&owned).await;
    }
    match catalog
        .update(&owned, |properties| remove_marker(name, properties))
        .await
    {
        Ok(_) | Err(CatalogError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Reports the run to operators: in metrics, in its span, and in the log line that alerts read.
fn tell(session: &Session, name: &IntegrationName, report: &Report, last_success: Option<time::OffsetDateTime>) {
    let now = session.now();
    let duration = Duration::try_from(now - session.started).unwrap_or_default();
    let age = last_success.map(|on| (now - on).whole_seconds().max(0));
    record_run(&Run {
        integration: name.as_str(),
        report,
        throttles: session.throttles(),
        duration,
        last_success,
    });
    let outcome = report.outcome.name();
    tracing::info!(
        event = "sync",
        integration = name.as_str(),
        outcome,
        created = report.created,
        updated = report.updated,
        deleted = report.deleted,
        unchanged = report.unchanged,
        remaining = report.remaining,
        failed = report.failed.len(),
        skipped = report.skipped.len(),
        durationMs = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        awsRequests = report.requests.aws,
        azureRequests = report.requests.azure,
        throttles = session.throttles(),
        lastSuccessAgeSeconds = age,
        traceId = trace_id(),
        reason = report.message.as_deref().unwrap_or_default(),
        "the synchronization of {name} ended: {outcome}"
    );
}
