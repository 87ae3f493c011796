//! Ownership: only what the integration created changes or is deleted.

use std::sync::Arc;

use reqwest::Method;
use sandbox::api_gateway::{AmazonError, RestApi, Stage};
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::json;

use crate::world::{SHOP, World, inventory_of};

#[tokio::test]
async fn deleting_takes_exactly_what_the_integration_made() {
    let world = World::start().await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    let by_hand = json!({ "title": "Looks like ours", "kind": "rest" });
    world.catalog().put("apis/shop-a0a0a0a0a0", by_hand.clone()).unwrap();
    world
        .catalog()
        .put(
            "apis/shop-a0a0a0a0a0/versions/prod",
            json!({ "title": "prod", "lifecycleStage": "design" }),
        )
        .unwrap();
    // In the way of an API of the gateway, and not ours.
    world.catalog().put("apis/shop-b2c3d4e5f6", by_hand).unwrap();
    let before = world.everything();

    world.put("shop2", world.document()).await.expect(201);
    let others = world.everything();
    let shop = world.put_shop().await.json();
    assert_eq!(
        shop["properties"]["lastSync"]["conflicts"],
        json!([{ "name": "apis/shop-b2c3d4e5f6" }])
    );
    assert!(world.has("apis/shop-a1b2c3d4e5/versions/prod"));
    world.run_timer().await;

    world.delete(SHOP).await.expect(204);
    assert_eq!(world.inventory(), inventory_of(others));
    assert!(!world.has("environments/shop") && world.has("environments/shop2"));
    world.get(SHOP).await.expect(404);

    world.delete("shop2").await.expect(204);
    assert_eq!(world.inventory(), inventory_of(before));
    assert!(!world.has("environments/shop2"));
    world.delete("shop2").await.expect(404);
    assert_eq!(
        world.catalog().leftovers().len(),
        0,
        "nothing stays behind out of sight"
    );
}

#[tokio::test]
async fn an_environment_that_people_made_is_used_and_stays_as_it_was() {
    let world = World::start().await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    let ours = json!({ "title": "Production", "kind": "production", "server": { "type": "Kong API Gateway" }, "customProperties": {} });
    world.catalog().put("environments/prod", ours).unwrap();
    let before = world.properties("environments/prod");
    let mut document = world.document();
    document["properties"]["targetEnvironmentId"] = json!(format!(
        "{}/workspaces/default/environments/prod",
        world.cloud.resource_id
    ));
    let shop = world.put(SHOP, document).await.expect(201).json();
    assert_eq!(
        shop["properties"]["targetEnvironmentId"],
        "/workspaces/default/environments/prod"
    );
    assert!(!world.has("environments/shop"));
    assert_eq!(
        world.properties("apis/shop-a1b2c3d4e5/deployments/prod")["environmentId"],
        "/workspaces/default/environments/prod"
    );
    world.run_timer().await;
    world.delete(SHOP).await.expect(204);
    assert_eq!(world.properties("environments/prod"), before);
}

#[tokio::test]
async fn another_target_environment_takes_the_deployments_along() {
    let world = World::synchronized_demo().await;
    world
        .catalog()
        .put(
            "environments/prod",
            json!({ "title": "Production", "kind": "production" }),
        )
        .unwrap();
    let mut document = world.document();
    document["properties"]["targetEnvironmentId"] = json!("/workspaces/default/environments/prod");
    world.put(SHOP, document).await.expect(200);
    world.run_timer().await;
    assert!(!world.has("environments/shop"), "the one that was made for it is gone");
    let mut deployments = world.inventory();
    deployments.retain(|path, _| path.contains("/deployments/"));
    assert!(deployments.len() > 10, "{deployments:#?}");
    for (path, entity) in deployments {
        assert_eq!(
            entity["properties"]["environmentId"], "/workspaces/default/environments/prod",
            "{path}"
        );
    }
    assert_eq!(world.last_sync().await["outcome"], "succeeded");
}

