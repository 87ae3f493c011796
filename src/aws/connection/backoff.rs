//! Backoff for throttling without a `Retry-After`.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait: by then, AWS's burst quota has refilled several times.
const MAX: Duration = Duration::from_secs(16);

/// The waits of one call, each twice as long as the last.
#[derive(Debug)]
pub(in crate::aws) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// The next wait: as long as AWS asks for, or twice the last.
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        let otherwise = self.0;
        self.0 = (otherwise * 2).min(MAX);
        asked.unwrap_or(otherwise)
    }
}
