//! Changes by people and other tools to our entities, and below them.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use super::{API, ORDERS, add_peoples, assert_at_rest, assert_unchanged, conflicts, marker, meanwhile, orders, stage};
use crate::deadlines::plain;
use crate::world::{SHOP, World};

#[tokio::test]
async fn an_api_that_another_tool_has_replaced_is_ours_again_by_its_deployments() {
    let world = World::synchronized(orders(&["prod", "staging"])).await;
    let theirs = json!({ "title": "By a tool", "kind": "rest", "summary": "What the tool says" });
    world.catalog().put(API, theirs).unwrap();
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(world.properties(API)["summary"], "What the tool says");
    assert_eq!(marker(&world, API, "aws-sync")["integration"], SHOP);
    assert_at_rest(&world, "after the marker is back").await;
    world.delete(SHOP).await.expect(204);
    assert!(!world.has(API));
}

#[tokio::test]
async fn an_api_of_somebody_elses_with_our_name_stays_theirs() {
    let world = World::synchronized(plain(4)).await;
    let api = json!({ "title": "Theirs", "kind": "rest" });
    world.catalog().put(API, api).unwrap();
    // A deployment that was copied from another API, marker and all, vouches for nothing.
    let copied = world.properties("apis/shop-api0000000/deployments/prod");
    let mut copied = copied.clone();
    copied["definitionId"] = Value::Null;
    world.catalog().put(&format!("{API}/deployments/prod"), copied).unwrap();
    let before: Vec<(String, Value)> = [API.to_owned(), format!("{API}/deployments/prod")]
        .map(|path| (path.clone(), world.properties(&path)))
        .into();
    world.cloud.fill_gateway(orders(&["prod"]));
    world.run_timer().await;
    assert_unchanged(&world, &before, "after a run");
    assert_eq!(conflicts(&world.last_sync().await), [API]);
    world.delete(SHOP).await.expect(204);
    assert_unchanged(&world, &before, "after the deletion");
}

#[tokio::test]
async fn an_environment_that_another_tool_has_replaced_is_put_right_by_put_and_by_delete() {
    for puts in [true, false] {
        let world = World::synchronized(orders(&["prod"])).await;
        let theirs = json!({ "title": "By a tool", "kind": "testing" });
        world.catalog().put("environments/shop", theirs).unwrap();
        let before = world.everything();
        assert!(
            !world.fire_timer().await.succeeded,
            "nobody would learn of it otherwise"
        );
        assert_eq!(world.everything(), before);
        let list = world.call(Method::GET, "integrations", None).await.expect(200).json();
        assert_eq!(list["value"][0]["name"], SHOP);
        assert_eq!(
            list["value"][0]["properties"]["linkState"]["state"], "error",
            "{list:#}"
        );
        if puts {
            world.put(SHOP, world.document()).await.expect(201);
            world.assert_in_line();
            world.run_timer().await;
            assert_eq!(world.properties("environments/shop")["title"], "By a tool");
        }
        world.delete(SHOP).await.expect(204);
        let left: Vec<String> = world
            .inventory()
            .into_keys()
            .filter(|path| path.contains("shop"))
            .collect();
        assert_eq!(left, Vec::<String>::new());
        // By now, its owner is unknown.
        assert!(world.has("environments/shop"));
        assert_eq!(marker(&world, "environments/shop", "aws-integration"), Value::Null);
        world.run_timer().await;
        world.get(SHOP).await.expect(404);
    }
}

