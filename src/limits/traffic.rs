//! Counting: what the work of a call sends to one side, and what comes of it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Breaker;

/// Requests that were sent, every try of them, and how many of those were throttled.
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

    /// Counts an answer that says "too fast".
    pub fn throttled(&self) {
        self.throttles.fetch_add(1, Ordering::Relaxed);
    }

    /// What refusals in a row trip.
    #[must_use]
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// Requests so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Throttled ones among them.
    #[must_use]
    pub fn throttles(&self) -> u64 {
        self.throttles.load(Ordering::Relaxed)
    }
}
