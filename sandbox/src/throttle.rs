//! Token buckets, as both clouds use to limit callers.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A rate as the clouds state it: calls per second and burst.
pub type Rate = (f64, f64);

/// A rate that no test exhausts.
pub const UNLIMITED: Rate = (1e6, 1e6);

/// A bucket of tokens that refills steadily.
#[derive(Debug)]
pub struct TokenBucket(Mutex<State>);

#[derive(Debug)]
struct State {
    rate: Rate,
    tokens: f64,
    filled: Instant,
}

impl TokenBucket {
    /// A full bucket of as many tokens as the burst, which refills at the calls per second.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self(Mutex::new(State::full(rate)))
    }

    /// Makes it a full bucket of another rate.
    pub fn set_rate(&self, rate: Rate) {
        *self.state() = State::full(rate);
    }

    /// Takes a token and tells how many are left.
    ///
    /// # Errors
    /// If there is none: how long until there is one.
    pub fn take(&self) -> Result<u64, Duration> {
        let mut state = self.state();
        let now = Instant::now();
        let (per_second, burst) = state.rate;
        let refilled = now.duration_since(state.filled).as_secs_f64() * per_second;
        state.tokens = (state.tokens + refilled).min(burst);
        state.filled = now;
        if state.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - state.tokens) / per_second));
        }
        state.tokens -= 1.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of tokens, at least 0"
        )]
        Ok(state.tokens as u64)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn full(rate: Rate) -> Self {
        Self {
            rate,
            tokens: rate.1,
            filled: Instant::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_bucket_says_when_there_is_a_token_again() {
        let bucket = TokenBucket::new((0.001, 2.0));
        assert_eq!(bucket.take(), Ok(1));
        assert_eq!(bucket.take(), Ok(0));
        let wait = bucket.take().unwrap_err();
        assert!((990..=1000).contains(&wait.as_secs()), "{wait:?}");
    }

    #[test]
    fn a_bucket_fills_again_up_to_its_burst() {
        let bucket = TokenBucket::new((1e12, 3.0));
        for _ in 0..10 {
            assert_eq!(bucket.take(), Ok(2));
        }
    }
}
