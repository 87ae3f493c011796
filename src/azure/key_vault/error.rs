//! Why a secret could not be read.

use std::time::Duration;

use azure_core::error::ErrorKind;
use azure_core::http::headers::HeaderName;
use azure_core::http::{RawResponse, StatusCode};
use serde::Deserialize;

use crate::error_chain::error_chain;
use crate::limits::parse_retry_after;
use crate::model::{ErrorCode, Problem, SecretIdentifier, quote_message};

/// Default time before a retry.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(30);
const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");

/// A secret that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The vault has no such secret, or no such version.
    #[error("the secret {identifier} does not exist: {message}")]
    NotFound {
        /// The secret.
        identifier: String,
        /// The vault's message.
        message: String,
    },
    /// It is disabled.
    #[error("the secret {identifier} is disabled: enable it, or name another version")]
    Disabled {
        /// The secret.
        identifier: String,
    },
    /// It is blank.
    #[error("the secret {identifier} is empty: set its value")]
    Empty {
        /// The secret.
        identifier: String,
    },
    /// It is not half of an access key, but a whole file, or more than the value.
    #[error(
        "the secret {identifier} {fault}: it must hold one half of the access key and nothing else, on one line, \
         without the file or JSON around it"
    )]
    Misshapen {
        /// The secret.
        identifier: String,
        /// The fault in the value's shape.
        fault: String,
    },
    /// The app's identity may not read it, or its network may not reach it.
    #[error(
        "the secret {identifier} may not be read: {message} (grant this app's identity the role \
         \"Key Vault Secrets User\" on the vault, and let its network through the vault's firewall)"
    )]
    Forbidden {
        /// The secret.
        identifier: String,
        /// The vault's message.
        message: String,
    },
    /// The vault is throttling.
    #[error("the vault of the secret {identifier} is throttling requests")]
    Throttled {
        /// The secret.
        identifier: String,
        /// When to retry.
        retry_after: Option<Duration>,
    },
    /// The app got no token for the vault.
    #[error("no token to read the secret {identifier}: {message}")]
    NoToken {
        /// The secret.
        identifier: String,
        /// The message.
        message: String,
    },
    /// The vault is unreachable or unavailable.
    #[error("the secret {identifier} cannot be read now: {message}")]
    Unavailable {
        /// The secret.
        identifier: String,
        /// The message.
        message: String,
    },
}

impl SecretError {
    pub(super) fn of_azure(identifier: &SecretIdentifier, error: &azure_core::Error) -> Self {
        let identifier = identifier.to_string();
        match error.kind() {
            ErrorKind::HttpResponse {
                status, raw_response, ..
            } => Self::of_response(identifier, *status, raw_response.as_deref()),
            ErrorKind::Credential => Self::NoToken {
                identifier,
                message: quote_message(&error_chain(error)),
            },
            _ => Self::Unavailable {
                identifier,
                message: quote_message(&error_chain(error)),
            },
        }
    }

    fn of_response(identifier: String, status: StatusCode, response: Option<&RawResponse>) -> Self {
        let detail = response.map(Detail::of).unwrap_or_default();
        let message = detail
            .message
            .as_deref()
            .map_or_else(|| format!("HTTP {}", u16::from(status)), quote_message);
        match u16::from(status) {
            404 => Self::NotFound { identifier, message },
            403 if detail.says("SecretDisabled") => Self::Disabled { identifier },
            401 | 403 => Self::Forbidden { identifier, message },
            429 => Self::Throttled {
                identifier,
                retry_after: response
                    .and_then(|response| response.headers().get_optional_str(&RETRY_AFTER))
                    .and_then(parse_retry_after),
            },
            _ => Self::Unavailable { identifier, message },
        }
    }

    /// The problem to report to callers.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let text = self.to_string();
        match self {
            Self::NotFound { .. } | Self::Empty { .. } => Problem::new(ErrorCode::SecretNotFound, text),
            Self::Misshapen { .. } => Problem::new(ErrorCode::AwsAuthenticationFailed, text),
            Self::Disabled { .. } => Problem::new(ErrorCode::SecretDisabled, text),
            Self::Forbidden { .. } => Problem::new(ErrorCode::SecretForbidden, text),
            Self::Throttled { retry_after, .. } => Problem::new(ErrorCode::TooManyRequests, text)
                .with_retry_after(retry_after.unwrap_or(RETRY_AFTER_DEFAULT)),
            Self::NoToken { .. } | Self::Unavailable { .. } => {
                Problem::new(ErrorCode::ServiceUnavailable, text).with_retry_after(RETRY_AFTER_DEFAULT)
            }
        }
    }
}

/// `{"error":{"code","message","innererror":{"code"}}}`, of which everything may be missing.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    #[serde(default)]
    error: Detail,
}

#[derive(Debug, Default, Deserialize)]
struct Detail {
    code: Option<String>,
    message: Option<String>,
    innererror: Option<Box<Detail>>,
}

impl Detail {
    fn of(response: &RawResponse) -> Self {
        serde_json::from_slice(response.body().as_ref()).map_or_else(|_| Self::default(), |answer: Answer| answer.error)
    }

    /// Whether the code occurs at any depth.
    fn says(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code) || self.innererror.as_ref().is_some_and(|inner| inner.says(code))
    }
}
