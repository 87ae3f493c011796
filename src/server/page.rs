//! The status page: what programs get as JSON, for people with a browser.
//!
//! Rendered here and whole, without scripts and without anything from elsewhere. A browser has no other way to show the
//! function key than the query's `code`, so the one that a page was called with is repeated in its own links and
//! forms, and nowhere else.

mod attention;
mod chart;
mod filter_form;
mod frame;
mod gateways;
mod integration;
mod overview;
mod visit;

pub(super) use self::frame::{page_response, problem_page};
pub(super) use self::integration::integration;
pub(super) use self::overview::overview;
pub(super) use self::visit::{Visit, portal_url};

/// A time as people read it: `2026-11-23 12:00 UTC`.
fn time(text: &str) -> maud::Markup {
    let shown = match text.split_once('T') {
        Some((date, time)) if text.ends_with('Z') => format!("{date} {} UTC", time.get(..5).unwrap_or(time)),
        Some(_) | None => text.to_owned(),
    };
    maud::html! { time datetime=(text) { (shown) } }
}

#[cfg(test)]
mod tests;
