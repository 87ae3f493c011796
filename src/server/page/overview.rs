//! The page of all integrations.

use maud::{Markup, html};

use super::filter_form::{Choice, filter_form};
use super::frame::{badge, frame, outside};
use super::times::time;
use super::{Portal, Visit, attention, chart, figures};
use crate::engine::{Condition, IntegrationView, Word};
use crate::server::query::Filter;

/// The page of the integrations that pass the filter.
pub(in super::super) fn overview(
    integrations: &[IntegrationView],
    filter: &Filter<Condition>,
    visit: &Visit,
    portal: &Portal,
) -> Markup {
    let shown: Vec<&IntegrationView> = integrations.iter().filter(|one| filter.passes(one)).collect();
    let state = Choice::of_state(filter.state);
    let content = html! {
        p { (outside(&portal.center(), "API center in the Azure portal")) }
        @if integrations.is_empty() {
            p { "There is no integration yet. Create one with " code { "PUT " (visit.base) "/NAME" } "." }
        } @else {
            (figures::of_all(integrations, visit))
            (filter_form(&visit.base.to_string(), visit, filter.search.as_deref(), &[state]))
            div.scroll role="region" aria-label="Table of integrations" tabindex="0" {
                table.cards {
                    caption { (shown.len()) " of " (integrations.len()) " integrations" }
                    thead { tr {
                        th scope="col" { "Integration" }
                        th scope="col" { "State" }
                        th scope="col" { "APIs" }
                        th scope="col" { "Last success" }
                        th scope="col" { "Last runs" }
                        th scope="col" { "Notes" }
                    } }
                    tbody { @for integration in shown { (row(integration, visit)) } }
                }
            }
        }
    };
    frame("Integrations", visit, &content)
}

fn row(integration: &IntegrationView, visit: &Visit) -> Markup {
    let properties = &integration.properties;
    let path = visit.base.one(&integration.name);
    html! {
        tr {
            th scope="row" {
                a href=(visit.link(&path, &[])) { (integration.name) }
                br; span.quiet { (properties.document.region_names()) }
            }
            td { (badge(integration.condition().word())) }
            td data-label="APIs" { @if let Some(apis) = properties.apis { (apis) } }
            td data-label="Last success" { @match &properties.last_success_on { Some(on) => (time(on, visit)), None => "never" } }
            td data-label="Last runs" { (chart::chart(&properties.history)) }
            td.wide { @if attention::is_quiet(integration) { span.quiet { "nothing to do" } } @else { (attention::brief(integration, visit)) } }
        }
    }
}
