//! How far the work is, for whoever waits for it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the APIs that a call is about, and those that it is done with.
///
/// There is one in a process, for a person who waits for one call at a time. Where calls overlap, the newest one sets it.
#[derive(Debug, Default)]
pub struct Meter {
    total: AtomicUsize,
    done: AtomicUsize,
}

impl Meter {
    /// Begins to count, up to a total.
    pub fn start(&self, total: usize) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Counts one more API as done.
    pub fn count(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// How many are done, and of how many; both are 0 before the count begins.
    #[must_use]
    pub fn read(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}
