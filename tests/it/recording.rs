//! What a run records when it ends, and when it records nothing.

use std::sync::Arc;

use reqwest::Method;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::world::{SHOP, World};

fn marker(world: &World) -> Value {
    world.properties("environments/shop")["customProperties"]["aws-integration"].clone()
}

#[tokio::test]
async fn a_run_that_ends_while_its_integration_is_being_deleted_does_not_bring_it_back() {
    // The deletion begins right before the outcome is written, or right before what it is written into is read.
    for method in [Method::PUT, Method::GET] {
        let world = World::synchronized_demo().await;
        let mut wanted = marker(&world);
        wanted["state"] = json!("deleting");
        let catalog = Arc::clone(&world.cloud.api_center);
        world.cloud.kill.set(move || {
            let mut shop = catalog.snapshot()["environments/shop"]["properties"].clone();
            shop["customProperties"]["aws-integration"]["state"] = json!("deleting");
            catalog.put("environments/shop", shop).unwrap();
        });
        let path = "environments/shop";
        world.fail(
            Service::ApiCenter,
            Some(method.clone()),
            path,
            Some(1),
            Fault::Interject,
        );
        world.sync("").await;
        assert_eq!(marker(&world), wanted, "{method}: state and outcome are as they were");
        world.run_timer().await;
        assert!(
            !world.has("environments/shop"),
            "{method}: the timer finishes the deletion"
        );
        assert_eq!(world.get(SHOP).await.status, 404, "{method}");
    }
}

#[tokio::test]
async fn a_put_whose_run_comes_to_nothing_says_why() {
    let world = World::start().await;
    // Azure lists the new environment, but does not find it.
    let missing = json!({ "error": { "code": "ResourceNotFound", "message": "not there" } });
    world.refuse(Method::GET, "/environments/shop", 404, &missing);
    let put = world.put(SHOP, world.document()).await.expect(201).json();
    let properties = &put["properties"];
    assert_eq!(properties["lastSync"]["outcome"], "failed");
    assert_eq!(
        properties["lastSync"]["message"],
        "the integration shop is no longer found in environments/shop, so this run ended: call again"
    );
    assert_eq!(properties["linkState"]["state"], "error");
    world.cloud.faults.clear();
    world.run_timer().await;
    assert_eq!(world.last_sync().await["outcome"], "succeeded");
}
