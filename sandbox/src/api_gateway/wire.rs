//! The shapes on the wire.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::errors::REQUEST_ID;
use super::errors::request_id;
use super::rest_api::{Deployment, EndpointType, RestApi, Stage};

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
    let mut list = Map::new();
    list.insert("item".to_owned(), Value::Array(items));
    insert(&mut list, "position", position);
    Value::Object(list)
}

/// A REST API.
pub(super) fn rest_api(api: &RestApi) -> Value {
    let mut endpoint = Map::new();
    endpoint.insert("types".to_owned(), json!([api.endpoint_type.as_str()]));
    let address_type = match api.endpoint_type {
        EndpointType::Edge | EndpointType::Regional => "ipv4",
        EndpointType::Private => "dualstack",
    };
    endpoint.insert("ipAddressType".to_owned(), json!(address_type));
    if !api.vpc_endpoint_ids.is_empty() {
        endpoint.insert("vpcEndpointIds".to_owned(), json!(api.vpc_endpoint_ids));
    }
    let mut shape = Map::new();
    shape.insert("id".to_owned(), json!(api.id));
    shape.insert("name".to_owned(), json!(api.name));
    insert(&mut shape, "description", api.description.clone());
    shape.insert("createdDate".to_owned(), json!(api.created_date));
    insert(&mut shape, "version", api.version.clone());
    shape.insert("apiKeySource".to_owned(), json!("HEADER"));
    shape.insert("endpointConfiguration".to_owned(), Value::Object(endpoint));
    shape.insert("tags".to_owned(), json!(api.tags));
    shape.insert(
        "disableExecuteApiEndpoint".to_owned(),
        json!(api.disable_execute_api_endpoint),
    );
    shape.insert("rootResourceId".to_owned(), json!(format!("{}r", api.id)));
    shape.insert("apiStatus".to_owned(), json!("AVAILABLE"));
    Value::Object(shape)
}

/// A stage.
pub(super) fn stage(stage: &Stage) -> Value {
    let mut shape = Map::new();
    shape.insert("deploymentId".to_owned(), json!(stage.deployment_id));
    shape.insert("stageName".to_owned(), json!(stage.name));
    insert(&mut shape, "description", stage.description.clone());
    shape.insert("cacheClusterEnabled".to_owned(), json!(false));
    shape.insert("cacheClusterStatus".to_owned(), json!("NOT_AVAILABLE"));
    shape.insert("methodSettings".to_owned(), json!({}));
    if !stage.variables.is_empty() {
        shape.insert("variables".to_owned(), json!(stage.variables));
    }
    insert(&mut shape, "documentationVersion", stage.documentation_version.clone());
    if let Some(canary) = &stage.canary {
        shape.insert(
            "canarySettings".to_owned(),
            json!({"percentTraffic": canary.percent_traffic, "deploymentId": canary.deployment_id, "useStageCache": false}),
        );
    }
    shape.insert("tracingEnabled".to_owned(), json!(false));
    if !stage.tags.is_empty() {
        shape.insert("tags".to_owned(), json!(stage.tags));
    }
    shape.insert("createdDate".to_owned(), json!(stage.created_date));
    shape.insert("lastUpdatedDate".to_owned(), json!(stage.last_updated_date));
    Value::Object(shape)
}

/// A deployment.
pub(super) fn deployment(deployment: &Deployment) -> Value {
    let mut shape = Map::new();
    shape.insert("id".to_owned(), json!(deployment.id));
    insert(&mut shape, "description", deployment.description.clone());
    shape.insert("createdDate".to_owned(), json!(deployment.created_date));
    Value::Object(shape)
}

fn insert(shape: &mut Map<String, Value>, name: &str, text: Option<String>) {
    if let Some(text) = text {
        shape.insert(name.to_owned(), Value::String(text));
    }
}
