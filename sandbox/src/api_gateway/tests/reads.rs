//! What is answered to those who may read.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{Canary, Definition, EndpointType, RestApi, Stage};
use super::{World, document, ids};

async fn gateway_of(count: usize) -> World {
    let world = World::new().await;
    for number in 0..count {
        let api = RestApi::new(format!("api{number:07}"), "One of many");
        world.cloud.api_gateway.put_rest_api(api);
    }
    world
}

#[tokio::test]
async fn a_list_is_read_to_its_end_by_its_positions() {
    let world = gateway_of(60).await;
    let mut seen = BTreeSet::new();
    let mut sizes = Vec::new();
    let mut target = "/restapis".to_owned();
    loop {
        let page = world.get(&target).await.body;
        sizes.push(ids(&page).len());
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(position) = page.get("position") else {
            break;
        };
        target = format!("/restapis?position={}", position.as_str().unwrap());
    }
    assert_eq!(sizes, [25, 25, 10]);
    assert_eq!(seen.len(), 60);
}

#[tokio::test]
async fn a_page_that_holds_all_has_no_position() {
    let world = gateway_of(3).await;
    let page = world.get("/restapis?limit=3").await.body;
    assert_eq!(ids(&page).len(), 3);
    assert_eq!(page.get("position"), None);
    let page = world.get("/restapis?limit=2").await.body;
    assert_eq!(ids(&page), ["api0000000", "api0000001"]);
    assert!(page["position"].is_string());
}

#[tokio::test]
async fn a_limit_is_between_1_and_500() {
    let world = gateway_of(501).await;
    let page = world.get("/restapis?limit=500").await.body;
    assert_eq!(ids(&page).len(), 500);
    for limit in ["0", "501", "-1", "many", ""] {
        let answer = world.get(&format!("/restapis?limit={limit}")).await;
        assert_eq!(answer.refusal(), (400, "BadRequestException"), "{limit}");
    }
}

#[tokio::test]
async fn a_position_is_good_for_its_own_list_only() {
    let world = gateway_of(2).await;
    for id in ["dep001", "dep002"] {
        let stage = Stage::new(id, id, document(json!({})));
        world.cloud.api_gateway.put_stage("api0000000", stage);
    }
    let page = world.get("/restapis/api0000000/deployments?limit=1").await.body;
    assert_eq!(ids(&page), ["dep001"]);
    let position = page["position"].as_str().unwrap();
    let next = format!("/restapis/api0000000/deployments?position={position}");
    assert_eq!(ids(&world.get(&next).await.body), ["dep002"]);
    for position in [position, "x", "ffff", "é"] {
        let answer = world.get(&format!("/restapis?position={position}")).await;
        assert_eq!(answer.refusal(), (400, "BadRequestException"), "{position}");
    }
}

#[tokio::test]
async fn an_empty_gateway_has_an_empty_list() {
    assert_eq!(World::new().await.get("/restapis").await.body, json!({ "item": [] }));
}

#[tokio::test]
async fn an_api_is_answered_with_its_date_as_a_number() {
    let world = World::new().await;
    let mut api = RestApi::new("orders0001", "Orders");
    api.description = Some("All orders".to_owned());
    api.version = Some("v7".to_owned());
    api.tags.insert("team".to_owned(), "shop".to_owned());
    world.cloud.api_gateway.put_rest_api(api);
    let answer = world.get("/restapis/orders0001").await;
    let expected = json!({
        "id": "orders0001",
        "name": "Orders",
        "description": "All orders",
        "createdDate": 1_709_294_400,
        "version": "v7",
        "apiKeySource": "HEADER",
        "endpointConfiguration": { "types": ["REGIONAL"], "ipAddressType": "ipv4" },
        "tags": { "team": "shop" },
        "disableExecuteApiEndpoint": false,
        "rootResourceId": "orders0001r",
        "apiStatus": "AVAILABLE",
    });
    assert_eq!(answer.body, expected);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("x-amzn-requestid").is_some());
    assert_eq!(world.get("/restapis").await.body["item"][0], expected);
}

