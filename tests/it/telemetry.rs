//! Telemetry: spans and metrics as the collector receives them, and the log line of each run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use reqwest::{Method, StatusCode};
use sandbox::cloud::CloudOptions;
use sandbox::estate::demo;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::Value;

use crate::collector::{Collector, Exported};
use crate::wire::replay;
use crate::world::{SHOP, World};

/// The trace and the span that the recorded timer request names, which says that its host does not keep them.
const RECORDED_TRACE: &str = "a460ed08bf74fa542ea298178c85d814";
const RECORDED_SPAN: &str = "711acc376999743f";

/// All spans, and the attributes that each may have.
const SPANS: [(&str, &[&str]); 14] = [
    ("function-timer", &["faas.trigger", "faas.invocation_id"]),
    ("GET /api/integrations", SERVER),
    ("GET /api/integrations/{name}", SERVER),
    ("PUT /api/integrations/{name}", SERVER),
    ("DELETE /api/integrations/{name}", SERVER),
    ("POST /api/integrations/{name}/sync", SERVER),
    ("GET /api/integrations/{name}/plan", SERVER),
    ("sync", RUN),
    ("plan", RUN),
    ("delete", RUN),
    ("api", &["sync.api_id"]),
    ("GET", CLIENT),
    ("PUT", CLIENT),
    ("POST", CLIENT),
];
const SERVER: &[&str] = &[
    "faas.trigger",
    "faas.invocation_id",
    "http.request.method",
    "http.route",
    "http.response.status_code",
];
const RUN: &[&str] = &[
    "sync.integration",
    "sync.outcome",
    "sync.created",
    "sync.updated",
    "sync.deleted",
    "sync.unchanged",
    "sync.remaining",
    "sync.failed",
    "sync.skipped",
    "sync.requests.aws",
    "sync.requests.azure",
    "sync.throttles",
];
const CLIENT: &[&str] = &[
    "http.request.method",
    "http.request.resend_count",
    "http.response.status_code",
    "server.address",
    "server.port",
    "error.type",
];
/// The attributes of a metric, each with all its values.
type Labels = &'static [(&'static str, &'static [&'static str])];

/// All metrics, their units, and the values that each of their attributes may have.
const METRICS: [(&str, &str, Labels); 7] = [
    ("sync.runs", "{run}", &[("sync.outcome", OUTCOMES)]),
    ("sync.duration", "s", &[("sync.outcome", OUTCOMES)]),
    ("sync.apis", "{api}", &[("sync.change", CHANGES)]),
    ("sync.definitions", "{definition}", &[]),
    (
        "sync.requests",
        "{request}",
        &[
            ("sync.peer", PEERS),
            ("sync.status_class", &["1xx", "2xx", "3xx", "4xx", "5xx", "none"]),
        ],
    ),
    ("sync.throttles", "{request}", &[("sync.peer", PEERS)]),
    ("sync.last_success.age", "s", &[("sync.integration", &[SHOP])]),
];
const OUTCOMES: &[&str] = &["succeeded", "partial", "held", "failed"];
const CHANGES: &[&str] = &[
    "created",
    "updated",
    "deleted",
    "unchanged",
    "remaining",
    "failed",
    "skipped",
];
const PEERS: &[&str] = &["aws", "azure", "key_vault", "identity"];

/// A world whose handler exports to a collector.
pub async fn observed(settings: &[(&str, &str)]) -> (World, Collector) {
    let collector = Collector::start().await;
    let mut all = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint.as_str())];
    all.extend(settings);
    let world = World::with(CloudOptions::default().unthrottled(), &all).await;
    world.cloud.fill_gateway(demo());
    (world, collector)
}

/// The lines of runs that the handler has written.
fn run_lines(world: &World) -> Vec<Value> {
    let output = world.host.output();
    let lines = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["event"] == "sync").collect()
}

fn throttle() -> Fault {
    Fault::Answer {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers: reqwest::header::HeaderMap::new(),
        body: Vec::new().into(),
    }
}

