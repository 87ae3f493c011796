//! The way to Azure Resource Manager: `azure_core`'s pipeline, with a request budget in it.
//!
//! The pipeline brings tokens, the client's identification and the retries of failed connections. Every try passes
//! [`Meter`], which paces it, counts it and limits its time. Throttling is waited for here, since only the caller knows
//! how much time there is.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::policies::{Policy, PolicyResult, RetryHeaders, RetryPolicy};
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, PipelineSendOptions, RawResponse, Request, RetryOptions, StatusCode, Url,
};
use tokio::time::{sleep, timeout};

use super::error::{Call, CatalogError};
use super::wire::refusal_text;
use crate::error_chain::error_chain;
use crate::limits::{Budget, Pacer};

/// Limit of one try; ARM itself gives a resource provider a minute, and answers here come within seconds.
const TRY_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a request that is under way when the time is up may still take, so that no write is left in doubt.
const GRACE: Duration = Duration::from_secs(2);
/// Tries after the first, of what time alone may mend.
const RETRIES: u32 = 2;
/// Waits for a service that is not available, each twice as long as the one before.
const UNAVAILABLE_RETRIES: u32 = 3;
/// First wait after an answer that asks to wait and does not say how long.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// Longest such wait: the buckets have refilled by more than half by then.
const BACKOFF_MAX: Duration = Duration::from_secs(16);
/// Buckets of Azure Resource Manager, for an identity and subscription (request limits, 2025-05-28).
const READ_BURST: u32 = 250;
const WRITE_BURST: u32 = 200;
/// The part of a bucket that is used at once, in percent: other tools of the same identity need some, too.
const BURST_PERCENT: u32 = 50;

/// Requests a second, of each kind that Azure Resource Manager counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// `GET`.
    pub reads: f64,
    /// `PUT` and `POST`.
    pub writes: f64,
    /// `DELETE`.
    pub deletes: f64,
}

/// The pipeline and its request budgets; one per process.
#[derive(Debug)]
pub(super) struct Transport {
    pipeline: Pipeline,
    reads: Arc<Pacer>,
    writes: Arc<Pacer>,
    deletes: Arc<Pacer>,
}

/// A request, to be made as often as it takes.
#[derive(Debug)]
pub(super) struct Message {
    pub call: Call,
    pub method: Method,
    pub url: Url,
    pub body: Option<Vec<u8>>,
    pub if_match: Option<String>,
}

/// An answer with a status of success.
#[derive(Debug)]
pub(super) struct Answer {
    pub call: Call,
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// Whether anything is at the other end.
#[derive(Debug)]
pub(super) enum Reply {
    Success(Answer),
    NotFound(Call),
    /// The entity is not the one that `If-Match` names.
    Changed(Call),
}

impl Transport {
    /// A pipeline that shows `credential` to the audience of `base_url`; nothing is sent yet.
    pub fn new(base_url: &str, credential: Arc<dyn TokenCredential>, rates: Rates) -> Self {
        let scope = format!("{base_url}/.default");
        // Redirects are not followed by the SDK's own transport, so that no token goes where an answer points.
        let options = ClientOptions {
            retry: RetryOptions::custom(Arc::new(FewRetries)),
            ..ClientOptions::default()
        };
        let per_try: Vec<Arc<dyn Policy>> = vec![
            Arc::new(BearerTokenAuthorizationPolicy::new(credential, [scope])),
            Arc::new(Meter),
        ];
        let pipeline = Pipeline::new(
            option_env!("CARGO_PKG_NAME"),
            option_env!("CARGO_PKG_VERSION"),
            options,
            Vec::new(),
            per_try,
            None,
        );
        let pacer = |rate, burst: u32| {
            let burst = NonZeroU32::new(burst * BURST_PERCENT / 100).unwrap_or(NonZeroU32::MIN);
            Arc::new(Pacer::new(rate, burst))
        };
        Self {
            pipeline,
            reads: pacer(rates.reads, READ_BURST),
            writes: pacer(rates.writes, WRITE_BURST),
            deletes: pacer(rates.deletes, WRITE_BURST),
        }
    }

