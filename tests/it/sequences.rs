//! Sequences of events that reviews named: each must come to a catalog that is right, and lose nobody's work.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use sandbox::api_gateway::{Definition, RestApi, Stage};
use sandbox::cloud::CloudOptions;
use sandbox::estate::Estate;
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::functions_host::FunctionsHost;
use sandbox::record::Service;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::deadlines::plain;
use crate::world::{SHOP, World, answer, change_kept, host_options, kept};

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

/// What people put below the API: a version, a definition in a version of ours, and a deployment in our environment.
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

#[tokio::test]
async fn an_api_that_another_tool_has_replaced_is_ours_again_by_its_deployments() {
    let world = World::synchronized(orders(&["prod", "staging"])).await;
    let theirs = json!({ "title": "By a tool", "kind": "rest", "summary": "What the tool says" });
    world.catalog().put(API, theirs).unwrap();
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(world.properties(API)["summary"], "What the tool says");
    assert_eq!(marker(&world, API, "aws-sync")["integration"], SHOP);
    assert_at_rest(&world, "after the marker is back").await;
    world.delete(SHOP).await.expect(204);
    assert!(!world.has(API));
}

#[tokio::test]
async fn an_api_of_somebody_elses_with_our_name_stays_theirs() {
    let world = World::synchronized(plain(4)).await;
    let api = json!({ "title": "Theirs", "kind": "rest" });
    world.catalog().put(API, api).unwrap();
    // A deployment that was copied from another API, marker and all, vouches for nothing.
    let copied = world.properties("apis/shop-api0000000/deployments/prod");
    let mut copied = copied.clone();
    copied["definitionId"] = Value::Null;
    world.catalog().put(&format!("{API}/deployments/prod"), copied).unwrap();
    let before: Vec<(String, Value)> = [API.to_owned(), format!("{API}/deployments/prod")]
        .map(|path| (path.clone(), world.properties(&path)))
        .into();
    world.cloud.fill_gateway(orders(&["prod"]));
    world.run_timer().await;
    assert_unchanged(&world, &before, "after a run");
    assert_eq!(conflicts(&world.last_sync().await), [API]);
    world.delete(SHOP).await.expect(204);
    assert_unchanged(&world, &before, "after the deletion");
}

#[tokio::test]
async fn an_environment_that_another_tool_has_replaced_is_put_right_by_put_and_by_delete() {
    for puts in [true, false] {
        let world = World::synchronized(orders(&["prod"])).await;
        let theirs = json!({ "title": "By a tool", "kind": "testing" });
        world.catalog().put("environments/shop", theirs).unwrap();
        let before = world.everything();
        assert!(
            !world.fire_timer().await.succeeded,
            "nobody would learn of it otherwise"
        );
        assert_eq!(world.everything(), before);
        let list = world.call(Method::GET, "integrations", None).await.expect(200).json();
        assert_eq!(list["value"][0]["name"], SHOP);
        assert_eq!(
            list["value"][0]["properties"]["linkState"]["state"], "error",
            "{list:#}"
        );
        if puts {
            world.put(SHOP, world.document()).await.expect(201);
            world.assert_in_line();
            world.run_timer().await;
            assert_eq!(world.properties("environments/shop")["title"], "By a tool");
        }
        world.delete(SHOP).await.expect(204);
        let left: Vec<String> = world
            .inventory()
            .into_keys()
            .filter(|path| path.contains("shop"))
            .collect();
        assert_eq!(left, Vec::<String>::new());
        // Nobody can tell whose it is by now.
        assert!(world.has("environments/shop"));
        assert_eq!(marker(&world, "environments/shop", "aws-integration"), Value::Null);
        world.run_timer().await;
        world.get(SHOP).await.expect(404);
    }
}

