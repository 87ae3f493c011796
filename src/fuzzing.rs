//! What is fuzzed: every parser of what comes from outside, and what must hold of all that it takes.
//!
//! The programs in `fuzz/targets` call these functions with whatever libFuzzer thinks of; the tests here call them with
//! the inputs kept in `fuzz/corpus`. A check that fails panics. Nothing of this is in the handler.
//!
//! A check must not look for a fixed text that it compares with, too: libFuzzer puts such texts into its inputs.

use std::collections::VecDeque;
use std::str::from_utf8;

use axum::http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::{model, server, source, sync, target};

/// Between the lines of a dialogue.
const SEPARATOR: &str = "\n====\n";

/// The body of a `PUT`, and how the integration in it is kept and shown.
pub fn document(data: &[u8]) {
    if let Some(integration) = server::fuzzing::document(data) {
        sync::fuzzing::kept(&integration);
    }
}

/// A request's method, path, query and headers.
pub fn route(data: &[u8]) {
    if let Ok(text) = from_utf8(data) {
        server::fuzzing::route(text);
    }
}

/// The timer's envelope.
pub fn envelope(data: &[u8]) {
    server::fuzzing::envelope(data);
}

/// The identifier of a secret, after a line that lists the vaults that may be asked.
pub fn secret_identifier(data: &[u8]) {
    if let Some((hosts, text)) = from_utf8(data).ok().and_then(|text| text.split_once('\n')) {
        model::fuzzing::secret_identifier(hosts, text);
    }
}

/// The properties of an entity with markers in it, or the text of an outcome.
pub fn marker(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    sync::fuzzing::outcome(text);
    if let Ok(properties) = serde_json::from_str(text) {
        let entity = model::fuzzing::markers(properties);
        sync::fuzzing::registration(entity);
    }
}

/// Answers of Amazon API Gateway.
pub fn amazon(data: &[u8]) {
    if let Some((operation, answers)) = dialogue(data) {
        source::fuzzing::amazon(operation, answers);
    }
}

/// Answers of AWS Security Token Service, and tokens that it is shown.
pub fn security_token(data: &[u8]) {
    if let Some((operation, answers)) = dialogue(data) {
        source::fuzzing::security_token(operation, answers);
    }
}

/// Answers of Azure Resource Manager.
pub fn arm(data: &[u8]) {
    if let Some((operation, answers)) = dialogue(data) {
        target::fuzzing::answers(operation, answers);
    }
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::panic::catch_unwind;
    use std::path::Path;

    use super::*;

    /// As many inputs as are kept of each target, at least.
    const LEAST: usize = 20;

    fn replay(target: &str, check: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let mut inputs = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let data = fs::read(&path).unwrap();
            assert!(catch_unwind(|| check(&data)).is_ok(), "{}", path.display());
            inputs += 1;
        }
        println!("{target}: {inputs} inputs");
        assert!(inputs >= LEAST, "{} has {inputs}", folder.display());
    }

    #[test]
    fn all_kept_documents_are_taken_or_refused_well() {
        replay("document", document);
    }

    #[test]
    fn all_kept_requests_are_routed_or_refused_well() {
        replay("route", route);
    }

    #[test]
    fn all_kept_envelopes_are_read() {
        replay("envelope", envelope);
    }

    #[test]
    fn all_kept_secret_identifiers_name_an_allowed_vault_or_are_refused() {
        replay("secret_identifier", secret_identifier);
    }

    #[test]
    fn all_kept_markers_survive_being_read_and_written() {
        replay("marker", marker);
    }

    #[test]
    fn all_kept_answers_of_amazon_are_taken_whole_or_refused() {
        replay("amazon", amazon);
    }

    #[test]
    fn all_kept_answers_of_the_security_token_service_are_taken_whole_or_refused() {
        replay("security_token", security_token);
    }

    #[test]
    fn all_kept_answers_of_azure_are_taken_whole_or_refused() {
        replay("arm", arm);
    }

    #[test]
    fn a_dialogue_has_an_operation_and_answers() {
        let text = b"apis\n====\n200\netag: \"1\"\n\n{\n\n}\n====\n204\n====\nnothing\n====\n404\n\n";
        let (operation, answers) = dialogue(text).unwrap();
        let read =
            |answer: &Response<Vec<u8>>| (answer.status().as_u16(), answer.body().clone(), answer.headers().len());
        let answers: Vec<_> = answers.iter().map(read).collect();
        let wanted = [(200, b"{\n\n}".to_vec(), 1), (204, Vec::new(), 0), (404, Vec::new(), 0)];
        assert_eq!((operation, &answers[..]), ("apis", &wanted[..]));
    }
}
