//! The client against an Azure Resource Manager that does what it is told to, on tokio's paused clock.
//!
//! The fake is the SDK's HTTP client, not a socket: the SDK shows tokens to `https` only, and a paused clock runs away
//! from real sockets. What only a socket can show is in `sockets`.

mod answers;
mod entities;
mod lists;
mod operations;
mod retries;
mod sockets;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::request::Body;
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use azure_core::time::OffsetDateTime;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::catalog::{Owned, Vacant};
use crate::limits::{Budget, Traffic};
use crate::model::{ApiCenterId, Document, Entity, EntityName, EntityPath, Format, Properties};

const CENTER: &str = "/subscriptions/1/resourceGroups/group/providers/Microsoft.ApiCenter/services/center";
const BASE_URL: &str = "https://arm.test";
/// The provider's 404, as recorded.
const MISSING: &str = r#"{"code":"404","message":"The API with the specified ID does not exist."}"#;

/// What comes of a request.
#[derive(Debug, Clone)]
enum Reaction {
    Answer(u16, Vec<(&'static str, String)>, String),
    /// A body that never ends, in parts of 1 MiB.
    Endless,
    Fail(ErrorKind),
    Hang,
}

#[expect(clippy::needless_pass_by_value, reason = "calls read better without borrows")]
fn answer(status: u16, body: impl ToString) -> Reaction {
    Reaction::Answer(status, Vec::new(), body.to_string())
}

impl Reaction {
    #[expect(clippy::needless_pass_by_value, reason = "calls read better without borrows")]
    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::Answer(_, headers, _) = &mut self {
            headers.push((name, value.to_string()));
        }
        self
    }
}

/// A request as it arrived.
#[derive(Debug, Clone)]
struct Seen {
    /// Method and URL; the API center's own URL is left out.
    line: String,
    headers: Headers,
    body: String,
    after: Duration,
}

impl Seen {
    fn header(&self, name: &'static str) -> Option<&str> {
        self.headers.get_optional_str(&name.into())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Reacts as scripted; the last reaction continues for ever.
#[derive(Debug)]
struct Script {
    started: Instant,
    reactions: Mutex<VecDeque<Reaction>>,
    seen: Mutex<Vec<Seen>>,
    parts: Arc<AtomicUsize>,
}

#[async_trait]
impl HttpClient for Script {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        self.seen.lock().unwrap().push(Seen {
            line: line(request),
            headers: request.headers().clone(),
            body: String::from_utf8(body(request).to_vec()).unwrap(),
            after: self.started.elapsed(),
        });
        let reaction = {
            let mut reactions = self.reactions.lock().unwrap();
            if reactions.len() > 1 {
                reactions.pop_front().unwrap()
            } else {
                reactions.front().unwrap().clone()
            }
        };
        match reaction {
            Reaction::Answer(status, fields, body) => {
                let mut headers = Headers::new();
                for (name, value) in fields {
                    headers.insert(name, value);
                }
                Ok(AsyncRawResponse::from_bytes(status.into(), headers, body.into_bytes()))
            }
            Reaction::Endless => {
                let (parts, part) = (Arc::clone(&self.parts), Bytes::from(vec![b' '; 1 << 20]));
                let endless = futures::stream::repeat_with(move || {
                    parts.fetch_add(1, Ordering::Relaxed);
                    Ok(part.clone())
                });
                Ok(AsyncRawResponse::new(200.into(), Headers::new(), Box::pin(endless)))
            }
            Reaction::Fail(kind) => Err(azure_core::Error::with_message(kind, "the connection broke")),
            Reaction::Hang => std::future::pending().await,
        }
    }
}

fn line(request: &Request) -> String {
    let own = format!("{BASE_URL}{CENTER}");
    let url = request.url().as_str();
    let short = url.strip_prefix(&own).unwrap_or(url);
    let short = short.strip_prefix("/workspaces/default").unwrap_or(short);
    let short = short.strip_suffix("?api-version=2024-03-01").unwrap_or(short);
    format!("{} {short}", request.method())
}

fn body(request: &Request) -> Bytes {
    match request.body() {
        Body::Bytes(bytes) => bytes.clone(),
        Body::SeekableStream(_) => panic!("no request here is a stream"),
    }
}

/// Hands out `token-1`, `token-2`, …, or an error.
#[derive(Debug, Default)]
struct Tokens {
    given: AtomicU64,
    refuses: bool,
}

#[async_trait]
impl TokenCredential for Tokens {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        if self.refuses {
            let message = "no managed identity here";
            return Err(azure_core::Error::with_message(ErrorKind::Credential, message));
        }
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        let expires_on = OffsetDateTime::now_utc() + azure_core::time::Duration::hours(1);
        Ok(AccessToken::new(format!("token-{number}"), expires_on))
    }
}

struct Bench {
    catalog: Catalog,
    center: ApiCenter,
    script: Arc<Script>,
    traffic: Arc<Traffic>,
    stop: CancellationToken,
}

impl Bench {
    fn new(reactions: impl IntoIterator<Item = Reaction>) -> Self {
        Self::with(reactions, Duration::from_mins(30), Tokens::default())
    }

