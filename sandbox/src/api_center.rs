//! Placeholder.
use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use serde_json::Value;

/// Placeholder.
#[derive(Debug, Clone, Default)]
pub struct ApiCenterOptions {
    /// Placeholder.
    pub resource_id: String,
    /// Placeholder.
    pub sku: String,
    /// Placeholder.
    pub page_size: usize,
    /// Placeholder.
    pub reads: (f64, f64),
    /// Placeholder.
    pub writes: (f64, f64),
    /// Placeholder.
    pub deletes: (f64, f64),
    /// Placeholder.
    pub base_url: String,
}

/// Placeholder.
pub struct ApiCenter(ApiCenterOptions, Mutex<BTreeMap<String, Value>>);

impl ApiCenter {
    /// Placeholder.
    #[must_use]
    pub fn new(options: ApiCenterOptions) -> Self {
        Self(options, Mutex::default())
    }
    /// Placeholder.
    pub async fn answer(&self, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        http::Response::new(Bytes::from(format!("{} {}", self.0.base_url, request.uri())))
    }
    /// Placeholder.
    pub fn put(&self, path: &str, properties: Value) {
        self.1.lock().unwrap().insert(path.to_owned(), properties);
    }
    /// Placeholder.
    pub fn remove(&self, path: &str) {
        self.1.lock().unwrap().remove(path);
    }
    /// Placeholder.
    pub fn snapshot(&self) -> BTreeMap<String, Value> {
        self.1.lock().unwrap().clone()
    }
}
