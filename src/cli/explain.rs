//! Explains why one API is, or is not, in the catalog.

use std::fmt::Write as _;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::arguments::Explain;
use super::failure::{Exit, Failure};
use super::output::Table;
use super::place::Place;
use super::progress::Progress;
use super::view::line;
use crate::engine::{ApiExplanation, Explanation};

/// The columns of APIs.
const API: [(&str, &str); 5] = [
    ("ApiId", "/apiId"),
    ("Title", "/title"),
    ("Name", "/name"),
    ("Verdict", "/verdict"),
    ("Message", "/message"),
];

/// Asks and prints the answer.
pub async fn run(arguments: Explain, stop: &CancellationToken) -> Result<Exit, Failure> {
    let place = Place::of(&arguments.one.center, stop)?;
    let progress = Progress::start("looking", place.meter());
    let value = place.explain(&arguments.one.integration_name, &arguments.api).await?;
    drop(progress);
    let explanation: Explanation = serde_json::from_value(value.clone())
        .map_err(|error| Failure::new(format!("cannot parse the explanation: {error}")))?;
    let apis = |value: &Value| Table::of(value["apis"].as_array().into_iter().flatten(), &API);
    arguments.one.shape.print_or(&value, apis, || {
        let apis = explanation.apis.iter();
        apis.map(|api| text(&explanation.query, api)).collect()
    })?;
    Ok(Exit::Done)
}

fn text(query: &str, api: &ApiExplanation) -> String {
    let title = line(api.title.as_deref().unwrap_or(query));
    let id = api
        .api_id
        .as_ref()
        .map(|id| format!(" ({})", line(id)))
        .unwrap_or_default();
    let mut text = format!("{title}{id}: {}\n", line(&api.message));
    // Writing to a `String` cannot fail.
    if let Some(name) = &api.name {
        let _ = writeln!(text, "  in the catalog: {}", line(name));
    }
    for change in &api.changes {
        let _ = write!(text, "{}", change.to_text());
    }
    for skip in &api.skipped {
        let stage = skip
            .stage_name
            .as_ref()
            .map(|stage| format!(" stage {}", line(stage)))
            .unwrap_or_default();
        let _ = writeln!(text, "! skipped{stage}: {:?}: {}", skip.reason, line(&skip.message));
    }
    for conflict in &api.conflicts {
        let _ = writeln!(text, "! left alone, not this integration's: {}", line(&conflict.name));
    }
    for disagreement in &api.disagreements {
        let _ = writeln!(text, "! {}", line(disagreement));
    }
    text
}
