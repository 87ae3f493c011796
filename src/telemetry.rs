//! Logs, traces and metrics for operators. Logs go to standard output, one JSON object per line, for the Functions
//! host; traces and metrics go to a collector, if one is set.
//!
//! Exported spans have their own target. They are not in the logs, and nothing else is exported: other log lines and
//! spans can contain more than the fixed attributes set here.

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
/// The target of exported spans.
const TRACES: &str = "apicenter_aws_sync::traces";

/// The exporters, if any. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Telemetry(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    exporters: Exporters,
    /// Notified when an export is due.
    due: Notify,
}

/// Starts logging with `RUST_LOG`'s directives, or at level `info`, and the exporters in `export`. Sends nothing.
///
/// Below `warn`, only this app's own lines are written, whatever `RUST_LOG` says: those of the SDKs can contain tokens
/// and secrets.
pub fn start(directives: Option<&str>, export: Option<&Export>) -> Telemetry {
    let filter = EnvFilter::builder().with_default_directive(Level::INFO.into());
    // Strict: the lenient parser complains on standard error, which may be closed.
    let parsed = filter.parse(directives.unwrap_or_default());
    let misread = parsed.as_ref().err().map(ToString::to_string);
    let filter = parsed.unwrap_or_else(|_| EnvFilter::new("info"));
    // The host closes its end of the pipe when it dies: that must neither end this process nor cause complaints.
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
    // Only a second start fails, and the first one's lines continue. Without a layer's own filter, everything that the
    // SDKs trace would become spans and events first.
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

/// Starts logging for the command line: on standard error, at level `warn` unless `RUST_LOG` says otherwise.
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

/// Exports spans with the exported target and exactly their attributes.
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

/// Passes what [`is_fit`] does. The hint leaves the level to the other filter: without it, suppressed spans would be
/// created up to the filters.
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

    /// Triggers an export in the background: after a call, a function app may be frozen or stopped.
    pub fn flush_soon(&self) {
        if let Some(shared) = &self.0 {
            shared.due.notify_one();
        }
    }

    /// Exports everything pending for the last time, for at most `limit`.
    pub async fn end(self, limit: Duration) {
        let Some(shared) = self.0 else { return };
        let ended = spawn_blocking(move || shared.exporters.end(limit));
        // Better lose the rest than keep the process.
        let _ = timeout(limit, ended).await;
    }
}

/// Exports once for any number of notifications that arrive meanwhile.
async fn flush_when_due(shared: Arc<Shared>) {
    loop {
        shared.due.notified().await;
        let flushed = Arc::clone(&shared);
        // The exporters block until the collector answers, so they need their own thread.
        let _ = spawn_blocking(move || flushed.exporters.flush()).await;
    }
}
