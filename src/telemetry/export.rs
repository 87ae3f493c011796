//! Exporting: the OpenTelemetry SDK, configured by its standard variables.

use std::sync::Arc;
use std::time::Duration;

use azure_core::Uuid;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider};

use super::collector::{Collector, Reach};

/// The name of the service, and of the scope of its spans and metrics.
pub(super) const NAME: &str = env!("CARGO_PKG_NAME");

/// The settings that the SDK does not read from its standard variables itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// The timeout for spans; without it, none are exported.
    pub traces: Option<Duration>,
    /// The timeout for metrics; without it, none are exported.
    pub metrics: Option<Duration>,
    /// Whether the settings select traces by sampling. Otherwise all are kept: the Functions host marks its own as not
    /// sampled unless it exports them itself.
    pub is_sampled: bool,
    /// The service's name, if set.
    pub service_name: Option<String>,
    /// The function app, if this is one.
    pub function_app: Option<FunctionApp>,
}

/// A function app in Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionApp {
    /// Its name.
    pub name: String,
    /// The id of this instance.
    pub instance: Option<String>,
    /// Its region.
    pub region: Option<String>,
}

/// The SDK's two sides.
#[derive(Debug)]
pub(super) struct Exporters {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Exporters {
    /// Sets the SDK up and sends nothing.
    ///
    /// # Errors
    /// If the SDK's own settings are invalid; the text repeats none of their values.
    pub fn new(export: &Export) -> Result<Self, String> {
        let resource = resource(export);
        let reach = Arc::new(Reach::default());
        let collector = |timeout| Collector::new(timeout, Arc::clone(&reach));
        let traces = export
            .traces
            .map(|timeout| traces(export, resource.clone(), collector(timeout), timeout));
        let metrics = export
            .metrics
            .map(|timeout| metrics(resource.clone(), collector(timeout), timeout));
        let exporters = Self {
            traces: traces.transpose().map_err(|error| reason(&error))?,
            metrics: metrics.transpose().map_err(|error| reason(&error))?,
        };
        if let Some(provider) = &exporters.metrics {
            global::set_meter_provider(provider.clone());
        }
        Ok(exporters)
    }

    pub fn tracer(&self) -> Option<SdkTracer> {
        self.traces.as_ref().map(|provider| provider.tracer(NAME))
    }

    pub fn has_metrics(&self) -> bool {
        self.metrics.is_some()
    }

    /// Exports everything pending; waits for the collector.
    pub fn flush(&self) {
        // The collector's client logs failures, once.
        let _ = self.traces.as_ref().map(SdkTracerProvider::force_flush);
        let _ = self.metrics.as_ref().map(SdkMeterProvider::force_flush);
    }

    /// Exports everything pending for the last time; waits for the collector.
    pub fn end(&self, limit: Duration) {
        let _ = self
            .traces
            .as_ref()
            .map(|provider| provider.shutdown_with_timeout(limit));
        let _ = self
            .metrics
            .as_ref()
            .map(|provider| provider.shutdown_with_timeout(limit));
    }
}

fn traces(
    export: &Export,
    resource: Resource,
    collector: Collector,
    timeout: Duration,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(collector)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(timeout)
        .build()?;
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_span_processor(BatchSpanProcessor::builder(exporter).build());
    Ok(if export.is_sampled {
        provider.build()
    } else {
        provider.with_sampler(Sampler::AlwaysOn).build()
    })
}

fn metrics(
    resource: Resource,
    collector: Collector,
    timeout: Duration,
) -> Result<SdkMeterProvider, ExporterBuildError> {
    let exporter = MetricExporter::builder()
        .with_http()
        .with_http_client(collector)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(timeout)
        .build()?;
    let reader = PeriodicReader::builder(exporter).build();
    Ok(SdkMeterProvider::builder()
        .with_resource(resource)
        .with_reader(reader)
        .build())
}

/// The exporting resource. `OTEL_RESOURCE_ATTRIBUTES` overrides what is known here, and `OTEL_SERVICE_NAME` both.
fn resource(export: &Export) -> Resource {
    let mut known = vec![
        KeyValue::new("service.name", NAME),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        // Per process: two of one function app's instance may overlap.
        KeyValue::new("service.instance.id", Uuid::new_v4().to_string()),
    ];
    if let Some(app) = &export.function_app {
        known.push(KeyValue::new("cloud.provider", "azure"));
        known.push(KeyValue::new("cloud.platform", "azure.functions"));
        known.push(KeyValue::new("faas.name", app.name.clone()));
        let region = app
            .region
            .iter()
            .map(|region| KeyValue::new("cloud.region", region.clone()));
        let instance = app
            .instance
            .iter()
            .map(|instance| KeyValue::new("faas.instance", instance.clone()));
        known.extend(region.chain(instance));
    }
    let named = export
        .service_name
        .iter()
        .map(|name| KeyValue::new("service.name", name.clone()));
    Resource::builder_empty()
        .with_attributes(known)
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()))
        .with_attributes(named)
        .build()
}

/// Why the SDK's settings are invalid. An address among them may contain a key, and is in quotes.
fn reason(error: &ExporterBuildError) -> String {
    let text = error.to_string();
    text.split('\'').step_by(2).collect::<Vec<_>>().join("…")
}
