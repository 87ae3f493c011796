//! What operators see: logs, one JSON object a line, on standard output, where the Functions host reads them; and traces
//! and metrics, where a collector is named.
//!
//! Spans that are exported have a target of their own. They are not in the logs, and nothing else is exported: neither
//! log lines nor what libraries trace can hold more than the fixed attributes that are set here.

mod changes;
mod collector;
mod export;
mod invocation;
mod metrics;
mod peer;
mod request;
mod run;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::trace::SdkTracer;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt, FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

pub use self::changes::Run;
use self::export::Exporters;
pub use self::export::{Export, FunctionApp};
pub use self::invocation::{Invocation, Trigger, carried, trace_id};
pub use self::metrics::set_last_successes;
pub use self::peer::Peer;
pub use self::request::{Observed, Outgoing, Tries};
pub use self::run::{api_span, record_run, run_span};

/// The targets of the library's and the binary's own lines.
const OWN_TARGETS: [&str; 2] = ["apicenter_aws_sync", "handler"];
/// The target of the spans that are exported.
const TRACES: &str = "apicenter_aws_sync::traces";

/// The way to the collector, if there is one. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Telemetry(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    exporters: Exporters,
    /// Told when something is worth being exported at once.
    due: Notify,
}

/// Starts logging with `RUST_LOG`'s directives, or from level `info` on, and what `export` asks for. Nothing is sent yet.
///
/// Below `warn` only this app's own lines are written, whatever `RUST_LOG` says: what the SDKs say at such levels can
/// hold tokens and secrets.
pub fn start(directives: Option<&str>, export: Option<&Export>) -> Telemetry {
    let filter = EnvFilter::builder().with_default_directive(Level::INFO.into());
    // Strictly: what is not understood would otherwise be complained of on standard error, which may be closed.
    let parsed = filter.parse(directives.unwrap_or_default());
    let misread = parsed.as_ref().err().map(ToString::to_string);
    let filter = parsed.unwrap_or_else(|_| EnvFilter::new("info"));
    // The host closes its end of the pipe when it dies: that must neither end this process nor be complained of.
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .log_internal_errors(false)
        .with_filter(filter.and(fit()));
    let exporters = export.map(Exporters::new).transpose();
    let tracer = exporters
        .as_ref()
        .ok()
        .and_then(Option::as_ref)
        .and_then(Exporters::tracer);
    // Only a second start fails, and the first one's lines go on. A layer that is none would have all that the SDKs trace
    // made into spans and events before the filter is asked.
    let _ = match tracer {
        Some(tracer) => Registry::default().with(lines).with(traces(tracer)).try_init(),
        None => Registry::default().with(lines).try_init(),
    };
    if let Some(error) = misread {
        tracing::warn!(error, "RUST_LOG is invalid: logging at level info");
    }
    match exporters {
        Ok(None) => Telemetry::default(),
        Ok(Some(exporters)) => {
            tracing::info!(
                traces = exporters.tracer().is_some(),
                metrics = exporters.has_metrics(),
                "exporting telemetry to the collector in the OTEL_EXPORTER_OTLP_… settings"
            );
            Telemetry::of(exporters)
        }
        Err(error) => {
            tracing::warn!(error, "no telemetry is exported: the OTEL_… settings are invalid");
            Telemetry::default()
        }
    }
}

/// Starts logging for the command line: on standard error, from level `warn` on unless `RUST_LOG` says otherwise.
pub fn start_for_people(directives: Option<&str>) {
    let filter = EnvFilter::builder()
        .with_default_directive(Level::WARN.into())
        .parse_lossy(directives.unwrap_or_default());
    let lines = fmt::layer()
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .with_filter(filter.and(fit()));
    let _ = Registry::default().with(lines).try_init();
}

/// Exports the spans that are meant for it, with the attributes that are set and no others.
fn traces<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(
            filter_fn(|metadata| metadata.is_span() && metadata.target() == TRACES)
                .with_max_level_hint(LevelFilter::INFO),
        )
}

/// Lets through what [`is_fit`] does. The hint says that the other filter alone sets a level: without one, what it leaves
/// out would be made all the same up to where the filters are asked.
fn fit() -> FilterFn {
    FilterFn::new(is_fit as fn(&Metadata<'_>) -> bool).with_max_level_hint(LevelFilter::TRACE)
}

fn is_fit(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let own = OWN_TARGETS.iter().any(|own| target.starts_with(own)) && target != TRACES;
    own || *metadata.level() <= Level::WARN
}

impl Telemetry {
    fn of(exporters: Exporters) -> Self {
        let due = Notify::new();
        let shared = Arc::new(Shared { exporters, due });
        tokio::spawn(flush_when_due(Arc::clone(&shared)));
        Self(Some(shared))
    }

    /// Lets what there is be exported soon, beside everything else: after a call, a function app may be frozen or ended.
    pub fn flush_soon(&self) {
        if let Some(shared) = &self.0 {
            shared.due.notify_one();
        }
    }

    /// Exports what there is, for the last time, and for no longer than `limit`.
    pub async fn end(self, limit: Duration) {
        let Some(shared) = self.0 else { return };
        let ended = spawn_blocking(move || shared.exporters.end(limit));
        // What is left then is lost, which is better than a process that does not end.
        let _ = timeout(limit, ended).await;
    }
}

/// Exports once for any number of notices that come meanwhile.
async fn flush_when_due(shared: Arc<Shared>) {
    loop {
        shared.due.notified().await;
        let flushed = Arc::clone(&shared);
        // The exporters wait as long as the collector may take to answer, which must not be a thread that others need.
        let _ = spawn_blocking(move || flushed.exporters.flush()).await;
    }
}
