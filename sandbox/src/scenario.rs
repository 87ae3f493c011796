//! The default round of the sandbox: an integration, a timer run, and a look at the catalog.

mod call;
mod company;

use std::path::PathBuf;

use serde_json::{Value, json};

pub use self::call::{Integration, ScenarioError};
pub use self::company::{COMPANY, found_company};
use crate::cloud::{ACCESS_KEY_SECRET, Cloud, SECRET_ACCESS_KEY_SECRET};
use crate::functions_host::{FunctionsHost, HostOptions, TimerKind};

/// The integration's name.
pub const INTEGRATION: &str = "shop";
/// The workspace that the sandbox was built in: the function app's files are at its root.
pub const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Starts a Functions host between the stand-ins, for the function app in a folder, this workspace's if there is none, and
/// with the handler that it names if there is no other.
///
/// # Errors
/// If it does not come up.
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
/// If either fails.
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
/// If it is not made.
pub async fn make_integration(cloud: &Cloud, host: &FunctionsHost) -> Result<(), ScenarioError> {
    let body = json!({ "properties": { "amazonApiGatewaySource": {
        "accessKey": cloud.secret_identifier(ACCESS_KEY_SECRET),
        "secretAccessKey": cloud.secret_identifier(SECRET_ACCESS_KEY_SECRET),
        "regionName": cloud.region,
    } } });
    shop(host).put(&body).await
}

/// The outcome of the last run.
///
/// # Errors
/// If the integration cannot be read.
pub async fn last_sync(host: &FunctionsHost) -> Result<Value, ScenarioError> {
    shop(host).last_sync().await
}

fn shop(host: &FunctionsHost) -> Integration<'_> {
    Integration {
        host,
        name: INTEGRATION,
    }
}

/// Calls to try, ready for pasting: the status page's address, then commands.
#[must_use]
pub fn calls(cloud: &Cloud, host: &FunctionsHost) -> String {
    let url = shop(host).url();
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
