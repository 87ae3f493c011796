//! Errors in the shape of Azure Resource Manager's.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{ErrorCode, Problem};

/// Why a call failed, in the shape of Azure Resource Manager's errors.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorAnswer {
    /// The problem.
    error: ErrorBody,
}

/// The problem.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct ErrorBody {
    /// The kind of problem.
    code: ErrorCode,
    /// The problem, for people.
    message: String,
    /// The part of the request at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

impl From<&Problem> for ErrorAnswer {
    fn from(problem: &Problem) -> Self {
        let error = ErrorBody {
            code: problem.code,
            message: problem.message.clone(),
            target: problem.target.clone(),
        };
        Self { error }
    }
}

/// The response for a failed call, as JSON.
pub(super) fn problem_response(problem: &Problem) -> Response {
    problem_answer(problem, |_| Json(ErrorAnswer::from(problem)).into_response())
}

/// The response for a failed call, with this body.
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

/// A response that asks for the same call again after this many seconds.
pub(super) fn unfinished(retry_after_seconds: u64, body: impl IntoResponse) -> Response {
    let retry_after = [(RETRY_AFTER, HeaderValue::from(retry_after_seconds))];
    (StatusCode::ACCEPTED, retry_after, body).into_response()
}
