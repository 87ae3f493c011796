//! APIs that are gone in AWS are deleted from the catalog, unless that looks like a mistake.

mod handover;
mod meeting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use sandbox::api_gateway::{RestApi, Stage};
use sandbox::cloud::Cloud;
use sandbox::estate::{awkward, demo};
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::functions_host::FunctionsHost;
use sandbox::record::Service;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::world::{SHOP, World, answer, change_kept, host_options};

#[tokio::test]
async fn a_removed_stage_then_a_removed_api_are_gone_after_the_next_run() {
    let world = World::synchronized_demo().await;
    world
        .catalog()
        .put(
            "apis/shop-a1b2c3d4e5/versions/by-hand",
            json!({ "title": "by hand", "lifecycleStage": "design" }),
        )
        .unwrap();

    world.cloud.api_gateway.remove_stage("a1b2c3d4e5", "staging");
    world.run_timer().await;
    let left: Vec<String> = world
        .everything()
        .into_keys()
        .filter(|path| path.contains("/staging") && path.contains("a1b2c3d4e5"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    assert!(
        world.has("apis/shop-a1b2c3d4e5/versions/by-hand"),
        "a stage takes only what is ours"
    );
    assert!(world.has("apis/shop-a1b2c3d4e5/versions/prod/definitions/openapi"));

    world.cloud.api_gateway.remove_rest_api("a1b2c3d4e5");
    world.run_timer().await;
    let left: Vec<String> = world
        .everything()
        .into_keys()
        .filter(|path| path.contains("a1b2c3d4e5"))
        .collect();
    let by_hand = ["apis/shop-a1b2c3d4e5", "apis/shop-a1b2c3d4e5/versions/by-hand"];
    assert_eq!(
        left, by_hand,
        "what people have put below it stays, and the API with it"
    );
    let api = world.properties(by_hand[0]);
    assert_eq!(api["customProperties"]["aws-sync"], Value::Null, "without our marker");
    assert_eq!(world.catalog().leftovers().len(), 0);
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&"succeeded".into(), &1.into())
    );
}

