//! Panics: defects of this app or of a library. Each is logged with its place, and ends only the work it is in.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

use futures::FutureExt;

use crate::model::{ErrorCode, Problem};

/// A caught panic. Its message may contain anything, so it is not passed on; the log has its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("internal error, a defect of this app; see the log line that begins with \"a panic\"")]
pub struct Panicked;

impl From<Panicked> for Problem {
    fn from(panicked: Panicked) -> Self {
        Self::new(ErrorCode::InternalError, panicked.to_string())
    }
}

/// Does some work and catches its panic.
///
/// State shared with others may be half updated. Here that is counters, which are one instruction each, and locks,
/// which nobody holds across anything that can fail and which are taken even if poisoned.
///
/// # Errors
/// If it panics.
pub fn caught<T>(work: impl Future<Output = T>) -> impl Future<Output = Result<T, Panicked>> {
    // Boxed: such work is a large future, sometimes nested.
    let work = AssertUnwindSafe(Box::pin(work)).catch_unwind();
    work.map(|result| result.map_err(|_| Panicked))
}

/// Logs panics as ordinary lines instead of as text on standard error.
pub fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic: {}", literal(panic.payload()));
    }));
}

/// The literal message of a panic; a formatted one may contain anything.
fn literal(payload: &(dyn Any + Send)) -> &'static str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("its text is not logged")
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn only_words_of_the_source_are_logged_of_a_panic() {
        assert_eq!(literal(&"a bug"), "a bug");
        let put_together = format!("a bug with {}", "hunter2");
        assert_eq!(literal(&put_together), "its text is not logged");
    }
}
