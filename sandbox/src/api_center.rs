//! Azure API Center behind Azure Resource Manager: strict, stateful, without sockets.
//!
//! It answers as the service was recorded to (API version 2024-03-01, `tests/data/recorded-exchanges.jsonl`) and
//! refuses what the public swagger, the service's exported schemas and its documented limits forbid.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, Method, Request, Response};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::record::Service;
use crate::serve::StandIn;
use crate::throttle::TokenBucket;
use crate::token::check_token;

mod answer;
mod catalog;
mod definitions;
mod entities;
mod filter;
mod journal;
mod metadata;
mod operations;
mod options;
mod path;
mod permissions;
mod properties;
mod query;
mod refusal;
mod routing;
mod rules;
mod service;
mod state;
mod surroundings;

#[cfg(test)]
mod tests;

pub use journal::{Author, Change};
pub use operations::Unfinished;
pub use options::ApiCenterOptions;
pub use permissions::Permission;

use answer::set_header;
use catalog::Catalog;
use journal::short_path;
use path::{Kind, Target};
use query::Query;
use refusal::Refusal;
use routing::route;
use state::{State, new_catalog};

/// An API center and the resource manager before it.
#[derive(Debug)]
pub struct ApiCenter {
    reads: TokenBucket,
    writes: TokenBucket,
    deletes: TokenBucket,
    state: Mutex<State>,
}

/// A checkpoint of an API center's content.
#[derive(Debug, Clone)]
pub struct Checkpoint(Catalog);

impl ApiCenter {
    /// A new API center with the default workspace and the sample API `swagger-petstore`, like real ones.
    #[must_use]
    pub fn new(options: ApiCenterOptions) -> Self {
        Self {
            reads: TokenBucket::new(options.reads),
            writes: TokenBucket::new(options.writes),
            deletes: TokenBucket::new(options.deletes),
            state: Mutex::new(State::new(options)),
        }
    }

    /// Sets the caller's role assignments: the actions of each, and those it excludes.
    ///
    /// Only queries of permissions use them; calls are allowed anyway.
    pub fn set_permissions(&self, permissions: Vec<Permission>) {
        self.state().permissions = permissions;
    }

    /// Makes a document available to imports from a link; an import from any other link fails.
    pub fn add_linked_document(&self, url: impl Into<String>, text: impl Into<String>) {
        self.state().documents.insert(url.into(), text.into());
    }

    /// Makes inline imports long-running operations, too: the swagger allows that, no recording shows it.
    pub fn set_deferred_imports(&self, deferred: bool) {
        self.state().defers_imports = deferred;
    }

    /// Refuses further choices of an enumeration in use: the documentation of metadata says that its type cannot change
    /// then, and no recording shows what counts as that.
    pub fn set_refuses_choices(&self, refuses: bool) {
        self.state().refuses_choices = refuses;
    }

