//! Responses with entities, lists or nothing.

use bytes::Bytes;
use http::header::{ETAG, LOCATION};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::catalog::Entity;
use super::path::{Address, Collection};
use crate::json;

/// The effect of a write on an entity, which decides the times in the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Created,
    Updated,
    Read,
}

pub(super) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// `202` with the URL of the operation.
pub(super) fn accepted(body: Option<&Value>, location: &str) -> Response<Bytes> {
    let mut response = match body {
        Some(body) => json::answer(StatusCode::ACCEPTED, body),
        None => empty(StatusCode::ACCEPTED),
    };
    set_header(&mut response, LOCATION, location);
    response
}

/// A single entity: creates answer `200` like updates, and the `ETag` is unquoted (recorded, 2024-03-01).
pub(super) fn entity_response(service_id: &str, address: &Address, entity: &Entity, seen: Seen) -> Response<Bytes> {
    let body = entity_body(service_id, &address.collection, entity, seen);
    let mut response = json::answer(StatusCode::OK, &body);
    set_header(&mut response, ETAG, &entity.etag);
    response
}

pub(super) fn entity_body(service_id: &str, collection: &Collection, entity: &Entity, seen: Seen) -> Value {
    json!({
        "type": collection.kind.type_name(),
        "properties": entity.properties,
        "id": format!("{service_id}{}/{}", collection.path(), entity.name),
        "name": entity.name,
        "systemData": system_data(entity, seen),
    })
}

/// After an update, only the time of the change; an environment has none before its first (recorded, 2024-03-01).
fn system_data(entity: &Entity, seen: Seen) -> Map<String, Value> {
    let mut times = Map::new();
    if seen != Seen::Updated {
        times.insert("createdAt".to_owned(), Value::from(entity.created_at.clone()));
    }
    if let Some(last_modified_at) = &entity.last_modified_at {
        times.insert("lastModifiedAt".to_owned(), Value::from(last_modified_at.clone()));
    }
    times
}

pub(super) fn set_header(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
