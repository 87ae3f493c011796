//! The shapes of version 2 on the wire.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::date::iso;
use super::super::v2_api::{Model, Protocol, Route, V2Api, V2Stage};
use super::super::v2_entry::V2Deployment;
use crate::json::present;
use crate::region::dns_suffix;

/// A list under its key; `next_token` leads to the next page.
pub(in super::super) fn list(key: &str, items: Vec<Value>, next_token: Option<String>) -> Value {
    let mut list = Map::from_iter([(key.to_owned(), Value::Array(items))]);
    list.extend(next_token.map(|token| ("nextToken".to_owned(), Value::String(token))));
    Value::Object(list)
}

/// An API; no shape has its routes and models in it.
pub(super) fn api(api: &V2Api, region: &str) -> Value {
    let (scheme, suffix) = (api.protocol.scheme(), dns_suffix(region));
    let is_websocket = match api.protocol {
        Protocol::Http => false,
        Protocol::Websocket => true,
    };
    present(json!({
        "apiEndpoint": format!("{scheme}://{}.execute-api.{region}.{suffix}", api.id),
        "apiGatewayManaged": false,
        "apiId": api.id,
        "apiKeySelectionExpression": "$request.header.x-api-key",
        "corsConfiguration": api.cors_configuration,
        "createdDate": iso(api.created_date),
        "description": api.description,
        "disableExecuteApiEndpoint": api.disable_execute_api_endpoint,
        "disableSchemaValidation": is_websocket.then_some(false),
        "ipAddressType": "ipv4",
        "name": api.name,
        "protocolType": api.protocol.as_str(),
        "routeSelectionExpression": api.route_selection_expression,
        "tags": api.tags,
        "version": api.version,
    }))
}

/// A stage.
pub(super) fn stage(stage: &V2Stage) -> Value {
    present(json!({
        "apiGatewayManaged": false,
        "autoDeploy": stage.auto_deploy,
        "createdDate": iso(stage.created_date),
        "defaultRouteSettings": { "detailedMetricsEnabled": false },
        "deploymentId": stage.deployment_id,
        "description": stage.description,
        "lastDeploymentStatusMessage": stage.last_deployment_status_message,
        "lastUpdatedDate": iso(stage.last_updated_date),
        "routeSettings": {},
        "stageName": stage.name,
        "stageVariables": stage.variables,
        "tags": stage.tags,
    }))
}

/// A deployment.
pub(super) fn deployment(deployment: &V2Deployment) -> Value {
    present(json!({
        "autoDeployed": deployment.auto_deployed,
        "createdDate": iso(deployment.created_date),
        "deploymentId": deployment.id,
        "deploymentStatus": "DEPLOYED",
        "description": deployment.description,
    }))
}

/// A route.
pub(super) fn route(route: &Route) -> Value {
    let parameters = route.request_parameters.iter();
    let parameters: Map<String, Value> = parameters
        .map(|(name, required)| (name.clone(), json!({ "required": required })))
        .collect();
    present(json!({
        "apiGatewayManaged": false,
        "apiKeyRequired": route.api_key_required,
        "authorizationScopes": filled(&route.authorization_scopes, Vec::is_empty),
        "authorizationType": route.authorization_type,
        "authorizerId": route.authorizer_id,
        "operationName": route.operation_name,
        "requestModels": filled(&route.request_models, BTreeMap::is_empty),
        "requestParameters": filled(&parameters, Map::is_empty),
        "routeId": route.id,
        "routeKey": route.key,
        "routeResponseSelectionExpression": route.route_response_selection_expression,
    }))
}

/// A model.
pub(super) fn model(model: &Model) -> Value {
    json!({
        "contentType": model.content_type,
        "modelId": model.id,
        "name": model.name,
        "schema": model.schema,
    })
}

fn filled<T>(collection: &T, is_empty: impl FnOnce(&T) -> bool) -> Option<&T> {
    (!is_empty(collection)).then_some(collection)
}
