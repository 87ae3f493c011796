//! Errors of API Gateway, by remedy.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::connection::{
    ANSWER_MAX_BYTES, Call, RETRY_AFTER_DEFAULT, error_code, is_authentication, is_not_connected, is_throttle,
    is_too_long, is_unknown, message, retry_after, with_clock_hint, with_region_hint,
};
use crate::aws::security_token::RoleError;
use crate::model::{ErrorCode, Problem, Region};

/// The code of API Gateway's own 404, `NotFoundException` (API version 2015-07-09).
const NOT_FOUND: &str = "NotFound";

/// A call to Amazon API Gateway without a usable response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// AWS rejects the credentials or the signature.
    #[error("{call}: AWS rejects {credentials}: {message}")]
    AuthenticationFailed {
        /// The call.
        call: Call,
        /// The credentials, such as `the access key`.
        credentials: String,
        /// Whether the region does not know them: their account may not have enabled it.
        is_unknown: bool,
        /// AWS's message.
        message: String,
    },
    /// The credentials, of the access key or of the role, are valid but lack permission.
    #[error("{call}: AWS denies access: {message}")]
    AccessDenied {
        /// The call.
        call: Call,
        /// AWS's message.
        message: String,
    },
    /// It does not exist, as API Gateway itself says.
    #[error("{call}: AWS does not find it: {message}")]
    NotFound {
        /// The call.
        call: Call,
        /// AWS's message.
        message: String,
    },
    /// API Gateway refuses the request for good (400).
    #[error("{call}: AWS refuses: {message}")]
    Refused {
        /// The call.
        call: Call,
        /// AWS's message.
        message: String,
    },
    /// The account's request quota is used up, for longer than the time left.
    #[error("{call}: AWS is throttling this account's requests")]
    Throttled {
        /// The call.
        call: Call,
        /// When to retry.
        retry_after: Option<Duration>,
    },
    /// API Gateway is unreachable or unavailable.
    #[error("{call}: Amazon API Gateway {}: {message}", if *is_unreachable { "cannot be reached" } else { "is not available" })]
    Unavailable {
        /// The call.
        call: Call,
        /// Whether there was no connection.
        is_unreachable: bool,
        /// The message.
        message: String,
        /// When to retry, if AWS says so.
        retry_after: Option<Duration>,
    },
    /// The time budget ended first.
    #[error("{call}: the time ran out")]
    OutOfTime {
        /// The call.
        call: Call,
    },
    /// The response is too long.
    #[error("{call}: the response exceeds {ANSWER_MAX_BYTES} bytes or has more objects than the app reads")]
    TooLong {
        /// The call.
        call: Call,
    },
    /// The response does not match the operation's documentation.
    #[error("{call}: the response cannot be parsed: {message}")]
    Malformed {
        /// The call.
        call: Call,
        /// Its fault.
        message: String,
    },
    /// The role could not be assumed.
    #[error(transparent)]
    Role(#[from] RoleError),
}

impl GatewayError {
    /// A response that does not match the operation.
    pub(super) fn malformed(call: &Call, message: impl Into<String>) -> Self {
        Self::Malformed {
            call: call.clone(),
            message: message.into(),
        }
    }

