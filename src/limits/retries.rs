//! How often Azure is asked again, and when.

use azure_core::http::StatusCode;
use azure_core::http::policies::{RetryHeaders, RetryPolicy};
use azure_core::time::Duration;

/// Attempts after the first.
const RETRIES: u32 = 2;

/// Two retries, half a second and a second apart, of failed connections and of these statuses.
///
/// The SDK's own policies wait as long as `Retry-After` says, whatever the time budget: an answer that may say so is
/// left to the caller, who knows how much time there is.
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

/// The time that a `Retry-After` asks for, in whole seconds: the only form that these services are documented to send.
#[must_use]
pub fn parse_retry_after(header: &str) -> Option<std::time::Duration> {
    header.trim().parse().ok().map(std::time::Duration::from_secs)
}
