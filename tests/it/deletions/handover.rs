//! Environments that change hands while an integration is taken out of them.

use std::sync::Arc;

use reqwest::Method;
use sandbox::api_center::ApiCenter;
use sandbox::estate::demo;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::world::{SHOP, World};

/// A world with an integration in an environment of its own, or in people's.
async fn world_with_shop_in(environment: &str) -> World {
    let world = World::start().await;
    world.cloud.fill_gateway(demo().split_off(10));
    if environment != SHOP {
        let theirs = json!({ "title": "Theirs", "kind": "testing", "customProperties": {} });
        world
            .catalog()
            .put(&format!("environments/{environment}"), theirs)
            .unwrap();
    }
    let mut document = world.document();
    document["properties"]["targetEnvironmentId"] = json!(format!("/workspaces/default/environments/{environment}"));
    world.put(SHOP, document).await.expect(201);
    world
}

/// At the first request of this kind, changes what an environment's `customProperties` hold.
fn meanwhile(world: &World, method: Method, target: &str, environment: &str, change: fn(&mut Value)) {
    let (catalog, path) = (
        Arc::clone(&world.cloud.api_center),
        format!("environments/{environment}"),
    );
    world.cloud.kill.set(move || change_custom(&catalog, &path, change));
    world.fail(Service::ApiCenter, Some(method), target, Some(1), Fault::Interject);
}

fn change_custom(catalog: &ApiCenter, path: &str, change: fn(&mut Value)) {
    let mut properties = catalog.snapshot()[path]["properties"].clone();
    change(&mut properties["customProperties"]);
    catalog.put(path, properties).unwrap();
}

/// As another call leaves it that ended the deletion first, and a `PUT` after that.
fn give_to_depot(custom: &mut Value) {
    custom["aws-integration"]["name"] = json!("depot");
    custom["aws-integration"]["state"] = json!("active");
}

fn take_marker_off(custom: &mut Value) {
    custom.as_object_mut().unwrap().remove("aws-integration").unwrap();
}

#[tokio::test]
async fn a_deletion_leaves_an_environment_alone_that_another_integration_got_meanwhile() {
    for environment in [SHOP, "theirs"] {
        let read = format!(r"/environments/{environment}\?");
        for (method, target) in [(Method::GET, read.as_str()), (Method::DELETE, "/apis/shop-")] {
            let what = format!("{environment} at {method}");
            let world = world_with_shop_in(environment).await;
            let path = format!("environments/{environment}");
            let mut expected = world.properties(&path)["customProperties"].take();
            give_to_depot(&mut expected);
            meanwhile(&world, method, target, environment, give_to_depot);
            world.delete(SHOP).await.expect(204);
            assert!(world.has(&path), "{what}");
            assert_eq!(world.properties(&path)["customProperties"], expected, "{what}");
            assert!(
                world.inventory().keys().all(|path| !path.starts_with("apis/shop-")),
                "{what}"
            );
        }
    }
}

#[tokio::test]
async fn a_deletion_writes_no_marker_where_there_is_none_any_more() {
    let world = world_with_shop_in("theirs").await;
    world.cloud.record.clear();
    meanwhile(
        &world,
        Method::GET,
        r"/environments/theirs\?",
        "theirs",
        take_marker_off,
    );
    world.delete(SHOP).await.expect(204);
    assert_eq!(world.properties("environments/theirs")["customProperties"], json!({}));
    let writes = world.writes();
    assert!(
        !writes.is_empty() && writes.iter().all(|write| !write.contains("environments/")),
        "{writes:?}"
    );
}

#[tokio::test]
async fn a_move_leaves_the_former_environment_alone_that_another_integration_got_meanwhile() {
    let world = world_with_shop_in("theirs").await;
    meanwhile(&world, Method::GET, r"/environments/theirs\?", "theirs", give_to_depot);
    world.put(SHOP, world.document()).await.expect(200);
    let marker = &world.properties("environments/theirs")["customProperties"]["aws-integration"];
    assert_eq!((&marker["name"], &marker["state"]), (&json!("depot"), &json!("active")));
}
