//! Documents for shells and for `man`.

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::arguments::{CommandLine, NAME};
use super::failure::{Exit, Failure};
use super::output::print;

/// Prints the completions for a shell.
pub fn completion(shell: Shell) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    generate(shell, &mut CommandLine::command(), NAME, &mut text);
    print_bytes(&text)
}

/// Prints the manual page: the program and each command with all options.
pub fn manual() -> Result<Exit, Failure> {
    let mut text = Vec::new();
    let mut command = CommandLine::command();
    command.build();
    let unwritten = |error: std::io::Error| Failure::new(format!("cannot create the manual page: {error}"));
    Man::new(command.clone()).render(&mut text).map_err(unwritten)?;
    for leaf in leaves(&command) {
        let man = Man::new(leaf);
        man.render_name_section(&mut text).map_err(unwritten)?;
        man.render_synopsis_section(&mut text).map_err(unwritten)?;
        man.render_options_section(&mut text).map_err(unwritten)?;
        man.render_extra_section(&mut text).map_err(unwritten)?;
    }
    print_bytes(&text)
}

/// The commands without subcommands.
fn leaves(command: &Command) -> Vec<Command> {
    let below: Vec<&Command> = command
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
        .collect();
    if below.is_empty() {
        let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
        return vec![command.clone().name(name.clone()).display_name(name)];
    }
    below.into_iter().flat_map(leaves).collect()
}

fn print_bytes(text: &[u8]) -> Result<Exit, Failure> {
    print(&String::from_utf8_lossy(text))?;
    Ok(Exit::Done)
}
