//! The status page: for browsers, what programs get as JSON.
//!
//! Pages are complete, without scripts or external resources. A browser can only send the function key in the query, as
//! `code`, so a page repeats the key that it was called with in its own links and forms, and nowhere else.

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
