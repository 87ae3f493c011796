//! Deletions that meet a run, a `PUT`, or a refusal.

use std::sync::Arc;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use sandbox::estate::demo;
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::world::{SHOP, World};

/// At the request to this service after the first `skip` of this kind, does something else first.
fn meanwhile(
    world: &World,
    (service, method, target): (Service, Method, &str),
    skip: usize,
    change: impl Fn() + Send + Sync + 'static,
) {
    world.cloud.kill.set(change);
    world.cloud.faults.add(FaultRule {
        matcher: Matcher {
            service: Some(service),
            method: Some(method),
            target: Some(target.parse().unwrap()),
            ..Matcher::default()
        },
        skip,
        times: Some(1),
        fault: Fault::Interject,
    });
}

fn mark_deleting(properties: &mut Value) {
    properties["customProperties"]["aws-integration"]["state"] = json!("deleting");
}

/// Every write of an environment is refused from now on.
fn require_cost_centre(world: &World) {
    let required = json!({
        "schema": json!({ "type": "string", "title": "Cost centre" }).to_string(),
        "assignedTo": [{ "entity": "environment", "required": true }],
    });
    world.catalog().put("metadataSchemas/cost-centre", required).unwrap();
}

#[tokio::test]
async fn a_timer_that_finds_a_begun_deletion_done_has_nothing_to_fail_at() {
    let world = World::start().await;
    world.put_shop().await;
    world.edit("environments/shop", mark_deleting);
    let catalog = Arc::clone(&world.cloud.api_center);
    // The timer has listed the environments; right before it looks at this one, another call ends its deletion.
    let second_listing = (Service::ApiCenter, Method::GET, r"/environments\?");
    meanwhile(&world, second_listing, 1, move || catalog.remove("environments/shop"));
    world.run_timer().await;
    assert!(!world.has("environments/shop"));
}

#[tokio::test]
async fn a_timer_whose_integration_is_deleted_with_its_secrets_meanwhile_has_nothing_to_fail_at() {
    let world = World::synchronized_demo().await;
    let (catalog, vault) = (Arc::clone(&world.cloud.api_center), Arc::clone(&world.cloud.key_vault));
    let reading_a_secret = (Service::KeyVault, Method::GET, "^/secrets/");
    meanwhile(&world, reading_a_secret, 0, move || {
        catalog.remove("environments/shop");
        vault.remove_secret("aws-access-key");
        vault.remove_secret("aws-secret-access-key");
    });
    world.run_timer().await;
    let failed = |line: &&str| line.contains("\"event\":\"sync\"") && line.contains("\"outcome\":\"failed\"");
    let output = world.host.output();
    assert_eq!(output.lines().filter(failed).count(), 0, "no alert: {output}");
}

#[tokio::test]
async fn a_put_that_meets_a_deletion_between_its_read_and_its_write_is_refused() {
    // Right before the read of the environment to write, and right before the write.
    for method in [Method::GET, Method::PUT] {
        let world = World::synchronized_demo().await;
        let mut expected = world.properties("environments/shop");
        mark_deleting(&mut expected);
        let catalog = Arc::clone(&world.cloud.api_center);
        let marked = expected.clone();
        let at = (Service::ApiCenter, method.clone(), r"/environments/shop\?");
        meanwhile(&world, at, 0, move || {
            catalog.put("environments/shop", marked.clone()).unwrap();
        });
        let mut document = world.document();
        document["properties"]["importSpecification"] = json!("never");
        let refused = world.put(SHOP, document).await.expect(409);
        assert_eq!(refused.code(), "IntegrationDeleting", "{method}");
        assert_eq!(world.properties("environments/shop"), expected, "{method}");
    }
}

#[tokio::test]
async fn a_put_whose_environment_goes_between_its_read_and_its_write_is_refused() {
    let world = World::synchronized_demo().await;
    let catalog = Arc::clone(&world.cloud.api_center);
    let at = (Service::ApiCenter, Method::GET, r"/environments/shop\?");
    meanwhile(&world, at, 0, move || catalog.remove("environments/shop"));
    let refused = world.put(SHOP, world.document()).await.expect(409);
    assert_eq!(refused.code(), "IntegrationDeleting");
    assert!(!world.has("environments/shop"));
}

#[tokio::test]
async fn a_put_that_moves_an_integration_that_is_being_deleted_meanwhile_is_refused() {
    for is_there in [false, true] {
        let world = World::synchronized_demo().await;
        if is_there {
            let theirs = json!({ "title": "Theirs", "kind": "testing", "customProperties": {} });
            world.catalog().put("environments/theirs", theirs).unwrap();
        }
        let mut marked = world.properties("environments/shop");
        mark_deleting(&mut marked);
        let catalog = Arc::clone(&world.cloud.api_center);
        let at = (Service::KeyVault, Method::GET, "^/secrets/");
        meanwhile(&world, at, 0, move || {
            catalog.put("environments/shop", marked.clone()).unwrap();
        });
        let mut document = world.document();
        document["properties"]["targetEnvironmentId"] = json!("/workspaces/default/environments/theirs");
        let refused = world.put(SHOP, document).await.expect(409);
        assert_eq!(refused.code(), "IntegrationDeleting", "{is_there}");
        assert_eq!(world.has("environments/theirs"), is_there);
        world.run_timer().await;
        assert!(!world.has("environments/shop"), "the deletion goes on");
    }
}

#[tokio::test]
async fn a_put_whose_integration_is_deleted_during_its_run_says_so() {
    let world = World::synchronized_demo().await;
    let catalog = Arc::clone(&world.cloud.api_center);
    let at = (Service::ApiGateway, Method::GET, "/stages$");
    meanwhile(&world, at, 0, move || catalog.remove("environments/shop"));
    let refused = world.put(SHOP, world.document()).await.expect(409);
    assert_eq!(refused.code(), "IntegrationDeleting");
}

