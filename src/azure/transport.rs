//! Transport to Azure Resource Manager: interprets responses and retries requests.
//!
//! The pipeline adds tokens, the client's identification and retries of failed connections; it paces, counts and limits
//! every attempt. Throttles are handled here, since only the caller knows the time left.

use std::error::Error;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use azure_core::Bytes;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{Context, HttpClient, Method, Pipeline, PipelineSendOptions, RawResponse, Request, Url};
use tokio::time::sleep;

use super::error::{Call, CatalogError, Refusal};
use super::pipeline::{Metering, pipeline};
use super::wire::{refusal_code, refusal_text};
use crate::error_chain::error_chain;
use crate::limits::{Budget, Pacer, TooLarge, Traffic, parse_retry_after};
use crate::model::quote_message;
use crate::telemetry::Tries;

/// How long a request in flight may take after the time is up, so that no write is left in doubt.
const GRACE: Duration = Duration::from_secs(2);
/// Retries while the service is unavailable.
const UNAVAILABLE_RETRIES: u32 = 3;
/// First wait after a throttle without a time; each further one is twice as long.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// Longest such wait: by then, the buckets have refilled by more than half.
const BACKOFF_MAX: Duration = Duration::from_secs(16);
/// Longest hold, whatever a response says: the next hourly run asks again.
const HOLD_MAX: Duration = Duration::from_mins(50);
/// Buckets of Azure Resource Manager, for an identity and subscription (request limits, 2025-05-28).
const READ_BURST: u32 = 250;
const WRITE_BURST: u32 = 200;
/// The percentage of a bucket that is used at once: other tools of the same identity need some, too.
const BURST_PERCENT: u32 = 50;

/// Requests per second, by the kinds that Azure Resource Manager counts.
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

/// A request, sent as often as needed.
#[derive(Debug)]
pub(super) struct Message {
    pub call: Call,
    pub method: Method,
    pub url: Url,
    /// Shared by all attempts.
    pub body: Option<Bytes>,
    pub if_match: Option<String>,
    /// Whether nothing may exist at its path.
    pub if_absent: bool,
}

/// A successful response.
#[derive(Debug)]
pub(super) struct Answer {
    pub call: Call,
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// The outcome of a request.
#[derive(Debug)]
pub(super) enum Reply {
    Success(Answer),
    /// The provider has no such entity, and this message.
    NotFound(Call, String),
    /// The entity has changed since `If-Match`.
    Changed(Call),
}

/// Why an attempt failed, and what may help.
#[derive(Debug)]
struct Setback {
    error: CatalogError,
    remedy: Remedy,
}

/// What may help a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    Nothing,
    /// A new token: the pipeline has dropped the rejected one.
    Token,
    /// Time, for this request.
    Wait(Option<Duration>),
    /// Time, for all requests of its kind.
    HoldBack(Option<Duration>),
}

impl Transport {
    /// A transport through `http_client` that authenticates with `credential` at the audience of `base_url`; sends
    /// nothing.
    pub fn new(
        http_client: Arc<dyn HttpClient>,
        base_url: &str,
        credential: Arc<dyn TokenCredential>,
        rates: Rates,
    ) -> Self {
        let pacer = |rate, burst: u32| {
            let burst = NonZeroU32::new(burst * BURST_PERCENT / 100).unwrap_or(NonZeroU32::MIN);
            Arc::new(Pacer::new(rate, burst))
        };
        Self {
            pipeline: pipeline(http_client, base_url, credential),
            reads: pacer(rates.reads, READ_BURST),
            writes: pacer(rates.writes, WRITE_BURST),
            deletes: pacer(rates.deletes, WRITE_BURST),
        }
    }

    /// Sends a message, as often as needed within the time.
    pub async fn send(
        &self,
        message: &Message,
        budget: &Budget,
        traffic: &Arc<Traffic>,
    ) -> Result<Reply, CatalogError> {
        let pacer = self.pacer(message.method);
        let tries = Arc::new(Tries::default());
        let (mut backoff, mut waits, mut renewed) = (BACKOFF_FIRST, 0, false);
        loop {
            if budget.is_spent() {
                return Err(out_of_time(message));
            }
            // Another call was throttled: no need to send this one.
            let held = pacer.held_for();
            if held > budget.remaining() {
                return Err(throttled(message, held));
            }
            let Setback { error, remedy } = match self.try_once(message, budget, traffic, &tries).await {
                Ok(reply) => return Ok(reply),
                Err(setback) => setback,
            };
            match remedy {
                Remedy::Token if !renewed => renewed = true,
                Remedy::Wait(after) if waits < UNAVAILABLE_RETRIES => {
                    waits += 1;
                    if !budget.wait(after.unwrap_or(backoff)).await {
                        return Err(error);
                    }
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                }
                Remedy::HoldBack(after) => {
                    let delay = after.unwrap_or(backoff);
                    pacer.slow_down();
                    pacer.hold(delay.min(HOLD_MAX));
                    if delay > budget.remaining() {
                        return Err(throttled(message, delay));
                    }
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                }
                Remedy::Nothing | Remedy::Token | Remedy::Wait(_) => return Err(error),
            }
        }
    }

