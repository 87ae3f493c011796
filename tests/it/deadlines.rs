//! Deadlines: what still starts, what is left for the next run, and who waits for whom.

use std::time::{Duration, Instant};

use reqwest::header::{HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use sandbox::api_center::Unfinished;
use sandbox::api_gateway::{AmazonError, Definition, RestApi, Stage};
use sandbox::cloud::CloudOptions;
use sandbox::estate::{Estate, awkward, demo};
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::record::{Exchange, Service};
use sandbox::throttle::UNLIMITED;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::secrecy::assert_uncalled;
use crate::world::{Answer, SHOP, World};

/// So short that only the work started within it is done.
const ONE_SECOND: [(&str, &str); 2] = [("HTTP_TIME_BUDGET_SECONDS", "1"), ("SYNC_TIME_BUDGET_SECONDS", "1")];
/// Azure cuts HTTP calls so long after their usual budget.
const CUT_AFTER: Duration = Duration::from_secs(30);
/// More calls than a gateway of a few APIs can take at a budget of one second each.
const MANY_CALLS: usize = 20;

/// APIs with one stage each.
pub fn plain(count: usize) -> Estate {
    let api = |number: usize| {
        let document = json!({ "openapi": "3.0.1", "paths": { format!("/{number}"): {} } });
        let stage = Stage::new("prod", "dep001", Definition::from(document));
        (
            RestApi::new(format!("api{number:07}"), format!("API {number}")),
            vec![stage],
        )
    };
    (0..count).map(api).collect()
}

/// Adds an account with these APIs, and an integration `small` with its gateway.
async fn add_small_account(world: &World, estate: Estate) {
    let account = world.cloud.gateway("210987654321", &world.cloud.region);
    account.set_rate(UNLIMITED);
    let (key_id, secret) = world.cloud.add_access_key("arn:aws:iam::210987654321:user/sync");
    world.cloud.key_vault.set_secret("other-access-key", &key_id);
    world.cloud.key_vault.set_secret("other-secret", &secret);
    let mut document = world.document();
    let source = &mut document["properties"]["amazonApiGatewaySource"];
    source["accessKey"] = json!(world.cloud.secret_identifier("other-access-key"));
    source["secretAccessKey"] = json!(world.cloud.secret_identifier("other-secret"));
    world.put("small", document).await.expect(201);
    for (api, stages) in estate {
        let id = api.id.clone();
        account.put_rest_api(api);
        for stage in stages {
            account.put_stage(&id, stage);
        }
    }
}

/// Puts the usual integration until nothing of it is left to do.
async fn put_until_done(world: &World) {
    let mut calls = 0;
    while world.put(SHOP, world.document()).await.json()["properties"]["lastSync"]["outcome"] != "succeeded" {
        calls += 1;
        assert!(calls < MANY_CALLS, "{:#}", world.last_sync().await);
    }
}

async fn outcome_of(world: &World, name: &str) -> Value {
    world.get(name).await.expect(200).json()["properties"]["lastSync"].clone()
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "for people to read what ran")]
async fn a_large_integration_does_not_starve_a_small_one() {
    const LARGE: usize = 500;
    // Every write waits for its turn, so that the order of writes is the order of turns.
    let paced = [("ARM_WRITES_PER_SECOND", "150"), ("SYNC_TIME_BUDGET_SECONDS", "3")];
    let world = World::with(CloudOptions::default().unthrottled(), &paced).await;
    world.put_shop().await;
    add_small_account(&world, plain(3)).await;
    world.cloud.fill_gateway(plain(LARGE));
    world.cloud.record.clear();

    world.run_timer().await;
    let small = outcome_of(&world, "small").await;
    assert_eq!(
        (&small["outcome"], &small["created"]),
        (&json!("succeeded"), &json!(3)),
        "{small:#}"
    );
    let large = outcome_of(&world, SHOP).await;
    assert_eq!(
        large["outcome"], "partial",
        "the large one was done, too: the test shows nothing"
    );
    let writes: Vec<Exchange> = world.cloud.record.exchanges();
    let writes: Vec<&Exchange> = writes
        .iter()
        .filter(|write| write.service == Service::ApiCenter && write.is_write())
        .collect();
    let is_small = |write: &&Exchange| write.path().contains("/apis/small-");
    let of_small = writes.iter().filter(|write| is_small(write)).count();
    let last = writes.iter().rposition(is_small).unwrap() + 1;
    println!(
        "fairness: the {of_small} writes of the small integration were among the first {last} of {}",
        writes.len()
    );
    // Sixteen APIs of the large one are worked on beside three of the small one.
    assert!(last <= of_small * (16 + 3) / 3 + 3 * 16, "{last}");
}

