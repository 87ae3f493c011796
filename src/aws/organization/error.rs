//! Errors of AWS Organizations, by remedy.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::connection::{
    Call, RETRY_AFTER_DEFAULT, error_code, is_authentication, is_throttle, message, retry_after, with_clock_hint,
};
use crate::aws::security_token::RoleError;
use crate::model::{ErrorCode, Problem};

/// The codes of an account without an organisation and of a unit that does not exist, without `Exception`.
const NOT_IN_USE: &str = "AWSOrganizationsNotInUse";
const NO_PARENT: &str = "ParentNotFound";
/// The words of every denial by IAM. For the same code, AWS Organizations, which only certain accounts may read, has
/// others.
const WORDS_OF_IAM: &str = "is not authorized to perform";

/// A list of an organisation that is incomplete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrganizationError {
    /// The account of the credentials may not read its organisation.
    #[error(
        "{call}: AWS denies access: {message} (only the management account and delegated administrators can read the \
         organisation: name a role in one of those)"
    )]
    NotAdministrator {
        /// The call.
        call: Call,
        /// AWS's message.
        message: String,
    },
    /// The account of the credentials belongs to no organisation.
    #[error("{call}: the account of {credentials} belongs to no organisation: {message}")]
    NoOrganization {
        /// The call.
        call: Call,
        /// The credentials, such as `the access key`.
        credentials: String,
        /// AWS's message.
        message: String,
    },
    /// A policy denies it.
    #[error("{call}: AWS denies access: {message} (allow organizations:{} to {credentials})", call.operation)]
    AccessDenied {
        /// The call.
        call: Call,
        /// The credentials, such as `the access key`.
        credentials: String,
        /// AWS's message.
        message: String,
    },
    /// The organisation has no such unit.
    #[error("{call}: the organisation has no such unit: {message}")]
    NoUnit {
        /// The call.
        call: Call,
        /// AWS's message.
        message: String,
    },
    /// AWS rejects the credentials or the signature.
    #[error("{call}: AWS rejects {credentials}: {message}")]
    AuthenticationFailed {
        /// The call.
        call: Call,
        /// The credentials, such as `the access key`.
        credentials: String,
        /// AWS's message.
        message: String,
    },
    /// Too many requests, for longer than the time left.
    #[error("{call}: too many requests, so the list is incomplete")]
    Throttled {
        /// The call.
        call: Call,
        /// When to retry.
        retry_after: Option<Duration>,
    },
    /// AWS Organizations is unreachable or unavailable.
    #[error("{call}: AWS Organizations is not available, so the list is incomplete: {message}")]
    Unavailable {
        /// The call.
        call: Call,
        /// The message.
        message: String,
        /// When to retry, if AWS says so.
        retry_after: Option<Duration>,
    },
    /// The response does not match the operation's documentation.
    #[error("{call}: the list cannot be read completely: {message}")]
    Malformed {
        /// The call.
        call: Call,
        /// Its fault.
        message: String,
    },
    /// The time budget ended first.
    #[error("{call}: the time ran out")]
    OutOfTime {
        /// The call.
        call: Call,
    },
    /// The role could not be assumed.
    #[error(transparent)]
    Role(#[from] RoleError),
}

impl OrganizationError {
    pub(super) fn malformed(call: &Call, message: impl Into<String>) -> Self {
        Self::Malformed {
            call: call.clone(),
            message: message.into(),
        }
    }

    /// Classifies an SDK error: the status is 400 for most.
    pub(super) fn of_sdk<E>(call: &Call, credentials: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (call, credentials) = (call.clone(), credentials.to_owned());
        let (message, code) = (message(error), error_code(error));
        let retry_after = error.raw_response().and_then(retry_after);
        let status = match error {
            // The response was cut off, so nothing is known about it.
            SdkError::ResponseError(_) => 0,
            error => error.raw_response().map_or(0, |response| response.status().as_u16()),
        };
        match (status, code) {
            (_, code) if is_throttle(status, code) => Self::Throttled { call, retry_after },
            (_, NOT_IN_USE) => Self::NoOrganization {
                call,
                credentials,
                message,
            },
            (_, NO_PARENT) => Self::NoUnit { call, message },
            (400..=403, code) if is_authentication(code) => Self::AuthenticationFailed {
                call,
                credentials,
                message: with_clock_hint(message),
            },
            (400 | 403, "AccessDenied") if !message.contains(WORDS_OF_IAM) => Self::NotAdministrator { call, message },
            (400 | 403, "AccessDenied") | (401 | 403, _) => Self::AccessDenied {
                call,
                credentials,
                message,
            },
            (200..=299 | 400, _) => Self::Malformed { call, message },
            (0, _) => Self::Unavailable {
                call,
                message,
                retry_after,
            },
            (status, _) => Self::Unavailable {
                call,
                message: format!("HTTP {status}: {message}"),
                retry_after,
            },
        }
    }

    /// The same error with AWS's message changed.
    pub(super) fn with_message(mut self, change: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::NotAdministrator { message, .. }
            | Self::NoOrganization { message, .. }
            | Self::AccessDenied { message, .. }
            | Self::NoUnit { message, .. }
            | Self::AuthenticationFailed { message, .. }
            | Self::Unavailable { message, .. }
            | Self::Malformed { message, .. } => *message = change(message),
            Self::Throttled { .. } | Self::OutOfTime { .. } | Self::Role(_) => (),
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

    /// The problem to report to callers.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let text = self.to_string();
        match self {
            Self::NotAdministrator { .. } | Self::NoOrganization { .. } | Self::AccessDenied { .. } => {
                Problem::new(ErrorCode::AwsAccessDenied, text)
            }
            Self::NoUnit { .. } => Problem::new(ErrorCode::InvalidRequest, text),
            Self::AuthenticationFailed { .. } => Problem::new(ErrorCode::AwsAuthenticationFailed, text),
            Self::Throttled { retry_after, .. } => Problem::new(ErrorCode::TooManyRequests, text)
                .with_retry_after(retry_after.unwrap_or(RETRY_AFTER_DEFAULT)),
            Self::Unavailable { retry_after, .. } => Problem::new(ErrorCode::ServiceUnavailable, text)
                .with_retry_after(retry_after.unwrap_or(RETRY_AFTER_DEFAULT)),
            Self::Malformed { .. } | Self::OutOfTime { .. } => {
                Problem::new(ErrorCode::ServiceUnavailable, text).with_retry_after(RETRY_AFTER_DEFAULT)
            }
            Self::Role(error) => error.problem(),
        }
    }
}
