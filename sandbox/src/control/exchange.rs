//! Exchanges at the control endpoint.

use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};
use serde_json::{Map, Value, json};

use crate::record::Exchange;

/// Headers whose values are credentials.
const CREDENTIALS: [HeaderName; 3] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-amz-security-token"),
    HeaderName::from_static("x-identity-header"),
];

/// The exchange as JSON, without credentials in headers; bodies are unchanged.
pub fn to_json(exchange: &Exchange) -> Value {
    let received = exchange.received_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({
        "service": exchange.service,
        "account": exchange.subject.account,
        "region": exchange.subject.region,
        "operation": exchange.subject.operation,
        "method": exchange.method.as_str(),
        "target": exchange.target,
        "requestHeaders": headers(&exchange.request_headers),
        "requestBody": text(&exchange.request_body),
        "receivedAtMilliseconds": u64::try_from(received.as_millis()).unwrap_or(u64::MAX),
        "status": exchange.status.map(|status| status.as_u16()),
        "responseHeaders": headers(&exchange.response_headers),
        "responseBody": text(&exchange.response_body),
    })
}

fn headers(headers: &HeaderMap) -> Value {
    let mut shown = Map::new();
    for (name, value) in headers {
        let value = if CREDENTIALS.contains(name) {
            "(left out)".to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        // A header that came twice is joined, as HTTP allows.
        shown
            .entry(name.as_str())
            .and_modify(|earlier| *earlier = Value::from(format!("{}, {value}", earlier.as_str().unwrap_or_default())))
            .or_insert_with(|| Value::from(value.clone()));
    }
    Value::Object(shown)
}

fn text(body: &Bytes) -> Value {
    Value::from(String::from_utf8_lossy(body))
}
