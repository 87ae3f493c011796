//! Facts: flat custom metadata about each API, which the portal offers as filters.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use sandbox::estate::demo_full;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::world::{SHOP, World, kept};

/// The facts, with the words of the setting.
const FACTS: [(&str, &str); 4] = [
    ("apiType", "aws-api-type"),
    ("endpointType", "aws-endpoint-type"),
    ("account", "aws-account"),
    ("region", "aws-region"),
];
const ACCOUNT: &str = "123456789012";
const PAYMENTS: &str = "apis/shop-a1b2c3d4e5";

/// The JSON schema of a metadata schema.
fn schema(world: &World, name: &str) -> Value {
    let properties = world.properties(&format!("metadataSchemas/{name}"));
    serde_json::from_str(properties["schema"].as_str().unwrap()).unwrap()
}

fn put_schema(world: &World, name: &str, schema: &Value) {
    let properties = json!({
        "schema": schema.to_string(),
        "assignedTo": [{ "entity": "api", "required": false, "deprecated": false }],
    });
    world
        .catalog()
        .put(&format!("metadataSchemas/{name}"), properties)
        .unwrap();
}

fn of_accounts(accounts: &[&str]) -> Value {
    json!({ "type": "array", "title": "Konto", "items": { "type": "string", "enum": accounts } })
}

/// The document of an integration with these facts.
fn document(world: &World, facts: &Value) -> Value {
    let mut document = world.document();
    document["properties"]["facts"] = facts.clone();
    document
}

/// Puts the integration that most tests use once more.
async fn put_again(world: &World) {
    world.put(SHOP, world.document()).await.expect(200);
}

/// A fact of all APIs of the integration that most tests use, in the order of their names.
fn told(world: &World, name: &str) -> Vec<Value> {
    let apis = world.inventory().into_iter();
    let ours = apis.filter(|(path, _)| path.starts_with("apis/shop-") && path.split('/').count() == 2);
    ours.map(|(_, api)| api["properties"]["customProperties"][name].clone())
        .collect()
}

/// Asserts that another run, and a plan before it, find nothing to do and say nothing.
async fn assert_quiet(world: &World) {
    let plan = world
        .call(Method::GET, "integrations/shop/plan", None)
        .await
        .expect(200)
        .json();
    assert_eq!(plan["changes"], json!([]), "{plan:#}");
    world.cloud.record.clear();
    world.run_timer().await;
    assert_eq!(world.writes(), Vec::<String>::new());
    let reads = |part: &str| world.cloud.record.count(|exchange| exchange.target.contains(part));
    assert_eq!(reads("/metadataSchemas/"), 0, "no schema is asked for by its name");
    let last = world.last_sync().await;
    assert_eq!(
        (&last["outcome"], &last["message"]),
        (&json!("succeeded"), &Value::Null),
        "{last:#}"
    );
}

