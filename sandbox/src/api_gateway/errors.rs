//! Errors of Amazon API Gateway.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde_json::json;

use crate::faults::Fault;

/// The header with the code of an error.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// The header with the id of a request.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// An error as AWS answers it; turns into a response, or into a fault for tests to inject.
#[derive(Debug, Clone)]
pub struct AmazonError {
    status: StatusCode,
    pub(super) code: Option<&'static str>,
    message: String,
    retry_after: Option<u64>,
    /// Whether the message goes out as it is, with whatever is illegal in it.
    invalid_json: bool,
}

impl AmazonError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: Some(code),
            message: message.into(),
            retry_after: None,
            invalid_json: false,
        }
    }

    /// 400 `BadRequestException`, also the answer to an export that cannot be made.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequestException", message)
    }

    /// 404 `NotFoundException`.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFoundException", message)
    }

    pub(super) fn unknown_api(account: &str, id: &str) -> Self {
        Self::not_found(format!("Invalid API identifier specified {account}:{id}"))
    }

    pub(super) fn unknown_stage() -> Self {
        Self::not_found("Invalid stage identifier specified")
    }

    pub(super) fn unknown_domain() -> Self {
        Self::not_found("Invalid domain name identifier specified")
    }

    /// 400, of a domain name that version 2 does not manage. The words were seen when mappings were written.
    pub(super) fn unmanaged_domain() -> Self {
        Self::bad_request(
            "Only REGIONAL domain names with a security policy of TLS 1.2 can be managed through the API Gateway V2 API. \
             For EDGE domain names or domain names with a security policy of TLS 1.0, please use the API Gateway V1 API.",
        )
    }

    /// 400, in a region without HTTP APIs: a body with an escape that JSON does not have (reported for four regions).
    pub(super) fn no_v2(account: &str, region: &str) -> Self {
        let constraint = "failed to satisfy constraint: Member must satisfy regular expression pattern";
        Self {
            invalid_json: true,
            ..Self::bad_request(format!(
                "1 validation error detected: Value \\'arn:aws:lambda:{region}:{account}:function:\\' at \\'functionName\\' {constraint}"
            ))
        }
    }

    /// 409 `ConflictException`.
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "ConflictException", message)
    }

    /// 429 `TooManyRequestsException` without `Retry-After`.
    #[must_use]
    pub fn too_many_requests() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequestsException",
            "Too Many Requests",
        )
    }

    /// 429 `LimitExceededException` without `Retry-After`.
    #[must_use]
    pub fn limit_exceeded() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "LimitExceededException",
            "Limit Exceeded",
        )
    }

    /// 500 `InternalFailure`.
    #[must_use]
    pub fn internal_failure() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "Internal failure")
    }

    /// 503 `ServiceUnavailableException` without `Retry-After`.
    #[must_use]
    pub fn service_unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableException",
            "Service Unavailable",
        )
    }

    /// 403 `AccessDeniedException`: a user may not do an action such as `apigateway:GET` to a resource.
    #[must_use]
    pub fn access_denied(user_arn: &str, action: &str, resource_arn: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            format!(
                "User: {user_arn} is not authorized to perform: {action} on resource: {resource_arn} because no \
                 identity-based policy allows the {action} action"
            ),
        )
    }

    /// 403 `UnrecognizedClientException`: no such access key, or a wrong session token.
    #[must_use]
    pub fn unrecognized_client() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )
    }

    /// 403 `ExpiredTokenException`: a session that is over.
    #[must_use]
    pub fn expired_token() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        )
    }

    /// 403 `InvalidSignatureException`.
    #[must_use]
    pub fn invalid_signature(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "InvalidSignatureException", message)
    }

    /// 403 `IncompleteSignatureException`: an `Authorization` header that lacks something.
    #[must_use]
    pub fn incomplete_signature(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "IncompleteSignatureException", message)
    }

    /// 403 `MissingAuthenticationTokenException`: an unsigned request.
    #[must_use]
    pub fn missing_authentication_token() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        )
    }

    /// 400 `SerializationException`: a body that is not JSON of the right shape.
    #[must_use]
    pub fn serialization() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "SerializationException",
            "The request body could not be read as JSON of this operation",
        )
    }

    /// 404 `UnknownOperationException`: an operation that this stand-in does not have.
    #[must_use]
    pub fn unknown_operation(operation: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            format!("The sandbox has no operation {operation}"),
        )
    }

    /// The same error with `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same error without a code, as AWS's edge answers it; the SDKs retry no 429 of this form.
    #[must_use]
    pub fn without_code(mut self) -> Self {
        self.code = None;
        self
    }
}

impl From<AmazonError> for Response<Bytes> {
    fn from(error: AmazonError) -> Self {
        // AccessDeniedException comes from IAM, which spells the member with a capital letter.
        let member = match error.code {
            Some("AccessDeniedException") => "Message",
            Some(_) | None => "message",
        };
        let body = if error.invalid_json {
            format!("{{\"{member}\": \"{}\"}}", error.message)
        } else {
            json!({member: error.message}).to_string()
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = error.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(REQUEST_ID, request_id());
        if let Some(code) = error.code {
            headers.insert(ERROR_TYPE, HeaderValue::from_static(code));
        }
        if let Some(seconds) = error.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<AmazonError> for Fault {
    fn from(error: AmazonError) -> Self {
        Self::from(Response::<Bytes>::from(error))
    }
}

/// A new request id.
pub(super) fn request_id() -> HeaderValue {
    HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http::header::RETRY_AFTER;

    use super::{AmazonError, ERROR_TYPE};
    use crate::faults::Fault;

    #[test]
    fn a_429_comes_in_four_forms() {
        for (error, code, retry_after) in [
            (AmazonError::too_many_requests(), Some("TooManyRequestsException"), None),
            (
                AmazonError::too_many_requests().retry_after(3),
                Some("TooManyRequestsException"),
                Some("3"),
            ),
            (AmazonError::too_many_requests().without_code(), None, None),
            (AmazonError::limit_exceeded(), Some("LimitExceededException"), None),
        ] {
            let Fault::Answer { status, headers, .. } = Fault::from(error) else {
                panic!("not an answer");
            };
            let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
            assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(text(ERROR_TYPE), code);
            assert_eq!(text(RETRY_AFTER), retry_after);
        }
    }
}