#[tokio::test]
async fn a_private_api_is_dualstack_even_without_an_endpoint() {
    let world = World::new().await;
    let mut api = RestApi::new("ledger0001", "Ledger");
    api.endpoint_type = EndpointType::Private;
    world.cloud.api_gateway.put_rest_api(api.clone());
    let endpoint = world.get("/restapis/ledger0001").await.body["endpointConfiguration"].clone();
    assert_eq!(endpoint, json!({ "types": ["PRIVATE"], "ipAddressType": "dualstack" }));
    api.vpc_endpoint_ids = vec!["vpce-1".to_owned()];
    world.cloud.api_gateway.put_rest_api(api);
    let endpoint = world.get("/restapis/ledger0001").await.body["endpointConfiguration"].clone();
    assert_eq!(endpoint["vpcEndpointIds"], json!(["vpce-1"]));
}

#[tokio::test]
async fn stages_come_all_at_once_with_their_canaries_and_dates() {
    let world = World::with_an_api(document(json!({}))).await;
    let mut stage = Stage::new("Prod", "dep002", document(json!({})));
    stage.last_updated_date += 60;
    stage.documentation_version = Some("3".to_owned());
    stage.canary = Some(Canary {
        deployment_id: "dep003".to_owned(),
        percent_traffic: 12.5,
    });
    world.cloud.api_gateway.put_stage("orders0001", stage);
    let answer = world.get("/restapis/orders0001/stages?limit=1").await.body;
    assert_eq!(answer.get("position"), None);
    assert_eq!(answer["item"].as_array().unwrap().len(), 2);
    assert_eq!(
        answer["item"][0],
        json!({
            "deploymentId": "dep002",
            "stageName": "Prod",
            "cacheClusterEnabled": false,
            "cacheClusterStatus": "NOT_AVAILABLE",
            "methodSettings": {},
            "documentationVersion": "3",
            "canarySettings": { "percentTraffic": 12.5, "deploymentId": "dep003", "useStageCache": false },
            "tracingEnabled": false,
            "createdDate": 1_709_294_400,
            "lastUpdatedDate": 1_709_294_460,
        })
    );
    let of_one = world.get("/restapis/orders0001/stages?deploymentId=dep001").await.body;
    assert_eq!(of_one["item"].as_array().unwrap().len(), 1);
    assert_eq!(of_one["item"][0]["stageName"], "prod");
    let alone = world.get("/restapis/orders0001/stages/Prod").await.body;
    assert_eq!(alone, answer["item"][0]);
}

