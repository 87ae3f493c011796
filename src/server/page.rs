//! The status page: what programs get as JSON, for people with a browser.
//!
//! Rendered here and whole, without scripts and without anything from elsewhere. A browser has no other way to show the
//! function key than the query's `code`, so the one that a page was called with is repeated in its own links and
//! forms, and nowhere else.

mod apis;
mod attention;
mod changes;
mod chart;
mod explanation;
mod figures;
mod filter_form;
mod frame;
mod gateways;
mod integration;
mod named;
mod overview;
mod plan;
mod times;
mod visit;

pub(super) use self::explanation::explanation;
pub(super) use self::frame::{page_response, problem_page};
pub(super) use self::integration::integration;
pub(super) use self::overview::overview;
pub(super) use self::plan::plan;
pub(super) use self::visit::{Portal, Visit};

#[cfg(test)]
mod tests;