#[tokio::test]
async fn what_people_have_put_below_an_api_stays_when_the_api_goes() {
    let world = World::synchronized(orders(&["prod", "staging"])).await;
    let theirs = add_peoples(&world);
    world.cloud.api_gateway.remove_rest_api(ORDERS);
    world.run_timer().await;
    assert_unchanged(&world, &theirs, "after the API went");
    let report = world.last_sync().await;
    let named = conflicts(&report);
    assert!(theirs.iter().all(|(path, _)| named.contains(path)), "{report:#}");
    assert_eq!(marker(&world, API, "aws-sync"), Value::Null);
    for ours in [
        "versions/staging",
        "versions/prod/definitions/openapi",
        "deployments/prod",
        "deployments/staging",
    ] {
        assert!(!world.has(&format!("{API}/{ours}")), "{ours}");
    }
    assert_at_rest(&world, "after the API went").await;
    world.delete(SHOP).await.expect(204);
    assert_unchanged(&world, &theirs, "after the deletion");
    assert!(world.has("environments/shop"), "a deployment of theirs names it");
    assert_eq!(marker(&world, "environments/shop", "aws-integration"), Value::Null);
}

#[tokio::test]
async fn what_people_have_put_below_an_api_stays_when_the_stage_goes_and_when_the_integration_goes() {
    let world = World::synchronized(orders(&["prod", "staging"])).await;
    let theirs = add_peoples(&world);
    world.cloud.api_gateway.remove_stage(ORDERS, "prod");
    world.run_timer().await;
    assert_unchanged(&world, &theirs, "after the stage went");
    assert!(!world.has(&format!("{API}/versions/prod/definitions/openapi")));
    assert!(!world.has(&format!("{API}/deployments/prod")));
    assert_eq!(marker(&world, API, "aws-sync")["versions"], "staging");
    assert_at_rest(&world, "after the stage went").await;

    world.delete(SHOP).await.expect(204);
    assert_unchanged(&world, &theirs, "after the deletion");
    assert_eq!(marker(&world, API, "aws-sync"), Value::Null);
    assert!(!world.has(&format!("{API}/versions/staging")));
    assert!(world.has("environments/shop"), "a deployment of theirs names it");
    assert_eq!(marker(&world, "environments/shop", "aws-integration"), Value::Null);
    world.run_timer().await;
    world.get(SHOP).await.expect(404);
}

#[tokio::test]
async fn a_version_that_a_person_has_made_before_the_stage_is_never_the_stages() {
    let world = World::synchronized(orders(&["staging"])).await;
    let path = format!("{API}/versions/prod");
    let properties = json!({ "title": "Theirs", "lifecycleStage": "production" });
    world.catalog().put(&path, properties).unwrap();
    let theirs = [(path.clone(), world.properties(&path))];
    world.cloud.api_gateway.put_stage(ORDERS, stage("prod"));
    for what in ["the stage came", "another run"] {
        world.run_timer().await;
        assert_unchanged(&world, &theirs, what);
        let report = world.last_sync().await;
        let skipped = report["skipped"].as_array().unwrap();
        assert_eq!(
            (skipped.len(), &skipped[0]["reason"]),
            (1, &json!("NameCollision")),
            "{what}: {report:#}"
        );
    }
    world.sync("deep=true").await.expect(200);
    assert_unchanged(&world, &theirs, "a deep run");
    assert!(!world.has(&format!("{API}/deployments/prod")));
    world.cloud.api_gateway.remove_stage(ORDERS, "prod");
    world.run_timer().await;
    assert_unchanged(&world, &theirs, "the stage went");
    world.delete(SHOP).await.expect(204);
    assert_unchanged(&world, &theirs, "the integration went");
}

#[tokio::test]
async fn an_api_that_a_person_makes_between_our_list_and_our_write_is_not_overwritten() {
    let world = World::synchronized(plain(4)).await;
    world.cloud.fill_gateway(orders(&["prod"]));
    let catalog = Arc::clone(&world.cloud.api_center);
    meanwhile(&world, (Method::GET, &format!("/{API}\\?")), move || {
        catalog.put(API, json!({ "title": "Theirs", "kind": "soap" })).unwrap();
    });
    world.run_timer().await;
    let api = world.properties(API);
    assert_eq!((&api["title"], &api["kind"]), (&json!("Theirs"), &json!("soap")));
    assert_eq!(api["customProperties"]["aws-sync"], Value::Null);
    assert_eq!(conflicts(&world.last_sync().await), [API]);
    assert!(!world.has(&format!("{API}/versions/prod")));
}

