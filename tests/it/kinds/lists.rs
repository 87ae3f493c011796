//! API Gateway's two lists, of REST APIs and of HTTP and WebSocket APIs: each is complete or not for itself.

use std::collections::BTreeMap;

use reqwest::Method;
use sandbox::api_gateway::{AmazonError, RestApi, V2Api};
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use super::{BASKETS, TRACKING, demonstration};
use crate::evidence::answer;
use crate::world::{SHOP, World};

const REST: &str = "^/restapis[?]";
const V2: &str = "^/v2/apis[?]";
/// A REST API of the demonstration estate.
const ORDERS: &str = "f2a3b4c5d6";
/// APIs that come later.
const NEW_REST: &str = "r0r0r0r0r0";
const NEW_HTTP: &str = "h0h0h0h0h0";

/// The HTTP and WebSocket APIs in the catalog, or the REST APIs.
fn part(world: &World, is_v2: bool) -> BTreeMap<String, Value> {
    let is_of_v2 = |path: &str| [BASKETS, TRACKING, NEW_HTTP].iter().any(|id| path.contains(id));
    let mut part = world.everything();
    part.retain(|path, _| path.starts_with("apis/") && is_of_v2(path) == is_v2);
    part
}

/// Changes an API of each list, takes one away from each, and adds one to each.
fn change_both(world: &World) {
    let gateway = &world.cloud.api_gateway;
    gateway.remove_rest_api(ORDERS);
    gateway.remove_v2_api(TRACKING);
    let first = gateway.estate().remove(0).0;
    let renamed = RestApi {
        name: "Renamed".to_owned(),
        ..first
    };
    gateway.put_rest_api(renamed);
    let (mut baskets, _) = gateway.v2_estate().remove(0);
    "Renamed".clone_into(&mut baskets.name);
    gateway.put_v2_api(baskets);
    gateway.put_rest_api(RestApi::new(NEW_REST, "New"));
    gateway.put_v2_api(V2Api::http(NEW_HTTP, "New"));
}

#[tokio::test]
async fn a_list_that_cannot_be_had_leaves_its_kinds_alone_and_the_other_is_synchronised() {
    let failure = || Fault::from(AmazonError::internal_failure());
    let nameless = |list: &str| answer(200, &[], json!({ list: [{ "name": "nameless" }] }).to_string());
    for (what, list, fault, is_v2, title) in [
        ("REST: 500", REST, failure(), false, "REST APIs"),
        ("REST: no id", REST, nameless("item"), false, "REST APIs"),
        ("REST: cut off", REST, Fault::Truncate, false, "REST APIs"),
        ("v2: 500", V2, failure(), true, "HTTP and WebSocket APIs"),
        ("v2: no id", V2, nameless("items"), true, "HTTP and WebSocket APIs"),
    ] {
        let world = demonstration().await;
        let (unread, read) = (part(&world, is_v2), part(&world, !is_v2));
        change_both(&world);
        world.fail(Service::ApiGateway, None, list, None, fault);
        world.run_timer().await;

        assert_eq!(part(&world, is_v2), unread, "{what}");
        assert_ne!(part(&world, !is_v2), read, "{what}");
        let (new, kept) = if is_v2 {
            (NEW_REST, NEW_HTTP)
        } else {
            (NEW_HTTP, NEW_REST)
        };
        assert!(world.has(&format!("apis/{SHOP}-{new}")), "{what}");
        assert!(!world.has(&format!("apis/{SHOP}-{kept}")), "{what}");
        let gone = if is_v2 { ORDERS } else { TRACKING };
        assert!(!world.has(&format!("apis/{SHOP}-{gone}")), "{what}");
        let report = world.last_sync().await;
        assert_eq!(
            (&report["outcome"], &report["deleted"], &report["gateways"][0]["state"]),
            (&json!("partial"), &json!(1), &json!("unavailable")),
            "{what}: {report:#}"
        );
        let words = format!("the {title} could not be listed");
        for message in [&report["message"], &report["gateways"][0]["message"]] {
            assert!(message.as_str().unwrap().contains(&words), "{what}: {report:#}");
        }
        let plan = format!("integrations/{SHOP}/plan");
        let plan = world.call(Method::GET, &plan, None).await.expect(200).json();
        assert_eq!(plan["complete"], false, "{what}: {plan:#}");

        world.cloud.faults.clear();
        world.run_timer().await;
        world.assert_in_line();
        assert_eq!(world.last_sync().await["outcome"], "succeeded", "{what}");
    }
}

#[tokio::test]
async fn a_run_that_can_have_neither_list_fails_with_what_is_wrong_with_the_first() {
    let world = demonstration().await;
    let before = world.inventory();
    change_both(&world);
    world.fail(
        Service::ApiGateway,
        None,
        REST,
        None,
        AmazonError::internal_failure().into(),
    );
    world.fail(
        Service::ApiGateway,
        None,
        V2,
        None,
        AmazonError::bad_request("no such page").into(),
    );
    assert!(!world.fire_timer().await.succeeded);
    assert_eq!(world.inventory(), before);
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "failed", "{report:#}");
    let message = report["message"].as_str().unwrap();
    assert!(
        message.contains("GetRestApis") && !message.contains("no such page"),
        "{message}"
    );
}

#[tokio::test]
async fn whoever_is_not_let_in_or_not_reached_is_not_asked_for_the_second_list() {
    for what in ["the key is unknown", "nobody listens"] {
        let world = demonstration().await;
        let before = world.inventory();
        if what == "nobody listens" {
            world.fail(Service::ApiGateway, None, REST, None, Fault::Refuse);
        } else {
            world.cloud.api_gateway.set_credentials(Vec::new());
        }
        world.cloud.record.clear();
        assert!(!world.fire_timer().await.succeeded, "{what}");
        assert_eq!(world.inventory(), before, "{what}");
        assert_eq!(world.gateway_calls("/v2/apis"), 0, "{what}");
        let report = world.last_sync().await;
        assert_eq!(report["outcome"], "failed", "{what}: {report:#}");
        let requests = report["requests"]["aws"].as_u64().unwrap();
        assert!(requests <= 4, "one list, four attempts: {what}: {report:#}");
    }
}

#[tokio::test]
async fn the_doctor_tells_a_list_that_is_not_available_from_one_that_is_denied() {
    let world = demonstration().await;
    world.fail(
        Service::ApiGateway,
        None,
        REST,
        None,
        AmazonError::internal_failure().into(),
    );
    let doctor = world
        .call(Method::GET, &format!("integrations/{SHOP}/doctor"), None)
        .await;
    let doctor = doctor.expect(200).json();
    let checks = doctor["checks"].as_array().unwrap();
    let of = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(of("aws-list-v2-apis")["state"], "ok", "{doctor:#}");
    assert_eq!(of("aws-list-apis")["state"], "failed", "{doctor:#}");
    assert!(
        of("aws-list-apis")["remedy"].as_str().unwrap().contains("Wait"),
        "{doctor:#}"
    );
}
