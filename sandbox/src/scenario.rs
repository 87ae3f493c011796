//! The round that the sandbox goes without being told more: an integration, a timer run, and a look at the catalog.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::cloud::{ACCESS_KEY_SECRET, Cloud, SECRET_ACCESS_KEY_SECRET};
use crate::functions_host::{FunctionsHost, HostError, HostOptions, TimerKind};

/// The integration that is made.
pub(crate) const INTEGRATION: &str = "shop";
/// The workspace that the sandbox was built in: the function app's files are at its root.
pub(crate) const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Why the round did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The handler could not be built.
    #[error("building the handler with `cargo build --bin handler` failed ({0}); name a built one with --handler")]
    Build(String),
    /// The Functions host does not start.
    #[error("starting the Functions host failed")]
    Host(#[from] HostError),
    /// A call got no answer.
    #[error("calling the handler failed")]
    Call(#[from] reqwest::Error),
    /// The handler answered something else than it should.
    #[error("{call} was answered with {answer}")]
    Answer {
        /// What was called.
        call: String,
        /// Status and body.
        answer: String,
    },
    /// The timer run failed.
    #[error("the timer run failed: {0}")]
    Timer(String),
}

/// Builds the handler of this workspace, with the profile that this program was built with.
///
/// # Errors
/// When it cannot be built.
pub async fn build_handler() -> Result<PathBuf, ScenarioError> {
    let program = std::env::current_exe().map_err(|error| ScenarioError::Build(error.to_string()))?;
    let is_release = program.parent().is_some_and(|folder| folder.ends_with("release"));
    build_handler_with(is_release.then_some("release")).await
}

/// Builds the handler of this workspace with a profile, or with the usual one.
///
/// # Errors
/// When it cannot be built.
pub async fn build_handler_with(profile: Option<&str>) -> Result<PathBuf, ScenarioError> {
    let unusable = |error: io::Error| ScenarioError::Build(error.to_string());
    let program = std::env::current_exe().map_err(unusable)?;
    let target = program.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo
        .args([
            "build",
            "--quiet",
            "--package",
            "apicenter-aws-sync",
            "--bin",
            "handler",
        ])
        .arg("--target-dir")
        .arg(target)
        .current_dir(WORKSPACE);
    if let Some(profile) = profile {
        cargo.args(["--profile", profile]);
    }
    let status = cargo.status().await.map_err(unusable)?;
    if status.success() {
        Ok(target.join(profile.unwrap_or("debug")).join("handler"))
    } else {
        Err(ScenarioError::Build(status.to_string()))
    }
}

/// Starts a Functions host between the stand-ins, for the function app in a folder, this workspace's if there is none, and
/// with the handler that it names if there is no other.
///
/// # Errors
/// When it does not come up.
pub async fn start_host(
    cloud: &Cloud,
    app: Option<PathBuf>,
    handler: Option<PathBuf>,
) -> Result<FunctionsHost, ScenarioError> {
    let mut options = HostOptions::new(app.unwrap_or_else(|| PathBuf::from(WORKSPACE)));
    options.executable = handler;
    options.environment.extend(cloud.handler_environment());
    Ok(FunctionsHost::start(options).await?)
}

/// Makes an integration and lets the timer fire; gives the outcome of its last run.
///
/// # Errors
/// When either fails.
pub async fn go_round(cloud: &Cloud, host: &FunctionsHost) -> Result<Value, ScenarioError> {
    make_integration(cloud, host).await?;
    let run = host.fire_timer(TimerKind::Scheduled).await?;
    if !run.succeeded {
        return Err(ScenarioError::Timer(run.error.unwrap_or_default()));
    }
    last_sync(host).await
}

/// Makes an integration, which is synchronized at once.
///
/// # Errors
/// When it is not made.
pub async fn make_integration(cloud: &Cloud, host: &FunctionsHost) -> Result<(), ScenarioError> {
    let url = integration_url(host);
    let body = json!({ "properties": { "amazonApiGatewaySource": {
        "accessKey": cloud.secret_identifier(ACCESS_KEY_SECRET),
        "secretAccessKey": cloud.secret_identifier(SECRET_ACCESS_KEY_SECRET),
        "regionName": cloud.region,
    } } });
    let request = reqwest::Client::new()
        .put(&url)
        .header("x-functions-key", host.function_key())
        .json(&body);
    checked(format!("PUT {url}"), request.send().await?).await.map(|_| ())
}

/// The outcome of the last run.
///
/// # Errors
/// When the integration cannot be read.
pub async fn last_sync(host: &FunctionsHost) -> Result<Value, ScenarioError> {
    let url = integration_url(host);
    let request = reqwest::Client::new()
        .get(&url)
        .header("x-functions-key", host.function_key());
    let integration = checked(format!("GET {url}"), request.send().await?).await?;
    Ok(integration["properties"]["lastSync"].clone())
}

async fn checked(call: String, response: reqwest::Response) -> Result<Value, ScenarioError> {
    let status = response.status();
    let text = response.text().await?;
    match serde_json::from_str(&text) {
        Ok(body) if status.is_success() => Ok(body),
        Ok(_) | Err(_) => Err(ScenarioError::Answer {
            call,
            answer: format!("{status}: {text}"),
        }),
    }
}

fn integration_url(host: &FunctionsHost) -> String {
    host.url(&format!("integrations/{INTEGRATION}"))
}

/// What is in the catalog, as a table.
#[must_use]
pub fn inventory(cloud: &Cloud) -> String {
    let snapshot = cloud.api_center.snapshot();
    let mut rows = vec![["API", "TITLE", "VERSIONS", "DEFINITIONS", "DEPLOYMENTS"].map(str::to_owned)];
    let apis = snapshot
        .iter()
        .filter(|(path, _)| path.starts_with("apis/") && path.matches('/').count() == 1);
    for (path, api) in apis {
        let names = |collection: &str| below(&snapshot, &format!("{path}/{collection}/"));
        let versions = names("versions");
        let definitions = versions
            .iter()
            .filter(|version| snapshot.contains_key(&format!("{path}/versions/{version}/definitions/openapi")))
            .count();
        rows.push([
            path.trim_start_matches("apis/").to_owned(),
            api["properties"]["title"].as_str().unwrap_or_default().to_owned(),
            versions.join(" "),
            definitions.to_string(),
            names("deployments").len().to_string(),
        ]);
    }
    table(&rows)
}

/// The names right below a collection.
fn below(snapshot: &BTreeMap<String, Value>, prefix: &str) -> Vec<String> {
    let names = snapshot.keys().filter_map(|path| path.strip_prefix(prefix));
    names.filter(|name| !name.contains('/')).map(str::to_owned).collect()
}

fn table(rows: &[[String; 5]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:width$}"))
            .collect();
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

/// What to try, ready to be pasted: the status page's address, then calls.
#[must_use]
pub fn calls(cloud: &Cloud, host: &FunctionsHost) -> String {
    let url = integration_url(host);
    let all = host.url("integrations");
    let key = format!("-H 'x-functions-key: {}'", host.function_key());
    let admin = format!("{}/admin/functions/function-timer", host.base_url());
    let control = cloud.control_url();
    let fault = r#"{"service":"apiGateway","times":1,"fault":{"answer":{"status":429}}}"#;
    [
        ("the status page, for a browser", format!("{all}?code={}", host.function_key())),
        ("all integrations", format!("curl -s {key} {all}")),
        ("what a sync would do", format!("curl -s {key} -H 'Accept: text/plain' {url}/plan")),
        ("sync now", format!("curl -s {key} -X POST {url}/sync")),
        (
            "fire the timer",
            format!(
                "curl -s -i -X POST -H 'x-functions-key: {}' -H 'Content-Type: application/json' -d '{{\"input\":\"\"}}' {admin}",
                host.master_key()
            ),
        ),
        ("the whole catalog", format!("curl -s {control}/catalog")),
        ("every request so far", format!("curl -s {control}/requests")),
        ("throttle Amazon's next answer", format!("curl -s -X POST -H 'Content-Type: application/json' -d '{fault}' {control}/faults")),
        ("delete the integration", format!("curl -s -i {key} -X DELETE {url}")),
    ]
    .map(|(what, call)| format!("# {what}\n{call}\n"))
    .concat()
}
