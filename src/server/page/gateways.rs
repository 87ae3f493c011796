//! The gateways of an integration: their states, and what to do.

use maud::{Markup, html};

use super::Visit;
use super::attention::call;
use super::frame::badge;
use crate::model::{GatewayReport, GatewayState, Report};

/// The gateways in a report, those to look at first.
pub(super) fn gateways(name: &str, report: &Report, visit: &Visit) -> Markup {
    let shown = report.gateways.len();
    let total = report.totals.unwrap_or_default().gateways.max(shown);
    let mut gateways: Vec<&GatewayReport> = report.gateways.iter().collect();
    gateways.sort_by_key(|gateway| !gateway.is_to_look_at());
    html! {
        @if total > shown {
            p { "The report names " (shown) " gateways; those not read or with held deletions come first." }
        }
        div.scroll role="region" aria-label="Table of gateways" tabindex="0" {
            table.cards {
                caption { (shown) " of " (total) " gateways" }
                thead { tr {
                    th scope="col" { "Gateway" }
                    th scope="col" { "State" }
                    th scope="col" { "APIs" }
                } }
                tbody { @for gateway in gateways { (row(name, gateway, visit)) } }
            }
        }
    }
}

fn row(name: &str, gateway: &GatewayReport, visit: &Visit) -> Markup {
    html! {
        tr {
            th.whole scope="row" {
                (gateway.account.as_deref().unwrap_or("unknown account"))
                br; span.quiet { (gateway.region) @if let Some(source) = &gateway.source { br; "source " (source) } }
            }
            td.medium {
                (badge(gateway.state.name()))
                @if gateway.is_to_look_at() { (what_to_do(name, gateway, visit)) }
            }
            td data-label="APIs" { @if let Some(apis) = gateway.apis { (apis) } @else { span.quiet { "unknown" } } }
        }
    }
}

fn what_to_do(name: &str, gateway: &GatewayReport, visit: &Visit) -> Markup {
    html! {
        @if gateway.message.is_some() || gateway.state != GatewayState::Read { p { (gateway.state.remedy()) "." } }
        @if let Some(message) = &gateway.message {
            details { summary { "Why" } p.what { (message) } }
        }
        @if let Some(held) = gateway.held {
            p { (held) " deletions are held." @if gateway.deletions_id.is_some() { " If they are right, confirm them:" } }
        }
        @if let Some(id) = &gateway.deletions_id {
            (call("POST", &format!("{}/sync?confirmDeletions={id}", visit.base.one(name))))
        }
    }
}