#[tokio::test]
async fn apis_whose_environment_a_person_deleted_are_shown_adopted_or_removed() {
    let world = World::synchronized_demo().await;
    let before = world.inventory();
    world.catalog().remove("environments/shop");

    assert!(!world.fire_timer().await.succeeded, "somebody has to know of it");
    assert_eq!(world.inventory(), before, "nothing is swept unasked");
    let orphan = world.get(SHOP).await.expect(200).json();
    assert_eq!(orphan["properties"]["linkState"]["state"], "error");
    let message = orphan["properties"]["linkState"]["message"].as_str().unwrap();
    assert!(message.starts_with("orphaned"), "{message}");
    let all = world.call(Method::GET, "integrations", None).await.expect(200).json();
    assert_eq!(all["value"].as_array().unwrap().len(), 1);

    world.put_shop().await;
    world.assert_in_line();
    assert_eq!(world.last_sync().await["created"], 0, "they were adopted");

    world.catalog().remove("environments/shop");
    world.delete(SHOP).await.expect(204);
    assert!(world.inventory().keys().all(|path| !path.starts_with("apis/shop-")));
}

#[tokio::test]
async fn a_run_whose_integration_goes_meanwhile_takes_back_what_it_made() {
    let world = World::start().await;
    world.put_shop().await;
    let before = world.inventory();
    world.cloud.fill_gateway(sandbox::estate::demo());
    let catalog = Arc::clone(&world.cloud.api_center);
    world.cloud.kill.set(move || catalog.remove("environments/shop"));
    world.fail_write(20, Some(1), Fault::KillBefore);
    world.sync("").await;
    assert!(world.writes().len() > 20, "{:?}", world.writes());
    assert_eq!(world.inventory(), before);
    assert!(!world.has("environments/shop"), "the outcome does not bring it back");
}

#[tokio::test]
async fn a_run_whose_integration_moves_meanwhile_takes_nothing_back() {
    let world = World::start().await;
    world.put_shop().await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    let catalog = Arc::clone(&world.cloud.api_center);
    // As a move leaves it: another environment holds the integration, and the former one is gone.
    world.cloud.kill.set(move || {
        let moved = catalog.snapshot()["environments/shop"]["properties"].clone();
        catalog.put("environments/elsewhere", moved).unwrap();
        catalog.remove("environments/shop");
    });
    world.fail_write(20, Some(1), Fault::Interject);
    world.sync("").await;
    let made = world.inventory();
    assert!(made.len() > 20, "what was made is gone: {:?}", made.keys());
    world.run_timer().await;
    let kept = |path: &&String| made.contains_key(*path);
    assert_eq!(world.inventory().keys().filter(kept).count(), made.len());
}

