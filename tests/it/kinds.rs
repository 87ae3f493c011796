//! HTTP and WebSocket APIs beside REST APIs, and the custom domains that lead to all of them.

mod domains;
mod lists;

use std::collections::BTreeMap;

use reqwest::Method;
use sandbox::api_gateway::{AmazonError, Protocol, V2Api, V2Stage};
use sandbox::cloud::CloudOptions;
use sandbox::estate::{awkward_full, demo_full, large_mixed};
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::world::{SHOP, World};

/// The HTTP API of the demonstration estate.
const BASKETS: &str = "g3h4i5j6k7";
/// Its WebSocket API.
const TRACKING: &str = "h4i5j6k7l8";

fn denied() -> Fault {
    AmazonError::access_denied(
        "arn:aws:iam::1:user/sync",
        "apigateway:GET",
        "arn:aws:apigateway:us-east-1::/apis",
    )
    .into()
}

async fn demonstration() -> World {
    let world = World::start().await;
    demo_full().fill(&world.cloud.api_gateway);
    world.put_shop().await;
    world.assert_in_line();
    world
}

/// The number of requests to AWS, by the last segment that is not a name.
fn calls(world: &World) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for exchange in world.cloud.record.exchanges() {
        if exchange.service == Service::ApiGateway {
            let segments: Vec<&str> = exchange.path().split('/').filter(|part| !part.is_empty()).collect();
            let version = if segments[0] == "v2" { "v2 " } else { "" };
            let below = [
                "exports",
                "routes",
                "models",
                "stages",
                "apimappings",
                "basepathmappings",
                "routingrules",
            ];
            let found = segments.iter().rev().find(|part| below.contains(part));
            let operation = found.copied().unwrap_or(segments[usize::from(version == "v2 ")]);
            *calls.entry(format!("{version}{operation}")).or_default() += 1;
        }
    }
    calls
}

/// Adds ordinary APIs of a kind up to this number.
fn fill_up(world: &World, protocol: Protocol, count: usize) {
    let gateway = &world.cloud.api_gateway;
    let is_of = |api: &V2Api| api.protocol == protocol;
    let there = gateway.v2_estate().iter().filter(|(api, _)| is_of(api)).count();
    let more = large_mixed(300).v2.into_iter().filter(|(api, _)| is_of(api));
    for (api, stages) in more.take(count - there) {
        let id = api.id.clone();
        gateway.put_v2_api(api);
        for stage in stages {
            gateway.put_v2_stage(&id, stage);
        }
    }
    assert_eq!(gateway.v2_estate().iter().filter(|(api, _)| is_of(api)).count(), count);
}

#[tokio::test]
async fn an_estate_of_every_kind_with_every_awkwardness_is_in_line_and_a_second_run_is_free() {
    let world = World::start().await;
    awkward_full(60).fill(&world.cloud.api_gateway);
    fill_up(&world, Protocol::Http, 60);
    fill_up(&world, Protocol::Websocket, 20);
    world.put_shop().await;
    world.assert_in_line();
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(report["gateways"][0]["state"], "read", "{report:#}");
    let reasons = |reason: &str| {
        let skipped = report["skipped"].as_array().unwrap();
        skipped.iter().filter(|skip| skip["reason"] == reason).count()
    };
    assert_eq!((reasons("NotDeployed"), reasons("DomainUnknown")), (3, 0), "{report:#}");

    world.cloud.record.clear();
    world.run_timer().await;
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(
        (world.gateway_calls("/exports/"), world.gateway_calls("/routes")),
        (0, 0)
    );
}

#[tokio::test]
async fn a_mixed_estate_costs_its_lists_and_one_redeploy_of_each_kind_what_it_changes() {
    let world = World::with(CloudOptions::default().unthrottled(), &[]).await;
    large_mixed(140).fill(&world.cloud.api_gateway);
    world.put_shop().await;
    world.assert_in_line();
    let (rest, v2) = (world.cloud.api_gateway.estate(), world.cloud.api_gateway.v2_estate());
    let (apis, rest_apis) = (rest.len() + v2.len(), rest.len());

    world.cloud.record.clear();
    world.run_timer().await;
    let unchanged = calls(&world);
    assert_eq!(unchanged["stages"], rest_apis, "{unchanged:?}");
    assert_eq!(unchanged["v2 stages"], apis - rest_apis, "{unchanged:?}");
    assert_eq!(unchanged.get("exports"), None, "{unchanged:?}");
    assert_eq!(world.writes(), Vec::<String>::new());

    world.cloud.record.clear();
    redeploy_one_of_each(&world);
    world.run_timer().await;
    world.assert_in_line();
    let changed = calls(&world);
    let of = |word: &str| changed.get(word).copied().unwrap_or_default();
    let costs = ["exports", "v2 exports", "v2 routes", "v2 models"].map(of);
    assert_eq!(costs, [1, 1, 1, 1], "{changed:?}");
    // For each of the three: the first and the last write of the API, and the deployment; an import where the text is another.
    assert!(world.writes().len() <= 12, "{:?}", world.writes());
}

