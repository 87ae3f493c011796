//! Writes of version 2 and of domain names, in the bodies that boto3 sends.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{RestApi, Stage};
use super::{Answered, World, document};

impl World {
    async fn create(&self, target: &str, body: Value) -> Value {
        let answer = self.call(Method::POST, target, &body).await;
        assert_eq!(answer.status, 201, "{target} {:?}", answer.body);
        answer.body
    }

    async fn refused(&self, target: &str, body: Value) -> (u16, String) {
        let answer = self.call(Method::POST, target, &body).await;
        let (status, code) = answer.refusal();
        (status, code.to_owned())
    }

    async fn delete(&self, target: &str) -> Answered {
        self.call(Method::DELETE, target, &Value::Null).await
    }

    async fn http_api(&self) -> String {
        let api = self
            .create("/v2/apis", json!({ "name": "Baskets", "protocolType": "HTTP" }))
            .await;
        format!("/v2/apis/{}", api["apiId"].as_str().unwrap())
    }

    async fn socket_api(&self) -> String {
        let expression = "$request.body.action";
        let body = json!({ "name": "Chat", "protocolType": "WEBSOCKET", "routeSelectionExpression": expression });
        let api = self.create("/v2/apis", body).await;
        assert!(api["apiEndpoint"].as_str().unwrap().starts_with("wss://"));
        format!("/v2/apis/{}", api["apiId"].as_str().unwrap())
    }

    async fn paths(&self, api: &str, stage: &str) -> Value {
        let target = format!("{api}/exports/OAS30?outputType=JSON&includeExtensions=true{stage}");
        self.get(&target).await.body["paths"].clone()
    }
}

fn bad() -> (u16, String) {
    (400, "BadRequestException".to_owned())
}

fn conflict() -> (u16, String) {
    (409, "ConflictException".to_owned())
}

fn absent() -> (u16, String) {
    (404, "NotFoundException".to_owned())
}

#[tokio::test]
async fn a_deployment_freezes_the_routes_of_its_time() {
    let world = World::new().await;
    let api = world.http_api().await;
    let deployments = format!("{api}/deployments");
    assert_eq!(
        world.refused(&deployments, json!({})).await,
        bad(),
        "there is no route yet"
    );
    let routes = format!("{api}/routes");
    world.create(&routes, json!({ "routeKey": "GET /baskets" })).await;
    let first = world.create(&deployments, json!({ "description": "first" })).await;
    assert_eq!(first["autoDeployed"], false);
    let stages = format!("{api}/stages");
    let stage = json!({ "stageName": "prod", "deploymentId": first["deploymentId"], "tags": { "a": "b" } });
    let stage = world.create(&stages, stage).await;
    assert_eq!(stage["deploymentId"], first["deploymentId"]);
    let second = world.create(&routes, json!({ "routeKey": "ANY /{rest+}" })).await;
    let operation =
        |key: &str| json!({ "responses": { "default": { "description": format!("Default response for {key}") } } });
    let frozen = json!({ "/baskets": { "get": operation("GET /baskets") } });
    assert_eq!(world.paths(&api, "&stageName=prod").await, frozen);
    let mut latest = frozen.clone();
    latest["/{rest+}"] = json!({ "x-amazon-apigateway-any-method": operation("ANY /{rest+}") });
    assert_eq!(world.paths(&api, "").await, latest);
    let deployed = world.create(&deployments, json!({ "stageName": "prod" })).await;
    assert_eq!(world.paths(&api, "&stageName=prod").await, latest);
    let in_use = format!("{deployments}/{}", deployed["deploymentId"].as_str().unwrap());
    assert_eq!(world.delete(&in_use).await.refusal(), (400, "BadRequestException"));
    let free = format!("{deployments}/{}", first["deploymentId"].as_str().unwrap());
    assert_eq!(world.delete(&free).await.status, 204);
    let route = format!("{routes}/{}", second["routeId"].as_str().unwrap());
    assert_eq!(world.delete(&route).await.status, 204);
    assert_eq!(world.paths(&api, "").await, frozen);
    assert_eq!(world.delete(&api).await.status, 204);
    assert_eq!(world.get(&api).await.status, 404);
}

