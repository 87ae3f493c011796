//! A synchronization with its beginning and end: the run, its outcome in the catalog, its line in the log.

use std::time::Duration;

use tracing::Instrument;

use crate::error_chain::error_chain;
use crate::model::{ApiProof, Entity, EntityPath, IntegrationName, IntegrationState, Outcome, Problem, Report};
use crate::panics::caught;
use crate::plan::Preview;
use crate::source::Gateway;
use crate::target::CatalogError;
use crate::telemetry::{Run, record_run, run_span, trace_id};

use super::deletion::delete_apis;
use super::outcome::StoredOutcome;
use super::pass::Continuation;
use super::record::{Recorded, record};
use super::registry::{self, Registration};
use super::removal::leave;
use super::run::{Done, Stop, check, observe};
use super::session::Session;
use super::tally::failed_report;
use super::{SyncRequest, is_deleting};

/// Synchronizes an integration and records how it went.
///
/// # Errors
/// When what is asked for cannot be, or nothing could be planned; the latter is recorded, too.
pub(super) async fn synchronize(
    session: &Session<'_>,
    registration: &Registration,
    request: &SyncRequest,
) -> Result<Report, Problem> {
    let (outcome, problem) = run(session, registration, request, None).await?;
    problem.map_or(Ok(outcome.report), Err)
}

/// Synchronizes an integration and records how it went; also says why nothing could be planned, if so.
///
/// # Errors
/// When what is asked for cannot be, or the integration was deleted before anything could be planned.
pub(super) async fn run(
    session: &Session<'_>,
    registration: &Registration,
    request: &SyncRequest,
    gateway: Option<Gateway>,
) -> Result<(StoredOutcome, Option<Problem>), Problem> {
    let span = run_span("sync", registration.name.as_str());
    run_through(session, registration, request, gateway)
        .instrument(span)
        .await
}

async fn run_through(
    session: &Session<'_>,
    registration: &Registration,
    request: &SyncRequest,
    gateway: Option<Gateway>,
) -> Result<(StoredOutcome, Option<Problem>), Problem> {
    let before = continuation(registration);
    let attempted = caught(attempt(session, registration, request, gateway)).await;
    let attempted = attempted.unwrap_or_else(|panicked| Err(Stop::Failed(panicked.into())));
    let (report, next, born, complete, problem) = match attempted {
        Ok(Done {
            tally,
            next,
            born,
            schemas_are_complete,
        }) => {
            let report = tally.into_report(session.started, session.now(), session.requests());
            (report, next, born, schemas_are_complete, None)
        }
        Err(Stop::Refused(problem)) => return Err(problem),
        Err(Stop::Failed(problem)) => {
            let report = failed_report(
                problem.message.clone(),
                session.started,
                session.now(),
                session.requests(),
            );
            (report, before, Vec::new(), false, Some(problem))
        }
    };
    let finished = matches!(report.outcome, Outcome::Succeeded);
    let outcome = StoredOutcome {
        last_success_on: finished.then(|| session.now()).or(registration.last_success_on),
        report,
        next,
    };
    match record(session, registration, &outcome, complete).await {
        Ok(Recorded::Kept) if finished && !registration.former.is_empty() => {
            leave_former_environments(session, registration).await;
        }
        Ok(Recorded::Kept) => (),
        Ok(Recorded::Gone) if moved(session, &registration.name).await => (),
        Ok(Recorded::Gone) => {
            take_back(session, &registration.name, born).await;
            // Whatever failed did so because of the deletion, or is of no interest any more: no alert is to fire.
            if problem.is_some() {
                return Err(is_deleting(&registration.name));
            }
        }
        // The next run records its own; this one's is in the log.
        Err(error) => {
            let (integration, error) = (registration.name.as_str(), error_chain(&error));
            tracing::warn!(integration, error, "the outcome of the run could not be recorded");
        }
    }
    tell(session, &registration.name, &outcome);
    Ok((outcome, problem))
}

