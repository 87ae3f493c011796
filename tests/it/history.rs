//! The newest runs, kept with the integration.

use sandbox::api_gateway::AmazonError;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::world::{SHOP, World};

const ENVIRONMENT: &str = "environments/shop";

async fn outcomes(world: &World) -> Vec<String> {
    let shown = world.get(SHOP).await.expect(200).json();
    let runs = shown["properties"]["history"].as_array().unwrap();
    runs.iter()
        .map(|run| run["outcome"].as_str().unwrap().to_owned())
        .collect()
}

fn deny_the_list(world: &World) {
    let denied = AmazonError::access_denied("arn:aws:iam::1:user/sync", "apigateway:GET", "arn:aws:apigateway");
    world.fail(Service::ApiGateway, None, "^/(restapis|v2/apis)", None, denied.into());
}

#[tokio::test]
async fn every_run_is_kept_with_its_outcome_and_counts() {
    let world = World::synchronized_demo().await;
    world.run_timer().await;
    deny_the_list(&world);
    assert!(!world.fire_timer().await.succeeded);
    world.cloud.faults.clear();
    let shown = world.get(SHOP).await.expect(200).json();
    let runs = shown["properties"]["history"].as_array().unwrap();
    let apis = runs[0]["created"].as_u64().unwrap();
    assert!(apis > 5, "{runs:#?}");
    let told: Vec<[&Value; 3]> = runs
        .iter()
        .map(|run| [&run["outcome"], &run["created"], &run["unchanged"]])
        .collect();
    assert_eq!(
        json!(told),
        json!([["succeeded", apis, 0], ["succeeded", 0, apis], ["failed", 0, 0]])
    );
    assert!(
        runs.iter()
            .all(|run| run["startedOn"].as_str() <= shown["properties"]["lastSync"]["startedOn"].as_str())
    );
    // The response of a `GET` can be put again.
    world.put(SHOP, shown).await.expect(200);
    assert_eq!(
        outcomes(&world).await,
        ["succeeded", "succeeded", "failed", "succeeded"]
    );
}

#[tokio::test]
async fn of_many_runs_the_newest_are_kept() {
    let world = World::synchronized_demo().await;
    deny_the_list(&world);
    assert!(!world.fire_timer().await.succeeded);
    world.cloud.faults.clear();
    for _ in 0..23 {
        world.run_timer().await;
    }
    let runs = outcomes(&world).await;
    assert_eq!((runs.len(), &*runs[0], &*runs[1]), (24, "failed", "succeeded"));
}

#[tokio::test]
async fn the_history_goes_along_to_another_environment() {
    let world = World::synchronized_demo().await;
    world.run_timer().await;
    let mut there = world.document();
    there["properties"]["targetEnvironmentId"] = json!("/workspaces/default/environments/elsewhere");
    world.put(SHOP, there).await.expect(200);
    assert!(!world.has(ENVIRONMENT));
    assert_eq!(outcomes(&world).await.len(), 3);
}
