//! The operations on integrations.

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::answer::unfinished;
use super::app::{App, work};
use super::body::json_body;
use super::page::{self, Portal, Visit, page_response};
use super::query::{ApiFilter, Filter};
use super::route::BasePath;
use super::shapes::{AnyApiCondition, AnyCondition, IntegrationList, UnfinishedDeletion};
use crate::engine::{Condition, Deletion, Examination, Explanation, IntegrationView, PlanView, SyncRequest, Written};
use crate::limits::Budget;
use crate::model::document::parse_document;
use crate::model::{IntegrationName, Problem, Report};

/// All integrations
///
/// As JSON, or as the status page.
#[utoipa::path(
    get, path = "", operation_id = "listIntegrations",
    params(
        ("search" = Option<String>, Query, description = "Only those that contain this text."),
        ("state" = inline(Option<AnyCondition>), Query, description = "Only those in this state."),
    ),
    responses((
        status = 200, description = "The integrations.",
        content((IntegrationList = "application/json"), (String = "text/html")),
    )),
)]
pub(super) async fn list(
    app: &App,
    budget: Budget,
    filter: &Filter<Condition>,
    visit: Option<&Visit>,
) -> Result<Response, Problem> {
    let mut integrations = work(app, move |app| async move { app.engine()?.list(&budget).await }).await?;
    let Some(visit) = visit else {
        integrations.retain(|integration| filter.passes(integration));
        return Ok(Json(IntegrationList { value: integrations }).into_response());
    };
    let (_, settings) = app.ready()?;
    let page = page::overview(&integrations, filter, visit, &Portal::of(settings));
    Ok(page_response(page))
}

/// One integration
///
/// As JSON, or as a page with its gateways and the APIs that the parameters select.
#[utoipa::path(
    get, path = "/{name}", operation_id = "getIntegration",
    params(
        ("search" = Option<String>, Query, description = "Only those that contain this text."),
        (
            "state" = inline(Option<AnyApiCondition>), Query,
            description = "Only APIs in this state; the page alone uses it.",
        ),
        (
            "account" = Option<String>, Query, pattern = "^([0-9]{12})?$",
            description = "Only APIs in this account; the page alone uses it.",
        ),
        (
            "kind" = Option<String>, Query, pattern = "^(REST|HTTP|WebSocket)?$",
            description = "Only APIs of this kind; the page alone uses it.",
        ),
        (
            "page" = Option<u32>, Query, minimum = 1,
            description = "Which hundred of the APIs; the page alone uses it.",
        ),
        ("region" = Option<String>, Query, description = "Only APIs in this region; the page alone uses it."),
    ),
    responses((
        status = 200, description = "The integration.",
        content((IntegrationView = "application/json"), (String = "text/html")),
    )),
)]
pub(super) async fn get(
    app: &App,
    budget: Budget,
    name: IntegrationName,
    filter: &ApiFilter,
    visit: Option<&Visit>,
) -> Result<Response, Problem> {
    let Some(visit) = visit else {
        let view = work(app, move |app| async move { app.engine()?.get(&name, &budget).await });
        return Ok(Json(view.await?).into_response());
    };
    let (_, settings) = app.ready()?;
    let detail = work(
        app,
        move |app| async move { app.engine()?.detail(&name, &budget).await },
    );
    let page = page::integration(&detail.await?, filter, visit, &Portal::of(settings));
    Ok(page_response(page))
}

/// Create or replace an integration
///
/// Checks everything before the first write, then synchronizes the integration as far as time allows.
#[utoipa::path(
    put, path = "/{name}", operation_id = "putIntegration",
    request_body(
        content = IntegrationView,
        description = "The integration. The read-only properties of a `GET` are ignored; unknown properties are \
                       refused.",
    ),
    responses(
        (status = 200, description = "Replaced.", body = IntegrationView),
        (status = 201, description = "Created.", body = IntegrationView),
    ),
)]
pub(super) async fn put(
    app: &App,
    budget: Budget,
    name: IntegrationName,
    request: Request,
) -> Result<Response, Problem> {
    let (_, settings) = app.ready()?;
    let (parts, body) = request.into_parts();
    let body = json_body(&parts.headers, body).await?;
    let document = parse_document(&body, &name, &settings.resource_id, &settings.vault_hosts)?;
    let written = work(app, move |app| async move {
        app.engine()?.put(&name, document, &budget).await
    });
    Ok(match written.await? {
        Written::Created(view) => (StatusCode::CREATED, Json(view)).into_response(),
        Written::Updated(view) => Json(view).into_response(),
    })
}

/// Delete an integration with everything it created
///
/// Changes nothing in AWS.
#[utoipa::path(
    delete, path = "/{name}", operation_id = "deleteIntegration",
    responses(
        (status = 202, description = "The time ran out: the same call, or the timer, continues.", body = UnfinishedDeletion),
        (status = 204, description = "Nothing is left."),
    ),
)]
pub(super) async fn delete(app: &App, budget: Budget, name: IntegrationName) -> Result<Response, Problem> {
    let deletion = work(
        app,
        move |app| async move { app.engine()?.delete(&name, &budget).await },
    );
    Ok(match deletion.await? {
        Deletion::Done => StatusCode::NO_CONTENT.into_response(),
        Deletion::Remaining(remaining) => {
            let message = format!("the time ran out for {remaining} of its APIs: call again, or leave it to the timer");
            unfinished(0, Json(UnfinishedDeletion { remaining, message }))
        }
    })
}

