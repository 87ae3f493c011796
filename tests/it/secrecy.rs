//! Secrets stay where they are: checked at the end of every test's world, and here where they are sought for.

use std::collections::BTreeSet;

use reqwest::header::AUTHORIZATION;
use sandbox::cloud::Cloud;
use sandbox::functions_host::FunctionsHost;
use sandbox::record::{Exchange, Service};
use sandbox::security_token::StsError;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::form_urlencoded;

use crate::keyless::{by_key, keyless};
use crate::world::{SHOP, World};

/// Asserts that nothing in what was said, or in the catalog, is a secret.
pub fn assert_kept(cloud: &Cloud, host: &FunctionsHost, said: &str) {
    let catalog: String = cloud.api_center.snapshot().values().map(Value::to_string).collect();
    for secret in secrets(cloud, host) {
        assert!(secret.len() > 8, "{secret:?} would be found anywhere");
        assert!(!said.contains(&secret), "{secret:?} was said");
        assert!(!catalog.contains(&secret), "{secret:?} is in the catalog");
    }
}

/// All that must never be seen: secret values, the identity header, keys of the function app and of sessions, and every
/// token.
pub fn secrets(cloud: &Cloud, host: &FunctionsHost) -> BTreeSet<String> {
    let fixed = [
        &cloud.aws_access_key_id,
        &cloud.aws_secret_access_key,
        &cloud.identity_header,
    ];
    let mut secrets: BTreeSet<String> = fixed.into_iter().cloned().collect();
    secrets.extend([host.function_key().to_owned(), host.master_key().to_owned()]);
    for exchange in cloud.record.exchanges() {
        let shown = exchange.request_headers.get(AUTHORIZATION);
        let token = shown.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        secrets.extend(token.map(str::to_owned));
        let body: Value = serde_json::from_slice(&exchange.response_body).unwrap_or_default();
        let given = match exchange.service {
            Service::Identity => body["access_token"].as_str(),
            Service::KeyVault => body["value"].as_str(),
            Service::ApiCenter | Service::ApiGateway | Service::Sts => None,
        };
        if exchange.service == Service::Sts {
            secrets.extend(session_secrets(&exchange));
        }
        secrets.extend(given.map(str::to_owned));
    }
    secrets
}

/// The token that a session was asked for with, and what came of it.
fn session_secrets(exchange: &Exchange) -> Vec<String> {
    let form = form_urlencoded::parse(&exchange.request_body);
    let tokens = form.filter(|(name, _)| name == "WebIdentityToken");
    let mut secrets: Vec<String> = tokens.map(|(_, token)| token.into_owned()).collect();
    let answer = String::from_utf8_lossy(&exchange.response_body);
    for name in ["AccessKeyId", "SecretAccessKey", "SessionToken"] {
        let given = answer.split_once(&format!("<{name}>"));
        let given = given.and_then(|(_, rest)| rest.split_once('<'));
        secrets.extend(given.map(|(text, _)| text.to_owned()));
    }
    secrets
}

#[tokio::test]
async fn without_a_key_a_whole_life_at_the_most_talkative_level_tells_no_secret_either() {
    let mut world = World::start().await;
    world.restart_with(&[("RUST_LOG", "trace")]).await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    world.put(SHOP, keyless(&world)).await.expect(201);
    world.run_timer().await;
    world.cloud.sts.end_sessions();
    world.put(SHOP, by_key(&world)).await.expect(200);
    let exchanges = world.cloud.record.exchanges();
    let given: Vec<String> = exchanges.iter().flat_map(session_secrets).collect();
    assert_eq!(given.len(), 2 * 4 + 3, "two sessions for a token, one for a key");
    // Amazon repeats everything that it was sent.
    let (id, key) = (&world.cloud.aws_access_key_id, &world.cloud.aws_secret_access_key);
    let repeat = |sent: String| world.fail(Service::Sts, None, ".", None, StsError::access_denied(sent).into());
    repeat(format!("{id} {key}"));
    world.sync("").await.expect(400);
    assert!(!world.fire_timer().await.succeeded);
    world.cloud.faults.clear();
    repeat(given[0].clone());
    let refused = world.put(SHOP, keyless(&world)).await.expect(400);
    assert!(refused.text.contains("AccessDenied: [secret]"), "{}", refused.text);
}

#[tokio::test]
async fn at_the_most_talkative_level_a_whole_life_tells_no_secret() {
    let mut world = World::start().await;
    world.restart_with(&[("RUST_LOG", "trace")]).await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    world.put_shop().await;
    world.run_timer().await;
    world.get(SHOP).await.expect(200);
    let key = world.host.function_key().to_owned();
    world.sync(&format!("deep=true&code={key}")).await;
    world.cloud.api_gateway.set_credentials(Vec::new());
    world.sync("").await.expect(400);
    world.cloud.key_vault.remove_secret("aws-access-key");
    assert!(!world.fire_timer().await.succeeded);
    world.cloud.identity.set_missing(Some("no identity"));
    world.delete(SHOP).await.expect(204);
    let output = world.host.output();
    assert!(
        output.contains("\"level\":\"DEBUG\"") || output.contains("\"event\":\"sync\""),
        "{output}"
    );
}

#[tokio::test]
async fn no_token_goes_to_a_vault_that_is_not_listed() {
    let world = World::start().await;
    let stranger = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut document = world.document();
    let identifier = format!("https://{}/secrets/aws-access-key", stranger.local_addr().unwrap());
    document["properties"]["amazonApiGatewaySource"]["accessKey"] = json!(identifier);
    let refusal = world.put(SHOP, document).await.expect(400);
    assert_eq!(refusal.code(), "VaultNotAllowed");
    assert_uncalled(stranger);
    assert_eq!(world.cloud.record.exchanges().len(), 0, "nobody else was asked either");
}

#[tokio::test]
async fn no_redirect_is_followed_with_a_token() {
    let stranger = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let location = format!("https://{}/elsewhere", stranger.local_addr().unwrap());
    for service in [Service::ApiCenter, Service::KeyVault, Service::ApiGateway] {
        let world = World::synchronized_demo().await;
        let before = world.inventory();
        for status in [301, 302, 307, 308] {
            world.cloud.faults.clear();
            world.fail(service, None, ".", None, redirect(status, &location));
            let answer = world.sync("").await;
            assert!(
                answer.status.is_client_error() || answer.status.is_server_error(),
                "{answer:?}"
            );
        }
        world.cloud.faults.clear();
        assert_eq!(world.inventory(), before);
    }
    assert_uncalled(stranger);
}

pub fn redirect(status: u16, location: &str) -> sandbox::faults::Fault {
    sandbox::faults::Fault::Answer {
        status: status.try_into().unwrap(),
        headers: [(reqwest::header::LOCATION, location.parse().unwrap())]
            .into_iter()
            .collect(),
        body: Vec::new().into(),
    }
}

/// Asserts that nobody has tried to connect.
pub fn assert_uncalled(listener: TcpListener) {
    let listener = listener.into_std().unwrap();
    let caller = listener.accept().unwrap_err();
    assert_eq!(caller.kind(), std::io::ErrorKind::WouldBlock);
}