/// A way in which a listing comes to lack much of what it had.
type Loss = (&'static str, fn(&Cloud));

const LOSSES: [Loss; 4] = [
    ("an empty listing", |cloud| cloud.api_gateway.clear()),
    ("another account's listing", |cloud| {
        cloud.api_gateway.clear();
        let mut estate = awkward(30);
        estate.drain(..10);
        cloud.fill_gateway(estate);
    }),
    ("six of twelve APIs gone", |cloud| {
        for (api, _) in cloud.api_gateway.estate().into_iter().take(6) {
            cloud.api_gateway.remove_rest_api(&api.id);
        }
    }),
    ("most stages gone", |cloud| {
        for (api, stages) in cloud.api_gateway.estate() {
            for stage in stages.into_iter().skip(1) {
                cloud.api_gateway.remove_stage(&api.id, &stage.name);
            }
        }
    }),
];

#[tokio::test]
async fn what_looks_like_a_mistake_is_held_until_it_is_confirmed() {
    for (what, lose) in LOSSES {
        let world = World::synchronized_demo().await;
        let before = world.inventory();
        lose(&world.cloud);
        let held = world.sync("").await.expect(200).json();
        assert_eq!(held["outcome"], "held", "{what}: {held:#}");
        assert_eq!(held["deleted"], 0, "{what}");
        let after = world.inventory();
        assert!(before.keys().all(|path| after.contains_key(path)), "{what}");

        world.run_timer().await;
        assert!(before.keys().all(|path| world.has(path)), "{what}");
        let integration = world.get(SHOP).await.json();
        let report = &integration["properties"]["lastSync"];
        let id = report["deletionsId"].as_str().unwrap().to_owned();
        assert!(
            report["message"]
                .as_str()
                .unwrap()
                .contains(&format!("confirmDeletions={id}")),
            "{what}"
        );
        assert_eq!(integration["properties"]["linkState"]["state"], "syncing", "{what}");

        assert_stale_is_refused(&world, what).await;
        let confirmed = world.sync(&format!("confirmDeletions={id}")).await.expect(200).json();
        assert_eq!(confirmed["outcome"], "succeeded", "{what}: {confirmed:#}");
        world.assert_in_line();
    }
}

async fn assert_stale_is_refused(world: &World, what: &str) {
    let before = world.everything();
    let refusal = world.sync("confirmDeletions=0123456789abcdef").await.expect(409);
    assert_eq!(refusal.code(), "PlanChanged", "{what}");
    assert_eq!(world.everything(), before, "{what}");
}

#[tokio::test]
async fn a_confirmation_that_no_longer_fits_is_refused_and_nothing_written() {
    let world = World::synchronized_demo().await;
    world.cloud.api_gateway.clear();
    let id = world.sync("").await.json()["deletionsId"].as_str().unwrap().to_owned();
    world.cloud.fill_gateway(sandbox::estate::demo().split_off(8));
    let before = world.everything();
    let refusal = world.sync(&format!("confirmDeletions={id}")).await.expect(409);
    assert_eq!(refusal.code(), "PlanChanged");
    assert_eq!(world.everything(), before);
}

#[tokio::test]
async fn a_confirmation_is_good_for_one_loss_and_never_for_another_of_the_same_names() {
    let world = World::synchronized_demo().await;
    let mut used = BTreeSet::new();
    for _ in 0..2 {
        world.cloud.api_gateway.clear();
        let report = world.sync("").await.expect(200).json();
        let id = report["deletionsId"].as_str().unwrap().to_owned();
        let plan = plan(&world).await;
        assert_eq!(plan["deletionsId"], report["deletionsId"]);
        for old in &used {
            let refusal = world.sync(&format!("confirmDeletions={old}")).await.expect(409);
            assert_eq!(refusal.code(), "PlanChanged");
        }
        assert!(used.insert(id.clone()), "the same id again");
        world.sync(&format!("confirmDeletions={id}")).await.expect(200);
        world.assert_in_line();
        let again = world.sync(&format!("confirmDeletions={id}")).await.expect(409);
        assert_eq!(again.code(), "PlanChanged");
        // The same APIs are back, and a run that began before the confirmation forgets nothing.
        world.cloud.fill_gateway(demo());
        world.run_timer().await;
        world.assert_in_line();
    }
}

#[tokio::test]
async fn a_confirmed_run_that_is_killed_has_used_its_confirmation() {
    for writes in [1, 4] {
        let world = World::synchronized_demo().await;
        world.cloud.api_gateway.clear();
        let id = world.sync("").await.expect(200).json()["deletionsId"]
            .as_str()
            .unwrap()
            .to_owned();
        world.fail_write(writes, Some(1), Fault::KillBefore);
        world.sync(&format!("confirmDeletions={id}")).await;
        world.host.wait_for_exit(1).await;
        world.host.ready().await.unwrap();
        world.cloud.fill_gateway(demo());
        world.run_timer().await;
        world.assert_in_line();
        world.cloud.api_gateway.clear();
        let refusal = world.sync(&format!("confirmDeletions={id}")).await.expect(409);
        assert_eq!(refusal.code(), "PlanChanged");
        assert!(world.has("apis/shop-a1b2c3d4e5"));
    }
}

#[tokio::test]
async fn a_move_takes_all_deployments_along_and_leaves_the_former_environment() {
    let world = World::synchronized_demo().await;
    let foreign = json!({ "title": "Theirs", "kind": "testing", "server": { "type": "Kong API Gateway" }, "customProperties": {} });
    world.catalog().put("environments/theirs", foreign).unwrap();
    let before = world.properties("environments/theirs");
    let mut there = world.document();
    there["properties"]["targetEnvironmentId"] = json!("/workspaces/default/environments/theirs");

    world.put(SHOP, there.clone()).await.expect(200);
    assert!(!world.has("environments/shop"), "what was made goes");
    assert_all_deployments_in(&world, "theirs");

    world.put(SHOP, world.document()).await.expect(200);
    assert_eq!(
        world.properties("environments/theirs"),
        before,
        "what was there stays as it was"
    );
    assert_all_deployments_in(&world, "shop");
    world.assert_in_line();

    // An interrupted move leaves both; the next run continues, and a deletion removes both.
    for finish in ["sync", "delete"] {
        world.fail_write(3, Some(1), Fault::KillBefore);
        world.put(SHOP, there.clone()).await;
        world.host.wait_for_exit(1 + usize::from(finish == "delete")).await;
        world.host.ready().await.unwrap();
        assert!(world.has("environments/shop"), "{finish}");
        if finish == "sync" {
            world.run_timer().await;
            assert!(!world.has("environments/shop"));
            assert_all_deployments_in(&world, "theirs");
            world.put(SHOP, world.document()).await.expect(200);
        } else {
            world.delete(SHOP).await.expect(204);
            assert!(!world.has("environments/shop"));
            assert_eq!(world.properties("environments/theirs"), before);
        }
    }
}

#[tokio::test]
async fn a_run_does_not_leave_an_environment_that_the_integration_has_moved_back_to() {
    let world = World::synchronized_demo().await;
    let foreign = json!({ "title": "Theirs", "kind": "testing", "server": { "type": "Kong API Gateway" }, "customProperties": {} });
    world.catalog().put("environments/theirs", foreign).unwrap();
    let before = world.properties("environments/theirs");
    let mut there = world.document();
    there["properties"]["targetEnvironmentId"] = json!("/workspaces/default/environments/theirs");
    let refusal = Fault::Answer {
        status: StatusCode::FORBIDDEN,
        headers: reqwest::header::HeaderMap::default(),
        body: "{}".into(),
    };
    world.fail(
        Service::ApiCenter,
        Some(Method::DELETE),
        "environments/shop",
        Some(1),
        refusal,
    );
    world.put(SHOP, there).await.expect(200);
    assert!(world.has("environments/shop"), "it could not be left yet");

    // While a run records its outcome in `theirs`, another handler begins to move the integration back.
    let catalog = Arc::clone(&world.cloud.api_center);
    world.cloud.kill.set(move || {
        let mut shop = catalog.snapshot()["environments/shop"]["properties"].clone();
        change_kept(&mut shop, "aws-integration", "journal", |journal| {
            journal["generation"] = json!(2);
        });
        catalog.put("environments/shop", shop).unwrap();
    });
    world.fail(
        Service::ApiCenter,
        Some(Method::PUT),
        "environments/theirs",
        Some(1),
        Fault::Interject,
    );
    world.run_timer().await;
    assert!(world.has("environments/shop"), "the integration is kept there");

    world.run_timer().await;
    assert_eq!(world.properties("environments/theirs"), before);
    assert_all_deployments_in(&world, "shop");
    world.assert_in_line();
}

fn assert_all_deployments_in(world: &World, environment: &str) {
    let id = json!(format!("/workspaces/default/environments/{environment}"));
    let everything = world.everything();
    let deployments = everything.iter().filter(|(path, _)| path.contains("/deployments/"));
    let environments: Vec<&Value> = deployments
        .map(|(_, deployment)| &deployment["properties"]["environmentId"])
        .collect();
    let stages: usize = world
        .cloud
        .api_gateway
        .estate()
        .iter()
        .map(|(_, stages)| stages.len())
        .sum();
    assert!(stages > 10);
    assert_eq!(environments, vec![&id; stages]);
}

#[tokio::test]
async fn up_to_five_may_go_unasked() {
    let world = World::synchronized_demo().await;
    for api in ["e5f6a7b8c9", "f6a7b8c9d0", "b8c9d0e1f2", "c9d0e1f2a3", "e1f2a3b4c5"] {
        world.cloud.api_gateway.remove_rest_api(api);
    }
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(report["deleted"], 5, "{report:#}");
    world.assert_in_line();
}

#[tokio::test]
async fn a_plan_is_applied_as_it_was_or_not_at_all() {
    let world = World::synchronized_demo().await;
    world.cloud.api_gateway.remove_rest_api("e1f2a3b4c5");
    world.cloud.record.clear();
    let plan = plan(&world).await;
    assert_eq!(world.all_writes(), 0);
    let changes: Vec<&Value> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["action"])
        .collect();
    assert!(
        !changes.is_empty() && changes.iter().all(|action| *action == "delete"),
        "{plan:#}"
    );

    let id = plan["planId"].as_str().unwrap();
    world.cloud.api_gateway.remove_rest_api("f2a3b4c5d6");
    let before = world.everything();
    assert_eq!(
        world.sync(&format!("planId={id}")).await.expect(409).code(),
        "PlanChanged"
    );
    assert_eq!(world.everything(), before);

    let id = self::plan(&world).await["planId"].as_str().unwrap().to_owned();
    let report = world.sync(&format!("planId={id}")).await.expect(200).json();
    assert_eq!((&report["planId"], &report["deleted"]), (&id.into(), &2.into()));
    world.assert_in_line();
}