/// Synchronize now
///
/// Does at once what the timer does.
#[utoipa::path(
    post, path = "/{name}/sync", operation_id = "synchronize",
    params(
        ("definitions" = Option<bool>, Query, description = "Import definitions even where that happens on demand \
                                                             only."),
        ("deep" = Option<bool>, Query, description = "Compare everything below every API."),
        (
            "confirmDeletions" = Option<String>, Query, pattern = "^[0-9a-fA-F]+(,[0-9a-fA-F]+)*$",
            description = "The `deletionsId` of held deletions to confirm.",
        ),
        (
            "planId" = Option<String>, Query, pattern = "^[0-9a-fA-F]+$",
            description = "Apply only the plan with this `planId`.",
        ),
        (
            "api" = Option<String>, Query, pattern = "^([0-9-]+/[a-z0-9-]+/)?[a-zA-Z0-9]{1,25}$",
            description = "Synchronize only the API with this id: nothing is removed, and the outcome is not recorded.",
        ),
    ),
    responses(
        (status = 200, description = "The report.", body = Report),
        (
            status = 202, body = Report,
            description = "The report of an unfinished run: the time ran out, or a throttle outlasts it. The same call \
                           after `Retry-After`, or the timer, continues.",
        ),
    ),
)]
pub(super) async fn synchronize(
    app: &App,
    budget: Budget,
    name: IntegrationName,
    wanted: SyncRequest,
) -> Result<Response, Problem> {
    let report = work(app, move |app| async move {
        app.engine()?.sync(&name, &wanted, &budget).await
    });
    let report = report.await?;
    Ok(match report.retry_after_seconds {
        Some(seconds) => unfinished(seconds, Json(report)),
        None => Json(report).into_response(),
    })
}

/// What a synchronization would do
///
/// Writes nothing.
#[utoipa::path(
    get, path = "/{name}/plan", operation_id = "plan",
    params(
        ("definitions" = Option<bool>, Query, description = "Import definitions even where that happens on demand \
                                                             only."),
        ("deep" = Option<bool>, Query, description = "Compare everything below every API."),
    ),
    responses((
        status = 200, description = "The plan.",
        content((PlanView = "application/json"), (String = "text/plain"), (String = "text/html")),
    )),
)]
pub(super) async fn plan(
    app: &App,
    budget: Budget,
    base: &BasePath,
    (name, wanted): (IntegrationName, SyncRequest),
    (is_text, visit): (bool, Option<&Visit>),
) -> Result<Response, Problem> {
    let (of, request) = (name.clone(), wanted.clone());
    let plan = work(app, move |app| async move {
        app.engine()?.plan(&of, &request, &budget).await
    });
    let plan = plan.await?;
    Ok(match visit {
        Some(visit) => page_response(page::plan(name.as_str(), &plan, &wanted, visit)),
        None if is_text => plan_text(&base.one(name.as_str()), &plan).into_response(),
        None => Json(plan).into_response(),
    })
}

/// The plan for people, with the call that applies exactly this plan; `path` is that of the integration.
fn plan_text(path: &str, plan: &PlanView) -> String {
    let mut text = plan.to_text();
    if plan.complete && !plan.changes.is_empty() {
        text.push_str("\nTo apply exactly this plan, with the same parameters:\n");
        text.extend(["  POST ", path, "/sync?planId=", &plan.plan_id, "\n"]);
    }
    text
}

/// Check every prerequisite
///
/// Under the app's own identity, with a remedy for each failure. Without such an integration, checks only what all of
/// them need.
#[utoipa::path(
    get, path = "/{name}/doctor", operation_id = "examine",
    responses((status = 200, description = "The checks and their results.", body = Examination)),
)]
pub(super) async fn examine(app: &App, name: IntegrationName) -> Result<Response, Problem> {
    let examination = work(app, move |app| async move {
        Ok(match app.ready() {
            Ok((engine, settings)) => engine.examine(&name, &app.budget(settings.http_budget)).await,
            // With invalid settings, they are the only finding.
            Err(problem) => Examination::of_settings(&problem),
        })
    });
    Ok(Json(examination.await?).into_response())
}

/// Why an API is, or is not, in the catalog
///
/// Writes nothing.
#[utoipa::path(
    get, path = "/{name}/explain", operation_id = "explain",
    params((
        "api" = String, Query, min_length = 1, max_length = 1024, pattern = r"\S",
        description = "The name or id of an API in API Gateway, or its name in the catalog.",
    )),
    responses((
        status = 200, description = "The explanation.",
        content((Explanation = "application/json"), (String = "text/html")),
    )),
)]
pub(super) async fn explain(
    app: &App,
    budget: Budget,
    name: IntegrationName,
    api: String,
    visit: Option<&Visit>,
) -> Result<Response, Problem> {
    let explanation = work(app, move |app| async move {
        app.engine()?.explain(&name, &api, &budget).await
    });
    let explanation = explanation.await?;
    let Some(visit) = visit else {
        return Ok(Json(explanation).into_response());
    };
    let (_, settings) = app.ready()?;
    Ok(page_response(page::explanation(
        &explanation,
        visit,
        &Portal::of(settings),
    )))
}