#[tokio::test]
async fn the_trace_of_the_host_goes_on_down_to_every_request() {
    let (world, collector) = observed(&[]).await;
    world.put_shop().await;
    world.cloud.record.clear();
    let answered = replay(world.host.handler_port(), "timer-app-insights").await;
    assert_eq!(answered.status, 200);

    let is_there = |exported: &Exported| exported.named("function-timer").len() == 1;
    let exported = collector.until(is_there).await;
    let timer = exported.named("function-timer")[0];
    assert_eq!(
        (timer.trace_id.as_str(), timer.parent_id.as_str()),
        (RECORDED_TRACE, RECORDED_SPAN)
    );
    assert_eq!(timer.kind, 2);
    let of_trace = || exported.spans.iter().filter(|span| span.trace_id == RECORDED_TRACE);
    let sync = of_trace().find(|span| span.name == "sync").unwrap();
    assert_eq!(
        (&sync.parent_id, &sync.attributes["sync.integration"]),
        (&timer.id, &SHOP.to_owned())
    );
    let apis: Vec<_> = of_trace().filter(|span| span.name == "api").collect();
    assert_eq!(apis.len(), demo().len());
    assert!(apis.iter().all(|api| api.parent_id == sync.id));
    let requests: Vec<_> = of_trace().filter(|span| span.kind == 3).collect();
    assert_eq!(requests.len(), world.cloud.record.exchanges().len());
    for request in requests {
        let parent = exported.span(&request.parent_id).unwrap();
        assert!(
            ["function-timer", "sync", "api"].contains(&parent.name.as_str()),
            "{parent:?}"
        );
        let port: u16 = request.attributes["server.port"].parse().unwrap();
        let stages = request.attributes["server.address"] == "127.0.0.1" && parent.name == "api";
        assert!(port > 0 && (stages || parent.name != "api"), "{request:?}");
    }
    let line = run_lines(&world).pop().unwrap();
    assert_eq!(line["traceId"], RECORDED_TRACE);
}

#[tokio::test]
async fn no_cloud_is_told_of_the_trace() {
    let (world, _collector) = observed(&[]).await;
    world.put_shop().await;
    let exchanges = world.cloud.record.exchanges();
    assert!(exchanges.len() > 20);
    for exchange in exchanges {
        for header in ["traceparent", "tracestate", "baggage"] {
            assert!(!exchange.request_headers.contains_key(header), "{exchange:?}");
        }
    }
}

#[tokio::test]
async fn a_sampler_that_is_asked_for_counts_and_the_trace_is_in_the_line_all_the_same() {
    let (world, collector) = observed(&[("OTEL_TRACES_SAMPLER", "parentbased_always_on")]).await;
    world.put_shop().await;
    collector
        .until(|exported| !exported.named("PUT /api/integrations/{name}").is_empty())
        .await;
    replay(world.host.handler_port(), "timer-app-insights").await;
    let exported = collector.until(|exported| exported.sum("sync.runs", &[]) >= 2).await;
    assert!(exported.spans.iter().all(|span| span.trace_id != RECORDED_TRACE));
    assert_eq!(run_lines(&world).pop().unwrap()["traceId"], RECORDED_TRACE);
}

/// A day with everything in it: successes, refusals, faults, throttles, a deletion.
pub async fn eventful_day(world: &World) {
    world.put_shop().await;
    world.run_timer().await;
    world.get(SHOP).await.expect(200);
    world.call(Method::GET, "integrations", None).await.expect(200);
    world
        .call(Method::GET, &format!("integrations/{SHOP}/plan"), None)
        .await
        .expect(200);
    world.call(Method::GET, "integrations/nobody", None).await.expect(404);
    let anything = format!("http://127.0.0.1:{}/any/thing?code=any", world.host.handler_port());
    let made_up = Method::from_bytes(b"ANYTHING").unwrap();
    let refused = reqwest::Client::new().request(made_up, anything).send().await.unwrap();
    assert_eq!(refused.status(), 404);
    let environment = "/environments/shop\\?";
    world.fail(Service::ApiCenter, Some(Method::GET), environment, Some(1), throttle());
    world.fail(Service::ApiGateway, None, "/stages", Some(2), Fault::ResetBefore);
    world.sync("deep=true").await.expect(200);
    let (first, _) = demo()[0].clone();
    world.fail(
        Service::ApiGateway,
        None,
        &format!("{}/stages", first.id),
        None,
        server_error(),
    );
    world.sync("").await.expect(200);
    world.cloud.faults.clear();
    world.cloud.fill_gateway(Vec::new());
    for (api, _) in demo() {
        world.cloud.api_gateway.remove_rest_api(&api.id);
    }
    world.sync("").await.expect(200);
    world.fail(Service::KeyVault, None, "", None, server_error());
    assert!(!world.fire_timer().await.succeeded);
    world.cloud.faults.clear();
    world.delete(SHOP).await.expect(204);
}

fn server_error() -> Fault {
    Fault::Answer {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        headers: reqwest::header::HeaderMap::new(),
        body: Vec::new().into(),
    }
}

