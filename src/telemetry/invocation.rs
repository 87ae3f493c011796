//! Invocations: the spans of the Functions host's calls, and their traces.

use axum::http::{HeaderMap, Method};
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{FutureExt, TraceContextExt};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use super::TRACES;

/// Longest id of an invocation: the host's have 36 characters.
const INVOCATION_ID_MAX: usize = 36;

/// The trigger of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// The timer.
    Timer,
    /// An HTTP call, with its method and the resource at its path, if any.
    Http(Method, Option<&'static str>),
}

/// An invocation: its span, below the one in the host's headers.
#[derive(Debug)]
pub struct Invocation {
    span: Span,
    parent: Context,
}

impl Invocation {
    /// Starts one. `id` is the host's.
    #[must_use]
    pub fn begin(trigger: &Trigger, id: &str, headers: &HeaderMap) -> Self {
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
        let known = !id.is_empty()
            && id.len() <= INVOCATION_ID_MAX
            && id.bytes().all(|letter| letter.is_ascii_hexdigit() || letter == b'-');
        let id = known.then_some(id);
        // A new span goes below the attached context.
        let attached = parent.clone().attach();
        let span = match trigger {
            Trigger::Timer => info_span!(
                target: TRACES,
                "invocation",
                otel.name = "function-timer",
                otel.kind = "server",
                otel.status_code = Empty,
                faas.trigger = "timer",
                faas.invocation_id = id,
            ),
            Trigger::Http(method, route) => {
                let method = method_name(method.as_str());
                let name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
                info_span!(
                    target: TRACES,
                    "invocation",
                    otel.name = name,
                    otel.kind = "server",
                    otel.status_code = Empty,
                    faas.trigger = "http",
                    faas.invocation_id = id,
                    http.request.method = method,
                    http.route = *route,
                    http.response.status_code = Empty,
                )
            }
        };
        drop(attached);
        Self { span, parent }
    }

    /// Runs the work of the invocation.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        work.instrument(self.span.clone())
            .with_context(self.parent.clone())
            .await
    }

    /// Ends it with the status of its response.
    pub fn end(self, status: u16) {
        self.span.record("http.response.status_code", i64::from(status));
        if status >= 500 {
            self.span.record("otel.status_code", "ERROR");
        }
    }
}

/// Carries the current trace into a separate task.
pub fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    work.in_current_span().with_current_context()
}

/// The id of the current trace: the host's, even if nothing is exported.
#[must_use]
pub fn trace_id() -> Option<String> {
    let context = Context::current();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| span.trace_id().to_string())
}

/// A method's name, from the fixed set of the semantic conventions for HTTP.
pub(super) fn method_name(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}
