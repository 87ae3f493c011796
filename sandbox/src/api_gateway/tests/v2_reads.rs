//! What version 2 answers to those who may read.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{Model, RestApi, Route, V2Api, V2Stage};
use super::{World, document};
use crate::cloud::CloudOptions;

impl World {
    /// One with an HTTP API, `$default` and `prod`, and a WebSocket API with `live`.
    pub(super) async fn with_v2_apis() -> Self {
        let world = Self::new().await;
        let gateway = &world.cloud.api_gateway;
        gateway.put_v2_api(V2Api::http("http000001", "Baskets"));
        let definition = document(json!({ "/baskets": { "get": {} } }));
        gateway.put_v2_stage("http000001", V2Stage::new("prod", "dep001", definition.clone()));
        gateway.put_v2_stage("http000001", V2Stage::new("$default", "dep002", definition));
        gateway.put_v2_api(V2Api::websocket("socket0001", "Chat"));
        gateway.put_v2_stage("socket0001", V2Stage::of_websocket("live", "dep003"));
        world
    }
}

fn texts<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn apis_of_the_two_versions_are_listed_apart() {
    let world = World::with_v2_apis().await;
    world
        .cloud
        .api_gateway
        .put_rest_api(RestApi::new("orders0001", "Orders"));
    let answer = world.get("/v2/apis").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(texts(&answer.body, "apiId"), ["http000001", "socket0001"]);
    assert_eq!(answer.body.get("nextToken"), None);
    assert_eq!(super::ids(&world.get("/restapis").await.body), ["orders0001"]);
    assert_eq!(
        world.get("/v2/apis/orders0001").await.refusal(),
        (404, "NotFoundException")
    );
    assert_eq!(
        world.get("/restapis/http000001").await.refusal(),
        (404, "NotFoundException")
    );
    assert_eq!(world.get("/v2/apis/").await.body, json!({}));
}

#[tokio::test]
async fn an_api_is_answered_with_its_date_as_text_and_no_routes() {
    let world = World::with_v2_apis().await;
    let mut api = V2Api::http("http000001", "Baskets");
    api.version = Some("7".to_owned());
    api.tags.insert("team".to_owned(), "shop".to_owned());
    api.routes.push(Route::new("r1", "GET /baskets"));
    world.cloud.api_gateway.put_v2_api(api);
    let expected = json!({
        "apiEndpoint": "https://http000001.execute-api.us-east-1.amazonaws.com",
        "apiGatewayManaged": false,
        "apiId": "http000001",
        "apiKeySelectionExpression": "$request.header.x-api-key",
        "createdDate": "2024-03-01T12:00:00Z",
        "disableExecuteApiEndpoint": false,
        "ipAddressType": "ipv4",
        "name": "Baskets",
        "protocolType": "HTTP",
        "routeSelectionExpression": "$request.method $request.path",
        "tags": { "team": "shop" },
        "version": "7",
    });
    assert_eq!(world.get("/v2/apis/http000001").await.body, expected);
    assert_eq!(world.get("/v2/apis").await.body["items"][0], expected);
    let socket = world.get("/v2/apis/socket0001").await.body;
    assert_eq!(
        socket["apiEndpoint"],
        "wss://socket0001.execute-api.us-east-1.amazonaws.com"
    );
    assert_eq!(socket["protocolType"], "WEBSOCKET");
    let stages = world.get("/v2/apis/http000001/stages").await.body;
    assert_eq!(texts(&stages, "stageName"), ["$default", "prod"], "a change keeps them");
}

#[tokio::test]
async fn an_api_tells_its_partition_and_is_json_for_everyone() {
    let mut options = CloudOptions::default();
    options.api_gateway.region = "cn-north-1".to_owned();
    let world = World::with(options).await;
    world.cloud.api_gateway.put_v2_api(V2Api::http("http000001", "Baskets"));
    let request = world.signed(&world.signer(), Method::GET, "/v2/apis", "*/*", Vec::new());
    let answer = world.send(request).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let endpoint = &answer.body["items"][0]["apiEndpoint"];
    assert_eq!(endpoint, "https://http000001.execute-api.cn-north-1.amazonaws.com.cn");
}

