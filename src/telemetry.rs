//! Logs: one JSON object a line, on standard output, where the Functions host reads them.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

/// Starts logging with `RUST_LOG`'s directives, or from level `info` on.
///
/// Below `warn` only this app's own lines are written, whatever `RUST_LOG` says: what the SDKs say at such levels can
/// hold tokens and secrets.
pub fn start(directives: Option<&str>) {
    let filter = EnvFilter::builder().with_default_directive(Level::INFO.into());
    let filter = filter.parse_lossy(directives.unwrap_or_default());
    // The host closes its end of the pipe when it dies: that must neither end this process nor be complained of.
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .log_internal_errors(false)
        .with_filter(filter_fn(is_fit));
    // Only a second start fails, and the first one's lines go on.
    let _ = Registry::default().with(filter).with(lines).try_init();
}

fn is_fit(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with(env!("CARGO_CRATE_NAME")) || *metadata.level() <= Level::WARN
}
