//! Token buckets, as both clouds use to limit callers.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A rate as the clouds state it: calls per second and burst.
pub type Rate = (f64, f64);

/// A rate that no test runs into.
pub const UNLIMITED: Rate = (1e6, 1e6);

/// A bucket of tokens that refills steadily.
#[derive(Debug)]
pub struct TokenBucket {
    per_second: f64,
    burst: f64,
    state: Mutex<(f64, Instant)>,
}

impl TokenBucket {
    /// A full bucket of `burst` tokens that refills at `per_second`.
    #[must_use]
    pub fn new((per_second, burst): Rate) -> Self {
        Self {
            per_second,
            burst,
            state: Mutex::new((burst, Instant::now())),
        }
    }

    /// Takes a token and tells how many are left.
    ///
    /// # Errors
    /// When there is none: how long until there is one.
    pub fn take(&self) -> Result<u64, Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (tokens, filled) = *state;
        let tokens = (tokens + now.duration_since(filled).as_secs_f64() * self.per_second).min(self.burst);
        if tokens < 1.0 {
            *state = (tokens, now);
            return Err(Duration::from_secs_f64((1.0 - tokens) / self.per_second));
        }
        *state = (tokens - 1.0, now);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of tokens, at least 0"
        )]
        Ok((tokens - 1.0) as u64)
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
