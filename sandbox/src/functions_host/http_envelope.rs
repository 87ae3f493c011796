//! HTTP requests in envelopes, and their responses.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::app::HttpTrigger;
use super::invocation::{InvocationError, Outcome};
use super::query;
use super::route::Parameters;
use super::timer::sys;

/// Headers that the host's web server knows by name.
const STANDARD_HEADERS: [HeaderName; 18] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::AUTHORIZATION,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::DATE,
    header::EXPECT,
    header::HOST,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::ORIGIN,
    header::REFERER,
    header::TRANSFER_ENCODING,
    header::USER_AGENT,
];

/// The envelope of a request. What callers control can shadow the metadata, as it can on the real host.
#[must_use]
pub fn envelope(
    function: &str,
    trigger: &HttpTrigger,
    parameters: &Parameters,
    head: &Parts,
    body: &Bytes,
    now: OffsetDateTime,
) -> Value {
    let host = text(head.headers.get("host"));
    let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let queries = query::parse(head.uri.query().unwrap_or_default());
    let joined: Map<String, Value> = queries
        .iter()
        .map(|(key, all)| (key.clone(), json!(all.join(","))))
        .collect();
    let last: Map<String, Value> = queries
        .iter()
        .map(|(key, all)| (key.clone(), json!(all.last())))
        .collect();
    let (mut lists, mut flat) = (Map::new(), Map::new());
    for name in head.headers.keys() {
        let values: Vec<String> = head
            .headers
            .get_all(name)
            .iter()
            .map(|value| text(Some(value)))
            .collect();
        let name = header_name(name);
        flat.insert(name.clone(), json!(values.join(",")));
        lists.insert(name, json!(values));
    }
    let params: Map<String, Value> = parameters
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let mut data = json!({
        "Url": format!("http://{host}{target}"),
        "Method": head.method.as_str(),
        "Query": joined,
        "Headers": lists,
        "Params": params,
        "Identities": [identity()],
    });
    let body = sent_body(head, body);
    if let Some(body) = &body {
        data["Body"] = json!(body);
    }
    let mut metadata = Map::new();
    metadata.extend(
        last.iter()
            .filter_map(|(key, value)| Some((key.clone(), encoded(value)?))),
    );
    if let Some(Ok(Value::Object(members))) = body.as_deref().map(serde_json::from_str::<Value>) {
        metadata.extend(
            members
                .into_iter()
                .filter_map(|(key, value)| Some((key, encoded(&value)?))),
        );
    }
    metadata.shift_remove(&trigger.binding);
    for (name, value) in parameters {
        // One that is absent from the path takes the caller's value of that name away all the same.
        match value {
            Some(value) => metadata.insert(name.clone(), Value::String(json!(value).to_string())),
            None => metadata.shift_remove(name),
        };
    }
    metadata.entry("Query").or_insert(Value::Object(last));
    metadata.entry("Headers").or_insert(Value::Object(flat));
    let own = if metadata.contains_key("sys") { "$sys" } else { "sys" };
    metadata.insert(own.to_owned(), sys(function, now));
    json!({ "Data": { &trigger.binding: data }, "Metadata": metadata })
}

/// The response for an outcome.
pub fn answer(trigger: &HttpTrigger, outcome: &Outcome) -> Result<Response, InvocationError> {
    let Some(outputs) = &outcome.outputs else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let name = trigger.output.as_deref().unwrap_or("res");
    let Some(response) = outputs.get(name) else {
        return Ok(([(CONTENT_TYPE, "application/json; charset=utf-8")], "{}").into_response());
    };
    let status = match response.get("statusCode") {
        None | Some(Value::Null) => Some(200),
        Some(Value::String(text)) => text.parse().ok(),
        Some(other) => other.as_u64().and_then(|status| u16::try_from(status).ok()),
    };
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or(InvocationError::Response("statusCode is not a status"))?;
    let body = match response.get("body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => format!("{other:#}"),
    };
    let mut answer = (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from(body)).into_response();
    for (name, value) in response.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value
            .as_str()
            .ok_or(InvocationError::Response("a header is not a text"))?;
        let name = HeaderName::try_from(name).map_err(|_| InvocationError::Response("a header has no usable name"))?;
        let value =
            HeaderValue::from_str(value).map_err(|_| InvocationError::Response("a header has no usable value"))?;
        answer.headers_mut().insert(name, value);
    }
    Ok(answer)
}

/// A body without a length is dropped in silence; one that is not text is encoded.
fn sent_body(head: &Parts, body: &Bytes) -> Option<String> {
    if !head.headers.contains_key(CONTENT_LENGTH) || body.is_empty() {
        return None;
    }
    let content_type = text(head.headers.get(CONTENT_TYPE));
    let is_binary = ["application/octet-stream", "multipart/"]
        .iter()
        .any(|kind| content_type.starts_with(kind));
    if is_binary {
        Some(STANDARD.encode(body))
    } else {
        Some(String::from_utf8_lossy(body).into_owned())
    }
}

/// Texts are encoded once more in metadata, and other scalars are texts there, as .NET writes them; lists are left out.
fn encoded(value: &Value) -> Option<Value> {
    let text = match value {
        Value::Null | Value::Array(_) => return None,
        Value::Object(_) => return Some(value.clone()),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
    };
    Some(Value::String(Value::String(text).to_string()))
}

/// The name of a header in the host's form: standard ones in their usual case, others unchanged.
///
/// Our own front has lost the case of the others, which are all in lower case here.
fn header_name(name: &HeaderName) -> String {
    if !STANDARD_HEADERS.contains(name) {
        return name.to_string();
    }
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    name.as_str().split('-').map(capital).collect::<Vec<_>>().join("-")
}

fn identity() -> Value {
    const CLAIMS: &str = "http://schemas.microsoft.com/2017/07/functions/claims";
    let claim = |name: &str, value: &str| {
        json!({
            "Issuer": "LOCAL AUTHORITY",
            "OriginalIssuer": "LOCAL AUTHORITY",
            "Properties": {},
            "Type": format!("{CLAIMS}/{name}"),
            "Value": value,
            "ValueType": "http://www.w3.org/2001/XMLSchema#string",
        })
    };
    json!({
        "AuthenticationType": "WebJobsAuthLevel",
        "IsAuthenticated": true,
        "Actor": null,
        "BootstrapContext": null,
        "Claims": [claim("authlevel", "Function"), claim("invoke", "true"), claim("keyid", "default")],
        "Label": null,
        "Name": null,
        "NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    })
}

fn text(value: Option<&HeaderValue>) -> String {
    value
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .unwrap_or_default()
}
