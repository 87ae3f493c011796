//! A hold on removals lasts until people confirm it or none is left, whatever appears or fails meanwhile.

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use sandbox::api_gateway::{Definition, RestApi, Stage};
use sandbox::estate::Estate;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::deadlines::plain;
use crate::world::{SHOP, World, change_kept, kept};

/// The REST API that stages are taken from.
const ORDERS: &str = "a1b2c3d4e5";

/// The plain APIs of these numbers.
fn numbered(numbers: std::ops::Range<usize>) -> Estate {
    plain(numbers.end).split_off(numbers.start)
}

fn remove(world: &World, numbers: std::ops::Range<usize>) {
    for (api, _) in numbered(numbers) {
        world.cloud.api_gateway.remove_rest_api(&api.id);
    }
}

/// One API with this many stages.
fn staged(stages: usize) -> Estate {
    let stages = (0..stages).map(stage);
    vec![(RestApi::new(ORDERS, "Orders"), stages.collect())]
}

fn stage(number: usize) -> Stage {
    let document = json!({ "openapi": "3.0.1", "paths": {} });
    Stage::new(format!("stage{number:02}"), "dep1", Definition::from(document))
}

fn remove_stages(world: &World, numbers: std::ops::Range<usize>) {
    for number in numbers {
        world.cloud.api_gateway.remove_stage(ORDERS, &stage(number).name);
    }
}

/// A run that holds removals and removes nothing; returns their id.
async fn run_and_hold(world: &World, what: &str) -> String {
    let before = world.inventory();
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("held"), &json!(0)),
        "{what}: {report:#}"
    );
    let after = world.inventory();
    assert!(before.keys().all(|path| after.contains_key(path)), "{what}");
    report["deletionsId"].as_str().unwrap().to_owned()
}

async fn confirm(world: &World, id: &str) {
    let report = world.sync(&format!("confirmDeletions={id}")).await.expect(200).json();
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    world.assert_in_line();
}

/// Two APIs that a run must remove unasked, since nothing is held any more.
async fn assert_nothing_is_held(world: &World) {
    world.cloud.fill_gateway(numbered(900..920));
    world.run_timer().await;
    remove(world, 900..902);
    world.run_timer().await;
    let report = world.last_sync().await;
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("succeeded"), &json!(2)),
        "{report:#}"
    );
    world.assert_in_line();
}

/// Whether the journal says that removals are held.
fn is_held(world: &World) -> Value {
    let journal = kept(&world.properties("environments/shop"), "aws-integration", "journal");
    json!(journal["held"].as_array().is_some_and(|held| !held.is_empty()))
}

#[tokio::test]
async fn a_hold_stays_whatever_appears_until_it_is_confirmed() {
    for (owned, vanished, new) in [(4, 4, 4), (10, 6, 40)] {
        let what = format!("{vanished} of {owned} vanish and {new} appear");
        let world = World::synchronized(plain(owned)).await;
        remove(&world, 0..vanished);
        world.cloud.fill_gateway(numbered(100..100 + new));
        let first = run_and_hold(&world, &what).await;
        assert_eq!(world.last_sync().await["created"], new, "{what}: the rest is done");
        for _ in 0..2 {
            assert_eq!(run_and_hold(&world, &what).await, first, "{what}");
        }
        confirm(&world, &first).await;
        assert_nothing_is_held(&world).await;
    }
}

#[tokio::test]
async fn a_hold_outlives_an_hour_in_which_amazon_cannot_be_read() {
    let world = World::synchronized(plain(30)).await;
    remove(&world, 0..7);
    let id = run_and_hold(&world, "seven of thirty").await;
    world.cloud.fill_gateway(numbered(100..110));
    let unavailable = Fault::Answer {
        status: StatusCode::FORBIDDEN,
        headers: HeaderMap::new(),
        body: "{}".into(),
    };
    world.fail(Service::ApiGateway, None, "^/(restapis|v2/apis)", None, unavailable);
    assert!(!world.fire_timer().await.succeeded);
    assert_eq!(world.last_sync().await["outcome"], "failed");
    world.cloud.faults.clear();
    for _ in 0..2 {
        assert_eq!(run_and_hold(&world, "seven of forty").await, id);
    }
    confirm(&world, &id).await;
    assert_nothing_is_held(&world).await;
}

