//! Exports of HTTP APIs.

use serde_json::{Value, json};

use super::super::{Definition, V2Api, V2Stage};
use super::{Answered, World, document};

impl World {
    async fn v2_export(&self, api: &str, query: &str) -> Answered {
        let target = format!("/v2/apis/{api}/exports/OAS30?outputType=JSON&{query}");
        self.get(&target).await
    }
}

#[tokio::test]
async fn an_export_of_a_stage_has_the_server_of_that_stage() {
    let world = World::with_v2_apis().await;
    for (stage, base_path) in [("prod", "prod"), ("%24default", "")] {
        let answer = world
            .v2_export("http000001", &format!("includeExtensions=false&stageName={stage}"))
            .await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let mut body = answer.body;
        let version = body["info"]["version"].take();
        assert_eq!(version.as_str().unwrap().len(), "2024-02-02 14:22:44UTC".len());
        assert!(version.as_str().unwrap().ends_with("UTC"));
        assert_eq!(
            body,
            json!({
                "openapi": "3.0.1",
                "info": { "title": "Baskets", "version": null },
                "servers": [{
                    "url": "https://http000001.execute-api.us-east-1.amazonaws.com/{basePath}",
                    "variables": { "basePath": { "default": base_path } },
                }],
                "paths": { "/baskets": { "get": {} } },
            })
        );
    }
    let latest = world.v2_export("http000001", "includeExtensions=false").await.body;
    assert_eq!(latest.get("servers"), None);
    assert_eq!(latest["paths"], json!({ "/baskets": { "get": {} } }));
}

#[tokio::test]
async fn each_export_without_a_version_has_another_one() {
    let world = World::with_v2_apis().await;
    let mut versions = Vec::new();
    for _ in 0..3 {
        let export = world.v2_export("http000001", "stageName=prod").await.body;
        versions.push(export["info"]["version"].as_str().unwrap().to_owned());
    }
    versions.dedup();
    assert_eq!(versions.len(), 3);
    let mut api = V2Api::http("http000001", "Baskets");
    api.version = Some("4.2".to_owned());
    api.description = Some("All baskets".to_owned());
    world.cloud.api_gateway.put_v2_api(api);
    let export = world.v2_export("http000001", "stageName=prod").await.body;
    let info = json!({ "title": "Baskets", "description": "All baskets", "version": "4.2" });
    assert_eq!(export["info"], info);
}

#[tokio::test]
async fn extensions_are_there_unless_they_are_not_wanted() {
    let world = World::with_v2_apis().await;
    let paths = json!({ "/baskets": {
        "get": { "x-amazon-apigateway-integration": { "uri": "arn:aws:lambda:secret" }, "x-ours": true },
        "x-amazon-apigateway-any-method": { "isDefaultRoute": false },
    } });
    let stage = V2Stage::new("prod", "dep009", document(paths.clone()));
    world.cloud.api_gateway.put_v2_stage("http000001", stage);
    for query in [
        "stageName=prod",
        "stageName=prod&includeExtensions=true&exportVersion=1.0",
    ] {
        let export = world.v2_export("http000001", query).await.body;
        assert_eq!(export["paths"], paths);
        assert_eq!(export["x-amazon-apigateway-importexport-version"], "1.0");
    }
    let export = world
        .v2_export("http000001", "stageName=prod&includeExtensions=false")
        .await
        .body;
    assert_eq!(export["paths"], json!({ "/baskets": { "get": { "x-ours": true } } }));
    assert_eq!(export.get("x-amazon-apigateway-importexport-version"), None);
}

#[tokio::test]
async fn what_cannot_be_exported_is_refused() {
    let world = World::with_v2_apis().await;
    let gateway = &world.cloud.api_gateway;
    gateway.put_v2_stage("http000001", V2Stage::undeployed("next"));
    let refused = Definition::Refused("Unable to export".to_owned());
    gateway.put_v2_stage("http000001", V2Stage::new("broken", "dep008", refused));
    let (bad, absent) = ((400, "BadRequestException"), (404, "NotFoundException"));
    for (target, refusal) in [
        ("socket0001/exports/OAS30?outputType=JSON&stageName=live", bad),
        ("http000001/exports/oas30?outputType=JSON&stageName=prod", bad),
        ("http000001/exports/OAS30?stageName=prod", bad),
        ("http000001/exports/OAS30?outputType=json&stageName=prod", bad),
        ("http000001/exports/OAS30?outputType=JSON&includeExtensions=no", bad),
        ("http000001/exports/OAS30?outputType=JSON&exportVersion=2.0", bad),
        ("http000001/exports/OAS30?outputType=JSON&stageName=broken", bad),
        ("http000001/exports/OAS30?outputType=JSON&stageName=PROD", absent),
        ("http000001/exports/OAS30?outputType=JSON&stageName=next", absent),
        ("absent0000/exports/OAS30?outputType=JSON&stageName=prod", absent),
    ] {
        assert_eq!(
            world.get(&format!("/v2/apis/{target}")).await.refusal(),
            refusal,
            "{target}"
        );
    }
}

#[tokio::test]
async fn an_export_can_be_anything_at_all_and_yaml_is_json() {
    let world = World::with_v2_apis().await;
    let target = "/v2/apis/http000001/exports/OAS30?outputType=YAML&stageName=prod";
    let answer = world.get(target).await;
    assert_eq!(answer.header("content-type"), Some("application/yaml"));
    assert_eq!(answer.body["openapi"], "3.0.1");
    let raw = Definition::Raw {
        content_type: "text/plain".to_owned(),
        bytes: "no document".into(),
    };
    let stage = V2Stage::new("prod", "dep001", raw);
    world.cloud.api_gateway.put_v2_stage("http000001", stage);
    let answer = world.get(target).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, Some("text/plain"))
    );
    assert_eq!(answer.body, Value::Null);
}