    fn within(budget: Duration, reactions: impl IntoIterator<Item = Reaction>) -> Self {
        Self::with(reactions, budget, Tokens::default())
    }

    fn with(reactions: impl IntoIterator<Item = Reaction>, budget: Duration, tokens: Tokens) -> Self {
        let script = Arc::new(Script {
            started: Instant::now(),
            reactions: Mutex::new(reactions.into_iter().collect()),
            seen: Mutex::default(),
            parts: Arc::default(),
        });
        let center = center(Arc::<Script>::clone(&script), Arc::new(tokens));
        let (stop, traffic) = (CancellationToken::new(), Arc::<Traffic>::default());
        let catalog = center.catalog(Budget::new(budget, stop.clone()), Arc::clone(&traffic));
        Self {
            catalog,
            center,
            script,
            traffic,
            stop,
        }
    }

    fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    /// When each request arrived, in seconds after the start.
    fn seconds(&self) -> Vec<f64> {
        self.seen().iter().map(|seen| round(seen.after)).collect()
    }

    /// How long it took so far, in seconds to a tenth, as text.
    fn elapsed(&self) -> String {
        format!("{:.1}", self.elapsed_time().as_secs_f64())
    }

    fn elapsed_time(&self) -> Duration {
        self.script.started.elapsed()
    }
}

fn center(http_client: Arc<dyn HttpClient>, credential: Arc<dyn TokenCredential>) -> ApiCenter {
    let rates = Rates {
        reads: 1e6,
        writes: 1e6,
        deletes: 1e6,
    };
    ApiCenter::over(
        http_client,
        BASE_URL,
        ApiCenterId::parse(CENTER).unwrap(),
        credential,
        rates,
    )
    .unwrap()
}

/// Seconds to a tenth: the paused clock counts in milliseconds.
fn round(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).round() / 10.0
}

fn name(text: &str) -> EntityName {
    EntityName::parse(text).unwrap()
}

fn api_path() -> EntityPath {
    EntityPath::Api(name("shop-api"))
}

fn definition_path() -> EntityPath {
    EntityPath::Definition(name("shop-api"), name("live"), name("openapi"))
}

/// What is imported.
fn document() -> Document {
    Document {
        format: Format::OpenApi,
        text: "openapi: 3.0.1".to_owned(),
        specification_version: "3.0.1".to_owned(),
        content_digest: String::new(),
        canonical_digest: String::new(),
        comparison_digest: String::new(),
    }
}

fn vacant(path: EntityPath) -> Vacant {
    Vacant::at::<Entity>(path, None).unwrap()
}

fn owned(path: EntityPath) -> Owned {
    Owned::created(&vacant(path))
}

fn properties(value: Value) -> Properties {
    match value {
        Value::Object(properties) => properties,
        other => panic!("{other} is no object"),
    }
}

/// An entity's JSON.
#[expect(clippy::needless_pass_by_value, reason = "calls read better without borrows")]
fn entity(name: &str, properties: Value) -> Value {
    json!({ "id": format!("{CENTER}/…/{name}"), "name": name, "properties": properties })
}

/// A page's JSON.
fn page(names: &[&str], next_link: Option<&str>) -> Value {
    let value: Vec<Value> = names
        .iter()
        .map(|name| entity(name, json!({ "title": name })))
        .collect();
    match next_link {
        Some(link) => json!({ "value": value, "nextLink": link }),
        None => json!({ "value": value }),
    }
}

fn names(entities: &[crate::model::Entity]) -> Vec<&str> {
    entities.iter().map(|entity| entity.name.as_str()).collect()
}

/// The kind of an error, for tables.
fn kind(error: &CatalogError) -> &'static str {
    match error {
        CatalogError::OutOfTime { .. } => "out of time",
        CatalogError::NotFound { .. } => "not found",
        CatalogError::NoCenter { .. } => "no center",
        CatalogError::Throttled { .. } => "throttled",
        CatalogError::Forbidden { .. } => "forbidden",
        CatalogError::Refused { .. } => "refused",
        CatalogError::NoToken { .. } => "no token",
        CatalogError::Unavailable { .. } => "unavailable",
        CatalogError::Malformed { .. } => "malformed",
    }
}
