//! Secrets stay where they are: checked at the end of every test's world, and here where they are sought for.

mod search;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::AUTHORIZATION;
use sandbox::api_gateway::RestApi;
use sandbox::cloud::Cloud;
use sandbox::functions_host::{FunctionsHost, OutputLine, Stream};
use sandbox::record::{Exchange, Service};
use sandbox::security_token::StsError;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use url::form_urlencoded;

use self::search::Searcher;
use crate::keyless::{by_key, keyless};
use crate::world::{SHOP, World};

/// The totals of this run's searches: worlds, texts, bytes and secrets.
static SEARCHED: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

/// Longer answers come from tests, and repeat nothing of the catalog.
const ANSWER_MAX_BYTES: usize = 32 * 1024 * 1024;
/// The name of signatures.
const SIGNATURE: &str = "a signature";
/// Headers of requests that secrets belong in.
const SECRET_HEADERS: [&str; 3] = ["authorization", "x-identity-header", "x-amz-security-token"];

/// A host's secrets and its handler's output.
#[derive(Debug, Clone)]
pub struct Witness {
    keys: [String; 2],
    lines: Vec<OutputLine>,
}

impl Witness {
    /// That of this host, so far.
    pub fn of(host: &FunctionsHost) -> Self {
        Self {
            keys: [host.function_key().to_owned(), host.master_key().to_owned()],
            lines: host.output_lines(),
        }
    }

    /// Asserts that all that was written is JSON objects, each on a line of its own, where the host reads lines.
    pub fn assert_lines(&self) {
        for line in &self.lines {
            let object = serde_json::from_str::<Map<String, Value>>(&line.text);
            assert!(object.is_ok() && line.stream == Stream::Stdout, "{line:?}");
        }
    }
}

