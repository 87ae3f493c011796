//! Removals that wait.

use reqwest::Method;
use sandbox::cloud::CloudOptions;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use super::{API, ORDERS, assert_at_rest, orders, stage};
use crate::deadlines::plain;
use crate::world::{SHOP, World, change_kept, kept};

#[tokio::test]
async fn a_stage_whose_removal_is_held_is_not_forgotten() {
    let world = World::synchronized(orders(&["dev", "prod", "staging"])).await;
    world.edit("environments/shop", |environment| {
        change_kept(environment, "aws-integration", "journal", |journal| {
            journal["held"] = json!([format!("123456789012/{}", world.cloud.region)]);
        });
    });
    world.cloud.api_gateway.remove_stage(ORDERS, "dev");
    for run in 0..3 {
        world.run_timer().await;
        let report = world.last_sync().await;
        assert_eq!(report["outcome"], "held", "run {run}: {report:#}");
        assert!(world.has(&format!("{API}/versions/dev")), "run {run}");
    }
    let id = world.last_sync().await["deletionsId"].as_str().unwrap().to_owned();
    world.sync(&format!("confirmDeletions={id}")).await.expect(200);
    world.assert_in_line();
    assert_at_rest(&world, "after the confirmation").await;
}

#[tokio::test]
async fn a_stage_whose_removal_a_kill_prevented_is_not_forgotten() {
    let world = World::synchronized(orders(&["dev", "prod", "staging"])).await;
    world.cloud.api_gateway.remove_stage(ORDERS, "dev");
    world.fail(
        Service::ApiCenter,
        Some(Method::DELETE),
        "/deployments/dev",
        Some(1),
        Fault::KillBefore,
    );
    assert!(!world.fire_timer().await.succeeded);
    world.cloud.faults.clear();
    assert!(world.has(&format!("{API}/deployments/dev")));
    world.host.ready().await.unwrap();
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(world.last_sync().await["outcome"], "succeeded");
    assert_at_rest(&world, "after the removal").await;
}

#[tokio::test]
async fn removals_that_were_confirmed_once_are_finished_by_later_runs_although_apis_change() {
    const GONE: usize = 40;
    let options = CloudOptions {
        latency: std::time::Duration::from_millis(30),
        ..CloudOptions::default()
    };
    let mut world = World::with(options.unthrottled(), &[]).await;
    let mut estate = plain(GONE + 4);
    for (_, stages) in &mut estate {
        stages.push(stage("staging"));
    }
    world.cloud.fill_gateway(estate.clone());
    world.put_shop().await;
    world.assert_in_line();
    let little_time = [("HTTP_TIME_BUDGET_SECONDS", "1"), ("SYNC_TIME_BUDGET_SECONDS", "1")];
    world.restart_with(&little_time).await;
    for (api, _) in &estate[..GONE] {
        world.cloud.api_gateway.remove_rest_api(&api.id);
    }
    let id = world.sync("").await.json()["deletionsId"].as_str().unwrap().to_owned();
    let first = world.sync(&format!("confirmDeletions={id}")).await.expect(202).json();
    assert!(first["remaining"].as_u64().unwrap() > 0, "{first:#}");
    let mut runs = 0;
    loop {
        // Something else changes before each run.
        let mut changed = estate[GONE + runs % 4].0.clone();
        changed.name = format!("Changed {runs}");
        world.cloud.api_gateway.put_rest_api(changed);
        world.run_timer().await;
        let report = world.last_sync().await;
        assert_ne!(report["outcome"], "held", "no second confirmation: {report:#}");
        if report["outcome"] == "succeeded" {
            break;
        }
        runs += 1;
        assert!(runs < GONE, "{report:#}");
    }
    world.assert_in_line();
    let journal = kept(&world.properties("environments/shop"), "aws-integration", "journal");
    assert_eq!(
        (&journal["confirmations"], &journal["confirmed"]),
        (&json!(1), &Value::Null)
    );
}

#[tokio::test]
async fn what_is_gone_beyond_a_confirmation_waits_and_no_run_that_leaves_it_succeeds() {
    let world = World::synchronized(orders(&["prod", "staging", "test"])).await;
    world.edit("environments/shop", |environment| {
        change_kept(environment, "aws-integration", "journal", |journal| {
            let gateway = "123456789012/us-east-1";
            journal["held"] = json!([gateway]);
            journal["confirmed"] = json!({ gateway: { "id": "0123456789abcdef", "left": 1 } });
        });
    });
    for stage in ["staging", "test"] {
        world.cloud.api_gateway.remove_stage(ORDERS, stage);
    }
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["remaining"]),
        (&json!("partial"), &json!(1)),
        "{report:#}"
    );
    let left = ["staging", "test"].map(|stage| world.has(&format!("{API}/deployments/{stage}")));
    assert_eq!(left, [false, true]);
    // The confirmation is used up: what is left is judged like anything else, and is few.
    world.run_timer().await;
    assert_eq!(world.last_sync().await["outcome"], "succeeded");
    world.assert_in_line();
}

#[tokio::test]
async fn an_api_that_lacks_what_became_required_is_deleted_with_its_integration() {
    let world = World::synchronized(orders(&["prod"])).await;
    let required = json!({
        "schema": json!({ "type": "string", "title": "Cost centre" }).to_string(),
        "assignedTo": [{ "entity": "api", "required": true }],
    });
    world.catalog().put("metadataSchemas/cost-centre", required).unwrap();
    world.delete(SHOP).await.expect(204);
    assert!(world.inventory().keys().all(|path| !path.starts_with("apis/shop-")));
}
