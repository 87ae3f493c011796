//! Refusals by the API center and by the resource manager before it.

use bytes::Bytes;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::json;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The provider has no such entity, or no parent of it.
    #[error("{0}")]
    NotFound(String),
    /// The provider finds the request invalid.
    #[error("{message}")]
    Invalid { code: &'static str, message: String },
    /// The resource manager stops the request.
    #[error("{message}")]
    Gateway {
        status: StatusCode,
        code: &'static str,
        message: String,
    },
    /// The access token is missing or invalid.
    #[error("{message}")]
    Unauthorized { code: &'static str, message: String },
    /// The budget is used up.
    #[error("{message}")]
    Throttled { message: String, retry_after_seconds: u64 },
    /// The target does not support the method.
    #[error("the method is not allowed here; allowed: {0}")]
    MethodNotAllowed(&'static str),
    /// The entity does not meet the precondition.
    #[error("{0}")]
    PreconditionFailed(String),
}

impl Refusal {
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid {
            code,
            message: message.into(),
        }
    }

    pub fn gateway(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self::Gateway {
            status,
            code,
            message: message.into(),
        }
    }

    pub fn into_response(self) -> Response<Bytes> {
        let message = self.to_string();
        match self {
            // The provider's 404 has no `error` around it (recorded, API version 2024-03-01).
            Self::NotFound(message) if message.is_empty() => {
                json::answer(StatusCode::NOT_FOUND, &json!({"code": "404"}))
            }
            Self::NotFound(message) => json::answer(StatusCode::NOT_FOUND, &json!({"code": "404", "message": message})),
            Self::Invalid { code, .. } => error(StatusCode::BAD_REQUEST, code, &message),
            Self::Gateway { status, code, .. } => from_gateway(error(status, code, &message)),
            Self::Unauthorized { code, .. } => {
                let challenge = format!(
                    "Bearer authorization_uri=\"https://login.windows.net/{}\", error=\"invalid_token\", error_description=\"{message}\"",
                    crate::token::TENANT_ID
                );
                let response = from_gateway(error(StatusCode::UNAUTHORIZED, code, &message));
                with_header(response, WWW_AUTHENTICATE, &challenge)
            }
            Self::Throttled {
                retry_after_seconds, ..
            } => {
                let response = from_gateway(error(
                    StatusCode::TOO_MANY_REQUESTS,
                    "SubscriptionRequestsThrottled",
                    &message,
                ));
                with_header(response, RETRY_AFTER, &retry_after_seconds.to_string())
            }
            Self::MethodNotAllowed(methods) => {
                let response = error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", &message);
                with_header(response, ALLOW, methods)
            }
            Self::PreconditionFailed(_) => error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", &message),
        }
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    json::answer(status, &json!({"error": {"code": code, "message": message}}))
}

fn from_gateway(response: Response<Bytes>) -> Response<Bytes> {
    with_header(response, HeaderName::from_static("x-ms-failure-cause"), "gateway")
}

fn with_header(mut response: Response<Bytes>, name: HeaderName, value: &str) -> Response<Bytes> {
    // A message can quote a request, which may not fit into a header.
    let printable: String = value
        .chars()
        .filter(|character| (' '..='~').contains(character))
        .collect();
    if let Ok(value) = HeaderValue::from_str(&printable) {
        response.headers_mut().insert(name, value);
    }
    response
}
