//! HTTP requests in envelopes, and the answers that come out of them.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::app::HttpTrigger;
use super::invocation::{InvocationError, Outcome};
use super::query;
use super::route::Parameters;
use super::timer::sys;

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
        flat.insert(name.to_string(), json!(values.join(",")));
        lists.insert(name.to_string(), json!(values));
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
    for (key, value) in &last {
        metadata.insert(key.clone(), encoded(value));
    }
    if let Some(Ok(Value::Object(members))) = body.as_deref().map(serde_json::from_str::<Value>) {
        let scalars = members
            .into_iter()
            .filter(|(_, value)| !value.is_object() && !value.is_array());
        metadata.extend(scalars.map(|(key, value)| (key, encoded(&value))));
    }
    for (name, value) in parameters
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)))
    {
        metadata.insert(name.clone(), encoded(&json!(value)));
    }
    let own = [
        ("Query", Value::Object(last)),
        ("Headers", Value::Object(flat)),
        ("sys", sys(function, now)),
    ];
    for (key, value) in own {
        // A caller's key of that name stays, and the host's own goes beside it.
        let key = if metadata.contains_key(key) {
            format!("${key}")
        } else {
            key.to_owned()
        };
        metadata.insert(key, value);
    }
    json!({ "Data": { &trigger.binding: data }, "Metadata": metadata })
}

/// The answer that an outcome stands for.
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

/// Scalars are encoded once more in metadata.
fn encoded(value: &Value) -> Value {
    Value::String(match value {
        Value::String(text) => Value::String(text.clone()).to_string(),
        other => Value::String(other.to_string()).to_string(),
    })
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
