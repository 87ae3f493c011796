//! Errors of API Center, by remedy.

use std::fmt;
use std::time::Duration;

use crate::model::{ErrorCode, Problem};

/// Default time before a retry: by then, the write bucket has refilled by half.
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

impl Call {
    /// The operation and the type of resource, as in a role's actions: types and names alternate in its path.
    pub(super) fn kind(&self) -> String {
        let types: Vec<&str> = self.path.split('/').step_by(2).collect();
        format!("{} {}", self.method, types.join("/"))
    }

    /// Whether it is about the API center or one of its lists, not about an entity that somebody may have deleted.
    fn is_of_the_center(&self) -> bool {
        let below = self.path.strip_prefix("workspaces/default/").unwrap_or_default();
        !below.contains('/')
    }
}

/// Whether a retry may help after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not until the request, or the API center, is changed.
    ForGood,
    /// Not until there is room in the API center, or its plan is larger.
    NoRoom,
    /// Yes, after this time if Azure says so.
    ForNow(Option<Duration>),
}

impl Refusal {
    /// Judges a response. No refusal of API Center was ever recorded, so codes are matched by what Azure's others have
    /// in common: `QuotaExceeded`, `ResourceCountLimitExceeded`; `AnotherOperationInProgress`, `Conflict`,
    /// `RetryableError`.
    pub(super) fn of(status: u16, code: &str, message: &str, retry_after: Option<Duration>) -> Self {
        let code = code.to_ascii_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
        let counts = message.to_ascii_lowercase().contains("maximum number of");
        if has(&["quota", "limitexceeded", "limitreached"]) || counts {
            return Self::NoRoom;
        }
        let is_passing = match status {
            409 => has(&["conflict", "inprogress", "concurren", "retryable"]),
            400..=499 => false,
            _ => true,
        };
        if is_passing || retry_after.is_some() {
            Self::ForNow(retry_after)
        } else {
            Self::ForGood
        }
    }
}

/// A failed call to API Center.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// The time budget ended first.
    #[error("{call}: the time ran out")]
    OutOfTime {
        /// The call.
        call: Call,
    },
    /// It does not exist.
    #[error("{call}: API Center does not find it: {message}")]
    NotFound {
        /// The call.
        call: Call,
        /// Azure's message.
        message: String,
    },
    /// The API center itself does not exist.
    #[error("{call}: Azure does not find the API center: {message}")]
    NoCenter {
        /// The call.
        call: Call,
        /// Azure's message.
        message: String,
    },
    /// The identity's request quota is used up, for longer than the time left.
    #[error("{call}: Azure Resource Manager is throttling this identity's requests")]
    Throttled {
        /// The call.
        call: Call,
        /// When to retry, if Azure says so.
        retry_after: Option<Duration>,
    },
    /// The identity lacks permission, or is rejected.
    #[error("{call}: Azure denies access: {message}")]
    Forbidden {
        /// The call.
        call: Call,
        /// Azure's message.
        message: String,
    },
    /// API Center refuses the request.
    #[error("{call}: API Center refuses with status {status}: {message}")]
    Refused {
        /// The call.
        call: Call,
        /// The response's status.
        status: u16,
        /// Whether a retry may help.
        refusal: Refusal,
        /// Its message.
        message: String,
    },
    /// There is no token for Azure Resource Manager.
    #[error("{call}: no token for Azure Resource Manager: {message}")]
    NoToken {
        /// The call.
        call: Call,
        /// The reason.
        message: String,
    },
    /// Azure Resource Manager is unreachable or unavailable.
    #[error("{call}: Azure Resource Manager is not available: {message}")]
    Unavailable {
        /// The call.
        call: Call,
        /// The message.
        message: String,
        /// When to retry, if Azure says so.
        retry_after: Option<Duration>,
    },
    /// The response does not match the operation's documentation.
    #[error("{call}: the response cannot be parsed: {message}")]
    Malformed {
        /// The call.
        call: Call,
        /// Its fault.
        message: String,
    },
}

impl CatalogError {
    /// Whether the identity is refused as a whole.
    #[must_use]
    pub fn is_account_wide(&self) -> bool {
        match self {
            Self::Forbidden { .. } | Self::NoToken { .. } => true,
            Self::OutOfTime { .. }
            | Self::NotFound { .. }
            | Self::NoCenter { .. }
            | Self::Throttled { .. }
            | Self::Refused { .. }
            | Self::Unavailable { .. }
            | Self::Malformed { .. } => false,
        }
    }

    /// The problem to report to callers.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let text = self.to_string();
        let later = |after: Option<Duration>| after.unwrap_or(RETRY_AFTER_DEFAULT);
        let unavailable =
            |text: String, after| Problem::new(ErrorCode::ServiceUnavailable, text).with_retry_after(later(after));
        match self {
            Self::Forbidden { .. } => Problem::new(
                ErrorCode::ApiCenterForbidden,
                format!(
                    "{text}. Give this app's identity the role \"Azure API Center Service Contributor\" on the API center"
                ),
            ),
            Self::NotFound { call, .. } if !call.is_of_the_center() => {
                unavailable(format!("{text}. Was it deleted meanwhile? Call again"), None)
            }
            Self::NotFound { .. } | Self::NoCenter { .. } => {
                unavailable(format!("{text}. Does APICENTER_RESOURCE_ID name the API center?"), None)
            }
            Self::Throttled { retry_after, .. } => {
                Problem::new(ErrorCode::TooManyRequests, text).with_retry_after(later(*retry_after))
            }
            Self::Refused { refusal, .. } => match refusal {
                Refusal::ForGood => Problem::new(ErrorCode::InvalidRequest, text),
                Refusal::NoRoom => Problem::new(
                    ErrorCode::CatalogFull,
                    format!("{text}. Delete what you no longer need, or move the API center to a larger plan"),
                ),
                Refusal::ForNow(after) => unavailable(text, *after),
            },
            Self::Unavailable { retry_after, .. } => unavailable(text, *retry_after),
            Self::NoToken { .. } => unavailable(
                format!(
                    "{text}. Give the function app a managed identity (AZURE_CLIENT_ID names a user-assigned one), or \
                     sign in with az login"
                ),
                None,
            ),
            Self::OutOfTime { .. } | Self::Malformed { .. } => unavailable(text, None),
        }
    }
}

pub(super) fn unexpected_precondition(call: Call) -> CatalogError {
    CatalogError::Refused {
        call,
        status: 412,
        refusal: Refusal::ForNow(None),
        message: "a precondition failed, although the request had none".to_owned(),
    }
}
