//! The sandbox's program.

mod bench;
mod cli;
mod handler;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use sandbox::cloud::{Cloud, CloudOptions};
use sandbox::functions_host::{FunctionsHost, HostOptions};
use sandbox::{estate, inventory, scenario};
use serde::Serialize;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use bench::{Gateway, Setting};
use cli::{BenchArguments, Cli, Clouds, ColdStartArguments, Command, HostArguments};

/// The numbers of APIs that are measured unless one is asked for.
const SIZES: [u32; 3] = [100, 1_000, 10_000];
/// The number of APIs that a company has unless one is asked for.
const OF_COMPANY: u32 = 10_000;
/// By how much the clouds are sped up unless it is said: what two cores keep up with, both sides on them.
const FACTOR: f64 = 10.0;
/// The same for gateways that would take most of an hour.
const FACTOR_OF_MANY: f64 = 40.0;
/// What are many APIs.
const MANY: u32 = 5_000;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match (cli.command, cli.stand_ins) {
        (Some(Command::Host(arguments)), _) => run_host(arguments).await,
        (Some(Command::Bench(arguments)), _) => run_bench(arguments).await,
        (Some(Command::ColdStart(arguments)), _) => run_cold_starts(arguments).await,
        (None, true) => stand_in(&cli.clouds).await,
        (None, false) => go_round(&cli.clouds, cli.app, cli.handler, cli.once).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let mut causes = vec![failure.to_string()];
            let mut cause = failure.source();
            while let Some(next) = cause {
                causes.push(next.to_string());
                cause = next.source();
            }
            // There is no one else to tell.
            let _ = writeln!(io::stderr(), "sandbox: {}", causes.join(": "));
            ExitCode::FAILURE
        }
    }
}

async fn stand_in(clouds: &Clouds) -> Result<(), Failure> {
    let cloud = start(clouds).await?;
    say(&cloud.description().to_string())?;
    Ok(stopped().await?)
}

async fn go_round(clouds: &Clouds, app: Option<PathBuf>, handler: Option<PathBuf>, once: bool) -> Result<(), Failure> {
    let handler = if app.is_none() && handler.is_none() {
        say("Building the handler …")?;
        Some(handler::build().await?)
    } else {
        handler
    };
    say("Starting the clouds, a Functions host, and the handler in it …")?;
    let cloud = start(clouds).await?;
    let host = scenario::start_host(&cloud, app, handler).await?;
    cloud.kill.set(host.killer());
    say("Making the integration \"shop\" and firing the timer …")?;
    let report = scenario::go_round(&cloud, &host).await?;
    let catalog = cloud.api_center.snapshot();
    say(&format!(
        "\nWhat the catalog holds now:\n\n{}",
        inventory::table(&catalog)
    ))?;
    say(&format!("The last run's report:\n\n{report:#}\n"))?;
    if let Some(properties) = inventory::first_synchronized(&catalog) {
        say(&format!("What the developer portal shows of {properties}"))?;
    }
    if report["outcome"] != "succeeded" {
        return Err("the last run did not succeed: see its report".into());
    }
    if clouds.has_demo() {
        show_company(&cloud, &host).await?;
    }
    if once {
        return Ok(());
    }
    say(&format!(
        "Calls to try:\n\n{}\nCtrl-C ends everything.",
        scenario::calls(&cloud, &host)
    ))?;
    Ok(stopped().await?)
}

async fn show_company(cloud: &Cloud, host: &FunctionsHost) -> Result<(), Failure> {
    say(&format!(
        "Making the integration {:?} of a company: three accounts by assumed roles, two regions each …",
        scenario::COMPANY
    ))?;
    let report = scenario::found_company(cloud, host).await?;
    let mut catalog = cloud.api_center.snapshot();
    catalog.retain(|path, _| path.starts_with(&format!("apis/{}-", scenario::COMPANY)));
    say(&format!(
        "\nIts gateways, of which one account denies its role:\n\n{}",
        inventory::gateways(&report)
    ))?;
    say(&format!(
        "What the catalog holds of them: an API for each service (groupBy tag:service), and no stock-internal, which a rule \
         leaves out:\n\n{}",
        inventory::table(&catalog)
    ))?;
    if report["outcome"] != "succeeded" {
        return Err(format!("the company's run did not succeed: {report:#}").into());
    }
    Ok(())
}

async fn run_host(arguments: HostArguments) -> Result<(), Failure> {
    let mut options = HostOptions::new(arguments.app);
    options.executable = arguments.handler;
    options.environment.extend(arguments.settings);
    options.port = arguments.port;
    let host = FunctionsHost::start(options).await?;
    let description = json!({
        "url": host.base_url(),
        "functionKey": host.function_key(),
        "masterKey": host.master_key(),
        "handlerPid": host.handler_pid(),
        "handlerPort": host.handler_port(),
    });
    say(&description.to_string())?;
    Ok(stopped().await?)
}

async fn run_bench(arguments: BenchArguments) -> Result<(), Failure> {
    let handler = release_handler(arguments.handler).await?;
    if !arguments.json {
        say(&format!("{}\n\n{}", bench::NOTE, bench::HEADING))?;
    }
    let sizes = if arguments.company {
        vec![OF_COMPANY]
    } else {
        SIZES.to_vec()
    };
    for apis in arguments.apis.map_or(sizes, |apis| vec![apis]) {
        let usual = if apis < MANY { FACTOR } else { FACTOR_OF_MANY };
        let setting = Setting {
            handler: handler.clone(),
            gateway: Gateway {
                apis: usize::try_from(apis)?,
                mixed: arguments.mixed,
            },
            factor: arguments.factor.unwrap_or(usual),
        };
        let mut told = Ok(());
        if arguments.company {
            bench::measure_company(&setting, |row| told = say(&line(arguments.json, row, row.line()))).await?;
            told?;
            continue;
        }
        let rows = bench::measure(&setting, |row| {
            told = say(&line(arguments.json, row, row.line()));
        })
        .await?;
        told?;
        let Some(python) = &arguments.peer else { continue };
        let mut told = Ok(());
        bench::compare(&setting, python, &rows, |comparison| {
            told = say(&line(arguments.json, comparison, comparison.line()));
        })
        .await?;
        told?;
    }
    Ok(())
}

async fn run_cold_starts(arguments: ColdStartArguments) -> Result<(), Failure> {
    let handler = release_handler(arguments.handler).await?;
    let found = bench::cold_starts(&handler, arguments.starts.into()).await?;
    Ok(say(&line(arguments.json, &found, found.text()))?)
}

/// What was found, as JSON or for people.
fn line(as_json: bool, found: &impl Serialize, text: String) -> String {
    if as_json { json!(found).to_string() } else { text }
}

async fn release_handler(handler: Option<PathBuf>) -> Result<PathBuf, Failure> {
    match handler {
        Some(handler) => Ok(handler),
        None => Ok(handler::build_release().await?),
    }
}

async fn start(clouds: &Clouds) -> Result<Cloud, Failure> {
    let mut options = CloudOptions::default();
    if let Some(id) = &clouds.resource_id {
        options.api_center.resource_id.clone_from(id);
    }
    let cloud = Cloud::start(options).await?;
    match (&clouds.openapi, clouds.empty) {
        (Some(folder), _) => cloud.fill_gateway(estate::from_openapi_folder(folder)?),
        (None, true) => (),
        (None, false) => cloud.fill(estate::demo_full()),
    }
    Ok(cloud)
}

fn say(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

async fn stopped() -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => (),
        _ = interrupt.recv() => (),
    }
    Ok(())
}
