//! Problems: what callers are told when a call cannot be done.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::{IntegrationName, one_line, some_lines};

/// Longest name of a part of the request, in UTF-16 units.
const TARGET_MAX: usize = 200;
/// Longest time that a caller is told to wait: what others demand may be a mistake, and the timer tries every hour.
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
    /// The HTTP status that goes with the code.
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

/// Why a call cannot be done: which operation, on what, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What kind of problem.
    pub code: ErrorCode,
    /// The problem, for people.
    pub message: String,
    /// The part of the request it is about.
    pub target: Option<String>,
    /// When to try again, where waiting helps.
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// Longest message, in UTF-16 units: far more than any of our own, since messages quote what others said.
    pub const MESSAGE_MAX: usize = 4000;

    /// There is no such integration.
    #[must_use]
    pub fn integration_not_found(name: &IntegrationName) -> Self {
        Self::new(
            ErrorCode::IntegrationNotFound,
            format!("there is no integration {name}"),
        )
    }

    /// The integration is on its way out.
    #[must_use]
    pub fn integration_deleting(name: &IntegrationName) -> Self {
        let message = format!("the integration {name} is being deleted; wait until it is gone, or DELETE it again");
        Self::new(ErrorCode::IntegrationDeleting, message)
    }

    /// The same of one of several sources.
    #[must_use]
    pub fn in_source(self, source: &str) -> Self {
        let message = some_lines(&format!("source {source}: {}", self.message), Self::MESSAGE_MAX);
        Self { message, ..self }
    }

    /// A problem without a target. Of a message without end, the beginning is kept.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: some_lines(&message.into(), Self::MESSAGE_MAX),
            target: None,
            retry_after: None,
        }
    }

    /// The same problem in other words.
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

    /// The same problem, which waiting helps with.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after.min(RETRY_AFTER_MAX)),
            ..self
        }
    }

    /// When to try again, in whole seconds, where waiting helps.
    ///
    /// A started second counts as one: asking again a moment early would be refused again.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(whole_seconds)
    }
}

/// A time to wait in whole seconds.
#[must_use]
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
