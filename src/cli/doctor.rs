//! The doctor: what is missing, and how to fix it.

use std::fmt::Write as _;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::arguments::Doctor;
use super::failure::{Exit, Failure};
use super::output::Table;
use super::place::Place;
use super::progress::Progress;
use super::view::line;
use crate::engine::{Check, CheckState, Examination};
use crate::model::IntegrationName;

/// The name used without an integration: one that hardly anybody has, so only the general prerequisites are checked.
const NOBODY: &str = "no-integration-is-named";
/// The columns of checks.
const CHECK: [(&str, &str); 4] = [
    ("Check", "/name"),
    ("State", "/state"),
    ("Found", "/found"),
    ("Remedy", "/remedy"),
];

/// Runs the checks and prints the result.
pub async fn run(arguments: Doctor, stop: &CancellationToken) -> Result<Exit, Failure> {
    let nobody = IntegrationName::parse(NOBODY).map_err(|error| Failure::new(error.to_string()))?;
    let name = arguments.integration_name.unwrap_or(nobody);
    let place = Place::of(&arguments.center, stop)?;
    let progress = Progress::start("examining", None);
    let value = place.examine(&name).await?;
    drop(progress);
    let examination: Examination = serde_json::from_value(value.clone())
        .map_err(|error| Failure::new(format!("cannot parse the doctor's answer: {error}")))?;
    let table = |value: &Value| Table::of(checks(value), &CHECK);
    arguments.shape.print_or(&value, table, || text(&examination))?;
    Ok(if examination.healthy { Exit::Done } else { Exit::Unwell })
}

fn checks(value: &Value) -> &[Value] {
    value["checks"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(examination: &Examination) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    if let Some(identity) = &examination.identity {
        let _ = writeln!(text, "Checked as {}", line(identity));
    }
    for check in &examination.checks {
        let _ = writeln!(text, "{:8} {}: {}", state(check), line(&check.name), line(&check.found));
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(text, "         -> {}", line(remedy));
        }
    }
    let failed = examination
        .checks
        .iter()
        .filter(|check| check.state == CheckState::Failed)
        .count();
    let _ = match failed {
        0 => writeln!(text, "Nothing is missing."),
        failed => writeln!(text, "{failed} to fix."),
    };
    text
}

fn state(check: &Check) -> &'static str {
    match check.state {
        CheckState::Ok => "ok",
        CheckState::Warning => "warning",
        CheckState::Failed => "FAILED",
        CheckState::Skipped => "skipped",
    }
}
