//! The life of the process: it ends when it is told to, or when its host is gone.

use std::any::Any;
use std::panic;
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{Pid, getppid};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::interval;

/// How often it is looked whether the host is still there: an orphan is gone within seconds.
const PARENT_CHECK: Duration = Duration::from_secs(1);

/// Why the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// `SIGTERM`.
    Terminated,
    /// Ctrl-C.
    Interrupted,
    /// The host that started it is gone.
    Orphaned,
}

impl Ending {
    /// The exit code: never 0 or 200, after which some hosts do not start the handler again.
    #[must_use]
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Terminated => ExitCode::from(143),
            Self::Interrupted => ExitCode::from(130),
            Self::Orphaned => ExitCode::from(129),
        }
    }
}

/// Whoever started this process.
#[derive(Debug, Clone, Copy)]
pub struct Parent(Option<Pid>);

impl Parent {
    /// The parent as it is now; to be asked for first of all.
    #[must_use]
    pub fn current() -> Self {
        Self(getppid())
    }

    /// Completes when the process has another parent, as an orphan has.
    async fn gone(self) {
        let mut checks = interval(PARENT_CHECK);
        loop {
            checks.tick().await;
            if getppid() != self.0 {
                return;
            }
        }
    }
}

/// Has panics logged as lines like any other, instead of as text on standard error.
pub fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic: {}", literal(panic.payload()));
    }));
}

/// The words of a panic that are in the source: those put together at the time may hold anything.
fn literal(payload: &(dyn Any + Send)) -> &'static str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("its words are not logged")
}

/// Waits until the process has to end.
///
/// # Errors
/// When the signals cannot be listened to.
pub async fn ending(parent: Parent) -> std::io::Result<Ending> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => Ending::Terminated,
        _ = interrupt.recv() => Ending::Interrupted,
        () = parent.gone() => Ending::Orphaned,
    })
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn only_words_of_the_source_are_logged_of_a_panic() {
        assert_eq!(literal(&"a bug"), "a bug");
        let put_together = format!("a bug with {}", "hunter2");
        assert_eq!(literal(&put_together), "its words are not logged");
    }
}
