//! The recorded exchanges.

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Where the service was called.
pub const HOST: &str = "https://management.azure.com";

#[derive(Deserialize)]
pub struct Exchange {
    pub scenario: String,
    pub step: u32,
    pub request: Recorded,
    pub response: Answer,
}

#[derive(Deserialize)]
pub struct Recorded {
    pub method: String,
    pub url: String,
    pub body: Option<Value>,
}

#[derive(Deserialize)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Option<Value>,
}

impl Exchange {
    pub fn id(&self) -> &str {
        let path = self
            .request
            .url
            .strip_prefix(HOST)
            .expect("a URL of the resource manager");
        path.split('?').next().unwrap_or(path)
    }

    /// The path as the stand-in's direct hands take it; empty for what is not below an API center.
    pub fn short_path(&self) -> String {
        let below = self.id().split('/').skip(9).collect::<Vec<_>>().join("/");
        below.strip_prefix("workspaces/default/").unwrap_or(&below).to_owned()
    }

    pub fn service_id(&self) -> Option<String> {
        let segments: Vec<&str> = self.id().split('/').take(9).collect();
        (segments.len() == 9).then(|| segments.join("/"))
    }

    pub fn method(&self) -> Method {
        self.request.method.parse().expect("a method")
    }

    /// The group of exchanges that it is left out with, if it is one that the stand-in does not claim to know.
    pub fn left_out(&self) -> Option<&'static str> {
        let path = self.short_path();
        if path.starts_with("apiSources") {
            return Some("apiSources");
        }
        if path == "importApiSource" || path == "importFromApim" || path.starts_with("operationResults") {
            return Some("import actions of other sources");
        }
        (path.is_empty() && self.method() != Method::GET).then_some("writes of services")
    }

    pub fn describe(&self) -> String {
        let path = self.short_path();
        let subject = if path.is_empty() { "services" } else { path.as_str() };
        format!("{} {}: {} {subject}", self.scenario, self.step, self.request.method)
    }

    pub fn properties_seen(&self) -> Vec<(String, &Map<String, Value>)> {
        let path = self.short_path();
        let Some(body) = &self.response.body else {
            return Vec::new();
        };
        let properties = |entity: &'_ Value| entity.get("properties").and_then(Value::as_object).is_some();
        match body.get("value").and_then(Value::as_array) {
            Some(entities) => entities
                .iter()
                .filter(|entity| properties(entity))
                .map(|entity| {
                    let name = entity["name"].as_str().expect("a name");
                    (
                        format!("{path}/{name}"),
                        entity["properties"].as_object().expect("properties"),
                    )
                })
                .collect(),
            None if properties(body) => vec![(path, body["properties"].as_object().expect("properties"))],
            None => Vec::new(),
        }
    }
}