#[tokio::test]
async fn a_stage_that_deploys_itself_follows_each_change() {
    let world = World::new().await;
    let api = world.http_api().await;
    let stage = json!({ "stageName": "$default", "autoDeploy": true });
    let stage = world.create(&format!("{api}/stages"), stage).await;
    assert_eq!(stage.get("deploymentId"), None, "nothing is deployed yet");
    world
        .create(&format!("{api}/routes"), json!({ "routeKey": "$default" }))
        .await;
    let first = world.get(&format!("{api}/stages/%24default")).await.body;
    let id = first["deploymentId"].as_str().unwrap();
    let message = format!("Successfully deployed stage with deployment ID '{id}'");
    assert_eq!(first["lastDeploymentStatusMessage"], json!(message));
    world
        .create(&format!("{api}/routes"), json!({ "routeKey": "GET /a" }))
        .await;
    let second = world.get(&format!("{api}/stages/%24default")).await.body;
    assert_ne!(second["deploymentId"], first["deploymentId"]);
    let paths = world.paths(&api, "&stageName=%24default").await;
    assert_eq!(
        paths["/$default"]["x-amazon-apigateway-any-method"]["isDefaultRoute"],
        true
    );
    assert!(paths["/a"].is_object());
    assert_eq!(world.delete(&format!("{api}/stages/%24default")).await.status, 204);
}

#[tokio::test]
async fn a_websocket_api_has_routes_and_models() {
    let world = World::new().await;
    let api = world.socket_api().await;
    let model = json!({ "name": "Message", "schema": "{\"type\":\"object\"}", "contentType": "application/json" });
    let model = world.create(&format!("{api}/models"), model).await;
    let route = json!({
        "routeKey": "send",
        "apiKeyRequired": true,
        "requestModels": { "$default": "Message" },
        "requestParameters": { "route.request.querystring.room": { "required": true } },
        "routeResponseSelectionExpression": "$default",
    });
    let route = world.create(&format!("{api}/routes"), route).await;
    assert_eq!(
        route["requestParameters"]["route.request.querystring.room"]["required"],
        true
    );
    assert_eq!(world.get(&format!("{api}/routes")).await.body["items"], json!([route]));
    assert_eq!(world.get(&format!("{api}/models")).await.body["items"], json!([model]));
    let model = format!("{api}/models/{}", model["modelId"].as_str().unwrap());
    assert_eq!(world.delete(&model).await.status, 204);
    assert_eq!(world.delete(&model).await.status, 404);
}

#[tokio::test]
async fn what_amazon_does_not_take_is_refused() {
    let world = World::new().await;
    let (http, socket) = (world.http_api().await, world.socket_api().await);
    world
        .create(&format!("{http}/routes"), json!({ "routeKey": "GET /a" }))
        .await;
    world
        .create(&format!("{http}/stages"), json!({ "stageName": "prod" }))
        .await;
    let serialization = (400, "SerializationException".to_owned());
    for (target, body, refusal) in [
        ("/v2/apis".to_owned(), json!({ "name": "x" }), serialization),
        (
            "/v2/apis".to_owned(),
            json!({ "name": "", "protocolType": "HTTP" }),
            bad(),
        ),
        (
            "/v2/apis".to_owned(),
            json!({ "name": "x", "protocolType": "REST" }),
            bad(),
        ),
        (
            "/v2/apis".to_owned(),
            json!({ "name": "x", "protocolType": "WEBSOCKET" }),
            bad(),
        ),
        (format!("{http}/routes"), json!({ "routeKey": "GET /a" }), conflict()),
        (format!("{http}/routes"), json!({ "routeKey": "send" }), bad()),
        (format!("{http}/routes"), json!({ "routeKey": "FETCH /a" }), bad()),
        (format!("{http}/stages"), json!({ "stageName": "prod" }), conflict()),
        (format!("{http}/stages"), json!({ "stageName": "$other" }), bad()),
        (format!("{socket}/stages"), json!({ "stageName": "$default" }), bad()),
        (
            format!("{http}/stages"),
            json!({ "stageName": "x", "deploymentId": "absent" }),
            absent(),
        ),
        (format!("{http}/models"), json!({ "name": "A", "schema": "{}" }), bad()),
        (
            format!("{socket}/models"),
            json!({ "name": "A", "schema": "no" }),
            bad(),
        ),
        (
            format!("{socket}/models"),
            json!({ "name": "a-b", "schema": "{}" }),
            bad(),
        ),
        (
            format!("{http}/deployments"),
            json!({ "stageName": "absent" }),
            absent(),
        ),
    ] {
        assert_eq!(world.refused(&target, body.clone()).await, refusal, "{target} {body}");
    }
}