/// Something that keeps the first run of an API from getting done.
type Obstacle = (&'static str, fn(&World));

const OBSTACLES: [Obstacle; 4] = [
    ("Amazon denies every export", |world| {
        let denied = AmazonError::access_denied(
            "arn:aws:iam::1:user/sync",
            "apigateway:GET",
            "arn:aws:apigateway:::/restapis/a1b2c3d4e5/stages/prod/exports/oas30",
        );
        world.fail(Service::ApiGateway, None, "/exports/", None, denied.into());
    }),
    ("API Center refuses the version", |world| {
        refuse(world, "/versions/prod");
    }),
    ("API Center refuses the text", |world| {
        refuse(world, "/importSpecification");
    }),
    ("API Center refuses the deployment", |world| {
        refuse(world, "/deployments/prod");
    }),
];

fn refuse(world: &World, path: &str) {
    let body = json!({ "error": { "code": "BadRequest", "message": "Forbidden word" } });
    for method in [Method::PUT, Method::POST] {
        world.refuse(method, path, 400, &body);
    }
}

#[tokio::test]
async fn what_people_add_below_an_api_whose_first_run_never_gets_done_is_theirs() {
    for (what, put_up) in OBSTACLES {
        let world = World::start().await;
        let document = json!({ "openapi": "3.0.1", "paths": { "/orders": { "get": { "responses": {} } } } });
        let stage = Stage::new("prod", "dep1", document);
        world
            .cloud
            .fill_gateway(vec![(RestApi::new("a1b2c3d4e5", "Orders"), vec![stage])]);
        put_up(&world);
        world.put_shop().await;
        assert_eq!(world.last_sync().await["outcome"], "partial", "{what}");

        let api = "apis/shop-a1b2c3d4e5";
        let (version, deployment) = (
            format!("{api}/versions/v2-draft"),
            format!("{api}/deployments/v2-draft"),
        );
        let definition = format!("{version}/definitions/openapi");
        let draft = json!({ "title": "Second", "lifecycleStage": "design" });
        world.catalog().put(&version, draft).unwrap();
        world.catalog().set_definition(&definition, "{\"openapi\":\"3.0.1\"}");
        let place = json!({
            "title": "Second",
            "state": "active",
            "environmentId": "/workspaces/default/environments/shop",
            "definitionId": format!("/workspaces/default/{definition}"),
            "server": { "runtimeUri": ["https://second.example"] },
        });
        world.catalog().put(&deployment, place).unwrap();
        let before = world.everything();

        world.run_timer().await;
        world.cloud.faults.clear();
        world.run_timer().await;
        let after = world.everything();
        for path in [&version, &definition, &deployment] {
            assert_eq!(after.get(path), before.get(path), "{what}: {path}");
        }
        assert!(world.has(&format!("{api}/versions/prod/definitions/openapi")), "{what}");
        assert!(world.has(&format!("{api}/deployments/prod")), "{what}");
        assert_eq!(world.last_sync().await["outcome"], "succeeded", "{what}");
    }
}

#[tokio::test]
async fn an_organisations_required_metadata_is_asked_for_and_set() {
    let world = World::start().await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    let assignments = ["api", "environment", "deployment"].map(|entity| json!({ "entity": entity, "required": true }));
    let required = json!({
        "schema": json!({ "type": "string", "title": "Cost centre" }).to_string(),
        "assignedTo": assignments,
    });
    world.catalog().put("metadataSchemas/cost-centre", required).unwrap();
    let refusal = world.put(SHOP, world.document()).await.expect(400);
    assert_eq!(refusal.code(), "MissingRequiredMetadata");
    assert!(refusal.text.contains("cost-centre"), "{}", refusal.text);

    let mut document = world.document();
    let value = json!({ "cost-centre": "4711" });
    document["properties"]["defaultCustomProperties"] =
        json!({ "api": value, "environment": value, "deployment": value });
    world.put(SHOP, document).await.expect(201);
    world.assert_in_line();
    for path in [
        "environments/shop",
        "apis/shop-a1b2c3d4e5",
        "apis/shop-a1b2c3d4e5/deployments/prod",
    ] {
        assert_eq!(
            world.properties(path)["customProperties"]["cost-centre"],
            "4711",
            "{path}"
        );
    }
}

#[tokio::test]
async fn definitions_come_always_never_or_on_demand() {
    let world = World::synchronized_demo().await;
    let definitions = |world: &World| {
        world
            .everything()
            .keys()
            .filter(|path| path.contains("/definitions/"))
            .count()
    };
    let all = definitions(&world);
    let with = |mode: &str| {
        let mut document = world.document();
        document["properties"]["importSpecification"] = json!(mode);
        document
    };
    assert!(all > 10);

    world.put(SHOP, with("never")).await.expect(200);
    world.run_timer().await;
    assert_eq!(definitions(&world), 0);
    assert!(world.properties("apis/shop-a1b2c3d4e5/deployments/prod")["definitionId"].is_null());
    assert_eq!(
        world.sync("definitions=true").await.expect(409).code(),
        "DefinitionsDisabled"
    );

    world.put(SHOP, with("ondemand")).await.expect(200);
    world.run_timer().await;
    assert_eq!(definitions(&world), 0);
    world.sync("definitions=true").await.expect(200);
    assert_eq!(definitions(&world), all);
    world.cloud.record.clear();
    world.run_timer().await;
    assert_eq!((definitions(&world), world.gateway_calls("/exports/")), (all, 0));

    world.put(SHOP, with("always")).await.expect(200);
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn our_own_schemas_marked_as_required_ask_nobody_for_values() {
    let world = World::synchronized_demo().await;
    for schema in ["aws-integration", "aws-sync", "aws-sync-stage"] {
        world.edit(&format!("metadataSchemas/{schema}"), |schema| {
            schema["assignedTo"][0]["required"] = json!(true);
        });
    }
    world
        .cloud
        .fill_gateway(vec![(RestApi::new("new0000001", "New"), Vec::new())]);
    world.run_timer().await;
    world.assert_in_line();
    let skipped = world.last_sync().await["skipped"].to_string();
    assert!(!skipped.contains("MissingMetadata"), "{skipped}");
    world.put("shop2", world.document()).await.expect(201);
    assert!(world.has("apis/shop2-new0000001"));
}
