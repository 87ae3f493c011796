//! The figures at the top of a page: APIs, freshness, what needs a person.

use maud::{Markup, html};

use super::times::{age, exact_time};
use super::{Visit, attention};
use crate::engine::{ApiCondition, Condition, IntegrationDetail, IntegrationView, Word};

/// The figures of all integrations.
pub(super) fn of_all(integrations: &[IntegrationView], visit: &Visit) -> Markup {
    let apis: usize = integrations.iter().filter_map(|one| one.properties.apis).sum();
    let in_need: Vec<&IntegrationView> = integrations
        .iter()
        .filter(|one| attention::needs_a_person(one))
        .collect();
    let count = integrations.len();
    html! {
        dl.figures {
            (figure("APIs in the catalog", &html! { (apis) }, &html! { "from " (count) " integration" @if count != 1 { "s" } }))
            (freshness(integrations, visit))
            (gateways(integrations))
            (figure("Need a person", &html! { (in_need.len()) }, &html! {
                @if in_need.is_empty() { "nothing to do" }
                @for (place, one) in in_need.iter().take(5).enumerate() {
                    @if place > 0 { ", " }
                    a href=(visit.link(&visit.base.one(&one.name), &[])) { (one.name) }
                }
                @if in_need.len() > 5 { " and " (in_need.len() - 5) " more" }
            }))
        }
    }
}

/// The figures of one.
pub(super) fn of_one(detail: &IntegrationDetail, visit: &Visit) -> Markup {
    let integration = &detail.integration;
    let report = integration.properties.last_sync.as_ref();
    let counts = report.map(attention::counts).unwrap_or_default();
    let (apis, state) = (&detail.apis, integration.condition());
    let conditions = ApiCondition::ALL.iter().filter_map(|condition| {
        let count = apis.iter().filter(|api| api.condition == *condition).count();
        (count > 0).then(|| format!("{count} {}", condition.word()))
    });
    let conditions = conditions.collect::<Vec<_>>().join(", ");
    let needs = match (attention::needs_a_person(integration), counts.is_empty()) {
        (false, _) => html! { "nothing to do" },
        (true, true) => html! { a href="#todo" { "what to do" } },
        (true, false) => html! { a href="#todo" { (counts.join(", ")) } },
    };
    html! {
        dl.figures {
            (figure("APIs in the catalog", &html! { (apis.len()) }, &html! { (conditions) }))
            (freshness(std::slice::from_ref(integration), visit))
            (gateways(std::slice::from_ref(integration)))
            (figure("State", &html! { span class=(state.word()) { (state.word()) } }, &needs))
        }
    }
}

/// The age of the last success; of several integrations, the oldest.
fn freshness(integrations: &[IntegrationView], visit: &Visit) -> Markup {
    let kept = integrations.iter().filter(|one| one.condition() != Condition::Deleting);
    let oldest = kept.min_by_key(|one| one.properties.last_success_on.clone());
    let Some(oldest) = oldest else { return html! {} };
    let (label, name) = match integrations {
        [_] => ("Last success", html! {}),
        _ => ("Oldest last success", html! { br; (oldest.name) }),
    };
    match &oldest.properties.last_success_on {
        Some(on) => {
            let age = age(on, visit.now);
            let value = html! { @if let Some(age) = age { (age) } @else { (exact_time(on)) } };
            figure(label, &value, &html! { (exact_time(on)) (name) })
        }
        None => figure(label, &html! { "never" }, &html! { "no run has succeeded" (name) }),
    }
}

/// The number of gateways in the last reports, and how many of them need attention.
fn gateways(integrations: &[IntegrationView]) -> Markup {
    let reports = integrations.iter().filter_map(|one| one.properties.last_sync.as_ref());
    let (mut total, mut to_look_at) = (0, 0);
    for report in reports {
        total += report.totals.unwrap_or_default().gateways.max(report.gateways.len());
        to_look_at += report.gateways_to_look_at();
    }
    html! {
        @if total > 0 {
            (figure("Gateways", &html! { (total) }, &html! {
                @if to_look_at == 0 { "all read in the last run" } @else { (to_look_at) " to look at" }
            }))
        }
    }
}

fn figure(label: &str, value: &Markup, note: &Markup) -> Markup {
    html! {
        div { dt { (label) } dd { strong { (value) } span.quiet { (note) } } }
    }
}
