//! Errors of AWS Security Token Service.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::faults::Fault;
use crate::signature::SignatureError;

/// An error as the service answers it; turns into a response, or into a fault for tests to inject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl StsError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// 403 `AccessDenied`: a role that does not trust who asks, or does not exist.
    #[must_use]
    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    /// 400 `InvalidIdentityToken`.
    #[must_use]
    pub fn invalid_identity_token(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidIdentityToken", message)
    }

    /// 400 `InvalidIdentityToken`, when the service could not get the provider's keys, or a token was signed with none of them.
    #[must_use]
    pub fn no_verification_key() -> Self {
        Self::invalid_identity_token(
            "Couldn't retrieve verification key from your identity provider,  please reference \
             AssumeRoleWithWebIdentity documentation for requirements",
        )
    }

    /// 400 `ExpiredTokenException`: a token of the identity provider that is over.
    #[must_use]
    pub fn expired_web_identity(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ExpiredTokenException", message)
    }

    /// 403 `IDPRejectedClaim`.
    #[must_use]
    pub fn idp_rejected_claim(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "IDPRejectedClaim", message)
    }

    /// 400 `IDPCommunicationError`: the service could not reach the identity provider.
    #[must_use]
    pub fn idp_communication() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "IDPCommunicationError",
            "An error occurred when calling the identity provider",
        )
    }

    /// 403 `RegionDisabledException`.
    #[must_use]
    pub fn region_disabled(account: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "RegionDisabledException",
            format!(
                "STS is not activated in this region for account:{account}. Your account administrator can activate STS in \
                 this region using the IAM Console."
            ),
        )
    }

    /// 400 `Throttling`, which is how this service says 429.
    #[must_use]
    pub fn throttling() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Throttling", "Rate exceeded")
    }

    /// 500 `InternalFailure`.
    #[must_use]
    pub fn internal_failure() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            "We encountered an internal error. Please try again.",
        )
    }

    /// 400 `ValidationError`.
    #[must_use]
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationError", message)
    }

    pub(super) fn missing_action() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "MissingAction",
            "Missing Action parameter in the request",
        )
    }

    pub(super) fn invalid_action(operation: &str, version: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "InvalidAction",
            format!("Could not find operation {operation} for version {version}"),
        )
    }

    /// Whether the caller is to blame.
    pub(super) fn is_senders(&self) -> bool {
        self.status.is_client_error()
    }
}

impl From<SignatureError> for StsError {
    fn from(error: SignatureError) -> Self {
        let forbidden = |code, message: &str| Self::new(StatusCode::FORBIDDEN, code, message);
        match error {
            SignatureError::Unsigned => {
                forbidden("MissingAuthenticationToken", "Request is missing Authentication Token")
            }
            SignatureError::Incomplete(message) => Self::new(StatusCode::BAD_REQUEST, "IncompleteSignature", message),
            SignatureError::Invalid(message) => forbidden("SignatureDoesNotMatch", &message),
            SignatureError::Unknown => forbidden(
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
            SignatureError::Expired => {
                forbidden("ExpiredToken", "The security token included in the request is expired")
            }
            SignatureError::Unsignable => Self::internal_failure(),
        }
    }
}

impl From<StsError> for Fault {
    fn from(error: StsError) -> Self {
        Self::from(Response::<Bytes>::from(error))
    }
}