#[tokio::test]
async fn stages_may_run_nothing() {
    let world = World::with_v2_apis().await;
    let mut stage = V2Stage::undeployed("next");
    stage.auto_deploy = true;
    stage.last_deployment_status_message = Some("Deployment attempt failed".to_owned());
    world.cloud.api_gateway.put_v2_stage("http000001", stage);
    let next = world.get("/v2/apis/http000001/stages/next").await.body;
    assert_eq!(
        next,
        json!({
            "apiGatewayManaged": false,
            "autoDeploy": true,
            "createdDate": "2024-03-01T12:00:00Z",
            "defaultRouteSettings": { "detailedMetricsEnabled": false },
            "lastDeploymentStatusMessage": "Deployment attempt failed",
            "lastUpdatedDate": "2024-03-01T12:00:00Z",
            "routeSettings": {},
            "stageName": "next",
            "stageVariables": {},
            "tags": {},
        })
    );
    let of_default = world.get("/v2/apis/http000001/stages/%24default").await.body;
    assert_eq!(of_default["deploymentId"], "dep002");
    let deployments = world.get("/v2/apis/http000001/deployments").await.body;
    assert_eq!(texts(&deployments, "deploymentId"), ["dep001", "dep002"]);
    world.cloud.api_gateway.remove_v2_stage("http000001", "next");
    let gone = world.get("/v2/apis/http000001/stages/next").await;
    assert_eq!(gone.refusal(), (404, "NotFoundException"));
}

#[tokio::test]
async fn routes_and_models_are_listed_as_they_are_configured() {
    let world = World::with_v2_apis().await;
    let mut api = V2Api::websocket("socket0001", "Chat");
    api.routes = vec![Route::new("r2", "$connect"), Route::new("r1", "a[b]/c d%")];
    api.routes[0].authorization_type = "CUSTOM".to_owned();
    api.routes[0].authorizer_id = Some("auth01".to_owned());
    api.routes[0].request_parameters = BTreeMap::from([("route.request.querystring.room".to_owned(), true)]);
    api.routes[1].request_models = BTreeMap::from([("$default".to_owned(), "Message".to_owned())]);
    api.models = vec![Model::new("m1", "Message", "{\"type\":\"object\"}")];
    world.cloud.api_gateway.put_v2_api(api);
    let routes = world.get("/v2/apis/socket0001/routes").await.body;
    assert_eq!(
        routes["items"],
        json!([
            {
                "apiGatewayManaged": false,
                "apiKeyRequired": false,
                "authorizationType": "NONE",
                "requestModels": { "$default": "Message" },
                "routeId": "r1",
                "routeKey": "a[b]/c d%",
            },
            {
                "apiGatewayManaged": false,
                "apiKeyRequired": false,
                "authorizationType": "CUSTOM",
                "authorizerId": "auth01",
                "requestParameters": { "route.request.querystring.room": { "required": true } },
                "routeId": "r2",
                "routeKey": "$connect",
            },
        ])
    );
    let model = json!({ "contentType": "application/json", "modelId": "m1", "name": "Message", "schema": "{\"type\":\"object\"}" });
    let models = world.get("/v2/apis/socket0001/models").await.body;
    assert_eq!(models, json!({ "items": [model] }));
    assert_eq!(world.get("/v2/apis/socket0001/models/m1").await.body, model);
    let absent = world.get("/v2/apis/socket0001/routes/r3").await;
    assert_eq!(absent.refusal(), (404, "NotFoundException"));
}

