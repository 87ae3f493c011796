//! The page of an explanation: why an API is in the catalog or missing.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::changes::changes;
use super::frame::{badge_of, frame, outside};
use super::{Portal, Visit, named};
use crate::engine::{ApiExplanation, Explanation, Finding};

/// The page of an explanation.
pub(in super::super) fn explanation(explanation: &Explanation, visit: &Visit, portal: &Portal) -> Markup {
    let name = &explanation.integration;
    let content = html! {
        p { a href=(visit.link(&visit.base.one(name), &[])) { "Back to " (name) } }
        (form(name, &explanation.query, visit))
        @for api in &explanation.apis { (section(api, &explanation.query, portal)) }
    };
    frame(&format!("Explain an API of {name}"), visit, &content)
}

/// The form that asks for an explanation.
pub(super) fn form(name: &str, api: &str, visit: &Visit) -> Markup {
    html! {
        form.filter method="get" action={ (visit.base.one(name)) "/explain" } {
            (visit.hidden_field())
            div {
                label for="api" { "Name or id of an API" }
                input #api type="text" name="api" value=(api) required;
            }
            button type="submit" { "Explain" }
        }
    }
}

fn section(api: &ApiExplanation, query: &str, portal: &Portal) -> Markup {
    let (class, word) = words(api.verdict);
    html! {
        section {
            h2 { (api.title.as_deref().unwrap_or(query)) " " (badge_of(class, word)) }
            p.what { (api.message) }
            dl {
                @if let Some(id) = &api.api_id { dt { "AWS id" } dd { code { (id) } } }
                @if let Some(name) = &api.name {
                    dt { "Catalog" }
                    dd { code { (name) } " " (outside(&portal.entity(name), "Azure portal")) }
                }
            }
            (named::skipped(&api.skipped, api.skipped.len()))
            (named::conflicts(&api.conflicts, api.conflicts.len(), &BTreeMap::new()))
            (named::disagreements(&api.disagreements))
            @if !api.changes.is_empty() { h3 { "What the next run changes" } (changes(&api.changes)) }
        }
    }
}

/// The CSS class of a finding, shared with a state, and its words.
fn words(finding: Finding) -> (&'static str, &'static str) {
    match finding {
        Finding::InLine => ("synced", "up to date"),
        Finding::NotDeployed => ("inactive", "not deployed"),
        Finding::Differs => ("partial", "differs"),
        Finding::Missing => ("partial", "missing"),
        Finding::Skipped => ("skipped", "skipped"),
        Finding::Conflict => ("held", "conflict"),
        Finding::Failed => ("failed", "failed"),
        Finding::Held => ("held", "held"),
        Finding::Gone => ("departed", "gone from AWS"),
        Finding::NotOnAmazon => ("inactive", "not found"),
    }
}
