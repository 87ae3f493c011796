//! How long to wait where Amazon throttles and does not say how long.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait: Amazon's burst quota has refilled several times by then.
const MAX: Duration = Duration::from_secs(16);

/// Waits of one call, each twice as long as the one before.
#[derive(Debug)]
pub(in crate::aws) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// How long to wait now: as long as Amazon asks for, or twice as long as before.
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        let otherwise = self.0;
        self.0 = (otherwise * 2).min(MAX);
        asked.unwrap_or(otherwise)
    }
}
