//! From a gateway full of edge cases to the right catalog, which stays right at the least cost.

use sandbox::api_gateway::{Definition, Stage};
use sandbox::estate::{Estate, awkward};
use serde_json::json;

use crate::oracle::{actual, desired};
use crate::world::{SHOP, World};

#[tokio::test]
async fn two_hundred_awkward_apis_arrive_as_they_shall_and_cost_what_they_must() {
    let world = World::start().await;
    let estate = awkward(200);
    let stages: usize = estate.iter().map(|(_, stages)| stages.len()).sum();
    world.cloud.fill_gateway(estate.clone());

    let integration = world.put_shop().await.json();
    let report = &integration["properties"]["lastSync"];
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(report["created"], 200);
    assert_eq!(integration["properties"]["linkState"]["state"], "syncing");
    let expected = desired(SHOP, &world.cloud.region, &estate);
    assert_eq!(actual(SHOP, &world.catalog().snapshot()), expected);
    assert!(
        world.all_writes() <= 2 * 200 + 4 * stages + 6,
        "{} writes",
        world.all_writes()
    );

    world.cloud.record.clear();
    world.run_timer().await;
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(world.all_writes(), 1);
    assert_eq!(world.gateway_calls("/exports/"), 0);
    assert_eq!(world.gateway_calls("/restapis?"), 1);
    assert_eq!(world.gateway_calls("/stages"), 200);
    assert_eq!(world.gateway_calls(""), 203);

    let (api, mut stage) = redeployable(&estate);
    stage.deployment_id = "another".to_owned();
    stage.definition = Definition::from(json!({ "openapi": "3.0.1", "paths": { "/redeployed": {} } }));
    world.cloud.api_gateway.put_stage(&api, stage);
    world.cloud.record.clear();
    world.run_timer().await;
    assert_eq!(world.gateway_calls("/exports/"), 1);
    assert!(world.writes().len() <= 4, "{:#?}", world.writes());
    world.assert_in_line();
    let content = world.everything();
    assert!(content.values().any(|entity| {
        entity["content"]
            .as_str()
            .is_some_and(|text| text.contains("/redeployed"))
    }));
}

/// A stage with a definition, and its API.
fn redeployable(estate: &Estate) -> (String, Stage) {
    let (api, stages) = estate.iter().find(|(_, stages)| stages.len() == 2).unwrap();
    (api.id.clone(), stages[0].clone())
}
