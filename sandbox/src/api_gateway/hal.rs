//! Hypertext Application Language, the response format for clients that do not ask for `application/json`.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, Uri};
use serde_json::{Map, Value, json};

use super::date;

/// Members with times: seconds since 1970 in plain JSON, text in this format.
const DATES: [&str; 3] = ["createdDate", "lastUpdatedDate", "certificateUploadDate"];

/// Whether a client asks for plain JSON, as every SDK does.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    accepted.flat_map(|accept| accept.split(',')).any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    })
}

/// The same response with links and embedded items, a single one on its own.
///
/// Errors, exports and empty responses are the same in both formats.
pub(super) fn dressed(response: Response<Bytes>, uri: &Uri) -> Response<Bytes> {
    let is_export = response.headers().contains_key(http::header::CONTENT_DISPOSITION);
    if !response.status().is_success() || is_export {
        return response;
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(response.body()) else {
        return response;
    };
    let body = Bytes::from(Value::Object(resource(members, uri)).to_string());
    let mut response = response.map(|_| body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/hal+json"));
    response
}

fn resource(mut members: Map<String, Value>, uri: &Uri) -> Map<String, Value> {
    let mut links = Map::new();
    links.insert("self".to_owned(), json!({ "href": uri.path() }));
    if let Some(position) = members.remove("position").as_ref().and_then(Value::as_str) {
        let next = format!("{}?position={position}", uri.path());
        links.insert("next".to_owned(), json!({ "href": next }));
    }
    let mut dressed = Map::new();
    dressed.insert("_links".to_owned(), Value::Object(links));
    if let Some(Value::Array(items)) = members.remove("item") {
        let mut items: Vec<Value> = items.into_iter().map(with_dates).collect();
        let embedded = match items.len() {
            0 => json!({}),
            1 => json!({ "item": items.remove(0) }),
            _ => json!({ "item": items }),
        };
        dressed.insert("_embedded".to_owned(), embedded);
    } else if let Value::Object(members) = with_dates(Value::Object(members)) {
        dressed.extend(members);
    }
    dressed
}

fn with_dates(mut value: Value) -> Value {
    for name in DATES {
        let Some(member) = value.get_mut(name) else {
            continue;
        };
        if let Some(text) = member.as_i64().and_then(date::iso) {
            *member = Value::from(text);
        }
    }
    value
}
