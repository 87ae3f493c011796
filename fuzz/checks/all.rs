//! What is fuzzed: every parser of what comes from outside, and what must hold of all that it takes.
//!
//! The programs in `fuzz/targets` call these functions with whatever libFuzzer thinks of; the tests here call them with
//! the inputs kept in `fuzz/corpus`. A check that fails panics; the functions tell whether an input was taken, since checks of
//! what is never taken would check nothing. Nothing of this is in the handler.
//!
//! `aws`, `azure`, `catalog` and `server` beside this file are modules of those folders of `src/`, which declare them by their
//! path: they check what the folders keep to themselves.
//!
//! A check must not look for a fixed text that it compares with, too: libFuzzer puts such texts into its inputs.

pub(crate) mod model;
#[cfg(test)]
mod tests;
pub(crate) mod work;

use std::collections::VecDeque;
use std::str::from_utf8;

use axum::http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::{aws, azure, catalog, server};

/// Between the lines of a dialogue.
const SEPARATOR: &str = "\n====\n";

/// The body of a `PUT`, and how the integration in it is kept and shown.
#[must_use]
pub fn document(data: &[u8]) -> bool {
    let integration = server::fuzzing::document(data);
    integration.inspect(catalog::fuzzing::kept).is_some()
}

/// A request's method, path, query and headers.
#[must_use]
pub fn route(data: &[u8]) -> bool {
    from_utf8(data).is_ok_and(server::fuzzing::route)
}

/// The timer's envelope.
#[must_use]
pub fn envelope(data: &[u8]) -> bool {
    server::fuzzing::envelope(data)
}

/// The identifier of a secret, after a line that lists the vaults that may be asked.
#[must_use]
pub fn secret_identifier(data: &[u8]) -> bool {
    let lines = from_utf8(data).ok().and_then(|text| text.split_once('\n'));
    lines.is_some_and(|(hosts, text)| model::secret_identifier(hosts, text))
}

/// The properties of an entity with markers in it, or the text of a journal, a history or a report.
#[must_use]
pub fn marker(data: &[u8]) -> bool {
    let Ok(text) = from_utf8(data) else { return false };
    let is_kept = [
        catalog::fuzzing::journal,
        catalog::fuzzing::history,
        catalog::fuzzing::report,
    ]
    .map(|read| read(text));
    let is_kept = is_kept.contains(&true);
    let Ok(properties) = serde_json::from_str(text) else {
        return is_kept;
    };
    let (entity, is_marked) = model::markers(properties);
    let is_registration = catalog::fuzzing::registration(&entity);
    is_kept || is_marked || is_registration
}

/// Answers of Amazon API Gateway.
#[must_use]
pub fn amazon(data: &[u8]) -> bool {
    dialogue(data).is_some_and(|(operation, answers)| aws::fuzzing::amazon(operation, answers))
}

/// Answers of AWS Organizations.
#[must_use]
pub fn organization(data: &[u8]) -> bool {
    dialogue(data).is_some_and(|(operation, answers)| aws::fuzzing::organization(operation, answers))
}

/// Answers of AWS Security Token Service, and tokens that it is shown.
#[must_use]
pub fn security_token(data: &[u8]) -> bool {
    dialogue(data).is_some_and(|(operation, answers)| aws::fuzzing::security_token(operation, answers))
}

/// Answers of Azure Resource Manager.
#[must_use]
pub fn arm(data: &[u8]) -> bool {
    dialogue(data).is_some_and(|(operation, answers)| azure::fuzzing::answers(operation, answers))
}

/// What is to be done, and the answers to its requests, each with a status, headers and a body:
///
/// ```text
/// apis
/// ====
/// 200
/// content-type: application/json
///
/// {"value":[]}
/// ```
fn dialogue(data: &[u8]) -> Option<(&str, VecDeque<Response<Vec<u8>>>)> {
    let mut parts = split(data, SEPARATOR.as_bytes()).into_iter();
    let operation = from_utf8(parts.next()?).ok()?;
    Some((operation, parts.filter_map(answer).collect()))
}

fn answer(text: &[u8]) -> Option<Response<Vec<u8>>> {
    let mut parts = text.splitn(2, |byte| *byte == b'\n');
    let status = from_utf8(parts.next()?).ok()?.parse().ok()?;
    let mut answer = Response::new(Vec::new());
    *answer.status_mut() = StatusCode::from_u16(status).ok()?;
    let mut rest = parts.next().unwrap_or_default();
    while !rest.is_empty() {
        let mut parts = rest.splitn(2, |byte| *byte == b'\n');
        let line = parts.next().unwrap_or_default();
        rest = parts.next().unwrap_or_default();
        if line.is_empty() {
            *answer.body_mut() = rest.to_vec();
            break;
        }
        let (name, value) = from_utf8(line).ok()?.split_once(": ")?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        answer.headers_mut().append(name, HeaderValue::from_str(value).ok()?);
    }
    Some(answer)
}

fn split<'a>(mut data: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = data.windows(separator.len()).position(|window| window == separator) {
        parts.push(&data[..at]);
        data = &data[at + separator.len()..];
    }
    parts.push(data);
    parts
}
