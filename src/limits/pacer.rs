//! Pacing: staying under the published request rates of both sides.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::{Instant, sleep_until};

/// A token bucket that callers wait at before each request.
#[derive(Debug)]
pub struct Pacer {
    bucket: RateLimiter<NotKeyed, InMemoryState, DefaultClock>,
    held_until: Mutex<Option<Instant>>,
    /// Callers go one after another as they came, so that many of one integration do not hold up few of another.
    turn: tokio::sync::Mutex<()>,
}

impl Pacer {
    /// A bucket that holds `burst` requests and refills at `per_second`, which is any positive number.
    #[must_use]
    pub fn new(per_second: f64, burst: NonZeroU32) -> Self {
        let period = Duration::try_from_secs_f64(per_second.recip()).unwrap_or(Duration::MAX);
        let quota = Quota::with_period(period.max(Duration::from_nanos(1)))
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MAX))
            .allow_burst(burst);
        Self {
            bucket: RateLimiter::direct(quota),
            held_until: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Waits until a request may be sent.
    pub async fn wait(&self) {
        let _turn = self.turn.lock().await;
        self.bucket.until_ready().await;
        while let Some(until) = self.held_until() {
            sleep_until(until).await;
        }
    }

    /// Lets nobody through for `duration` from now, nor before the end of an earlier hold.
    pub fn hold(&self, duration: Duration) {
        // A hold past the end of the clock is no hold: the caller's own budget ends long before.
        let until = Instant::now().checked_add(duration);
        let mut held_until = self.held_until.lock().unwrap_or_else(PoisonError::into_inner);
        *held_until = (*held_until).max(until);
    }

    /// How long nobody is let through; zero when nothing is held.
    #[must_use]
    pub fn held_for(&self) -> Duration {
        self.held_until()
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    fn held_until(&self) -> Option<Instant> {
        let held_until = *self.held_until.lock().unwrap_or_else(PoisonError::into_inner);
        held_until.filter(|until| *until > Instant::now())
    }
}