#[tokio::test]
async fn an_environment_that_another_integration_got_meanwhile_is_in_use() {
    let world = World::synchronized_demo().await;
    let theirs = json!({ "title": "Theirs", "kind": "testing", "customProperties": {} });
    world.catalog().put("environments/theirs", theirs).unwrap();
    let mut depot = world.properties("environments/shop");
    depot["customProperties"]["aws-integration"]["name"] = json!("depot");
    let catalog = Arc::clone(&world.cloud.api_center);
    let at = (Service::ApiCenter, Method::GET, r"/environments/theirs\?");
    let other = depot.clone();
    meanwhile(&world, at, 0, move || {
        catalog.put("environments/theirs", other.clone()).unwrap();
    });
    let mut document = world.document();
    document["properties"]["targetEnvironmentId"] = json!("/workspaces/default/environments/theirs");
    let refused = world.put("shop2", document).await.expect(409);
    assert_eq!(refused.code(), "EnvironmentInUse");
    assert_eq!(world.properties("environments/theirs"), depot);
}

#[tokio::test]
async fn a_deletion_that_one_api_refuses_says_what_is_left_and_why() {
    let world = World::synchronized_demo().await;
    let all = demo().len();
    let locked = json!({ "error": { "code": "AuthorizationFailed", "message": "not this one" } });
    world.refuse(Method::DELETE, "/apis/shop-a1b2c3d4e5", 403, &locked);
    let refused = world.delete(SHOP).await.expect(502);
    assert_eq!(refused.code(), "ApiCenterForbidden");
    let deleted = format!("{} of the {all} APIs", all - 1);
    for words in [&deleted, "still there: 1,", "apis/shop-a1b2c3d4e5", "not this one"] {
        assert!(refused.text.contains(words), "{words}: {}", refused.text);
    }
    let left = world
        .inventory()
        .into_keys()
        .filter(|path| path.starts_with("apis/shop-"));
    assert_eq!(left.collect::<Vec<_>>(), ["apis/shop-a1b2c3d4e5"]);
    assert!(world.has("environments/shop"), "so that the timer goes on with it");
    world.cloud.faults.clear();
    world.run_timer().await;
    assert!(!world.has("environments/shop") && !world.has("apis/shop-a1b2c3d4e5"));
}

#[tokio::test]
async fn a_refused_deletion_says_whether_it_goes_on() {
    const GOES_ON: &str = "the integration shop is being deleted, and the timer continues: ";
    const API: &str = r"/apis/shop-a1b2c3d4e5\?";
    for (what, method, target, skip, can_be_marked, said) in [
        ("an API", Method::GET, API, 0, true, GOES_ON),
        (
            "its environment",
            Method::DELETE,
            r"/environments/shop\?",
            0,
            true,
            GOES_ON,
        ),
        (
            "the last look",
            Method::GET,
            r"/environments\?[^&]*$",
            1,
            true,
            "the integration shop was deleted, but ",
        ),
        (
            "an API",
            Method::GET,
            API,
            0,
            false,
            "the integration shop could not be deleted: ",
        ),
    ] {
        let world = World::synchronized_demo().await;
        if !can_be_marked {
            require_cost_centre(&world);
        }
        world.cloud.faults.add(FaultRule {
            matcher: Matcher {
                service: Some(Service::ApiCenter),
                method: Some(method),
                target: Some(target.parse().unwrap()),
                ..Matcher::default()
            },
            skip,
            times: Some(1),
            fault: Fault::Answer {
                status: StatusCode::CONFLICT,
                headers: HeaderMap::new(),
                body: json!({ "error": { "code": "ScopeLocked", "message": "locked" } })
                    .to_string()
                    .into(),
            },
        });
        let refused = world.delete(SHOP).await.expect(400);
        let message = refused.json()["error"]["message"].take();
        let message = message.as_str().unwrap();
        assert!(
            message.starts_with(said) && message.ends_with("locked"),
            "{what}: {message}"
        );
        world.run_timer().await;
        let is_there = world.has("environments/shop") || world.has("apis/shop-a1b2c3d4e5");
        assert_eq!(is_there, !can_be_marked, "{what}: {message}");
    }
}

#[tokio::test]
async fn an_api_that_somebody_takes_over_during_a_deletion_is_theirs_and_no_failure() {
    let world = World::synchronized_demo().await;
    let catalog = Arc::clone(&world.cloud.api_center);
    let path = "apis/shop-a1b2c3d4e5";
    let at = (Service::ApiCenter, Method::GET, r"/apis/shop-a1b2c3d4e5\?");
    meanwhile(&world, at, 0, move || {
        // The markers of the deployments, too: otherwise they identify the API's owner.
        for (path, schema) in [
            (path.to_owned(), "aws-sync"),
            (format!("{path}/deployments/prod"), "aws-sync-stage"),
            (format!("{path}/deployments/staging"), "aws-sync-stage"),
        ] {
            let mut entity = catalog.snapshot()[&path]["properties"].clone();
            entity["customProperties"].as_object_mut().unwrap().remove(schema);
            catalog.put(&path, entity).unwrap();
        }
    });
    world.delete(SHOP).await.expect(204);
    assert!(world.has(path) && !world.has("environments/shop"));
}

#[tokio::test]
async fn an_integration_that_cannot_be_marked_is_deleted_all_the_same() {
    let world = World::synchronized_demo().await;
    require_cost_centre(&world);
    world.delete(SHOP).await.expect(204);
    assert!(!world.has("environments/shop"));
    assert!(world.inventory().keys().all(|path| !path.starts_with("apis/shop-")));
}
