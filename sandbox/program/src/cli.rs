//! The command line.

use std::io;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Stand-ins for the clouds, with the handler between them.
///
/// Without options, starts everything, creates an integration, fires the timer, prints the catalog, and stays up until
/// Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// End after the first round instead of staying up.
    #[arg(long, conflicts_with = "stand_ins")]
    pub once: bool,
    /// Start only the stand-ins, and print one line of JSON with their addresses.
    #[arg(long)]
    pub stand_ins: bool,
    /// The options of the clouds.
    #[command(flatten)]
    pub clouds: Clouds,
    /// The function app's folder. Default: this workspace. Its host.json names the handler, unless another is given.
    #[arg(long, value_name = "FOLDER", value_parser = absolute, conflicts_with = "stand_ins")]
    pub app: Option<PathBuf>,
    /// The handler. Default: built from this workspace.
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    pub handler: Option<PathBuf>,
}

/// The options of the clouds.
#[derive(Debug, Args)]
pub struct Clouds {
    /// Leave the gateway empty.
    #[arg(long, conflicts_with = "openapi")]
    pub empty: bool,
    /// Fill the gateway with one API for each OpenAPI document (*.json) in a folder.
    #[arg(long, value_name = "FOLDER")]
    pub openapi: Option<PathBuf>,
    /// The API center's ARM id.
    #[arg(long, value_name = "ID")]
    pub resource_id: Option<String>,
}

impl Clouds {
    /// Whether the estate is the sandbox's own.
    pub fn has_demo(&self) -> bool {
        !self.empty && self.openapi.is_none()
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a Functions host with a handler, print one line of JSON with its address, and stay up.
    Host(HostArguments),
    /// Measure the handler's cost between sped-up clouds, and print a table.
    Bench(BenchArguments),
    /// Measure how long new handlers take to become useful.
    ColdStart(ColdStartArguments),
}

/// What is measured.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// APIs on the gateway, if not 100, 1000 and 10000 of them, one after the other.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub apis: Option<u32>,
    /// APIs of all kinds: of ten, seven REST, two HTTP and one WebSocket.
    #[arg(long, conflicts_with = "peer")]
    pub mixed: bool,
    /// The APIs of ten accounts in four regions, in groups: 6000 for 10000, which is how many there are unless said otherwise.
    #[arg(long, conflicts_with_all = ["peer", "mixed"])]
    pub company: bool,
    /// By how much the clouds are sped up: rates are multiplied and latency is divided by it. 10 unless said otherwise, and 40 for 10000 APIs.
    #[arg(long, value_parser = factor)]
    pub factor: Option<f64>,
    /// Print a row of JSON for each line of the table, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// The handler, if not the one that is built from this workspace with the profile `release`.
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    pub handler: Option<PathBuf>,
    /// Compare with the script of `tests/peers`, run by this Python, which has boto3 and azure-mgmt-apicenter.
    #[arg(long, value_name = "PYTHON", value_parser = absolute)]
    pub peer: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Args)]
pub struct ColdStartArguments {
    /// How often the handler is started.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub starts: u16,
    /// Print JSON, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// The handler, if not the one that is built from this workspace with the profile `release`.
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    pub handler: Option<PathBuf>,
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.1..=1000.0).contains(&factor) => Ok(factor),
        Ok(_) | Err(_) => Err("expected a number from 0.1 to 1000".to_owned()),
    }
}

/// What a Functions host is started with.
#[derive(Debug, Args)]
pub struct HostArguments {
    /// The function app's folder.
    #[arg(long, value_name = "FOLDER", value_parser = absolute)]
    pub app: PathBuf,
    /// The handler, if not the one that host.json names.
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    pub handler: Option<PathBuf>,
    /// An app setting; may be given many times.
    #[arg(long = "setting", value_name = "NAME=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
    /// The port of the HTTP front; any free one if left out.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
}

/// The handler starts in the app's folder, where a relative path would lead elsewhere.
fn absolute(text: &str) -> io::Result<PathBuf> {
    std::path::absolute(text)
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_folder_means_one_below_where_the_sandbox_was_started() {
        let here = std::env::current_dir().unwrap();
        let cli = Cli::try_parse_from(["sandbox", "--app", "dist/app", "--handler", "handler"]).unwrap();
        assert_eq!(
            (cli.app, cli.handler),
            (Some(here.join("dist/app")), Some(here.join("handler")))
        );
        let cli = Cli::try_parse_from(["sandbox", "host", "--app", "app"]).unwrap();
        let Some(Command::Host(arguments)) = cli.command else {
            panic!("{cli:?}")
        };
        assert_eq!(arguments.app, here.join("app"));
    }
}
