//! The connection to the collector, through the Azure SDK's HTTP client to avoid a second one.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::{HttpClient as AzureClient, Method, Request as AzureRequest, Url, new_http_client};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::limits::Bounded;

/// Most bytes read of a response: same as in the exporter's own clients.
const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;

/// A client of the collector for one of the exporters, which run on their own threads.
#[derive(Debug)]
pub(super) struct Collector {
    runtime: Handle,
    /// Created at the first export: not before the port is bound, and on no thread that anything waits for.
    client: Arc<OnceLock<Arc<dyn AzureClient>>>,
    timeout: Duration,
    reach: Arc<Reach>,
}

/// Whether the last request reached the collector.
#[derive(Debug, Default)]
pub(super) struct Reach {
    is_lost: AtomicBool,
}

impl Collector {
    /// A client with this timeout.
    pub fn new(timeout: Duration, reach: Arc<Reach>) -> Self {
        Self {
            runtime: Handle::current(),
            client: Arc::default(),
            timeout,
            reach,
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, limit) = (Arc::clone(&self.client), self.timeout);
        let sending = self.runtime.spawn(async move {
            let client = client.get_or_init(|| {
                let client = new_http_client(None);
                Arc::new(Bounded::new(client, ANSWER_MAX_BYTES, ANSWER_MAX_BYTES))
            });
            let late = |_| format!("no response within {} seconds", limit.as_secs_f64()).into();
            timeout(limit, send(client.as_ref(), request))
                .await
                .map_err(late)
                .flatten()
        });
        // It stays unfinished only when the process ends.
        let result = sending.await?;
        self.reach.note(&result);
        result
    }
}

impl Reach {
    /// Logs when the collector becomes unreachable, or reachable again; not at every batch.
    fn note(&self, result: &Result<Response<Bytes>, HttpError>) {
        let lost = match result {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answers with status {}", response.status().as_u16())),
            Err(error) => Some(first_cause(error.as_ref())),
        };
        let was_lost = self.is_lost.swap(lost.is_some(), Ordering::Relaxed);
        match lost {
            Some(reason) if !was_lost => tracing::warn!(
                reason,
                "telemetry does not reach the collector in the OTEL_EXPORTER_OTLP_… settings; everything else \
                 continues, and this is not logged again until it does"
            ),
            None if was_lost => tracing::info!("telemetry reaches the collector again"),
            Some(_) | None => (),
        }
    }
}

/// The innermost error: outer ones repeat the address, which may contain a key.
fn first_cause(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

/// Sends a request once. Does not follow redirects: its headers may contain a key.
async fn send(client: &dyn AzureClient, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (parts, body) = request.into_parts();
    let mut sent = AzureRequest::new(Url::parse(&parts.uri.to_string())?, Method::Post);
    for (name, value) in &parts.headers {
        sent.insert_header(name.as_str().to_owned(), value.to_str()?.to_owned());
    }
    sent.set_body(body);
    let (status, headers, body) = client.execute_request(&sent).await?.deconstruct();
    let mut answer = Response::builder().status(u16::from(status));
    if let Some(after) = headers.get_optional_str(&"retry-after".into()) {
        answer = answer.header("retry-after", after);
    }
    Ok(answer.body(body.collect().await?)?)
}
