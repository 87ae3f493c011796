//! Passes over several runs: what is carried past is done, or looked at again.

use reqwest::{Method, StatusCode};
use sandbox::api_gateway::{Definition, Stage};
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::deadlines::plain;
use crate::world::{SHOP, World, kept};

/// So short that only the first sixteen APIs are begun, which always are.
const NO_TIME: [(&str, &str); 2] = [
    ("HTTP_TIME_BUDGET_SECONDS", "0.001"),
    ("SYNC_TIME_BUDGET_SECONDS", "0.001"),
];

/// Forty APIs that are in line, and a handler that begins with sixteen of them a run.
async fn hasty_world() -> World {
    let mut world = World::synchronized(plain(40)).await;
    world.restart_with(&NO_TIME).await;
    world
}

/// Changes the stage of one of the plain APIs, which nothing but a look at the stage shows.
fn redeploy(world: &World, number: usize) {
    let document = json!({ "openapi": "3.0.1", "paths": { "/next": {} } });
    let stage = Stage::new("prod", "dep002", Definition::from(document));
    world.cloud.api_gateway.put_stage(&format!("api{number:07}"), stage);
}

/// Lets the timer fire until a run says that all is well.
async fn run_until_it_succeeds(world: &World) -> usize {
    let mut runs = 0;
    loop {
        world.run_timer().await;
        runs += 1;
        let report = world.last_sync().await;
        if report["outcome"] == "succeeded" {
            return runs;
        }
        assert!(runs < 9, "{report:#}");
    }
}

#[tokio::test]
async fn an_api_that_failed_is_looked_at_before_its_pass_is_said_to_have_succeeded() {
    let world = hasty_world().await;
    redeploy(&world, 12);
    let denied = Fault::Answer {
        status: StatusCode::FORBIDDEN,
        headers: reqwest::header::HeaderMap::default(),
        body: "{}".into(),
    };
    world.fail(Service::ApiGateway, None, "/restapis/api0000012/stages", None, denied);
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(
        (&report["failed"][0]["apiId"], &report["remaining"]),
        (&json!("api0000012"), &json!(24)),
        "{report:#}"
    );
    world.cloud.faults.clear();
    run_until_it_succeeds(&world).await;
    world.assert_in_line();
}

#[tokio::test]
async fn no_api_starves_behind_others_that_never_settle() {
    let world = hasty_world().await;
    let schema = |required: bool| {
        json!({
            "schema": json!({ "type": "string", "title": "Cost centre" }).to_string(),
            "assignedTo": [{ "entity": "api", "required": required }],
        })
    };
    world
        .catalog()
        .put("metadataSchemas/cost-centre", schema(false))
        .unwrap();
    world.edit("apis/shop-api0000039", |api| {
        api["customProperties"]["cost-centre"] = json!("42");
    });
    world
        .catalog()
        .put("metadataSchemas/cost-centre", schema(true))
        .unwrap();
    // All but the last lack what the organisation requires: what is below them is never written.
    (0..40).for_each(|number| redeploy(&world, number));
    let exports = || world.gateway_calls("/exports/");
    for runs in 0.. {
        assert!(runs < 5, "{:#}", world.last_sync().await);
        world.run_timer().await;
        if exports() > 0 {
            break;
        }
    }
    let report = world.last_sync().await;
    assert_eq!(report["skipped"][0]["reason"], "MissingMetadata", "{report:#}");
}

#[tokio::test]
async fn an_api_that_is_cut_off_halfway_remains_although_its_pass_was_past_it() {
    let world = hasty_world().await;
    world.run_timer().await;
    world.run_timer().await;
    redeploy(&world, 2);
    world.fail(
        Service::ApiGateway,
        None,
        "/restapis/api0000002/.*/exports",
        None,
        Fault::Hang,
    );
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["remaining"]),
        (&json!("partial"), &json!(1)),
        "{report:#}"
    );
    world.cloud.faults.clear();
    run_until_it_succeeds(&world).await;
    world.assert_in_line();
}

#[tokio::test]
async fn a_planned_change_that_there_was_no_time_for_remains_although_a_pass_was_past_it() {
    let world = hasty_world().await;
    world.run_timer().await;
    redeploy(&world, 12);
    let plan = world
        .call(Method::GET, &format!("integrations/{SHOP}/plan"), None)
        .await;
    let plan = plan.expect(200).json();
    let by_plan = format!("planId={}", plan["planId"].as_str().unwrap());
    let report = world.sync(&by_plan).await.expect(202).json();
    assert_eq!(
        (&report["outcome"], &report["remaining"], &report["unchanged"]),
        (&json!("partial"), &json!(1), &json!(39)),
        "{report:#}"
    );
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn a_put_that_changes_settings_begins_another_pass() {
    let world = hasty_world().await;
    world.run_timer().await;
    assert_eq!(cursor(&world)["at"], "shop-api0000016");
    let mut document = world.document();
    document["properties"]["importSpecification"] = json!("never");
    world.put(SHOP, document).await.expect(200);
    assert_eq!(cursor(&world)["from"], "shop-api0000000");
}

/// The stored position of the unfinished pass.
fn cursor(world: &World) -> Value {
    kept(&world.properties("environments/shop"), "aws-integration", "journal")["cursor"].take()
}
