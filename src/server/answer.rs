//! Problems as answers: shaped like those of Azure Resource Manager.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::model::Problem;

/// `{"error":{"code","message","target"?}}`.
pub(super) fn error_body(problem: &Problem) -> Value {
    let mut error = Map::new();
    error.insert("code".to_owned(), json!(problem.code.to_string()));
    error.insert("message".to_owned(), json!(problem.message));
    if let Some(target) = &problem.target {
        error.insert("target".to_owned(), json!(target));
    }
    json!({ "error": error })
}

/// The answer to a call that cannot be done, for programs.
pub(super) fn problem_response(problem: &Problem) -> Response {
    problem_answer(problem, |_| Json(error_body(problem)).into_response())
}

/// The answer to a call that cannot be done, with this body.
pub(super) fn problem_answer(problem: &Problem, body: impl FnOnce(StatusCode) -> Response) -> Response {
    let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::error!(code = %problem.code, status = status.as_u16(), "{problem}");
    } else {
        tracing::info!(code = %problem.code, status = status.as_u16(), "{problem}");
    }
    let mut response = body(status);
    *response.status_mut() = status;
    if let Some(seconds) = problem.retry_after_seconds() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// An answer that says that more is to be done, by the same call once more after so many seconds.
pub(super) fn unfinished(retry_after_seconds: u64, body: impl IntoResponse) -> Response {
    let retry_after = [(RETRY_AFTER, HeaderValue::from(retry_after_seconds))];
    (StatusCode::ACCEPTED, retry_after, body).into_response()
}