#[tokio::test]
async fn what_is_left_of_a_hold_is_still_held_when_some_of_it_comes_back() {
    let world = World::synchronized(staged(8)).await;
    remove_stages(&world, 0..6);
    let six = run_and_hold(&world, "six stages").await;
    world.cloud.api_gateway.put_stage(ORDERS, stage(0));
    let five = run_and_hold(&world, "five stages").await;
    assert_ne!(five, six);
    let stale = world.sync(&format!("confirmDeletions={six}")).await.expect(409);
    assert_eq!(stale.code(), "PlanChanged");
    confirm(&world, &five).await;
    assert_nothing_is_held(&world).await;
}

#[tokio::test]
async fn a_hold_ends_when_a_whole_run_finds_nothing_left_to_remove() {
    let world = World::synchronized(plain(10)).await;
    remove(&world, 0..6);
    run_and_hold(&world, "six of ten").await;
    world.cloud.fill_gateway(numbered(0..6));
    let denied = Fault::Answer {
        status: StatusCode::FORBIDDEN,
        headers: HeaderMap::new(),
        body: "{}".into(),
    };
    world.fail(Service::ApiGateway, None, "/restapis/api0000003/stages", None, denied);
    world.run_timer().await;
    assert_eq!(world.last_sync().await["outcome"], "partial");
    assert_eq!(is_held(&world), true, "what was not read may lack something");
    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(is_held(&world), false);
    assert_nothing_is_held(&world).await;
}

#[tokio::test]
async fn a_plan_an_explanation_and_a_run_say_the_same_of_a_hold() {
    let world = World::synchronized(plain(10)).await;
    remove(&world, 0..6);
    world.cloud.fill_gateway(numbered(100..140));
    let id = run_and_hold(&world, "six of ten").await;
    let path = format!("integrations/{SHOP}/plan");
    let plan = world.call(Method::GET, &path, None).await.expect(200).json();
    assert_eq!(
        (&plan["held"], &plan["deletionsId"]),
        (&json!(true), &json!(id)),
        "{plan:#}"
    );
    let path = format!("integrations/{SHOP}/explain?api=api0000002");
    let explanation = world.call(Method::GET, &path, None).await.expect(200).json();
    let explained = &explanation["apis"][0];
    assert_eq!(explained["verdict"], "held", "{explanation:#}");
    assert!(explained["message"].as_str().unwrap().contains(&id), "{explanation:#}");
}

#[tokio::test]
async fn a_put_keeps_a_hold_also_when_it_moves_the_integration() {
    let world = World::synchronized(plain(10)).await;
    let theirs = json!({ "title": "Theirs", "kind": "testing", "server": { "type": "Kong API Gateway" } });
    world.catalog().put("environments/theirs", theirs).unwrap();
    remove(&world, 0..6);
    run_and_hold(&world, "six of ten").await;
    world.cloud.fill_gateway(numbered(100..140));
    let mut document = world.document();
    document["properties"]["importSpecification"] = json!("never");
    for target in ["shop", "theirs"] {
        document["properties"]["targetEnvironmentId"] = json!(format!("/workspaces/default/environments/{target}"));
        let answer = world.put(SHOP, document.clone()).await.expect(200).json();
        let report = &answer["properties"]["lastSync"];
        assert_eq!(report["outcome"], "held", "{report:#}");
    }
    assert!(world.has("apis/shop-api0000000"));
}

#[tokio::test]
async fn a_hold_that_a_run_records_while_a_put_is_on_its_way_is_kept() {
    let world = World::synchronized(plain(10)).await;
    remove(&world, 0..2);
    let catalog = world.cloud.api_center.clone();
    world.cloud.kill.set(move || hold(&catalog));
    world.fail(Service::ApiGateway, None, r"/restapis\?", Some(1), Fault::Interject);
    let mut document = world.document();
    document["properties"]["targetLifecycleStage"] = json!("production");
    let answer = world.put(SHOP, document).await.expect(200).json();
    let report = &answer["properties"]["lastSync"];
    assert_eq!(report["outcome"], "held", "{report:#}");
    assert!(world.has("apis/shop-api0000000"));
}

