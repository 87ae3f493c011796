//! Changes on either side, and what they leave alone.

use reqwest::Method;
use sandbox::api_gateway::{Definition, RestApi, Stage};
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::world::{World, change_kept};

/// The REST API that things happen to.
const ORDERS: &str = "a1b2c3d4e5";

/// Every field that users own, by entity, and what a user wrote there.
fn edits() -> Vec<(&'static str, &'static str, Value)> {
    let api = "apis/shop-a1b2c3d4e5";
    let version = "apis/shop-a1b2c3d4e5/versions/prod";
    let deployment = "apis/shop-a1b2c3d4e5/deployments/prod";
    let environment = "environments/shop";
    vec![
        (environment, "/title", json!("Amazon, ours")),
        (environment, "/description", json!("What runs on Amazon")),
        (environment, "/kind", json!("staging")),
        (
            environment,
            "/server/managementPortalUri",
            json!(["https://console.example"]),
        ),
        (
            environment,
            "/onboarding",
            json!({ "instructions": "Ask Ann.", "developerPortalUri": ["https://portal.example"] }),
        ),
        (environment, "/customProperties/team", json!("platform")),
        (api, "/summary", json!("All about orders")),
        (api, "/termsOfService", json!({ "url": "https://terms.example" })),
        (
            api,
            "/license",
            json!({ "name": "MIT", "url": "https://licence.example" }),
        ),
        (api, "/contacts", json!([{ "name": "Ann", "email": "ann@example.com" }])),
        (
            api,
            "/externalDocumentation",
            json!([{ "title": "Wiki", "url": "https://wiki.example" }]),
        ),
        (api, "/customProperties/team", json!("orders")),
        (version, "/lifecycleStage", json!("production")),
        (deployment, "/title", json!("Production, in Frankfurt")),
        (deployment, "/description", json!("Look, do not touch")),
        (deployment, "/state", json!("inactive")),
        (deployment, "/customProperties/team", json!("on call")),
    ]
}

fn set(properties: &mut Value, pointer: &str, value: Value) {
    let mut place = properties;
    for part in pointer.trim_start_matches('/').split('/') {
        place = &mut place[part];
    }
    *place = value;
}

fn redeployed(world: &World, stage: &str) -> Stage {
    let estate = world.cloud.api_gateway.estate();
    let (_, stages) = estate.into_iter().find(|(api, _)| api.id == ORDERS).unwrap();
    let mut stage = stages.into_iter().find(|found| found.name == stage).unwrap();
    stage.deployment_id.push_str("next");
    stage.definition =
        Definition::from(json!({ "openapi": "3.0.1", "paths": { "/next": { "get": { "responses": {} } } } }));
    stage
}

fn renamed() -> RestApi {
    let mut api = RestApi::new(ORDERS, "Orders and returns");
    api.description = Some("Another description".to_owned());
    api
}

#[tokio::test]
async fn what_users_wrote_survives_a_title_change_and_a_redeploy() {
    let world = World::synchronized_demo().await;
    let team = json!({
        "schema": json!({ "type": "string", "title": "Team" }).to_string(),
        "assignedTo": [{ "entity": "api" }, { "entity": "environment" }, { "entity": "deployment" }],
    });
    world.catalog().put("metadataSchemas/team", team).unwrap();
    for (path, pointer, value) in edits() {
        world.edit(path, |properties| set(properties, pointer, value));
    }
    world.cloud.api_gateway.put_rest_api(renamed());
    world.cloud.api_gateway.put_stage(ORDERS, redeployed(&world, "prod"));

    world.run_timer().await;

    for (path, pointer, value) in edits() {
        assert_eq!(
            world.properties(path).pointer(pointer),
            Some(&value),
            "{path} {pointer}"
        );
    }
    assert_eq!(world.properties("apis/shop-a1b2c3d4e5")["title"], "Orders and returns");
    assert_eq!(
        world.properties("apis/shop-a1b2c3d4e5")["description"],
        "Another description"
    );
    let definition = &world.everything()["apis/shop-a1b2c3d4e5/versions/prod/definitions/openapi"];
    assert!(definition["content"].as_str().unwrap().contains("/next"));
}

