//! Manual deletions and changes at every level: how things come back, or do not, where that is people's decision.

use std::process::Stdio;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use apicenter_aws_sync::engine::{Clock, Engine};
use apicenter_aws_sync::limits::Budget;
use apicenter_aws_sync::settings::Settings;
use reqwest::Method;
use sandbox::api_gateway::{Definition, RestApi, Stage};
use sandbox::cloud::CloudOptions;
use sandbox::estate::demo;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::world::{SHOP, World};

/// An hour, in seconds.
const HOUR: i64 = 3600;
/// Set in the process that lives through a day of hourly runs: the first and the last of its hours.
const HOURS: &str = "TEST_HOURS";
/// The clock of the process, in seconds since 1970; it starts at a full hour.
static TIME: AtomicI64 = AtomicI64::new(500_000 * HOUR);

/// Somebody's manual change below an API.
type Damage = fn(&World, &str);

/// Everything that can be done by hand below an API, each to another API.
const DAMAGES: [(&str, Damage); 7] = [
    ("a version goes", |world, api| {
        world.catalog().remove(&format!("{api}/versions/prod"));
    }),
    ("a version's title is changed", |world, api| {
        world.edit(&format!("{api}/versions/prod"), |version| {
            version["title"] = json!("Mine");
        });
    }),
    ("a definition goes", |world, api| {
        world
            .catalog()
            .remove(&format!("{api}/versions/prod/definitions/openapi"));
    }),
    ("a definition is emptied", |world, api| {
        world
            .catalog()
            .set_definition(&format!("{api}/versions/prod/definitions/openapi"), "");
    }),
    ("a definition's content is changed", |world, api| {
        world.catalog().set_definition(
            &format!("{api}/versions/prod/definitions/openapi"),
            "{\"openapi\":\"3.0.1\"}",
        );
    }),
    ("a deployment goes", |world, api| {
        world.catalog().remove(&format!("{api}/deployments/prod"));
    }),
    ("a deployment is changed", |world, api| {
        world.edit(&format!("{api}/deployments/prod"), |deployment| {
            deployment["server"]["runtimeUri"] = json!(["https://elsewhere.example"]);
            deployment["definitionId"] = Value::Null;
        });
    }),
];

/// A REST API with these stages.
fn api_with(stages: &[&str]) -> sandbox::estate::Estate {
    let document = json!({ "openapi": "3.0.1", "paths": {} });
    let stages = stages.iter().map(|name| Stage::new(*name, "dep1", document.clone()));
    vec![(RestApi::new("a1b2c3d4e5", "Orders"), stages.collect())]
}

#[tokio::test]
async fn stages_for_which_what_an_earlier_api_left_leaves_no_room_are_reported_at_once() {
    let mut free = CloudOptions::default().unthrottled();
    free.api_center.sku = "Free".to_owned();
    let world = World::with(free, &[]).await;
    world
        .cloud
        .fill_gateway(api_with(&["one", "two", "three", "four", "five"]));
    world.put_shop().await;
    world.assert_in_line();
    world.catalog().remove("apis/shop-a1b2c3d4e5");
    world.cloud.api_gateway.clear();
    world.cloud.fill_gateway(api_with(&["four", "five", "six", "seven"]));

    world.run_timer().await;
    let report = world.last_sync().await;
    let skipped = report["skipped"].as_array().unwrap().iter();
    let skipped: Vec<_> = skipped
        .map(|skip| (skip["stageName"].clone(), skip["reason"].clone()))
        .collect();
    let expected = ["seven", "six"].map(|stage| (json!(stage), json!("TooManyVersions")));
    assert_eq!(skipped, expected, "{report:#}");
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(world.last_sync().await["skipped"], json!([]));
}

#[tokio::test]
async fn an_export_that_is_not_refused_any_more_is_made_also_when_a_version_has_to_be_made() {
    let world = World::synchronized(api_with(&["prod", "test"])).await;
    let deploy = |definition| {
        let stage = Stage::new("prod", "dep2", definition);
        world.cloud.api_gateway.put_stage("a1b2c3d4e5", stage);
    };
    deploy(Definition::Refused("models are not JSON".to_owned()));
    world.run_timer().await;
    assert_eq!(world.last_sync().await["skipped"][0]["reason"], "ExportRefused");
    deploy(Definition::from(
        json!({ "openapi": "3.0.1", "paths": { "/next": {} } }),
    ));
    world.catalog().remove("apis/shop-a1b2c3d4e5/versions/test");

    let report = world.sync("deep=true").await.expect(200).json();
    assert_eq!(report["skipped"], json!([]), "{report:#}");
    world.assert_in_line();
}

/// A gateway of APIs that all have a stage `prod`, one for each kind of damage.
fn estate() -> sandbox::estate::Estate {
    let mut estate = demo();
    estate.retain(|(_, stages)| stages.iter().any(|stage| stage.name == "prod"));
    assert!(estate.len() >= DAMAGES.len(), "there are too few APIs");
    estate
}