/// Lets one stage of an API of each kind run another deployment.
fn redeploy_one_of_each(world: &World) {
    let gateway = &world.cloud.api_gateway;
    let rest = gateway.estate().into_iter().find(|(_, stages)| !stages.is_empty());
    let (api, mut stages) = rest.unwrap();
    "d1next".clone_into(&mut stages[0].deployment_id);
    gateway.put_stage(&api.id, stages.remove(0));
    for protocol in [Protocol::Http, Protocol::Websocket] {
        let mut apis = gateway.v2_estate().into_iter();
        let found = apis.find(|(api, stages)| api.protocol == protocol && !stages.is_empty());
        let (api, mut stages) = found.unwrap();
        stages[0].deployment_id = Some("d1next".to_owned());
        gateway.put_v2_stage(&api.id, stages.remove(0));
    }
}

#[tokio::test]
async fn each_kind_is_in_the_catalog_as_what_it_is() {
    let world = demonstration().await;
    let api = world.properties(&format!("apis/{SHOP}-{BASKETS}"));
    assert_eq!(api["kind"], "rest");
    let (default, region) = ("default-6b6729697963f038", &world.cloud.region);
    let deployment = world.properties(&format!("apis/{SHOP}-{BASKETS}/deployments/{default}"));
    let uris = deployment["server"]["runtimeUri"].as_array().unwrap();
    let own = format!("https://{BASKETS}.execute-api.{region}.amazonaws.com");
    assert_eq!(uris.last().unwrap(), &json!(own));
    let definition = &world.everything()[&format!("apis/{SHOP}-{BASKETS}/versions/{default}/definitions/openapi")];
    let document: Value = serde_json::from_str(definition["content"].as_str().unwrap()).unwrap();
    let servers: Vec<Value> = uris.iter().map(|uri| json!({ "url": uri })).collect();
    assert_eq!(document["servers"], json!(servers));
    assert!(
        servers
            .iter()
            .all(|server| !server["url"].as_str().unwrap().ends_with('/'))
    );

    let api = world.properties(&format!("apis/{SHOP}-{TRACKING}"));
    assert_eq!(api["kind"], "websocket");
    let definition = &world.everything()[&format!("apis/{SHOP}-{TRACKING}/versions/live/definitions/asyncapi")];
    assert_eq!(
        definition["properties"]["specification"],
        json!({ "name": "asyncapi", "version": "3.0.0" })
    );
    let document: Value = serde_json::from_str(definition["content"].as_str().unwrap()).unwrap();
    assert_eq!(document["asyncapi"], "3.0.0");
}

#[tokio::test]
async fn the_kinds_that_are_wanted_are_read_and_no_others() {
    let world = World::start().await;
    demo_full().fill(&world.cloud.api_gateway);
    let mut document = world.document();
    document["properties"]["apiTypes"] = json!(["websocket"]);
    let shown = world.put(SHOP, document.clone()).await.expect(201).json();
    assert_eq!(shown["properties"]["apiTypes"], json!(["WEBSOCKET"]));
    assert_eq!(world.gateway_calls("/restapis"), 0);
    let ours = world
        .everything()
        .into_keys()
        .filter(|path| path.starts_with("apis/shop-"));
    let ours: Vec<String> = ours.collect();
    assert!(
        !ours.is_empty() && ours.iter().all(|path| path.contains(TRACKING)),
        "{ours:?}"
    );

    for wrong in [json!([]), json!("REST"), json!(["SOAP"]), json!([1])] {
        document["properties"]["apiTypes"] = wrong;
        let answer = world.put(SHOP, document.clone()).await.expect(400);
        assert!(answer.text.contains("REST, HTTP and WEBSOCKET"), "{}", answer.text);
    }
    // Unselected kinds depart: deleted once that is confirmed.
    document["properties"]["apiTypes"] = json!(["REST"]);
    world.put(SHOP, document).await.expect(200);
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "held", "{report:#}");
    let message = report["message"].as_str().unwrap();
    assert!(
        message.contains("WebSocket APIs are no longer among the integration's apiTypes"),
        "{message}"
    );
    assert!(world.has(&format!("apis/{SHOP}-{TRACKING}")));
    let id = report["deletionsId"].as_str().unwrap();
    world.sync(&format!("confirmDeletions={id}")).await.expect(200);
    assert!(!world.has(&format!("apis/{SHOP}-{TRACKING}")));
}

