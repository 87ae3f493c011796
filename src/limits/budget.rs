//! Time budgets: when a run must stop.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The time of a run. Clones share the stop signal.
///
/// It has two ends: after the first, nothing larger than a request starts; after the second, nothing continues. Work
/// finishes in between, so that a run makes progress however short its time. What must happen anyway, such as recording
/// the outcome, has its own budget of fifteen seconds afterwards: [`Budget::renewed`].
#[derive(Debug, Clone)]
pub struct Budget {
    begin_until: Instant,
    deadline: Instant,
    stop: CancellationToken,
}

impl Budget {
    /// A budget of `duration` from now, which also ends when `stop` is cancelled.
    #[must_use]
    pub fn new(duration: Duration, stop: CancellationToken) -> Self {
        Self::with_overrun(duration, Duration::ZERO, stop)
    }

    /// A budget of `duration` from now to start work, and of `overrun` after that to finish it.
    #[must_use]
    pub fn with_overrun(duration: Duration, overrun: Duration, stop: CancellationToken) -> Self {
        let begin_until = Instant::now() + duration;
        Self {
            begin_until,
            deadline: begin_until + overrun,
            stop,
        }
    }

    /// The same budget, with work starting only until `reserve` before its first end.
    #[must_use]
    pub fn less(&self, reserve: Duration) -> Self {
        Self {
            begin_until: self.begin_until.checked_sub(reserve).unwrap_or(self.begin_until),
            ..self.clone()
        }
    }

    /// A budget of `duration` from now with the same stop signal.
    #[must_use]
    pub fn renewed(&self, duration: Duration) -> Self {
        Self::new(duration, self.stop.clone())
    }

    /// Whether work longer than a request may still start.
    #[must_use]
    pub fn may_begin(&self) -> bool {
        !self.time_to_begin().is_zero()
    }

    /// The time left to start such work; zero once the process is asked to stop.
    #[must_use]
    pub fn time_to_begin(&self) -> Duration {
        self.until(self.begin_until)
    }

    /// Whether the second end has passed.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.remaining().is_zero()
    }

    /// The remaining time; zero once the process is asked to stop.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.until(self.deadline)
    }

    /// Completes at the second end.
    pub async fn spent(&self) {
        tokio::select! {
            () = tokio::time::sleep_until(self.deadline) => (),
            () = self.stop.cancelled() => (),
        }
    }

    /// Waits for `duration` if there is that much time; otherwise returns `false` at once.
    pub async fn wait(&self, duration: Duration) -> bool {
        if duration > self.remaining() {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(duration) => true,
            () = self.stop.cancelled() => false,
        }
    }

    fn until(&self, end: Instant) -> Duration {
        if self.stop.is_cancelled() {
            Duration::ZERO
        } else {
            end.saturating_duration_since(Instant::now())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_was_begun_in_time_goes_on_through_the_overrun() {
        let budget = Budget::with_overrun(SECOND * 10, SECOND * 5, CancellationToken::new());
        assert!(budget.may_begin() && !budget.less(SECOND * 10).may_begin());
        tokio::time::advance(SECOND * 10).await;
        assert!(!budget.may_begin() && !budget.is_spent());
        assert!(!budget.wait(SECOND * 6).await, "there is not that much time");
        assert!(budget.wait(SECOND * 5).await);
        assert!(budget.is_spent());
        budget.spent().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_everything_at_once() {
        let stop = CancellationToken::new();
        let budget = Budget::with_overrun(SECOND * 10, SECOND * 5, stop.clone());
        stop.cancel();
        assert!(budget.is_spent() && !budget.may_begin());
        assert!(!budget.renewed(SECOND).wait(SECOND / 2).await);
        budget.spent().await;
    }
}
