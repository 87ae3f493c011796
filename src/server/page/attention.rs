//! What a person should look at, and what to do about it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Visit, named};
use crate::engine::{Condition, IntegrationView};
use crate::model::{Outcome, Report};

/// Whether there is nothing to look at.
pub(super) fn is_quiet(integration: &IntegrationView) -> bool {
    let report = integration.properties.last_sync.as_ref();
    let is_clean = |report: &Report| counts(report).is_empty() && report.outcome == Outcome::Succeeded;
    integration.condition() == Condition::Succeeded && report.is_none_or(is_clean)
}

/// Whether a person has to act: further runs alone do not help.
pub(super) fn needs_a_person(integration: &IntegrationView) -> bool {
    let report = integration.properties.last_sync.as_ref();
    match integration.condition() {
        Condition::Held | Condition::Error => true,
        Condition::Initializing | Condition::Deleting => false,
        Condition::Succeeded | Condition::Partial => report.is_some_and(|report| {
            let unfinished = usize::from(report.remaining > 0);
            counts(report).len() > unfinished
        }),
    }
}

/// A short form for the list of integrations.
pub(super) fn brief(integration: &IntegrationView, visit: &Visit) -> Markup {
    let counts = integration
        .properties
        .last_sync
        .as_ref()
        .map(counts)
        .unwrap_or_default();
    let page = visit.link(&visit.base.one(&integration.name), &[]);
    html! {
        @if let Some(message) = &integration.properties.link_state.message {
            p.what { (message) }
        }
        @if !counts.is_empty() { p { a href={ (page) "#todo" } { (counts.join(", ")) } } }
        @if integration.condition() != Condition::Succeeded {
            details { summary { "What to do" } (action(integration, visit)) }
        }
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
            p { "If the deletions are wrong, restore the APIs in AWS. If they are right, confirm them:" }
            (call("POST", &format!("/sync?confirmDeletions={id}")))
        },
        (Condition::Held, None) => html! {
            p { a href=(visit.link(&format!("{one}/plan"), &[])) { "The plan" } " names the deletions." }
        },
        (Condition::Partial, _) => html! {
            p { "The timer's next run continues. To continue now:" }
            (call("POST", "/sync"))
        },
        (Condition::Error, _) => html! {
            p { "Fix what the message names. The timer's next run tries again. To try now:" }
            (call("POST", "/sync"))
        },
        (Condition::Initializing, _) => html! {
            p { "It has not run yet. The timer runs it soon. To run it now:" }
            (call("POST", "/sync"))
        },
        (Condition::Deleting, _) => html! {
            p { "It is being deleted. The timer's next run continues. To continue now:" }
            (call("DELETE", ""))
        },
        (Condition::Succeeded, _) => html! {},
    }
}

/// All entries of a report; `titles` are those of the APIs with conflicts, by path.
pub(super) fn full(report: &Report, titles: &BTreeMap<String, String>) -> Markup {
    let totals = report.totals.unwrap_or_default();
    html! {
        (named::failed(&report.failed, totals.failed))
        (named::skipped(&report.skipped, totals.skipped))
        (named::conflicts(&report.conflicts, totals.conflicts, titles))
        @if report.remaining > 0 {
            h3 {
                @if report.retry_after_seconds.is_some() { "There was no time for " } @else { "The run ended before " }
                (report.remaining) " APIs"
            }
            p { "The next run continues with them." }
        }
    }
}

/// The number of failed APIs that the stored report does not name: it names twenty.
pub(super) fn unnamed_failures(report: &Report) -> usize {
    let total = report.totals.unwrap_or_default().failed;
    total.saturating_sub(report.failed.len())
}

/// What needs attention, with counts.
pub(super) fn counts(report: &Report) -> Vec<String> {
    let totals = report.totals.unwrap_or_default();
    let gateways = report.gateways_to_look_at();
    [
        (report.failed.len().max(totals.failed), "failed"),
        (report.skipped.len().max(totals.skipped), "skipped"),
        (report.conflicts.len().max(totals.conflicts), "not ours"),
        (
            gateways,
            if gateways == 1 {
                "gateway to look at"
            } else {
                "gateways to look at"
            },
        ),
        (report.remaining, "remaining"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect()
}

/// A call to paste; `$URL` and `$KEY` are the reader's.
pub(super) fn call(method: &str, path: &str) -> Markup {
    html! {
        pre { code {
            "curl --request " (method) " \"$URL" (path) "\" --header \"x-functions-key: $KEY\""
        } }
    }
}
