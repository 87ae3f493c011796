//! The entries of a report, a plan or an explanation, with their remedies.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::model::{Conflict, Failure, SkipReason, Skipped};

/// APIs that could not be read or written; `total` includes those that were cut.
pub(super) fn failed(failed: &[Failure], total: usize) -> Markup {
    html! {
        @if !failed.is_empty() {
            h3 { (heading("Failed", failed.len(), total)) }
            ul {
                @for failure in failed { li { (api(failure.title.as_ref(), &failure.api_id)) ": " (failure.message) } }
                (more(failed.len(), total))
            }
            p { "The next run tries again." }
        }
    }
}

/// What stays out of the catalog.
pub(super) fn skipped(skipped: &[Skipped], total: usize) -> Markup {
    html! {
        @if !skipped.is_empty() {
            h3 { (heading("Skipped", skipped.len(), total)) }
            ul {
                @for skip in skipped {
                    li {
                        (api(skip.title.as_ref(), &skip.api_id))
                        @if let Some(stage) = &skip.stage_name { ", stage " code { (stage) } }
                        ": " (skip.message) " " span.quiet { (remedy(skip.reason)) }
                    }
                }
                (more(skipped.len(), total))
            }
        }
    }
}

/// Entities of others that are in the way; `titles` are those of their APIs, by path.
pub(super) fn conflicts(conflicts: &[Conflict], total: usize, titles: &BTreeMap<String, String>) -> Markup {
    html! {
        @if !conflicts.is_empty() {
            h3 { (heading("Left alone: made by somebody else", conflicts.len(), total)) }
            ul {
                @for conflict in conflicts { li { (api(titles.get(&conflict.name), &conflict.name)) } }
                (more(conflicts.len(), total))
            }
            p { "Delete or rename it in the API center, and the next run creates its own." }
        }
    }
}

/// Where members of a group contradict the first one.
pub(super) fn disagreements(disagreements: &[String]) -> Markup {
    html! {
        @if !disagreements.is_empty() {
            h3 { "Members disagree: " (disagreements.len()) }
            ul { @for disagreement in disagreements { li { (disagreement) } } }
            p { "The first member's words are in the catalog." }
        }
    }
}

/// A list of items; more than three are folded behind their count.
pub(super) fn few(items: &[Markup], what: &str) -> Markup {
    let list = html! { ul.plain { @for item in items { li { (item) } } } };
    html! {
        @if items.len() > 3 { details { summary { (items.len()) " " (what) } (list) } } @else if !items.is_empty() { (list) }
    }
}

/// An API's title, followed by its id or path.
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

fn heading(what: &str, shown: usize, total: usize) -> String {
    if total > shown {
        format!("{what}: {shown} of {total}")
    } else {
        format!("{what}: {shown}")
    }
}

/// The remedy for a skip.
fn remedy(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::TooManyApis => "Delete APIs from the API center, or change its plan.",
        SkipReason::TooManyVersions => {
            "Delete stages or versions that are not needed, or change the API center's plan."
        }
        SkipReason::TooManyDeployments => "Delete stages or deployments that are not needed: the limit is ten.",
        SkipReason::TooManyDefinitions => "Let the APIs of the group agree: the limit is five definitions.",
        SkipReason::DefinitionTooLarge => "Split the API: API Center accepts no larger definition.",
        SkipReason::ExportRefused => "Correct the API in AWS so that its stage can be exported.",
        SkipReason::NotDeployed => "Deploy the API to the stage, or delete the stage.",
        SkipReason::NoInvokeUrl => "Map a custom domain to the stage, or enable its execute-api endpoint.",
        SkipReason::DomainUnknown => "Let the credentials read the custom domain; the next run looks again.",
        SkipReason::MissingMetadata => "Set a value in defaultCustomProperties, or by a rule in map.",
        SkipReason::NameCollision => "Rename one of the two.",
        SkipReason::MappingFailed => "Correct the rule in map, the tag, or the choices of the metadata.",
        SkipReason::EnvironmentMissing => "Create the environment, or name another one.",
    }
}
