//! The page of one integration.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::filter_form::{Choice, filter_form};
use super::frame::{badge, frame, outside};
use super::gateways::gateways;
use super::{Visit, attention, chart, time};
use crate::engine::{ApiView, IntegrationDetail, IntegrationView, Word};
use crate::model::{AccountId, Gateway, PastRun, Region};
use crate::server::query::ApiFilter;

/// The page that shows an integration with those of its APIs that pass the filter.
pub(in super::super) fn integration(
    detail: &IntegrationDetail,
    filter: &ApiFilter,
    visit: &Visit,
    portal: &str,
) -> Markup {
    let view = &detail.integration;
    let content = html! {
        (facts(view, visit, portal))
        @if !attention::is_quiet(view) {
            section aria-labelledby="todo" {
                h2 #todo { "What to do" }
                @if let Some(message) = &view.properties.link_state.message { p.what { (message) } }
                (attention::action(view, visit))
                @if let Some(report) = &view.properties.last_sync { (attention::full(report, &detail.conflict_titles)) }
            }
        }
        @if let Some(report) = view.properties.last_sync.as_ref().filter(|report| !report.gateways.is_empty()) {
            section aria-labelledby="gateways" {
                h2 #gateways { "Gateways" }
                (gateways(&view.name, report, visit))
            }
        }
        section aria-labelledby="runs" {
            h2 #runs { "Last 24 runs" }
            (chart::chart(&view.properties.history))
            @if !view.properties.history.is_empty() { (runs(&view.properties.history)) }
        }
        section aria-labelledby="apis" {
            h2 #apis { "APIs" }
            (apis(detail, filter, visit))
        }
    };
    frame(&view.name, visit, &content)
}

fn facts(view: &IntegrationView, visit: &Visit, portal: &str) -> Markup {
    let properties = &view.properties;
    let regions = properties.document.region_names();
    let console = Region::parse(&regions).map(|region| region.console_url());
    let plan = format!("{}/plan", visit.base.one(&view.name));
    html! {
        dl {
            dt { "State" } dd { (badge(view.condition().word())) }
            dt { "Last succeeded" }
            dd { @match &properties.last_success_on { Some(on) => (time(on)), None => "never" } }
            @if let Some(report) = &properties.last_sync {
                dt { "Last run" }
                dd {
                    (time(&report.finished_on)) ": " (report.created) " created, " (report.updated) " updated, "
                    (report.deleted) " deleted, " (report.unchanged) " unchanged"
                }
            }
            dt { "Region" } dd { (regions) }
            @if let Some(environment) = &properties.document.target_environment_id {
                dt { "Environment" } dd { code { (environment) } }
            }
            dt { "Elsewhere" }
            dd {
                (outside(portal, "API center in the Azure portal"))
                @if let Ok(console) = &console { ", " (outside(console, "APIs in the AWS console")) }
            }
            dt { "Plan" }
            dd { a href=(visit.link(&plan, &[])) { "What a run would do now" } }
        }
    }
}

fn runs(runs: &[PastRun]) -> Markup {
    html! {
        details {
            summary { (chart::summary(runs)) }
            div.scroll role="region" aria-label="Table of runs" tabindex="0" {
                table {
                    thead { tr {
                        @for heading in ["Began", "Outcome", "Seconds", "Created", "Updated", "Deleted", "Unchanged", "Remaining", "Failed", "Skipped"] {
                            th scope="col" { (heading) }
                        }
                    } }
                    tbody {
                        @for run in runs.iter().rev() {
                            tr {
                                th scope="row" { (time(&run.started_on)) }
                                td { (badge(run.outcome.name())) }
                                td { (run.duration_seconds) }
                                @for count in [run.created, run.updated, run.deleted, run.unchanged, run.remaining, run.failed, run.skipped] {
                                    td { (count) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn apis(detail: &IntegrationDetail, filter: &ApiFilter, visit: &Visit) -> Markup {
    let choices = choices(detail, filter);
    let path = visit.base.one(&detail.integration.name);
    let shown: Vec<&ApiView> = detail.apis.iter().filter(|api| filter.passes(api)).collect();
    let report = detail.integration.properties.last_sync.as_ref();
    let unnamed = report.map(attention::unnamed_failures).unwrap_or_default();
    html! {
        (filter_form(&path, visit, filter.of_api.search.as_deref(), &choices))
        @if unnamed > 0 {
            p { (unnamed) " more APIs failed in the last run than are marked here: its report is kept with the names of the first 20." }
        }
        div.scroll role="region" aria-label="Table of APIs" tabindex="0" {
            table {
                caption { (shown.len()) " of " (detail.apis.len()) " APIs" }
                thead { tr {
                    th scope="col" { "API" }
                    th scope="col" { "State" }
                    th scope="col" { "Gateway" }
                    th scope="col" { "Stages" }
                    th scope="col" { "Elsewhere" }
                } }
                tbody { @for api in shown { (row(api)) } }
            }
        }
    }
}

/// What APIs can be chosen by: their state, and the accounts and regions that they are in.
fn choices(detail: &IntegrationDetail, filter: &ApiFilter) -> [Choice; 3] {
    let gateways: BTreeSet<&Gateway> = detail.apis.iter().flat_map(|api| &api.gateways).collect();
    let accounts: BTreeSet<&AccountId> = gateways.iter().filter_map(|gateway| gateway.account.as_ref()).collect();
    let regions: BTreeSet<&str> = gateways.iter().map(|gateway| gateway.region.as_str()).collect();
    [
        Choice::of_state(filter.of_api.state),
        Choice {
            name: "account",
            label: "Account",
            words: accounts.into_iter().map(ToString::to_string).collect(),
            chosen: filter.account.as_ref().map(ToString::to_string),
        },
        Choice {
            name: "region",
            label: "Region",
            words: regions.into_iter().map(str::to_owned).collect(),
            chosen: filter.region.as_ref().map(ToString::to_string),
        },
    ]
}

fn row(api: &ApiView) -> Markup {
    html! {
        tr {
            th scope="row" {
                (api.title)
                br; span.quiet {
                    @if let Some(api_type) = api.api_type { (api_type.title()) " " }
                    code { (api.api_id) }
                }
            }
            td {
                (badge(api.condition.word()))
                @if let Some(failure) = &api.failure { p { (failure) } }
                @if !api.skipped.is_empty() {
                    ul { @for skip in &api.skipped { li { (skip.message) } } }
                }
            }
            td {
                @for gateway in &api.gateways {
                    div.whole { @if let Some(account) = &gateway.account { (account) " " } (gateway.region) }
                }
            }
            td { @if api.stages.is_empty() { span.quiet { "none" } } @else { (api.stages.join(", ")) } }
            td {
                @if let Some(url) = &api.console_url {
                    a.outside href=(url) rel="noreferrer noopener" aria-label={ "AWS console: " (api.title) } { "AWS console" }
                }
            }
        }
    }
}
