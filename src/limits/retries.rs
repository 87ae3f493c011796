//! Retries of requests to Azure.

use azure_core::http::StatusCode;
use azure_core::http::policies::{RetryHeaders, RetryPolicy};
use azure_core::time::Duration;

/// Attempts after the first.
const RETRIES: u32 = 2;

/// Two retries, half a second and a second apart, of failed connections and of these statuses.
///
/// The SDK's own policies wait as long as `Retry-After` says, whatever the time budget: a response that may have one is
/// left to the caller, who knows the time left.
#[derive(Debug)]
pub struct FewRetries(pub &'static [StatusCode]);

impl RetryPolicy for FewRetries {
    fn is_expired(&self, _duration_since_start: Duration, retry_count: u32) -> bool {
        retry_count >= RETRIES
    }

    fn retry_headers(&self) -> Option<&RetryHeaders> {
        None
    }

    fn retry_status_codes(&self) -> &[StatusCode] {
        self.0
    }

    fn sleep_duration(&self, retry_count: u32) -> Duration {
        Duration::milliseconds(500) * retry_count
    }
}

/// The time of a `Retry-After` in whole seconds, the only form that these services document.
#[must_use]
pub fn parse_retry_after(header: &str) -> Option<std::time::Duration> {
    header.trim().parse().ok().map(std::time::Duration::from_secs)
}
