//! `/function-timer`: the host's timer.
//!
//! The host hangs on an empty answer and ignores the body of a failed one. So a run that did its work gets an object,
//! and one that could not run a status that Functions counts as a failure.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::timeout;
use tracing::Instrument;

use super::answer::problem_response;
use super::app::{App, BODY_TIMEOUT, guarded, span, work};
use crate::engine::RunSummary;
use crate::model::{ErrorCode, Problem};

/// Longest envelope, in bytes: with a retry's stack trace one has about four thousand.
const ENVELOPE_MAX_BYTES: usize = 256 * 1024;

/// Synchronizes everything.
pub(super) async fn run(State(app): State<App>, request: Request) -> Response {
    let span = span(&request);
    let call = async {
        // Run whatever the envelope says.
        let envelope = timeout(BODY_TIMEOUT, to_bytes(request.into_body(), ENVELOPE_MAX_BYTES)).await;
        let envelope = envelope.ok().and_then(Result::ok).unwrap_or_default();
        if is_past_due(&envelope) {
            tracing::warn!("the timer is late: the host was down when it was due");
        }
        synchronize(&app).await.unwrap_or_else(|problem| failed(&problem))
    };
    guarded(call).instrument(span).await
}

async fn synchronize(app: &App) -> Result<Response, Problem> {
    let (_, settings) = app.ready()?;
    let budget = app.budget(settings.timer_budget);
    let summaries = work(app, move |app| async move { app.engine()?.run_all(&budget).await }).await?;
    let unread: Vec<&RunSummary> = summaries.iter().filter(|summary| summary.could_not_be_read).collect();
    if !unread.is_empty() {
        let names: Vec<&str> = unread.iter().map(|summary| summary.name.as_str()).collect();
        let first = unread
            .first()
            .and_then(|summary| summary.message.as_deref())
            .unwrap_or_default();
        let message = format!(
            "could not be synchronized: {}; the first because {first}",
            names.join(", ")
        );
        return Err(Problem::new(ErrorCode::InternalError, message));
    }
    let logs: Vec<String> = summaries.iter().map(line).collect();
    let outputs = json!({});
    Ok(Json(json!({ "Outputs": outputs, "Logs": logs, "ReturnValue": null })).into_response())
}

/// Makes Functions count a run as failed, so that alerts fire, whatever the problem's own status.
fn failed(problem: &Problem) -> Response {
    let mut response = problem_response(problem);
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// One line for the host's own log.
fn line(summary: &RunSummary) -> String {
    let name = &summary.name;
    let message = summary.message.as_deref().unwrap_or("nothing to report");
    let Some(report) = &summary.outcome else {
        return format!("{name}: {message}");
    };
    let outcome = report.outcome.name();
    let counts = format!(
        "{} created, {} updated, {} deleted, {} unchanged, {} remaining",
        report.created, report.updated, report.deleted, report.unchanged, report.remaining
    );
    format!("{name}: {outcome}: {counts}; {message}")
}

/// Whether the envelope says that the timer is late; `false` for an unknown shape.
pub(super) fn is_past_due(envelope: &[u8]) -> bool {
    let envelope: Value = serde_json::from_slice(envelope).unwrap_or_default();
    envelope.get("Data").and_then(Value::as_object).is_some_and(|data| {
        data.values()
            .any(|timer| timer.get("IsPastDue") == Some(&Value::Bool(true)))
    })
}
