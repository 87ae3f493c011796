//! Estates of every kind, as the gateway shows them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::World;
use crate::estate::{FullEstate, awkward_full, demo_full};

async fn filled(estate: FullEstate) -> World {
    let world = World::new().await;
    world.cloud.fill(estate);
    world
}

#[tokio::test]
async fn the_demo_has_an_http_and_a_websocket_api_behind_domain_names() {
    let world = filled(demo_full()).await;
    let apis = world.get("/v2/apis").await.body;
    let kinds = [&apis["items"][0]["protocolType"], &apis["items"][1]["protocolType"]];
    assert_eq!(kinds, ["HTTP", "WEBSOCKET"]);
    let exports = "/v2/apis/g3h4i5j6k7/exports/OAS30?outputType=JSON&includeExtensions=false";
    let paths = |export: Value| export["paths"].as_object().unwrap().len();
    assert_eq!(paths(world.get(&format!("{exports}&stageName=prod")).await.body), 2);
    assert_eq!(
        paths(world.get(exports).await.body),
        3,
        "the stage that deploys itself tells what is configured"
    );
    let latest = world.get(&format!("{exports}&stageName=%24default")).await.body;
    assert!(!latest.to_string().contains("not-for-everyone"));
    assert_eq!(paths(latest), 3);
    let models = world.get("/v2/apis/h4i5j6k7l8/models").await.body;
    let schema = models["items"][0]["schema"].as_str().unwrap();
    assert!(
        schema.contains("https://apigateway.amazonaws.com/restapis/h4i5j6k7l8/models/Parcel"),
        "{schema}"
    );
    for (target, count) in [
        ("/v2/domainnames/api.shop.example.com/apimappings", 2),
        ("/domainnames/api.shop.example.com/basepathmappings", 0),
        ("/domainnames/partners.example.com/basepathmappings", 1),
    ] {
        let list = world.get(target).await.body;
        let items = list.get("items").or_else(|| list.get("item")).unwrap();
        assert_eq!(items.as_array().unwrap().len(), count, "{target}");
    }
}

#[tokio::test]
async fn everything_in_the_demo_leads_to_a_stage_that_is_there() {
    let estate = demo_full();
    let rest = estate
        .rest
        .iter()
        .flat_map(|(api, stages)| stages.iter().map(|stage| (&api.id, &stage.name)));
    let v2 = estate
        .v2
        .iter()
        .flat_map(|(api, stages)| stages.iter().map(|stage| (&api.id, &stage.name)));
    let there: BTreeSet<_> = rest.chain(v2).collect();
    for (domain, mappings, _) in &estate.domains {
        assert!(!mappings.is_empty(), "{}", domain.name);
        for mapping in mappings {
            assert!(
                there.contains(&(&mapping.api_id, mapping.stage.as_ref().unwrap())),
                "{mapping:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_awkward_estate_is_answered_whole() {
    let estate = awkward_full(20);
    let (apis, domains) = (estate.v2.len(), estate.domains.len());
    let world = filled(estate).await;
    assert_eq!(world.cloud.api_gateway.v2_estate().len(), apis);
    assert_eq!(world.cloud.api_gateway.domain_estate().len(), domains);
    let listed = world.get("/v2/apis").await.body;
    for api in listed["items"].as_array().unwrap() {
        let id = api["apiId"].as_str().unwrap();
        for below in ["stages", "routes", "models", "deployments"] {
            assert_eq!(
                world.get(&format!("/v2/apis/{id}/{below}")).await.status,
                200,
                "{id} {below}"
            );
        }
    }
    let same = world
        .get("/domainnames")
        .await
        .body
        .to_string()
        .matches("\"same.example.com\"")
        .count();
    assert_eq!(same, 3);
    let mappings = world.get("/v2/domainnames/api.example.com/apimappings").await.body;
    assert!(mappings.to_string().contains(&"k".repeat(300)));
    let wildcard = world.get("/v2/domainnames/%2A.example.com/apimappings").await;
    assert_eq!(wildcard.status, 200);
}
