//! The API center itself, as a resource.

use bytes::Bytes;
use http::header::ETAG;
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::State;
use super::answer::{json_response, set_header};
use super::catalog::now_text;
use super::refusal::Refusal;

/// What can be set on an API center.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub sku: String,
    location: String,
    identity: Option<Value>,
    tags: Map<String, Value>,
    created_at: String,
    last_modified_at: String,
    writes: u32,
}

impl Service {
    pub fn new(sku: String) -> Self {
        let now = now_text();
        Self {
            sku,
            location: "eastus".to_owned(),
            identity: None,
            tags: Map::new(),
            created_at: now.clone(),
            last_modified_at: now,
            writes: 0,
        }
    }
}

impl State {
    /// The API center as answers show it.
    pub(super) fn service_body(&self) -> Value {
        let service = &self.service;
        let name = self.service_id.rsplit('/').next().unwrap_or_default();
        let mut body = Map::new();
        body.insert("type".to_owned(), json!("Microsoft.ApiCenter/services"));
        body.insert("location".to_owned(), json!(service.location));
        if let Some(identity) = &service.identity {
            body.insert("identity".to_owned(), identity.clone());
        }
        body.insert("sku".to_owned(), json!({"name": service.sku}));
        let host = format!("{name}.data.{}.azure-apicenter.ms", service.location);
        body.insert("properties".to_owned(), json!({"dataApiHostname": host}));
        body.insert("id".to_owned(), json!(self.service_id));
        body.insert("name".to_owned(), json!(name));
        body.insert("tags".to_owned(), json!(service.tags));
        body.insert(
            "systemData".to_owned(),
            json!({"createdAt": service.created_at, "lastModifiedAt": service.last_modified_at}),
        );
        Value::Object(body)
    }

    pub(super) fn service_response(&self) -> Response<Bytes> {
        let mut response = json_response(StatusCode::OK, &self.service_body());
        let etag = format!("{:08x}-0000-0100-0000-000000000000", self.service.writes);
        set_header(&mut response, ETAG, &etag);
        response
    }

    /// Changes what a `PUT` or `PATCH` of the API center may change.
    pub(super) fn write_service(
        &mut self,
        method: &Method,
        body: &Map<String, Value>,
    ) -> Result<Response<Bytes>, Refusal> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let location = text(body.get("location"));
        let sku = text(body.get("sku").and_then(|sku| sku.get("name")));
        if method == Method::PUT {
            let Some(location) = location else {
                return Err(Refusal::gateway(
                    StatusCode::BAD_REQUEST,
                    "LocationRequired",
                    "The location property is required for this definition.",
                ));
            };
            if location != self.service.location {
                return Err(Refusal::gateway(
                    StatusCode::CONFLICT,
                    "InvalidResourceLocation",
                    format!("the resource is in the location '{}'", self.service.location),
                ));
            }
        }
        if let Some(sku) = sku {
            if !["Free", "Standard"].contains(&sku.as_str()) {
                return Err(Refusal::invalid(
                    "ValidationError",
                    "'sku.name' must be one of Free, Standard",
                ));
            }
            self.service.sku = sku;
        }
        if method == Method::PUT || body.contains_key("identity") {
            self.service.identity = body.get("identity").filter(|identity| !identity.is_null()).cloned();
        }
        if method == Method::PUT || body.contains_key("tags") {
            self.service.tags = body.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
        }
        self.service.last_modified_at = now_text();
        self.service.writes = self.service.writes.wrapping_add(1);
        Ok(self.service_response())
    }
}
