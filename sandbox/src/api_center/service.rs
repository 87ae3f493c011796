//! The API center itself, as a resource.

use bytes::Bytes;
use http::header::ETAG;
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::set_header;
use super::catalog::now_text;
use super::refusal::Refusal;
use crate::json;

/// The writable properties of an API center.
#[derive(Debug, Clone)]
pub(super) struct Service {
    /// `/subscriptions/…/resourceGroups/…/providers/Microsoft.ApiCenter/services/NAME`.
    pub id: String,
    pub sku: String,
    location: String,
    identity: Option<Value>,
    tags: Map<String, Value>,
    created_at: String,
    last_modified_at: String,
    writes: u32,
}

impl Service {
    pub fn new(id: &str, sku: String) -> Self {
        let now = now_text();
        Self {
            id: id.trim_end_matches('/').to_owned(),
            sku,
            location: "eastus".to_owned(),
            identity: None,
            tags: Map::new(),
            created_at: now.clone(),
            last_modified_at: now,
            writes: 0,
        }
    }

    /// Whether this is its path.
    pub fn is_at(&self, segments: &[&str]) -> bool {
        let id = self.id.split('/').filter(|segment| !segment.is_empty());
        id.count() == segments.len() && format!("/{}", segments.join("/")).eq_ignore_ascii_case(&self.id)
    }

    pub fn subscription_id(&self) -> &str {
        self.id.split('/').nth(2).unwrap_or_default()
    }

    pub fn resource_group(&self) -> &str {
        self.id.split('/').nth(4).unwrap_or_default()
    }

    /// Its representation.
    pub fn body(&self) -> Value {
        let name = self.id.rsplit('/').next().unwrap_or_default();
        json::present(json!({
            "type": "Microsoft.ApiCenter/services",
            "location": self.location,
            "identity": self.identity,
            "sku": {"name": self.sku},
            "properties": {"dataApiHostname": format!("{name}.data.{}.azure-apicenter.ms", self.location)},
            "id": self.id,
            "name": name,
            "tags": self.tags,
            "systemData": {"createdAt": self.created_at, "lastModifiedAt": self.last_modified_at},
        }))
    }

    /// The answer to a `GET`.
    pub fn response(&self) -> Response<Bytes> {
        let mut response = json::answer(StatusCode::OK, &self.body());
        let etag = format!("{:08x}-0000-0100-0000-000000000000", self.writes);
        set_header(&mut response, ETAG, &etag);
        response
    }

    /// Applies a `PUT` or `PATCH`.
    pub fn write(&mut self, method: &Method, body: &Map<String, Value>) -> Result<Response<Bytes>, Refusal> {
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
            if location != self.location {
                return Err(Refusal::gateway(
                    StatusCode::CONFLICT,
                    "InvalidResourceLocation",
                    format!("the resource is in the location '{}'", self.location),
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
            self.sku = sku;
        }
        if method == Method::PUT || body.contains_key("identity") {
            self.identity = body.get("identity").filter(|identity| !identity.is_null()).cloned();
        }
        if method == Method::PUT || body.contains_key("tags") {
            self.tags = body.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
        }
        self.last_modified_at = now_text();
        self.writes = self.writes.wrapping_add(1);
        Ok(self.response())
    }
}