#[tokio::test]
async fn a_list_is_read_to_its_end_by_its_tokens() {
    let mut options = CloudOptions::default().unthrottled();
    options.api_gateway.v2_page_size_default = 2;
    options.api_gateway.v2_page_size_max = 3;
    let world = World::with(options).await;
    for number in 0..7 {
        let api = V2Api::http(format!("api{number:07}"), "One of many");
        world.cloud.api_gateway.put_v2_api(api);
    }
    for (max_results, expected) in [("", vec![2, 2, 2, 1]), ("maxResults=500&", vec![3, 3, 1])] {
        let mut sizes = Vec::new();
        let mut target = format!("/v2/apis?{max_results}");
        loop {
            let page = world.get(&target).await.body;
            sizes.push(texts(&page, "apiId").len());
            let Some(token) = page.get("nextToken") else {
                break;
            };
            target = format!("/v2/apis?{max_results}nextToken={}", token.as_str().unwrap());
        }
        assert_eq!(sizes, expected, "{max_results}");
    }
    let first = world.get("/v2/apis").await.body;
    let token = first["nextToken"].as_str().unwrap();
    for query in [
        "maxResults=0",
        "maxResults=-1",
        "maxResults=many",
        "nextToken=",
        "nextToken=x",
    ] {
        let answer = world.get(&format!("/v2/apis?{query}")).await;
        assert_eq!(answer.refusal(), (400, "BadRequestException"), "{query}");
    }
    let of_another_list = format!("/v2/apis/api0000000/stages?nextToken={token}");
    assert_eq!(
        world.get(&of_another_list).await.refusal(),
        (400, "BadRequestException")
    );
}

#[tokio::test]
async fn a_region_without_http_apis_says_so_in_a_body_that_is_not_json() {
    let world = World::with_v2_apis().await;
    world.cloud.api_gateway.set_v2_missing(true);
    for target in ["/v2/apis", "/v2/apis/http000001/stages"] {
        let request = world.signed(&world.signer(), Method::GET, target, "application/json", Vec::new());
        let response = world.client.execute(request).await.unwrap();
        assert_eq!(response.status(), 400);
        let body = response.text().await.unwrap();
        assert!(body.contains(r"\'functionName\'"), "{body}");
        assert!(serde_json::from_str::<Value>(&body).is_err());
    }
    let domains = world.get("/v2/domainnames").await;
    assert_eq!(
        (domains.refusal(), domains.message()),
        ((400, "BadRequestException"), "Bad Request")
    );
    assert_eq!(world.get("/restapis").await.status, 200);
    world.cloud.api_gateway.set_v2_missing(false);
    assert_eq!(world.get("/v2/apis").await.status, 200);
}

#[tokio::test]
async fn both_versions_draw_on_one_budget_and_want_one_signature() {
    let mut options = CloudOptions::default();
    options.api_gateway.rate = (0.001, 3.0);
    let world = World::with(options).await;
    let mut signer = world.signer();
    signer.service = "apigatewayv2".to_owned();
    let answer = world.call_as(&signer, Method::GET, "/v2/apis", &Value::Null).await;
    assert_eq!(answer.refusal(), (403, "InvalidSignatureException"));
    for target in ["/restapis", "/v2/apis", "/domainnames"] {
        assert_eq!(world.get(target).await.status, 200);
    }
    for target in ["/v2/apis", "/restapis", "/v2/domainnames"] {
        assert_eq!(world.get(target).await.refusal(), (429, "TooManyRequestsException"));
    }
}

#[tokio::test]
async fn what_is_taken_away_is_gone_and_clearing_takes_all() {
    let world = World::with_v2_apis().await;
    let gateway = &world.cloud.api_gateway;
    gateway.remove_v2_api("socket0001");
    let estate = gateway.v2_estate();
    assert_eq!(estate.len(), 1);
    assert_eq!((estate[0].0.id.as_str(), estate[0].1.len()), ("http000001", 2));
    gateway.clear();
    assert_eq!(world.get("/v2/apis").await.body, json!({ "items": [] }));
}
