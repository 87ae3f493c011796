//! The page of a plan.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::attention::call;
use super::changes::{CHANGES_MAX, changes, count};
use super::frame::frame;
use super::{Visit, named};
use crate::engine::{PlanView, SyncRequest};
use crate::model::Action;

/// The page of a plan for this request.
pub(in super::super) fn plan(name: &str, plan: &PlanView, request: &SyncRequest, visit: &Visit) -> Markup {
    let one = visit.base.one(name);
    let counted = |action| count(&plan.changes, action);
    let content = html! {
        p { a href=(visit.link(&one, &[])) { "Back to " (name) } }
        p { "What a run would change now. Nothing was changed to find out." }
        dl.figures {
            @for (label, action) in [("To create", Action::Create), ("To update", Action::Update), ("To delete", Action::Delete)] {
                div { dt { (label) } dd { strong { (counted(action)) } } }
            }
            div { dt { "Plan" } dd { strong { @if plan.complete { "complete" } @else { "incomplete" } } } }
        }
        @if let Some(message) = &plan.message { p.what { (message) } }
        @if !plan.complete { p { (plan.remaining) " APIs were not looked at, and stay as they are." } }
        @if let Some(id) = &plan.deletions_id {
            p { "A run would hold the deletions. To confirm them:" }
            (call("POST", &format!("{one}/sync?confirmDeletions={id}")))
        }
        @if plan.changes.is_empty() && plan.complete { p { "No changes: the catalog is up to date." } }
        @if !plan.changes.is_empty() && plan.complete {
            p { "To apply exactly this plan:" }
            (call("POST", &format!("{one}/sync?planId={}{}", plan.plan_id, depth(request))))
        }
        @if !plan.changes.is_empty() {
            h2 { "Changes" }
            @if plan.changes.len() > CHANGES_MAX {
                p { "For all of them as text, send " code { "Accept: text/plain" } "." }
            }
            (changes(&plan.changes))
        }
        @if !(plan.failed.is_empty() && plan.skipped.is_empty() && plan.conflicts.is_empty() && plan.disagreements.is_empty()) {
            h2 { "To look at" }
            (named::failed(&plan.failed, plan.failed.len()))
            (named::skipped(&plan.skipped, plan.skipped.len()))
            (named::conflicts(&plan.conflicts, plan.conflicts.len(), &BTreeMap::new()))
            (named::disagreements(&plan.disagreements))
        }
    };
    frame(&format!("Plan of {name}"), visit, &content)
}

/// The parameters with which a sync makes the same plan.
fn depth(request: &SyncRequest) -> &'static str {
    match (request.definitions, request.deep) {
        (false, false) => "",
        (true, false) => "&definitions=true",
        (false, true) => "&deep=true",
        (true, true) => "&definitions=true&deep=true",
    }
}
