//! Problems: the errors that callers see.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::{IntegrationName, one_line, some_lines};

/// Longest target, in UTF-16 units.
const TARGET_MAX: usize = 200;
/// Longest wait that a caller is given: others may ask for too much, and the timer tries every hour.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// The codes of section "Errors" of the HTTP contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[expect(
    missing_docs,
    reason = "the codes are their own words; their statuses and remedies are in the documentation"
)]
pub enum ErrorCode {
    InvalidRequest,
    InvalidIntegrationName,
    InvalidSecretIdentifier,
    VaultNotAllowed,
    SecretNotFound,
    SecretDisabled,
    SecretForbidden,
    AwsAuthenticationFailed,
    AwsAccessDenied,
    RoleNotAssumable,
    UnknownRegion,
    MissingRequiredMetadata,
    IntegrationNotFound,
    ApiNotFound,
    NotFound,
    MethodNotAllowed,
    EnvironmentInUse,
    RegionImmutable,
    AccountImmutable,
    IntegrationDeleting,
    PlanChanged,
    DefinitionsDisabled,
    CatalogFull,
    RequestTooLarge,
    UnsupportedMediaType,
    TooManyRequests,
    MissingSetting,
    ForwardingDisabled,
    InternalError,
    ApiCenterForbidden,
    ServiceUnavailable,
}

impl ErrorCode {
    /// The HTTP status of the code.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest
            | Self::InvalidIntegrationName
            | Self::InvalidSecretIdentifier
            | Self::VaultNotAllowed
            | Self::SecretNotFound
            | Self::SecretDisabled
            | Self::SecretForbidden
            | Self::AwsAuthenticationFailed
            | Self::AwsAccessDenied
            | Self::RoleNotAssumable
            | Self::UnknownRegion
            | Self::MissingRequiredMetadata => 400,
            Self::IntegrationNotFound | Self::ApiNotFound | Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::EnvironmentInUse
            | Self::RegionImmutable
            | Self::AccountImmutable
            | Self::IntegrationDeleting
            | Self::PlanChanged
            | Self::DefinitionsDisabled
            | Self::CatalogFull => 409,
            Self::RequestTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::TooManyRequests => 429,
            Self::MissingSetting | Self::ForwardingDisabled | Self::InternalError => 500,
            Self::ApiCenterForbidden => 502,
            Self::ServiceUnavailable => 503,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// Why a call failed: the operation, its subject, the reason, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// The kind of problem.
    pub code: ErrorCode,
    /// The problem, for people.
    pub message: String,
    /// The part of the request at fault.
    pub target: Option<String>,
    /// When to retry, if waiting helps.
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// Longest message, in UTF-16 units: far longer than ours, since messages quote others.
    pub const MESSAGE_MAX: usize = 4000;

    /// The integration does not exist.
    #[must_use]
    pub fn integration_not_found(name: &IntegrationName) -> Self {
        Self::new(
            ErrorCode::IntegrationNotFound,
            format!("there is no integration {name}"),
        )
    }

    /// The integration is being deleted.
    #[must_use]
    pub fn integration_deleting(name: &IntegrationName) -> Self {
        let message = format!("the integration {name} is being deleted; wait until it is gone, or DELETE it again");
        Self::new(ErrorCode::IntegrationDeleting, message)
    }

    /// The problem of one of several sources.
    #[must_use]
    pub fn in_source(self, source: &str) -> Self {
        let message = some_lines(&format!("source {source}: {}", self.message), Self::MESSAGE_MAX);
        Self { message, ..self }
    }

    /// A problem without a target. A very long message is cut.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: some_lines(&message.into(), Self::MESSAGE_MAX),
            target: None,
            retry_after: None,
        }
    }

    /// The same problem with another message.
    #[must_use]
    pub fn with_message(self, message: impl Into<String>) -> Self {
        let Self { message, .. } = Self::new(self.code, message);
        Self { message, ..self }
    }

    /// The same problem, about a part of the request.
    #[must_use]
    pub fn with_target(self, target: impl Into<String>) -> Self {
        Self {
            target: Some(one_line(&target.into(), TARGET_MAX)),
            ..self
        }
    }

    /// The same problem, for which waiting helps.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after.min(RETRY_AFTER_MAX)),
            ..self
        }
    }

    /// When to retry, in whole seconds, if waiting helps.
    ///
    /// Rounds up: a retry a moment early would fail again.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(whole_seconds)
    }
}

/// A time to wait, in whole seconds.
#[must_use]
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
