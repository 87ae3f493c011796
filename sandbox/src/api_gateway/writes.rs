//! Writes: enough to fill a gateway with AWS's own tools.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::call::Call;
use super::definition::Definition;
use super::errors::AmazonError;
use super::patch::Patch;
use super::rest_api::{EndpointType, Entry, RestApi, Stage};
use super::state::State;
use super::wire;
use crate::random;

/// Letters and digits of a REST API's id.
const API_ID_LENGTH: usize = 10;
/// Letters and digits of a deployment's id.
const DEPLOYMENT_ID_LENGTH: usize = 6;
/// Most stages of an API (API Gateway quotas).
const STAGES_MAX: usize = 10;
/// Most regional APIs, and most private ones, of an account in a region (API Gateway quotas).
const APIS_MAX: usize = 600;
/// Most edge-optimized APIs (API Gateway quotas).
const EDGE_APIS_MAX: usize = 120;

/// The document, `paths`, a path: a method below these is replaced as a whole; likewise `components`, `schemas`, a schema.
const MERGED_DEPTH: usize = 3;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewRestApi {
    name: String,
    description: Option<String>,
    version: Option<String>,
    #[serde(default)]
    endpoint_configuration: EndpointConfiguration,
    #[serde(default)]
    disable_execute_api_endpoint: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndpointConfiguration {
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    vpc_endpoint_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewStage {
    stage_name: String,
    deployment_id: String,
    description: Option<String>,
    documentation_version: Option<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewDeployment {
    stage_name: Option<String>,
    stage_description: Option<String>,
    description: Option<String>,
}

/// `CreateRestApi`, and `ImportRestApi` when the query says so.
pub(super) fn create_rest_api(state: &mut State, call: &Call<'_>) -> Result<Response<Bytes>, AmazonError> {
    let id = random::text(API_ID_LENGTH);
    let entry = match call.query("mode") {
        Some("import") => imported(&id, call)?,
        Some(_) | None => created(&id, call)?,
    };
    let kind = entry.api.endpoint_type;
    let room = match kind {
        EndpointType::Edge => EDGE_APIS_MAX,
        EndpointType::Regional | EndpointType::Private => APIS_MAX,
    };
    let alike = state.apis.values().filter(|other| other.api.endpoint_type == kind);
    if alike.count() >= room {
        return Err(AmazonError::limit_exceeded());
    }
    let body = wire::rest_api(&entry.api);
    state.apis.insert(id, entry);
    Ok(wire::json_answer(StatusCode::CREATED, &body))
}

fn created(id: &str, call: &Call<'_>) -> Result<Entry, AmazonError> {
    let new: NewRestApi = call.json()?;
    if new.name.is_empty() {
        return Err(AmazonError::bad_request("API name must not be empty"));
    }
    let endpoint_type = match new.endpoint_configuration.types.first() {
        Some(word) => EndpointType::parse(word).ok_or_else(|| AmazonError::bad_request("Invalid endpoint type"))?,
        None => EndpointType::Edge,
    };
    let api = RestApi {
        description: new.description,
        version: new.version,
        created_date: call.now,
        endpoint_type,
        vpc_endpoint_ids: new.endpoint_configuration.vpc_endpoint_ids,
        disable_execute_api_endpoint: new.disable_execute_api_endpoint,
        tags: new.tags,
        ..RestApi::new(id, new.name)
    };
    Ok(Entry::new(api, Definition::from(serde_json::json!({ "paths": {} }))))
}

fn imported(id: &str, call: &Call<'_>) -> Result<Entry, AmazonError> {
    let document = openapi(call)?;
    let text = |name: &str| document["info"][name].as_str().map(str::to_owned);
    let name = text("title").ok_or_else(|| AmazonError::bad_request("Invalid OpenAPI input: info.title is missing"))?;
    let api = RestApi {
        description: text("description"),
        version: text("version"),
        created_date: call.now,
        endpoint_type: EndpointType::Edge,
        ..RestApi::new(id, name)
    };
    Ok(Entry::new(api, Definition::from(document)))
}

/// `PutRestApi`: the next deployment freezes the new document, or what it makes of the old one.
pub(super) fn put_definition(entry: &mut Entry, call: &Call<'_>) -> Result<Response<Bytes>, AmazonError> {
    let new = openapi(call)?;
    let draft = match (call.query("mode"), &entry.draft) {
        (None | Some("merge"), Definition::OpenApi(old)) => merged(old, new),
        (None | Some("merge" | "overwrite"), _) => new,
        (Some(_), _) => return Err(AmazonError::bad_request("Invalid mode: must be merge or overwrite")),
    };
    entry.draft = Definition::from(draft);
    Ok(wire::json_answer(StatusCode::OK, &wire::rest_api(&entry.api)))
}

/// The old document with the methods and schemas of the new one put over its own.
fn merged(old: &Value, new: Value) -> Value {
    let mut merged = old.clone();
    put_over(&mut merged, new, MERGED_DEPTH);
    merged
}

fn put_over(old: &mut Value, new: Value, depth: usize) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) if depth > 0 => {
            for (name, value) in new {
                put_over(old.entry(name).or_insert(Value::Null), value, depth - 1);
            }
        }
        (old, new) => *old = new,
    }
}

