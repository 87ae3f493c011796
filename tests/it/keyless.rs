//! Keyless: a role assumed with a token of the app's identity.

use std::collections::BTreeSet;

use reqwest::header::AUTHORIZATION;
use sandbox::cloud::{AUDIENCE, CloudOptions, ROLE_ARN};
use sandbox::estate::demo;
use sandbox::faults::Fault;
use sandbox::record::{Exchange, Service};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::world::{SHOP, World, change_kept, kept};

/// The document of an integration without any key.
pub fn keyless(world: &World) -> Value {
    json!({ "properties": { "amazonApiGatewaySource": { "roleArn": ROLE_ARN, "regionName": world.cloud.region } } })
}

/// The document of an integration that takes the role on with its access key.
pub fn by_key(world: &World) -> Value {
    let mut document = world.document();
    document["properties"]["amazonApiGatewaySource"]["roleArn"] = json!(ROLE_ARN);
    document
}

/// A world with the usual APIs and an integration without any key.
async fn keyless_world() -> World {
    let world = World::start().await;
    world.cloud.fill_gateway(demo());
    world.put(SHOP, keyless(&world)).await.expect(201);
    world.assert_in_line();
    world
}

fn exchanges(world: &World, service: Service) -> Vec<Exchange> {
    let mut exchanges = world.cloud.record.exchanges();
    exchanges.retain(|exchange| exchange.service == service);
    exchanges
}