/// Does all damages, each to another API.
fn damage(world: &World) {
    for ((api, _), (_, damage)) in estate().into_iter().zip(DAMAGES) {
        damage(world, &format!("apis/shop-{}", api.id));
    }
}

#[tokio::test]
async fn an_api_that_was_deleted_or_renamed_by_hand_is_right_after_the_next_run() {
    let world = World::synchronized(estate()).await;
    world.catalog().remove("apis/shop-a1b2c3d4e5");
    world.edit("apis/shop-b2c3d4e5f6", |api| {
        api["title"] = json!("Mine");
        api["description"] = json!("Mine, too");
        api["kind"] = json!("graphql");
    });
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn what_was_damaged_below_apis_is_right_after_one_deep_run() {
    let world = World::synchronized(estate()).await;
    damage(&world);
    let report = world.sync("deep=true").await.expect(200).json();
    assert_eq!(report["updated"], DAMAGES.len(), "{report:#}");
    world.assert_in_line();
}

#[tokio::test]
async fn what_was_below_a_version_that_was_deleted_by_hand_comes_back_with_it_and_is_put_right() {
    let version = "apis/shop-a1b2c3d4e5/versions/prod";
    let definition = format!("{version}/definitions/openapi");
    for mode in ["never", "always"] {
        let world = World::synchronized_demo().await;
        world.catalog().set_definition(&definition, "{}");
        world.catalog().remove(version);
        let mut document = world.document();
        document["properties"]["importSpecification"] = json!(mode);
        world.put(SHOP, document).await.expect(200);
        if mode == "always" {
            world.sync("deep=true").await.expect(200);
        }
        assert!(world.has(version), "{mode}");
        assert_eq!(world.has(&definition), mode == "always", "{mode}");
        if mode == "always" {
            world.assert_in_line();
        }
        world.cloud.record.clear();
        world.sync("deep=true").await.expect(200);
        assert_eq!(world.writes(), Vec::<String>::new(), "{mode}");
    }
}

#[tokio::test]
async fn a_deep_run_that_takes_several_calls_mends_everything_too() {
    let options = CloudOptions {
        latency: Duration::from_millis(20),
        ..CloudOptions::default()
    };
    let mut world = World::with(options.unthrottled(), &[]).await;
    world.cloud.fill_gateway(sandbox::estate::awkward(60));
    world.put_shop().await;
    let mut calls = 1;
    while world.sync("").await.status != 200 {
        calls += 1;
        assert!(calls < 20, "it does not come to an end");
    }
    let before = world.inventory();
    let definitions: Vec<&String> = before
        .keys()
        .filter(|path| path.ends_with("/definitions/openapi"))
        .collect();
    for definition in definitions.iter().step_by(2) {
        world.catalog().set_definition(definition, "{}");
    }
    for definition in definitions.iter().skip(1).step_by(4) {
        world
            .catalog()
            .remove(definition.rsplit_once("/definitions").unwrap().0);
    }
    world.restart_with(&[("HTTP_TIME_BUDGET_SECONDS", "0.001")]).await;
    let mut calls = 1;
    while world.sync("deep=true").await.status != 200 {
        calls += 1;
        assert!(calls < 20, "it does not come to an end");
    }
    assert!(calls > 1, "one call was enough: the test shows nothing");
    world.assert_in_line();
}

#[tokio::test]
async fn what_was_damaged_below_apis_is_right_after_29_hourly_runs() {
    if let Some((first, last)) = hours() {
        return live_through(first, last).await;
    }
    let world = World::synchronized(estate()).await;
    runs_by_the_hour(&world, 0, 0).await;
    let right = world.inventory();
    damage(&world);
    runs_by_the_hour(&world, 1, 9).await;
    assert_ne!(
        world.inventory(),
        right,
        "nine hours were enough: the test shows nothing"
    );
    runs_by_the_hour(&world, 10, 29).await;
    world.assert_in_line();
}

/// The hours for this process to run, if it is the child.
fn hours() -> Option<(i64, i64)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a test tells the process that it starts what to do"
    )]
    let hours = std::env::var(HOURS).ok()?;
    let (first, last) = hours.split_once('-').unwrap();
    Some((first.parse().unwrap(), last.parse().unwrap()))
}

