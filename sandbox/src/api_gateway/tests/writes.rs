//! Writes, in the bodies that boto3 sends.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{EndpointType, RestApi, Stage};
use super::{Answered, World, document, ids};

impl World {
    async fn post(&self, target: &str, body: Value) -> Answered {
        self.call(Method::POST, target, &body).await
    }

    async fn patch(&self, target: &str, operations: Value) -> Answered {
        self.call(Method::PATCH, target, &json!({ "patchOperations": operations }))
            .await
    }

    /// Imports a document; returns the new API's path.
    async fn import(&self, document: Value) -> String {
        let answer = self.post("/restapis?mode=import", document).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        format!("/restapis/{}", answer.body["id"].as_str().unwrap())
    }

    async fn export(&self, api: &str, stage: &str) -> Value {
        let answer = self.get(&format!("{api}/stages/{stage}/exports/oas30")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body
    }
}

fn replace(path: &str, value: &str) -> Value {
    json!([{ "op": "replace", "path": path, "value": value }])
}

#[tokio::test]
async fn an_api_that_is_created_can_be_read_changed_and_deleted() {
    let world = World::new().await;
    let body = json!({
        "name": "Orders",
        "version": "1",
        "endpointConfiguration": { "types": ["PRIVATE"], "vpcEndpointIds": ["vpce-1"] },
        "tags": { "team": "shop" },
    });
    let created = world.post("/restapis", body).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.body["endpointConfiguration"]["types"], json!(["PRIVATE"]));
    assert!(created.body["createdDate"].is_i64());
    let id = created.body["id"].as_str().unwrap();
    assert_eq!(id.len(), 10);
    let api = format!("/restapis/{id}");
    let changed = world.patch(&api, replace("/name", "Sales orders")).await;
    assert_eq!(
        (changed.status.as_u16(), &changed.body["name"]),
        (200, &json!("Sales orders"))
    );
    world.patch(&api, replace("/version", "")).await;
    let read = world.get(&api).await.body;
    assert_eq!(read["name"], "Sales orders");
    assert_eq!(read.get("version"), None);
    assert_eq!(world.call(Method::DELETE, &api, &Value::Null).await.status, 202);
    assert_eq!(world.get(&api).await.refusal(), (404, "NotFoundException"));
}

#[tokio::test]
async fn an_api_is_edge_optimized_unless_said_otherwise() {
    let world = World::new().await;
    let created = world.post("/restapis", json!({ "name": "Orders" })).await;
    assert_eq!(created.body["endpointConfiguration"]["types"], json!(["EDGE"]));
}

#[tokio::test]
async fn bodies_that_are_no_api_are_refused() {
    let world = World::new().await;
    let refusal = |target: &'static str, body: Value| {
        let world = &world;
        async move { world.post(target, body).await.refusal().1.to_owned() }
    };
    assert_eq!(refusal("/restapis", json!({ "name": "" })).await, "BadRequestException");
    assert_eq!(refusal("/restapis", json!([])).await, "SerializationException");
    let kind = json!({ "name": "Orders", "endpointConfiguration": { "types": ["LOCAL"] } });
    assert_eq!(refusal("/restapis", kind).await, "BadRequestException");
    let import = "/restapis?mode=import";
    assert_eq!(
        refusal(import, json!({ "openapi": "3.0.1" })).await,
        "BadRequestException"
    );
    let untitled = json!({ "openapi": "3.0.1", "info": {}, "paths": {} });
    assert_eq!(refusal(import, untitled).await, "BadRequestException");
    assert_eq!(world.get("/restapis").await.body, json!({ "item": [] }));
}

#[tokio::test]
async fn a_patch_is_taken_whole_or_not_at_all() {
    let world = World::with_an_api(document(json!({}))).await;
    let operations = json!([
        { "op": "replace", "path": "/name", "value": "Changed" },
        { "op": "replace", "path": "/rootResourceId", "value": "x" },
    ]);
    let answer = world.patch("/restapis/orders0001", operations).await;
    assert_eq!(answer.refusal(), (400, "BadRequestException"));
    let operations = json!([{ "op": "test", "path": "/name", "value": "Orders" }]);
    let answer = world.patch("/restapis/orders0001", operations).await;
    assert_eq!(answer.refusal(), (400, "BadRequestException"));
    let answer = world
        .patch("/restapis/orders0001/stages/prod", replace("/stageName", "x"))
        .await;
    assert_eq!(answer.refusal(), (400, "BadRequestException"));
    assert_eq!(world.get("/restapis/orders0001").await.body["name"], "Orders");
}

#[tokio::test]
async fn an_export_is_what_was_deployed_not_what_was_put_later() {
    let world = World::new().await;
    let api = world.import(document(json!({ "/one": { "get": {} } }))).await;
    let deployed = world
        .post(&format!("{api}/deployments"), json!({ "stageName": "prod" }))
        .await;
    assert_eq!(deployed.status, 201);
    let stage = world.get(&format!("{api}/stages/prod")).await.body;
    assert_eq!(stage["deploymentId"], deployed.body["id"]);
    let two = document(json!({ "/two": { "get": {} } }));
    let put = world.call(Method::PUT, &format!("{api}?mode=overwrite"), &two).await;
    assert_eq!(put.status, 200);
    assert_eq!(
        world.export(&api, "prod").await["paths"],
        json!({ "/one": { "get": {} } })
    );
    let second = world
        .post(&format!("{api}/deployments"), json!({ "description": "two" }))
        .await;
    assert_eq!(
        world.export(&api, "prod").await["paths"],
        json!({ "/one": { "get": {} } })
    );
    let id = second.body["id"].as_str().unwrap();
    let moved = world
        .patch(&format!("{api}/stages/prod"), replace("/deploymentId", id))
        .await;
    assert_eq!(moved.body["deploymentId"], id);
    assert_eq!(
        world.export(&api, "prod").await["paths"],
        json!({ "/two": { "get": {} } })
    );
    let deployments = world.get(&format!("{api}/deployments")).await.body;
    assert_eq!(ids(&deployments).len(), 2);
}

