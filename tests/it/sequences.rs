//! Sequences of events from reviews: each must end with the right catalog, and lose nobody's work.

mod catalog;
mod people;
mod processes;
mod removals;

use reqwest::Method;
use sandbox::api_gateway::{Definition, RestApi, Stage};
use sandbox::estate::Estate;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::deadlines::plain;
use crate::world::World;

/// The REST API that most of these are about, and where the catalog has it.
const ORDERS: &str = "a1b2c3d4e5";
const API: &str = "apis/shop-a1b2c3d4e5";

/// One API with these stages, beside a few others, so that the guard allows it to go.
fn orders(stages: &[&str]) -> Estate {
    let api = RestApi::new(ORDERS, "Orders");
    let stages = stages.iter().map(|name| stage(name)).collect();
    plain(4).into_iter().chain([(api, stages)]).collect()
}

fn stage(name: &str) -> Stage {
    let document = json!({ "openapi": "3.0.1", "paths": { format!("/{name}"): {} } });
    Stage::new(name, "dep1", Definition::from(document))
}

/// People's additions below the API: a version, a definition in our version, and a deployment in our environment.
fn add_peoples(world: &World) -> Vec<(String, Value)> {
    let theirs = [
        (
            "versions/onprem",
            json!({ "title": "On premises", "lifecycleStage": "production" }),
        ),
        ("versions/prod/definitions/guide", json!({ "title": "Guide" })),
        (
            "deployments/onprem",
            json!({
                "title": "On premises",
                "environmentId": "/workspaces/default/environments/shop",
                "server": { "runtimeUri": ["https://onprem.example.com"] },
            }),
        ),
    ];
    let add = |(path, properties): (&str, Value)| {
        let path = format!("{API}/{path}");
        world.catalog().put(&path, properties).unwrap();
        (path.clone(), world.properties(&path))
    };
    theirs.into_iter().map(add).collect()
}

fn assert_unchanged(world: &World, theirs: &[(String, Value)], what: &str) {
    for (path, before) in theirs {
        assert!(world.has(path), "{what}: {path} is gone");
        assert_eq!(world.properties(path), *before, "{what}: {path}");
    }
}

/// The marker of an entity; null when it has none.
fn marker(world: &World, path: &str, schema: &str) -> Value {
    world.properties(path)["customProperties"][schema].take()
}

/// The paths that a report names as somebody else's.
fn conflicts(report: &Value) -> Vec<String> {
    let named = report["conflicts"].as_array().into_iter().flatten();
    named
        .map(|conflict| conflict["name"].as_str().unwrap().to_owned())
        .collect()
}

/// At the request of this kind, does something else first.
fn meanwhile(world: &World, (method, target): (Method, &str), change: impl Fn() + Send + Sync + 'static) {
    world.cloud.kill.set(change);
    world.fail(Service::ApiCenter, Some(method), target, Some(1), Fault::Interject);
}

/// A run that has nothing to do writes its outcome and nothing else.
async fn assert_at_rest(world: &World, what: &str) {
    world.cloud.record.clear();
    world.run_timer().await;
    assert_eq!(world.writes(), Vec::<String>::new(), "{what}");
    assert_eq!(world.gateway_calls("/exports/"), 0, "{what}");
}
