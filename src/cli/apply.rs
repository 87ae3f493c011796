//! Applies the integrations in a file.

use std::io::{self, Read as _};
use std::path::Path;

use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::arguments::Apply;
use super::declaration::{self, Declaration};
use super::failure::{Exit, Failure};
use super::output::{Table, print, tell};
use super::place::Place;
use super::progress::Progress;
use super::{rounds, view};
use crate::model::{ErrorCode, Report};

/// The columns of the results.
const APPLIED: [(&str, &str); 3] = [
    ("Name", "/name"),
    ("Result", "/result"),
    ("LastOutcome", "/lastSync/outcome"),
];

/// The result for an integration in the file.
struct Applied {
    /// `created`, `updated`, `unchanged` or `failed`, as it is printed.
    result: &'static str,
    /// Its run.
    report: Option<Report>,
    /// Why it was not applied, or not fully synchronized.
    failure: Option<Failure>,
}

/// Applies each integration of the file, even after a failure.
pub async fn run(arguments: &Apply, stop: &CancellationToken) -> Result<Exit, Failure> {
    let declarations = declaration::read(&text(&arguments.file, stop).await?)?;
    let place = Place::of(&arguments.center, stop)?;
    let (mut values, mut exits) = (Vec::new(), Vec::new());
    for declaration in &declarations {
        let name = &declaration.name;
        let applied = apply(&place, declaration).await.unwrap_or_else(|failure| Applied {
            result: "failed",
            report: None,
            failure: Some(failure),
        });
        if stop.is_cancelled() {
            return Err(Failure::interrupted());
        }
        if let Some(failure) = &applied.failure {
            tell(&format!("error: {name}: {failure}"));
        }
        if arguments.shape.is_default() {
            let report = applied.report.as_ref().map(|report| view::report(name, report));
            print(&format!("{name}: {}\n{}", applied.result, report.unwrap_or_default()))?;
        }
        exits.push(exit(&applied));
        values.push(json!({ "name": name.as_str(), "result": applied.result, "lastSync": applied.report }));
    }
    if !arguments.shape.is_default() {
        let table = |value: &Value| Table::of(value.as_array().into_iter().flatten(), &APPLIED);
        arguments.shape.print(&Value::Array(values), table)?;
    }
    let worst = [Exit::Failed, Exit::Unwell]
        .into_iter()
        .find(|exit| exits.contains(exit));
    Ok(worst.unwrap_or(Exit::Done))
}

fn exit(applied: &Applied) -> Exit {
    match (&applied.failure, &applied.report) {
        (Some(_), _) => Exit::Failed,
        (None, Some(report)) => Exit::of(report),
        (None, None) => Exit::Done,
    }
}

/// Puts an integration, unless it exists as declared.
async fn apply(place: &Place, declaration: &Declaration) -> Result<Applied, Failure> {
    let name = &declaration.name;
    let progress = Progress::start(format!("applying {name}"), place.meter());
    let result = match place.get(name).await {
        Ok(current) if declaration.describes(&current) => {
            return Ok(Applied {
                result: "unchanged",
                report: None,
                failure: None,
            });
        }
        Ok(_) => "updated",
        Err(failure) if failure.is(ErrorCode::IntegrationNotFound) => "created",
        Err(failure) => return Err(failure),
    };
    let (integration, failure) = rounds::put(place, name, &declaration.document, &progress).await?;
    Ok(Applied {
        result,
        report: rounds::last_report(&integration)?,
        failure,
    })
}

/// The text of the file, or of standard input.
async fn text(file: &Path, stop: &CancellationToken) -> Result<String, Failure> {
    let path = file.to_owned();
    // On its own thread, so that Ctrl-C ends a wait for standard input.
    let reading = spawn_blocking(move || {
        if path == Path::new("-") {
            let mut text = String::new();
            io::stdin().lock().read_to_string(&mut text).map(|_| text)
        } else {
            std::fs::read_to_string(&path)
        }
    });
    let unread = |why: String| Failure::usage(format!("{} cannot be read: {why}", file.display()));
    tokio::select! {
        text = reading => text.map_err(|error| unread(error.to_string()))?.map_err(|error| unread(error.to_string())),
        () = stop.cancelled() => Err(Failure::interrupted()),
    }
}
