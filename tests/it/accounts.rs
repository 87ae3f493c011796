//! Which account a key is of: asked once, since the account's requests are counted together; and which regions it has.

use reqwest::Method;
use sandbox::api_gateway::AmazonError;
use sandbox::cloud::CloudOptions;
use sandbox::estate::demo;
use sandbox::faults::Fault;
use sandbox::record::{Exchange, Service};
use sandbox::security_token::StsError;
use serde_json::{Value, json};

use crate::keyless::{by_key, keyless};
use crate::world::{SHOP, World};

/// Lists that a run reads: of REST APIs, of HTTP and WebSocket APIs, and of domains.
const LISTS: usize = 3;
/// A region that accounts must enable.
const MILAN: &str = "eu-south-1";

/// Calls to Security Token Service so far, by their form's `Action`.
fn token_service_calls(world: &World, action: &str) -> usize {
    let wanted = format!("Action={action}&");
    let is_one = |exchange: &Exchange| {
        exchange.service == Service::Sts && String::from_utf8_lossy(&exchange.request_body).starts_with(&wanted)
    };
    world.cloud.record.count(is_one)
}

/// The usual document with these two secrets.
fn with_secrets(world: &World, id: &str, key: &str) -> Value {
    let mut document = world.document();
    let source = &mut document["properties"]["amazonApiGatewaySource"];
    source["accessKey"] = json!(world.cloud.secret_identifier(id));
    source["secretAccessKey"] = json!(world.cloud.secret_identifier(key));
    document
}

/// Adds a second key of the same user, in secrets of its own, and an integration `twin` that uses it.
async fn add_twin(world: &World) {
    let own = (
        world.cloud.aws_access_key_id.clone(),
        world.cloud.aws_secret_access_key.clone(),
    );
    let second = ("AKIASECONDSECOND0000", "second-second-second-second-second-secon");
    let keys = vec![own, (second.0.to_owned(), second.1.to_owned())];
    world.cloud.api_gateway.set_credentials(keys);
    world.cloud.key_vault.set_secret("second-access-key", second.0);
    world.cloud.key_vault.set_secret("second-secret", second.1);
    let document = with_secrets(world, "second-access-key", "second-secret");
    world.put("twin", document).await.expect(201);
}

/// Asserts that a long throttle of one integration holds the other back without another call to AWS, or does not.
async fn assert_held_back(world: &World, other: &str, held_back: bool) {
    let throttled = AmazonError::too_many_requests().retry_after(900);
    world.fail(Service::ApiGateway, None, "^/restapis\\?", Some(1), throttled.into());
    world.sync("").await.expect(429);
    world.cloud.record.clear();
    let path = format!("integrations/{other}/sync");
    let status = if held_back { 429 } else { 200 };
    world.call(Method::POST, &path, None).await.expect(status);
    assert_eq!(world.gateway_calls("") == 0, held_back);
}

#[tokio::test]
async fn two_keys_of_one_account_share_its_pace() {
    let world = World::synchronized_demo().await;
    add_twin(&world).await;
    assert_held_back(&world, "twin", true).await;
}

#[tokio::test]
async fn a_key_and_a_role_of_one_account_share_its_pace() {
    let world = World::synchronized_demo().await;
    world.put("twin", keyless(&world)).await.expect(201);
    assert_held_back(&world, "twin", true).await;
}

#[tokio::test]
async fn an_identifier_with_a_slash_at_its_end_is_the_same_and_is_shown_without_it() {
    let world = World::start().await;
    let document = with_secrets(&world, "aws-access-key/", "aws-secret-access-key/");
    let made = world.put(SHOP, document).await.expect(201).json();
    let shown = &made["properties"]["amazonApiGatewaySource"]["accessKey"];
    assert_eq!(*shown, world.cloud.secret_identifier("aws-access-key"));
    world.put("twin", world.document()).await.expect(201);
    assert_eq!(token_service_calls(&world, "GetCallerIdentity"), 1);
    assert_held_back(&world, "twin", true).await;
}

#[tokio::test]
async fn the_account_is_asked_for_once_per_key_and_process_and_counts_as_a_request() {
    let mut world = World::synchronized_demo().await;
    world.restart_with(&[]).await;
    let report = world.sync("").await.expect(200).json();
    assert_eq!(token_service_calls(&world, "GetCallerIdentity"), 1);
    assert_eq!(report["requests"]["aws"], world.gateway_calls("") + 1, "{report:#}");

    world.cloud.record.clear();
    let report = world.sync("").await.expect(200).json();
    world.run_timer().await;
    assert_eq!(world.cloud.record.count(|exchange| exchange.service == Service::Sts), 0);
    assert_eq!(report["requests"]["aws"], LISTS + demo().len(), "{report:#}");

    add_twin(&world).await;
    world.run_timer().await;
    assert_eq!(token_service_calls(&world, "GetCallerIdentity"), 1);

    // The role's name says which account it is of.
    world.put(SHOP, by_key(&world)).await.expect(200);
    assert_eq!(token_service_calls(&world, "GetCallerIdentity"), 1);
}

