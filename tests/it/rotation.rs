//! Keys that change: renewed, deleted, expired, disabled, in halves and in the middle of a run.

use std::sync::Arc;

use sandbox::api_gateway::ApiGateway;
use sandbox::faults::Fault;
use sandbox::key_vault::KeyVault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::world::{SHOP, World};

const ID_SECRET: &str = "aws-access-key";
const KEY_SECRET: &str = "aws-secret-access-key";

/// A key that takes the place of the first.
const NEW: (&str, &str) = ("AKIAROTATEDROTATED00", "rotated-rotated-rotated-rotated-rotated0");

fn old(world: &World) -> (String, String) {
    (
        world.cloud.aws_access_key_id.clone(),
        world.cloud.aws_secret_access_key.clone(),
    )
}

fn new() -> (String, String) {
    (NEW.0.to_owned(), NEW.1.to_owned())
}

/// Puts the new key into the vault.
fn renew(vault: &KeyVault) {
    vault.set_secret(ID_SECRET, NEW.0);
    vault.set_secret(KEY_SECRET, NEW.1);
}

/// Leaves AWS only the new key.
fn delete_old(gateway: &ApiGateway) {
    gateway.set_credentials(vec![new()]);
}

/// Lets the timer fire and fail, for a reason with these words, and nothing in the catalog change.
async fn assert_safe_failure(world: &World, words: &str) {
    let before = world.inventory();
    assert!(!world.fire_timer().await.succeeded, "{words}");
    assert_eq!(world.inventory(), before, "{words}");
    let integration = world.get(SHOP).await.expect(200).json();
    let (link_state, report) = (
        &integration["properties"]["linkState"],
        &integration["properties"]["lastSync"],
    );
    assert_eq!(
        (&link_state["state"], &report["outcome"]),
        (&json!("error"), &json!("failed")),
        "{words}"
    );
    for message in [&link_state["message"], &report["message"]] {
        assert!(message.as_str().unwrap().contains(words), "{words}: {message}");
    }
}

/// Lets the timer fire and everything be as it should.
async fn assert_healed(world: &World) {
    world.run_timer().await;
    world.assert_in_line();
    let integration = world.get(SHOP).await.expect(200).json();
    assert_eq!(integration["properties"]["linkState"]["state"], "syncing");
    assert_eq!(integration["properties"]["lastSync"]["outcome"], "succeeded");
}

#[tokio::test]
async fn a_key_is_rotated_as_the_runbook_says_without_one_failed_run_and_without_a_restart() {
    let world = World::synchronized_demo().await;
    let pid = world.host.handler_pid();
    world.cloud.api_gateway.set_credentials(vec![old(&world), new()]);
    assert_healed(&world).await;
    renew(&world.cloud.key_vault);
    assert_healed(&world).await;
    delete_old(&world.cloud.api_gateway);
    world.cloud.record.clear();
    assert_healed(&world).await;
    let signed = world
        .cloud
        .record
        .exchanges()
        .into_iter()
        .filter(|exchange| exchange.service == Service::ApiGateway);
    for exchange in signed {
        let authorization = exchange.request_headers["authorization"].to_str().unwrap();
        assert!(authorization.contains(NEW.0), "{}", exchange.target);
    }
    assert_eq!(world.host.handler_pid(), pid);
    hear_new(&world);
}

#[tokio::test]
async fn a_key_that_was_deleted_too_early_fails_runs_until_the_vault_has_the_new_one() {
    let world = World::synchronized_demo().await;
    world.cloud.api_gateway.remove_rest_api("e1f2a3b4c5");
    delete_old(&world.cloud.api_gateway);
    assert_safe_failure(&world, "rejects the access key").await;
    let refused = world.sync("").await.expect(400);
    assert_eq!(refused.code(), "AwsAuthenticationFailed");
    renew(&world.cloud.key_vault);
    assert_healed(&world).await;
    hear_new(&world);
}