    async fn try_once(
        &self,
        message: &Message,
        budget: &Budget,
        traffic: &Arc<Traffic>,
        tries: &Arc<Tries>,
    ) -> Result<Reply, Setback> {
        let pacer = self.pacer(message.method);
        tokio::select! {
            () = pacer.wait() => (),
            () = budget.spent() => return Err(final_setback(out_of_time(message))),
        }
        let metering = Metering {
            pacer: Arc::clone(pacer),
            traffic: Arc::clone(traffic),
            paced: AtomicBool::new(true),
        };
        let context = Context::new().with_value(metering).with_value(Arc::clone(tries));
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
                Err(error) => Err(final_setback(transport_error(&message.call, &error))),
            },
            () = late => Err(final_setback(out_of_time(message))),
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

fn final_setback(error: CatalogError) -> Setback {
    Setback {
        error,
        remedy: Remedy::Nothing,
    }
}

fn out_of_time(message: &Message) -> CatalogError {
    CatalogError::OutOfTime {
        call: message.call.clone(),
    }
}

fn throttled(message: &Message, delay: Duration) -> CatalogError {
    CatalogError::Throttled {
        call: message.call.clone(),
        retry_after: Some(delay),
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
    if message.if_absent {
        request.insert_header("if-none-match", "*");
    }
    request
}

fn judge(message: &Message, response: RawResponse) -> Result<Reply, Setback> {
    let (status, headers, body) = response.deconstruct();
    let status = u16::from(status);
    let call = message.call.clone();
    let text = || refusal_text(body.as_ref());
    let retry_after = retry_after(&headers);
    let (error, remedy) = match status {
        200..=299 => {
            let body = body.as_ref().to_vec();
            return Ok(Reply::Success(Answer {
                call,
                status,
                headers,
                body,
            }));
        }
        404 if !is_from_gateway(&headers) => return Ok(Reply::NotFound(call, text())),
        404 => (CatalogError::NoCenter { call, message: text() }, Remedy::Nothing),
        412 if message.if_match.is_some() || message.if_absent => return Ok(Reply::Changed(call)),
        401 => (CatalogError::Forbidden { call, message: text() }, Remedy::Token),
        403 => (CatalogError::Forbidden { call, message: text() }, Remedy::Nothing),
        429 => {
            // An immediate retry does not help against throttling.
            let after = retry_after.filter(|after| !after.is_zero());
            let error = CatalogError::Throttled {
                call,
                retry_after: after,
            };
            (error, Remedy::HoldBack(after))
        }
        408 | 500..=599 => {
            let error = CatalogError::Unavailable {
                call,
                message: format!("status {status}: {}", text()),
                retry_after,
            };
            // The pipeline has retried the others already.
            let remedy = if status == 503 {
                Remedy::Wait(retry_after)
            } else {
                Remedy::Nothing
            };
            (error, remedy)
        }
        _ => {
            let message = text();
            let refusal = Refusal::of(status, &refusal_code(body.as_ref()), &message, retry_after);
            let error = CatalogError::Refused {
                call,
                status,
                refusal,
                message,
            };
            (error, Remedy::Nothing)
        }
    };
    Err(Setback { error, remedy })
}

/// Whether Azure Resource Manager itself answered: its 404 (`ResourceNotFound`, `SubscriptionNotFound`, …) means that
/// the API center does not exist, and says nothing about an entity in it.
fn is_from_gateway(headers: &Headers) -> bool {
    headers
        .get_optional_str(&"x-ms-failure-cause".into())
        .is_some_and(|cause| cause.eq_ignore_ascii_case("gateway"))
}

fn retry_after(headers: &Headers) -> Option<Duration> {
    headers
        .get_optional_str(&"retry-after".into())
        .and_then(parse_retry_after)
}

fn transport_error(call: &Call, error: &azure_core::Error) -> CatalogError {
    let call = call.clone();
    if let Some(too_large) = too_large(error) {
        let message = too_large.to_string();
        return CatalogError::Malformed { call, message };
    }
    let message = quote_message(&error_chain(error));
    match error.kind() {
        ErrorKind::Credential => CatalogError::NoToken { call, message },
        _ => CatalogError::Unavailable {
            call,
            message,
            retry_after: None,
        },
    }
}

fn too_large(error: &azure_core::Error) -> Option<&TooLarge> {
    let error: &(dyn Error + 'static) = error;
    std::iter::successors(Some(error), |&cause| cause.source()).find_map(|cause| cause.downcast_ref())
}

impl Answer {
    /// A header as text.
    pub fn header(&self, name: &'static str) -> Option<&str> {
        self.headers.get_optional_str(&name.into())
    }

    /// The `Retry-After` of the response.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }
}
