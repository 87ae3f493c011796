//! The shapes on the wire.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::errors::{REQUEST_ID, request_id};
use super::rest_api::{Canary, Deployment, EndpointType, RestApi, Stage};
use crate::json::present;

/// An answer in JSON.
pub(super) fn json_answer(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(REQUEST_ID, request_id());
    response
}

/// An answer without a body.
pub(super) fn empty_answer(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response.headers_mut().insert(REQUEST_ID, request_id());
    response
}

/// A list; `position` leads to the next page.
pub(super) fn list(items: Vec<Value>, position: Option<String>) -> Value {
    let mut list = Map::from_iter([("item".to_owned(), Value::Array(items))]);
    list.extend(position.map(|position| ("position".to_owned(), Value::String(position))));
    Value::Object(list)
}

/// A REST API.
pub(super) fn rest_api(api: &RestApi) -> Value {
    let address_type = match api.endpoint_type {
        EndpointType::Edge | EndpointType::Regional => "ipv4",
        EndpointType::Private => "dualstack",
    };
    let vpc_endpoint_ids = Some(&api.vpc_endpoint_ids).filter(|ids| !ids.is_empty());
    let endpoint = present(json!({
        "types": [api.endpoint_type.as_str()],
        "ipAddressType": address_type,
        "vpcEndpointIds": vpc_endpoint_ids,
    }));
    present(json!({
        "id": api.id,
        "name": api.name,
        "description": api.description,
        "createdDate": api.created_date,
        "version": api.version,
        "apiKeySource": "HEADER",
        "endpointConfiguration": endpoint,
        "tags": api.tags,
        "disableExecuteApiEndpoint": api.disable_execute_api_endpoint,
        "rootResourceId": format!("{}r", api.id),
        "apiStatus": "AVAILABLE",
    }))
}

/// A stage.
pub(super) fn stage(stage: &Stage) -> Value {
    let canary = |canary: &Canary| json!({"percentTraffic": canary.percent_traffic, "deploymentId": canary.deployment_id, "useStageCache": false});
    present(json!({
        "deploymentId": stage.deployment_id,
        "stageName": stage.name,
        "description": stage.description,
        "cacheClusterEnabled": false,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "variables": Some(&stage.variables).filter(|variables| !variables.is_empty()),
        "documentationVersion": stage.documentation_version,
        "canarySettings": stage.canary.as_ref().map(canary),
        "tracingEnabled": false,
        "tags": Some(&stage.tags).filter(|tags| !tags.is_empty()),
        "createdDate": stage.created_date,
        "lastUpdatedDate": stage.last_updated_date,
    }))
}

/// A deployment.
pub(super) fn deployment(deployment: &Deployment) -> Value {
    present(json!({
        "id": deployment.id,
        "description": deployment.description,
        "createdDate": deployment.created_date,
    }))
}
