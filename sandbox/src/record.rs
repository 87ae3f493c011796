//! The record: every exchange with every stand-in, in the order the requests came.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
pub struct Record(Arc<Mutex<Lists>>);

#[derive(Debug, Default)]
struct Lists {
    exchanges: Vec<Exchange>,
    /// What was cleared, where that is kept.
    cleared: Option<Vec<Exchange>>,
}

impl Record {
    /// Adds an exchange, in its place: a slow answer is pushed after those of later requests.
    pub fn push(&self, exchange: Exchange) {
        let exchanges = &mut self.lists().exchanges;
        let place = exchanges.partition_point(|earlier| earlier.received_at <= exchange.received_at);
        exchanges.insert(place, exchange);
    }

    /// All exchanges since the last clearing.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.lists().exchanges.clone()
    }

    /// From now on, what is cleared is kept apart, for [`Record::all_exchanges`].
    pub fn keep_cleared(&self) {
        self.lists().cleared.get_or_insert_default();
    }

    /// All exchanges, those that were cleared and kept included.
    #[must_use]
    pub fn all_exchanges(&self) -> Vec<Exchange> {
        let lists = self.lists();
        let cleared = lists.cleared.iter().flatten();
        cleared.chain(&lists.exchanges).cloned().collect()
    }

    /// How many exchanges so far are as `wanted` says.
    #[must_use]
    pub fn count(&self, wanted: impl Fn(&Exchange) -> bool) -> usize {
        self.lists()
            .exchanges
            .iter()
            .filter(|exchange| wanted(exchange))
            .count()
    }

    /// Begins anew.
    pub fn clear(&self) {
        let lists = &mut *self.lists();
        let exchanges = std::mem::take(&mut lists.exchanges);
        if let Some(cleared) = &mut lists.cleared {
            cleared.extend(exchanges);
        }
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