#[tokio::test]
async fn half_a_rotation_fails_safely_and_its_other_half_heals_it() {
    for first in [ID_SECRET, KEY_SECRET] {
        let world = World::synchronized_demo().await;
        world.cloud.api_gateway.set_credentials(vec![old(&world), new()]);
        let half = if first == ID_SECRET { NEW.0 } else { NEW.1 };
        world.cloud.key_vault.set_secret(first, half);
        assert_safe_failure(&world, "InvalidSignatureException").await;
        renew(&world.cloud.key_vault);
        assert_healed(&world).await;
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_fails_runs_until_it_can() {
    type Change = fn(&KeyVault, &str);
    let obstacles: [(Change, Change, &str, &str); 4] = [
        (
            |vault, _| vault.remove_secret(ID_SECRET),
            |vault, id| drop(vault.set_secret(ID_SECRET, id)),
            "does not exist",
            "SecretNotFound",
        ),
        (
            |vault, _| vault.set_enabled(ID_SECRET, false),
            |vault, _| vault.set_enabled(ID_SECRET, true),
            "is disabled",
            "SecretDisabled",
        ),
        (
            // Key Vault returns no older version if the newest is disabled.
            |vault, id| {
                let version = vault.set_secret(ID_SECRET, id);
                vault.set_version_enabled(ID_SECRET, &version, false);
            },
            |vault, id| drop(vault.set_secret(ID_SECRET, id)),
            "is disabled",
            "SecretDisabled",
        ),
        (
            |vault, _| drop(vault.set_secret(ID_SECRET, "\t \t \t \t \t \n")),
            |vault, id| drop(vault.set_secret(ID_SECRET, id)),
            "is empty",
            "SecretNotFound",
        ),
    ];
    for (put_up, take_down, words, code) in obstacles {
        let world = World::synchronized_demo().await;
        let (vault, id) = (&world.cloud.key_vault, &world.cloud.aws_access_key_id);
        put_up(vault, id);
        assert_safe_failure(&world, words).await;
        assert_eq!(world.sync("").await.expect(400).code(), code);
        assert_eq!(world.put(SHOP, world.document()).await.expect(400).code(), code);
        take_down(vault, id);
        assert_healed(&world).await;
    }
}

#[tokio::test]
async fn an_expired_secret_is_read_on_since_only_amazon_knows_whether_the_key_works() {
    let world = World::synchronized_demo().await;
    for secret in [ID_SECRET, KEY_SECRET] {
        world.cloud.key_vault.set_expires(secret, Some(1));
    }
    assert_healed(&world).await;
    world.put(SHOP, world.document()).await.expect(200);
    delete_old(&world.cloud.api_gateway);
    assert_safe_failure(&world, "rejects the access key").await;
}

/// The usual document, with the versions that the secrets have now, whose values are the old key's.
fn pinned(world: &World) -> Value {
    let mut document = world.document();
    let (id, key) = old(world);
    for (property, secret, value) in [("accessKey", ID_SECRET, id), ("secretAccessKey", KEY_SECRET, key)] {
        let version = world.cloud.key_vault.set_secret(secret, &value);
        let identifier = format!("{}/{version}", world.cloud.secret_identifier(secret));
        document["properties"]["amazonApiGatewaySource"][property] = json!(identifier);
    }
    document
}

#[tokio::test]
async fn a_version_that_is_named_stays_in_use_until_another_one_is_named() {
    let world = World::start().await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    world.put(SHOP, pinned(&world)).await.expect(201);
    world.assert_in_line();
    world.cloud.api_gateway.set_credentials(vec![old(&world), new()]);
    renew(&world.cloud.key_vault);
    world.cloud.record.clear();
    assert_healed(&world).await;
    let shown = world.cloud.record.count(|exchange| {
        let header = exchange.request_headers.get("authorization");
        header.is_some_and(|header| header.to_str().unwrap().contains(&world.cloud.aws_access_key_id))
    });
    assert!(shown > 0, "the old key is still the one in use");
    delete_old(&world.cloud.api_gateway);
    assert_safe_failure(&world, "rejects the access key").await;
    world.put(SHOP, world.document()).await.expect(200);
    assert_healed(&world).await;
    hear_new(&world);
}

#[tokio::test]
async fn a_version_that_is_named_and_disabled_says_so() {
    let world = World::start().await;
    let document = pinned(&world);
    world.put(SHOP, document.clone()).await.expect(201);
    let identifier = document["properties"]["amazonApiGatewaySource"]["accessKey"]
        .as_str()
        .unwrap();
    let (_, version) = identifier.rsplit_once('/').unwrap();
    renew(&world.cloud.key_vault);
    world.cloud.key_vault.set_version_enabled(ID_SECRET, version, false);
    assert_safe_failure(&world, "is disabled: enable it, or name another version").await;
    world.cloud.key_vault.set_version_enabled(ID_SECRET, version, true);
    world.run_timer().await;
}

/// Lets this happen when the second API's stages are asked for; that request is then made again.
fn during_the_run(world: &World, happens: impl Fn(&KeyVault, &ApiGateway) + Send + 'static) {
    let (vault, gateway) = (Arc::clone(&world.cloud.key_vault), Arc::clone(&world.cloud.api_gateway));
    world.cloud.kill.set(move || happens(&vault, &gateway));
    world.fail(Service::ApiGateway, None, "/stages", Some(1), Fault::KillBefore);
}

#[tokio::test]
async fn a_run_goes_on_with_the_key_it_began_with() {
    let world = World::synchronized_demo().await;
    world.cloud.api_gateway.set_credentials(vec![old(&world), new()]);
    during_the_run(&world, |vault, _| renew(vault));
    assert_healed(&world).await;
    let asked = world.cloud.record.count(|exchange| {
        exchange.service == Service::KeyVault && exchange.status.is_some_and(|status| status.is_success())
    });
    assert_eq!(asked, 2, "each secret is read once a run");
    assert_healed(&world).await;
}

#[tokio::test]
async fn a_key_that_is_deleted_during_a_run_leaves_the_rest_as_it_is() {
    let world = World::synchronized_demo().await;
    let before = world.inventory();
    during_the_run(&world, |vault, gateway| {
        renew(vault);
        delete_old(gateway);
    });
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("partial"), &json!(0)),
        "{report:#}"
    );
    // Consecutive refusals end the work, and the report says so once.
    let message = report["message"].as_str().unwrap();
    assert!(message.contains("rejects the access key"), "{message}");
    assert_eq!(world.inventory(), before);
    world.cloud.kill.set(world.host.killer());
    assert_healed(&world).await;
    hear_new(&world);
}

/// The new key may not be said either.
fn hear_new(world: &World) {
    let output = world.host.output();
    assert!(!output.contains(NEW.0) && !output.contains(NEW.1), "{output}");
}
