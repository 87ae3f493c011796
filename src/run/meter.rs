//! The progress of the work, for those who wait.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the APIs of a call, and those that are done.
///
/// One per process, for a person who waits for one call at a time. If calls overlap, the newest one sets it.
#[derive(Debug, Default)]
pub struct Meter {
    total: AtomicUsize,
    done: AtomicUsize,
}

impl Meter {
    /// Starts counting, up to a total.
    pub fn start(&self, total: usize) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Counts one more API as done.
    pub fn count(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// The numbers of finished and of all APIs; both are 0 before the count starts.
    #[must_use]
    pub fn read(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}
