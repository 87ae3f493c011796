//! Outgoing requests: a span and a count for every attempt. Only method and host are recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use azure_core::http::policies::{Policy, PolicyResult, RetryPolicyCount};
use azure_core::http::{Context, Request};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use super::TRACES;
use super::invocation::method_name;
use super::metrics::count_request;
use super::peer::{Ending, Peer};

/// An attempt of a request in flight.
#[derive(Debug)]
pub struct Outgoing {
    peer: Peer,
    span: Span,
    ending: Ending,
}

impl Outgoing {
    /// Starts the `resends`th retry, or the first attempt with 0.
    #[must_use]
    pub fn begin(peer: Peer, method: &str, host: &str, port: Option<u16>, resends: u64) -> Self {
        let method = method_name(method);
        let resends = i64::try_from(resends).ok().filter(|resends| *resends > 0);
        let span = info_span!(
            target: TRACES,
            "request",
            otel.name = method,
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = method,
            http.request.resend_count = resends,
            http.response.status_code = Empty,
            server.address = host,
            server.port = port.map(i64::from),
            error.type = Empty,
        );
        Self {
            peer,
            span,
            ending: Ending::Abandoned,
        }
    }

    /// Its span.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// Ends it with a response.
    pub fn answered(mut self, status: u16, throttled: bool) {
        self.ending = Ending::Answered { status, throttled };
    }

    /// Ends it without a response.
    pub fn failed(mut self) {
        self.ending = Ending::Failed;
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        count_request(self.peer, self.ending);
        let error_type = match self.ending {
            Ending::Answered { status, .. } => {
                self.span.record("http.response.status_code", i64::from(status));
                if status < 400 {
                    return;
                }
                status.to_string()
            }
            Ending::Failed => "connection".to_owned(),
            Ending::Abandoned => "timeout".to_owned(),
        };
        self.span.record("error.type", error_type);
        self.span.record("otel.status_code", "ERROR");
    }
}

/// The number of attempts over all layers of retries; part of the context of the Azure SDK's requests.
#[derive(Debug, Default)]
pub struct Tries(AtomicU64);

/// Observes the attempts of the Azure SDK's pipelines; must be the last of their policies.
#[derive(Debug)]
pub struct Observed(pub Peer);

#[async_trait]
impl Policy for Observed {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let of_pipeline = || {
            context
                .value::<RetryPolicyCount>()
                .map_or(0, |count| u64::from(**count))
        };
        let resends = context
            .value::<Arc<Tries>>()
            .map_or_else(of_pipeline, |tries| tries.0.fetch_add(1, Ordering::Relaxed));
        let url = request.url();
        let host = url.host_str().unwrap_or_default();
        let outgoing = Outgoing::begin(
            self.0,
            request.method().as_str(),
            host,
            url.port_or_known_default(),
            resends,
        );
        let result = next[0]
            .send(context, request, &next[1..])
            .instrument(outgoing.span())
            .await;
        match &result {
            Ok(answer) => {
                let status = u16::from(answer.status());
                outgoing.answered(status, status == 429);
            }
            Err(_) => outgoing.failed(),
        }
        result
    }
}
