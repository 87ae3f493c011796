//! How Amazon's services say no, whatever the service.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error_chain::error_chain;
use crate::limits::parse_retry_after;
use crate::model::{Region, quote_message};

/// When to try again if nothing is known: Amazon's whole burst quota has refilled by then, several times.
pub(in crate::aws) const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(30);
/// Error codes, without `Exception`, that mean that the keys or the signature are not accepted, whatever the status.
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
/// Error codes, without `Exception`, that mean that the region does not know the credentials.
const UNKNOWN_CREDENTIALS_CODES: &[&str] = &["InvalidClientTokenId", "UnrecognizedClient"];
/// The code, without `Exception`, of temporary credentials whose time is up.
const EXPIRED_CODE: &str = "ExpiredToken";
/// Error codes, without `Exception`, that mean "too fast" where the status does not say so.
const THROTTLE_CODES: &[&str] = &["LimitExceeded", "RequestLimitExceeded", "Throttling", "TooManyRequests"];

/// An operation of Amazon's and what it was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation, such as `GetStages`.
    pub operation: &'static str,
    /// What it was asked about, such as `REST API a1b2c3d4e5`.
    pub subject: String,
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {}", self.operation, self.subject)
    }
}

/// The code of an error, without `Exception`; empty when it has none.
pub(in crate::aws) fn error_code<E>(error: &SdkError<E, HttpResponse>) -> &str
where
    E: ProvideErrorMetadata + Error + 'static,
{
    error
        .code()
        .map_or("", |code| code.strip_suffix("Exception").unwrap_or(code))
}

/// Whether a code means that the keys or the signature are not accepted.
pub(in crate::aws) fn is_authentication(code: &str) -> bool {
    AUTHENTICATION_CODES.contains(&code)
}

/// Whether a code means that temporary credentials, good until then, are good no longer.
pub(in crate::aws) fn is_expired(code: &str) -> bool {
    code == EXPIRED_CODE
}

/// Whether a code means that the region does not know the credentials: they are bad, or their account has not enabled it.
pub(in crate::aws) fn is_unknown(code: &str) -> bool {
    UNKNOWN_CREDENTIALS_CODES.contains(&code)
}

/// Whether a status and a code mean that requests come too fast.
pub(in crate::aws) fn is_throttle(status: u16, code: &str) -> bool {
    status == 429 || THROTTLE_CODES.contains(&code)
}

/// Amazon's own words where it answered with some, otherwise what happened to the request: all of them, since what is
/// secret in them is still to be looked for.
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
            // The parser's own words are of no use to those who read this.
            (SdkError::ServiceError(_), Some(_)) => "it does not have the shape of this operation's response".to_owned(),
            (_, _) => error_chain(error),
        },
    }
}

/// Words of Amazon's as they are passed on: without signatures, on one line, and no longer than they are of use.
pub(in crate::aws) fn presentable(text: &str) -> String {
    quote_message(&without_signatures(text))
}

/// A text without the signatures that Amazon quotes of requests: they are good for some minutes.
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

/// Signatures carry the time; Amazon's words for a wrong clock do not mention clocks.
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

/// Good credentials look like bad ones in a region that their account has not enabled.
pub(in crate::aws) fn with_region_hint(message: String, code: &str, region: &Region) -> String {
    if is_unknown(code) && !region.is_always_enabled() {
        format!(
            "{message} (AWS answers the same for valid credentials if the region {region} is not enabled for the account)"
        )
    } else {
        message
    }
}

/// How long an answer asks to wait.
pub(in crate::aws) fn retry_after(response: &HttpResponse) -> Option<Duration> {
    response.headers().get("retry-after").and_then(parse_retry_after)
}
