//! Results as texts for people.

use std::fmt::Write as _;

use super::arguments::{Depth, One};
use crate::engine::PlanView;
use crate::model::{IntegrationName, Report, one_line};

/// Longest line of a text, in UTF-16 units.
const LINE_MAX: usize = 2000;

/// Somebody else's text as one line.
pub fn line(text: &str) -> String {
    one_line(text, LINE_MAX)
}

/// A report.
pub fn report(name: &IntegrationName, report: &Report) -> String {
    let mut text = format!(
        "{name}: {}. {} created, {} updated, {} deleted, {} unchanged; {} definitions imported\n",
        report.outcome.name(),
        report.created,
        report.updated,
        report.deleted,
        report.unchanged,
        report.definitions_written
    );
    // Writing to a `String` cannot fail.
    if let Some(message) = &report.message {
        let _ = writeln!(text, "! {}", line(message));
    }
    if report.remaining > 0 {
        let what_helps = match report.retry_after_seconds {
            Some(0) => ": call again, or leave them to the timer".to_owned(),
            Some(seconds) => format!(": call again after {seconds} seconds, or leave them to the timer"),
            None => String::new(),
        };
        let _ = writeln!(text, "! {} APIs remain{what_helps}", report.remaining);
    }
    for failure in &report.failed {
        let _ = writeln!(text, "! failed {}: {}", line(&failure.api()), line(&failure.message));
    }
    for skip in &report.skipped {
        let stage = skip
            .stage_name
            .as_ref()
            .map(|stage| format!(" stage {}", line(stage)))
            .unwrap_or_default();
        let (api, message) = (line(&skip.api()), line(&skip.message));
        let _ = writeln!(text, "! skipped {api}{stage}: {:?}: {message}", skip.reason);
    }
    for conflict in &report.conflicts {
        let _ = writeln!(text, "! left alone, not this integration's: {}", line(&conflict.name));
    }
    text
}

/// A plan, and the commands that apply it.
pub fn plan(plan: &PlanView, one: &One, depth: &Depth) -> String {
    let mut text = plan.to_text();
    let sync = sync_command(one, depth);
    // Writing to a `String` cannot fail.
    if !plan.changes.is_empty() && plan.complete {
        let _ = writeln!(
            text,
            "\nTo apply exactly this plan:\n  {sync} --plan-id {}",
            line(&plan.plan_id)
        );
    }
    if let Some(deletions_id) = &plan.deletions_id {
        let _ = writeln!(
            text,
            "\nTo confirm the deletions:\n  {sync} --confirm-deletions {}",
            line(deletions_id)
        );
    }
    text
}

/// The command that applies the plan. Omits the key.
fn sync_command(one: &One, depth: &Depth) -> String {
    let center = &one.center;
    let options = [
        ("--resource-group", center.resource_group.as_deref()),
        ("--service-name", center.service_name.as_deref()),
        ("--subscription", center.subscription.as_deref()),
        ("--function-url", center.function_url.as_deref()),
        ("--integration-name", Some(one.integration_name.as_str())),
    ];
    let mut command = "apicenter-aws-sync integration sync".to_owned();
    for (option, value) in options.into_iter().filter_map(|(option, value)| Some((option, value?))) {
        let _ = write!(command, " {option} {}", quoted(value));
    }
    for (option, set) in [("--definitions", depth.definitions), ("--deep", depth.deep)] {
        if set {
            let _ = write!(command, " {option}");
        }
    }
    command
}

/// A value quoted for a shell.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}