/// `UpdateRestApi`.
pub(super) fn update_rest_api(entry: &mut Entry, call: &Call<'_>) -> Result<Response<Bytes>, AmazonError> {
    let patch: Patch = call.json()?;
    let mut api = entry.api.clone();
    for operation in &patch.patch_operations {
        let text = operation.replacement()?;
        match operation.path.as_str() {
            "/name" => api.name = text,
            "/description" => api.description = Some(text).filter(|text| !text.is_empty()),
            "/version" => api.version = Some(text).filter(|text| !text.is_empty()),
            "/disableExecuteApiEndpoint" => api.disable_execute_api_endpoint = text.eq_ignore_ascii_case("true"),
            _ => return Err(operation.refused()),
        }
    }
    entry.api = api;
    Ok(wire::json_answer(StatusCode::OK, &wire::rest_api(&entry.api)))
}

/// `CreateDeployment`, which makes the stage, or moves it, when one is named.
pub(super) fn create_deployment(entry: &mut Entry, call: &Call<'_>) -> Result<Response<Bytes>, AmazonError> {
    let new: NewDeployment = call.json()?;
    if !entry.draft.has_methods() {
        return Err(AmazonError::bad_request("The REST API doesn't contain any methods"));
    }
    let id = random::text(DEPLOYMENT_ID_LENGTH);
    let draft = entry.draft.clone();
    if let Some(name) = new.stage_name.filter(|name| !name.is_empty()) {
        check_stage_name(&name)?;
        if !entry.stages.contains_key(&name) && entry.stages.len() >= STAGES_MAX {
            return Err(AmazonError::limit_exceeded());
        }
        let stage = entry.stages.entry(name.clone()).or_insert_with(|| Stage {
            description: new.stage_description,
            created_date: call.now,
            ..Stage::new(name, &id, draft.clone())
        });
        stage.deployment_id.clone_from(&id);
        stage.definition = draft.clone();
        stage.last_updated_date = call.now;
    }
    entry.deploy(&id, new.description, draft, call.now);
    let body = entry.deployments.get(&id).map(wire::deployment).unwrap_or_default();
    Ok(wire::json_answer(StatusCode::CREATED, &body))
}

/// `CreateStage`.
pub(super) fn create_stage(entry: &mut Entry, call: &Call<'_>) -> Result<Response<Bytes>, AmazonError> {
    let new: NewStage = call.json()?;
    check_stage_name(&new.stage_name)?;
    if entry.stages.contains_key(&new.stage_name) {
        return Err(AmazonError::conflict("Stage already exists"));
    }
    if entry.stages.len() >= STAGES_MAX {
        return Err(AmazonError::limit_exceeded());
    }
    if new.documentation_version.is_some() {
        return Err(unknown_documentation());
    }
    let deployment = entry
        .deployments
        .get(&new.deployment_id)
        .ok_or_else(unknown_deployment)?;
    let stage = Stage {
        description: new.description,
        created_date: call.now,
        last_updated_date: call.now,
        variables: new.variables,
        tags: new.tags,
        ..Stage::new(new.stage_name.clone(), new.deployment_id, deployment.definition.clone())
    };
    let body = wire::stage(&stage);
    entry.stages.insert(new.stage_name, stage);
    Ok(wire::json_answer(StatusCode::CREATED, &body))
}

/// `UpdateStage`.
pub(super) fn update_stage(entry: &mut Entry, name: &str, call: &Call<'_>) -> Result<Response<Bytes>, AmazonError> {
    let patch: Patch = call.json()?;
    let mut stage = entry.stage(name)?.clone();
    for operation in &patch.patch_operations {
        let text = operation.replacement()?;
        match operation.path.as_str() {
            "/deploymentId" => {
                let deployment = entry.deployments.get(&text).ok_or_else(unknown_deployment)?;
                stage.definition = deployment.definition.clone();
                stage.deployment_id = text;
            }
            "/description" => stage.description = Some(text).filter(|text| !text.is_empty()),
            "/documentationVersion" if text.is_empty() => stage.documentation_version = None,
            "/documentationVersion" => return Err(unknown_documentation()),
            _ => return Err(operation.refused()),
        }
    }
    stage.last_updated_date = call.now;
    let body = wire::stage(&stage);
    entry.stages.insert(name.to_owned(), stage);
    Ok(wire::json_answer(StatusCode::OK, &body))
}

fn openapi(call: &Call<'_>) -> Result<Value, AmazonError> {
    let document: Value = call.json()?;
    let is_openapi = document.get("openapi").or_else(|| document.get("swagger")).is_some();
    if is_openapi && document.get("paths").is_some_and(Value::is_object) {
        Ok(document)
    } else {
        Err(AmazonError::bad_request("Invalid OpenAPI input."))
    }
}

fn check_stage_name(name: &str) -> Result<(), AmazonError> {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=128).contains(&name.len()) && name.bytes().all(fit) {
        Ok(())
    } else {
        Err(AmazonError::bad_request("Stage name only allows a-zA-Z0-9_-"))
    }
}

/// No documentation version can be made here, so there is none that a stage could have.
fn unknown_documentation() -> AmazonError {
    AmazonError::not_found("Invalid Documentation version specified")
}

fn unknown_deployment() -> AmazonError {
    AmazonError::bad_request("Deployment id does not exist")
}