/// Makes a process with its own clock run the timer for these hours.
///
/// Identity, certificates and AWS's address come from the environment, which a test cannot change for itself.
async fn runs_by_the_hour(world: &World, first: i64, last: i64) {
    let test = "orphans::what_was_damaged_below_apis_is_right_after_29_hourly_runs";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs(world.cloud.unpaced_handler_environment())
        .env(HOURS, format!("{first}-{last}"))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    world.hear(&said);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

async fn live_through(first: i64, last: i64) {
    #[expect(clippy::disallowed_methods, reason = "the settings that the test gave this process")]
    let settings = Settings::read(|name| std::env::var(name).ok()).unwrap();
    let clock = Clock::new(|| OffsetDateTime::from_unix_timestamp(TIME.load(Ordering::Relaxed)).unwrap());
    let engine = Engine::with_clock(&settings, clock).unwrap();
    let begin = TIME.load(Ordering::Relaxed);
    for hour in first..=last {
        TIME.store(begin + hour * HOUR, Ordering::Relaxed);
        let budget = Budget::new(settings.timer_budget, CancellationToken::new());
        let runs = engine.run_all(&budget).await.unwrap();
        assert!(runs.len() == 1 && !runs[0].could_not_be_read, "{runs:?}");
    }
}

#[tokio::test]
async fn an_integration_whose_environment_is_gone_is_shown_and_left_alone() {
    let world = World::synchronized_demo().await;
    world.catalog().remove("environments/shop");
    let before = world.everything();
    assert!(!world.fire_timer().await.succeeded, "somebody has to know of it");
    world.cloud.api_gateway.clear();
    assert!(!world.fire_timer().await.succeeded);
    assert_eq!(world.everything(), before, "nothing is swept unasked");

    let list = world.call(Method::GET, "integrations", None).await.expect(200).json();
    let shown = world.get(SHOP).await.expect(200).json();
    assert_eq!(list["value"], json!([shown]));
    let state = &shown["properties"]["linkState"];
    assert_eq!(state["state"], "error");
    assert!(state["message"].as_str().unwrap().contains("orphaned"), "{state}");
    assert_eq!(shown["properties"]["amazonApiGatewaySource"]["regionName"], "us-east-1");
    for call in ["sync", "plan"] {
        let method = if call == "sync" { Method::POST } else { Method::GET };
        let refusal = world
            .call(method, &format!("integrations/{SHOP}/{call}"), None)
            .await
            .expect(404);
        assert_eq!(refusal.code(), "IntegrationNotFound");
    }
    assert_eq!(world.everything(), before);
}

#[tokio::test]
async fn a_put_adopts_what_an_integration_left_with_what_people_wrote() {
    let world = World::synchronized_demo().await;
    let api = "apis/shop-a1b2c3d4e5";
    world.edit(api, |properties| properties["summary"] = json!("All about orders"));
    world.edit(&format!("{api}/deployments/prod"), |properties| {
        properties["title"] = json!("Ours");
    });
    world.catalog().remove("environments/shop");
    world.cloud.record.clear();

    let other = {
        let mut document = world.document();
        document["properties"]["amazonApiGatewaySource"]["regionName"] = json!("eu-west-1");
        world.put(SHOP, document).await.expect(409)
    };
    assert_eq!(other.code(), "RegionImmutable");
    assert_eq!(world.all_writes(), 0);

    let shop = world.put_shop().await.json();
    let report = &shop["properties"]["lastSync"];
    assert_eq!(
        (&report["created"], &report["outcome"]),
        (&json!(0), &json!("succeeded")),
        "{report:#}"
    );
    assert_eq!(world.properties(api)["summary"], "All about orders");
    assert_eq!(world.properties(&format!("{api}/deployments/prod"))["title"], "Ours");
    world.edit(&format!("{api}/deployments/prod"), |properties| {
        properties["title"] = json!("prod");
    });
    world.assert_in_line();
}

#[tokio::test]
async fn a_delete_removes_what_an_integration_left_and_nothing_else() {
    let world = World::start().await;
    world.cloud.fill_gateway(demo());
    world.put("depot", world.document()).await.expect(201);
    world
        .catalog()
        .put("apis/shop-byhand0001", json!({ "title": "By hand", "kind": "rest" }))
        .unwrap();
    let before = world.everything();
    world.put_shop().await;
    world.catalog().remove("environments/shop");
    world.delete(SHOP).await.expect(204);
    assert_eq!(world.everything(), before);
    assert_eq!(world.catalog().leftovers().len(), 0);
    world.get(SHOP).await.expect(404);
    world.delete(SHOP).await.expect(404);
}

#[tokio::test]
async fn an_environment_whose_marker_was_taken_off_is_taken_again() {
    let world = World::synchronized_demo().await;
    world.edit("environments/shop", |environment| {
        environment["customProperties"]
            .as_object_mut()
            .unwrap()
            .remove("aws-integration");
    });
    let before = world.everything();
    assert!(
        !world.fire_timer().await.succeeded,
        "no environment holds the integration"
    );
    assert_eq!(world.everything(), before);
    let list = world.call(Method::GET, "integrations", None).await.expect(200).json();
    assert_eq!(list["value"][0]["properties"]["linkState"]["state"], "error");
    world.put(SHOP, world.document()).await.expect(201);
    world.assert_in_line();
    world.run_timer().await;
    world.delete(SHOP).await.expect(204);
    assert!(!world.has("environments/shop"), "it was made for the integration");
}
