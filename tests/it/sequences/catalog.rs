//! The catalog's limits and requirements.

use reqwest::Method;
use sandbox::api_gateway::RestApi;
use sandbox::cloud::CloudOptions;
use serde_json::{Value, json};

use super::{API, ORDERS, assert_at_rest, orders, stage};
use crate::deadlines::plain;
use crate::world::{SHOP, World, answer, change_kept};

/// How many versions of ours the API has.
fn versions(world: &World) -> usize {
    let prefix = format!("{API}/versions/");
    let everything = world.inventory();
    everything
        .keys()
        .filter(|path| path.starts_with(&prefix) && path.split('/').count() == 4)
        .count()
}

#[tokio::test]
async fn stages_for_which_a_larger_plan_has_room_come_with_a_deep_check_and_at_once_after_a_put() {
    let names: Vec<String> = (0..10).map(|number| format!("stage{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for puts in [true, false] {
        let mut free = CloudOptions::default().unthrottled();
        free.api_center.sku = "Free".to_owned();
        let world = World::with(free, &[]).await;
        world.cloud.fill_gateway(orders(&names));
        world.put_shop().await;
        assert_eq!(versions(&world), 5);
        let skipped = world.last_sync().await["skipped"].as_array().unwrap().len();
        assert_eq!(skipped, 5);
        assert_at_rest(&world, "skips keep nothing from settling").await;
        upgrade(&world).await;
        if puts {
            world.put(SHOP, world.document()).await.expect(200);
        } else {
            assert_at_rest(&world, "before its turn").await;
            world.let_deep_checks_be_due();
            world.run_timer().await;
        }
        world.assert_in_line();
        assert_eq!(world.last_sync().await["skipped"], json!([]));
    }
}

/// Moves the API center to the larger plan, as its owner does.
async fn upgrade(world: &World) {
    let url = format!(
        "{}{}?api-version=2024-03-01",
        world.cloud.api_center_url(),
        world.cloud.resource_id
    );
    let token = token(world).await;
    let authority = reqwest::Certificate::from_pem(&std::fs::read(world.cloud.ca_file()).unwrap()).unwrap();
    let client = reqwest::Client::builder().add_root_certificate(authority);
    let request = client.build().unwrap().patch(url).bearer_auth(token);
    let answered = answer(request.json(&json!({ "sku": { "name": "Standard" } }))).await;
    assert!(answered.status.is_success(), "{answered:?}");
}

/// A token for Azure Resource Manager.
async fn token(world: &World) -> String {
    let environment = world.cloud.handler_environment();
    let value = |wanted: &str| environment.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
    let url = format!(
        "{}?api-version=2019-08-01&resource={}",
        value("IDENTITY_ENDPOINT"),
        world.cloud.api_center_url()
    );
    let request = reqwest::Client::new()
        .get(url)
        .header("x-identity-header", value("IDENTITY_HEADER"));
    answer(request).await.expect(200).json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_property_that_nobody_gives_makes_one_skip_and_no_hourly_imports() {
    let world = World::synchronized(orders(&["prod"])).await;
    let require = |schema: &str, entity: &str| {
        let required = json!({
            "schema": json!({ "type": "string", "title": schema }).to_string(),
            "assignedTo": [{ "entity": entity, "required": true }],
        });
        world
            .catalog()
            .put(&format!("metadataSchemas/{schema}"), required)
            .unwrap();
    };
    require("cost-centre", "deployment");
    world.cloud.api_gateway.put_stage(ORDERS, stage("staging"));
    world.run_timer().await;
    let skipped = world.last_sync().await["skipped"].take();
    let reasons: Vec<&Value> = skipped.as_array().unwrap().iter().map(|skip| &skip["reason"]).collect();
    assert!(
        !reasons.is_empty() && reasons.iter().all(|reason| **reason == "MissingMetadata"),
        "{skipped:#}"
    );
    for run in 0..3 {
        assert_at_rest(&world, &format!("run {run}")).await;
        assert_eq!(world.last_sync().await["skipped"], skipped, "run {run}");
    }
    // The environment lacks what is required of it, and cannot be marked as being deleted.
    require("owner", "environment");
    world.delete(SHOP).await.expect(204);
    assert!(!world.has("environments/shop") && !world.has(API));
}

#[tokio::test]
async fn a_full_catalog_refuses_one_create_and_the_others_stay_true() {
    let world = World::synchronized(plain(4)).await;
    let full = json!({ "error": { "code": "QuotaExceeded", "message": "there is no room for another API" } });
    world.refuse(Method::PUT, "/apis/shop-new[0-9]+", 400, &full);
    for number in 0..40 {
        world
            .cloud
            .api_gateway
            .put_rest_api(RestApi::new(format!("new{number:07}"), "New"));
    }
    let mut renamed = plain(1).remove(0).0;
    renamed.name = "Renamed".to_owned();
    world.cloud.api_gateway.put_rest_api(renamed);
    for run in 0..2 {
        world.cloud.record.clear();
        world.run_timer().await;
        let creates = world
            .cloud
            .record
            .count(|exchange| exchange.method == Method::PUT && exchange.target.contains("/apis/shop-new"));
        assert!((1..=16).contains(&creates), "run {run}: {creates} creates were refused");
        let report = world.last_sync().await;
        assert_eq!(report["failed"], json!([]), "run {run}: {report:#}");
        assert!(
            report["skipped"].as_array().is_some_and(|skipped| !skipped.is_empty()),
            "run {run}: {report:#}"
        );
        assert_eq!(world.properties("apis/shop-api0000000")["title"], "Renamed");
    }
    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn apis_without_fingerprints_are_looked_at_and_nothing_is_imported() {
    let world = World::synchronized(orders(&["prod", "staging"])).await;
    for path in world
        .inventory()
        .into_keys()
        .filter(|path| path.starts_with("apis/shop-") && path.split('/').count() == 2)
    {
        world.edit(&path, |api| {
            change_kept(api, "aws-sync", "record", |record| {
                record.as_object_mut().unwrap().shift_remove("fingerprint");
            });
        });
    }
    world.cloud.record.clear();
    world.run_timer().await;
    assert!(
        world
            .writes()
            .iter()
            .all(|write| !write.contains("importSpecification")),
        "{:?}",
        world.writes()
    );
    assert_eq!(world.gateway_calls("/exports/"), 0);
    world.assert_in_line();
    assert_at_rest(&world, "after all were looked at").await;

    let mut document = world.document();
    document["properties"]["targetLifecycleStage"] = json!("production");
    world.cloud.record.clear();
    world.put(SHOP, document).await.expect(200);
    let writes = world.writes();
    assert!(writes.iter().all(|write| write.contains("environments/")), "{writes:?}");
    assert_eq!(world.gateway_calls("/exports/"), 0);
}
