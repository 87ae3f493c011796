//! An OpenTelemetry collector for tests: accepts OTLP over HTTP as strictly as the real one, and keeps what it
//! receives.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span as OtlpSpan;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Within this time what is exported arrives.
const PATIENCE: Duration = Duration::from_secs(20);

/// Attributes, their values as text.
pub type Attributes = BTreeMap<String, String>;

/// The collector's reaction to a request.
#[derive(Debug, Clone, Copy)]
pub enum Reaction {
    Take,
    Refuse(u16),
    Hang,
}

/// A span, as it was exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    pub name: String,
    /// 1 internal, 2 server, 3 client.
    pub kind: i32,
    pub trace_id: String,
    pub id: String,
    pub parent_id: String,
    pub attributes: Attributes,
    pub failed: bool,
}

/// A metric's newest values, whole: its sums, or of a histogram its counts, by attributes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metric {
    pub unit: String,
    pub points: BTreeMap<Attributes, u64>,
}

/// Everything that was exported so far.
#[derive(Debug, Clone, Default)]
pub struct Exported {
    pub spans: Vec<Span>,
    /// By the exporting process and the metric's name.
    pub metrics: BTreeMap<(String, String), Metric>,
    pub resources: BTreeSet<Attributes>,
    pub scopes: BTreeSet<String>,
    pub requests: usize,
    pub headers: Vec<HeaderMap>,
    /// All that came over the wire, for those who look for secrets.
    pub bytes: Vec<u8>,
}

impl Exported {
    /// The spans of this name.
    pub fn named(&self, name: &str) -> Vec<&Span> {
        self.spans.iter().filter(|span| span.name == name).collect()
    }

    /// The span of this id.
    pub fn span(&self, id: &str) -> Option<&Span> {
        self.spans.iter().find(|span| span.id == id)
    }

    /// The sum over a metric's points that have these attributes, of all processes.
    pub fn sum(&self, metric: &str, attributes: &[(&str, &str)]) -> u64 {
        let fits = |point: &Attributes| {
            attributes
                .iter()
                .all(|(key, value)| point.get(*key).map(String::as_str) == Some(*value))
        };
        let metrics = self.metrics.iter().filter(|((_, name), _)| name == metric);
        let points = metrics.flat_map(|(_, metric)| &metric.points);
        points.filter(|(point, _)| fits(point)).map(|(_, value)| value).sum()
    }

    /// The message of a failed test.
    fn summary(&self) -> String {
        let mut text = format!("{} requests\n", self.requests);
        for span in &self.spans {
            writeln!(text, "{} {:?}", span.name, span.attributes).unwrap();
        }
        for ((_, name), metric) in &self.metrics {
            writeln!(text, "{name} {:?}", metric.points).unwrap();
        }
        text
    }
}

/// A collector on loopback.
pub struct Collector {
    pub endpoint: String,
    shared: Arc<Shared>,
}

struct Shared {
    reaction: Mutex<Reaction>,
    exported: Mutex<Exported>,
    arrived: Notify,
}

impl Collector {
    /// Starts one that accepts everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            reaction: Mutex::new(Reaction::Take),
            exported: Mutex::default(),
            arrived: Notify::new(),
        });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, shared }
    }

    /// Changes what it does from now on.
    pub fn react(&self, reaction: Reaction) {
        *self.shared.reaction.lock().unwrap() = reaction;
    }

    /// Everything so far.
    pub fn exported(&self) -> Exported {
        self.shared.exported.lock().unwrap().clone()
    }

    /// Waits until what was exported is as it should be.
    pub async fn until(&self, wanted: impl Fn(&Exported) -> bool) -> Exported {
        let waiting = async {
            loop {
                let arrival = self.shared.arrived.notified();
                let exported = self.exported();
                if wanted(&exported) {
                    return exported;
                }
                arrival.await;
            }
        };
        let in_time = timeout(PATIENCE, waiting).await;
        in_time.unwrap_or_else(|_| panic!("not exported; what was: {}", self.exported().summary()))
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = {
        let mut exported = shared.exported.lock().unwrap();
        exported.requests += 1;
        exported.bytes.extend_from_slice(&body);
        exported.headers.push(headers.clone());
        let reaction = *shared.reaction.lock().unwrap();
        match reaction {
            Reaction::Take => Some(take(&mut exported, &method, &uri, &headers, body)),
            Reaction::Refuse(status) => Some(StatusCode::from_u16(status).unwrap()),
            Reaction::Hang => None,
        }
    };
    shared.arrived.notify_waiters();
    match answer {
        // An answer without a message is one without fields.
        Some(status) => (status, [("content-type", "application/x-protobuf")]).into_response(),
        None => std::future::pending().await,
    }
}

