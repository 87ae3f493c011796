//! Rules: which stages are in the catalog, and what its fields say.

use std::collections::BTreeMap;

use reqwest::Method;
use sandbox::api_gateway::{RestApi, Stage};
use serde_json::{Value, json};

use crate::world::{SHOP, World};

const ORDERS: &str = "apis/shop-a1b2c3d4e5";

fn put_schema(world: &World, name: &str, schema: &Value, required: bool) {
    let assigned_to = json!([{ "entity": "api", "required": required, "deprecated": false }]);
    let properties = json!({ "schema": schema.to_string(), "assignedTo": assigned_to });
    world
        .catalog()
        .put(&format!("metadataSchemas/{name}"), properties)
        .unwrap();
}

/// An API with the stages `dev` and `prod`.
fn put_orders(world: &World, tags: &[(&str, &str)]) {
    let gateway = &world.cloud.api_gateway;
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    gateway.put_rest_api(RestApi {
        tags: tags.collect::<BTreeMap<String, String>>(),
        ..RestApi::new("a1b2c3d4e5", "team/orders")
    });
    for name in ["dev", "prod"] {
        let definition = json!({ "paths": {} });
        gateway.put_stage("a1b2c3d4e5", Stage::new(name, "dep001", definition));
    }
}

fn with(world: &World, rules: &Value) -> Value {
    let mut document = world.document();
    for (name, value) in rules.as_object().unwrap() {
        document["properties"][name] = value.clone();
    }
    document
}

#[tokio::test]
async fn rules_choose_stages_and_fill_fields_as_far_as_the_organisation_s_metadata_takes_it() {
    let world = World::start().await;
    let tiers = json!({ "type": "string", "oneOf": [{ "const": "gold" }, { "const": "silver" }] });
    put_schema(&world, "tier", &tiers, false);
    put_schema(&world, "pii", &json!({ "type": "boolean" }), false);
    put_orders(&world, &[("Tier", "gold"), ("pii", "true"), ("owner", "core")]);
    let rules = json!({
        "exclude": [{ "stage": "d*" }],
        "map": [
            { "set": { "api.customProperties.tier": "${tag:tier}" } },
            { "set": { "api.customProperties.pii": "${tag:pii}" } },
            { "default": { "api.contacts": [{ "name": "${tag:owner}" }] } },
            { "when": { "stage": "prod" }, "set": { "version.lifecycleStage": "production" } },
        ],
    });
    let shown = world.put(SHOP, with(&world, &rules)).await.expect(201).json();
    for list in ["exclude", "map"] {
        assert_eq!(shown["properties"][list], rules[list]);
    }
    let orders = world.properties(ORDERS);
    let custom = &orders["customProperties"];
    assert_eq!((&custom["tier"], &custom["pii"]), (&json!("gold"), &json!(true)));
    assert_eq!(orders["contacts"], json!([{ "name": "core" }]));
    assert!(!world.has(&format!("{ORDERS}/versions/dev")));
    let prod = format!("{ORDERS}/versions/prod");
    assert_eq!(world.properties(&prod)["lifecycleStage"], "production");

    let before = world.all_writes();
    world.sync("").await.expect(200);
    assert_eq!(world.all_writes() - before, 1, "nothing but the outcome");

    // The tag's value no longer fits: the old value stays, and the rest is done.
    put_orders(&world, &[("Tier", "tin"), ("pii", "false"), ("owner", "other")]);
    let plan = world.get(&format!("{SHOP}/plan")).await.json();
    let fields = plan["changes"][0]["fields"].as_array().unwrap().iter();
    let by_rules: Vec<&Value> = fields.filter(|field| field["rule"].is_string()).collect();
    let expected = json!({ "path": "customProperties.pii", "before": true, "after": false, "rule": "map[1].set" });
    assert_eq!(by_rules, [&expected]);
    let report = world.sync("").await.expect(200).json();
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(report["skipped"][0]["reason"], "MappingFailed");
    let message = report["skipped"][0]["message"].as_str().unwrap();
    assert!(message.contains("\"tin\" is none of \"gold\", \"silver\""), "{message}");
    let orders = world.properties(ORDERS);
    let custom = &orders["customProperties"];
    assert_eq!((&custom["tier"], &custom["pii"]), (&json!("gold"), &json!(false)));
    assert_eq!(orders["contacts"], json!([{ "name": "core" }]), "it is people's");
}