#[tokio::test]
async fn what_people_have_put_below_an_api_stays_when_the_api_goes() {
    let world = World::synchronized(orders(&["prod", "staging"])).await;
    let theirs = add_peoples(&world);
    world.cloud.api_gateway.remove_rest_api(ORDERS);
    world.run_timer().await;
    assert_unchanged(&world, &theirs, "after the API went");
    let report = world.last_sync().await;
    let named = conflicts(&report);
    assert!(theirs.iter().all(|(path, _)| named.contains(path)), "{report:#}");
    assert_eq!(marker(&world, API, "aws-sync"), Value::Null);
    for ours in [
        "versions/staging",
        "versions/prod/definitions/openapi",
        "deployments/prod",
        "deployments/staging",
    ] {
        assert!(!world.has(&format!("{API}/{ours}")), "{ours}");
    }
    assert_at_rest(&world, "after the API went").await;
    world.delete(SHOP).await.expect(204);
    assert_unchanged(&world, &theirs, "after the deletion");
    assert!(world.has("environments/shop"), "a deployment of theirs names it");
    assert_eq!(marker(&world, "environments/shop", "aws-integration"), Value::Null);
}

#[tokio::test]
async fn what_people_have_put_below_an_api_stays_when_the_stage_goes_and_when_the_integration_goes() {
    let world = World::synchronized(orders(&["prod", "staging"])).await;
    let theirs = add_peoples(&world);
    world.cloud.api_gateway.remove_stage(ORDERS, "prod");
    world.run_timer().await;
    assert_unchanged(&world, &theirs, "after the stage went");
    assert!(!world.has(&format!("{API}/versions/prod/definitions/openapi")));
    assert!(!world.has(&format!("{API}/deployments/prod")));
    assert_eq!(marker(&world, API, "aws-sync")["versions"], "staging");
    assert_at_rest(&world, "after the stage went").await;

    world.delete(SHOP).await.expect(204);
    assert_unchanged(&world, &theirs, "after the deletion");
    assert_eq!(marker(&world, API, "aws-sync"), Value::Null);
    assert!(!world.has(&format!("{API}/versions/staging")));
    assert!(world.has("environments/shop"), "a deployment of theirs names it");
    assert_eq!(marker(&world, "environments/shop", "aws-integration"), Value::Null);
    world.run_timer().await;
    world.get(SHOP).await.expect(404);
}

#[tokio::test]
async fn a_version_that_a_person_has_made_before_the_stage_is_never_the_stages() {
    let world = World::synchronized(orders(&["staging"])).await;
    let path = format!("{API}/versions/prod");
    let properties = json!({ "title": "Theirs", "lifecycleStage": "production" });
    world.catalog().put(&path, properties).unwrap();
    let theirs = [(path.clone(), world.properties(&path))];
    world.cloud.api_gateway.put_stage(ORDERS, stage("prod"));
    for what in ["the stage came", "another run"] {
        world.run_timer().await;
        assert_unchanged(&world, &theirs, what);
        let report = world.last_sync().await;
        let skipped = report["skipped"].as_array().unwrap();
        assert_eq!(
            (skipped.len(), &skipped[0]["reason"]),
            (1, &json!("NameCollision")),
            "{what}: {report:#}"
        );
    }
    world.sync("deep=true").await.expect(200);
    assert_unchanged(&world, &theirs, "a deep run");
    assert!(!world.has(&format!("{API}/deployments/prod")));
    world.cloud.api_gateway.remove_stage(ORDERS, "prod");
    world.run_timer().await;
    assert_unchanged(&world, &theirs, "the stage went");
    world.delete(SHOP).await.expect(204);
    assert_unchanged(&world, &theirs, "the integration went");
}

#[tokio::test]
async fn an_api_that_a_person_makes_between_our_list_and_our_write_is_not_overwritten() {
    let world = World::synchronized(plain(4)).await;
    world.cloud.fill_gateway(orders(&["prod"]));
    let catalog = Arc::clone(&world.cloud.api_center);
    meanwhile(&world, (Method::GET, &format!("/{API}\\?")), move || {
        catalog.put(API, json!({ "title": "Theirs", "kind": "soap" })).unwrap();
    });
    world.run_timer().await;
    let api = world.properties(API);
    assert_eq!((&api["title"], &api["kind"]), (&json!("Theirs"), &json!("soap")));
    assert_eq!(api["customProperties"]["aws-sync"], Value::Null);
    assert_eq!(conflicts(&world.last_sync().await), [API]);
    assert!(!world.has(&format!("{API}/versions/prod")));
}