#[tokio::test]
async fn an_api_whose_stages_wait_for_a_confirmation_is_not_counted_as_updated_every_time() {
    let stages = (1..=7).map(|number| {
        Stage::new(
            format!("stage{number}"),
            "dep1",
            json!({ "openapi": "3.0.1", "paths": {} }),
        )
    });
    let world = World::synchronized(vec![(RestApi::new("a1b2c3d4e5", "Orders"), stages.collect())]).await;
    for number in 2..=7 {
        world
            .cloud
            .api_gateway
            .remove_stage("a1b2c3d4e5", &format!("stage{number}"));
    }
    let held = world.sync("").await.expect(200).json();
    assert_eq!((&held["outcome"], &held["updated"]), (&"held".into(), &1.into()));
    world.cloud.record.clear();
    let again = world.sync("").await.expect(200).json();
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(again["deletionsId"], held["deletionsId"]);
    assert_eq!((&again["updated"], &again["unchanged"]), (&0.into(), &1.into()));

    let id = held["deletionsId"].as_str().unwrap();
    let confirmed = world.sync(&format!("confirmDeletions={id}")).await.expect(200).json();
    assert_eq!(
        (&confirmed["outcome"], &confirmed["updated"]),
        (&"succeeded".into(), &1.into())
    );
    world.assert_in_line();
}