    /// The current content.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint(self.state().catalog.clone())
    }

    /// Restores a checkpoint, with nothing in flight.
    pub fn restore(&self, checkpoint: &Checkpoint) {
        self.state().restore(checkpoint.0.clone());
    }

    /// Sets the statuses of later imports before their end.
    pub fn set_unfinished_polls(&self, polls: &[Unfinished]) {
        self.state().unfinished = polls.to_vec();
    }

    /// Stores an entity as a person in the portal would: `apis/NAME/versions/NAME`, `metadataSchemas/NAME`, ….
    ///
    /// # Errors
    /// If the same properties would be refused over HTTP; the text says why.
    pub fn put(&self, path: &str, properties: Value) -> Result<(), String> {
        let address = Target::parse_short(path).ok_or_else(|| format!("'{path}' is not the path of an entity"))?;
        let Value::Object(properties) = properties else {
            return Err("the properties must be an object".to_owned());
        };
        let stored = self.by_hand(|state| state.store(&address, &properties, &HeaderMap::new()));
        stored.map(|_| ()).map_err(|refusal| match refusal {
            Refusal::NotFound(_) => format!("what '{path}' would be below is not there"),
            other => other.to_string(),
        })
    }

    /// Sets the content of a definition, and creates it if needed.
    pub fn set_definition(&self, path: &str, text: &str) {
        let Some(address) = Target::parse_short(path).filter(|address| address.kind() == Kind::Definition) else {
            return;
        };
        self.by_hand(|state| {
            if state.catalog.get(&address).is_none() {
                let title = Map::from_iter([("title".to_owned(), json!("OpenAPI"))]);
                state.catalog.put(&address, title);
            }
            state.catalog.set_content(&address, text.to_owned(), None);
        });
    }

    /// Removes an entity, even if others refer to it; those below it stay hidden.
    pub fn remove(&self, path: &str) {
        if let Some(address) = Target::parse_short(path) {
            self.by_hand(|state| state.catalog.remove(&address));
        }
    }

    /// Resets everything.
    pub fn clear(&self) {
        self.state().restore(new_catalog());
    }

    /// Keeps the changes of entities from now on, until a reset.
    pub fn keep_journal(&self) {
        self.state().catalog.journal.keep();
    }

    /// The recorded changes in order, except the first `seen`.
    #[must_use]
    pub fn changes(&self, seen: usize) -> Vec<Change> {
        let state = self.state();
        state.catalog.journal.changes().get(seen..).unwrap_or_default().to_vec()
    }

    fn by_hand<T>(&self, write: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        state.catalog.author = Author::Person;
        let result = write(&mut state);
        state.catalog.author = Author::Caller;
        result
    }

    /// Everything visible, by path below the default workspace (or `metadataSchemas/NAME`), names in lower case.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<String, Value> {
        self.entries(true)
    }

    /// The entities below removed ones: hidden, but back when those are recreated.
    #[must_use]
    pub fn leftovers(&self) -> BTreeMap<String, Value> {
        self.entries(false)
    }

    fn entries(&self, seen: bool) -> BTreeMap<String, Value> {
        let state = self.state();
        let mut entries = BTreeMap::new();
        for (collection, entity) in state.catalog.all() {
            let path = short_path(collection, &entity.name);
            let visible = Target::parse_short(&path).filter(|address| address.kind() != Kind::Workspace);
            if visible.is_some_and(|address| state.catalog.get(&address).is_some() == seen) {
                entries.insert(path, entity.shown());
            }
        }
        entries
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StandIn for ApiCenter {
    const SERVICE: Service = Service::ApiCenter;

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let mut response = self.answer_now(request);
        let request_id = uuid::Uuid::new_v4().to_string();
        set_header(&mut response, HeaderName::from_static("x-ms-request-id"), &request_id);
        if request.method() == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        response
    }
}

/// Request handling.
impl ApiCenter {
    /// Answers a request.
    #[expect(clippy::unused_async, reason = "it stands for a call, which takes time")]
    pub async fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        StandIn::answer(self, request)
    }

    fn answer_now(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let query = Query::parse(request.uri().query().unwrap_or_default());
        if segments == ["metadata", "endpoints"] {
            return surroundings::cloud_metadata(&self.state().base_url, query.get("api-version"));
        }
        let (header, remaining) = match self
            .authenticate(request.headers())
            .and_then(|()| self.throttle(request))
        {
            Ok(budget) => budget,
            Err(refusal) => return refusal.into_response(),
        };
        let mut response = route(&mut self.state(), request, &segments, &query).unwrap_or_else(Refusal::into_response);
        set_header(&mut response, HeaderName::from_static(header), &remaining.to_string());
        response
    }

    fn authenticate(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let unauthorized = |code, message: String| Refusal::Unauthorized { code, message };
        let Some(header) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            let message = "Authentication failed. The 'Authorization' header is missing.";
            return Err(unauthorized("AuthenticationFailed", message.to_owned()));
        };
        let Some(token) = header
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        else {
            let message = "Authentication failed. The 'Authorization' header is provided in an invalid format.";
            return Err(unauthorized("AuthenticationFailedInvalidHeader", message.to_owned()));
        };
        let base_url = self.state().base_url.clone();
        let audiences = [
            "https://management.azure.com",
            "https://management.core.windows.net",
            base_url.as_str(),
        ];
        check_token(token.1, &audiences)
            .map(|_| ())
            .map_err(|message| unauthorized("InvalidAuthenticationToken", message))
    }

    /// Takes a token of the method's budget; returns the header with the remaining number, and that number.
    fn throttle(&self, request: &Request<Bytes>) -> Result<(&'static str, u64), Refusal> {
        let (bucket, header, operation) = match *request.method() {
            Method::GET | Method::HEAD => (
                &self.reads,
                "x-ms-ratelimit-remaining-subscription-global-reads",
                "read",
            ),
            Method::DELETE => (&self.deletes, "x-ms-ratelimit-remaining-subscription-deletes", "delete"),
            _ => (&self.writes, "x-ms-ratelimit-remaining-subscription-writes", "write"),
        };
        bucket
            .take()
            .map(|remaining| (header, remaining))
            .map_err(|wait| {
                let retry_after_seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Refusal::Throttled {
                    message: format!(
                        "Number of '{operation}' requests for the subscription exceeded. Please try again after '{retry_after_seconds}' seconds after additional tokens are available."
                    ),
                    retry_after_seconds,
                }
            })
    }
}
