//! Unreadable is unknown, never gone.

use reqwest::Method;
use sandbox::api_gateway::{AmazonError, RestApi};
use sandbox::faults::Fault;
use sandbox::record::Service;

use crate::world::{SHOP, World};

/// An obstacle to a complete read, and a word of its reason in the message.
type Obstacle = (&'static str, fn(&World), &'static str);

const OBSTACLES: [Obstacle; 8] = [
    (
        "Amazon denies the list",
        |world| {
            let denied = AmazonError::access_denied(
                "arn:aws:iam::1:user/sync",
                "apigateway:GET",
                "arn:aws:apigateway:::/restapis",
            );
            world.fail(Service::ApiGateway, None, "^/(restapis|v2/apis)", None, denied.into());
        },
        "apigateway:GET",
    ),
    (
        "Amazon no longer knows the key",
        |world| world.cloud.api_gateway.set_credentials(Vec::new()),
        "access key",
    ),
    (
        "Amazon's answer is cut off",
        |world| world.fail(Service::ApiGateway, None, "^/(restapis|v2/apis)", None, Fault::Truncate),
        "Amazon",
    ),
    (
        "a secret has vanished",
        |world| world.cloud.key_vault.remove_secret("aws-secret-access-key"),
        "aws-secret-access-key",
    ),
    (
        "a secret is disabled",
        |world| world.cloud.key_vault.set_enabled("aws-access-key", false),
        "disabled",
    ),
    (
        "the identity may not read secrets",
        |world| world.cloud.key_vault.set_forbidden(true),
        "Key Vault Secrets User",
    ),
    (
        "the second page of the catalog's APIs fails",
        |world| world.fail(Service::ApiCenter, Some(Method::GET), r"/apis\?.*kip", None, refused()),
        "Forbidden word",
    ),
    (
        "a page of the catalog is no list",
        |world| world.fail(Service::ApiCenter, Some(Method::GET), r"/apis\?", None, empty_object()),
        "cannot be parsed",
    ),
];

fn refused() -> Fault {
    Fault::Answer {
        status: reqwest::StatusCode::BAD_REQUEST,
        headers: reqwest::header::HeaderMap::default(),
        body: r#"{"error":{"code":"BadRequest","message":"Forbidden word"}}"#.into(),
    }
}

fn empty_object() -> Fault {
    Fault::Answer {
        status: reqwest::StatusCode::OK,
        headers: reqwest::header::HeaderMap::default(),
        body: "{}".into(),
    }
}

#[tokio::test]
async fn a_run_that_cannot_see_everything_deletes_nothing_and_says_why() {
    for (what, put_up, reason) in OBSTACLES {
        let world = World::synchronized_demo().await;
        let before = world.inventory();
        world.cloud.api_gateway.remove_rest_api("e1f2a3b4c5");
        put_up(&world);

        assert!(
            !world.fire_timer().await.succeeded,
            "{what}: Functions must count a failed run"
        );
        assert_eq!(world.inventory(), before, "{what}");
        world.cloud.faults.clear();
        let integration = world.get(SHOP).await.expect(200).json();
        let report = &integration["properties"]["lastSync"];
        assert_eq!(report["outcome"], "failed", "{what}: {report:#}");
        assert!(
            report["message"].as_str().unwrap().contains(reason),
            "{what}: {report:#}"
        );
        assert_eq!(integration["properties"]["linkState"]["state"], "error", "{what}");
    }
}

#[tokio::test]
async fn a_listing_whose_second_page_fails_deletes_nothing() {
    let apis = |count: usize| {
        (0..count)
            .map(|number| (RestApi::new(format!("{number:010}"), "many"), Vec::new()))
            .collect()
    };
    let world = World::synchronized(apis(510)).await;
    assert_eq!(world.last_sync().await["created"], 510);
    let before = world.inventory();
    let refusal = AmazonError::bad_request("no such position");
    world.fail(Service::ApiGateway, None, "position=", None, refusal.into());
    world.run_timer().await;
    assert_eq!(world.inventory(), before);
    let report = world.last_sync().await;
    assert_eq!((&report["outcome"], &report["deleted"]), (&"partial".into(), &0.into()));
    assert!(
        report["message"].as_str().unwrap().contains("no such position"),
        "{report:#}"
    );
}

#[tokio::test]
async fn an_api_whose_stages_cannot_be_read_stays_as_it_is_and_the_others_go_on() {
    let world = World::synchronized_demo().await;
    world.cloud.api_gateway.remove_stage("a1b2c3d4e5", "staging");
    world.cloud.api_gateway.remove_stage("b2c3d4e5f6", "staging");
    let denied = AmazonError::access_denied(
        "arn:aws:iam::1:user/sync",
        "apigateway:GET",
        "arn:aws:apigateway:::/restapis/a1b2c3d4e5/stages",
    );
    world.fail(
        Service::ApiGateway,
        None,
        "/restapis/a1b2c3d4e5/stages",
        None,
        denied.into(),
    );
    let before = world.everything();

    world.run_timer().await;
    let after = world.everything();
    let of = |everything: &std::collections::BTreeMap<String, serde_json::Value>| {
        let mut part = everything.clone();
        part.retain(|path, _| path.contains("a1b2c3d4e5"));
        part
    };
    assert_eq!(of(&after), of(&before));
    assert!(!after.contains_key("apis/shop-b2c3d4e5f6/versions/staging"));
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "partial");
    assert_eq!(report["failed"][0]["apiId"], "a1b2c3d4e5", "{report:#}");
    assert!(
        report["failed"][0]["message"]
            .as_str()
            .unwrap()
            .contains("not authorized"),
        "{report:#}"
    );

    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn the_last_good_definition_stays_when_a_new_one_cannot_be_had() {
    let world = World::synchronized_demo().await;
    let definition = "apis/shop-e1f2a3b4c5/versions/prod/definitions/openapi";
    let before = world.everything()[definition].clone();
    let mut stage = world
        .cloud
        .api_gateway
        .estate()
        .into_iter()
        .find(|(api, _)| api.id == "e1f2a3b4c5")
        .unwrap()
        .1
        .remove(0);
    stage.deployment_id = "another".to_owned();
    stage.definition = sandbox::api_gateway::Definition::Refused("models are not JSON".to_owned());
    world.cloud.api_gateway.put_stage("e1f2a3b4c5", stage);

    world.run_timer().await;
    assert_eq!(world.everything()[definition], before);
    let report = world.last_sync().await;
    let skip = report["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .find(|skip| skip["apiId"] == "e1f2a3b4c5")
        .unwrap();
    assert_eq!(skip["reason"], "ExportRefused");
    assert!(skip["message"].as_str().unwrap().contains("models are not JSON"));
    world.run_timer().await;
    assert_eq!(
        world.last_sync().await["skipped"],
        report["skipped"],
        "in every report until it fits"
    );
}