    /// Sends a message, as often as it takes and the time allows.
    pub async fn send(
        &self,
        message: &Message,
        budget: &Budget,
        requests: &Arc<AtomicU64>,
    ) -> Result<Reply, CatalogError> {
        let call = || message.call.clone();
        let (mut backoff, mut unavailable, mut renewed) = (BACKOFF_FIRST, 0, false);
        loop {
            let error = match self.try_once(message, budget, requests).await {
                Err(CatalogError::Forbidden { .. }) if !renewed => {
                    // The pipeline has forgotten the token that was not accepted.
                    renewed = true;
                    continue;
                }
                Err(error) => error,
                Ok(reply) => return Ok(reply),
            };
            let retry_after = match &error {
                CatalogError::Throttled { retry_after, .. } => *retry_after,
                CatalogError::Unavailable {
                    retry_after: Some(after),
                    ..
                } if unavailable < UNAVAILABLE_RETRIES => {
                    unavailable += 1;
                    Some(*after)
                }
                _ => return Err(error),
            };
            let delay = retry_after.unwrap_or(backoff);
            if !budget.wait(delay).await {
                return match error {
                    CatalogError::Throttled { .. } => Err(CatalogError::Throttled {
                        call: call(),
                        retry_after: Some(delay),
                    }),
                    other => Err(other),
                };
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    async fn try_once(
        &self,
        message: &Message,
        budget: &Budget,
        requests: &Arc<AtomicU64>,
    ) -> Result<Reply, CatalogError> {
        let out_of_time = || CatalogError::OutOfTime {
            call: message.call.clone(),
        };
        if budget.is_spent() {
            return Err(out_of_time());
        }
        let pacer = self.pacer(message.method);
        tokio::select! {
            () = pacer.wait() => (),
            () = budget.spent() => return Err(out_of_time()),
        }
        let metering = Metering {
            pacer: Arc::clone(pacer),
            requests: Arc::clone(requests),
            paced: AtomicBool::new(true),
        };
        let context = Context::new().with_value(metering);
        let mut request = request(message);
        let options = PipelineSendOptions {
            skip_checks: true,
            ..PipelineSendOptions::default()
        };
        let late = async {
            budget.spent().await;
            sleep(GRACE).await;
        };
        tokio::select! {
            result = self.pipeline.send(&context, &mut request, Some(options)) => match result {
                Ok(response) => judge(message, response),
                Err(error) => Err(transport_error(&message.call, &error)),
            },
            () = late => Err(out_of_time()),
        }
    }

    fn pacer(&self, method: Method) -> &Arc<Pacer> {
        match method {
            Method::Get | Method::Head => &self.reads,
            Method::Delete => &self.deletes,
            _ => &self.writes,
        }
    }
}

fn request(message: &Message) -> Request {
    let mut request = Request::new(message.url.clone(), message.method);
    request.insert_header("accept", "application/json");
    if let Some(body) = &message.body {
        request.insert_header("content-type", "application/json");
        request.set_body(body.clone());
    } else if message.method == Method::Post {
        request.insert_header("content-length", "0");
    }
    if let Some(etag) = &message.if_match {
        request.insert_header("if-match", etag.clone());
    }
    request
}

fn judge(message: &Message, response: RawResponse) -> Result<Reply, CatalogError> {
    let (status, headers, body) = response.deconstruct();
    let status = u16::from(status);
    let call = message.call.clone();
    let text = || refusal_text(body.as_ref());
    let retry_after = || {
        let seconds = headers.get_optional_str(&"retry-after".into())?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    };
    match status {
        200..=299 => {
            let body = body.as_ref().to_vec();
            Ok(Reply::Success(Answer {
                call,
                status,
                headers,
                body,
            }))
        }
        404 => Ok(Reply::NotFound(call)),
        412 => Ok(Reply::Changed(call)),
        429 => Err(CatalogError::Throttled {
            call,
            retry_after: retry_after(),
        }),
        401 | 403 => Err(CatalogError::Forbidden { call, message: text() }),
        408 | 500..=599 => Err(CatalogError::Unavailable {
            call,
            message: format!("status {status}: {}", text()),
            retry_after: retry_after(),
        }),
        _ => Err(CatalogError::Refused {
            call,
            status,
            message: text(),
        }),
    }
}

fn transport_error(call: &Call, error: &azure_core::Error) -> CatalogError {
    let (call, message) = (call.clone(), error_chain(error));
    match error.kind() {
        ErrorKind::Credential => CatalogError::NoToken { call, message },
        _ => CatalogError::Unavailable {
            call,
            message,
            retry_after: None,
        },
    }
}

/// What a try is measured with; it travels in the request's context.
#[derive(Debug)]
struct Metering {
    pacer: Arc<Pacer>,
    requests: Arc<AtomicU64>,
    /// Whether the next try has waited for the pacer already.
    paced: AtomicBool,
}

/// Paces, counts and limits every try.
#[derive(Debug)]
struct Meter;

#[async_trait]
impl Policy for Meter {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        if let Some(metering) = context.value::<Metering>() {
            if !metering.paced.swap(false, Ordering::Relaxed) {
                metering.pacer.wait().await;
            }
            metering.requests.fetch_add(1, Ordering::Relaxed);
        }
        let answer = next[0].send(context, request, &next[1..]);
        timeout(TRY_TIMEOUT, answer).await.unwrap_or_else(|_| {
            let message = format!("no answer within {} seconds", TRY_TIMEOUT.as_secs());
            Err(azure_core::Error::with_message(ErrorKind::Io, message))
        })
    }
}

/// Two retries, half a second and a second apart, of what time alone may mend.
///
/// An answer that may say how long to wait (429, 503) is left to [`Transport::send`], which knows how much time there is.
#[derive(Debug)]
struct FewRetries;

impl RetryPolicy for FewRetries {
    fn is_expired(&self, _duration_since_start: azure_core::time::Duration, retry_count: u32) -> bool {
        retry_count >= RETRIES
    }

    fn retry_headers(&self) -> Option<&RetryHeaders> {
        None
    }

    fn retry_status_codes(&self) -> &[StatusCode] {
        &[
            StatusCode::RequestTimeout,
            StatusCode::InternalServerError,
            StatusCode::BadGateway,
            StatusCode::GatewayTimeout,
        ]
    }

    fn sleep_duration(&self, retry_count: u32) -> azure_core::time::Duration {
        azure_core::time::Duration::milliseconds(500) * retry_count
    }
}