#[tokio::test]
async fn domain_names_are_made_by_both_versions_in_one_store() {
    let world = World::with_v2_apis().await;
    world
        .cloud
        .api_gateway
        .put_rest_api(RestApi::new("orders0001", "Orders"));
    let stage = Stage::new("prod", "dep001", document(json!({})));
    world.cloud.api_gateway.put_stage("orders0001", stage);
    let edge = world
        .create("/domainnames", json!({ "domainName": "edge.example.com" }))
        .await;
    assert_eq!(edge["endpointConfiguration"]["types"], json!(["EDGE"]));
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    let configuration = json!([{ "certificateArn": certificate, "endpointType": "REGIONAL" }]);
    let body = json!({ "domainName": "api.example.com", "domainNameConfigurations": configuration });
    let made = world.create("/v2/domainnames", body.clone()).await;
    assert!(made["domainNameConfigurations"][0]["certificateUploadDate"].is_string());
    assert_eq!(world.refused("/v2/domainnames", body).await, bad());
    let private = json!({ "domainName": "in.example.com", "endpointConfiguration": { "types": ["PRIVATE"] } });
    for _ in 0..2 {
        world.create("/domainnames", private.clone()).await;
    }
    assert_eq!(
        world.get("/domainnames").await.body["item"].as_array().unwrap().len(),
        4
    );

    let (v1, v2) = (
        "/domainnames/api.example.com/basepathmappings",
        "/v2/domainnames/api.example.com/apimappings",
    );
    let to_rest = json!({ "basePath": "orders", "restApiId": "orders0001", "stage": "prod" });
    assert_eq!(world.create(v1, to_rest.clone()).await, to_rest);
    assert_eq!(world.refused(v1, to_rest).await, conflict());
    let to = |api: &str, stage: &str, key: &str| json!({ "apiId": api, "stage": stage, "apiMappingKey": key });
    let made = world.create(v2, to("http000001", "$default", "a/b")).await;
    for (body, refusal) in [
        (to("http000001", "$default", "orders"), conflict()),
        (to("http000001", "$default", "a,b"), bad()),
        (to("http000001", "absent", "x"), absent()),
        (to("absent0000", "prod", "x"), absent()),
        (to("socket0001", "live", "x"), bad()),
    ] {
        assert_eq!(world.refused(v2, body.clone()).await, refusal, "{body}");
    }
    let edge = "/v2/domainnames/edge.example.com/apimappings";
    assert_eq!(world.refused(edge, to("http000001", "prod", "x")).await, bad());
    let mixed = json!({ "restApiId": "orders0001", "basePath": "more" });
    assert_eq!(world.refused(v1, mixed).await, bad());
    let id = made["apiMappingId"].as_str().unwrap();
    assert_eq!(world.delete(&format!("{v2}/{id}")).await.status, 204);
    let slash = json!({ "restApiId": "orders0001", "basePath": "a/b" });
    assert_eq!(world.refused(v1, slash).await, bad());
    assert_eq!(world.refused(v1, json!({ "restApiId": "http000001" })).await, absent());
    world.create(v1, json!({ "restApiId": "orders0001" })).await;
    assert_eq!(world.delete(&format!("{v1}/(none)")).await.status, 202);
    assert_eq!(world.delete(&format!("{v1}/orders")).await.status, 202);
    assert_eq!(world.delete(&format!("{v1}/orders")).await.status, 404);
    assert_eq!(world.delete("/v2/domainnames/api.example.com").await.status, 204);
    assert_eq!(world.delete("/domainnames/edge.example.com").await.status, 202);
    assert_eq!(world.delete("/domainnames/in.example.com").await.status, 404);
}