#[tokio::test]
async fn an_integration_whose_gateway_hangs_holds_nobody_else_up() {
    let world = World::with(CloudOptions::default().unthrottled(), &ONE_SECOND).await;
    world.put_shop().await;
    add_small_account(&world, plain(3)).await;
    world.cloud.fill_gateway(demo());
    world.fail(
        Service::ApiGateway,
        None,
        "^/restapis/[a-f0-9]+/stages",
        None,
        Fault::Hang,
    );
    let began = Instant::now();
    world.run_timer().await;
    assert!(began.elapsed() < Duration::from_secs(1) + CUT_AFTER);
    assert_eq!(outcome_of(&world, "small").await["outcome"], "succeeded");
    let report = outcome_of(&world, SHOP).await;
    assert_eq!(
        (&report["outcome"], &report["remaining"]),
        (&json!("partial"), &json!(demo().len())),
        "{report:#}"
    );
    let outcomes: Vec<String> = world
        .cloud
        .record
        .exchanges()
        .iter()
        .rev()
        .filter(|exchange| exchange.method == Method::PUT)
        .map(|put| put.path().to_owned())
        .take(1)
        .collect();
    assert!(
        outcomes[0].ends_with("/environments/shop"),
        "the small one was recorded first: {outcomes:?}"
    );
}

#[tokio::test]
async fn over_several_runs_everything_is_done_once() {
    const APIS: usize = 150;
    let clouds = CloudOptions {
        latency: Duration::from_millis(25),
        ..CloudOptions::default()
    };
    let world = World::with(clouds.unthrottled(), &ONE_SECOND).await;
    let estate = awkward(APIS);
    let stages: usize = estate.iter().map(|(_, stages)| stages.len()).sum();
    world.cloud.fill_gateway(estate);
    world.put_shop().await;
    let mut report = world.last_sync().await;
    assert!(
        report["remaining"] != 0,
        "one second was enough: the test shows nothing"
    );
    let mut runs = 1;
    while report["remaining"] != 0 {
        world.run_timer().await;
        runs += 1;
        report = world.last_sync().await;
        let done = ["created", "updated", "unchanged"].map(|count| report[count].as_u64().unwrap());
        assert!(done.iter().sum::<u64>() > 0, "a run without progress: {report:#}");
        let left = format!("time ran out for {} APIs", report["remaining"]);
        let message = report["message"].as_str().unwrap_or_default();
        assert!(report["remaining"] == 0 || message.contains(&left), "{report:#}");
    }
    world.assert_in_line();
    assert_eq!(
        world.gateway_calls("/exports/"),
        stages,
        "every stage was exported once"
    );
    // Beside what a single run writes, each run writes its outcome.
    assert!(
        world.all_writes() <= 2 * APIS + 4 * stages + 6 + runs,
        "{} writes in {runs} runs",
        world.all_writes()
    );
}

#[tokio::test]
async fn an_import_that_outlasts_the_call_is_made_by_the_next_run() {
    let world = World::with(CloudOptions::default().unthrottled(), &ONE_SECOND).await;
    world.cloud.fill_gateway(plain(3));
    world.catalog().set_deferred_imports(true);
    world.catalog().set_unfinished_polls(&[Unfinished::InProgress; 60]);
    let began = Instant::now();
    let report = world.put_shop().await.json()["properties"]["lastSync"].clone();
    assert!(began.elapsed() < Duration::from_secs(1) + CUT_AFTER);
    assert_eq!(
        (&report["outcome"], &report["remaining"]),
        (&json!("partial"), &json!(3)),
        "{report:#}"
    );
    let polls = |world: &World| {
        world
            .cloud
            .record
            .count(|exchange| exchange.target.contains("/operationResults/"))
    };
    assert!(polls(&world) > 3);

    world
        .catalog()
        .set_unfinished_polls(&[Unfinished::NotStarted, Unfinished::InProgress]);
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(world.last_sync().await["outcome"], "succeeded");
}

