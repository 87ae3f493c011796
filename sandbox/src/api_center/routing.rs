//! Routing: finds the target of a request, and passes only what the resource manager would.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::path::{Kind, Target};
use super::query::Query;
use super::refusal::Refusal;
use super::state::State;
use super::surroundings::{self, API_VERSIONS};
use super::{metadata, permissions};
use crate::json;

/// Largest request of the resource manager, in bytes ("maximum size of 4 MB").
const REQUEST_MAX_BYTES: usize = 4 * 1024 * 1024;

pub(super) fn route(
    state: &mut State,
    request: &Request<Bytes>,
    segments: &[&str],
    query: &Query,
) -> Result<Response<Bytes>, Refusal> {
    let Some(api_version) = query.get("api-version").filter(|version| !version.is_empty()) else {
        return Err(Refusal::gateway(
            StatusCode::BAD_REQUEST,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    };
    if request.body().len() > REQUEST_MAX_BYTES {
        return Err(Refusal::gateway(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestContentTooLarge",
            "The request content size exceeds the maximum size of 4 MB.",
        ));
    }
    let in_service = segments.get(..8).filter(|start| state.service.is_at(start));
    let Some(in_service) = in_service.map(|start| &segments[start.len()..]) else {
        return around(state, request.method(), segments);
    };
    if let Some(answer) = permissions::answer(&state.permissions, request.method(), in_service, api_version) {
        return answer;
    }
    if !API_VERSIONS.contains(&api_version) {
        return Err(Refusal::gateway(
            StatusCode::BAD_REQUEST,
            "NoRegisteredProviderFound",
            format!(
                "No registered resource provider found for location 'eastus' and API version '{api_version}' for type 'services'. The supported api-versions are '{}'.",
                API_VERSIONS.join(", ")
            ),
        ));
    }
    let target = Target::parse(in_service).ok_or_else(|| unknown_type(api_version))?;
    dispatch(state, request, target, query, api_version)
}

fn dispatch(
    state: &mut State,
    request: &Request<Bytes>,
    target: Target,
    query: &Query,
    api_version: &str,
) -> Result<Response<Bytes>, Refusal> {
    let (method, headers) = (request.method(), request.headers());
    match target {
        Target::Service => match *method {
            Method::GET => Ok(state.service.response()),
            Method::PUT | Method::PATCH => state.service.write(method, &json_body(request)?),
            _ => Err(Refusal::MethodNotAllowed("GET, PUT, PATCH")),
        },
        Target::Collection(collection) => match *method {
            Method::GET => state.list(&collection, query),
            _ => Err(Refusal::MethodNotAllowed("GET")),
        },
        Target::Entity(address) => match *method {
            Method::GET | Method::HEAD => state.get(&address),
            Method::PUT => state.put(&address, headers, &json_body(request)?),
            Method::DELETE => state.delete(&address, headers),
            _ => Err(Refusal::MethodNotAllowed("GET, HEAD, PUT, DELETE")),
        },
        Target::OperationResult(address, id) if address.kind() == Kind::Definition => match *method {
            Method::GET => state.poll(&address, &id, query),
            _ => Err(Refusal::MethodNotAllowed("GET")),
        },
        Target::ServiceAction(action) if action.eq_ignore_ascii_case("exportMetadataSchema") => {
            post_only(method)?;
            let body = json_body(request)?;
            let assigned_to = body.get("assignedTo").and_then(Value::as_str).unwrap_or_default();
            let schema = metadata::effective_schema(&state.catalog, assigned_to)?;
            Ok(json::answer(
                StatusCode::OK,
                &json!({"format": "json-schema", "value": schema}),
            ))
        }
        Target::Action(address, action) if address.kind() == Kind::Definition => {
            let action = action.to_ascii_lowercase();
            match action.as_str() {
                "importspecification" => {
                    post_only(method)?;
                    state.import(&address, &json_body(request)?, api_version)
                }
                "exportspecification" => {
                    post_only(method)?;
                    state.export(&address)
                }
                _ => Err(unknown_type(api_version)),
            }
        }
        Target::ServiceAction(_) | Target::Action(..) | Target::OperationResult(..) => Err(unknown_type(api_version)),
    }
}

fn post_only(method: &Method) -> Result<(), Refusal> {
    if method == Method::POST {
        Ok(())
    } else {
        Err(Refusal::MethodNotAllowed("POST"))
    }
}

/// Answers requests outside the API center.
fn around(state: &State, method: &Method, segments: &[&str]) -> Result<Response<Bytes>, Refusal> {
    if let Some(answer) = surroundings::answer(&state.service, segments) {
        return match *method {
            Method::GET | Method::HEAD => answer,
            _ => Err(Refusal::MethodNotAllowed("GET")),
        };
    }
    let message = match segments {
        [_, _, _, group, _, provider, kind, name, ..] => {
            format!("The Resource '{provider}/{kind}/{name}' under resource group '{group}' was not found.")
        }
        _ => format!("The Resource '/{}' was not found.", segments.join("/")),
    };
    Err(Refusal::gateway(StatusCode::NOT_FOUND, "ResourceNotFound", message))
}

fn unknown_type(api_version: &str) -> Refusal {
    Refusal::gateway(
        StatusCode::NOT_FOUND,
        "InvalidResourceType",
        format!(
            "The resource type could not be found in the namespace 'Microsoft.ApiCenter' for api version '{api_version}'."
        ),
    )
}

fn json_body(request: &Request<Bytes>) -> Result<Map<String, Value>, Refusal> {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return Err(Refusal::gateway(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "The content media type is not supported. Only 'application/json' is supported.",
        ));
    }
    serde_json::from_slice(request.body()).map_err(|error| {
        Refusal::gateway(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContent",
            format!("The request content was invalid and could not be deserialized: '{error}'."),
        )
    })
}