    /// Classifies an SDK error by status and error code.
    pub(super) fn of_sdk<E>(call: &Call, credentials: &str, region: &Region, error: &SdkError<E, HttpResponse>) -> Self
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
            is_unreachable: is_not_connected(error),
            message,
            retry_after,
        };
        let Some(status) = status else {
            return unavailable(message);
        };
        if matches!(error, SdkError::ResponseError(_)) {
            // The response was cut off, so nothing is known about it.
            return unavailable(message);
        }
        let code = error_code(error);
        if is_throttle(status, code) {
            return Self::Throttled { call, retry_after };
        }
        if is_authentication(code) {
            return Self::AuthenticationFailed {
                call,
                credentials: credentials.to_owned(),
                is_unknown: is_unknown(code),
                message: with_region_hint(with_clock_hint(message), code, region),
            };
        }
        match status {
            200..=299 => Self::Malformed { call, message },
            400 => Self::Refused { call, message },
            401 | 403 => Self::AccessDenied { call, message },
            // Any other 404 comes from a server in between.
            404 if code == NOT_FOUND => Self::NotFound { call, message },
            _ => unavailable(format!("HTTP {status}: {message}")),
        }
    }

    /// The same error with AWS's message changed.
    pub(super) fn with_message(mut self, change: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::AuthenticationFailed { message, .. }
            | Self::AccessDenied { message, .. }
            | Self::NotFound { message, .. }
            | Self::Refused { message, .. }
            | Self::Unavailable { message, .. }
            | Self::Malformed { message, .. } => *message = change(message),
            Self::Throttled { .. } | Self::OutOfTime { .. } | Self::TooLong { .. } | Self::Role(_) => (),
        }
        self
    }

    /// The same error, if it is a throttle, with the time to wait.
    pub(super) fn again_after(mut self, delay: Duration) -> Self {
        if let Self::Throttled { retry_after, .. } = &mut self {
            *retry_after = Some(delay);
        }
        self
    }

    /// Whether there was no connection, twice: a fact about the region, not about the request or the credentials.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable {
                is_unreachable: true,
                ..
            }
        )
    }

    /// Whether the region does not know the credentials.
    pub(super) fn is_unknown_credentials(&self) -> bool {
        matches!(self, Self::AuthenticationFailed { is_unknown: true, .. })
    }

    /// Whether the time ran out: for the request, or for the wait that AWS asks for.
    #[must_use]
    pub fn is_for_lack_of_time(&self) -> bool {
        matches!(
            self,
            Self::OutOfTime { .. }
                | Self::Throttled { .. }
                | Self::Role(RoleError::OutOfTime { .. } | RoleError::Throttled { .. })
        )
    }

    /// Whether the next list would fail in the same way: AWS is unreachable, or the credentials are rejected or
    /// missing.
    pub(super) fn is_of_every_list(&self) -> bool {
        matches!(self, Self::AuthenticationFailed { .. } | Self::Role(_)) || self.is_unreachable()
    }

    /// Whether the account, its credentials or its role are refused as a whole.
    #[must_use]
    pub fn is_account_wide(&self) -> bool {
        match self {
            Self::AuthenticationFailed { .. } | Self::AccessDenied { .. } => true,
            Self::Role(error) => error.is_account_wide(),
            Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::OutOfTime { .. }
            | Self::TooLong { .. }
            | Self::Malformed { .. } => false,
        }
    }

    /// The problem to report to callers.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let text = self.to_string();
        match self {
            Self::Role(error) => error.problem(),
            Self::AuthenticationFailed { .. } => Problem::new(ErrorCode::AwsAuthenticationFailed, text),
            Self::AccessDenied { .. } => Problem::new(ErrorCode::AwsAccessDenied, text),
            Self::Throttled { retry_after, .. } => Problem::new(ErrorCode::TooManyRequests, text)
                .with_retry_after(retry_after.unwrap_or(RETRY_AFTER_DEFAULT)),
            Self::Unavailable { retry_after, .. } => Problem::new(ErrorCode::ServiceUnavailable, text)
                .with_retry_after(retry_after.unwrap_or(RETRY_AFTER_DEFAULT)),
            // AWS would answer the same again.
            Self::Refused { .. } => Problem::new(ErrorCode::InvalidRequest, text),
            Self::NotFound { .. } | Self::OutOfTime { .. } | Self::TooLong { .. } | Self::Malformed { .. } => {
                Problem::new(ErrorCode::ServiceUnavailable, text).with_retry_after(RETRY_AFTER_DEFAULT)
            }
        }
    }
}
