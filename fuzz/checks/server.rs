//! What must hold of the answers to requests, whatever they are.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Uri};
use serde_json::{Value, json};

use super::app::{invocation_id, span};
use super::body::json_body;
use super::negotiation::Form;
use super::route::{Route, template};
use super::timer::is_past_due;
use crate::fuzzing::model::{assert_tame, assert_tame_lines};
use crate::fuzzing::work::at_once;
use crate::model::document::{DocumentProperties, parse_document};
use crate::model::{ApiCenterId, Integration, IntegrationName, Problem, VaultHosts};
use crate::telemetry::{Invocation, Trigger};

const CENTER: &str = "/subscriptions/1/resourceGroups/group/providers/Microsoft.ApiCenter/services/center";

/// What is taken can be shown and put again, and what is refused is refused in a few tame words.
pub(crate) fn document(data: &[u8]) -> Option<Integration> {
    let name = IntegrationName::parse("shop").ok()?;
    let center = ApiCenterId::parse(CENTER).ok()?;
    let parse = |document: &Value| parse_document(document, &name, &center, &VaultHosts::PublicClouds);
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let document = at_once(json_body(&headers, Body::from(data.to_vec())))?;
    let parsed = match document.and_then(|document| parse(&document)) {
        Ok(parsed) => parsed,
        Err(problem) => {
            tame(&problem);
            return None;
        }
    };
    let shown = json!({ "properties": DocumentProperties::from(&parsed.integration) });
    let shown: Value = serde_json::from_str(&shown.to_string()).unwrap_or_default();
    assert_eq!(
        parse(&shown).map(|shown| shown.integration),
        Ok(parsed.integration.clone())
    );
    let sources = parsed.integration.sources.iter();
    for secrets in sources.filter_map(|source| source.authentication.secrets()) {
        for secret in [&secrets.access_key, &secrets.secret_access_key] {
            assert!(secret.is_in_public_cloud(), "{secret}");
        }
    }
    Some(parsed.integration)
}

/// `METHOD target`, and below that a line for each header.
pub(crate) fn route(text: &str) -> bool {
    let mut lines = text.split('\n');
    let Some((method, target)) = lines.next().and_then(|line| line.split_once(' ')) else {
        return false;
    };
    let (Ok(method), Ok(uri)) = (Method::from_bytes(method.as_bytes()), target.parse::<Uri>()) else {
        return false;
    };
    let mut request = Request::builder().method(method.clone()).uri(uri.clone());
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    let Ok(request) = request.body(Body::empty()) else {
        return false;
    };
    headers(&request);
    let route = match Route::of(&method, &uri) {
        Ok(route) => route,
        Err(misrouted) => {
            tame(&misrouted.problem);
            return false;
        }
    };
    let template = template(uri.path());
    let template = template.unwrap_or_else(|| unreachable!("{uri} is routed and not known"));
    let (name, ids, shape) = match &route {
        Route::List(_) => (None, None, "/api/integrations"),
        Route::Describe => (None, None, "/api/integrations/openapi.json"),
        Route::Get(name, _) | Route::Put(name) | Route::Delete(name) => (Some(name), None, "/api/integrations/{name}"),
        Route::Sync(name, wanted) => (Some(name), Some(wanted), "/api/integrations/{name}/sync"),
        Route::Doctor(name) => (Some(name), None, "/api/integrations/{name}/doctor"),
        Route::Explain(name, _) => (Some(name), None, "/api/integrations/{name}/explain"),
        Route::Plan(name, wanted) => (Some(name), Some(wanted), "/api/integrations/{name}/plan"),
    };
    assert_eq!(template, shape);
    if let Some(name) = name {
        assert_eq!(IntegrationName::parse(&name.to_string()).as_ref(), Ok(name));
        assert!(!uri.path().ends_with("//"), "{uri}");
    }
    let ids = ids.map(|wanted| wanted.confirm_deletions.iter().chain(&wanted.plan_id));
    for id in ids.into_iter().flatten() {
        assert!(
            id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            "{id:?}"
        );
    }
    true
}

fn headers(request: &Request<Body>) {
    let id = invocation_id(request.headers());
    assert_tame(&id, 64);
    drop(span(request));
    let forms = [Form::Json, Form::Text, Form::Page];
    assert!(forms.contains(&Form::wanted(request.headers(), &forms)));
    let trigger = Trigger::Http(request.method().clone(), template(request.uri().path()));
    Invocation::begin(&trigger, &id, request.headers()).end(200);
}

/// Only an envelope that says so is late.
pub(crate) fn envelope(data: &[u8]) -> bool {
    let is_late = is_past_due(data);
    if is_late {
        let envelope: Value = serde_json::from_slice(data).unwrap_or_default();
        assert!(says_late(&envelope), "{envelope}");
    }
    is_late
}

fn says_late(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| (name == "IsPastDue" && value == &json!(true)) || says_late(value)),
        Value::Array(items) => items.iter().any(says_late),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn tame(problem: &Problem) {
    assert_tame_lines(&problem.message, Problem::MESSAGE_MAX);
    assert!(!problem.message.is_empty());
    assert!((400..600).contains(&problem.code.status()));
    if let Some(target) = &problem.target {
        assert_tame(target, 200);
    }
}