/// Plans a synchronization; nothing is written.
///
/// # Errors
/// When both sides cannot be read.
pub(super) async fn plan(
    session: &Session<'_>,
    registration: &Registration,
    request: &SyncRequest,
) -> Result<Preview, Problem> {
    let plan = async {
        let integration = registration.integration.as_ref().map_err(Clone::clone)?;
        check(integration, request)?;
        let gateway = session.gateway(integration).await?;
        let before = continuation(registration).for_a_plan();
        let situation = observe(session, integration, gateway, request, before).await?;
        Ok(situation.plan().await)
    };
    plan.instrument(run_span("plan", registration.name.as_str())).await
}

async fn attempt(
    session: &Session<'_>,
    registration: &Registration,
    request: &SyncRequest,
    gateway: Option<Gateway>,
) -> Result<Done, Stop> {
    let integration = registration
        .integration
        .as_ref()
        .map_err(|problem| Stop::Failed(problem.clone()))?;
    check(integration, request).map_err(Stop::Refused)?;
    let gateway = match gateway {
        Some(gateway) => gateway,
        None => session.gateway(integration).await.map_err(Stop::Failed)?,
    };
    let before = continuation(registration);
    let situation = observe(session, integration, gateway, request, before)
        .await
        .map_err(Stop::Failed)?;
    situation.apply(session, registration, request).await
}

/// Where the run before stopped.
pub(super) fn continuation(registration: &Registration) -> Continuation {
    registration
        .outcome
        .as_ref()
        .map(|outcome| outcome.next.clone())
        .unwrap_or_default()
}

/// Whether an integration that is no longer where it was is in another environment, or nobody can tell.
async fn moved(session: &Session<'_>, name: &IntegrationName) -> bool {
    match session.catalog_for_epilogue().environments().await {
        Ok(environments) => {
            let found = registry::find(&environments, name, &session.clouds.vault_hosts);
            found.is_some_and(|found| found.state == IntegrationState::Active)
        }
        Err(error) => {
            let (integration, error) = (name.as_str(), error_chain(&error));
            tracing::warn!(
                integration,
                error,
                "whether the integration is gone could not be found out: what the run made stays"
            );
            true
        }
    }
}

/// The integration is gone or going: what came into being in this run would stay behind for ever.
async fn take_back(session: &Session<'_>, name: &IntegrationName, born: Vec<ApiProof>) {
    let taken_back = delete_apis(&session.catalog_for_epilogue(), name, born, None, &session.epilogue()).await;
    tracing::warn!(
        integration = name.as_str(),
        deleted = taken_back.deleted,
        remaining = taken_back.remaining,
        failed = taken_back.failed.len(),
        "the integration was deleted during the run: what the run had made was deleted, too"
    );
}

/// After a move all deployments are in the new environment: the old one goes if it was made for the integration.
///
/// What is the old one is read anew: during the run somebody may have moved the integration back to it, and then nothing
/// else might hold it.
async fn leave_former_environments(session: &Session<'_>, registration: &Registration) {
    let catalog = session.catalog_for_epilogue();
    let environments = match catalog.environments().await {
        Ok(environments) => environments,
        Err(error) => return warn_of_former(&registration.name, &registration.former, &error),
    };
    let current = registry::find(&environments, &registration.name, &session.clouds.vault_hosts)
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
        "a former environment could not be left; the next run tries again"
    );
}

/// Tells operators how the run went: in metrics, in its span, and in the line that alerts read.
fn tell(session: &Session<'_>, name: &IntegrationName, outcome: &StoredOutcome) {
    let (now, report) = (session.now(), &outcome.report);
    let duration = Duration::try_from(now - session.started).unwrap_or_default();
    let age = outcome.last_success_on.map(|on| (now - on).whole_seconds().max(0));
    record_run(&Run {
        integration: name.as_str(),
        report,
        throttles: session.throttles(),
        duration,
        last_success: outcome.last_success_on,
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