#[tokio::test]
async fn a_run_goes_on_where_the_account_cannot_be_had() {
    let mut world = World::synchronized_demo().await;
    let denied = || StsError::access_denied("with an explicit deny in a service control policy");
    for fault in [denied().into(), StsError::internal_failure().into(), Fault::ResetBefore] {
        world.restart_with(&[]).await;
        world.cloud.faults.clear();
        world.fail(Service::Sts, None, ".", None, fault);
        let report = world.sync("").await.expect(200).json();
        assert_eq!(report["outcome"], "succeeded", "{report:#}");
    }
    // Each key has a pace of its own then.
    add_twin(&world).await;
    assert_held_back(&world, "twin", false).await;
}

/// A world whose gateway is in a region that the account has not enabled.
async fn in_milan() -> World {
    let mut options = CloudOptions::default().unthrottled();
    MILAN.clone_into(&mut options.api_gateway.region);
    let world = World::with(options, &[]).await;
    world.cloud.fill_gateway(demo());
    world
}

/// The one check that failed, and the names of those that were skipped.
async fn failed_check(world: &World) -> (Value, Vec<String>) {
    let path = format!("integrations/{SHOP}/doctor");
    let examination = world.call(Method::GET, &path, None).await.expect(200).json();
    let checks = examination["checks"].as_array().unwrap();
    let in_state = |state: &'static str| checks.iter().filter(move |check| check["state"] == state);
    let failed: Vec<Value> = in_state("failed").cloned().collect();
    assert_eq!(failed.len(), 1, "{examination:#}");
    let skipped = in_state("skipped").map(|check| check["name"].as_str().unwrap().to_owned());
    (failed[0].clone(), skipped.collect())
}

#[tokio::test]
async fn a_region_that_is_not_enabled_is_told_from_bad_keys_by_the_doctor_and_named_by_every_answer() {
    let world = in_milan().await;
    for document in [world.document(), by_key(&world)] {
        world.cloud.api_gateway.set_region_enabled(true);
        world.put(SHOP, document.clone()).await;
        world.cloud.api_gateway.set_region_enabled(false);
        let refused = world.put("other", document.clone()).await.expect(400);
        assert!(
            ["AwsAuthenticationFailed", "RoleNotAssumable"].contains(&refused.code().as_str())
                && refused.text.contains(&format!("region {MILAN} is not enabled")),
            "{}",
            refused.text
        );
        let (failed, skipped) = failed_check(&world).await;
        assert_eq!(failed["name"], "region", "{failed}");
        assert!(failed["found"].as_str().unwrap().contains("not enabled"), "{failed}");
        assert!(
            failed["remedy"].as_str().unwrap().contains("Enable the region"),
            "{failed}"
        );
        assert!(skipped.contains(&"aws-list-apis".to_owned()), "{skipped:?}");
    }
    assert!(!world.fire_timer().await.succeeded);
    let message = world.last_sync().await["message"].clone();
    assert!(message.as_str().unwrap().contains("not enabled"), "{message}");

    // The same answer of AWS, for another reason.
    world.cloud.api_gateway.set_region_enabled(true);
    world.put(SHOP, world.document()).await.expect(200);
    world.cloud.api_gateway.set_credentials(Vec::new());
    let (failed, skipped) = failed_check(&world).await;
    assert_eq!(failed["name"], "aws-credentials", "{failed}");
    assert!(failed["found"].as_str().unwrap().contains("us-east-1"), "{failed}");
    assert!(skipped.contains(&"aws-list-apis".to_owned()), "{skipped:?}");
}

#[tokio::test]
async fn nothing_is_said_of_enabling_a_region_that_every_account_has() {
    let world = World::synchronized_demo().await;
    world.cloud.api_gateway.set_credentials(Vec::new());
    let refused = world.sync("").await.expect(400);
    assert_eq!(refused.code(), "AwsAuthenticationFailed");
    assert!(!refused.text.contains("enabled"), "{}", refused.text);
    let (failed, _) = failed_check(&world).await;
    assert_eq!(failed["name"], "aws-credentials", "{failed}");
}
