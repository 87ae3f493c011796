//! Time budgets: when a run has to stop.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Until when a run may work. Clones share the stop signal.
#[derive(Debug, Clone)]
pub struct Budget {
    deadline: Instant,
    stop: CancellationToken,
}

impl Budget {
    /// A budget of `duration` from now, which also ends when `stop` is cancelled.
    #[must_use]
    pub fn new(duration: Duration, stop: CancellationToken) -> Self {
        Self {
            deadline: Instant::now() + duration,
            stop,
        }
    }

    /// The same budget, ending `reserve` earlier.
    #[must_use]
    pub fn less(&self, reserve: Duration) -> Self {
        Self {
            deadline: self.deadline.checked_sub(reserve).unwrap_or(self.deadline),
            stop: self.stop.clone(),
        }
    }

    /// A budget of `duration` from now with the same stop signal.
    #[must_use]
    pub fn renewed(&self, duration: Duration) -> Self {
        Self::new(duration, self.stop.clone())
    }

    /// Whether nothing new may be begun.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.stop.is_cancelled() || Instant::now() >= self.deadline
    }

    /// The time that is left; zero once the process is asked to stop.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        if self.stop.is_cancelled() {
            Duration::ZERO
        } else {
            self.deadline.saturating_duration_since(Instant::now())
        }
    }

    /// Completes when nothing new may be begun.
    pub async fn spent(&self) {
        tokio::select! {
            () = tokio::time::sleep_until(self.deadline) => (),
            () = self.stop.cancelled() => (),
        }
    }

    /// Waits for `duration`, if there is that much time; otherwise returns `false` at once.
    pub async fn wait(&self, duration: Duration) -> bool {
        if duration > self.remaining() {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(duration) => true,
            () = self.stop.cancelled() => false,
        }
    }
}
