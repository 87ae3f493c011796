//! The command line: the same engine with a person's own sign-in, or a client of a deployed function app.

mod app;
mod apply;
mod arguments;
mod center;
mod declaration;
mod doctor;
mod documents;
mod explain;
mod export;
mod failure;
mod help;
mod integration;
mod output;
mod place;
mod progress;
mod rounds;
mod view;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::arguments::{Command, CommandLine};
use self::failure::{Exit, Failure};
use self::output::{print, tell};
use crate::panics::log_panics;
use crate::telemetry;

/// How long the current entity may take after Ctrl-C.
const GRACE: Duration = Duration::from_secs(8);

/// Runs the command line with these arguments, including the program's name.
pub async fn run(arguments: Vec<OsString>, log_directives: Option<&str>) -> ExitCode {
    telemetry::start_for_people(log_directives);
    log_panics();
    let exit = match CommandLine::try_parse_from(arguments) {
        Ok(command_line) => until_interrupted(command_line.command).await,
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                print(&error.render().to_string()).map(|()| Exit::Done)
            }
            _ => {
                tell(error.render().to_string().trim_end());
                Ok(Exit::Usage)
            }
        },
    };
    let exit = exit.unwrap_or_else(|failure| {
        tell(&format!("error: {failure}"));
        failure.exit
    });
    exit.into()
}

/// Ctrl-C waits for the current entity, so that nothing is left half done; a second one ends the process.
async fn until_interrupted(command: Command) -> Result<Exit, Failure> {
    let stop = CancellationToken::new();
    let work = execute(command, &stop);
    tokio::pin!(work);
    tokio::select! {
        result = &mut work => return result,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
        }
    }
    stop.cancel();
    tokio::select! {
        _ = timeout(GRACE, work) => (),
        _ = tokio::signal::ctrl_c() => (),
    }
    Err(Failure::interrupted())
}

async fn execute(command: Command, stop: &CancellationToken) -> Result<Exit, Failure> {
    match command {
        Command::Integration(command) => integration::run(command, stop).await,
        Command::Doctor(arguments) => doctor::run(arguments, stop).await,
        Command::Explain(arguments) => explain::run(arguments, stop).await,
        Command::Completion { shell } => documents::completion(shell),
        Command::Man => documents::manual(),
    }
}
