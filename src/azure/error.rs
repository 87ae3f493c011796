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

impl Call {
    /// What it does to which type of resource, which is what roles give leave for: types and names alternate in its path.
    pub(super) fn kind(&self) -> String {
        let types: Vec<&str> = self.path.split('/').step_by(2).collect();
        format!("{} {}", self.method, types.join("/"))
    }

    /// Whether it is about the API center or a list of it, and not about an entity that somebody may have deleted.
    fn is_of_the_center(&self) -> bool {
        let below = self.path.strip_prefix("workspaces/default/").unwrap_or_default();
        !below.contains('/')
    }
}

/// What may become of a refusal when the same is asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It stays until what is asked for, or the API center, is changed.
    ForGood,
    /// It stays until there is room in the API center, or its plan is larger.
    NoRoom,
    /// It may pass by itself: after this time, if Azure said so.
    ForNow(Option<Duration>),
}

impl Refusal {
    /// Judges an answer. No refusal of API Center's was ever recorded, so codes are compared by what Azure's others have
    /// in common: `QuotaExceeded`, `ResourceCountLimitExceeded`; `AnotherOperationInProgress`, `Conflict`, `RetryableError`.
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

/// A call to API Center that did not do what it was to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// The time budget ended first.
    #[error("{call}: the time ran out")]
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
    /// The API center itself is not there.
    #[error("{call}: Azure does not find the API center: {message}")]
    NoCenter {
        /// What was called.
        call: Call,
        /// Azure's words.
        message: String,
    },
    /// The identity's request quota is used up, for longer than there is time.
    #[error("{call}: Azure Resource Manager is throttling this identity's requests")]
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
        /// Whether that may pass.
        refusal: Refusal,
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
    #[error("{call}: the response cannot be parsed: {message}")]
    Malformed {
        /// What was called.
        call: Call,
        /// What is wrong with it.
        message: String,
    },
}

impl CatalogError {
    /// Whether the identity is refused, whatever it asks for.
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

    /// What callers are told.
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
