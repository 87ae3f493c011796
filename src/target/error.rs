//! What can go wrong with API Center, told apart by what helps.

use std::fmt;
use std::time::Duration;

use crate::model::{ErrorCode, Problem};

/// When to try again if nothing is known: the write bucket has refilled by half by then.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(10);

/// A request to Azure Resource Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its method.
    pub method: &'static str,
    /// Its path below the API center, such as `apis/shop-a1b2c3d4e5`.
    pub path: String,
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

/// A call to API Center that did not do what it was to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// The time budget ended first.
    #[error("{call}: there was no time left for it")]
    OutOfTime {
        /// What was called.
        call: Call,
    },
    /// It is not there.
    #[error("{call}: API Center does not find it: {message}")]
    NotFound {
        /// What was called.
        call: Call,
        /// Azure's words.
        message: String,
    },
    /// The identity's request quota is used up, for longer than there is time.
    #[error("{call}: Azure Resource Manager is throttling the requests of this identity")]
    Throttled {
        /// What was called.
        call: Call,
        /// When to try again, if Azure said so.
        retry_after: Option<Duration>,
    },
    /// The identity may not do it, or is not accepted.
    #[error("{call}: Azure denies access: {message}")]
    Forbidden {
        /// What was called.
        call: Call,
        /// Azure's words.
        message: String,
    },
    /// API Center does not do what was asked.
    #[error("{call}: API Center refuses with status {status}: {message}")]
    Refused {
        /// What was called.
        call: Call,
        /// The answer's status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// There is no token for Azure Resource Manager.
    #[error("{call}: no token for Azure Resource Manager: {message}")]
    NoToken {
        /// What was called.
        call: Call,
        /// Why.
        message: String,
    },
    /// It cannot be reached, or cannot answer now.
    #[error("{call}: Azure Resource Manager is not available: {message}")]
    Unavailable {
        /// What was called.
        call: Call,
        /// What happened.
        message: String,
        /// When to try again, if Azure said so.
        retry_after: Option<Duration>,
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

impl CatalogError {
    /// What callers are told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let text = self.to_string();
        let later = |after: Option<Duration>| after.unwrap_or(RETRY_AFTER_DEFAULT);
        match self {
            Self::Forbidden { .. } => Problem::new(
                ErrorCode::ApiCenterForbidden,
                format!(
                    "{text}. Give this app's identity the role \"Azure API Center Service Contributor\" on the API center"
                ),
            ),
            Self::NotFound { .. } | Self::Refused { status: 404, .. } => Problem::new(
                ErrorCode::ServiceUnavailable,
                format!("{text}. Does APICENTER_RESOURCE_ID name the API center?"),
            )
            .with_retry_after(RETRY_AFTER_DEFAULT),
            Self::Throttled { retry_after, .. } => {
                Problem::new(ErrorCode::TooManyRequests, text).with_retry_after(later(*retry_after))
            }
            Self::Unavailable { retry_after, .. } => {
                Problem::new(ErrorCode::ServiceUnavailable, text).with_retry_after(later(*retry_after))
            }
            Self::NoToken { .. } => Problem::new(
                ErrorCode::ServiceUnavailable,
                format!(
                    "{text}. Give the function app a managed identity (AZURE_CLIENT_ID names a user-assigned one), or \
                     sign in with az login"
                ),
            )
            .with_retry_after(RETRY_AFTER_DEFAULT),
            Self::OutOfTime { .. } | Self::Refused { .. } | Self::Malformed { .. } => {
                Problem::new(ErrorCode::ServiceUnavailable, text).with_retry_after(RETRY_AFTER_DEFAULT)
            }
        }
    }
}