#[tokio::test]
async fn names_attributes_and_values_are_of_fixed_sets_and_the_document_has_them_all() {
    let (world, collector) = observed(&[]).await;
    eventful_day(&world).await;
    let ended = |exported: &Exported| exported.named("DELETE /api/integrations/{name}").len() == 1;
    let exported = collector.until(ended).await;
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/telemetry.md")).unwrap();

    let mut allowed: BTreeMap<&str, &[&str]> = SPANS.into_iter().collect();
    allowed.insert("DELETE", CLIENT);
    allowed.insert("_OTHER", SERVER);
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for span in &exported.spans {
        let keys = span.attributes.keys().map(String::as_str);
        seen.entry(span.name.as_str()).or_default().extend(keys);
    }
    for (name, keys) in &allowed {
        let keys: BTreeSet<&str> = keys.iter().copied().collect();
        let found = seen.remove(name).unwrap_or_else(|| panic!("no span {name}"));
        assert!(found.is_subset(&keys), "{name}: {found:?}");
        for key in keys {
            assert!(document.contains(&format!("`{key}`")), "{key}");
        }
    }
    assert!(seen.is_empty(), "{seen:?}");

    let mut values: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for ((_, name), metric) in &exported.metrics {
        let (_, unit, _) = METRICS.into_iter().find(|(known, ..)| known == name).unwrap();
        assert_eq!(metric.unit, unit, "{name}");
        let of_metric = values.entry(name).or_default();
        for (key, value) in metric.points.keys().flatten() {
            of_metric.entry(key).or_default().insert(value);
        }
    }
    for (name, _, attributes) in METRICS {
        assert!(document.contains(&format!("`{name}`")), "{name}");
        let found = values.remove(name).unwrap_or_else(|| panic!("no metric {name}"));
        let known: BTreeMap<&str, BTreeSet<&str>> = attributes
            .iter()
            .map(|(key, values)| (*key, values.iter().copied().collect()))
            .collect();
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            known.keys().collect::<Vec<_>>(),
            "{name}"
        );
        for (key, found) in found {
            assert!(found.is_subset(&known[key]), "{name} {key} {found:?}");
            assert!(document.contains(&format!("`{key}`")), "{key}");
        }
    }
    assert!(values.is_empty(), "{values:?}");
    assert_eq!(exported.scopes, BTreeSet::from(["apicenter-aws-sync".to_owned()]));
    world.hear(&String::from_utf8_lossy(&exported.bytes));
}

#[tokio::test]
async fn metrics_are_what_reports_and_the_clouds_say() {
    let (world, collector) = observed(&[]).await;
    let put = world.put_shop().await.json()["properties"]["lastSync"].clone();
    let (first, _) = demo()[0].clone();
    world.cloud.api_gateway.remove_rest_api(&first.id);
    world.run_timer().await;
    let timer = world.last_sync().await;
    let (second, _) = demo()[1].clone();
    world.fail(
        Service::ApiGateway,
        None,
        &format!("{}/stages", second.id),
        None,
        server_error(),
    );
    let synced = world.sync("").await.expect(200).json();
    assert_eq!(
        (&put["outcome"], &timer["outcome"], &synced["outcome"]),
        (&"succeeded".into(), &"succeeded".into(), &"partial".into())
    );
    world.cloud.faults.clear();

    let reports = [&put, &timer, &synced];
    let count = |field: &str| -> u64 {
        let counts = reports.iter().map(|report| match &report[field] {
            Value::Array(entries) => entries.len() as u64,
            number => number.as_u64().unwrap(),
        });
        counts.sum()
    };
    let asked = |service: Service| world.cloud.record.count(|exchange| exchange.service == service) as u64;
    let everything = |exported: &Exported| {
        exported.sum("sync.runs", &[]) == 3
            && exported.sum("sync.requests", &[("sync.peer", "azure")]) == asked(Service::ApiCenter)
    };
    let exported = collector.until(everything).await;
    for change in CHANGES {
        assert_eq!(
            exported.sum("sync.apis", &[("sync.change", change)]),
            count(change),
            "{change}"
        );
    }
    assert!(count("created") > 5 && count("deleted") == 1 && count("failed") == 1);
    assert_eq!(exported.sum("sync.definitions", &[]), count("definitionsWritten"));
    assert_eq!(exported.sum("sync.runs", &[("sync.outcome", "succeeded")]), 2);
    assert_eq!(exported.sum("sync.runs", &[("sync.outcome", "partial")]), 1);
    assert_eq!(exported.sum("sync.duration", &[]), 3);
    let peers = [
        ("aws", asked(Service::ApiGateway) + asked(Service::Sts)),
        ("key_vault", asked(Service::KeyVault)),
        ("identity", asked(Service::Identity)),
    ];
    for (peer, asked) in peers {
        assert_eq!(exported.sum("sync.requests", &[("sync.peer", peer)]), asked, "{peer}");
    }
    assert!(exported.sum("sync.requests", &[("sync.peer", "aws"), ("sync.status_class", "5xx")]) >= 1);

    let spans = exported.named("sync");
    let lines = run_lines(&world);
    assert_eq!((spans.len(), lines.len()), (3, 3));
    for (report, line) in reports.into_iter().zip(&lines) {
        let requests = &report["requests"];
        assert_eq!(
            (&line["awsRequests"], &line["azureRequests"]),
            (&requests["aws"], &requests["azure"])
        );
        let asked = requests["azure"].to_string();
        let span = spans
            .iter()
            .find(|span| span.attributes["sync.requests.azure"] == asked);
        let span = span.unwrap();
        for field in ["created", "updated", "deleted", "unchanged", "remaining"] {
            assert_eq!(
                span.attributes[&format!("sync.{field}")],
                report[field].to_string(),
                "{field}"
            );
        }
        assert_eq!(span.attributes["sync.outcome"], report["outcome"].as_str().unwrap());
        assert_eq!(line["traceId"], span.trace_id.as_str());
    }
}

