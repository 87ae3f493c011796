//! Defects: a panic in the work on one API or one integration ends that work and nothing else.

use std::fs;
use std::path::Path;

use reqwest::Method;
use sandbox::api_gateway::{RestApi, Stage};
use sandbox::estate::demo;
use serde_json::json;

use crate::world::{SHOP, World, answer};

/// The variable for planted panics; see `src/panics.rs`.
const PLANTED: &str = "APICENTER_AWS_SYNC_PLANTED_PANIC";
/// The prefix of all such variables.
const ALL_PLANTED: &str = "APICENTER_AWS_SYNC_PLANTED";
/// An API that the demo has with two stages.
const API: &str = "a1b2c3d4e5";

/// Asserts that the log has the place of a panic, and not its message.
fn assert_place_is_logged(world: &World, what: &str) {
    let output = world.host.output();
    let mut lines = output.lines().filter(|line| line.contains("a panic: "));
    let line = lines.next().unwrap_or_else(|| panic!("{what}: {output}"));
    assert!(line.contains(r#""place":"src/"#), "{what}: {line}");
    assert!(!output.contains("planted at"), "{what}: {output}");
}

#[tokio::test]
async fn an_api_at_which_the_work_panics_is_failed_and_the_others_are_done() {
    for step in ["look", "write"] {
        let mut world = World::start().await;
        world.cloud.fill_gateway(demo());
        world.restart_with(&[(PLANTED, &format!("{step}:{API}"))]).await;
        world.put_shop().await;
        let report = world.last_sync().await;
        assert_eq!(report["outcome"], "partial", "{step}: {report:#}");
        assert_eq!(report["created"], demo().len() - usize::from(step == "look"), "{step}");
        let failed = report["failed"].as_array().unwrap();
        assert_eq!((failed.len(), &failed[0]["apiId"]), (1, &json!(API)), "{step}");
        let message = failed[0]["message"].as_str().unwrap();
        assert!(message.starts_with("internal error"), "{step}: {message}");
        assert_place_is_logged(&world, step);
        // Its entities are listed: people's additions below it do not count as the integration's.
        if step == "write" {
            let draft = json!({ "title": "Draft", "lifecycleStage": "design" });
            let path = format!("apis/shop-{API}/versions/draft");
            world.catalog().put(&path, draft).unwrap();
            world.run_timer().await;
            world.restart_with(&[]).await;
            world.run_timer().await;
            assert!(world.has(&path));
            world.catalog().remove(&path);
        }
        world.restart_with(&[]).await;
        world.run_timer().await;
        world.assert_in_line();
    }
}

#[tokio::test]
async fn a_plan_tells_of_an_api_at_which_the_work_panics_and_of_the_others() {
    let mut world = World::synchronized_demo().await;
    world.restart_with(&[(PLANTED, &format!("look:{API}"))]).await;
    let plan = world.call(Method::GET, "integrations/shop/plan", None).await;
    let plan = plan.expect(200).json();
    assert_eq!(plan["failed"][0]["apiId"], API, "{plan:#}");
    assert_eq!(plan["complete"], false);
    assert_eq!(world.sync("deep=true").await.expect(200).json()["outcome"], "partial");
}

#[tokio::test]
async fn an_integration_at_which_the_work_panics_is_failed_and_the_others_are_done() {
    for step in ["observe", "run"] {
        let mut world = World::synchronized_demo().await;
        world.put("shop2", world.document()).await.expect(201);
        world.restart_with(&[(PLANTED, &format!("{step}:{SHOP}"))]).await;
        let stage = Stage::new("prod", "dep1", json!({ "paths": {} }));
        world.cloud.api_gateway.put_rest_api(RestApi::new("new0000001", "New"));
        world.cloud.api_gateway.put_stage("new0000001", stage);
        let timer = world.fire_timer().await;
        assert!(!timer.succeeded, "{step}");
        assert!(world.has("apis/shop2-new0000001/deployments/prod"), "{step}");
        assert!(!world.has("apis/shop-new0000001"), "{step}");
        assert_place_is_logged(&world, step);
        if step == "observe" {
            let shop = world.get(SHOP).await.expect(200).json();
            let (report, link) = (&shop["properties"]["lastSync"], &shop["properties"]["linkState"]);
            assert_eq!(
                (&report["outcome"], &link["state"]),
                (&json!("failed"), &json!("error"))
            );
            for message in [&report["message"], &link["message"]] {
                assert!(message.as_str().unwrap().starts_with("internal error"), "{message}");
            }
        }
        world.restart_with(&[]).await;
        world.run_timer().await;
        world.assert_in_line();
    }
}

#[tokio::test]
async fn a_deletion_that_panics_at_one_api_deletes_the_others_and_says_so() {
    let mut world = World::synchronized_demo().await;
    world.restart_with(&[(PLANTED, &format!("delete:{API}"))]).await;
    let request = reqwest::Client::new()
        .delete(format!("{}/api/integrations/{SHOP}", world.host.base_url()))
        .header("x-functions-key", world.host.function_key());
    let refused = answer(request).await.expect(500);
    assert_eq!(refused.code(), "InternalError");
    for words in ["still there: 1,", API, "internal error"] {
        assert!(refused.text.contains(words), "{}", refused.text);
    }
    let left = world
        .inventory()
        .into_keys()
        .filter(|path| path.starts_with("apis/shop-"));
    assert!(
        left.into_iter()
            .all(|path| path.starts_with(&format!("apis/shop-{API}")))
    );
    world.restart_with(&[]).await;
    world.run_timer().await;
    assert!(!world.has("environments/shop"));
}

#[test]
fn nothing_that_is_published_has_planted_panics_and_the_check_of_it_looks_for_the_right_name() {
    let read = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let handler = fs::read(env!("CARGO_BIN_EXE_handler")).unwrap();
    let has_name = handler.windows(PLANTED.len()).any(|bytes| bytes == PLANTED.as_bytes());
    assert_eq!(
        has_name,
        cfg!(debug_assertions),
        "the name tells whether a build has them"
    );
    assert!(
        read("tests/package/run").contains(ALL_PLANTED),
        "the package is looked through"
    );
    // Profiles leave both as they are: no debug assertions in what is optimised, and panics that can be caught.
    let manifest = read("Cargo.toml");
    for setting in ["debug-assertions", "panic = \"abort\""] {
        assert!(!manifest.contains(setting), "{setting}");
    }
}