fn take(exported: &mut Exported, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> StatusCode {
    if headers
        .get("content-type")
        .is_none_or(|kind| kind != "application/x-protobuf")
    {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE;
    }
    match (method.as_str(), uri.path()) {
        ("POST", "/v1/traces") => match ExportTraceServiceRequest::decode(body) {
            Ok(request) => take_traces(exported, request),
            Err(_) => return StatusCode::BAD_REQUEST,
        },
        ("POST", "/v1/metrics") => match ExportMetricsServiceRequest::decode(body) {
            Ok(request) => take_metrics(exported, request),
            Err(_) => return StatusCode::BAD_REQUEST,
        },
        _ => return StatusCode::NOT_FOUND,
    }
    StatusCode::OK
}

fn take_traces(exported: &mut Exported, request: ExportTraceServiceRequest) {
    for of_resource in request.resource_spans {
        exported.resources.insert(resource(of_resource.resource.as_ref()));
        for of_scope in of_resource.scope_spans {
            exported.scopes.insert(of_scope.scope.unwrap().name);
            exported.spans.extend(of_scope.spans.into_iter().map(span));
        }
    }
}

fn span(span: OtlpSpan) -> Span {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    };
    assert!(span.events.is_empty() && span.links.is_empty(), "{span:?}");
    assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{span:?}");
    let status = span.status.unwrap_or_default();
    assert_eq!(status.message, "");
    Span {
        name: span.name,
        kind: span.kind,
        trace_id: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        attributes: attributes(&span.attributes),
        failed: status.code == SpanStatus::Error as i32,
    }
}

fn take_metrics(exported: &mut Exported, request: ExportMetricsServiceRequest) {
    for of_resource in request.resource_metrics {
        let resource = resource(of_resource.resource.as_ref());
        let process = resource["service.instance.id"].clone();
        exported.resources.insert(resource);
        for of_scope in of_resource.scope_metrics {
            exported.scopes.insert(of_scope.scope.unwrap().name);
            for metric in of_scope.metrics {
                let points = points(metric.data.unwrap());
                let unit = metric.unit;
                let key = (process.clone(), metric.name);
                exported.metrics.insert(key, Metric { unit, points });
            }
        }
    }
}

fn points(data: Data) -> BTreeMap<Attributes, u64> {
    let points: Vec<(Vec<KeyValue>, u64)> = match data {
        Data::Gauge(gauge) => {
            let points = gauge.data_points.into_iter();
            points.map(|point| (point.attributes, whole(point.value))).collect()
        }
        Data::Sum(sum) => {
            assert!(sum.is_monotonic);
            let points = sum.data_points.into_iter();
            points.map(|point| (point.attributes, whole(point.value))).collect()
        }
        Data::Histogram(histogram) => {
            let points = histogram.data_points.into_iter();
            points.map(|point| (point.attributes, point.count)).collect()
        }
        other => panic!("no metric here is such: {other:?}"),
    };
    points
        .into_iter()
        .map(|(keys, value)| (attributes(&keys), value))
        .collect()
}

fn whole(value: Option<number_data_point::Value>) -> u64 {
    match value.unwrap() {
        number_data_point::Value::AsInt(value) => value.try_into().unwrap(),
        number_data_point::Value::AsDouble(value) => Duration::from_secs_f64(value).as_secs(),
    }
}

fn resource(resource: Option<&Resource>) -> Attributes {
    attributes(&resource.unwrap().attributes)
}

fn attributes(attributes: &[KeyValue]) -> Attributes {
    let value = |attribute: &KeyValue| match attribute.value.as_ref().unwrap().value.as_ref().unwrap() {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => panic!("no attribute here is such: {} {other:?}", attribute.key),
    };
    attributes
        .iter()
        .map(|attribute| (attribute.key.clone(), value(attribute)))
        .collect()
}