#[tokio::test]
async fn a_list_that_is_denied_leaves_what_is_of_its_kind_and_is_named_once() {
    let world = demonstration().await;
    let before = world.inventory();
    world.fail(Service::ApiGateway, None, "^/v2/apis", None, denied());
    world.cloud.api_gateway.remove_rest_api("f2a3b4c5d6");
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("partial"), &json!(1)),
        "{report:#}"
    );
    let gateway = &report["gateways"][0];
    assert_eq!(gateway["state"], "denied", "{report:#}");
    let message = gateway["message"].as_str().unwrap();
    assert!(
        message.contains("HTTP and WebSocket APIs could not be listed"),
        "{message}"
    );
    let plan = format!("integrations/{SHOP}/plan");
    let plan = world.call(Method::GET, &plan, None).await.expect(200).json();
    assert_eq!(plan["complete"], false, "{plan:#}");
    assert!(
        plan["message"].as_str().unwrap().contains("could not be listed"),
        "{plan:#}"
    );
    let explained = format!("integrations/{SHOP}/explain?api={TRACKING}");
    let explained = world.call(Method::GET, &explained, None).await.expect(200).json();
    let explained = &explained["apis"][0];
    assert_eq!(explained["verdict"], "failed", "{explained:#}");
    assert!(explained["message"].as_str().unwrap().contains("could not be listed"));
    for path in before
        .keys()
        .filter(|path| path.contains(BASKETS) || path.contains(TRACKING))
    {
        assert!(world.has(path), "{path}");
    }

    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(world.last_sync().await["outcome"], "succeeded");
}

#[tokio::test]
async fn a_kind_that_was_never_readable_does_not_make_a_run_partial() {
    let world = World::start().await;
    world.fail(Service::ApiGateway, None, "^/v2/apis", None, denied());
    demo_full().fill(&world.cloud.api_gateway);
    world.put_shop().await.expect(201);
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["gateways"][0]["state"]),
        (&json!("succeeded"), &json!("denied"))
    );
    assert!(!world.has(&format!("apis/{SHOP}-{TRACKING}")));
}

#[tokio::test]
async fn a_region_without_http_apis_has_none_and_nothing_else_reads_as_that() {
    let world = World::start().await;
    world.cloud.api_gateway.set_v2_missing(true);
    demo_full().fill(&world.cloud.api_gateway);
    world.put_shop().await.expect(201);
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["gateways"][0]["apis"]),
        (&json!("succeeded"), &json!(12)),
        "{report:#}"
    );

    // Once there are some, the guard holds back the same response, and an API is deleted only after AWS's own 404.
    world.cloud.api_gateway.set_v2_missing(false);
    world.run_timer().await;
    world.assert_in_line();
    world.cloud.api_gateway.set_v2_missing(true);
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("held"), &json!(0)),
        "{report:#}"
    );
    assert!(
        report["message"]
            .as_str()
            .unwrap()
            .contains("none of the 2 synchronized HTTP and WebSocket APIs")
    );
}

#[tokio::test]
async fn http_and_websocket_apis_that_are_gone_go_after_amazons_own_answer() {
    let world = demonstration().await;
    world.cloud.api_gateway.put_v2_api(V2Api::http("h0h0h0h0h0", "A third"));
    world.run_timer().await;
    world.cloud.api_gateway.remove_v2_api(BASKETS);
    world.cloud.record.clear();
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(world.last_sync().await["deleted"], 1);
    assert_eq!(world.gateway_calls(&format!("/v2/apis/{BASKETS}")), 1);
}

#[tokio::test]
async fn a_stage_that_runs_nothing_waits_and_comes_when_it_is_deployed() {
    let world = World::start().await;
    let gateway = &world.cloud.api_gateway;
    gateway.put_v2_api(V2Api::http("h0h0h0h0h0", "Baskets"));
    gateway.put_v2_stage("h0h0h0h0h0", V2Stage::undeployed("live"));
    world.put_shop().await;
    let report = world.last_sync().await;
    assert_eq!(report["skipped"][0]["reason"], "NotDeployed", "{report:#}");
    assert_eq!(report["skipped"][0]["apiType"], "HTTP", "{report:#}");
    assert!(!world.has(&format!("apis/{SHOP}-h0h0h0h0h0/versions/live")));

    let document = json!({ "openapi": "3.0.1", "paths": { "/": {} } });
    gateway.put_v2_stage("h0h0h0h0h0", V2Stage::new("live", "d1", document));
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(world.last_sync().await["skipped"], json!([]));
}

#[tokio::test]
async fn one_api_of_any_kind_is_synchronised_by_its_id() {
    let world = demonstration().await;
    world.edit(&format!("apis/{SHOP}-{TRACKING}"), |properties| {
        properties["title"] = json!("Changed");
    });
    world.cloud.record.clear();
    let report = world.sync(&format!("api={TRACKING}")).await.expect(200).json();
    assert_eq!(
        (&report["outcome"], &report["updated"]),
        (&json!("succeeded"), &json!(1)),
        "{report:#}"
    );
    world.assert_in_line();
    assert_eq!(world.gateway_calls("/domainnames"), 0);
    let explained = format!("integrations/{SHOP}/explain?api={TRACKING}");
    let explained = world.call(Method::GET, &explained, None).await.expect(200);
    assert!(explained.text.contains("inLine"), "{}", explained.text);
}
