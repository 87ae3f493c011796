//! Why a role could not be assumed, told apart by what helps.

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

/// What Azure needs to make tokens for Amazon; Functions hosts do not always tell which of it is missing.
const AUDIENCE_ADVICE: &str = "AWS_WEB_IDENTITY_AUDIENCE must be the Application ID URI of an app registration in the tenant of this app's identity; if that registration requires assignment, assign the identity to it";

/// A role that could not be assumed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// Amazon does not give the role to whom it was shown.
    #[error("{call}: Amazon refuses: {message} ({advice})")]
    Refused {
        /// What was called.
        call: Call,
        /// Amazon's words.
        message: String,
        /// What to look at.
        advice: String,
    },
    /// The role's account has not enabled the region, or the service in it.
    #[error("{call}: Amazon refuses: {message} ({advice})")]
    RegionDisabled {
        /// What was called.
        call: Call,
        /// Amazon's words.
        message: String,
        /// What to enable.
        advice: String,
    },
    /// Azure makes no token for Amazon.
    #[error("Azure refuses a token for the audience {audience:?}: {message} ({AUDIENCE_ADVICE})")]
    AudienceRefused {
        /// What the token is to be for.
        audience: String,
        /// Azure's words.
        message: String,
    },
    /// The access key, or the session of another role, that the role is to be assumed with is not accepted.
    #[error("{call}: AWS rejects {credentials}: {message}")]
    AuthenticationFailed {
        /// What was called.
        call: Call,
        /// Which credentials, such as `the access key`.
        credentials: String,
        /// Amazon's words.
        message: String,
    },
    /// Too many requests, for longer than there is time.
    #[error("{call}: too many requests")]
    Throttled {
        /// What was called.
        call: Call,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// This app got no token for Amazon.
    #[error(
        "{call}: no token for the audience {audience:?} at the moment: {message} (if this persists: {AUDIENCE_ADVICE})"
    )]
    NoToken {
        /// What was to be called.
        call: Call,
        /// What the token is to be for.
        audience: String,
        /// What happened.
        message: String,
    },
    /// Security Token Service cannot be reached, or cannot answer now.
    #[error("{call}: AWS Security Token Service is not available: {message}")]
    Unavailable {
        /// What was called.
        call: Call,
        /// What happened.
        message: String,
        /// When to try again, if Amazon said so.
        retry_after: Option<Duration>,
    },
    /// The time budget ended first.
    #[error("{call}: the time ran out")]
    OutOfTime {
        /// What was called.
        call: Call,
    },
}

/// With what a role was asked for.
#[derive(Debug)]
pub(super) enum Exchange {
    /// A signature.
    Signature {
        /// Made with these credentials, such as `the access key`.
        credentials: String,
        /// Who has them, such as `the access key's user`.
        owner: String,
    },
    /// A token that says this of itself.
    WebIdentity(Claims),
}

impl RoleError {
    /// Classifies an error of the SDK by status and error code.
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
            // The answer broke off, which says nothing of what it would have been.
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

    /// The same error with `text` made unreadable wherever Amazon repeats it.
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

    /// Whether the role, the key or the token is refused, whatever the role is wanted for.
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

    /// What a caller of ours is told.
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

/// Whether Amazon could not ask the identity provider for its keys, which passes by itself.
///
/// The code of bad tokens is that of a provider that does not answer, too: its words tell them apart.
pub(super) fn is_about_the_provider(code: &str, message: &str) -> bool {
    code == "IDPCommunicationError" || code == "InvalidIdentityToken" && message.contains("verification key")
}

/// What the owner of an account has to do for its service in a region.
fn enabling(region: &Region) -> String {
    if region.is_always_enabled() {
        "activate AWS STS in this region, in the account settings of IAM in the role's account".to_owned()
    } else {
        format!("the region {region} is not enabled for the role's account: enable it there")
    }
}

impl Exchange {
    /// What to look at when Amazon refuses with this code.
    fn advice(&self, code: &str) -> String {
        let claims = match self {
            Self::Signature { owner, .. } => {
                return format!(
                    "AWS does not say which: the role does not exist, its trust policy does not name {owner}, it requires another externalId, or {owner} may not call sts:AssumeRole on it; StackSets never deploy to the management account, which needs its own stack"
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
                "{shown}: the role's account needs an OpenID Connect provider for exactly this issuer, including its slash, with this audience and the thumbprint of its certificate authority; an issuer that ends in /v2.0 means that \
                 the app registration's requestedAccessTokenVersion must be 1 or null"
            ),
            _ => format!(
                "{shown}: the role must exist, and its trust policy must allow sts:AssumeRoleWithWebIdentity to the OpenID \
                 Connect provider of this issuer for this audience (aud) and subject (sub)"
            ),
        }
    }
}

/// The error without anything secret of the key that was shown.
pub(super) fn redact(mut error: RoleError, key: &Credentials) -> RoleError {
    error.edit(|message| redacted(message, key));
    error
}
