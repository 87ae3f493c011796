//! The APIs of an integration: filtered by a form, in pages.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::filter_form::{Choice, filter_form};
use super::frame::badge;
use super::named::few;
use super::{Portal, Visit, attention};
use crate::engine::{ApiView, IntegrationDetail, StageView, Word};
use crate::model::{AccountId, ApiType, Gateway};
use crate::server::query::ApiFilter;

/// APIs on one page.
pub(super) const PER_PAGE: usize = 100;

/// The form, and the APIs that pass the filter.
pub(super) fn apis(detail: &IntegrationDetail, filter: &ApiFilter, visit: &Visit, portal: &Portal) -> Markup {
    let choices = choices(detail, filter);
    let path = visit.base.one(&detail.integration.name);
    let found: Vec<&ApiView> = detail.apis.iter().filter(|api| filter.passes(api)).collect();
    let pages = found.len().div_ceil(PER_PAGE);
    // Beyond the end, show the last page: APIs may have gone since the link was made.
    let page = filter.page.min(pages.saturating_sub(1));
    let shown = found.iter().skip(page * PER_PAGE).take(PER_PAGE);
    let report = detail.integration.properties.last_sync.as_ref();
    let unnamed = report.map(attention::unnamed_failures).unwrap_or_default();
    html! {
        (filter_form(&path, visit, filter.of_api.search.as_deref(), &choices))
        @if unnamed > 0 {
            p { (unnamed) " more APIs failed in the last run than are marked here: its report names only the first \
                           20." }
        }
        div.scroll role="region" aria-label="Table of APIs" tabindex="0" {
            table.cards {
                caption { (found.len()) " of " (detail.apis.len()) " APIs" }
                thead { tr {
                    th scope="col" { "API" }
                    th scope="col" { "State" }
                    th scope="col" { "Stages and URLs" }
                    th scope="col" { "AWS console" }
                    th scope="col" { "More" }
                } }
                tbody { @for api in shown { (row(api, &path, visit, portal)) } }
            }
        }
        @if pages > 1 { (paging(page, pages, |page| link(&path, filter, &choices, page, visit))) }
    }
}

/// The filters: state, kind, account and region.
fn choices(detail: &IntegrationDetail, filter: &ApiFilter) -> [Choice; 4] {
    let gateways: BTreeSet<&Gateway> = detail.apis.iter().flat_map(|api| api.gateways.keys()).collect();
    let accounts: BTreeSet<&AccountId> = gateways.iter().filter_map(|gateway| gateway.account.as_ref()).collect();
    let regions: BTreeSet<&str> = gateways.iter().map(|gateway| gateway.region.as_str()).collect();
    [
        Choice::of_state(filter.of_api.state),
        Choice {
            name: "kind",
            label: "Kind",
            words: ApiType::ALL.iter().map(|kind| kind.word().to_owned()).collect(),
            chosen: filter.kind.map(|kind| kind.word().to_owned()),
        },
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

fn row(api: &ApiView, path: &str, visit: &Visit, portal: &Portal) -> Markup {
    let explain = visit.link(&format!("{path}/explain"), &[("api", &api.name)]);
    let stages: Vec<Markup> = api.stages.iter().map(stage).collect();
    let consoles = api.gateways.iter().map(|(gateway, console)| {
        html! {
            a.outside href=(console) rel="noreferrer noopener" aria-label={ (api.title) " in the AWS console, " (gateway) } {
                @if let Some(account) = &gateway.account { span.whole { (account) } " " }
                span.whole { (gateway.region) }
            }
        }
    });
    html! {
        tr {
            th scope="row" {
                (api.title)
                br; span.quiet {
                    @if let Some(api_type) = api.api_type { (api_type.title()) " " }
                    code { (api.api_id) }
                    @if !api.owners.is_empty() { br; "Owner: " (api.owners.join(", ")) }
                }
            }
            td {
                (badge(api.condition.word()))
                @if let Some(failure) = &api.failure { p { (failure) } }
                @if !api.skipped.is_empty() {
                    ul { @for skip in &api.skipped { li { (skip.message) } } }
                }
            }
            td.urls data-label="Stages" { @if stages.is_empty() { span.quiet { "none" } } @else { (few(&stages, "stages")) } }
            td data-label="AWS console" { (few(&consoles.collect::<Vec<_>>(), "gateways")) }
            td {
                a href=(explain) aria-label={ "Explain " (api.title) } { "Explain" }
                br;
                a.outside href=(portal.entity(&format!("apis/{}", api.name))) rel="noreferrer noopener"
                    aria-label={ (api.title) " in the Azure portal" } { "Azure portal" }
            }
        }
    }
}

fn stage(stage: &StageView) -> Markup {
    let urls: Vec<Markup> = stage.urls.iter().map(|url| html! { span.url { (url) } }).collect();
    html! { b { (stage.name) } (few(&urls, "URLs")) }
}

/// The address of a page of the same APIs.
fn link(path: &str, filter: &ApiFilter, choices: &[Choice], page: usize, visit: &Visit) -> String {
    let number = (page + 1).to_string();
    let search = filter.of_api.search.iter().map(|text| ("search", text.as_str()));
    let chosen = choices
        .iter()
        .filter_map(|choice| Some((choice.name, choice.chosen.as_deref()?)));
    let parameters: Vec<(&str, &str)> = search.chain(chosen).chain([("page", number.as_str())]).collect();
    format!("{}#apis", visit.link(path, &parameters))
}

fn paging(page: usize, pages: usize, link: impl Fn(usize) -> String) -> Markup {
    let last = pages - 1;
    let to = |page: usize, text: &str| html! { a href=(link(page)) { (text) } };
    html! {
        nav.paging aria-label="Pages of APIs" {
            @if page > 0 { (to(0, "First")) (to(page - 1, "Previous")) }
            span { "Page " (page + 1) " of " (pages) }
            @if page < last { (to(page + 1, "Next")) (to(last, "Last")) }
        }
    }
}
