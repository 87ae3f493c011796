//! The record: every exchange with every stand-in, in the order the requests came.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};

/// The stand-in of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Service {
    /// Azure Resource Manager with the API center behind it.
    ApiCenter,
    /// Amazon API Gateway.
    ApiGateway,
    /// AWS Security Token Service.
    Sts,
    /// AWS Organizations.
    Organizations,
    /// Key Vault.
    KeyVault,
    /// The managed-identity endpoint.
    Identity,
}

/// The AWS subject of a request, as far as it tells; empty for requests to Azure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The account: that of the role which is asked for, else that of the key which signed.
    pub account: Option<String>,
    /// The region: that of the host, else that of the signature.
    pub region: Option<String>,
    /// The operation, where method and path do not tell: Security Token Service's and Organizations'.
    pub operation: Option<String>,
}

/// One request and its response.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Its stand-in.
    pub service: Service,
    /// Its AWS subject.
    pub subject: Subject,
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
    /// The answer's status; `None` if a fault left the request without one.
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
    /// The cleared exchanges, if kept.
    cleared: Option<Vec<Exchange>>,
    /// Whether bodies and headers are counted and not kept.
    slim: bool,
    /// Bytes of bodies, by service, since the last clearing.
    bytes: BTreeMap<Service, u64>,
}

impl Record {
    /// Adds an exchange, in its place: a slow answer is pushed after those of later requests.
    pub fn push(&self, exchange: Exchange) {
        let lists = &mut *self.lists();
        let bytes = exchange.request_body.len() + exchange.response_body.len();
        *lists.bytes.entry(exchange.service).or_default() += u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut exchange = exchange;
        if lists.slim {
            exchange.request_headers = HeaderMap::new();
            exchange.response_headers = HeaderMap::new();
            exchange.request_body = Bytes::new();
            exchange.response_body = Bytes::new();
        }
        let exchanges = &mut lists.exchanges;
        let place = exchanges.partition_point(|earlier| earlier.received_at <= exchange.received_at);
        exchanges.insert(place, exchange);
    }

    /// All exchanges since the last clearing.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.lists().exchanges.clone()
    }

    /// Keeps cleared exchanges, for [`Record::all_exchanges`].
    pub fn keep_cleared(&self) {
        self.lists().cleared.get_or_insert_default();
    }

    /// Drops bodies and headers, so that a hundred thousand exchanges fit in memory.
    pub fn keep_no_bodies(&self) {
        self.lists().slim = true;
    }

    /// Bytes of bodies, requests' and answers', of a service since the last clearing.
    #[must_use]
    pub fn bytes(&self, service: Service) -> u64 {
        self.lists().bytes.get(&service).copied().unwrap_or_default()
    }

    /// All exchanges, those that were cleared and kept included.
    #[must_use]
    pub fn all_exchanges(&self) -> Vec<Exchange> {
        let lists = self.lists();
        let cleared = lists.cleared.iter().flatten();
        cleared.chain(&lists.exchanges).cloned().collect()
    }

    /// The number of exchanges that match `wanted`.
    #[must_use]
    pub fn count(&self, wanted: impl Fn(&Exchange) -> bool) -> usize {
        self.lists()
            .exchanges
            .iter()
            .filter(|exchange| wanted(exchange))
            .count()
    }

    /// The time between the first and the last exchange that match `wanted`, in seconds.
    #[must_use]
    pub fn seconds_between(&self, wanted: impl Fn(&Exchange) -> bool) -> f64 {
        let lists = self.lists();
        let mut times = lists
            .exchanges
            .iter()
            .filter(|exchange| wanted(exchange))
            .map(|exchange| exchange.received_at);
        let (Some(first), Some(last)) = (times.next(), times.next_back()) else {
            return 0.0;
        };
        last.duration_since(first).unwrap_or_default().as_secs_f64()
    }

    /// Starts over.
    pub fn clear(&self) {
        let lists = &mut *self.lists();
        let exchanges = std::mem::take(&mut lists.exchanges);
        lists.bytes.clear();
        if let Some(cleared) = &mut lists.cleared {
            cleared.extend(exchanges);
        }
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
