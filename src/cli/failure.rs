//! Exit codes and failures of the command line.

use std::process::ExitCode;

use crate::model::{ErrorCode, Outcome, Problem, Report, some_lines};

/// The exit codes; documented in `docs/command-line.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// It failed.
    Failed,
    /// There are changes, and `--exit-code` was given.
    Changes,
    /// Incomplete: partial, held, or something missing.
    Unwell,
    /// Invalid arguments.
    Usage,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The exit code of a run.
    pub fn of(report: &Report) -> Self {
        match report.outcome {
            Outcome::Succeeded => Self::Done,
            Outcome::Partial | Outcome::Held => Self::Unwell,
            Outcome::Failed => Self::Failed,
        }
    }
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

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The problem's code, if it has one.
    pub code: Option<String>,
    /// The message for people.
    pub message: String,
}

impl Failure {
    /// A failure.
    pub fn new(message: impl AsRef<str>) -> Self {
        Self::of(Exit::Failed, message)
    }

    /// Invalid arguments.
    pub fn usage(message: impl AsRef<str>) -> Self {
        Self::of(Exit::Usage, message)
    }

    /// The command was interrupted.
    pub fn interrupted() -> Self {
        Self::of(Exit::Interrupted, "interrupted")
    }

    /// A problem from the app or the engine.
    pub fn of_problem(code: &str, message: &str, target: Option<&str>) -> Self {
        let target = target.map(|target| format!(" [{target}]")).unwrap_or_default();
        Self {
            code: Some(code.to_owned()),
            ..Self::new(format!("({code}) {message}{target}"))
        }
    }

    /// Whether it is a problem with this code.
    pub fn is(&self, code: ErrorCode) -> bool {
        self.code.as_ref().is_some_and(|own| *own == code.to_string())
    }

    fn of(exit: Exit, message: impl AsRef<str>) -> Self {
        Self {
            exit,
            code: None,
            message: some_lines(message.as_ref(), Problem::MESSAGE_MAX),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::of_problem(&problem.code.to_string(), &problem.message, problem.target.as_deref())
    }
}
