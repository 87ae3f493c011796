//! The life of the process: it ends on a signal, or when its host is gone.

use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{Pid, getppid};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::interval;

/// Interval of checks for the host: an orphan ends within seconds.
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
    /// The exit code: never 0 or 200, after which some hosts do not restart the handler.
    #[must_use]
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Terminated => ExitCode::from(143),
            Self::Interrupted => ExitCode::from(130),
            Self::Orphaned => ExitCode::from(129),
        }
    }
}

/// The parent process.
#[derive(Debug, Clone, Copy)]
pub struct Parent(Option<Pid>);

impl Parent {
    /// The current parent; ask before anything else.
    #[must_use]
    pub fn current() -> Self {
        Self(getppid())
    }

    /// Completes when the process has another parent, as an orphan does.
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

/// Waits until the process must end.
///
/// # Errors
/// If it cannot listen for signals.
pub async fn ending(parent: Parent) -> std::io::Result<Ending> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => Ending::Terminated,
        _ = interrupt.recv() => Ending::Interrupted,
        () = parent.gone() => Ending::Orphaned,
    })
}
