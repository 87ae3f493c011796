//! Metrics: their instruments, and the ages, computed when read. Without an exporter they do nothing.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use opentelemetry::metrics::{Counter, Histogram, ObservableGauge};
use opentelemetry::{KeyValue, global};
use time::OffsetDateTime;

use super::changes::{Run, changes};
use super::export::NAME;
use super::peer::{Ending, Peer};

/// Bounds of the duration histogram, in seconds, up to the host's longest.
const DURATION_BOUNDS: [f64; 12] = [
    1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 200.0, 300.0, 600.0, 1200.0, 1800.0,
];

/// Created at first use, after the start of telemetry.
static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(Instruments::new);
/// The end of each integration's last successful run; empty until all integrations were read.
///
/// Functions separates the timer from HTTP. A process that only answers calls would keep reporting the age of runs that
/// it hears nothing of: so only one that runs the timer reports ages.
static LAST_SUCCESSES: Mutex<Option<BTreeMap<String, OffsetDateTime>>> = Mutex::new(None);

struct Instruments {
    runs: Counter<u64>,
    duration: Histogram<f64>,
    apis: Counter<u64>,
    definitions: Counter<u64>,
    requests: Counter<u64>,
    throttles: Counter<u64>,
    /// The SDK reads it for as long as it is held.
    _age: ObservableGauge<f64>,
}

impl Instruments {
    fn new() -> Self {
        let meter = global::meter(NAME);
        let counter = |name: &'static str, unit: &'static str, description: &'static str| {
            meter
                .u64_counter(name)
                .with_unit(unit)
                .with_description(description)
                .build()
        };
        Self {
            runs: counter("sync.runs", "{run}", "Synchronizations that ended, by outcome"),
            duration: meter
                .f64_histogram("sync.duration")
                .with_unit("s")
                .with_description("How long synchronizations took, by outcome")
                .with_boundaries(DURATION_BOUNDS.to_vec())
                .build(),
            apis: counter("sync.apis", "{api}", "APIs, by outcome"),
            definitions: counter("sync.definitions", "{definition}", "Definitions that were imported"),
            requests: counter(
                "sync.requests",
                "{request}",
                "Requests, counting every attempt, by peer and status class",
            ),
            throttles: counter("sync.throttles", "{request}", "Throttled requests, by peer"),
            _age: meter
                .f64_observable_gauge("sync.last_success.age")
                .with_unit("s")
                .with_description("Time since the end of the last successful synchronization, by integration")
                .with_callback(|gauge| {
                    for (integration, age) in ages(now()) {
                        gauge.observe(age, &[KeyValue::new("sync.integration", integration)]);
                    }
                })
                .build(),
        }
    }
}

/// Sets the end of each integration's last successful run; forgets all others.
pub fn set_last_successes(known: impl Iterator<Item = (String, OffsetDateTime)>) {
    *LAST_SUCCESSES.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.collect());
    LazyLock::force(&INSTRUMENTS);
}

/// Counts a run.
pub(super) fn count_run(run: &Run<'_>) {
    let outcome = [KeyValue::new("sync.outcome", run.report.outcome.name())];
    INSTRUMENTS.runs.add(1, &outcome);
    INSTRUMENTS.duration.record(run.duration.as_secs_f64(), &outcome);
    for (change, count) in changes(run.report) {
        INSTRUMENTS
            .apis
            .add(count, &[KeyValue::new("sync.change", change.name)]);
    }
    let definitions = u64::try_from(run.report.definitions_written).unwrap_or(u64::MAX);
    INSTRUMENTS.definitions.add(definitions, &[]);
    let mut known = LAST_SUCCESSES.lock().unwrap_or_else(PoisonError::into_inner);
    if let (Some(known), Some(last_success)) = (known.as_mut(), run.last_success) {
        known.insert(run.integration.to_owned(), last_success);
    }
}

/// Counts an attempt of a request.
pub(super) fn count_request(peer: Peer, ending: Ending) {
    let peer = KeyValue::new("sync.peer", peer.name());
    let (class, throttled) = match ending {
        Ending::Answered { status, throttled } => (class(status), throttled),
        Ending::Failed | Ending::Abandoned => ("none", false),
    };
    INSTRUMENTS
        .requests
        .add(1, &[peer.clone(), KeyValue::new("sync.status_class", class)]);
    if throttled {
        INSTRUMENTS.throttles.add(1, &[peer]);
    }
}

fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

fn ages(now: OffsetDateTime) -> Vec<(String, f64)> {
    let known = LAST_SUCCESSES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.iter().flatten();
    known
        .map(|(integration, at)| (integration.clone(), (now - *at).as_seconds_f64().max(0.0)))
        .collect()
}

fn now() -> OffsetDateTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "ages are of the moment in which they are exported"
    )]
    SystemTime::now().into()
}
