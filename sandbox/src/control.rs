//! The control endpoint: the record, the faults and the catalog, over plain HTTP, for programs that are not Rust tests.

mod exchange;
mod rule;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::api_center::ApiCenter;
use crate::faults::Faults;
use crate::record::{Record, Service};
use crate::serve::{Conditions, Port};
use rule::RuleForm;

/// The control endpoint on its socket; it ends when this is dropped.
pub struct ControlServer {
    base_url: String,
    _shutdown: DropGuard,
}

impl ControlServer {
    /// Its base URL, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
}

#[derive(Clone)]
struct Controlled {
    record: Record,
    faults: Faults,
    api_center: Arc<ApiCenter>,
}

/// Starts the control endpoint.
#[must_use]
pub fn start(port: Port, conditions: &Conditions, api_center: Arc<ApiCenter>) -> ControlServer {
    let shutdown = CancellationToken::new();
    let server = ControlServer {
        base_url: port.base_url(),
        _shutdown: shutdown.clone().drop_guard(),
    };
    let router = Router::new()
        .route("/requests", get(show_requests).delete(forget_requests))
        .route("/faults", get(show_faults).post(add_fault).delete(clear_faults))
        .route("/catalog", get(show_catalog))
        .with_state(Controlled {
            record: conditions.record.clone(),
            faults: conditions.faults.clone(),
            api_center,
        });
    tokio::spawn(shutdown.run_until_cancelled_owned(async move {
        // It serves until it is dropped; an accept that fails concerns one client.
        let _ = axum::serve(port.into_listener(), router).await;
    }));
    server
}

#[derive(Deserialize)]
struct Wanted {
    service: Option<Service>,
}

async fn show_requests(State(controlled): State<Controlled>, Query(wanted): Query<Wanted>) -> Json<Vec<Value>> {
    let exchanges = controlled.record.exchanges();
    let shown = exchanges
        .iter()
        .filter(|exchange| wanted.service.is_none_or(|service| service == exchange.service))
        .map(exchange::to_json)
        .collect();
    Json(shown)
}

async fn forget_requests(State(controlled): State<Controlled>) -> StatusCode {
    controlled.record.clear();
    StatusCode::NO_CONTENT
}

async fn show_faults(State(controlled): State<Controlled>) -> Json<Vec<RuleForm>> {
    Json(controlled.faults.rules().into_iter().map(RuleForm::from).collect())
}

async fn add_fault(State(controlled): State<Controlled>, Json(form): Json<RuleForm>) -> (StatusCode, Json<Value>) {
    match form.into_rule() {
        Ok(rule) => {
            controlled.faults.add(rule);
            (
                StatusCode::CREATED,
                Json(json!({ "rules": controlled.faults.rules().len() })),
            )
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error.to_string() }))),
    }
}

async fn clear_faults(State(controlled): State<Controlled>) -> StatusCode {
    controlled.faults.clear();
    StatusCode::NO_CONTENT
}

async fn show_catalog(State(controlled): State<Controlled>) -> Json<BTreeMap<String, Value>> {
    Json(controlled.api_center.snapshot())
}
