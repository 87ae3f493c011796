//! Amazon API Gateway: the control planes of REST APIs (2015-07-09) and of HTTP and WebSocket APIs (2018-11-29).
//!
//! Every request must be signed (Signature Version 4), lists come in pages, calls beyond the account's budget are
//! throttled, and an export shows the snapshot of a stage's deployment.

mod call;
mod contents;
mod date;
mod definition;
mod domain;
mod domain_names;
mod domain_writes;
mod errors;
mod export;
mod gateways;
mod hal;
mod paging;
mod patch;
mod rest_api;
mod signature;
mod state;
mod tags;
#[cfg(test)]
mod tests;
mod v2;
mod v2_api;
mod v2_entry;
mod wire;
mod writes;

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

use crate::clock::{epoch_seconds, now};
use crate::keyring::{ACCOUNT, Keyring, user_arn};
use crate::throttle::{Rate, TokenBucket, UNLIMITED};

use self::call::Call;
pub use self::definition::Definition;
pub use self::domain::{DomainEstate, DomainName, Mapping, RoutingMode, RoutingRule};
pub use self::errors::AmazonError;
pub use self::gateways::Gateways;
use self::rest_api::Entry;
pub use self::rest_api::{Canary, EndpointType, Estate, RestApi, Stage};
use self::signature::verify;
use self::state::State;
pub use self::v2_api::{Model, Protocol, Route, V2Api, V2Estate, V2Stage};

/// The options of the gateway.
#[derive(Debug, Clone)]
pub struct ApiGatewayOptions {
    /// Its account.
    pub account: String,
    /// Its region, which signatures must be for.
    pub region: String,
    /// The access keys of all accounts.
    pub keyring: Keyring,
    /// Items on a page when the caller does not say; AWS's is 25.
    pub page_size_default: usize,
    /// Most items on a page, whatever the caller says; AWS's is 500.
    pub page_size_max: usize,
    /// Items on a page of version 2 when the caller does not say; AWS does not tell its own.
    pub v2_page_size_default: usize,
    /// Most items on a page of version 2, whatever the caller says; AWS does not tell its own.
    pub v2_page_size_max: usize,
    /// The budget for calls of both versions together; AWS's is 10 a second and 40 at once.
    pub rate: Rate,
}

impl Default for ApiGatewayOptions {
    /// AWS's own values, without an access key.
    fn default() -> Self {
        Self {
            account: ACCOUNT.to_owned(),
            region: "us-east-1".to_owned(),
            keyring: Keyring::default(),
            page_size_default: 25,
            page_size_max: 500,
            v2_page_size_default: 25,
            v2_page_size_max: 100,
            rate: (10.0, 40.0),
        }
    }
}

impl ApiGatewayOptions {
    /// With a budget that no test exhausts.
    #[must_use]
    pub fn unthrottled(self) -> Self {
        Self {
            rate: UNLIMITED,
            ..self
        }
    }
}

/// The API Gateway of one account and region.
#[derive(Debug)]
pub struct ApiGateway {
    account: String,
    region: String,
    page_sizes: (usize, usize),
    v2_page_sizes: (usize, usize),
    budget: TokenBucket,
    keyring: Keyring,
    state: Mutex<State>,
}

impl ApiGateway {
    /// A gateway without APIs.
    #[must_use]
    pub fn new(options: ApiGatewayOptions) -> Self {
        Self {
            account: options.account,
            region: options.region,
            page_sizes: (options.page_size_default, options.page_size_max),
            v2_page_sizes: (options.v2_page_size_default, options.v2_page_size_max),
            budget: TokenBucket::new(options.rate),
            keyring: options.keyring,
            state: Mutex::default(),
        }
    }

    /// Replaces the account's access keys, except those of sessions.
    pub fn set_credentials(&self, credentials: Vec<(String, String)>) {
        self.keyring.remove_lasting(&self.account);
        for (access_key_id, secret) in credentials {
            let user = user_arn(&self.account, &self.region);
            self.keyring.add_lasting(&user, &access_key_id, &secret);
        }
    }

    /// Sets whether the account has enabled the gateway's region; where it has not, no key of its is known.
    pub fn set_region_enabled(&self, enabled: bool) {
        self.keyring.set_region_enabled(&self.account, &self.region, enabled);
    }

    /// Sets the account's budget in this region, full at first.
    pub fn set_rate(&self, rate: Rate) {
        self.budget.set_rate(rate);
    }

    /// Adds or changes an API, keeping everything below it.
    pub fn put_rest_api(&self, rest_api: RestApi) {
        let mut state = self.state();
        if let Some(entry) = state.apis.get_mut(&rest_api.id) {
            entry.api = rest_api;
        } else {
            let nothing = Definition::from(serde_json::json!({ "paths": {} }));
            state.apis.insert(rest_api.id.clone(), Entry::new(rest_api, nothing));
        }
    }

    /// Adds or changes a stage of an existing API, with its deployment.
    pub fn put_stage(&self, rest_api_id: &str, stage: Stage) {
        if let Some(entry) = self.state().apis.get_mut(rest_api_id) {
            let now = epoch_seconds(now());
            entry.deploy(&stage.deployment_id.clone(), None, stage.definition.clone(), now);
            entry.stages.insert(stage.name.clone(), stage);
        }
    }

