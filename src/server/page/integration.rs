//! The page of one integration.

use maud::{Markup, html};

use super::apis::apis;
use super::frame::{badge, frame, outside};
use super::gateways::gateways;
use super::times::{duration, time};
use super::{Portal, Visit, attention, chart, explanation, figures};
use crate::engine::{IntegrationDetail, IntegrationView};
use crate::model::{PastRun, Region, Report};
use crate::server::query::ApiFilter;

/// The page of an integration, with the APIs that pass the filter.
pub(in super::super) fn integration(
    detail: &IntegrationDetail,
    filter: &ApiFilter,
    visit: &Visit,
    portal: &Portal,
) -> Markup {
    let view = &detail.integration;
    let content = html! {
        (figures::of_one(detail, visit))
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
            h2 #runs { "Runs" }
            div.large { (chart::chart(&view.properties.history)) }
            @if !view.properties.history.is_empty() { (runs(&view.properties.history, visit)) }
        }
        section aria-labelledby="apis" {
            h2 #apis { "APIs" }
            (apis(detail, filter, visit, portal))
        }
        section aria-labelledby="explain" {
            h2 #explain { "Explain an API" }
            p { "Why an API is in the catalog, or is not. This reads both clouds and changes nothing." }
            (explanation::form(&view.name, "", visit))
        }
    };
    frame(&view.name, visit, &content)
}

fn facts(view: &IntegrationView, visit: &Visit, portal: &Portal) -> Markup {
    let properties = &view.properties;
    let regions = properties.document.region_names();
    let console = Region::parse(&regions).map(|region| region.console_url());
    let plan = format!("{}/plan", visit.base.one(&view.name));
    html! {
        dl {
            @if let Some(report) = &properties.last_sync { dt { "Last run" } dd { (time(&report.finished_on, visit)) ": " (done(report)) } }
            dt { "Regions" } dd { (regions) }
            @if let Some(environment) = &properties.document.target_environment_id {
                dt { "Environment" } dd { code { (environment) } }
            }
            dt { "Next run" }
            dd { a href=(visit.link(&plan, &[])) { "Plan: what a run would change now" } }
            dt { "Consoles" }
            dd {
                (outside(&portal.center(), "API center in the Azure portal"))
                @if let Ok(console) = &console { ", " (outside(console, "APIs in the AWS console")) }
            }
        }
    }
}

/// What a run changed.
fn done(report: &Report) -> String {
    let counts = [
        (report.created, "created"),
        (report.updated, "updated"),
        (report.deleted, "deleted"),
        (report.unchanged, "unchanged"),
    ];
    let told = counts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, what)| format!("{count} {what}")).collect();
    if told.is_empty() {
        report.outcome.name().to_owned()
    } else {
        told.join(", ")
    }
}

fn runs(runs: &[PastRun], visit: &Visit) -> Markup {
    html! {
        details {
            summary { (chart::summary(runs)) }
            div.scroll role="region" aria-label="Table of runs" tabindex="0" {
                table.numbers {
                    thead { tr {
                        @for heading in ["Started", "Outcome", "Duration", "Created", "Updated", "Deleted", "Unchanged", "Remaining", "Failed", "Skipped"] {
                            th scope="col" { (heading) }
                        }
                    } }
                    tbody {
                        @for run in runs.iter().rev() {
                            tr {
                                th scope="row" { (time(&run.started_on, visit)) }
                                td { (badge(run.outcome.name())) }
                                td.whole { (duration(run.duration_seconds)) }
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
