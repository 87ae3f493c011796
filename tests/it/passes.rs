//! Passes over several runs: what is carried past is done, or looked at again.

use reqwest::{Method, StatusCode};
use sandbox::api_gateway::{Definition, Stage};
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::deadlines::plain;
use crate::world::{SHOP, World};

/// So short that only the first sixteen APIs are begun, which always are.
const NO_TIME: [(&str, &str); 2] = [
    ("HTTP_TIME_BUDGET_SECONDS", "0.001"),
    ("SYNC_TIME_BUDGET_SECONDS", "0.001"),
];

/// Forty APIs that are in line, and a handler that begins with sixteen of them a run.
async fn hasty_world() -> World {
    let mut world = World::synchronized(plain(40)).await;
    world.restart_with(&NO_TIME).await;
    world.let_no_deep_checks_be_due();
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
        (&report["failed"][0]["restApiId"], &report["remaining"]),
        (&json!("api0000012"), &json!(24)),
        "{report:#}"
    );
    world.cloud.faults.clear();
    run_until_it_succeeds(&world).await;
    world.assert_in_line();
}

#[tokio::test]
async fn where_more_failed_than_is_remembered_all_is_looked_at_before_the_pass_is_said_to_have_succeeded() {
    let world = hasty_world().await;
    world.run_timer().await;
    world.edit("environments/shop", |environment| {
        let last = &mut environment["customProperties"]["aws-integration"]["lastSync"];
        let mut outcome: Value = serde_json::from_str(last.as_str().unwrap()).unwrap();
        let pass = &mut outcome["next"]["passes"]["regular"];
        assert_eq!(pass["resumeAt"], "shop-api0000016");
        pass["unsure"] = json!(true);
        *last = json!(outcome.to_string());
    });
    redeploy(&world, 12);
    run_until_it_succeeds(&world).await;
    world.assert_in_line();
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
async fn a_run_that_began_before_a_put_does_not_bring_back_the_pass_that_the_put_ended() {
    let world = hasty_world().await;
    let catalog = world.cloud.api_center.clone();
    let put = move || {
        let mut environment = catalog.snapshot().remove("environments/shop").unwrap()["properties"].take();
        let options = &mut environment["customProperties"]["aws-integration"]["options"];
        let mut read: Value = serde_json::from_str(options.as_str().unwrap()).unwrap();
        read["changedOn"] = json!("2099-01-01T00:00:00Z");
        *options = json!(read.to_string());
        catalog.put("environments/shop", environment).unwrap();
    };
    world.cloud.kill.set(put);
    let stages = "/restapis/api0000003/stages";
    world.fail(Service::ApiGateway, None, stages, Some(1), Fault::Interject);
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(report["remaining"], 24, "{report:#}");
    assert_eq!(passes(&world), Value::Null);
    world.run_timer().await;
    assert_eq!(passes(&world)["regular"]["resumeAt"], "shop-api0000016");
}

/// The unfinished passes that are kept with the integration.
fn passes(world: &World) -> Value {
    let environment = world.properties("environments/shop");
    let last = &environment["customProperties"]["aws-integration"]["lastSync"];
    let mut outcome: Value = serde_json::from_str(last.as_str().unwrap()).unwrap();
    outcome["next"]["passes"].take()
}
