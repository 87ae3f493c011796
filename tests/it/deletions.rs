//! What is gone on Amazon goes from the catalog, unless that looks like a mistake.

use sandbox::cloud::Cloud;
use sandbox::estate::awkward;
use serde_json::Value;

use crate::world::{SHOP, World};

#[tokio::test]
async fn a_removed_stage_then_a_removed_api_are_gone_after_the_next_run() {
    let world = World::synchronized_demo().await;
    world
        .catalog()
        .put(
            "apis/shop-a1b2c3d4e5/versions/by-hand",
            serde_json::json!({ "title": "by hand", "lifecycleStage": "design" }),
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
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(world.catalog().leftovers().len(), 0);
    world.assert_in_line();
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

async fn plan(world: &World) -> Value {
    let path = format!("integrations/{SHOP}/plan");
    world.call(reqwest::Method::GET, &path, None).await.expect(200).json()
}