#[tokio::test]
async fn what_the_source_owns_is_put_right_within_a_deep_run() {
    let world = World::synchronized_demo().await;
    let api = "apis/shop-a1b2c3d4e5";
    world.edit(api, |properties| {
        properties["title"] = json!("Not orders");
        properties["kind"] = json!("soap");
    });
    world.edit(&format!("{api}/versions/prod"), |properties| {
        properties["title"] = json!("another");
    });
    world.edit(&format!("{api}/deployments/staging"), |properties| {
        properties["server"]["runtimeUri"] = json!(["https://elsewhere.example"]);
    });
    world.catalog().remove(&format!("{api}/deployments/prod"));
    world
        .catalog()
        .set_definition(&format!("{api}/versions/staging/definitions/openapi"), "{}");
    world
        .catalog()
        .remove(&format!("{api}/versions/v1-3bfc269594ef6492/definitions/openapi"));
    world.catalog().remove("apis/shop-b2c3d4e5f6");
    world.catalog().remove("apis/shop-c3d4e5f6a7/versions/prod");
    world.edit("environments/shop", |properties| {
        properties["server"]["type"] = json!("Kong API Gateway");
    });

    world.run_timer().await;
    assert_eq!(world.properties(api)["title"], "Orders");
    assert!(world.has("apis/shop-b2c3d4e5f6"));
    assert_eq!(
        world.properties("environments/shop")["server"]["type"],
        "AWS API Gateway"
    );

    let report = world.sync("deep=true").await.expect(200).json();
    assert_eq!(report["outcome"], "succeeded", "{report}");
    world.assert_in_line();
    assert_eq!(world.sync("deep=true").await.expect(200).json()["updated"], 0);
}

#[tokio::test]
async fn a_definition_that_api_center_refuses_keeps_nothing_else_from_being_done() {
    let world = World::start().await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    let api = "apis/shop-a1b2c3d4e5";
    let definition = |stage: &str| format!("{api}/versions/{stage}/definitions/openapi");
    let import = format!("{}/importSpecification", definition("prod"));
    let words = json!({ "code": "BadRequest", "message": "Forbidden word" });
    world.refuse(Method::POST, &import, 400, &json!({ "error": words }));
    let report = world.put_shop().await.json()["properties"]["lastSync"].take();
    assert_eq!(report["outcome"], "partial", "{report:#}");
    assert_eq!(report["failed"].as_array().map(Vec::len), Some(1), "{report:#}");
    let message = report["failed"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("Forbidden word") && message.contains(&definition("prod")),
        "{message}"
    );
    assert!(world.has(&format!("{api}/deployments/prod")));
    assert!(world.has(&format!("{api}/deployments/staging")));
    assert!(world.everything()[&definition("staging")]["content"].is_string());
    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();

    let failed_operation = json!({ "status": "Failed", "error": words });
    for (status, body) in [(400, json!({ "error": words })), (200, failed_operation)] {
        let before = world.everything()[&definition("prod")]["content"].clone();
        let path = format!("/next{status}");
        for name in ["prod", "staging"] {
            let mut stage = redeployed(&world, name);
            stage.definition = Definition::from(json!({ "openapi": "3.0.1", "paths": { &path: {} } }));
            world.cloud.api_gateway.put_stage(ORDERS, stage);
        }
        world.refuse(Method::POST, &import, status, &body);
        world.run_timer().await;
        let everything = world.everything();
        assert_eq!(
            everything[&definition("prod")]["content"],
            before,
            "the last good one stays"
        );
        let staging = everything[&definition("staging")]["content"].as_str().unwrap();
        assert!(staging.contains(&path), "{status}: {staging}");
        let report = world.last_sync().await;
        let told = (&report["outcome"], &report["definitionsWritten"]);
        assert_eq!(told, (&"partial".into(), &1.into()), "{status}");
        world.cloud.faults.clear();
        world.run_timer().await;
        world.assert_in_line();
    }
}