#[tokio::test]
async fn a_document_that_is_put_is_merged_unless_it_is_to_overwrite() {
    let world = World::new().await;
    let api = world
        .import(document(
            json!({ "/one": { "get": { "tags": ["old"], "summary": "old" }, "post": {} } }),
        ))
        .await;
    let new = document(json!({ "/one": { "get": { "tags": ["new"] } }, "/two": { "get": {} } }));
    assert_eq!(world.call(Method::PUT, &api, &new).await.status, 200);
    world
        .post(&format!("{api}/deployments"), json!({ "stageName": "prod" }))
        .await;
    assert_eq!(
        world.export(&api, "prod").await["paths"],
        json!({ "/one": { "get": { "tags": ["new"] }, "post": {} }, "/two": { "get": {} } })
    );
    let answer = world
        .call(Method::PUT, &format!("{api}?mode=replace"), &document(json!({})))
        .await;
    assert_eq!(answer.refusal(), (400, "BadRequestException"));
}

#[tokio::test]
async fn an_api_without_methods_cannot_be_deployed() {
    let world = World::new().await;
    let created = world.post("/restapis", json!({ "name": "Orders" })).await;
    let target = format!("/restapis/{}/deployments", created.body["id"].as_str().unwrap());
    let answer = world.post(&target, json!({ "stageName": "prod" })).await;
    assert_eq!(answer.refusal(), (400, "BadRequestException"));
    assert_eq!(answer.message(), "The REST API doesn't contain any methods");
}

#[tokio::test]
async fn a_stage_is_made_once_by_a_name_that_fits_for_a_deployment_that_is_there() {
    let world = World::with_an_api(document(json!({ "/one": { "get": {} } }))).await;
    let stages = "/restapis/orders0001/stages";
    let stage = |name: &str, deployment: &str| json!({ "stageName": name, "deploymentId": deployment });
    let made = world.post(stages, stage(&"s".repeat(128), "dep001")).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["createdDate"], made.body["lastUpdatedDate"]);
    for (body, refusal) in [
        (stage("prod", "dep001"), (409, "ConflictException")),
        (stage("test", "absent"), (400, "BadRequestException")),
        (stage("a b", "dep001"), (400, "BadRequestException")),
        (stage("", "dep001"), (400, "BadRequestException")),
        (stage(&"s".repeat(129), "dep001"), (400, "BadRequestException")),
        (
            json!({ "stageName": "test", "deploymentId": "dep001", "documentationVersion": "1" }),
            (404, "NotFoundException"),
        ),
    ] {
        assert_eq!(world.post(stages, body.clone()).await.refusal(), refusal, "{body}");
    }
    assert_eq!(world.get(stages).await.body["item"].as_array().unwrap().len(), 2);
    let deleted = world
        .call(Method::DELETE, &format!("{stages}/prod"), &Value::Null)
        .await;
    assert_eq!(deleted.status, 202);
    assert_eq!(world.get(&format!("{stages}/prod")).await.status, 404);
}

#[tokio::test]
async fn an_api_has_ten_stages_at_most_however_they_are_made() {
    let world = World::with_an_api(document(json!({ "/one": { "get": {} } }))).await;
    for number in 1..10 {
        let stage = Stage::new(format!("s{number}"), "dep001", document(json!({ "/one": {} })));
        world.cloud.api_gateway.put_stage("orders0001", stage);
    }
    let stages = "/restapis/orders0001/stages";
    let eleventh = json!({ "stageName": "s10", "deploymentId": "dep001" });
    assert_eq!(
        world.post(stages, eleventh).await.refusal(),
        (429, "LimitExceededException")
    );
    let api = world.import(document(json!({ "/one": { "get": {} } }))).await;
    for number in 0..10 {
        let body = json!({ "stageName": format!("s{number}") });
        assert_eq!(world.post(&format!("{api}/deployments"), body).await.status, 201);
    }
    let eleventh = world
        .post(&format!("{api}/deployments"), json!({ "stageName": "s10" }))
        .await;
    assert_eq!(eleventh.refusal(), (429, "LimitExceededException"));
    // A stage that is there already can always be deployed to.
    let again = world
        .post(&format!("{api}/deployments"), json!({ "stageName": "s9" }))
        .await;
    assert_eq!(again.status, 201);
}

#[tokio::test]
async fn an_account_has_120_edge_apis_at_most() {
    let world = World::new().await;
    for number in 0..120 {
        let mut api = RestApi::new(format!("edge{number:06}"), "Edge");
        api.endpoint_type = EndpointType::Edge;
        world.cloud.api_gateway.put_rest_api(api);
    }
    let refused = world.post("/restapis", json!({ "name": "One more" })).await;
    assert_eq!(refused.refusal(), (429, "LimitExceededException"));
    let regional = json!({ "name": "One more", "endpointConfiguration": { "types": ["REGIONAL"] } });
    assert_eq!(world.post("/restapis", regional).await.status, 201);
}
