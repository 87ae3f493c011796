//! Writes of version 2: enough to fill a gateway with AWS's own tools.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::super::call::Call;
use super::super::errors::AmazonError;
use super::super::state::State;
use super::super::v2_api::{Model, Protocol, Route, V2Api, V2Stage};
use super::super::v2_entry::V2Entry;
use super::super::wire::{empty_answer, json_answer};
use super::wire;
use crate::random;

/// Letters and digits of an API's id.
const API_ID_LENGTH: usize = 10;
/// Letters and digits of a route's or a model's id.
const ID_LENGTH: usize = 7;
/// Most stages of an API (API Gateway quotas).
const STAGES_MAX: usize = 10;
/// Most routes of an API (API Gateway quotas).
const ROUTES_MAX: usize = 300;
/// Most bytes of a model's schema.
const SCHEMA_MAX: usize = 32 * 1024;
/// The methods that a route of an HTTP API can be for.
const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewApi {
    name: String,
    protocol_type: String,
    description: Option<String>,
    version: Option<String>,
    route_selection_expression: Option<String>,
    cors_configuration: Option<Value>,
    #[serde(default)]
    disable_execute_api_endpoint: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    target: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewStage {
    stage_name: String,
    deployment_id: Option<String>,
    description: Option<String>,
    #[serde(default)]
    auto_deploy: bool,
    #[serde(default)]
    stage_variables: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewRoute {
    route_key: String,
    operation_name: Option<String>,
    authorization_type: Option<String>,
    authorizer_id: Option<String>,
    #[serde(default)]
    authorization_scopes: Vec<String>,
    #[serde(default)]
    api_key_required: bool,
    #[serde(default)]
    request_models: BTreeMap<String, String>,
    #[serde(default)]
    request_parameters: BTreeMap<String, Constraint>,
    route_response_selection_expression: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Constraint {
    #[serde(default)]
    required: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewModel {
    name: String,
    schema: String,
    content_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewDeployment {
    stage_name: Option<String>,
    description: Option<String>,
}

/// Answers a call that creates or deletes something below `/v2/apis`.
pub(super) fn answer(state: &mut State, call: &Call<'_>, rest: &[&str]) -> Result<Response<Bytes>, AmazonError> {
    let [id, rest @ ..] = rest else {
        return create_api(state, call);
    };
    let unknown = || AmazonError::unknown_api(call.account, id);
    if (call.method, rest) == (&Method::DELETE, &[]) {
        state.v2_apis.remove(*id).ok_or_else(unknown)?;
        return Ok(empty_answer(StatusCode::NO_CONTENT));
    }
    let entry = state.v2_apis.get_mut(*id).ok_or_else(unknown)?;
    let body = match (call.method.as_str(), rest) {
        ("POST", ["stages"]) => create_stage(entry, call)?,
        ("POST", ["routes"]) => create_route(entry, call)?,
        ("POST", ["models"]) => create_model(entry, call)?,
        ("POST", ["deployments"]) => create_deployment(entry, call)?,
        ("DELETE", [kind, id]) => {
            delete(entry, kind, id, call)?;
            return Ok(empty_answer(StatusCode::NO_CONTENT));
        }
        (method, _) => {
            let operation = format!("{method} of this path in version 2");
            return Err(AmazonError::unknown_operation(&operation));
        }
    };
    Ok(json_answer(StatusCode::CREATED, &body))
}

fn create_api(state: &mut State, call: &Call<'_>) -> Result<Response<Bytes>, AmazonError> {
    if call.method != Method::POST {
        return Err(AmazonError::unknown_operation("DELETE /v2/apis"));
    }
    let new: NewApi = call.json()?;
    if new.name.is_empty() {
        return Err(AmazonError::bad_request("API name must not be empty"));
    }
    if new.target.is_some() {
        return Err(AmazonError::bad_request(
            "The sandbox does not make APIs by quick create",
        ));
    }
    let id = random::text(API_ID_LENGTH);
    let protocol = Protocol::parse(&new.protocol_type);
    let mut api = match protocol.ok_or_else(|| AmazonError::bad_request("Invalid protocol type"))? {
        Protocol::Http => V2Api::http(&id, new.name),
        Protocol::Websocket if new.route_selection_expression.is_none() => {
            return Err(AmazonError::bad_request(
                "A route selection expression is required for WEBSOCKET protocol APIs",
            ));
        }
        Protocol::Websocket => V2Api::websocket(&id, new.name),
    };
    api.description = new.description;
    api.version = new.version;
    api.created_date = call.now;
    api.cors_configuration = new.cors_configuration;
    api.disable_execute_api_endpoint = new.disable_execute_api_endpoint;
    api.tags = new.tags;
    if let Some(expression) = new.route_selection_expression {
        api.route_selection_expression = expression;
    }
    let body = wire::api(&api, call.region);
    state.v2_apis.insert(id, V2Entry::new(api));
    Ok(json_answer(StatusCode::CREATED, &body))
}

fn create_stage(entry: &mut V2Entry, call: &Call<'_>) -> Result<Value, AmazonError> {
    let new: NewStage = call.json()?;
    check_stage_name(&new.stage_name, entry.api.protocol)?;
    if entry.stages.contains_key(&new.stage_name) {
        return Err(AmazonError::conflict("Stage already exists"));
    }
    if entry.stages.len() >= STAGES_MAX {
        return Err(AmazonError::too_many_requests());
    }
    let deployment = match &new.deployment_id {
        None => None,
        Some(id) => Some(entry.deployments.get(id).ok_or_else(unknown_deployment)?.clone()),
    };
    let name = new.stage_name;
    let stage = V2Stage {
        description: new.description,
        created_date: call.now,
        last_updated_date: call.now,
        auto_deploy: new.auto_deploy,
        variables: new.stage_variables,
        tags: new.tags,
        ..V2Stage::undeployed(&name)
    };
    entry.stages.insert(name.clone(), stage);
    match deployment {
        Some(deployment) => entry.run(&name, &deployment, call.now)?,
        None => entry.deploy_change(call.now)?,
    }
    Ok(wire::stage(entry.stage(&name)?))
}

fn create_route(entry: &mut V2Entry, call: &Call<'_>) -> Result<Value, AmazonError> {
    let new: NewRoute = call.json()?;
    check_route_key(&new.route_key, entry.api.protocol)?;
    if entry.api.routes.iter().any(|route| route.key == new.route_key) {
        let message = format!("Route with key {} already exists for this API", new.route_key);
        return Err(AmazonError::conflict(message));
    }
    if entry.api.routes.len() >= ROUTES_MAX {
        return Err(AmazonError::too_many_requests());
    }
    let parameters = new.request_parameters.into_iter();
    let route = Route {
        operation_name: new.operation_name,
        authorization_type: new.authorization_type.unwrap_or_else(|| "NONE".to_owned()),
        authorizer_id: new.authorizer_id,
        authorization_scopes: new.authorization_scopes,
        api_key_required: new.api_key_required,
        request_models: new.request_models,
        request_parameters: parameters
            .map(|(name, constraint)| (name, constraint.required))
            .collect(),
        route_response_selection_expression: new.route_response_selection_expression,
        ..Route::new(random::text(ID_LENGTH), new.route_key)
    };
    let body = wire::route(&route);
    entry.add_operation(&route.key);
    entry.api.routes.push(route);
    entry.deploy_change(call.now)?;
    Ok(body)
}

fn create_model(entry: &mut V2Entry, call: &Call<'_>) -> Result<Value, AmazonError> {
    match entry.api.protocol {
        Protocol::Http => {
            return Err(AmazonError::bad_request(
                "Models are not supported for HTTP protocol APIs",
            ));
        }
        Protocol::Websocket => (),
    }
    let new: NewModel = call.json()?;
    if new.name.is_empty() || !new.name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(AmazonError::bad_request("Model name must be alphanumeric"));
    }
    if entry.api.models.iter().any(|model| model.name == new.name) {
        return Err(AmazonError::conflict("Model name already exists for this API"));
    }
    if new.schema.len() > SCHEMA_MAX || serde_json::from_str::<Value>(&new.schema).is_err() {
        return Err(AmazonError::bad_request("Invalid model schema specified"));
    }
    let mut model = Model::new(random::text(ID_LENGTH), new.name, new.schema);
    if let Some(content_type) = new.content_type {
        model.content_type = content_type;
    }
    let body = wire::model(&model);
    entry.api.models.push(model);
    entry.deploy_change(call.now)?;
    Ok(body)
}

fn create_deployment(entry: &mut V2Entry, call: &Call<'_>) -> Result<Value, AmazonError> {
    let new: NewDeployment = call.json()?;
    if entry.api.routes.is_empty() {
        return Err(AmazonError::bad_request(
            "At least one route is required before deploying the Api.",
        ));
    }
    if let Some(name) = &new.stage_name {
        entry.stage(name)?;
    }
    let deployment = entry.deploy(new.description, false, call.now);
    if let Some(name) = &new.stage_name {
        entry.run(name, &deployment, call.now)?;
    }
    Ok(wire::deployment(&deployment))
}

fn delete(entry: &mut V2Entry, kind: &str, id: &str, call: &Call<'_>) -> Result<(), AmazonError> {
    let unknown = || AmazonError::not_found(format!("Invalid identifier specified: {id}"));
    match kind {
        "stages" => {
            entry.stages.remove(id).ok_or_else(AmazonError::unknown_stage)?;
            Ok(())
        }
        "routes" => {
            let place = entry.api.routes.iter().position(|route| route.id == id);
            let route = entry.api.routes.remove(place.ok_or_else(unknown)?);
            entry.remove_operation(&route.key);
            entry.deploy_change(call.now)
        }
        "models" => {
            let place = entry.api.models.iter().position(|model| model.id == id);
            entry.api.models.remove(place.ok_or_else(unknown)?);
            entry.deploy_change(call.now)
        }
        "deployments" => {
            if entry
                .stages
                .values()
                .any(|stage| stage.deployment_id.as_deref() == Some(id))
            {
                return Err(AmazonError::bad_request(
                    "Active stages pointing to this deployment must be moved or deleted",
                ));
            }
            entry.deployments.remove(id).ok_or_else(unknown_deployment)?;
            Ok(())
        }
        _ => Err(AmazonError::unknown_operation(&format!(
            "DELETE of {kind} in version 2"
        ))),
    }
}

fn check_stage_name(name: &str, protocol: Protocol) -> Result<(), AmazonError> {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let is_default = match protocol {
        Protocol::Http => name == "$default",
        Protocol::Websocket => false,
    };
    if is_default || (1..=128).contains(&name.len()) && name.bytes().all(fit) {
        Ok(())
    } else {
        Err(AmazonError::bad_request("Stage name only allows a-zA-Z0-9_-"))
    }
}

fn check_route_key(key: &str, protocol: Protocol) -> Result<(), AmazonError> {
    let fits = match (protocol, key.split_once(' ')) {
        (Protocol::Websocket, _) => !key.is_empty(),
        (Protocol::Http, Some((method, path))) => METHODS.contains(&method) && path.starts_with('/'),
        (Protocol::Http, None) => key == "$default",
    };
    if fits {
        Ok(())
    } else {
        Err(AmazonError::bad_request(format!(
            "The provided route key is not formatted properly: {key}"
        )))
    }
}

fn unknown_deployment() -> AmazonError {
    AmazonError::not_found("Invalid deployment identifier specified")
}
