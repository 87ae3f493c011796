//! Counts the requests of a call to one side, and the throttles.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Breaker;

/// Attempts of requests, and how many were throttled.
#[derive(Debug, Default)]
pub struct Traffic {
    requests: AtomicU64,
    throttles: AtomicU64,
    breaker: Breaker,
}

impl Traffic {
    /// Counts a request.
    pub fn sent(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a throttle.
    pub fn throttled(&self) {
        self.throttles.fetch_add(1, Ordering::Relaxed);
    }

    /// The breaker for consecutive refusals.
    #[must_use]
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// Attempts so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Throttled ones.
    #[must_use]
    pub fn throttles(&self) -> u64 {
        self.throttles.load(Ordering::Relaxed)
    }
}