/// Lets the timer run, and another process answer a call once the run has made so many writes of APIs.
async fn call_during_a_run(world: &World, skip: usize, method: Method, body: Option<Value>) {
    let other = FunctionsHost::start(host_options(&world.cloud, &[])).await.unwrap();
    let (begin, started) = oneshot::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let (begin, ended) = (Mutex::new(Some(begin)), Mutex::new(ended));
    // The write waits until the other call is answered.
    world.cloud.kill.set(move || {
        if let Some(begin) = begin.lock().unwrap().take() {
            begin.send(()).unwrap();
            tokio::task::block_in_place(|| ended.lock().unwrap().recv()).unwrap();
        }
    });
    world.cloud.faults.add(FaultRule {
        matcher: Matcher {
            service: Some(Service::ApiGateway),
            target: Some("/exports/".parse().unwrap()),
            ..Matcher::default()
        },
        skip,
        times: Some(1),
        fault: Fault::Interject,
    });
    let call = async {
        started.await.unwrap();
        let url = format!("{}/api/integrations/{SHOP}", other.base_url());
        let mut request = reqwest::Client::new()
            .request(method, url)
            .header("x-functions-key", other.function_key());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answered = answer(request).await;
        end.send(()).unwrap();
        answered
    };
    let (_, answered) = tokio::join!(world.fire_timer(), call);
    assert!([200, 204].contains(&answered.status.as_u16()), "{answered:?}");
    world.hear(&other.output());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deletion_in_another_process_ends_a_first_run_and_nothing_comes_back() {
    for skip in [0, 7, 25] {
        let world = World::start().await;
        world.put_shop().await;
        world.cloud.fill_gateway(plain(40));
        call_during_a_run(&world, skip, Method::DELETE, None).await;
        let left: Vec<String> = world
            .inventory()
            .into_keys()
            .filter(|path| path.contains("shop"))
            .collect();
        assert_eq!(left, Vec::<String>::new(), "{skip}");
        assert!(!world.has("environments/shop"), "{skip}");
        world.run_timer().await;
        world.get(SHOP).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_put_of_other_settings_in_another_process_ends_a_run_that_records_nothing() {
    let world = World::start().await;
    world.put_shop().await;
    world.cloud.fill_gateway(plain(40));
    let mut document = world.document();
    document["properties"]["importSpecification"] = json!("never");
    call_during_a_run(&world, 3, Method::PUT, Some(document)).await;
    let shown = world.get(SHOP).await.expect(200).json();
    assert_eq!(shown["properties"]["importSpecification"], "never");
    let runs = shown["properties"]["history"].as_array().unwrap().len();
    assert_eq!(runs, 2, "the two puts' own: {:#}", shown["properties"]["history"]);
    // What the old run had under way when it was overtaken is put right.
    world.sync("deep=true").await.expect(200);
    assert!(world.inventory().keys().all(|path| !path.contains("/definitions/")));
    assert_eq!(
        world
            .inventory()
            .keys()
            .filter(|path| path.contains("/deployments/"))
            .count(),
        40
    );
}

#[tokio::test]
async fn a_stage_whose_removal_is_held_is_not_forgotten() {
    let world = World::synchronized(orders(&["dev", "prod", "staging"])).await;
    world.edit("environments/shop", |environment| {
        change_kept(environment, "aws-integration", "journal", |journal| {
            journal["held"] = json!([format!("123456789012/{}", world.cloud.region)]);
        });
    });
    world.cloud.api_gateway.remove_stage(ORDERS, "dev");
    for run in 0..3 {
        world.run_timer().await;
        let report = world.last_sync().await;
        assert_eq!(report["outcome"], "held", "run {run}: {report:#}");
        assert!(world.has(&format!("{API}/versions/dev")), "run {run}");
    }
    let id = world.last_sync().await["deletionsId"].as_str().unwrap().to_owned();
    world.sync(&format!("confirmDeletions={id}")).await.expect(200);
    world.assert_in_line();
    assert_at_rest(&world, "after the confirmation").await;
}

#[tokio::test]
async fn a_stage_whose_removal_a_kill_prevented_is_not_forgotten() {
    let world = World::synchronized(orders(&["dev", "prod", "staging"])).await;
    world.cloud.api_gateway.remove_stage(ORDERS, "dev");
    world.fail(
        Service::ApiCenter,
        Some(Method::DELETE),
        "/deployments/dev",
        Some(1),
        Fault::KillBefore,
    );
    assert!(!world.fire_timer().await.succeeded);
    world.cloud.faults.clear();
    assert!(world.has(&format!("{API}/deployments/dev")));
    world.host.ready().await.unwrap();
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(world.last_sync().await["outcome"], "succeeded");
    assert_at_rest(&world, "after the removal").await;
}

#[tokio::test]
async fn removals_that_were_confirmed_once_are_finished_by_later_runs_although_apis_change() {
    const GONE: usize = 40;
    let options = CloudOptions {
        latency: std::time::Duration::from_millis(30),
        ..CloudOptions::default()
    };
    let mut world = World::with(options.unthrottled(), &[]).await;
    let mut estate = plain(GONE + 4);
    for (_, stages) in &mut estate {
        stages.push(stage("staging"));
    }
    world.cloud.fill_gateway(estate.clone());
    world.put_shop().await;
    world.assert_in_line();
    let little_time = [("HTTP_TIME_BUDGET_SECONDS", "1"), ("SYNC_TIME_BUDGET_SECONDS", "1")];
    world.restart_with(&little_time).await;
    for (api, _) in &estate[..GONE] {
        world.cloud.api_gateway.remove_rest_api(&api.id);
    }
    let id = world.sync("").await.json()["deletionsId"].as_str().unwrap().to_owned();
    let first = world.sync(&format!("confirmDeletions={id}")).await.expect(202).json();
    assert!(first["remaining"].as_u64().unwrap() > 0, "{first:#}");
    let mut runs = 0;
    loop {
        // Something else changes before each run.
        let mut changed = estate[GONE + runs % 4].0.clone();
        changed.name = format!("Changed {runs}");
        world.cloud.api_gateway.put_rest_api(changed);
        world.run_timer().await;
        let report = world.last_sync().await;
        assert_ne!(report["outcome"], "held", "no second confirmation: {report:#}");
        if report["outcome"] == "succeeded" {
            break;
        }
        runs += 1;
        assert!(runs < GONE, "{report:#}");
    }
    world.assert_in_line();
    let journal = kept(&world.properties("environments/shop"), "aws-integration", "journal");
    assert_eq!(
        (&journal["confirmations"], &journal["confirmed"]),
        (&json!(1), &Value::Null)
    );
}

/// How many versions of ours the API has.
fn versions(world: &World) -> usize {
    let prefix = format!("{API}/versions/");
    let everything = world.inventory();
    everything
        .keys()
        .filter(|path| path.starts_with(&prefix) && path.split('/').count() == 4)
        .count()
}

#[tokio::test]
async fn stages_for_which_a_larger_plan_has_room_come_with_a_deep_check_and_at_once_after_a_put() {
    let names: Vec<String> = (0..10).map(|number| format!("stage{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for puts in [true, false] {
        let mut free = CloudOptions::default().unthrottled();
        free.api_center.sku = "Free".to_owned();
        let world = World::with(free, &[]).await;
        world.cloud.fill_gateway(orders(&names));
        world.put_shop().await;
        assert_eq!(versions(&world), 5);
        let skipped = world.last_sync().await["skipped"].as_array().unwrap().len();
        assert_eq!(skipped, 5);
        assert_at_rest(&world, "skips keep nothing from settling").await;
        upgrade(&world).await;
        if puts {
            world.put(SHOP, world.document()).await.expect(200);
        } else {
            assert_at_rest(&world, "before its turn").await;
            world.let_deep_checks_be_due();
            world.run_timer().await;
        }
        world.assert_in_line();
        assert_eq!(world.last_sync().await["skipped"], json!([]));
    }
}

/// Moves the API center to the larger plan, as its owner does.
async fn upgrade(world: &World) {
    let url = format!(
        "{}{}?api-version=2024-03-01",
        world.cloud.api_center_url(),
        world.cloud.resource_id
    );
    let token = token(world).await;
    let authority = reqwest::Certificate::from_pem(&std::fs::read(world.cloud.ca_file()).unwrap()).unwrap();
    let client = reqwest::Client::builder().add_root_certificate(authority);
    let request = client.build().unwrap().patch(url).bearer_auth(token);
    let answered = answer(request.json(&json!({ "sku": { "name": "Standard" } }))).await;
    assert!(answered.status.is_success(), "{answered:?}");
}

/// A token for Azure Resource Manager.
async fn token(world: &World) -> String {
    let environment = world.cloud.handler_environment();
    let value = |wanted: &str| environment.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
    let url = format!(
        "{}?api-version=2019-08-01&resource={}",
        value("IDENTITY_ENDPOINT"),
        world.cloud.api_center_url()
    );
    let request = reqwest::Client::new()
        .get(url)
        .header("x-identity-header", value("IDENTITY_HEADER"));
    answer(request).await.expect(200).json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_property_that_nobody_gives_makes_one_skip_and_no_hourly_imports() {
    let world = World::synchronized(orders(&["prod"])).await;
    let require = |schema: &str, entity: &str| {
        let required = json!({
            "schema": json!({ "type": "string", "title": schema }).to_string(),
            "assignedTo": [{ "entity": entity, "required": true }],
        });
        world
            .catalog()
            .put(&format!("metadataSchemas/{schema}"), required)
            .unwrap();
    };
    require("cost-centre", "deployment");
    world.cloud.api_gateway.put_stage(ORDERS, stage("staging"));
    world.run_timer().await;
    let skipped = world.last_sync().await["skipped"].take();
    let reasons: Vec<&Value> = skipped.as_array().unwrap().iter().map(|skip| &skip["reason"]).collect();
    assert!(
        !reasons.is_empty() && reasons.iter().all(|reason| **reason == "MissingMetadata"),
        "{skipped:#}"
    );
    for run in 0..3 {
        assert_at_rest(&world, &format!("run {run}")).await;
        assert_eq!(world.last_sync().await["skipped"], skipped, "run {run}");
    }
    // The environment lacks what is required of it, and cannot be marked as being deleted.
    require("owner", "environment");
    world.delete(SHOP).await.expect(204);
    assert!(!world.has("environments/shop") && !world.has(API));
}

#[tokio::test]
async fn a_full_catalog_refuses_one_create_and_the_others_stay_true() {
    let world = World::synchronized(plain(4)).await;
    let full = json!({ "error": { "code": "QuotaExceeded", "message": "there is no room for another API" } });
    world.refuse(Method::PUT, "/apis/shop-new[0-9]+", 400, &full);
    for number in 0..40 {
        world
            .cloud
            .api_gateway
            .put_rest_api(RestApi::new(format!("new{number:07}"), "New"));
    }
    let mut renamed = plain(1).remove(0).0;
    renamed.name = "Renamed".to_owned();
    world.cloud.api_gateway.put_rest_api(renamed);
    for run in 0..2 {
        world.cloud.record.clear();
        world.run_timer().await;
        let creates = world
            .cloud
            .record
            .count(|exchange| exchange.method == Method::PUT && exchange.target.contains("/apis/shop-new"));
        assert!((1..=16).contains(&creates), "run {run}: {creates} creates were refused");
        let report = world.last_sync().await;
        assert_eq!(report["failed"], json!([]), "run {run}: {report:#}");
        assert!(
            report["skipped"].as_array().is_some_and(|skipped| !skipped.is_empty()),
            "run {run}: {report:#}"
        );
        assert_eq!(world.properties("apis/shop-api0000000")["title"], "Renamed");
    }
    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn apis_without_fingerprints_are_looked_at_and_nothing_is_imported() {
    let world = World::synchronized(orders(&["prod", "staging"])).await;
    for path in world
        .inventory()
        .into_keys()
        .filter(|path| path.starts_with("apis/shop-") && path.split('/').count() == 2)
    {
        world.edit(&path, |api| {
            change_kept(api, "aws-sync", "record", |record| {
                record.as_object_mut().unwrap().shift_remove("fingerprint");
            });
        });
    }
    world.cloud.record.clear();
    world.run_timer().await;
    assert!(
        world
            .writes()
            .iter()
            .all(|write| !write.contains("importSpecification")),
        "{:?}",
        world.writes()
    );
    assert_eq!(world.gateway_calls("/exports/"), 0);
    world.assert_in_line();
    assert_at_rest(&world, "after all were looked at").await;

    let mut document = world.document();
    document["properties"]["targetLifecycleStage"] = json!("production");
    world.cloud.record.clear();
    world.put(SHOP, document).await.expect(200);
    let writes = world.writes();
    assert!(writes.iter().all(|write| write.contains("environments/")), "{writes:?}");
    assert_eq!(world.gateway_calls("/exports/"), 0);
}
