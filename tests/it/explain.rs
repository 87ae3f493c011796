//! Explanations: why an API is, or is not, in the catalog, for every reason that there is.

use reqwest::Method;
use reqwest::header::HeaderMap;
use sandbox::api_gateway::{RestApi, Stage};
use sandbox::estate::demo;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::cli::{BOTH, command, names};
use crate::world::{SHOP, World};

/// A deployed API of the demo.
const ORDERS: &str = "a1b2c3d4e5";

/// The explanation of a name or id: the first API that it matches.
async fn explain(world: &World, api: &str) -> Value {
    let api: String = byte_serialize(api.as_bytes()).collect();
    let path = format!("integrations/{SHOP}/explain?api={api}");
    let explanation = world.call(Method::GET, &path, None).await.expect(200).json();
    assert_eq!(explanation["integration"], SHOP);
    explanation["apis"][0].clone()
}

async fn verdict(world: &World, api: &str) -> String {
    explain(world, api).await["verdict"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_api_is_found_by_id_name_and_entity_and_nothing_is_written() {
    let world = World::synchronized_demo().await;
    let (api, _) = world
        .cloud
        .api_gateway
        .estate()
        .into_iter()
        .find(|(api, _)| api.id == ORDERS)
        .unwrap();
    let entity = format!("apis/shop-{ORDERS}");
    for asked in [
        ORDERS,
        &ORDERS.to_uppercase(),
        &api.name,
        &api.name.to_uppercase(),
        &entity,
    ] {
        let found = explain(&world, asked).await;
        assert_eq!(
            (&found["verdict"], &found["apiId"]),
            (&json!("inLine"), &json!(ORDERS)),
            "{found}"
        );
        assert_eq!((&found["title"], &found["name"]), (&json!(api.name), &json!(entity)));
    }
    assert_eq!(verdict(&world, "nothing of that name").await, "notOnAmazon");
    assert_eq!(world.all_writes(), 0);
    for place in BOTH {
        let names = names(&world.cloud);
        let arguments = ["explain", ORDERS, "-g", &names.group, "-n", &names.center, "-i", SHOP];
        let said = command(&world, place, &arguments).await.expect(0);
        let expected = format!("{} ({ORDERS}): it is in the catalog and up to date\n", api.name);
        assert!(said.out.starts_with(&expected), "{said:?}");
    }
}

#[tokio::test]
async fn every_verdict_is_given_where_it_is_due() {
    let world = World::synchronized_demo().await;
    world
        .cloud
        .api_gateway
        .put_rest_api(RestApi::new("n000000001", "Brand new"));
    assert_eq!(verdict(&world, "Brand new").await, "missing");
    world.run_timer().await;
    assert_eq!(verdict(&world, "Brand new").await, "notDeployed");

    world
        .cloud
        .api_gateway
        .put_rest_api(RestApi::new("n000000001", "Renamed"));
    let differs = explain(&world, "n000000001").await;
    assert_eq!(differs["verdict"], "differs");
    assert_eq!(differs["changes"][0]["fields"][0]["after"], "Renamed", "{differs}");

    world.cloud.api_gateway.remove_rest_api("n000000001");
    assert_eq!(verdict(&world, "n000000001").await, "gone");

    world
        .catalog()
        .put("apis/shop-n000000002", json!({ "title": "Theirs", "kind": "rest" }))
        .unwrap();
    world
        .cloud
        .api_gateway
        .put_rest_api(RestApi::new("n000000002", "In the way"));
    assert_eq!(verdict(&world, "In the way").await, "conflict");

    let fault = Fault::Answer {
        status: reqwest::StatusCode::FORBIDDEN,
        headers: HeaderMap::new(),
        body: "{}".into(),
    };
    world.fail(Service::ApiGateway, None, &format!("{ORDERS}/stages"), None, fault);
    assert_eq!(verdict(&world, ORDERS).await, "failed");
    world.cloud.faults.clear();

    for (api, _) in demo() {
        world.cloud.api_gateway.remove_rest_api(&api.id);
    }
    let held = explain(&world, ORDERS).await;
    assert_eq!(held["verdict"], "held");
    assert!(held["message"].as_str().unwrap().contains("confirmDeletions"), "{held}");
}

#[tokio::test]
async fn an_explanation_has_to_be_asked_for_one_api() {
    let world = World::synchronized_demo().await;
    for query in [
        "",
        "?api=",
        "?api=%20",
        "?name=x",
        &format!("?api={}", "x".repeat(5000)),
    ] {
        let path = format!("integrations/{SHOP}/explain{query}");
        let refused = world.call(Method::GET, &path, None).await.expect(400);
        assert_eq!(refused.code(), "InvalidRequest");
    }
    let refused = world
        .call(Method::GET, "integrations/nobody/explain?api=x", None)
        .await
        .expect(404);
    assert_eq!(refused.code(), "IntegrationNotFound");
    let refused = world
        .call(Method::POST, &format!("integrations/{SHOP}/explain?api=x"), None)
        .await
        .expect(405);
    assert_eq!(refused.headers["allow"], "GET");
}

#[tokio::test]
async fn what_the_guard_does_is_told_of_everything_and_not_of_the_one_api() {
    let document = json!({ "openapi": "3.0.1", "paths": {} });
    let stages = || (0..4).map(|number| Stage::new(format!("stage{number}"), "dep1", document.clone()));
    let api = |id: &str| (RestApi::new(id, format!("API {id}")), stages().collect());
    let world = World::synchronized(["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc", "dddddddddd"].map(api).into()).await;
    for id in ["aaaaaaaaaa", "bbbbbbbbbb"] {
        for number in 1..4 {
            world.cloud.api_gateway.remove_stage(id, &format!("stage{number}"));
        }
    }
    world.cloud.api_gateway.remove_rest_api("dddddddddd");
    let explained = [explain(&world, "aaaaaaaaaa").await, explain(&world, "dddddddddd").await];
    assert_eq!(world.all_writes(), 0);
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "held", "{report:#}");
    let confirmation = format!("confirmDeletions={}", report["deletionsId"].as_str().unwrap());
    for explanation in explained {
        assert_eq!(explanation["verdict"], "held", "{explanation:#}");
        assert!(
            explanation["message"].as_str().unwrap().contains(&confirmation),
            "{explanation:#}"
        );
    }
    assert_eq!(verdict(&world, "cccccccccc").await, "inLine");
}
