//! Why a role could not be assumed, by remedy.

use std::error::Error;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::claims::Claims;
use crate::aws::access_key::redacted;
use crate::aws::connection::{
    Call, RETRY_AFTER_DEFAULT, error_code, is_authentication, is_throttle, message, presentable, retry_after,
    with_clock_hint, with_region_hint,
};
use crate::model::{ErrorCode, Problem, Region};

/// What Azure needs to issue tokens for AWS; Functions hosts do not always say what is missing.
const AUDIENCE_ADVICE: &str = "AWS_WEB_IDENTITY_AUDIENCE must be the Application ID URI of an app registration in the \
                               tenant of this app's identity; if that registration requires assignment, assign the \
                               identity to it";

/// A role that could not be assumed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// AWS refuses the role to these credentials.
    #[error("{call}: AWS refuses: {message} ({advice})")]
    Refused {
        /// The call.
        call: Call,
        /// AWS's message.
        message: String,
        /// What to check.
        advice: String,
    },
    /// The role's account has not enabled the region, or STS in it.
    #[error("{call}: AWS refuses: {message} ({advice})")]
    RegionDisabled {
        /// The call.
        call: Call,
        /// AWS's message.
        message: String,
        /// What to enable.
        advice: String,
    },
    /// Azure issues no token for AWS.
    #[error("Azure refuses a token for the audience {audience:?}: {message} ({AUDIENCE_ADVICE})")]
    AudienceRefused {
        /// The audience of the token.
        audience: String,
        /// Azure's message.
        message: String,
    },
    /// AWS rejects the access key, or the session of another role, that should assume the role.
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
    #[error("{call}: too many requests")]
    Throttled {
        /// The call.
        call: Call,
        /// When to retry.
        retry_after: Option<Duration>,
    },
    /// The app got no token for AWS.
    #[error(
        "{call}: no token for the audience {audience:?} at the moment: {message} (if this persists: {AUDIENCE_ADVICE})"
    )]
    NoToken {
        /// The call.
        call: Call,
        /// The audience of the token.
        audience: String,
        /// The message.
        message: String,
    },
    /// Security Token Service is unreachable or unavailable.
    #[error("{call}: AWS Security Token Service is not available: {message}")]
    Unavailable {
        /// The call.
        call: Call,
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
}

/// The proof in a request for a role.
#[derive(Debug)]
pub(super) enum Exchange {
    /// A signature.
    Signature {
        /// Made with these credentials, such as `the access key`.
        credentials: String,
        /// Their owner, such as `the access key's user`.
        owner: String,
    },
    /// A token with these claims.
    WebIdentity(Claims),
}

impl RoleError {
    /// Classifies an SDK error by status and error code.
    pub(super) fn of_sdk<E>(
        call: &Call,
        exchange: &Exchange,
        region: &Region,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let call = call.clone();
        let (message, code) = (message(error), error_code(error));
        let retry_after = error.raw_response().and_then(retry_after);
        let unavailable = |message| Self::Unavailable {
            call: call.clone(),
            message,
            retry_after,
        };
        let status = match error {
            // The response was cut off, so nothing is known about it.
            SdkError::ResponseError(_) => None,
            error => error.raw_response().map(|response| response.status().as_u16()),
        };
        let Some(status) = status else {
            return unavailable(message);
        };
        if is_throttle(status, code) {
            return Self::Throttled { call, retry_after };
        }
        match (status, exchange) {
            (400 | 403, Exchange::Signature { credentials, .. }) if is_authentication(code) => {
                Self::AuthenticationFailed {
                    call,
                    credentials: credentials.clone(),
                    message: with_region_hint(with_clock_hint(message), code, region),
                }
            }
            (400 | 401 | 403, _) if code == "RegionDisabled" => Self::RegionDisabled {
                call,
                message,
                advice: enabling(region),
            },
            (_, exchange) if is_about_the_provider(code, &message) => unavailable(format!(
                "{message} (if this persists: {})",
                exchange.advice("InvalidIdentityToken")
            )),
            (400 | 401 | 403, exchange) => Self::Refused {
                call,
                message,
                advice: exchange.advice(code),
            },
            (200..=299, _) => unavailable(format!("the response cannot be parsed: {message}")),
            (_, _) => unavailable(format!("HTTP {status}: {message}")),
        }
    }

