//! `azure_core`'s pipeline with a request budget and bounded responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{ClientOptions, Context, HttpClient, Pipeline, Request, RetryOptions, StatusCode, Transport};
use tokio::time::timeout;

use crate::limits::{Bounded, FewRetries, Pacer, Traffic};
use crate::telemetry::{Observed, Peer};

/// Timeout of one attempt; ARM itself gives a resource provider a minute, and responses here take seconds.
const TRY_TIMEOUT: Duration = Duration::from_mins(1);
/// Statuses that a retry may fix; a 429 or 503 may say how long to wait.
const RETRIED: &[StatusCode] = &[
    StatusCode::RequestTimeout,
    StatusCode::InternalServerError,
    StatusCode::BadGateway,
    StatusCode::GatewayTimeout,
];
/// Largest response to a read, in bytes: 10,000 APIs of the Standard plan on one page, at more than 6 KB each.
const READ_MAX: usize = 64 * 1024 * 1024;
/// Largest other response, in bytes: an exported definition, a text of 3 MB as JSON.
const WRITE_MAX: usize = 16 * 1024 * 1024;

/// A pipeline that authenticates with `credential` at the audience of `base_url`; sends nothing.
pub(super) fn pipeline(
    http_client: Arc<dyn HttpClient>,
    base_url: &str,
    credential: Arc<dyn TokenCredential>,
) -> Pipeline {
    let scope = format!("{base_url}/.default");
    let options = ClientOptions {
        retry: RetryOptions::custom(Arc::new(FewRetries(RETRIED))),
        transport: Some(Transport::new(Arc::new(Bounded::new(http_client, READ_MAX, WRITE_MAX)))),
        ..ClientOptions::default()
    };
    let per_try: Vec<Arc<dyn Policy>> = vec![
        Arc::new(BearerTokenAuthorizationPolicy::new(credential, [scope])),
        Arc::new(Meter),
        Arc::new(Observed(Peer::Azure)),
    ];
    Pipeline::new(
        option_env!("CARGO_PKG_NAME"),
        option_env!("CARGO_PKG_VERSION"),
        options,
        Vec::new(),
        per_try,
        None,
    )
}

/// Measures attempts; part of the request's context.
#[derive(Debug)]
pub(super) struct Metering {
    pub pacer: Arc<Pacer>,
    pub traffic: Arc<Traffic>,
    /// Whether the next attempt has waited for the pacer.
    pub paced: AtomicBool,
}

/// Paces, counts and limits every attempt.
#[derive(Debug)]
struct Meter;

#[async_trait]
impl Policy for Meter {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let metering = context.value::<Metering>();
        if let Some(metering) = metering {
            if !metering.paced.swap(false, Ordering::Relaxed) {
                metering.pacer.wait().await;
            }
            metering.traffic.sent();
        }
        let answer = next[0].send(context, request, &next[1..]);
        let answer = timeout(TRY_TIMEOUT, answer).await.unwrap_or_else(|_| {
            let message = format!("no response within {} seconds", TRY_TIMEOUT.as_secs());
            Err(azure_core::Error::with_message(ErrorKind::Io, message))
        })?;
        if let (StatusCode::TooManyRequests, Some(metering)) = (answer.status(), metering) {
            metering.traffic.throttled();
        }
        Ok(answer)
    }
}