#[tokio::test]
async fn every_kind_of_api_tells_its_facts_and_a_second_run_is_free() {
    let world = World::start().await;
    world.cloud.fill(demo_full());
    let plan = |id: &Value| format!("planId={}", id.as_str().unwrap());
    world.put_shop().await;
    let types: Vec<Value> = told(&world, "aws-api-type");
    for (api_type, count) in [("REST", 12), ("HTTP", 1), ("WebSocket", 1)] {
        let of_type = types.iter().filter(|found| **found == json!([api_type]));
        assert_eq!(of_type.count(), count, "{types:?}");
    }
    let endpoints: BTreeSet<String> = told(&world, "aws-endpoint-type").iter().map(Value::to_string).collect();
    assert!(
        endpoints.contains(r#"["Regional"]"#) && !endpoints.contains("null"),
        "{endpoints:?}"
    );
    assert!(
        told(&world, "aws-account")
            .iter()
            .all(|found| *found == json!([ACCOUNT]))
    );
    assert!(
        told(&world, "aws-region")
            .iter()
            .all(|found| *found == json!([world.cloud.region]))
    );
    for (name, title) in [
        ("aws-api-type", "API type"),
        ("aws-endpoint-type", "Endpoint type"),
        ("aws-account", "AWS account"),
        ("aws-region", "AWS region"),
    ] {
        let schema = schema(&world, name);
        assert_eq!((&schema["type"], &schema["title"]), (&json!("array"), &json!(title)));
        let assigned = &world.properties(&format!("metadataSchemas/{name}"))["assignedTo"];
        assert_eq!(assigned[0]["entity"], "api");
        assert_ne!(assigned[0]["required"], json!(true));
    }
    assert_eq!(schema(&world, "aws-account")["items"]["enum"], json!([ACCOUNT]));
    assert_quiet(&world).await;

    // People's changes are corrected, by the very plan that shows it; their additions stay.
    world.edit(PAYMENTS, |api| {
        api["customProperties"]["aws-api-type"] = json!(["HTTP"]);
    });
    let planned = world
        .call(Method::GET, "integrations/shop/plan", None)
        .await
        .expect(200)
        .json();
    assert_eq!(
        planned["changes"][0]["fields"][0]["path"], "customProperties.aws-api-type",
        "{planned:#}"
    );
    world.sync(&plan(&planned["planId"])).await.expect(200);
    assert_eq!(
        world.properties(PAYMENTS)["customProperties"]["aws-api-type"],
        json!(["REST"])
    );
}

#[tokio::test]
async fn a_plan_shows_the_facts_that_a_sync_of_it_writes_with_their_schemas() {
    let world = World::start().await;
    world.put_shop().await;
    world.cloud.fill(demo_full());
    let before = world.everything();
    let planned = world
        .call(Method::GET, "integrations/shop/plan", None)
        .await
        .expect(200)
        .json();
    assert!(
        planned.to_string().contains("customProperties.aws-region"),
        "{planned:#}"
    );
    let apis = |everything: &BTreeMap<String, Value>| everything.keys().cloned().collect::<Vec<_>>();
    assert_eq!(apis(&world.everything()), apis(&before), "a plan writes nothing");
    world
        .sync(&format!("planId={}", planned["planId"].as_str().unwrap()))
        .await
        .expect(200);
    assert!(
        told(&world, "aws-region")
            .iter()
            .all(|found| *found == json!([world.cloud.region]))
    );
    assert_quiet(&world).await;
}

#[tokio::test]
async fn an_extension_that_is_refused_is_said_once_and_not_tried_again() {
    let world = World::start().await;
    put_schema(&world, "aws-account", &of_accounts(&["999999999999"]));
    let other = json!({ "title": "Other", "kind": "rest", "customProperties": { "aws-account": ["999999999999"] } });
    world.catalog().put("apis/others", other).unwrap();
    world.catalog().set_refuses_choices(true);
    world.cloud.fill(demo_full());
    world.put_shop().await;

    let last = world.last_sync().await;
    let message = last["message"].as_str().unwrap();
    assert_eq!(last["outcome"], "succeeded", "{last:#}");
    assert_eq!(
        message.matches("the fact aws-account is left out").count(),
        1,
        "{message}"
    );
    assert!(message.contains("Cannot delete, change type or unassign"), "{message}");
    assert!(told(&world, "aws-account").iter().all(Value::is_null));
    assert!(told(&world, "aws-region").iter().all(Value::is_array));
    let journal = kept(&world.properties("environments/shop"), "aws-integration", "journal");
    assert_eq!(journal["leftOutFacts"], json!(["account"]));
    assert_quiet(&world).await;
    assert_eq!(schema(&world, "aws-account"), of_accounts(&["999999999999"]));

    // A `PUT` tries again, and once there is room, the APIs get it.
    put_again(&world).await;
    let last = world.last_sync().await;
    assert!(last["message"].as_str().unwrap().contains("aws-account"), "{last:#}");
    world.catalog().set_refuses_choices(false);
    put_again(&world).await;
    assert!(
        told(&world, "aws-account")
            .iter()
            .all(|found| *found == json!([ACCOUNT]))
    );
    assert_eq!(schema(&world, "aws-account"), of_accounts(&["999999999999", ACCOUNT]));
    assert_quiet(&world).await;
}

#[tokio::test]
async fn two_writers_of_one_schema_keep_each_others_values() {
    let world = World::start().await;
    world.cloud.fill(demo_full());
    let write = "/metadataSchemas/aws-account\\?";
    let interject = |accounts: &'static [&'static str]| {
        let catalog = world.cloud.api_center.clone();
        world.cloud.kill.set(move || {
            let assigned = json!([{ "entity": "api", "required": false, "deprecated": false }]);
            let schema = json!({ "schema": of_accounts(accounts).to_string(), "assignedTo": assigned });
            catalog.put("metadataSchemas/aws-account", schema).unwrap();
        });
        world.fail(Service::ApiCenter, Some(Method::PUT), write, Some(1), Fault::Interject);
    };
    // Somebody else creates it between look and write.
    interject(&["111111111111"]);
    world.put_shop().await;
    assert_eq!(schema(&world, "aws-account"), of_accounts(&["111111111111", ACCOUNT]));
    world.delete(SHOP).await.expect(204);
    assert!(world.has("metadataSchemas/aws-account"), "schemas stay");

    // Another adds to it between the read and the write.
    put_schema(&world, "aws-account", &of_accounts(&["111111111111"]));
    interject(&["111111111111", "222222222222"]);
    world.put_shop().await;
    assert_eq!(
        schema(&world, "aws-account"),
        of_accounts(&["111111111111", "222222222222", ACCOUNT])
    );
    assert_eq!(world.last_sync().await["outcome"], "succeeded");
    assert!(
        told(&world, "aws-account")
            .iter()
            .all(|found| *found == json!([ACCOUNT]))
    );
}

#[tokio::test]
async fn facts_that_there_is_no_room_for_fail_nothing() {
    let world = World::start().await;
    for place in 0..18 {
        put_schema(&world, &format!("team-{place}"), &json!({ "type": "string" }));
    }
    world.cloud.fill(demo_full());
    world.put_shop().await;
    let last = world.last_sync().await;
    assert_eq!(last["outcome"], "succeeded", "{last:#}");
    let message = last["message"].as_str().unwrap();
    for name in ["aws-endpoint-type", "aws-account", "aws-region"] {
        assert_eq!(
            message.matches(&format!("the fact {name} is left out")).count(),
            1,
            "{message}"
        );
        assert!(told(&world, name).iter().all(Value::is_null), "{name}");
    }
    assert!(told(&world, "aws-api-type").iter().all(Value::is_array));
    assert_quiet(&world).await;
}