    /// Removes an API with everything below it.
    pub fn remove_rest_api(&self, rest_api_id: &str) {
        self.state().apis.remove(rest_api_id);
    }

    /// Removes a stage.
    pub fn remove_stage(&self, rest_api_id: &str, stage_name: &str) {
        if let Some(entry) = self.state().apis.get_mut(rest_api_id) {
            entry.stages.remove(stage_name);
        }
    }

    /// Removes everything.
    pub fn clear(&self) {
        self.state().clear();
    }

    /// All REST APIs with their stages, by id and name.
    #[must_use]
    pub fn estate(&self) -> Estate {
        let of = |entry: &Entry| (entry.api.clone(), entry.stages.values().cloned().collect());
        self.state().apis.values().map(of).collect()
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let response = self.answer_now(request).unwrap_or_else(Response::from);
        if is_v2(request) || hal::wants_json(request.headers()) {
            response
        } else {
            hal::dressed(response, request.uri())
        }
    }

    fn answer_now(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, AmazonError> {
        let now = now();
        let mut state = self.state();
        verify(request, &self.keyring, &self.region, now)?;
        self.budget.take().map_err(|_| AmazonError::too_many_requests())?;
        let page_sizes = if is_v2(request) {
            self.v2_page_sizes
        } else {
            self.page_sizes
        };
        let place = (self.account.as_str(), self.region.as_str());
        let call = Call::new(request, place, page_sizes, epoch_seconds(now));
        let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
        match (call.method, segments.as_slice()) {
            (&Method::GET, ["restapis"]) => list_rest_apis(&state, &call),
            (&Method::POST, ["restapis"]) => writes::create_rest_api(&mut state, &call),
            (method, ["restapis", id, rest @ ..]) => {
                if (method, rest) == (&Method::DELETE, &[]) {
                    state
                        .apis
                        .remove(*id)
                        .ok_or_else(|| AmazonError::unknown_api(&self.account, id))?;
                    return Ok(wire::empty_answer(StatusCode::ACCEPTED));
                }
                let entry = state
                    .apis
                    .get_mut(*id)
                    .ok_or_else(|| AmazonError::unknown_api(&self.account, id))?;
                answer_below(entry, &call, rest)
            }
            (_, ["domainnames" | "domainnameaccessassociations", ..]) => {
                domain_names::answer(&mut state, &call, &segments)
            }
            (_, ["v2", "domainnames", rest @ ..]) => v2::domains::answer(&mut state, &call, rest),
            (_, ["tags", arn @ ..] | ["v2", "tags", arn @ ..]) => tags::answer(&mut state, &call, arn),
            (_, ["v2", "apis", rest @ ..]) => v2::answer(&mut state, &call, rest),
            (method, _) => Err(AmazonError::unknown_operation(&format!(
                "{method} {}",
                request.uri().path()
            ))),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers a call below a REST API.
fn answer_below(entry: &mut Entry, call: &Call<'_>, rest: &[&str]) -> Result<Response<Bytes>, AmazonError> {
    let ok = |body| Ok(wire::json_answer(StatusCode::OK, &body));
    match (call.method.as_str(), rest) {
        ("GET", []) => ok(wire::rest_api(&entry.api)),
        ("PUT", []) => writes::put_definition(entry, call),
        ("PATCH", []) => writes::update_rest_api(entry, call),
        ("GET", ["stages"]) => {
            let wanted = call.query("deploymentId");
            let stages = entry.stages.values();
            let stages = stages.filter(|stage| wanted.is_none_or(|id| id == stage.deployment_id));
            ok(wire::list(stages.map(wire::stage).collect(), None))
        }
        ("POST", ["stages"]) => writes::create_stage(entry, call),
        ("GET", ["stages", name]) => ok(wire::stage(entry.stage(name)?)),
        ("PATCH", ["stages", name]) => writes::update_stage(entry, name, call),
        ("DELETE", ["stages", name]) => {
            entry.stages.remove(*name).ok_or_else(AmazonError::unknown_stage)?;
            Ok(wire::empty_answer(StatusCode::ACCEPTED))
        }
        ("GET", ["stages", name, "exports", kind]) => export::export(&entry.api, entry.stage(name)?, kind, call),
        ("GET", ["deployments"]) => {
            let (page, position) = paging::page(&entry.deployments, "deployments", call)?;
            ok(wire::list(page.into_iter().map(wire::deployment).collect(), position))
        }
        ("POST", ["deployments"]) => writes::create_deployment(entry, call),
        (method, _) => Err(AmazonError::unknown_operation(&format!("{method} below a REST API"))),
    }
}

/// Whether a request is one of version 2.
fn is_v2(request: &Request<Bytes>) -> bool {
    request.uri().path().starts_with("/v2/")
}

fn list_rest_apis(state: &State, call: &Call<'_>) -> Result<Response<Bytes>, AmazonError> {
    let (page, position) = paging::page(&state.apis, "restapis", call)?;
    let items = page.into_iter().map(|entry| wire::rest_api(&entry.api)).collect();
    Ok(wire::json_answer(StatusCode::OK, &wire::list(items, position)))
}
