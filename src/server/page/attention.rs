//! What a person should look at, and what to do about it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::Visit;
use crate::engine::{Condition, IntegrationView};
use crate::model::{Outcome, Report, SkipReason};

/// Whether there is nothing to look at.
pub(super) fn is_quiet(integration: &IntegrationView) -> bool {
    let report = integration.properties.last_sync.as_ref();
    let is_clean = |report: &Report| {
        report.skipped.is_empty()
            && report.failed.is_empty()
            && report.conflicts.is_empty()
            && report.remaining == 0
            && report.outcome == Outcome::Succeeded
    };
    integration.condition() == Condition::Succeeded && report.is_none_or(is_clean)
}

/// In few words, for a list.
pub(super) fn brief(integration: &IntegrationView, visit: &Visit) -> Markup {
    let report = integration.properties.last_sync.as_ref();
    html! {
        @if let Some(message) = &integration.properties.link_state.message {
            p.what { (message) }
        }
        @if let Some(report) = report {
            @let counts = counts(report);
            @if !counts.is_empty() { p { (counts.join(", ")) ": its own page names them" } }
        }
        (action(integration, visit))
    }
}

/// What to do about the state as a whole.
pub(super) fn action(integration: &IntegrationView, visit: &Visit) -> Markup {
    let one = visit.base.one(&integration.name);
    let call = |method: &str, rest: &str| call(method, &format!("{one}{rest}"));
    let report = integration.properties.last_sync.as_ref();
    let deletions_id = report.and_then(|report| report.deletions_id.as_deref());
    match (integration.condition(), deletions_id) {
        (Condition::Held, Some(id)) => html! {
            p { "If these deletions are right, confirm them by this call; otherwise put the APIs back on Amazon:" }
            (call("POST", &format!("/sync?confirmDeletions={id}")))
        },
        (Condition::Held, None) => html! { p { "Look at the plan of this integration, which names the deletions." } },
        (Condition::Partial, _) => html! {
            p { "The next run of the timer goes on. To go on at once:" }
            (call("POST", "/sync"))
        },
        (Condition::Error, _) => html! {
            p { "Mend what the message names. The next run of the timer tries again; to try at once:" }
            (call("POST", "/sync"))
        },
        (Condition::Initializing, _) => html! {
            p { "It has had no run yet: the timer makes one, or this call:" }
            (call("POST", "/sync"))
        },
        (Condition::Deleting, _) => html! {
            p { "It is going away: the timer goes on with that, or this call:" }
            (call("DELETE", ""))
        },
        (Condition::Succeeded, _) => html! {},
    }
}

/// Everything that a report names, in full; `titles` are those of the APIs that conflicts are about, by path.
pub(super) fn full(report: &Report, titles: &BTreeMap<String, String>) -> Markup {
    let totals = report.totals.unwrap_or_default();
    html! {
        @if !report.failed.is_empty() {
            h3 { (heading("Failed", report.failed.len(), totals.failed)) }
            ul {
                @for failure in &report.failed {
                    li { (api(failure.title.as_ref(), &failure.api_id)) ": " (failure.message) }
                }
                (more(report.failed.len(), totals.failed))
            }
            p { "The next run tries them again." }
        }
        @if !report.skipped.is_empty() {
            h3 { (heading("Skipped", report.skipped.len(), totals.skipped)) }
            ul {
                @for skip in &report.skipped {
                    li {
                        (api(skip.title.as_ref(), &skip.api_id))
                        @if let Some(stage) = &skip.stage_name { ", stage " code { (stage) } }
                        ": " (skip.message) " " span.quiet { (remedy(skip.reason)) }
                    }
                }
                (more(report.skipped.len(), totals.skipped))
            }
        }
        @if !report.conflicts.is_empty() {
            h3 { (heading("Left alone, because it is not ours", report.conflicts.len(), totals.conflicts)) }
            ul {
                @for conflict in &report.conflicts { li { (api(titles.get(&conflict.name), &conflict.name)) } }
                (more(report.conflicts.len(), totals.conflicts))
            }
            p { "Delete or rename what is there, and the next run makes its own." }
        }
        @if report.remaining > 0 {
            h3 {
                @if report.retry_after_seconds.is_some() { "There was no time for " } @else { "The run ended before " }
                (report.remaining) " APIs"
            }
            p { "The next run goes on with them." }
        }
    }
}

/// How many APIs failed that a report does not name: the one that is kept names twenty.
pub(super) fn unnamed_failures(report: &Report) -> usize {
    let total = report.totals.unwrap_or_default().failed;
    total.saturating_sub(report.failed.len())
}

/// An API by its title, with the id, or the path, behind it.
fn api(title: Option<&String>, id: &str) -> Markup {
    html! {
        @if let Some(title) = title { (title) " " span.quiet { code { (id) } } } @else { code { (id) } }
    }
}

/// The end of a list that was cut.
fn more(shown: usize, total: usize) -> Markup {
    html! {
        @if total > shown { li { "and " (total - shown) " more" } }
    }
}

/// What helps with a skip.
fn remedy(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::TooManyApis => "Delete APIs from the API center, or change its plan.",
        SkipReason::TooManyVersions => {
            "Delete stages or versions that are not needed, or change the API center's plan."
        }
        SkipReason::TooManyDeployments => "Delete stages or deployments that are not needed: ten is the most.",
        SkipReason::TooManyDefinitions => "Let the APIs of the group agree: five definitions are the most.",
        SkipReason::DefinitionTooLarge => "Split the API: API Center takes no more.",
        SkipReason::ExportRefused => "Correct the API on Amazon so that its stage can be exported.",
        SkipReason::NotDeployed => "Deploy the API to the stage, or delete the stage.",
        SkipReason::NoInvokeUrl => "Map a custom domain to the stage, or switch its execute-api endpoint on.",
        SkipReason::DomainUnknown => "Let the credentials read the custom domain; the next run looks again.",
        SkipReason::MissingMetadata => "Give a value in defaultCustomProperties, or by a rule in map.",
        SkipReason::NameCollision => "Rename one of the two.",
        SkipReason::MappingFailed => "Correct the rule in map, the tag, or the choices of the metadata.",
        SkipReason::EnvironmentMissing => "Make the environment, or name another one.",
    }
}

fn heading(what: &str, shown: usize, total: usize) -> String {
    if total > shown {
        format!("{what}: {shown} of {total}")
    } else {
        format!("{what}: {shown}")
    }
}

fn counts(report: &Report) -> Vec<String> {
    let totals = report.totals.unwrap_or_default();
    [
        (report.failed.len().max(totals.failed), "failed"),
        (report.skipped.len().max(totals.skipped), "skipped"),
        (report.conflicts.len().max(totals.conflicts), "not ours"),
        (report.remaining, "remaining"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect()
}

/// A call as it is typed; the address and the key are the reader's own.
pub(super) fn call(method: &str, path: &str) -> Markup {
    html! {
        pre { code {
            "curl --request " (method) " \"$URL" (path) "\" --header \"x-functions-key: $KEY\""
        } }
    }
}
