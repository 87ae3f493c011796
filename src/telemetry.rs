//! Logs: one JSON object a line, on standard output, where the Functions host reads them.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

/// The targets of the library's and the binary's own lines.
const OWN_TARGETS: [&str; 2] = ["apicenter_aws_sync", "handler"];

/// Starts logging with `RUST_LOG`'s directives, or from level `info` on.
///
/// Below `warn` only this app's own lines are written, whatever `RUST_LOG` says: what the SDKs say at such levels can
/// hold tokens and secrets.
pub fn start(directives: Option<&str>) {
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
        .with_filter(filter_fn(is_fit));
    // Only a second start fails, and the first one's lines go on.
    let _ = Registry::default().with(filter).with(lines).try_init();
    if let Some(error) = misread {
        tracing::warn!(error, "RUST_LOG cannot be understood: logging from level info on");
    }
}

fn is_fit(metadata: &Metadata<'_>) -> bool {
    OWN_TARGETS.iter().any(|own| metadata.target().starts_with(own)) || *metadata.level() <= Level::WARN
}
