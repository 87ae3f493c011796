//! What can go wrong with Amazon, told apart by what helps.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::transport::{ANSWER_MAX_BYTES, is_too_long};
use crate::error_chain::error_chain;
use crate::model::{ErrorCode, Problem, clip};

/// When to try again if nothing is known: Amazon's whole burst quota has refilled by then, several times.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(30);
/// Longest message of Amazon's that is passed on, in UTF-16 units: enough for every one that people can use.
const MESSAGE_MAX: usize = 600;
/// Error codes, without `Exception`, that mean that the keys or the signature are not accepted, whatever the status.
const AUTHENTICATION_CODES: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignature",
    "MissingAuthenticationToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
];
/// Error codes, without `Exception`, that mean "too fast" where the status does not say so.
const THROTTLE_CODES: &[&str] = &["LimitExceeded", "RequestLimitExceeded", "Throttling", "TooManyRequests"];

/// An operation of Amazon's and what it was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation, such as `GetStages`.
    pub operation: &'static str,
    /// What it was asked about, such as `REST API a1b2c3d4e5`.
    pub subject: String,
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {}", self.operation, self.subject)
    }
}

/// A call to Amazon API Gateway that gave no answer to work with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// The access key, or the signature made with it, is not accepted.
    #[error("{call}: Amazon does not accept the access key: {message}")]
    AuthenticationFailed {
        /// What was called.
        call: Call,
        /// Amazon's words.
        message: String,
    },
    /// The access key is good but may not do this.
    #[error("{call}: Amazon denies access: {message}")]
    AccessDenied {
        /// What was called.
        call: Call,
        /// Amazon's words.
        message: String,
    },
    /// It is not there, or not any more.
    #[error("{call}: Amazon does not find it: {message}")]
    NotFound {
        /// What was called.
        call: Call,
        /// Amazon's words.
        message: String,
    },
    /// Amazon does not do what was asked, and would not if asked again (400).
    #[error("{call}: Amazon refuses: {message}")]
    Refused {
        /// What was called.
        call: Call,
        /// Amazon's words.
        message: String,
    },
    /// The account's request quota is used up, for longer than there is time.
    #[error("{call}: Amazon is throttling the requests of this account")]
    Throttled {
        /// What was called.
        call: Call,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// Amazon cannot be reached, or cannot answer now.
    #[error("{call}: Amazon API Gateway is not available: {message}")]
    Unavailable {
        /// What was called.
        call: Call,
        /// What happened.
        message: String,
        /// When to try again, if Amazon said so.
        retry_after: Option<Duration>,
    },
    /// The time budget ended first.
    #[error("{call}: there was no time left for it")]
    OutOfTime {
        /// What was called.
        call: Call,
    },
    /// The answer is longer than is read.
    #[error("{call}: the answer is longer than {ANSWER_MAX_BYTES} bytes")]
    TooLong {
        /// What was called.
        call: Call,
    },
    /// The answer is not what the operation is documented to give.
    #[error("{call}: the answer cannot be understood: {message}")]
    Malformed {
        /// What was called.
        call: Call,
        /// What is wrong with it.
        message: String,
    },
}

impl GatewayError {
    /// Classifies an error of the SDK by status and error code.
    pub(super) fn of_sdk<E>(call: &Call, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let call = call.clone();
        if is_too_long(error) {
            return Self::TooLong { call };
        }
        let message = message(error);
        let retry_after = error.raw_response().and_then(retry_after);
        let status = error.raw_response().map(|response| response.status().as_u16());
        let unavailable = |message| Self::Unavailable {
            call: call.clone(),
            message,
            retry_after,
        };
        let Some(status) = status else {
            return unavailable(message);
        };
        if matches!(error, SdkError::ResponseError(_)) {
            // The answer broke off, which says nothing of what it would have been.
            return unavailable(message);
        }
        let code = error
            .code()
            .map_or("", |code| code.strip_suffix("Exception").unwrap_or(code));
        if status == 429 || is_throttle_code(code) {
            return Self::Throttled { call, retry_after };
        }
        if AUTHENTICATION_CODES.contains(&code) {
            return Self::AuthenticationFailed {
                call,
                message: with_clock_hint(message),
            };
        }
        match status {
            200..=299 => Self::Malformed { call, message },
            400 => Self::Refused { call, message },
            401 | 403 => Self::AccessDenied { call, message },
            404 => Self::NotFound { call, message },
            _ => unavailable(format!("HTTP {status}: {message}")),
        }
    }

    /// The same error with `text` made unreadable wherever Amazon repeats it.
    pub(super) fn without(mut self, text: &str) -> Self {
        match &mut self {
            Self::AuthenticationFailed { message, .. }
            | Self::AccessDenied { message, .. }
            | Self::NotFound { message, .. }
            | Self::Refused { message, .. }
            | Self::Unavailable { message, .. }
            | Self::Malformed { message, .. } => {
                if !text.is_empty() {
                    *message = message.replace(text, "[secret]");
                }
            }
            Self::Throttled { .. } | Self::OutOfTime { .. } | Self::TooLong { .. } => (),
        }
        self
    }

    /// What a caller of ours is told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let text = self.to_string();
        match self {
            Self::AuthenticationFailed { .. } => Problem::new(ErrorCode::AwsAuthenticationFailed, text),
            Self::AccessDenied { .. } => Problem::new(ErrorCode::AwsAccessDenied, text),
            Self::Throttled { retry_after, .. } => Problem::new(ErrorCode::TooManyRequests, text)
                .with_retry_after(retry_after.unwrap_or(RETRY_AFTER_DEFAULT)),
            Self::Unavailable { retry_after, .. } => Problem::new(ErrorCode::ServiceUnavailable, text)
                .with_retry_after(retry_after.unwrap_or(RETRY_AFTER_DEFAULT)),
            Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::OutOfTime { .. }
            | Self::TooLong { .. }
            | Self::Malformed { .. } => {
                Problem::new(ErrorCode::ServiceUnavailable, text).with_retry_after(RETRY_AFTER_DEFAULT)
            }
        }
    }
}

/// Whether an error code means "too fast".
pub(super) fn is_throttle_code(code: &str) -> bool {
    THROTTLE_CODES.contains(&code.strip_suffix("Exception").unwrap_or(code))
}

/// Amazon's own words where it answered with some, otherwise what happened to the request.
fn message<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let text = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => match error.raw_response() {
            Some(response) if !response.status().is_success() => {
                format!("no reason given (HTTP {})", response.status().as_u16())
            }
            Some(_) | None => error_chain(error),
        },
    };
    clip(&text, MESSAGE_MAX)
}

/// Signatures carry the time; Amazon's words for a wrong clock do not mention clocks.
fn with_clock_hint(message: String) -> String {
    let about_time = [
        "Signature expired",
        "Signature not yet current",
        "TooSkewed",
        "RequestExpired",
    ];
    if about_time.iter().any(|words| message.contains(words)) {
        format!("{message} (the clock of this machine seems to be wrong)")
    } else {
        message
    }
}

/// `Retry-After` in whole seconds, the only form that API Gateway is documented to send.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
