//! Exporting: only on request, without secrets, and without any effect on the work, whatever the collector does.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sandbox::faults::Fault;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::collector::Reaction;
use crate::secrecy::assert_uncalled;
use crate::telemetry::{eventful_day, observed};
use crate::world::{SHOP, World};

/// The time within which an idle handler ends, whatever its collector does.
const ENDS_WITHIN: Duration = Duration::from_secs(4);
/// Within this time what is to be said is said.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the handler has written this.
async fn said(world: &World, text: &str) -> String {
    let saying = async {
        loop {
            let output = world.host.output();
            if output.contains(text) {
                return output;
            }
            tokio::task::yield_now().await;
        }
    };
    let said = timeout(PATIENCE, saying).await;
    said.unwrap_or_else(|_| panic!("{text:?} was not said: {}", world.host.output()))
}

/// Asks the handler to end, and returns how long it took.
async fn end(world: &World) -> Duration {
    let started = Instant::now();
    let pid = Pid::from_raw(i32::try_from(world.host.handler_pid().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let exits = timeout(PATIENCE, world.host.wait_for_exit(1)).await.unwrap();
    assert_eq!(exits[0].code(), Some(143));
    started.elapsed()
}

#[tokio::test]
async fn a_collector_that_fails_changes_nothing_is_complained_of_once_and_holds_up_nobody() {
    let unbound = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let hurry = [("OTEL_BSP_SCHEDULE_DELAY", "20"), ("OTEL_METRIC_EXPORT_INTERVAL", "20")];
    let table = [
        (Some(Reaction::Refuse(500)), "status 500"),
        (Some(Reaction::Refuse(401)), "status 401"),
        (Some(Reaction::Refuse(307)), "status 307"),
        (Some(Reaction::Hang), "no response within 0.1 seconds"),
        (None, "refused"),
    ];
    let impatient = ("OTEL_EXPORTER_OTLP_TIMEOUT", "100");
    for (reaction, reason) in table {
        let mut settings = hurry.to_vec();
        settings.extend(matches!(reaction, Some(Reaction::Hang)).then_some(impatient));
        let (mut world, collector) = observed(&settings).await;
        if let Some(reaction) = reaction {
            collector.react(reaction);
        } else {
            let nowhere = format!("http://{unbound}");
            settings.push(("OTEL_EXPORTER_OTLP_ENDPOINT", nowhere.as_str()));
            world.restart_with(&settings).await;
        }
        world.put_shop().await;
        world.assert_in_line();
        world.run_timer().await;
        said(&world, reason).await;
        if reaction.is_some() {
            collector.until(|exported| exported.requests >= 6).await;
        }
        let ended_after = end(&world).await;
        assert!(ended_after < ENDS_WITHIN, "{reason}: {ended_after:?}");
        let complaints = world
            .host
            .output()
            .matches("telemetry does not reach the collector")
            .count();
        assert_eq!(complaints, 1, "{reason}: {}", world.host.output());
    }
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_up_no_call_and_not_the_end() {
    let (world, collector) = observed(&[]).await;
    collector.react(Reaction::Hang);
    world.put_shop().await;
    world.run_timer().await;
    collector.until(|exported| exported.requests >= 1).await;
    let ended_after = end(&world).await;
    assert!(ended_after < ENDS_WITHIN, "{ended_after:?}");
}

#[tokio::test]
async fn a_collector_that_is_back_is_told_everything_that_follows() {
    let (world, collector) = observed(&[]).await;
    collector.react(Reaction::Refuse(500));
    world.put_shop().await;
    said(&world, "status 500").await;
    collector.react(Reaction::Take);
    world.run_timer().await;
    collector
        .until(|exported| !exported.named("function-timer").is_empty())
        .await;
    said(&world, "telemetry reaches the collector again").await;
}

#[tokio::test]
async fn at_its_end_the_process_exports_what_it_had_begun() {
    let slow = [
        ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "600000"),
    ];
    let (world, collector) = observed(&slow).await;
    world.fail_write(5, None, Fault::Hang);
    // Nobody waits for the answer of this call, which would export what there is.
    let url = format!("http://127.0.0.1:{}/api/integrations/{SHOP}", world.host.handler_port());
    let call = reqwest::Client::new().put(url).json(&world.document()).send();
    let hung = async {
        while world.all_writes() < 6 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = call => panic!("{answer:?}"),
        () = hung => (),
    }
    assert_eq!(collector.exported().requests, 0);
    let ended_after = end(&world).await;
    assert!(ended_after < ENDS_WITHIN + Duration::from_secs(3), "{ended_after:?}");
    let exported = collector.until(|exported| exported.sum("sync.requests", &[]) > 0).await;
    assert!(exported.named("GET").len() > 3);
}

/// The threads of the handler that export.
fn exporting_threads(world: &World) -> usize {
    let tasks = format!("/proc/{}/task", world.host.handler_pid().unwrap());
    let names = fs::read_dir(tasks)
        .unwrap()
        .map(|task| task.unwrap().path().join("comm"));
    names
        .filter(|name| {
            fs::read_to_string(name)
                .unwrap_or_default()
                .starts_with("OpenTelemetry")
        })
        .count()
}

#[tokio::test]
async fn unless_it_is_asked_for_there_is_no_exporter() {
    let (mut world, _collector) = observed(&[]).await;
    assert_eq!(exporting_threads(&world), 2);
    let stranger = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", stranger.local_addr().unwrap());
    let table = [
        &[][..],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_SDK_DISABLED", "true"),
        ],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ],
    ];
    for settings in table {
        world.restart_with(settings).await;
        assert_eq!(exporting_threads(&world), 0, "{settings:?}");
        world.run_timer().await;
        end(&world).await;
    }
    assert!(
        world
            .host
            .output()
            .contains("OTEL_EXPORTER_OTLP_PROTOCOL is invalid: only http/protobuf")
    );
    assert_uncalled(stranger);
}