async fn plan(world: &World) -> Value {
    let path = format!("integrations/{SHOP}/plan");
    world.call(Method::GET, &path, None).await.expect(200).json()
}

/// Writes of a `DELETE` of a small integration, after each of which a handler is killed.
const KILLS: usize = 24;

#[tokio::test]
async fn a_delete_that_was_killed_at_any_write_is_finished_by_the_timer() {
    stream::iter(0..KILLS)
        .for_each_concurrent(4, |writes| async move {
            let world = World::start().await;
            let before = world.inventory();
            world.cloud.fill_gateway(demo().split_off(7));
            world.put_shop().await;
            world.fail_write(writes, Some(1), Fault::KillAfter);
            let cut = world.delete(SHOP).await;
            if cut.status == 204 {
                assert!(writes > 10, "write {writes}: there was nothing to be killed at");
                return;
            }
            world.host.wait_for_exit(1).await;
            world.host.ready().await.unwrap();
            if world.has("environments/shop") {
                let shown = world.get(SHOP).await.expect(200).json();
                assert_eq!(shown["properties"]["linkState"]["state"], "deleting", "write {writes}");
                let refusals = [world.put(SHOP, world.document()).await, world.sync("").await];
                for refusal in refusals {
                    assert_eq!(refusal.expect(409).code(), "IntegrationDeleting", "write {writes}");
                }
            }
            world.run_timer().await;
            assert_nothing_left(&world, &before);
        })
        .await;
}

/// Asserts that the integration is gone with everything it created, including hidden leftovers.
fn assert_nothing_left(world: &World, before: &BTreeMap<String, Value>) {
    assert_eq!(world.inventory(), *before);
    assert!(!world.has("environments/shop"));
    assert_eq!(world.catalog().leftovers(), BTreeMap::new());
}

/// Requests after each of which a deletion begins while a synchronization is in flight.
const MOMENTS: usize = 60;
/// More calls than it takes to delete a few APIs, even if something keeps recreating them.
const MANY_CALLS: usize = 100;

#[tokio::test]
async fn a_delete_and_a_sync_at_once_leave_nothing_behind() {
    let worlds = stream::iter(0..4).map(|number| async move {
        let world = World::start().await;
        let other = FunctionsHost::start(host_options(&world.cloud, &[])).await.unwrap();
        let before = world.inventory();
        for moment in (number..MOMENTS).step_by(4) {
            delete_during_a_sync(&world, &other, moment, &before).await;
        }
        world.hear(&other.output());
        // Entities created below an API while it was deleted are hidden, and in sync once it is recreated.
        world.put_shop().await;
        world.assert_in_line();
    });
    worlds.buffer_unordered(4).collect::<Vec<()>>().await;
}

/// Makes the other handler delete the integration once a synchronization of it has sent this many requests.
async fn delete_during_a_sync(world: &World, other: &FunctionsHost, moment: usize, before: &BTreeMap<String, Value>) {
    world.cloud.api_gateway.clear();
    world.put_shop().await;
    world.cloud.fill_gateway(demo().split_off(9));
    let (begin, started) = oneshot::channel();
    let begin = Arc::new(Mutex::new(Some(begin)));
    let begin_now = move || _ = begin.lock().unwrap().take().map(|begin| begin.send(()));
    world.cloud.kill.set(begin_now.clone());
    world.cloud.faults.add(FaultRule {
        matcher: Matcher::default(),
        skip: moment,
        times: Some(1),
        fault: Fault::Interject,
    });
    let delete = async {
        started.await.unwrap();
        let mut calls = 0;
        loop {
            calls += 1;
            assert!(calls < MANY_CALLS, "moment {moment}: it does not come to an end");
            let url = format!("{}/api/integrations/{SHOP}", other.base_url());
            let request = reqwest::Client::new()
                .delete(url)
                .header("x-functions-key", other.function_key());
            let deleted = answer(request).await;
            // As long as the other recreates what is deleted here, it does not end.
            if deleted.status != 202 {
                return deleted;
            }
        }
    };
    let sync = async {
        let synced = world.sync("").await;
        // If it sent fewer requests, the deletion comes after it.
        begin_now();
        synced
    };
    let (synced, deleted) = tokio::join!(sync, delete);
    world.cloud.faults.clear();
    // Another call that finds nothing left says so.
    assert!(
        [204, 404].contains(&deleted.status.as_u16()),
        "moment {moment}: {deleted:?}"
    );
    // A run that sees the deletion stops and says so.
    assert!(
        [200, 202, 409].contains(&synced.status.as_u16()),
        "moment {moment}: {synced:?}"
    );
    let left: Vec<String> = world
        .inventory()
        .into_keys()
        .filter(|path| !before.contains_key(path))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "moment {moment}");
    assert!(!world.has("environments/shop"), "moment {moment}");
}