#[tokio::test]
async fn a_schema_of_another_type_is_left_to_whoever_made_it() {
    let world = World::start().await;
    let theirs = json!({ "type": "string", "title": "Region of the team" });
    put_schema(&world, "aws-region", &theirs);
    world.cloud.fill(demo_full());
    world.put_shop().await;
    let last = world.last_sync().await;
    assert!(last["message"].as_str().unwrap().contains("aws-region"), "{last:#}");
    assert!(told(&world, "aws-region").iter().all(Value::is_null));
    assert_eq!(schema(&world, "aws-region"), theirs);
    assert_quiet(&world).await;
}

#[tokio::test]
async fn a_plan_is_applied_without_a_fact_that_is_refused_meanwhile() {
    let world = World::start().await;
    world.put_shop().await;
    world.cloud.fill(demo_full());
    let planned = world
        .call(Method::GET, "integrations/shop/plan", None)
        .await
        .expect(200)
        .json();
    let refusal =
        json!({ "error": { "code": "ValidationError", "message": "Cannot delete, change type or unassign" } });
    world.refuse(Method::PUT, "/metadataSchemas/aws-account", 400, &refusal);
    let report = world
        .sync(&format!("planId={}", planned["planId"].as_str().unwrap()))
        .await
        .expect(200)
        .json();
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert!(
        report["message"].as_str().unwrap().contains("aws-account"),
        "{report:#}"
    );
    assert!(told(&world, "aws-account").iter().all(Value::is_null));
    assert!(told(&world, "aws-api-type").iter().all(Value::is_array));
    world.cloud.faults.clear();
    assert_quiet(&world).await;
}

#[tokio::test]
async fn an_integration_tells_the_facts_that_it_is_asked_to() {
    let world = World::start().await;
    world.cloud.fill(demo_full());
    world.put(SHOP, document(&world, &json!([]))).await.expect(201);
    assert_eq!(world.get(SHOP).await.json()["properties"]["facts"], json!([]));
    for (_, name) in FACTS {
        assert!(!world.has(&format!("metadataSchemas/{name}")), "{name}");
        assert!(told(&world, name).iter().all(Value::is_null), "{name}");
    }
    assert_quiet(&world).await;

    world
        .put(SHOP, document(&world, &json!(["region", "apitype"])))
        .await
        .expect(200);
    assert_eq!(
        world.get(SHOP).await.json()["properties"]["facts"],
        json!(["apiType", "region"])
    );
    assert!(!world.has("metadataSchemas/aws-account"));
    assert!(told(&world, "aws-region").iter().all(Value::is_array));

    // A fact that is no longer wanted keeps its value.
    world.put(SHOP, document(&world, &json!([]))).await.expect(200);
    assert!(told(&world, "aws-region").iter().all(Value::is_array));
    put_again(&world).await;
    let all = FACTS.map(|(word, _)| word);
    assert_eq!(world.get(SHOP).await.json()["properties"]["facts"], json!(all));
    assert!(told(&world, "aws-account").iter().all(Value::is_array));
}

#[tokio::test]
async fn a_fact_that_there_is_not_and_a_default_for_one_are_refused() {
    let world = World::start().await;
    for wrong in [json!(["colour"]), json!("region"), json!([1]), Value::Null] {
        let answer = world.put(SHOP, document(&world, &wrong)).await;
        if wrong.is_null() && answer.status == 201 {
            continue;
        }
        let error = answer.expect(400).json()["error"].clone();
        assert_eq!(error["target"], "properties.facts", "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(FACTS.iter().all(|(word, _)| message.contains(word)), "{message}");
    }
    for (_, name) in FACTS {
        let mut document = world.document();
        document["properties"]["defaultCustomProperties"] = json!({ "api": { name: ["x"] } });
        let error = world.put(SHOP, document).await.expect(400).json()["error"].clone();
        assert_eq!(
            error["target"],
            format!("properties.defaultCustomProperties.api.{name}")
        );
    }
}

#[tokio::test]
async fn a_fact_that_somebody_requires_of_apis_is_never_missing_metadata() {
    let world = World::start().await;
    let mut properties = json!({ "schema": of_accounts(&[ACCOUNT]).to_string() });
    properties["assignedTo"] = json!([{ "entity": "api", "required": true, "deprecated": false }]);
    world
        .catalog()
        .put("metadataSchemas/aws-account", properties.clone())
        .unwrap();
    world.cloud.fill(demo_full());
    world.put_shop().await;
    assert!(
        told(&world, "aws-account")
            .iter()
            .all(|found| *found == json!([ACCOUNT]))
    );
    assert_eq!(
        world.properties("metadataSchemas/aws-account")["assignedTo"],
        properties["assignedTo"]
    );
}