#[tokio::test]
async fn an_import_that_fails_after_it_was_taken_says_why_and_is_made_by_the_next_run() {
    let world = World::start().await;
    world.cloud.fill_gateway(plain(2));
    world.catalog().set_deferred_imports(true);
    let failed = json!({ "status": "Failed", "properties": { "comment": "the document has no title" } });
    let fault = Fault::Answer {
        status: StatusCode::OK,
        headers: reqwest::header::HeaderMap::default(),
        body: failed.to_string().into(),
    };
    world.fail(Service::ApiCenter, None, "/operationResults/", Some(1), fault);
    let report = world.put_shop().await.json()["properties"]["lastSync"].clone();
    assert_eq!(report["outcome"], "partial", "{report:#}");
    let message = report["failed"][0]["message"].as_str().unwrap();
    for part in [
        "POST workspaces/default/apis/shop-api",
        "/importSpecification",
        "the document has no title",
    ] {
        assert!(message.contains(part), "{message}");
    }
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn a_deep_check_that_fails_in_an_unfinished_pass_is_made_up_for_by_the_next_run() {
    let mut world = World::synchronized(plain(4)).await;
    world.restart_with(&ONE_SECOND).await;
    let version = "apis/shop-api0000000/versions/prod";
    world.edit(version, |version| version["title"] = json!("edited"));
    world.let_deep_checks_be_due();
    let refusal = Fault::Answer {
        status: StatusCode::FORBIDDEN,
        headers: reqwest::header::HeaderMap::default(),
        body: "{}".into(),
    };
    world.fail(Service::ApiCenter, None, "/shop-api0000000/versions", None, refusal);
    world.fail(
        Service::ApiGateway,
        None,
        "/restapis/api0000002/stages",
        None,
        Fault::Hang,
    );
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(report["failed"][0]["apiId"], "api0000000", "{report:#}");
    assert_eq!(report["remaining"], 1, "{report:#}");
    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn what_is_throttled_for_longer_than_the_time_remains_and_has_not_failed() {
    let mut world = World::synchronized(plain(40)).await;
    let throttled = AmazonError::too_many_requests().retry_after(900);
    world.fail(
        Service::ApiGateway,
        None,
        "/restapis/api0000010/stages",
        None,
        throttled.into(),
    );
    let report = world.sync("").await.expect(202).json();
    assert_eq!(
        (&report["outcome"], &report["failed"]),
        (&json!("partial"), &json!([])),
        "{report:#}"
    );
    let done = report["unchanged"].as_u64().unwrap() + report["remaining"].as_u64().unwrap();
    let message = report["message"].as_str().unwrap();
    assert!(done == 40 && message.contains("AWS is throttling"), "{report:#}");

    // Another process knows nothing of it.
    world.restart_with(&[]).await;
    let refused = world.sync("planId=0123456789abcdef").await.expect(503);
    assert!(refused.text.contains("no time to plan"), "{}", refused.text);
    world.restart_with(&[]).await;
    world.cloud.faults.clear();
    let (api, mut stages) = plain(1).remove(0);
    stages[0].deployment_id = "dep002".to_owned();
    world.cloud.api_gateway.put_stage(&api.id, stages.remove(0));
    let throttled = Fault::Answer {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers: [(RETRY_AFTER, "900".parse().unwrap())].into_iter().collect(),
        body: "{}".into(),
    };
    world.fail(
        Service::ApiCenter,
        Some(Method::PUT),
        "/apis/shop-api0000000",
        None,
        throttled,
    );
    let report = world.sync("").await.expect(202).json();
    assert_eq!(
        (&report["remaining"], &report["failed"]),
        (&json!(1), &json!([])),
        "{report:#}"
    );
    let message = report["message"].as_str().unwrap();
    assert!(message.contains("Azure Resource Manager is throttling"), "{report:#}");

    world.restart_with(&[]).await;
    world.cloud.faults.clear();
    assert_eq!(world.sync("").await.expect(200).json()["outcome"], "succeeded");
    world.assert_in_line();
}

/// The time that an answer asks to wait, which its header and its report agree on.
fn wait_of(answer: &Answer) -> u64 {
    let header: u64 = answer.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    if answer.status == 202 {
        assert_eq!(answer.json()["retryAfterSeconds"], header, "{}", answer.text);
    }
    header
}

#[tokio::test]
async fn an_answer_that_more_is_to_be_done_says_when() {
    let mut world = World::synchronized(plain(40)).await;
    let throttled = AmazonError::too_many_requests().retry_after(900);
    let stages = "/restapis/api0000010/stages";
    world.fail(Service::ApiGateway, None, stages, None, throttled.into());
    let by_amazon = wait_of(&world.sync("").await.expect(202));
    assert!((600..=900).contains(&by_amazon), "{by_amazon}");
    assert_eq!(world.last_sync().await["retryAfterSeconds"], by_amazon);
    world.restart_with(&[]).await;
    let unplanned = wait_of(&world.sync("planId=0123456789abcdef").await.expect(503));
    assert!((600..=900).contains(&unplanned), "{unplanned}");

    world.restart_with(&[]).await;
    world.cloud.faults.clear();
    world.cloud.api_gateway.remove_rest_api("api0000039");
    let throttled = Fault::Answer {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers: [(RETRY_AFTER, "800".parse().unwrap())].into_iter().collect(),
        body: "{}".into(),
    };
    world.fail(Service::ApiCenter, Some(Method::DELETE), ".", None, throttled);
    let by_azure = wait_of(&world.sync("").await.expect(202));
    assert!((500..=800).contains(&by_azure), "{by_azure}");

    // Where only the time ended, the same call continues at once.
    world.restart_with(&[("HTTP_TIME_BUDGET_SECONDS", "0.001")]).await;
    world.cloud.faults.clear();
    world.cloud.fill_gateway(awkward(60));
    assert_eq!(wait_of(&world.sync("").await.expect(202)), 0);
}

#[tokio::test]
async fn an_operation_elsewhere_is_not_followed() {
    let stranger = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let elsewhere = format!("https://{}/operationResults/1", stranger.local_addr().unwrap());
    for header in [LOCATION, HeaderName::from_static("azure-asyncoperation")] {
        let world = World::start().await;
        world.cloud.fill_gateway(plain(1));
        let fault = Fault::Answer {
            status: StatusCode::ACCEPTED,
            headers: [(header, elsewhere.parse().unwrap())].into_iter().collect(),
            body: Vec::new().into(),
        };
        world.fail(Service::ApiCenter, None, "/importSpecification", None, fault);
        let report = world.put_shop().await.json()["properties"]["lastSync"].clone();
        let message = report["failed"][0]["message"].as_str().unwrap();
        assert!(message.contains("points to another host"), "{report:#}");
        world.cloud.faults.clear();
        world.run_timer().await;
        world.assert_in_line();
    }
    assert_uncalled(stranger);
}

#[tokio::test]
async fn calls_end_before_azure_cuts_them_though_the_resource_manager_hangs() {
    let hang_after = |world: &World, skip| {
        world.cloud.faults.add(FaultRule {
            matcher: Matcher {
                service: Some(Service::ApiCenter),
                ..Matcher::default()
            },
            skip,
            times: None,
            fault: Fault::Hang,
        });
    };
    // After the first of them nothing is written, after the last everything but the outcome and what follows it.
    let calls = [1, 12, 60, 74].map(|skip| async move {
        let world = World::with(CloudOptions::default().unthrottled(), &ONE_SECOND).await;
        world.cloud.fill_gateway(plain(4));
        hang_after(&world, skip);
        let began = Instant::now();
        world.put(SHOP, world.document()).await;
        let put = began.elapsed();
        assert!(
            put < Duration::from_secs(1) + CUT_AFTER,
            "after {skip} requests the PUT took {put:?}"
        );
        world.cloud.faults.clear();
        put_until_done(&world).await;
        world.assert_in_line();

        hang_after(&world, skip / 2);
        let began = Instant::now();
        let answer = world.delete(SHOP).await;
        let delete = began.elapsed();
        assert!(delete < Duration::from_secs(1) + CUT_AFTER, "{delete:?}");
        assert!([202, 204, 503].contains(&answer.status.as_u16()), "{answer:?}");
    });
    futures::future::join_all(calls).await;
}

#[tokio::test]
async fn deletions_confirmed_in_a_call_without_time_are_made_by_the_timer_once() {
    let world = World::with(CloudOptions::default().unthrottled(), &ONE_SECOND).await;
    world.cloud.fill_gateway(plain(12));
    put_until_done(&world).await;
    for (api, _) in plain(9) {
        world.cloud.api_gateway.remove_rest_api(&api.id);
    }
    let held = world.sync("").await.expect(200).json();
    let id = held["deletionsId"].as_str().unwrap().to_owned();
    let confirm = format!("confirmDeletions={id}");

    let before = world.inventory();
    world.fail(
        Service::ApiGateway,
        None,
        "/restapis/api0000010/stages",
        None,
        Fault::Hang,
    );
    let kept = world.sync(&confirm).await.expect(202).json();
    assert_eq!(
        (&kept["remaining"], &kept["deletionsId"]),
        (&json!(1), &json!(id)),
        "{kept:#}"
    );
    assert!(kept["message"].as_str().unwrap().contains("is kept"), "{kept:#}");
    assert_eq!(
        world.inventory(),
        before,
        "nothing is written before everything is compared"
    );
    let refused = world.sync("planId=0123456789abcdef").await.expect(503);
    assert!(refused.text.contains("no time to plan 1 of 3 APIs"), "{}", refused.text);

    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(world.last_sync().await["deleted"], 9);

    // A confirmation does not last for ever: the same deletions have a new id.
    world.cloud.fill_gateway(plain(9));
    world.run_timer().await;
    world.assert_in_line();
    for (api, _) in plain(9) {
        world.cloud.api_gateway.remove_rest_api(&api.id);
    }
    world.run_timer().await;
    let again = world.last_sync().await;
    assert_eq!(again["outcome"], "held", "{again:#}");
    assert!(
        again["deletionsId"].is_string() && again["deletionsId"] != json!(id),
        "{again:#}"
    );
}

#[tokio::test]
async fn another_set_of_deletions_than_the_one_confirmed_is_held() {
    let world = World::with(CloudOptions::default().unthrottled(), &ONE_SECOND).await;
    world.cloud.fill_gateway(plain(14));
    put_until_done(&world).await;
    for (api, _) in plain(9) {
        world.cloud.api_gateway.remove_rest_api(&api.id);
    }
    let id = world.sync("").await.expect(200).json()["deletionsId"]
        .as_str()
        .unwrap()
        .to_owned();
    world.fail(
        Service::ApiGateway,
        None,
        "/restapis/api0000010/stages",
        None,
        Fault::Hang,
    );
    world.sync(&format!("confirmDeletions={id}")).await.expect(202);
    world.cloud.faults.clear();
    world.cloud.api_gateway.remove_rest_api("api0000009");
    let before = world.inventory();
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "held", "{report:#}");
    assert_ne!(report["deletionsId"], json!(id));
    assert_eq!(world.inventory(), before);
}

#[tokio::test]
async fn confirmed_deletions_that_take_several_calls_are_made_by_the_same_call_again() {
    // So many that some are left, at a pace and a budget that allow a few.
    const GONE: usize = 60;
    let clouds = CloudOptions {
        latency: Duration::from_millis(30),
        ..CloudOptions::default()
    };
    let mut world = World::with(clouds.unthrottled(), &[]).await;
    world.cloud.fill_gateway(plain(GONE + 2));
    world.put_shop().await;
    world.assert_in_line();
    world.restart_with(&ONE_SECOND).await;
    for (api, _) in plain(GONE) {
        world.cloud.api_gateway.remove_rest_api(&api.id);
    }
    let id = world.sync("").await.json()["deletionsId"].as_str().unwrap().to_owned();
    let confirm = format!("confirmDeletions={id}");
    let first = world.sync(&confirm).await.expect(202).json();
    assert!(
        first["deleted"].as_u64().unwrap() > 0 && first["remaining"].as_u64().unwrap() > 0,
        "{first:#}"
    );
    let second = world.sync(&confirm).await;
    assert!(second.status.is_success(), "{second:?}");
    let mut runs = 0;
    while world.last_sync().await["remaining"] != 0 {
        world.run_timer().await;
        runs += 1;
        assert!(runs < GONE, "{:#}", world.last_sync().await);
    }
    world.assert_in_line();
}
