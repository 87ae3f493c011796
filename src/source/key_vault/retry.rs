//! How often a vault is asked again.

use azure_core::http::StatusCode;
use azure_core::http::policies::{RetryHeaders, RetryPolicy};
use azure_core::time::Duration;

/// Attempts after the first.
const RETRIES: u32 = 2;

/// Two retries, half a second and a second apart, of what time alone may mend.
///
/// The SDK's own policies wait as long as `Retry-After` says, whatever the limits; a 429 is therefore left to the caller.
#[derive(Debug)]
pub(super) struct FewRetries;

impl RetryPolicy for FewRetries {
    fn is_expired(&self, _duration_since_start: Duration, retry_count: u32) -> bool {
        retry_count >= RETRIES
    }

    fn retry_headers(&self) -> Option<&RetryHeaders> {
        None
    }

    fn retry_status_codes(&self) -> &[StatusCode] {
        &[
            StatusCode::RequestTimeout,
            StatusCode::InternalServerError,
            StatusCode::BadGateway,
            StatusCode::ServiceUnavailable,
            StatusCode::GatewayTimeout,
        ]
    }

    fn sleep_duration(&self, retry_count: u32) -> Duration {
        Duration::milliseconds(500) * retry_count
    }
}