#[tokio::test]
async fn the_header_that_opens_the_collector_gets_there_and_nowhere_else() {
    let secret = "Qm9vLWZhci1iYXo-header-secret";
    let header = format!("authorization=Bearer%20{secret}");
    let settings = [("OTEL_EXPORTER_OTLP_HEADERS", header.as_str()), ("RUST_LOG", "trace")];
    let (world, collector) = observed(&settings).await;
    eventful_day(&world).await;
    let exported = collector
        .until(|exported| exported.named("DELETE /api/integrations/{name}").len() == 1)
        .await;
    let expected = format!("Bearer {secret}");
    assert!(
        exported
            .headers
            .iter()
            .all(|headers| headers["authorization"] == expected.as_str())
    );
    collector.react(Reaction::Refuse(500));
    world.get(SHOP).await.expect(404);
    said(&world, "status 500").await;
    end(&world).await;
    assert!(!world.host.output().contains(secret));
    assert!(!String::from_utf8_lossy(&exported.bytes).contains(secret));
    world.hear(&String::from_utf8_lossy(&exported.bytes));
}

#[tokio::test]
async fn who_exports_is_told_by_the_host_and_by_the_standard_settings() {
    let settings = [
        ("WEBSITE_SITE_NAME", "shop-functions"),
        ("WEBSITE_INSTANCE_ID", "instance-7"),
        ("REGION_NAME", "West Europe"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test,cloud.region=westeurope",
        ),
        ("OTEL_SERVICE_NAME", "inventory"),
    ];
    let (mut world, collector) = observed(&settings).await;
    world.get(SHOP).await.expect(404);
    let resource = collector
        .until(|exported| !exported.resources.is_empty())
        .await
        .resources
        .pop_first()
        .unwrap();
    let expected = [
        ("service.name", "inventory"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("cloud.provider", "azure"),
        ("cloud.platform", "azure.functions"),
        ("cloud.region", "westeurope"),
        ("faas.name", "shop-functions"),
        ("faas.instance", "instance-7"),
        ("deployment.environment.name", "test"),
        ("telemetry.sdk.language", "rust"),
    ];
    for (key, value) in expected {
        assert_eq!(resource[key], value, "{key}");
    }
    world
        .restart_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint.as_str())])
        .await;
    world.get(SHOP).await.expect(404);
    let exported = collector.until(|exported| exported.resources.len() == 2).await;
    let other = exported.resources.iter().find(|other| **other != resource).unwrap();
    assert_eq!(other["service.name"], "apicenter-aws-sync");
    assert!(!other.contains_key("cloud.provider"));
    assert_ne!(other["service.instance.id"], resource["service.instance.id"]);
}
