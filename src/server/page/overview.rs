//! The page of all integrations.

use maud::{Markup, html};

use super::filter_form::{Choice, filter_form};
use super::frame::{badge, frame, outside};
use super::{Visit, attention, chart, time};
use crate::engine::{Condition, IntegrationView, Word};
use crate::server::query::Filter;

/// The page that shows these of `total` integrations.
pub(in super::super) fn overview(
    integrations: &[IntegrationView],
    total: usize,
    filter: &Filter<Condition>,
    visit: &Visit,
    portal: &str,
) -> Markup {
    let state = Choice::of_state(filter.state);
    let content = html! {
        p { (outside(portal, "The API center in the Azure portal")) }
        (filter_form(&visit.base.to_string(), visit, filter.search.as_deref(), &[state]))
        @if total == 0 {
            p { "There is no integration yet. A " code { "PUT" } " of " code { (visit.base) "/NAME" } " makes one." }
        } @else {
            div.scroll role="region" aria-label="Table of integrations" tabindex="0" {
                table {
                    caption { (integrations.len()) " of " (total) " integrations" }
                    thead { tr {
                        th scope="col" { "Integration" }
                        th scope="col" { "State" }
                        th scope="col" { "Last succeeded" }
                        th scope="col" { "Last 24 runs" }
                        th scope="col" { "What to do" }
                    } }
                    tbody { @for integration in integrations { (row(integration, visit)) } }
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
            td {
                @match &properties.last_success_on {
                    Some(on) => (time(on)),
                    None => "never",
                }
            }
            td { (chart::chart(&properties.history)) }
            td.wide {
                @if attention::is_quiet(integration) { "nothing" } @else { (attention::brief(integration, visit)) }
            }
        }
    }
}
