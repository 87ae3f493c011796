//! Pacing: stays under the published request rates of both sides, and under what they grant when that is less.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::{Instant, sleep, sleep_until};

/// Tokens that a request takes at full speed; at half the speed it takes twice as many.
const CELLS: NonZeroU32 = NonZeroU32::MIN.saturating_add(63);
/// The lowest speed after throttles, as a fraction of full speed: a run must progress beside other users of the budget.
const SLOWEST: f64 = 0.125;
/// Time from a standstill to full speed, without throttles.
const RECOVERY: Duration = Duration::from_mins(1);
/// Throttles within this time count once: they answer requests sent at the same speed.
const ONE_THROTTLE: Duration = Duration::from_secs(1);

/// A token bucket that callers wait for before each request.
///
/// A throttle halves its speed, at most once a second, and empties it; afterwards its speed grows steadily.
#[derive(Debug)]
pub struct Pacer {
    bucket: RateLimiter<NotKeyed, InMemoryState, Ticking, NoOpMiddleware<Duration>>,
    clock: Ticking,
    burst: NonZeroU32,
    pace: Mutex<Pace>,
    /// Callers take turns in order of arrival, so that an integration with many requests does not hold up one with few.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Pace {
    /// The fraction of full speed after the last throttle.
    speed: f64,
    slowed: Option<Instant>,
    held_until: Option<Instant>,
}

/// The runtime's clock, which tests can stop.
#[derive(Debug, Clone, Copy)]
struct Ticking(Instant);

impl Clock for Ticking {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Pacer {
    /// A bucket of `burst` requests that refills at `per_second`, at least a thousandth.
    #[must_use]
    pub fn new(per_second: f64, burst: NonZeroU32) -> Self {
        let cells = per_second * f64::from(CELLS.get());
        let period = Duration::try_from_secs_f64(cells.recip()).unwrap_or(Duration::MAX);
        let quota = Quota::with_period(period.max(Duration::from_nanos(1)))
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MAX))
            .allow_burst(burst.saturating_mul(CELLS));
        let clock = Ticking(Instant::now());
        Self {
            bucket: RateLimiter::direct_with_clock(quota, clock),
            clock,
            burst,
            pace: Mutex::new(Pace {
                speed: 1.0,
                slowed: None,
                held_until: None,
            }),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Waits until a request may be sent.
    pub async fn wait(&self) {
        let _turn = self.turn.lock().await;
        loop {
            while let Some(until) = self.held_until() {
                sleep_until(until).await;
            }
            match self.bucket.check_n(self.cells()) {
                Ok(Err(not_yet)) => sleep(not_yet.wait_time_from(self.clock.now())).await,
                // No request takes more cells than the bucket holds.
                Ok(Ok(())) | Err(_) => return,
            }
        }
    }

    /// Lets nobody through for `duration` from now, nor before the end of an earlier hold.
    pub fn hold(&self, duration: Duration) {
        // Ignore a hold past the end of the clock: the caller's own budget ends long before.
        let until = Instant::now().checked_add(duration);
        let mut pace = self.pace();
        pace.held_until = pace.held_until.max(until);
    }

    /// Halves the speed after a throttle: somebody else uses the budget, too.
    pub fn slow_down(&self) {
        let mut pace = self.pace();
        if pace.slowed.is_some_and(|slowed| slowed.elapsed() < ONE_THROTTLE) {
            return;
        }
        pace.speed = (pace.speed_now() / 2.0).max(self.slowest());
        pace.slowed = Some(Instant::now());
        drop(pace);
        self.empty();
    }

    /// The remaining time of a hold.
    #[must_use]
    pub fn held_for(&self) -> Duration {
        self.held_until()
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// Empties the bucket, as the other side's is empty: there is no burst.
    fn empty(&self) {
        let mut cells = self.burst.saturating_mul(CELLS).get();
        // Its content is a sum of some of these; any of the takes may fail.
        while let Some(some) = NonZeroU32::new(cells) {
            let _ = self.bucket.check_n(some);
            cells /= 2;
        }
    }

    /// The cells that a request takes now; at any speed, the bucket can hold them.
    fn cells(&self) -> NonZeroU32 {
        let cells = f64::from(CELLS.get()) / self.pace().speed_now();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 64 and eight times as much"
        )]
        let cells = cells.round() as u32;
        NonZeroU32::new(cells)
            .unwrap_or(CELLS)
            .min(self.burst.saturating_mul(CELLS))
    }

    fn slowest(&self) -> f64 {
        f64::from(self.burst.get()).recip().max(SLOWEST)
    }

    fn held_until(&self) -> Option<Instant> {
        self.pace().held_until.filter(|until| *until > Instant::now())
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn speed_now(&self) -> f64 {
        let recovered = self
            .slowed
            .map_or(1.0, |slowed| slowed.elapsed().as_secs_f64() / RECOVERY.as_secs_f64());
        (self.speed + recovered).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pacer(per_second: f64, burst: u32) -> Pacer {
        Pacer::new(per_second, NonZeroU32::new(burst).unwrap())
    }

    /// The number of requests that get through in this time.
    async fn passed(pacer: &Pacer, time: Duration) -> u32 {
        let end = Instant::now() + time;
        let mut passed = 0;
        while tokio::time::timeout_at(end, pacer.wait()).await.is_ok() {
            passed += 1;
        }
        passed
    }

    fn assert_about(found: u32, expected: u32) {
        assert!(
            found.abs_diff(expected) <= 1 + expected / 50,
            "{found} instead of {expected}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_burst_the_rate_is_kept_and_used_up() {
        let pacer = pacer(10.0, 20);
        assert_about(passed(&pacer, SECOND * 30).await, 320);
    }

    #[tokio::test(start_paused = true)]
    async fn the_lowest_and_any_high_rate_can_be_kept() {
        assert_about(passed(&pacer(0.001, 1), SECOND * 3500).await, 4);
        for burst in [1, 10_000] {
            let fast = pacer(f64::MAX, burst);
            fast.wait().await;
            fast.wait().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttle_halves_the_speed_and_a_minute_without_one_brings_it_back() {
        let pacer = pacer(10.0, 20);
        pacer.slow_down();
        // From half to three quarters of the speed, without a burst.
        assert_about(passed(&pacer, SECOND * 15).await, 94);
        tokio::time::advance(SECOND * 45).await;
        assert_about(passed(&pacer, SECOND * 10).await, 120);
    }

    #[tokio::test(start_paused = true)]
    async fn many_throttles_at_once_are_one_and_it_never_stands_still() {
        let pacer = pacer(10.0, 20);
        for _ in 0..50 {
            pacer.slow_down();
        }
        assert_about(passed(&pacer, SECOND * 2).await, 10);
        for _ in 0..10 {
            pacer.slow_down();
            tokio::time::advance(ONE_THROTTLE).await;
        }
        pacer.slow_down();
        assert_about(passed(&pacer, SECOND * 4).await, 6);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_of_one_request_lets_one_through_however_slow_it_is() {
        let pacer = pacer(1.0, 1);
        pacer.slow_down();
        assert_about(passed(&pacer, SECOND * 10).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_lets_nobody_through_and_ends() {
        let pacer = pacer(10.0, 20);
        pacer.hold(SECOND * 5);
        pacer.hold(SECOND);
        assert_eq!(pacer.held_for(), SECOND * 5);
        assert_eq!(passed(&pacer, Duration::from_millis(4990)).await, 0);
        assert!(passed(&pacer, SECOND).await > 20);
    }
}
