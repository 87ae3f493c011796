//! Errors of AWS services, whatever the service.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error_chain::error_chain;
use crate::limits::parse_retry_after;
use crate::model::{Region, quote_message};

/// Default time before a retry: by then, AWS's whole burst quota has refilled several times.
pub(in crate::aws) const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(30);
/// Error codes, without `Exception`, for a rejected key or signature, whatever the status.
const AUTHENTICATION_CODES: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignature",
    "MissingAuthenticationToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
];
/// Error codes, without `Exception`, for credentials unknown to the region.
const UNKNOWN_CREDENTIALS_CODES: &[&str] = &["InvalidClientTokenId", "UnrecognizedClient"];
/// The code, without `Exception`, of expired temporary credentials.
const EXPIRED_CODE: &str = "ExpiredToken";
/// Error codes, without `Exception`, for throttling whose status does not say so.
const THROTTLE_CODES: &[&str] = &["LimitExceeded", "RequestLimitExceeded", "Throttling", "TooManyRequests"];

/// An AWS operation and its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation, such as `GetStages`.
    pub operation: &'static str,
    /// Its subject, such as `REST API a1b2c3d4e5`.
    pub subject: String,
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {}", self.operation, self.subject)
    }
}

/// The code of an error, without `Exception`; may be empty.
pub(in crate::aws) fn error_code<E>(error: &SdkError<E, HttpResponse>) -> &str
where
    E: ProvideErrorMetadata + Error + 'static,
{
    error
        .code()
        .map_or("", |code| code.strip_suffix("Exception").unwrap_or(code))
}

/// Whether a code means a rejected key or signature.
pub(in crate::aws) fn is_authentication(code: &str) -> bool {
    AUTHENTICATION_CODES.contains(&code)
}

/// Whether a code means that temporary credentials have expired.
pub(in crate::aws) fn is_expired(code: &str) -> bool {
    code == EXPIRED_CODE
}

/// Whether a code means that the region does not know the credentials: they are invalid, or their account has not
/// enabled it.
pub(in crate::aws) fn is_unknown(code: &str) -> bool {
    UNKNOWN_CREDENTIALS_CODES.contains(&code)
}

/// Whether a status and a code mean throttling.
pub(in crate::aws) fn is_throttle(status: u16, code: &str) -> bool {
    status == 429 || THROTTLE_CODES.contains(&code)
}

/// The message of AWS, or the fate of the request: unabridged, since secrets must still be redacted.
pub(in crate::aws) fn message<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => match (error, error.raw_response()) {
            (_, Some(response)) if !response.status().is_success() => {
                format!("no reason given (HTTP {})", response.status().as_u16())
            }
            // The parser's own message does not help people.
            (SdkError::ServiceError(_), Some(_)) => {
                "it does not have the shape of this operation's response".to_owned()
            }
            (_, _) => error_chain(error),
        },
    }
}

/// A message of AWS for people: without signatures, on one line, and cut.
pub(in crate::aws) fn presentable(text: &str) -> String {
    quote_message(&without_signatures(text))
}

/// A text without the signatures of requests that AWS quotes: they are valid for some minutes.
fn without_signatures(text: &str) -> String {
    const SIGNATURE: &str = "Signature=";
    let mut parts = text.split(SIGNATURE);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(SIGNATURE);
        let rest = part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit());
        if rest.len() < part.len() {
            kept.push_str("[secret]");
        }
        kept.push_str(rest);
    }
    kept
}

/// Adds a hint about the clock: signatures contain the time, but AWS's message does not mention clocks.
pub(in crate::aws) fn with_clock_hint(message: String) -> String {
    let about_time = [
        "Signature expired",
        "Signature not yet current",
        "TooSkewed",
        "RequestExpired",
    ];
    if about_time.iter().any(|words| message.contains(words)) {
        format!("{message} (this machine's clock seems to be wrong)")
    } else {
        message
    }
}

/// Adds a hint about the region: valid credentials look invalid in a region that their account has not enabled.
pub(in crate::aws) fn with_region_hint(message: String, code: &str, region: &Region) -> String {
    if is_unknown(code) && !region.is_always_enabled() {
        format!(
            "{message} (AWS answers the same for valid credentials if the region {region} is not enabled for the \
             account)"
        )
    } else {
        message
    }
}

/// The `Retry-After` of a response.
pub(in crate::aws) fn retry_after(response: &HttpResponse) -> Option<Duration> {
    response.headers().get("retry-after").and_then(parse_retry_after)
}