#[tokio::test]
async fn those_who_do_not_ask_for_json_get_hal() {
    let world = World::with_an_api(document(json!({}))).await;
    let hal = |target: &'static str| {
        let request = world.signed(&world.signer(), Method::GET, target, "*/*", Vec::new());
        world.send(request)
    };
    let one = hal("/restapis").await;
    assert_eq!(one.header("content-type"), Some("application/hal+json"));
    assert_eq!(one.body.get("item"), None);
    let item = &one.body["_embedded"]["item"];
    assert_eq!(item["id"], "orders0001", "a list of one is not a list");
    assert_eq!(item["createdDate"], "2024-03-01T12:00:00Z");
    world
        .cloud
        .api_gateway
        .put_rest_api(RestApi::new("orders0002", "More orders"));
    assert_eq!(
        hal("/restapis").await.body["_embedded"]["item"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let first = hal("/restapis?limit=1").await.body;
    let next = first["_links"]["next"]["href"].as_str().unwrap();
    assert_eq!(ids(&world.get(next).await.body), ["orders0002"]);
    assert_eq!(
        hal("/restapis/orders0001").await.body["createdDate"],
        "2024-03-01T12:00:00Z"
    );
    let refused = hal("/restapis/absent0000").await;
    assert_eq!(refused.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn an_export_is_dressed_by_amazon() {
    let world = World::with_an_api(document(json!({ "/orders": { "get": {} } }))).await;
    let answer = world.get("/restapis/orders0001/stages/prod/exports/oas30").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let name = "attachment; filename=\"orders0001-prod-oas30.json\"";
    assert_eq!(answer.header("content-disposition"), Some(name));
    let mut body = answer.body;
    let version = body["info"]["version"].take();
    assert_eq!(version.as_str().unwrap().len(), "2025-12-17T19:16:58Z".len());
    assert_eq!(
        body,
        json!({
            "openapi": "3.0.1",
            "info": { "title": "Orders", "version": null },
            "servers": [{
                "url": "https://orders0001.execute-api.us-east-1.amazonaws.com/{basePath}",
                "variables": { "basePath": { "default": "/prod" } },
            }],
            "paths": { "/orders": { "get": {} } },
        })
    );
}

#[tokio::test]
async fn an_export_has_the_extensions_that_were_asked_for() {
    let world = World::with_an_api(document(json!({ "/orders": {
        "x-amazon-apigateway-any-method": {
            "x-amazon-apigateway-integration": { "type": "mock" },
            "x-amazon-apigateway-auth": { "type": "NONE" },
            "x-amazon-apigateway-request-validator": "all",
            "x-ours": true,
        },
    } })))
    .await;
    for (extensions, expected) in [
        ("", vec!["x-ours"]),
        ("?extensions=postman", vec!["x-ours"]),
        (
            "?extensions=integrations",
            vec!["x-amazon-apigateway-integration", "x-ours"],
        ),
        (
            "?extensions=integrations,authorizers",
            vec!["x-amazon-apigateway-integration", "x-amazon-apigateway-auth", "x-ours"],
        ),
        (
            "?extensions=apigateway",
            vec![
                "x-amazon-apigateway-integration",
                "x-amazon-apigateway-auth",
                "x-amazon-apigateway-request-validator",
                "x-ours",
            ],
        ),
    ] {
        let target = format!("/restapis/orders0001/stages/prod/exports/oas30{extensions}");
        let body = world.get(&target).await.body;
        let method = &body["paths"]["/orders"]["x-amazon-apigateway-any-method"];
        let names: Vec<&String> = method.as_object().unwrap().keys().collect();
        assert_eq!(names, expected, "{extensions}");
    }
    let answer = world
        .get("/restapis/orders0001/stages/prod/exports/oas30?extensions=all")
        .await;
    assert_eq!(answer.refusal(), (400, "BadRequestException"));
}

#[tokio::test]
async fn what_cannot_be_exported_is_a_bad_request() {
    let world = World::new().await;
    let gateway = &world.cloud.api_gateway;
    gateway.put_rest_api(RestApi::new("legacy0001", "Legacy"));
    let refused = Definition::Refused("Only found non-JSON body models".to_owned());
    gateway.put_stage("legacy0001", Stage::new("prod", "dep001", refused));
    let export = "/restapis/legacy0001/stages/prod/exports";
    let answer = world.get(&format!("{export}/oas30")).await;
    assert_eq!(answer.refusal(), (400, "BadRequestException"));
    assert_eq!(answer.message(), "Only found non-JSON body models");
    let answer = world.get(&format!("{export}/raml")).await;
    assert_eq!(answer.refusal(), (400, "BadRequestException"));
}

#[tokio::test]
async fn an_export_can_be_anything_at_all() {
    let world = World::new().await;
    let gateway = &world.cloud.api_gateway;
    gateway.put_rest_api(RestApi::new("odd0000001", "Odd"));
    let raw = Definition::Raw {
        content_type: "text/plain".to_owned(),
        bytes: "no document".into(),
    };
    gateway.put_stage("odd0000001", Stage::new("prod", "dep001", raw));
    let answer = world.get("/restapis/odd0000001/stages/prod/exports/oas30").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.body, Value::Null);
}
