//! HTTP requests to the handler: proxied unchanged, or rebuilt.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};

use super::client::{CallError, Line};
use super::invocation::{self, add_host_headers};
use super::query;

/// Headers that concern one connection only.
const HOP_BY_HOP: [HeaderName; 2] = [CONNECTION, TRANSFER_ENCODING];
/// Attempts for a handler that does not listen, and the pause between them.
const CONNECT_TRIES: u32 = 10;
const CONNECT_DELAY: Duration = Duration::from_millis(50);
/// Most bytes of a request (measured on host 4.1037).
const BODY_MAX_BYTES: usize = 104_857_600;

/// Proxies a request unchanged, streaming both ways, as newer hosts do by their source.
pub async fn proxy(port: u16, request: Request, invocation_id: &str) -> Response {
    let (mut head, body) = request.into_parts();
    forwarded_headers(&mut head.headers);
    for name in HOP_BY_HOP {
        head.headers.remove(name);
    }
    add_host_headers(&mut head.headers, invocation_id);
    insert(&mut head.headers, "x-ms-invocation-id", invocation_id);
    insert(&mut head.headers, "host", &format!("127.0.0.1:{port}"));
    let mut tries = 0;
    let line = loop {
        tries += 1;
        match Line::open(port).await {
            Ok(line) => break line,
            Err(error) if error.is_connect() && tries < CONNECT_TRIES => tokio::time::sleep(CONNECT_DELAY).await,
            Err(_) => return StatusCode::BAD_GATEWAY.into_response(),
        }
    };
    match line.send(Request::from_parts(head, body)).await {
        Ok(response) => passed_back(response.map(Body::new)),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// Rebuilds a request and waits for the whole response, as recorded with `enableForwardingHttpRequest`.
pub async fn rebuild(port: u16, request: Request, invocation_id: &str) -> Response {
    match rebuilt(port, request, invocation_id).await {
        Ok(response) => response,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn rebuilt(port: u16, request: Request, invocation_id: &str) -> Result<Response, CallError> {
    let (head, body) = request.into_parts();
    let length = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let has_body = length.is_some_and(|length| length > 0);
    if !has_body && head.headers.contains_key(CONTENT_TYPE) && head.headers.contains_key(TRANSFER_ENCODING) {
        return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
    }
    let bytes = if has_body {
        match to_bytes(body, BODY_MAX_BYTES).await {
            Ok(bytes) => bytes,
            Err(_) => return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        }
    } else {
        bytes::Bytes::new()
    };
    let mut rebuilt = Request::new(Body::from(bytes));
    *rebuilt.method_mut() = head.method;
    *rebuilt.uri_mut() = rewritten(&head.uri);
    let headers = rebuilt.headers_mut();
    for name in head.headers.keys().filter(|name| *name != TRANSFER_ENCODING) {
        let values = head.headers.get_all(name).iter().map(HeaderValue::to_str);
        // The real host cannot write what is not ASCII.
        let Ok(values) = values.collect::<Result<Vec<_>, _>>() else {
            return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let separator = if name == http::header::COOKIE { "; " } else { ", " };
        insert(headers, name.as_str(), &values.join(separator));
    }
    let agent = head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.map_or_else(
        || invocation::USER_AGENT.to_owned(),
        |agent| format!("{agent} {}", invocation::USER_AGENT),
    );
    insert(headers, "user-agent", &agent);
    add_host_headers(headers, invocation_id);
    let response = Line::open(port).await?.send(rebuilt).await?;
    let (head, body) = response.into_parts();
    let bytes = to_bytes(Body::new(body), BODY_MAX_BYTES).await.unwrap_or_default();
    Ok(passed_back(Response::from_parts(head, Body::from(bytes))))
}

fn passed_back(mut response: Response) -> Response {
    for name in HOP_BY_HOP {
        response.headers_mut().remove(name);
    }
    response
}

fn forwarded_headers(headers: &mut HeaderMap) {
    let public = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    insert(headers, "x-forwarded-host", &public);
    insert(headers, "x-forwarded-proto", "http");
    insert(headers, "x-forwarded-for", "127.0.0.1");
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

/// The same path with its query rewritten.
fn rewritten(uri: &Uri) -> Uri {
    let query = uri
        .query()
        .map(|query| format!("?{}", query::rewritten(query)))
        .unwrap_or_default();
    format!("{}{query}", uri.path()).parse().unwrap_or_else(|_| uri.clone())
}