#[tokio::test]
async fn throttles_are_counted_wherever_they_are_met() {
    let (world, collector) = observed(&[]).await;
    world.put_shop().await;
    let environment = "/environments/shop\\?";
    world.fail(Service::ApiCenter, Some(Method::GET), environment, Some(1), throttle());
    world.fail(Service::ApiGateway, None, "/restapis\\?", Some(1), throttle());
    // One that the AWS SDK tries again by itself.
    let throttling = Fault::Answer {
        status: StatusCode::BAD_REQUEST,
        headers: [(
            "x-amzn-errortype".parse().unwrap(),
            "ThrottlingException:http://internal/".parse().unwrap(),
        )]
        .into_iter()
        .collect(),
        body: b"{\"message\":\"Rate exceeded\"}".as_slice().into(),
    };
    world.fail(Service::ApiGateway, None, "/stages", Some(1), throttling);
    world.run_timer().await;
    let line = run_lines(&world).pop().unwrap();
    assert_eq!((&line["throttles"], &line["outcome"]), (&3.into(), &"succeeded".into()));
    let exported = collector
        .until(|exported| exported.sum("sync.throttles", &[]) == 3)
        .await;
    assert_eq!(exported.sum("sync.throttles", &[("sync.peer", "aws")]), 2);
    let resent = exported
        .spans
        .iter()
        .filter(|span| span.attributes.contains_key("http.request.resend_count"));
    assert!(resent.count() >= 2, "{:?}", exported.spans);
}

#[tokio::test]
async fn the_age_of_the_last_good_run_outlives_bad_runs_and_processes() {
    let (mut world, collector) = observed(&[]).await;
    world.put_shop().await;
    assert_eq!(run_lines(&world)[0]["lastSuccessAgeSeconds"], 0);
    let good = world.last_sync().await["finishedOn"].clone();
    world.cloud.key_vault.remove_secret("aws-access-key");
    assert!(!world.fire_timer().await.succeeded);
    assert!(!world.fire_timer().await.succeeded);

    world
        .restart_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint.as_str())])
        .await;
    assert!(!world.fire_timer().await.succeeded);
    let line = run_lines(&world).pop().unwrap();
    assert_eq!(line["outcome"], "failed");
    assert!(line["lastSuccessAgeSeconds"].is_u64(), "{line}");
    let of_both = |exported: &Exported| {
        let ages = exported
            .metrics
            .iter()
            .filter(|((_, name), _)| name == "sync.last_success.age");
        ages.count() == 2
    };
    let exported = collector.until(of_both).await;
    for ((_, name), metric) in &exported.metrics {
        if name == "sync.last_success.age" {
            let integrations: Vec<&String> = metric.points.keys().map(|point| &point["sync.integration"]).collect();
            assert_eq!(integrations, [SHOP]);
            assert!(metric.points.values().all(|age| *age < 600));
        }
    }
    let state = world.get(SHOP).await.json()["properties"]["linkState"].clone();
    assert_eq!(state["state"], "error");
    let ended = format!("The last successful run ended on {}", good.as_str().unwrap());
    assert!(state["message"].as_str().unwrap().contains(&ended), "{state} {good}");
}
