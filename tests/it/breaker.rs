//! Refusals of the account or the identity: after five in a row, the work ends, and the report says so once.

use reqwest::Method;
use reqwest::header::RETRY_AFTER;
use sandbox::api_gateway::AmazonError;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::deadlines::plain;
use crate::world::{SHOP, World};

/// More APIs than are in work at once, several times over.
const APIS: usize = 60;
/// Five refusals, and what was in flight when the fifth came: fifteen other APIs.
const CALLS_MAX: usize = 5 + 15;

fn denied(action: &str, resource: &str) -> Fault {
    AmazonError::access_denied("arn:aws:iam::1:user/sync", action, resource).into()
}

fn deny_amazon(world: &World, target: &str) {
    let fault = denied("apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis/secret");
    world.fail(Service::ApiGateway, None, target, None, fault);
}

fn forbid_azure(world: &World, method: Method, target: &str) {
    let body = json!({ "error": { "code": "AuthorizationFailed", "message": "no action apis/write over scope" } });
    world.refuse(method, target, 403, &body);
}

/// How often the report says it.
fn times(report: &Value, words: &str) -> usize {
    report.to_string().matches(words).count()
}

fn azure_calls(world: &World, method: &Method, part: &str) -> usize {
    world.cloud.record.count(|exchange| {
        exchange.service == Service::ApiCenter && exchange.method == *method && exchange.target.contains(part)
    })
}

/// Asserts that the rest remains, that another call would not help, and that the reason appears once.
fn assert_ended(report: &Value, words: &str) {
    assert_eq!(report["outcome"], "partial", "{report:#}");
    assert_eq!(report["failed"], json!([]), "{report:#}");
    assert_eq!(report["remaining"], APIS, "{report:#}");
    assert_eq!(report["retryAfterSeconds"], Value::Null, "{report:#}");
    assert_eq!(times(report, words), 1, "{report:#}");
}

#[tokio::test]
async fn stages_that_are_denied_five_times_in_a_row_end_the_work_on_the_gateway() {
    let world = World::start().await;
    world.cloud.fill_gateway(plain(APIS));
    deny_amazon(&world, "/stages");
    let integration = world.put_shop().await.json();
    let calls = world.gateway_calls("/stages");
    assert!((5..=CALLS_MAX).contains(&calls), "{calls} calls were denied");
    let report = &integration["properties"]["lastSync"];
    assert_ended(report, "not authorized");

    world.cloud.record.clear();
    let sync = world.sync("").await.expect(200);
    assert!(
        !sync.headers.contains_key(RETRY_AFTER),
        "the same call again does not help"
    );
    assert_ended(&sync.json(), "not authorized");
    assert!(world.gateway_calls("/stages") <= CALLS_MAX);

    world.cloud.record.clear();
    let plan = world
        .call(Method::GET, &format!("integrations/{SHOP}/plan"), None)
        .await;
    let plan = plan.expect(200).json();
    assert!(world.gateway_calls("/stages") <= CALLS_MAX);
    assert_eq!((&plan["complete"], &plan["remaining"]), (&json!(false), &json!(APIS)));
    assert_eq!(times(&plan, "not authorized"), 1, "{plan:#}");

    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn exports_that_are_denied_five_times_in_a_row_end_the_work_although_stages_are_listed() {
    let world = World::start().await;
    world.cloud.fill_gateway(plain(APIS));
    deny_amazon(&world, "/exports/");
    let report = world.put_shop().await.json()["properties"]["lastSync"].clone();
    let calls = world.gateway_calls("/exports/");
    assert!((5..=CALLS_MAX).contains(&calls), "{calls} calls were denied");
    assert_ended(&report, "not authorized");
}

#[tokio::test]
async fn writes_that_are_forbidden_five_times_in_a_row_end_the_work_on_the_gateway() {
    let world = World::start().await;
    world.cloud.fill_gateway(plain(APIS));
    forbid_azure(&world, Method::PUT, "/apis/shop-[^/]*");
    let report = world.put_shop().await.json()["properties"]["lastSync"].clone();
    let calls = azure_calls(&world, &Method::PUT, "/apis/shop-");
    assert!((5..=CALLS_MAX).contains(&calls), "{calls} calls were forbidden");
    assert_ended(&report, "AuthorizationFailed");
    assert!(
        report["message"]
            .as_str()
            .unwrap()
            .contains("API Center Service Contributor"),
        "{report:#}"
    );
}

#[tokio::test]
async fn a_deletion_that_is_forbidden_five_times_in_a_row_is_not_tried_a_thousand_times() {
    let world = World::synchronized(plain(APIS)).await;
    forbid_azure(&world, Method::DELETE, "/apis/shop-[^/]*/deployments/[^/]*");
    let refused = world.delete(SHOP).await.expect(502);
    assert_eq!(refused.code(), "ApiCenterForbidden");
    let calls = azure_calls(&world, &Method::DELETE, "/deployments/");
    assert!((5..=5 + 7).contains(&calls), "{calls} calls were forbidden");
    world.cloud.faults.clear();
    world.delete(SHOP).await.expect(204);
}

#[tokio::test]
async fn nothing_starves_behind_apis_that_are_denied_every_time() {
    let world = World::start().await;
    let estate = plain(APIS);
    world.cloud.fill_gateway(estate.clone());
    // Two thirds of them, and those that come first.
    deny_amazon(&world, "/restapis/api00000[0-3][0-9]/stages");
    world.put_shop().await;
    let allowed: Vec<String> = estate[40..]
        .iter()
        .map(|(api, _)| format!("apis/shop-{}", api.id))
        .collect();
    let mut runs = 0;
    while !allowed.iter().all(|path| world.has(path)) {
        runs += 1;
        assert!(runs < 10, "{:#}", world.last_sync().await);
        world.run_timer().await;
    }
}