fn parameter(exchange: &Exchange, name: &str) -> Option<String> {
    let mut form = form_urlencoded::parse(&exchange.request_body);
    form.find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_whole_life_without_a_key_asks_for_no_secret_and_once_a_run_for_a_session() {
    let world = keyless_world().await;
    let put = exchanges(&world, Service::Sts);
    world.cloud.api_gateway.remove_rest_api("e1f2a3b4c5");
    world.run_timer().await;
    world.assert_in_line();
    let timer = exchanges(&world, Service::Sts);
    assert_eq!((put.len(), timer.len()), (1, 2));
    for exchange in &timer {
        assert!(
            !exchange.request_headers.contains_key(AUTHORIZATION),
            "it is not signed"
        );
        let told = ["Action", "RoleArn", "RoleSessionName"].map(|name| parameter(exchange, name).unwrap());
        assert_eq!(told, ["AssumeRoleWithWebIdentity", ROLE_ARN, "apicenter-shop"]);
    }
    let asked: BTreeSet<String> = exchanges(&world, Service::Identity)
        .iter()
        .map(|exchange| exchange.target.clone())
        .collect();
    let for_amazon = "/msi/token?api-version=2019-08-01&resource=api%3A%2F%2Fapicenter-aws-sync";
    assert!(asked.contains(for_amazon), "{asked:?}");
    let signed = exchanges(&world, Service::ApiGateway);
    for exchange in &signed {
        let scope = format!("/{}/apigateway/aws4_request", world.cloud.region);
        let authorization = exchange.request_headers[AUTHORIZATION].to_str().unwrap();
        assert!(authorization.contains("Credential=ASIA") && authorization.contains(&scope));
        assert!(exchange.request_headers.contains_key("x-amz-security-token"));
    }

    world.delete(SHOP).await.expect(204);
    assert!(!world.has("environments/shop"));
    assert_eq!(exchanges(&world, Service::KeyVault).len(), 0);
    assert_eq!(
        exchanges(&world, Service::Sts).len(),
        2,
        "a deletion needs nothing of Amazon's"
    );
}

#[tokio::test]
async fn what_the_exchange_costs_is_in_the_report() {
    let world = keyless_world().await;
    world.cloud.record.clear();
    let report = world.sync("").await.expect(200).json();
    let calls = exchanges(&world, Service::Sts).len() + exchanges(&world, Service::ApiGateway).len();
    assert_eq!(report["requests"]["aws"], calls, "{report}");
    let plan = world
        .call(reqwest::Method::GET, "integrations/shop/plan", None)
        .await
        .expect(200);
    assert_eq!(plan.json()["changes"], json!([]));
}

#[tokio::test]
async fn what_is_shown_can_be_put_again_and_is_kept_where_people_look_for_it() {
    let world = keyless_world().await;
    let shown = world.get(SHOP).await.expect(200).json();
    let source = &shown["properties"]["amazonApiGatewaySource"];
    assert_eq!(
        *source,
        json!({ "roleArn": ROLE_ARN, "account": "123456789012", "regionName": world.cloud.region })
    );
    let settings = kept(&world.properties("environments/shop"), "aws-integration", "settings");
    assert_eq!(settings["amazonApiGatewaySource"], *source);
    let again = world.put(SHOP, shown.clone()).await.expect(200).json();
    assert_eq!(again["properties"]["amazonApiGatewaySource"], *source);
}

#[tokio::test]
async fn a_role_is_taken_on_with_a_key_and_what_its_owner_wants_to_be_told() {
    let world = World::start().await;
    world.cloud.fill_gateway(demo());
    world.trust_user("shop:42");
    let mut document = by_key(&world);
    document["properties"]["amazonApiGatewaySource"]["externalId"] = json!("shop:42");
    world.put(SHOP, document).await.expect(201);
    world.assert_in_line();
    let [exchange] = exchanges(&world, Service::Sts).try_into().unwrap();
    let authorization = exchange.request_headers[AUTHORIZATION].to_str().unwrap();
    let scope = format!("/{}/sts/aws4_request", world.cloud.region);
    assert!(authorization.contains(&scope), "{authorization}");
    assert_eq!(parameter(&exchange, "ExternalId").as_deref(), Some("shop:42"));
    assert_eq!(
        parameter(&exchange, "RoleSessionName").as_deref(),
        Some("apicenter-shop")
    );
    let shown = world.get(SHOP).await.expect(200).json();
    let source = &shown["properties"]["amazonApiGatewaySource"];
    assert_eq!(
        (&source["roleArn"], &source["externalId"]),
        (&json!(ROLE_ARN), &json!("shop:42"))
    );
    world.put(SHOP, shown).await.expect(200);
    world.run_timer().await;
}

#[tokio::test]
async fn an_integration_changes_between_key_and_role_and_the_catalog_stays() {
    let world = World::synchronized_demo().await;
    let before = world.inventory();
    let told = {
        let mut document = by_key(&world);
        document["properties"]["amazonApiGatewaySource"]["externalId"] = json!("told-to-nobody");
        document
    };
    for (document, members) in [
        (keyless(&world), 3),
        (told, 6),
        (world.document(), 4),
        (by_key(&world), 5),
        (keyless(&world), 3),
    ] {
        let answer = world.put(SHOP, document).await.expect(200).json();
        let source = answer["properties"]["amazonApiGatewaySource"].as_object().unwrap();
        assert_eq!(source.len(), members, "{source:?}");
        assert_eq!(answer["properties"]["lastSync"]["outcome"], "succeeded", "{answer:#}");
        world.run_timer().await;
        assert_eq!(world.inventory(), before);
    }
}

#[tokio::test]
async fn a_session_that_is_about_to_end_is_renewed_within_the_run() {
    let world = World::start().await;
    world.cloud.fill_gateway(demo());
    let minute = std::time::Duration::from_mins(1);
    world.cloud.sts.set_lifetimes([minute, minute, minute]);
    world.put(SHOP, keyless(&world)).await.expect(201);
    world.assert_in_line();
    let given: Vec<String> = exchanges(&world, Service::Sts)
        .iter()
        .map(|exchange| element(&exchange.response_body, "AccessKeyId"))
        .collect();
    assert_eq!(given.len(), 4, "the first that lasts is kept");
    let used: Vec<String> = exchanges(&world, Service::ApiGateway)
        .iter()
        .map(access_key_id)
        .collect();
    assert_eq!(used.first(), Some(&given[1]));
    assert!(
        used.len() > 10 && used[1..].iter().all(|key| *key == given[3]),
        "{given:?} {used:?}"
    );
}

fn element(body: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(body);
    let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

fn access_key_id(exchange: &Exchange) -> String {
    let authorization = exchange.request_headers[AUTHORIZATION].to_str().unwrap();
    let (_, rest) = authorization.split_once("Credential=").unwrap();
    rest.split_once('/').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_session_that_ends_during_a_run_is_renewed_once_and_nothing_is_refused() {
    let world = keyless_world().await;
    let before = world.inventory();
    let asked = exchanges(&world, Service::Sts).len();
    let sts = std::sync::Arc::clone(&world.cloud.sts);
    world.cloud.kill.set(move || sts.end_sessions());
    world.fail(Service::ApiGateway, None, "/stages", Some(1), Fault::KillBefore);
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(
        exchanges(&world, Service::Sts).len(),
        asked + 2,
        "the first one, and another for all"
    );
    assert_eq!(world.inventory(), before);
}

#[tokio::test]
async fn a_role_that_no_longer_trusts_fails_the_timer_until_it_does_again() {
    let world = keyless_world().await;
    let before = world.inventory();
    world.cloud.api_gateway.remove_rest_api("e1f2a3b4c5");
    world.trust_subject("somebody-else");
    assert!(!world.fire_timer().await.succeeded, "Functions must count a failed run");
    assert_eq!(world.inventory(), before);
    let integration = world.get(SHOP).await.expect(200).json();
    let link_state = &integration["properties"]["linkState"];
    assert_eq!(link_state["state"], "error");
    let message = link_state["message"].as_str().unwrap();
    assert!(
        message.contains("trust policy") && message.contains(AUDIENCE),
        "{message}"
    );
    for call in ["sync", "plan"] {
        let method = if call == "sync" {
            reqwest::Method::POST
        } else {
            reqwest::Method::GET
        };
        let refused = world
            .call(method, &format!("integrations/shop/{call}"), None)
            .await
            .expect(400);
        assert_eq!(refused.code(), "RoleNotAssumable");
    }
    world.trust_subject(sandbox::token::OBJECT_ID);
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn without_the_setting_a_keyless_integration_is_told_which_one_is_missing() {
    let mut world = keyless_world().await;
    world.restart_with(&[("AWS_WEB_IDENTITY_AUDIENCE", "")]).await;
    let calls = [
        world.put("new", keyless(&world)).await,
        world.sync("").await,
        world.call(reqwest::Method::GET, "integrations/shop/plan", None).await,
    ];
    for refused in calls {
        let refused = refused.expect(500);
        assert_eq!(refused.code(), "MissingSetting");
        assert_eq!(refused.json()["error"]["target"], "AWS_WEB_IDENTITY_AUDIENCE");
    }
    assert!(!world.fire_timer().await.succeeded);
    world.put(SHOP, world.document()).await.expect(200);
    world.run_timer().await;
}

#[tokio::test]
async fn a_marker_that_makes_no_authentication_is_shown_as_an_error() {
    let world = keyless_world().await;
    for (property, value, words) in [
        ("roleArn", json!("arn:aws-cn:iam::123456789012:role/sync"), "partition"),
        ("roleArn", json!("sync"), "is not the ARN of a role"),
        ("roleArn", Value::Null, "accessKey"),
        ("externalId", json!("shop:42"), "externalId"),
        ("externalId", json!("a b"), "externalId"),
    ] {
        let before = world.properties("environments/shop");
        world.edit("environments/shop", |properties| {
            change_kept(properties, "aws-integration", "settings", |settings| {
                settings["amazonApiGatewaySource"][property] = value;
            });
        });
        let shown = world.get(SHOP).await.expect(200).json();
        let link_state = &shown["properties"]["linkState"];
        assert_eq!(link_state["state"], "error", "{shown:#}");
        assert!(link_state["message"].as_str().unwrap().contains(words), "{shown:#}");
        assert!(!world.fire_timer().await.succeeded, "{words}");
        world.catalog().put("environments/shop", before).unwrap();
        world.run_timer().await;
    }
}

#[tokio::test]
async fn the_token_goes_nowhere_but_to_the_service() {
    let stranger = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let location = format!("http://{}/elsewhere", stranger.local_addr().unwrap());
    let world = World::start().await;
    for status in [301, 302, 307, 308] {
        world.cloud.faults.clear();
        world.fail(
            Service::Sts,
            None,
            ".",
            None,
            crate::secrecy::redirect(status, &location),
        );
        let refused = world.put(SHOP, keyless(&world)).await.expect(503);
        assert_eq!(refused.code(), "ServiceUnavailable");
    }
    crate::secrecy::assert_uncalled(stranger);
    let tokens: Vec<String> = exchanges(&world, Service::Sts)
        .iter()
        .filter_map(|exchange| parameter(exchange, "WebIdentityToken"))
        .collect();
    assert_eq!(tokens.len(), 4);
    for exchange in world.cloud.record.exchanges() {
        let shown = exchange
            .request_headers
            .get(AUTHORIZATION)
            .map(|value| value.to_str().unwrap());
        assert!(
            shown.is_none_or(|shown| !shown.contains(&tokens[0])),
            "{}",
            exchange.target
        );
    }
}

#[tokio::test]
async fn two_integrations_of_one_role_have_a_session_each() {
    let world = keyless_world().await;
    world.put("other", keyless(&world)).await.expect(201);
    world.cloud.record.clear();
    world.run_timer().await;
    let names: BTreeSet<String> = exchanges(&world, Service::Sts)
        .iter()
        .map(|exchange| parameter(exchange, "RoleSessionName").unwrap())
        .collect();
    assert_eq!(
        names,
        BTreeSet::from(["apicenter-shop", "apicenter-other"].map(str::to_owned))
    );
}

/// A world whose calls may take three seconds.
pub async fn hasty_world(settings: &[(&str, &str)]) -> World {
    let settings: Vec<(&str, &str)> = [("HTTP_TIME_BUDGET_SECONDS", "3")]
        .iter()
        .chain(settings)
        .copied()
        .collect();
    World::with(CloudOptions::default().unthrottled(), &settings).await
}
