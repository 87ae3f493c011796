//! The host's front: accepts callers, checks keys and finds functions.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::app::{AuthLevel, Function, HttpTrigger, Trigger};
use super::host::Host;
use super::options::HttpMode;
use super::route::{Parameters, segments_below, without_dots};
use super::timer::TimerKind;
use super::{forward, http_envelope, query};
use crate::clock::now;

/// Most bytes of a request (measured on host 4.1037).
const BODY_MAX_BYTES: usize = 104_857_600;

/// Opens the front until `shutdown`; returns its base URL.
pub async fn open(port: u16, host: Arc<Host>, shutdown: CancellationToken) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let base_url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
    let router = Router::new().fallback(move |request: Request| answer(host.clone(), request));
    tokio::spawn(shutdown.run_until_cancelled_owned(async move { axum::serve(listener, router).await }));
    Ok(base_url)
}

async fn answer(host: Arc<Host>, mut request: Request) -> Response {
    let path = without_dots(request.uri().path());
    if path != request.uri().path() {
        let query = request
            .uri()
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let Ok(resolved) = format!("{path}{query}").parse() else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        *request.uri_mut() = resolved;
    }
    if let Some(rest) = path.strip_prefix("/admin/") {
        return administer(host, rest, request).await;
    }
    if path == "/" {
        return StatusCode::OK.into_response();
    }
    let found = find(&host, request.method(), &path);
    let Some((function, trigger, parameters)) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !host.admits(trigger.level, request.headers(), request.uri()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    call(&host, function, trigger, &parameters, request).await
}

fn find<'a>(host: &'a Host, method: &Method, path: &str) -> Option<(&'a Function, &'a HttpTrigger, Parameters)> {
    let segments = segments_below(&host.app.route_prefix, path)?;
    host.app.functions.iter().find_map(|function| match &function.trigger {
        Trigger::Http(trigger) if trigger.methods.is_empty() || trigger.methods.contains(method) => {
            Some((function, trigger, trigger.route.matches(&segments)?))
        }
        Trigger::Http(_) | Trigger::Timer(_) | Trigger::Other(_) => None,
    })
}

async fn call(
    host: &Arc<Host>,
    function: &Function,
    trigger: &HttpTrigger,
    parameters: &Parameters,
    request: Request,
) -> Response {
    if host.worker.ready().await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let invocation_id = uuid::Uuid::new_v4().to_string();
    let port = host.worker.port();
    // Only a function with nothing but one HTTP trigger and its output is called raw.
    let mode = if trigger.raw { host.mode } else { HttpMode::Envelope };
    match mode {
        HttpMode::Proxying => forward::proxy(port, request, &invocation_id).await,
        HttpMode::Forwarding => forward::rebuild(port, request, &invocation_id).await,
        HttpMode::Envelope => call_enveloped(host, function, trigger, parameters, request, &invocation_id).await,
    }
}

async fn call_enveloped(
    host: &Host,
    function: &Function,
    trigger: &HttpTrigger,
    parameters: &Parameters,
    request: Request,
    invocation_id: &str,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX_BYTES).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let envelope = http_envelope::envelope(&function.name, trigger, parameters, &head, &body, now().into());
    let outcome = host.invoke(&function.name, invocation_id, &envelope, &mut None).await;
    let answer = outcome.and_then(|outcome| http_envelope::answer(trigger, &outcome));
    answer.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// The part of the admin API that starts functions and shows the host's state.
async fn administer(host: Arc<Host>, rest: &str, request: Request) -> Response {
    if !host.admits(AuthLevel::Admin, request.headers(), request.uri()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match (request.method(), rest) {
        (&Method::GET, "host/status") => axum::Json(json!({ "state": "Running" })).into_response(),
        (&Method::POST, rest) => match rest.strip_prefix("functions/") {
            Some(name) => start(host, name, request).await,
            None => StatusCode::NOT_FOUND.into_response(),
        },
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Starts a timer function manually: accepted at once, and nobody waits for it.
async fn start(host: Arc<Host>, name: &str, request: Request) -> Response {
    let content_type = request
        .headers()
        .get(http::header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    if !content_type.is_some_and(|kind| kind.starts_with("application/json")) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let function = host
        .app
        .functions
        .iter()
        .find(|function| function.name.eq_ignore_ascii_case(name))
        .cloned();
    let body = to_bytes(request.into_body(), BODY_MAX_BYTES).await.unwrap_or_default();
    let Ok(Value::Object(body)) = serde_json::from_slice(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let input = match body.get("input") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    let Some(function) = function else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Trigger::Timer(trigger) = function.trigger.clone() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    tokio::spawn(async move {
        host.run_timer(&function, &trigger, TimerKind::Manual, input.as_deref())
            .await;
    });
    StatusCode::ACCEPTED.into_response()
}

impl Host {
    /// Whether a caller has the key for a level, in a header or in the query.
    fn admits(&self, level: AuthLevel, headers: &HeaderMap, uri: &Uri) -> bool {
        let header = headers
            .get("x-functions-key")
            .and_then(|key| key.to_str().ok())
            .map(str::to_owned);
        let code = || {
            let query = query::parse(uri.query().unwrap_or_default());
            query
                .into_iter()
                .find(|(name, _)| name == "code")
                .and_then(|(_, values)| values.into_iter().next())
        };
        let key = header.or_else(code);
        match level {
            AuthLevel::Anonymous => true,
            AuthLevel::Function => key.is_some_and(|key| key == self.function_key || key == self.master_key),
            AuthLevel::Admin => key.is_some_and(|key| key == self.master_key),
        }
    }
}
