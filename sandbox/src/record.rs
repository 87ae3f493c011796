//! The record: every exchange with every stand-in, in the order the requests came.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};

/// Which stand-in a request went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Service {
    /// Azure Resource Manager with the API center behind it.
    ApiCenter,
    /// Amazon API Gateway.
    ApiGateway,
    /// AWS Security Token Service.
    Sts,
    /// Key Vault.
    KeyVault,
    /// The managed-identity endpoint.
    Identity,
}

/// One request and what became of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Which stand-in.
    pub service: Service,
    /// The request's method.
    pub method: Method,
    /// The request's path and query, as sent.
    pub target: String,
    /// The request's headers.
    pub request_headers: HeaderMap,
    /// The request's body.
    pub request_body: Bytes,
    /// When the request was complete.
    pub received_at: SystemTime,
    /// The answer's status; `None` when a fault left the request without one.
    pub status: Option<StatusCode>,
    /// The answer's headers.
    pub response_headers: HeaderMap,
    /// The answer's body, before a fault cut it.
    pub response_body: Bytes,
}

impl Exchange {
    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Whether it asks to change something: any method but `GET` and `HEAD`, `exportSpecification` aside.
    #[must_use]
    pub fn is_write(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD) && !self.path().ends_with("/exportSpecification")
    }
}

/// Collects exchanges; clones share one list.
#[derive(Debug, Clone, Default)]
pub struct Record(Arc<Mutex<Vec<Exchange>>>);

impl Record {
    /// Adds an exchange, in its place: a slow answer is pushed after those of later requests.
    pub fn push(&self, exchange: Exchange) {
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = exchanges.partition_point(|earlier| earlier.received_at <= exchange.received_at);
        exchanges.insert(place, exchange);
    }

    /// All exchanges so far.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many exchanges so far are as `wanted` says.
    #[must_use]
    pub fn count(&self, wanted: impl Fn(&Exchange) -> bool) -> usize {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter(|exchange| wanted(exchange))
            .count()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