#[tokio::test]
async fn a_put_is_refused_for_rules_that_can_never_fit() {
    let world = World::start().await;
    put_schema(&world, "tier", &json!({ "type": "string", "enum": ["gold"] }), true);
    put_orders(&world, &[]);
    for (rules, code, target) in [
        (
            json!({ "map": [{ "set": { "api.customProperties.teir": "gold" } }] }),
            "InvalidRequest",
            "properties.map[0].set.api.customProperties.teir",
        ),
        (
            json!({ "map": [{ "set": { "api.customProperties.tier": "tin" } }] }),
            "InvalidRequest",
            "properties.map[0].set.api.customProperties.tier",
        ),
        (
            json!({ "map": [{ "set": { "api.summary": "${owner}" } }] }),
            "InvalidRequest",
            "properties.map[0].set.api.summary",
        ),
        (
            json!({}),
            "MissingRequiredMetadata",
            "properties.defaultCustomProperties.api",
        ),
    ] {
        let error = world.put(SHOP, with(&world, &rules)).await.expect(400).json()["error"].clone();
        assert_eq!((&error["code"], &error["target"]), (&json!(code), &json!(target)));
    }
    // A rule counts as a value for required metadata; without a match, there is a skip.
    let rules = json!({ "map": [{ "set": { "api.customProperties.tier": "${tag:tier}" } }] });
    world.put(SHOP, with(&world, &rules)).await.expect(201);
    let report = world.last_sync().await;
    assert_eq!(report["skipped"][0]["reason"], "MissingMetadata", "{report:#}");
    put_orders(&world, &[("tier", "gold")]);
    world.sync("").await.expect(200);
    assert_eq!(world.properties(ORDERS)["customProperties"]["tier"], "gold");
}

#[tokio::test]
async fn an_environment_that_is_not_there_is_a_skip_until_somebody_makes_it() {
    let world = World::start().await;
    put_orders(&world, &[("env", "test")]);
    let rules = json!({ "map": [{ "set": { "deployment.environmentId": "${tag:env}" } }] });
    world.put(SHOP, with(&world, &rules)).await.expect(201);
    let report = world.last_sync().await;
    assert_eq!(report["skipped"][0]["reason"], "EnvironmentMissing", "{report:#}");
    let message = report["skipped"][0]["message"].as_str().unwrap();
    assert!(message.contains("environments/test\" is none of"), "{message}");
    let place = |world: &World| {
        let deployment = world.properties(&format!("{ORDERS}/deployments/prod"));
        deployment["environmentId"].as_str().unwrap().to_owned()
    };
    assert!(place(&world).ends_with("/environments/shop"));
    let test = json!({ "title": "Test", "kind": "testing" });
    world.catalog().put("environments/test", test).unwrap();
    let report = world.sync("").await.expect(200).json();
    assert_eq!(
        (&report["skipped"], &report["outcome"]),
        (&json!([]), &json!("succeeded")),
        "{report:#}"
    );
    assert!(place(&world).ends_with("/environments/test"));
}

#[tokio::test]
async fn a_stage_that_changed_rules_leave_out_is_held_and_one_that_changed_itself_is_deleted() {
    let world = World::start().await;
    put_orders(&world, &[]);
    world.put(SHOP, world.document()).await.expect(201);
    let dev = format!("{ORDERS}/deployments/dev");
    assert!(world.has(&dev));

    // The rules change: removals wait for a confirmation.
    let rules = json!({ "exclude": [{ "stage": "dev" }, { "stage": "prod", "tags": { "internal": "yes" } }] });
    world.put(SHOP, with(&world, &rules)).await.expect(200);
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["failed"]),
        (&json!("held"), &json!([])),
        "{report:#}"
    );
    assert!(
        report["message"].as_str().unwrap().contains("rules changed"),
        "{report:#}"
    );
    assert!(world.has(&dev));
    let explained = world
        .call(Method::GET, "integrations/shop/explain?api=a1b2c3d4e5", None)
        .await;
    assert_eq!(explained.expect(200).json()["apis"][0]["verdict"], "held");
    let id = report["deletionsId"].as_str().unwrap();
    let report = world.sync(&format!("confirmDeletions={id}")).await.expect(200).json();
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert!(!world.has(&dev) && world.has(&format!("{ORDERS}/deployments/prod")));

    // The API changes under the same rules: its stage goes within the guard.
    put_orders(&world, &[("internal", "yes")]);
    let report = world.sync("").await.expect(200).json();
    assert_eq!(
        (&report["outcome"], &report["failed"]),
        (&json!("succeeded"), &json!([])),
        "{report:#}"
    );
    assert!(!world.has(&format!("{ORDERS}/deployments/prod")));
}
