//! How the command line ends, and what it says when it does not do what it was asked for.

use std::process::ExitCode;

use crate::model::{Problem, some_lines};

/// Longest message that is shown, in UTF-16 units: an app may answer anything.
const MESSAGE_MAX: usize = 4000;

/// How it ended; documented in `docs/command-line.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// It failed.
    Failed,
    /// There are changes, and that was asked for.
    Changes,
    /// Not all is well: partial, held, or something missing.
    Unwell,
    /// The arguments cannot be used.
    Usage,
    /// Ctrl-C.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Changes => 2,
            Exit::Unwell => 3,
            // `EX_USAGE` of sysexits.h.
            Exit::Usage => 64,
            Exit::Interrupted => 130,
        })
    }
}

/// Why it was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// How it ends.
    pub exit: Exit,
    /// Why, for people.
    pub message: String,
}

impl Failure {
    /// Something failed.
    pub fn new(message: impl AsRef<str>) -> Self {
        Self::of(Exit::Failed, message)
    }

    /// The arguments cannot be used.
    pub fn usage(message: impl AsRef<str>) -> Self {
        Self::of(Exit::Usage, message)
    }

    /// It was told to stop.
    pub fn interrupted() -> Self {
        Self::of(Exit::Interrupted, "interrupted")
    }

    fn of(exit: Exit, message: impl AsRef<str>) -> Self {
        Self {
            exit,
            message: some_lines(message.as_ref(), MESSAGE_MAX),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let target = problem.target.map(|target| format!(" [{target}]")).unwrap_or_default();
        Self::new(format!("({}) {}{target}", problem.code, problem.message))
    }
}
