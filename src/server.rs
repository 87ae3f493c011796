//! The HTTP side of the handler: calls of the Functions host, and user calls through it.

mod answer;
mod app;
mod body;
mod calls;
mod description;
#[cfg(any(test, fuzzing))]
#[path = "../fuzz/checks/server.rs"]
pub(crate) mod fuzzing;
mod integrations;
mod negotiation;
mod observation;
mod page;
mod query;
mod route;
mod shapes;
mod timer;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use serde_json::json;

use crate::model::{ErrorCode, Problem};

use self::answer::ErrorAnswer;
pub use self::app::App;
use self::app::span;
use self::route::BasePath;

/// The OpenAPI 3.1 description of the calls, under the usual prefix.
#[must_use]
pub fn openapi_document() -> serde_json::Value {
    description::document(&BasePath::default())
}

/// The routes of an app.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", any(alive))
        .route("/function-timer", post(timer::run))
        .route("/function-http", post(envelope))
        .fallback(calls::call)
        .layer(from_fn_with_state(app.clone(), observation::observe))
        .with_state(app)
}

/// The host's probe: any response means that the handler is up.
async fn alive() -> Response {
    axum::Json(json!({ "status": "up" })).into_response()
}

/// Refuses an HTTP call in an envelope: the host is not configured to forward calls unchanged.
async fn envelope(State(app): State<App>, request: Request) -> Response {
    let _entered = span(&request).entered();
    let problem = app.ready().err().unwrap_or_else(|| {
        let flags = "customHandler.enableProxyingHttpRequest and customHandler.enableForwardingHttpRequest";
        let message = format!("the host wraps HTTP calls in envelopes: set {flags} to true in host.json");
        Problem::new(ErrorCode::ForwardingDisabled, message).with_target("host.json")
    });
    tracing::error!(code = %problem.code, "{problem}");
    let res = json!({
        "statusCode": StatusCode::INTERNAL_SERVER_ERROR.as_u16(),
        "headers": { "Content-Type": "application/json" },
        "body": json!(ErrorAnswer::from(&problem)).to_string(),
    });
    axum::Json(json!({ "Outputs": { "res": res }, "Logs": [problem.message], "ReturnValue": null })).into_response()
}