#[tokio::test]
async fn definitions_that_were_written_before_an_error_are_counted() {
    let world = World::start().await;
    let mut estate = sandbox::estate::demo();
    estate.truncate(1);
    world.cloud.fill_gateway(estate);
    let words = json!({ "error": { "code": "BadRequest", "message": "Forbidden word" } });
    world.refuse(Method::PUT, "/deployments/prod", 400, &words);
    let report = world.put_shop().await.json()["properties"]["lastSync"].take();
    let told = (&report["outcome"], &report["definitionsWritten"]);
    assert_eq!(told, (&"partial".into(), &1.into()), "{report:#}");
}

/// Another run lists and creates the version of a new stage right after this one has read the list of APIs.
#[tokio::test]
async fn a_version_that_an_overlapping_run_makes_stays_ours() {
    let world = World::synchronized_demo().await;
    let api = "apis/shop-a1b2c3d4e5";
    let mut blue = redeployed(&world, "prod");
    world.cloud.api_gateway.put_stage(ORDERS, blue.clone());
    blue.name = "blue".to_owned();
    let id = json!(blue.deployment_id);
    world.cloud.api_gateway.put_stage(ORDERS, blue);
    let catalog = world.cloud.api_center.clone();
    let mut opened = world.properties(api);
    let versions = &mut opened["customProperties"]["aws-sync"]["versions"];
    *versions = json!(format!("blue {}", versions.as_str().unwrap()));
    change_kept(&mut opened, "aws-sync", "record", |record| {
        record["deployments"].as_array_mut().unwrap().insert(0, json!("blue"));
        record["state"] = json!("updating");
        record.as_object_mut().unwrap().remove("fingerprint");
    });
    let record = json!({
        "format": 1, "integration": "shop", "api": "shop-a1b2c3d4e5", "name": "blue", "version": "blue",
        "source": opened["customProperties"]["aws-sync"]["source"],
    });
    let marker = json!({ "stage": "blue", "deploymentId": id, "record": record.to_string() });
    world.cloud.kill.set(move || {
        catalog.put(api, opened.clone()).unwrap();
        let version = json!({ "title": "blue", "lifecycleStage": "design" });
        catalog.put(&format!("{api}/versions/blue"), version).unwrap();
        let deployment = json!({
            "title": "blue",
            "state": "active",
            "environmentId": "/workspaces/default/environments/shop",
            "server": { "runtimeUri": [] },
            "customProperties": { "aws-sync-stage": marker },
        });
        catalog.put(&format!("{api}/deployments/blue"), deployment).unwrap();
    });
    let versions = format!("{api}/versions\\?");
    world.fail(
        Service::ApiCenter,
        Some(Method::GET),
        &versions,
        Some(1),
        Fault::Interject,
    );
    world.run_timer().await;
    assert_eq!(world.last_sync().await["conflicts"].as_array().map(Vec::len), Some(1));

    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
}

/// Another run of this integration creates an API right after this one has read the list of APIs.
#[tokio::test]
async fn an_api_that_an_overlapping_run_makes_is_no_strangers() {
    let world = World::synchronized_demo().await;
    let api = "apis/shop-a1b2c3d4e5";
    let mut made = world.properties(api);
    change_kept(&mut made, "aws-sync", "record", |record| {
        record["state"] = json!("creating");
        record.as_object_mut().unwrap().remove("fingerprint");
    });
    world.catalog().remove(api);
    let catalog = world.cloud.api_center.clone();
    world.cloud.kill.set(move || catalog.put(api, made.clone()).unwrap());
    let read = format!("{api}\\?");
    world.fail(Service::ApiCenter, Some(Method::GET), &read, Some(1), Fault::Interject);
    let report = world.sync("").await.expect(202).json();
    assert_eq!(
        (&report["outcome"], &report["remaining"], &report["conflicts"]),
        (&json!("partial"), &json!(1), &json!([])),
        "{report:#}"
    );
    let message = report["message"].as_str().unwrap();
    assert!(message.contains("another run is creating"), "{report:#}");

    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
}