#[tokio::test]
async fn a_run_that_began_before_a_hold_does_not_end_it() {
    let world = World::synchronized(plain(10)).await;
    let catalog = world.cloud.api_center.clone();
    world.cloud.kill.set(move || hold(&catalog));
    world.fail(
        Service::ApiGateway,
        None,
        "/restapis/api0000003/stages",
        Some(1),
        Fault::Interject,
    );
    world.run_timer().await;
    assert_eq!(world.last_sync().await["outcome"], "succeeded");
    assert_eq!(is_held(&world), true);
}

/// Another run records that it holds removals.
fn hold(catalog: &sandbox::api_center::ApiCenter) {
    let mut environment = catalog.snapshot().remove("environments/shop").unwrap()["properties"].take();
    change_kept(&mut environment, "aws-integration", "journal", |journal| {
        journal["held"] = json!(["123456789012/us-east-1"]);
    });
    catalog.put("environments/shop", environment).unwrap();
}

#[tokio::test]
async fn a_run_that_is_killed_after_it_found_too_much_gone_does_not_let_the_next_one_remove_it() {
    for writes in 1..8 {
        let world = World::synchronized(plain(4)).await;
        remove(&world, 0..4);
        world.cloud.fill_gateway(numbered(100..104));
        world.fail_write(writes, Some(1), Fault::KillBefore);
        assert!(!world.fire_timer().await.succeeded);
        world.host.wait_for_exit(1).await;
        world.host.ready().await.unwrap();
        for _ in 0..2 {
            run_and_hold(&world, &format!("killed after {writes} writes")).await;
        }
    }
}

/// A way to lose a journal.
type Loss = (&'static str, fn(&mut Value));

const LOSSES: [Loss; 3] = [
    ("the journal is gone", |marker| {
        marker.as_object_mut().unwrap().shift_remove("journal");
    }),
    ("the journal is another text", |marker| marker["journal"] = json!("{}")),
    ("the journal is no JSON", |marker| marker["journal"] = json!("held")),
];

#[tokio::test]
async fn without_a_journal_all_is_held_until_a_whole_run_finds_nothing_to_remove() {
    for (what, lose) in LOSSES {
        let world = World::synchronized(plain(20)).await;
        world.edit("environments/shop", |environment| {
            lose(&mut environment["customProperties"]["aws-integration"]);
        });
        remove(&world, 0..1);
        for _ in 0..2 {
            run_and_hold(&world, what).await;
        }
        world.cloud.fill_gateway(numbered(0..1));
        world.run_timer().await;
        world.assert_in_line();
        assert_nothing_is_held(&world).await;
    }
}

#[tokio::test]
async fn a_first_run_that_takes_several_holds_nothing() {
    let no_time = [
        ("HTTP_TIME_BUDGET_SECONDS", "0.001"),
        ("SYNC_TIME_BUDGET_SECONDS", "0.001"),
    ];
    let world = World::with(sandbox::cloud::CloudOptions::default().unthrottled(), &no_time).await;
    world.cloud.fill_gateway(plain(40));
    world.put_shop().await;
    assert_ne!(world.last_sync().await["remaining"], 0);
    assert_eq!(is_held(&world), false);
    remove(&world, 0..1);
    world.run_timer().await;
    assert_eq!(world.last_sync().await["deleted"], 1);
}

#[tokio::test]
async fn versions_without_deployments_count_too() {
    let world = World::synchronized(staged(16)).await;
    let skipped = world.last_sync().await["skipped"].as_array().unwrap().len();
    assert_eq!(skipped, 6, "an API has at most ten deployments");
    remove_stages(&world, 10..16);
    let id = run_and_hold(&world, "six versions").await;
    let message = world.last_sync().await["message"].as_str().unwrap().to_owned();
    assert!(message.contains("6 of 16 synchronized versions"), "{message}");
    confirm(&world, &id).await;
}
