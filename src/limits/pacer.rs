//! Pacing: staying under the published request rates of both sides.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

/// A token bucket that callers wait at before each request.
#[derive(Debug)]
pub struct Pacer(RateLimiter<NotKeyed, InMemoryState, DefaultClock>);

impl Pacer {
    /// A bucket that holds `burst` requests and refills at `per_second`, which is any positive number.
    #[must_use]
    pub fn new(per_second: f64, burst: NonZeroU32) -> Self {
        let period = Duration::try_from_secs_f64(per_second.recip()).unwrap_or(Duration::MAX);
        let quota = Quota::with_period(period.max(Duration::from_nanos(1)))
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MAX))
            .allow_burst(burst);
        Self(RateLimiter::direct(quota))
    }

    /// Waits until a request may be sent.
    pub async fn wait(&self) {
        self.0.until_ready().await;
    }
}
