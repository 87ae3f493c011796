//! Errors of AWS Organizations: always with status 400.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use super::wire::answer;
use crate::faults::Fault;
use crate::json::present;
use crate::signature::SignatureError;

/// An error as the service answers it; turns into a response, or into a fault for tests to inject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationsError {
    status: StatusCode,
    code: &'static str,
    message: String,
    reason: Option<&'static str>,
}

impl OrganizationsError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
            reason: None,
        }
    }

    /// `AWSOrganizationsNotInUseException`: the caller's account is in no organisation.
    #[must_use]
    pub fn not_in_use() -> Self {
        Self::new(
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        )
    }

    /// `AccessDeniedException`: the caller's account neither owns the organisation nor administers anything for it.
    #[must_use]
    pub fn no_permissions() -> Self {
        Self::new(
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        )
    }

    /// `AccessDeniedException` of IAM: the caller has no policy that allows the operation.
    #[must_use]
    pub fn not_authorized(user_arn: &str, operation: &str) -> Self {
        let action = format!("organizations:{operation}");
        Self::new(
            "AccessDeniedException",
            format!(
                "User: {user_arn} is not authorized to perform: {action} on resource: * because no identity-based policy \
                 allows the {action} action"
            ),
        )
    }

    /// `TooManyRequestsException`, with status 400 like the others.
    #[must_use]
    pub fn too_many_requests() -> Self {
        Self::new(
            "TooManyRequestsException",
            "You have sent too many requests in too short a period of time. Try again later.",
        )
    }

    /// `ServiceException`, with status 500.
    #[must_use]
    pub fn service() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..Self::new(
                "ServiceException",
                "AWS Organizations can't complete your request because of an internal service error. Try again later.",
            )
        }
    }

    fn invalid_input(reason: &'static str, message: &str) -> Self {
        Self {
            reason: Some(reason),
            ..Self::new("InvalidInputException", message)
        }
    }

    pub(super) fn invalid_next_token() -> Self {
        Self::invalid_input(
            "INVALID_NEXT_TOKEN",
            "You specified an invalid value for nextToken. You must get the value from the response to the previous API call.",
        )
    }

    pub(super) fn invalid_page_size() -> Self {
        Self::invalid_input(
            "MAX_VALUE_EXCEEDED",
            "You provided a value for MaxResults that is not between 1 and 20.",
        )
    }

    pub(super) fn parent_not_found() -> Self {
        Self::new("ParentNotFoundException", "You specified parent that doesn't exist.")
    }

    pub(super) fn child_not_found() -> Self {
        Self::new("ChildNotFoundException", "You specified child that doesn't exist.")
    }

    pub(super) fn unknown_operation() -> Self {
        Self::new("UnknownOperationException", "The sandbox has no such operation")
    }

    pub(super) fn serialization() -> Self {
        Self::new(
            "SerializationException",
            "The request body could not be read as JSON of this operation",
        )
    }
}

impl From<SignatureError> for OrganizationsError {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Unsigned => {
                Self::new("MissingAuthenticationTokenException", "Missing Authentication Token")
            }
            SignatureError::Incomplete(message) => Self::new("IncompleteSignatureException", message),
            SignatureError::Invalid(message) => Self::new("InvalidSignatureException", message),
            SignatureError::Unknown => Self::new(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            SignatureError::Expired => Self::new(
                "ExpiredTokenException",
                "The security token included in the request is expired",
            ),
            SignatureError::Unsignable => Self::service(),
        }
    }
}

impl From<OrganizationsError> for Response<Bytes> {
    fn from(error: OrganizationsError) -> Self {
        let body = json!({ "__type": error.code, "Message": error.message, "Reason": error.reason });
        answer(error.status, &present(body))
    }
}

impl From<OrganizationsError> for Fault {
    fn from(error: OrganizationsError) -> Self {
        Self::from(Response::<Bytes>::from(error))
    }
}