/// The texts in which something of a secret is, each by what it is and the first secret in it: answers, lines of logs, and
/// all that was ever sent to the catalog or is in it.
pub fn leaks(cloud: &Cloud, witnesses: &[Witness], said: &[String]) -> Vec<String> {
    let exchanges = cloud.record.all_exchanges();
    let secrets = all_secrets(cloud, witnesses, &exchanges);
    let mut searcher = Searcher::default();
    for (what, secret) in &secrets {
        searcher.add(what, secret);
    }
    let mut texts: Vec<(String, Cow<'_, str>)> = Vec::new();
    texts.extend(said.iter().map(|text| ("what was said".to_owned(), Cow::from(text))));
    let lines = witnesses.iter().flat_map(|witness| &witness.lines);
    texts.extend(lines.map(|line| ("a line of the log".to_owned(), Cow::from(&line.text))));
    for exchange in &exchanges {
        texts.extend(texts_of(exchange));
    }
    let catalog = cloud.api_center.snapshot().into_iter();
    texts.extend(catalog.map(|(path, entity)| (path, Cow::from(entity.to_string()))));
    let bytes = texts.iter().map(|(_, text)| text.len() as u64).sum();
    count([1, texts.len() as u64, bytes, secrets.len() as u64]);
    let found = texts
        .iter()
        .filter_map(|(what, text)| Some((what, searcher.find(text)?)));
    found.map(|(what, secret)| format!("{secret} in {what}")).collect()
}

/// Asserts that a handler outside a world has revealed nothing, and logged only lines.
pub fn assert_kept(cloud: &Cloud, host: &FunctionsHost) {
    let witness = Witness::of(host);
    witness.assert_lines();
    assert_eq!(leaks(cloud, &[witness], &[]), Vec::<String>::new(), "secrets were told");
}

/// The texts of an exchange that must not contain a secret. Every value that the catalog ever held is in a request to
/// it.
fn texts_of(exchange: &Exchange) -> Vec<(String, Cow<'_, str>)> {
    let line = format!("{} {}", exchange.method, exchange.path());
    let mut texts = vec![(format!("the target of {line}"), Cow::from(&exchange.target))];
    for (name, value) in &exchange.request_headers {
        if !SECRET_HEADERS.contains(&name.as_str()) {
            texts.push((format!("{name} of {line}"), String::from_utf8_lossy(value.as_bytes())));
        }
    }
    // A token is shown to AWS in a body, to get a session for it.
    if exchange.service != Service::Sts {
        texts.push((
            format!("the body of {line}"),
            String::from_utf8_lossy(&exchange.request_body),
        ));
    }
    if exchange.service == Service::ApiCenter && exchange.response_body.len() < ANSWER_MAX_BYTES {
        texts.push((
            format!("the answer to {line}"),
            String::from_utf8_lossy(&exchange.response_body),
        ));
    }
    texts
}

/// The secrets, except signatures, of which every request has one.
pub fn secrets(cloud: &Cloud, host: &FunctionsHost) -> BTreeSet<String> {
    let secrets = all_secrets(cloud, &[Witness::of(host)], &cloud.record.exchanges()).into_iter();
    secrets
        .filter(|(what, _)| *what != SIGNATURE)
        .map(|(_, secret)| secret)
        .collect()
}

/// All that must never be seen: secret values, the identity header, keys of the function app, every token and every
/// signature.
fn all_secrets(cloud: &Cloud, witnesses: &[Witness], exchanges: &[Exchange]) -> BTreeSet<(&'static str, String)> {
    let mut secrets = BTreeSet::from([
        ("the access key's id", cloud.aws_access_key_id.clone()),
        ("the secret access key", cloud.aws_secret_access_key.clone()),
        ("the identity header", cloud.identity_header.clone()),
    ]);
    let keys = witnesses.iter().flat_map(|witness| witness.keys.clone());
    secrets.extend(keys.map(|key| ("a key of the function app", key)));
    for exchange in exchanges {
        let header = |name: &str| exchange.request_headers.get(name).and_then(|value| value.to_str().ok());
        let authorization = header(AUTHORIZATION.as_str()).unwrap_or_default();
        let token = authorization.strip_prefix("Bearer ");
        secrets.extend(token.map(|token| ("a token", token.to_owned())));
        let signature = authorization.split_once("Signature=").map(|(_, signature)| signature);
        secrets.extend(signature.map(|signature| (SIGNATURE, signature.to_owned())));
        let session = header("x-amz-security-token");
        secrets.extend(session.map(|token| ("a session token", token.to_owned())));
        let member = match exchange.service {
            Service::Identity => "access_token",
            Service::KeyVault => "value",
            Service::Sts => {
                let given = session_secrets(exchange).into_iter();
                secrets.extend(given.map(|given| ("what a session was asked for with, or is", given)));
                continue;
            }
            Service::ApiCenter | Service::ApiGateway | Service::Organizations => continue,
        };
        if exchange.response_body.len() < ANSWER_MAX_BYTES {
            let body: Value = serde_json::from_slice(&exchange.response_body).unwrap_or_default();
            let given = body[member].as_str();
            secrets.extend(given.map(|given| ("what was given out", given.trim().to_owned())));
        }
    }
    secrets.retain(|(_, secret)| !secret.is_empty());
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
    // AWS repeats everything that it was sent.
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

/// Adds to what was searched, and leaves the sums where a person can read them after the run.
fn count(numbers: [u64; 4]) {
    for (sum, number) in SEARCHED.iter().zip(numbers) {
        sum.fetch_add(number, Ordering::Relaxed);
    }
    let [worlds, texts, bytes, secrets] = SEARCHED.each_ref().map(|sum| sum.load(Ordering::Relaxed));
    let line = format!("{worlds} worlds, {texts} texts of {bytes} bytes, {secrets} secrets\n");
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("secrecy.txt"), line).unwrap();
}

#[tokio::test]
async fn a_planted_leak_is_found_wherever_it_is() {
    let plants: [fn(&World); 4] = [
        |world| {
            let key = format!("named {}", world.cloud.aws_access_key_id);
            world.cloud.api_gateway.put_rest_api(RestApi::new("planted001", key));
        },
        |world| world.hear(&world.cloud.identity_header),
        |world| world.hear(&format!("cut: {}…", &world.cloud.aws_secret_access_key[..20])),
        |world| {
            world.edit("environments/shop", |properties| {
                properties["description"] = json!(BASE64_STANDARD.encode(&world.cloud.aws_secret_access_key));
            });
        },
    ];
    for (number, plant) in plants.into_iter().enumerate() {
        let world = World::start().await;
        world.put_shop().await;
        assert_eq!(world.leaks(), Vec::<String>::new());
        plant(&world);
        world.sync("").await.expect(200);
        assert_ne!(world.leaks(), Vec::<String>::new(), "plant {number}");
        world.expect_leaks();
    }
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
    for service in [
        Service::ApiCenter,
        Service::KeyVault,
        Service::ApiGateway,
        Service::Identity,
    ] {
        let mut world = World::synchronized_demo().await;
        let before = world.inventory();
        // Without the tokens that it has.
        world.restart_with(&[]).await;
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