    /// The same error with `text` redacted wherever AWS repeats it.
    pub(super) fn without(mut self, text: &str) -> Self {
        self.edit(|message| presentable(&message.replace(text, "[secret]")));
        self
    }

    fn edit(&mut self, change: impl Fn(&str) -> String) {
        match self {
            Self::Refused { message, .. }
            | Self::RegionDisabled { message, .. }
            | Self::AuthenticationFailed { message, .. }
            | Self::Unavailable { message, .. }
            | Self::AudienceRefused { message, .. }
            | Self::NoToken { message, .. } => *message = change(message),
            Self::Throttled { .. } | Self::OutOfTime { .. } => (),
        }
    }

    /// The same error, if it is a throttle, with the time to wait.
    pub(super) fn again_after(mut self, delay: Duration) -> Self {
        if let Self::Throttled { retry_after, .. } = &mut self {
            *retry_after = Some(delay);
        }
        self
    }

    /// Whether the role, the key or the token is refused as a whole.
    #[must_use]
    pub fn is_account_wide(&self) -> bool {
        match self {
            Self::Refused { .. }
            | Self::RegionDisabled { .. }
            | Self::AudienceRefused { .. }
            | Self::AuthenticationFailed { .. }
            | Self::NoToken { .. } => true,
            Self::Throttled { .. } | Self::Unavailable { .. } | Self::OutOfTime { .. } => false,
        }
    }

    /// The problem to report to callers.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let text = self.to_string();
        match self {
            Self::Refused { .. } | Self::RegionDisabled { .. } | Self::AudienceRefused { .. } => {
                Problem::new(ErrorCode::RoleNotAssumable, text)
            }
            Self::AuthenticationFailed { .. } => Problem::new(ErrorCode::AwsAuthenticationFailed, text),
            Self::Throttled { retry_after, .. } => Problem::new(ErrorCode::TooManyRequests, text)
                .with_retry_after(retry_after.unwrap_or(RETRY_AFTER_DEFAULT)),
            Self::Unavailable { retry_after, .. } => Problem::new(ErrorCode::ServiceUnavailable, text)
                .with_retry_after(retry_after.unwrap_or(RETRY_AFTER_DEFAULT)),
            Self::NoToken { .. } | Self::OutOfTime { .. } => {
                Problem::new(ErrorCode::ServiceUnavailable, text).with_retry_after(RETRY_AFTER_DEFAULT)
            }
        }
    }
}

/// Whether AWS could not fetch the identity provider's keys, which is temporary.
///
/// Invalid tokens have the same code: the message tells them apart.
pub(super) fn is_about_the_provider(code: &str, message: &str) -> bool {
    code == "IDPCommunicationError" || code == "InvalidIdentityToken" && message.contains("verification key")
}

/// What the account's owner must do to enable STS in a region.
fn enabling(region: &Region) -> String {
    if region.is_always_enabled() {
        "activate AWS STS in this region, in the account settings of IAM in the role's account".to_owned()
    } else {
        format!("the region {region} is not enabled for the role's account: enable it there")
    }
}

impl Exchange {
    /// What to check when AWS refuses with this code.
    fn advice(&self, code: &str) -> String {
        let claims = match self {
            Self::Signature { owner, .. } => {
                return format!(
                    "AWS does not say which: the role does not exist, its trust policy does not name {owner}, it \
                     requires another externalId, or {owner} may not call sts:AssumeRole on it; StackSets never deploy \
                     to the management account, which needs its own stack"
                );
            }
            Self::WebIdentity(claims) => claims,
        };
        let shown = claims.shown();
        match code {
            "ExpiredToken" => {
                format!("{shown}; it was fetched for this call, so check its lifetime and the clocks")
            }
            "InvalidIdentityToken" | "IDPRejectedClaim" => format!(
                "{shown}: the role's account needs an OpenID Connect provider for exactly this issuer, including its \
                 slash, with this audience and the thumbprint of its certificate authority; an issuer that ends in \
                 /v2.0 means that \
                 the app registration's requestedAccessTokenVersion must be 1 or null"
            ),
            _ => format!(
                "{shown}: the role must exist, and its trust policy must allow sts:AssumeRoleWithWebIdentity to the OpenID \
                 Connect provider of this issuer for this audience (aud) and subject (sub)"
            ),
        }
    }
}

/// The error without the secrets of the key.
pub(super) fn redact(mut error: RoleError, key: &Credentials) -> RoleError {
    error.edit(|message| redacted(message, key));
    error
}
