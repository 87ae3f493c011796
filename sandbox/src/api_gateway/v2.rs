//! Version 2 of the control plane: HTTP and WebSocket APIs, and the mappings of domain names. It speaks JSON only.

pub(super) mod domains;
mod export;
mod wire;
mod writes;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::call::Call;
use super::errors::AmazonError;
use super::paging::v2_page;
use super::state::State;
use super::v2_api::{Model, Route};
use super::v2_entry::V2Entry;
use super::wire::json_answer;

/// Answers a call below `/v2/apis`.
pub(super) fn answer(state: &mut State, call: &Call<'_>, rest: &[&str]) -> Result<Response<Bytes>, AmazonError> {
    if state.v2_missing {
        return Err(AmazonError::no_v2(call.account, call.region));
    }
    let body = match (call.method, rest) {
        (&Method::GET, []) => listed(&state.v2_apis, "v2/apis", call, |entry| {
            wire::api(&entry.api, call.region)
        })?,
        // An empty id, as a caller who forgot it sends it.
        (&Method::GET, [""]) => json!({}),
        (&Method::GET, [id, "exports", specification]) => {
            let now = state.export_time(call.now);
            return export::export(entry_of(state, call, id)?, specification, call, now);
        }
        (&Method::GET, [id, rest @ ..]) => read(entry_of(state, call, id)?, call, rest)?,
        (&Method::POST | &Method::DELETE, _) => return writes::answer(state, call, rest),
        (method, _) => return Err(unknown(method)),
    };
    Ok(json_answer(StatusCode::OK, &body))
}

fn read(entry: &V2Entry, call: &Call<'_>, rest: &[&str]) -> Result<Value, AmazonError> {
    let id = &entry.api.id;
    // A token is good for its own list only.
    let list = rest
        .first()
        .map(|kind| format!("v2/apis/{id}/{kind}"))
        .unwrap_or_default();
    match rest {
        [] => Ok(wire::api(&entry.api, call.region)),
        ["stages"] => listed(&entry.stages, &list, call, wire::stage),
        ["stages", name] => Ok(wire::stage(entry.stage(name)?)),
        ["deployments"] => listed(&entry.deployments, &list, call, wire::deployment),
        ["deployments", id] => one(&entry.deployments, id, "deployment", wire::deployment),
        ["routes"] => listed(&routes(entry), &list, call, |route| wire::route(route)),
        ["routes", id] => one(&routes(entry), id, "route", |route| wire::route(route)),
        ["models"] => listed(&models(entry), &list, call, |model| wire::model(model)),
        ["models", id] => one(&models(entry), id, "model", |model| wire::model(model)),
        _ => Err(unknown(call.method)),
    }
}

fn routes(entry: &V2Entry) -> BTreeMap<String, &Route> {
    let routes = entry.api.routes.iter();
    routes.map(|route| (route.id.clone(), route)).collect()
}

fn models(entry: &V2Entry) -> BTreeMap<String, &Model> {
    let models = entry.api.models.iter();
    models.map(|model| (model.id.clone(), model)).collect()
}

fn entry_of<'a>(state: &'a State, call: &Call<'_>, id: &str) -> Result<&'a V2Entry, AmazonError> {
    let entry = state.v2_apis.get(id);
    entry.ok_or_else(|| AmazonError::unknown_api(call.account, id))
}

fn listed<T>(
    items: &BTreeMap<String, T>,
    list: &str,
    call: &Call<'_>,
    shape: impl Fn(&T) -> Value,
) -> Result<Value, AmazonError> {
    let (page, next_token) = v2_page(items, list, call)?;
    let items = page.into_iter().map(shape).collect();
    Ok(wire::list("items", items, next_token))
}

fn one<T>(
    items: &BTreeMap<String, T>,
    id: &str,
    kind: &str,
    shape: impl Fn(&T) -> Value,
) -> Result<Value, AmazonError> {
    let unknown = || AmazonError::not_found(format!("Invalid {kind} identifier specified"));
    Ok(shape(items.get(id).ok_or_else(unknown)?))
}

fn unknown(method: &Method) -> AmazonError {
    AmazonError::unknown_operation(&format!("{method} of this path in version 2"))
}
