//! The evidence for removals: complete lists, and AWS's own confirmation right before.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};
use sandbox::api_gateway::AmazonError;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::deadlines::plain;
use crate::world::World;

/// The API that API Gateway's list lacks.
const LOST: &str = "api0000002";

pub fn answer(status: u16, headers: &[(HeaderName, &str)], body: impl Into<Vec<u8>>) -> Fault {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.clone(), value.parse().unwrap()));
    Fault::Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers.collect::<HeaderMap>(),
        body: body.into().into(),
    }
}

/// Lets API Gateway's list lack an API.
fn lose_from_list(world: &World) {
    let listed = world.cloud.api_gateway.estate().into_iter();
    let items: Vec<Value> = listed
        .filter(|(api, _)| api.id != LOST)
        .map(|(api, _)| json!({ "id": api.id, "name": api.name }))
        .collect();
    let list = answer(200, &[], json!({ "item": items }).to_string());
    world.fail(Service::ApiGateway, None, r"/restapis\?", None, list);
}

#[tokio::test]
async fn an_api_goes_only_once_amazon_says_that_there_is_none() {
    let denied = AmazonError::access_denied(
        "arn:aws:iam::1:user/sync",
        "apigateway:GET",
        "arn:aws:apigateway:::/restapis/x",
    );
    let table: [(&str, Option<Fault>, &str, &str); 6] = [
        ("it is there", None, "failed", "although"),
        ("denied", Some(denied.into()), "failed", "not authorized"),
        (
            "out of order",
            Some(AmazonError::internal_failure().into()),
            "failed",
            "Internal failure",
        ),
        (
            "throttled",
            Some(answer(429, &[(RETRY_AFTER, "7200")], "{}")),
            "remaining",
            "throttling",
        ),
        (
            "somebody else's 404",
            Some(answer(404, &[], "<html>not found</html>")),
            "failed",
            "404",
        ),
        ("no answer to work with", Some(answer(200, &[], "")), "failed", "empty"),
    ];
    for (what, fault, list, words) in table {
        let mut world = World::synchronized(plain(12)).await;
        let before = world.inventory();
        lose_from_list(&world);
        if let Some(fault) = fault {
            world.fail(Service::ApiGateway, None, &format!("/restapis/{LOST}$"), None, fault);
        }
        world.run_timer().await;
        assert_eq!(world.inventory(), before, "{what}");
        let report = world.last_sync().await;
        assert_eq!(
            (&report["outcome"], &report["deleted"]),
            (&json!("partial"), &json!(0)),
            "{what}: {report:#}"
        );
        assert!(
            report["message"].as_str().unwrap().contains(words),
            "{what}: {report:#}"
        );
        if list == "failed" {
            assert_eq!(report["failed"][0]["apiId"], LOST, "{what}: {report:#}");
        } else {
            assert_eq!(report["remaining"], 1, "{what}: {report:#}");
            // Another process is not held back by what AWS told this one.
            world.restart_with(&[]).await;
        }

        world.cloud.faults.clear();
        world.cloud.api_gateway.remove_rest_api(LOST);
        world.cloud.record.clear();
        world.run_timer().await;
        world.assert_in_line();
        assert_eq!(world.last_sync().await["deleted"], 1, "{what}");
        assert_eq!(
            world.gateway_calls(&format!("/restapis/{LOST}")),
            1,
            "only what goes is asked for once more"
        );
        assert_eq!(
            world.gateway_calls("/restapis/"),
            12,
            "what stays is asked for its stages, as ever"
        );
    }
}

#[tokio::test]
async fn a_stage_goes_only_once_a_fresh_list_lacks_it_too() {
    let stages = format!("/restapis/{LOST}/stages$");
    let refusal = AmazonError::internal_failure();
    for (what, second) in [("it is there", None), ("unknown", Some(refusal))] {
        let world = World::synchronized(plain(12)).await;
        let before = world.inventory();
        world.fail(
            Service::ApiGateway,
            None,
            &stages,
            Some(1),
            answer(200, &[], r#"{"item":[]}"#),
        );
        if let Some(second) = second {
            world.fail(Service::ApiGateway, None, &stages, None, second.into());
        }
        world.run_timer().await;
        let after = world.inventory();
        assert!(before.keys().all(|path| after.contains_key(path)), "{what}");
        let report = world.last_sync().await;
        assert_eq!(report["failed"][0]["apiId"], LOST, "{what}: {report:#}");
        world.cloud.faults.clear();
        world.run_timer().await;
        world.assert_in_line();

        world.cloud.api_gateway.remove_stage(LOST, "prod");
        world.cloud.record.clear();
        world.run_timer().await;
        world.assert_in_line();
        assert_eq!(world.gateway_calls(&format!("/restapis/{LOST}/stages")), 2, "{what}");
        assert_eq!(world.gateway_calls("/restapis/"), 13, "{what}");
    }
}

#[tokio::test]
async fn an_item_without_an_id_makes_amazons_list_incomplete() {
    for item in [json!({ "name": "nameless" }), json!({ "id": "", "name": "nameless" })] {
        let world = World::synchronized(plain(12)).await;
        let before = world.inventory();
        world.cloud.api_gateway.remove_rest_api(LOST);
        let listed = world.cloud.api_gateway.estate().into_iter();
        let mut items: Vec<Value> = listed
            .map(|(api, _)| json!({ "id": api.id, "name": api.name }))
            .collect();
        items.push(item);
        let list = answer(200, &[], json!({ "item": items }).to_string());
        world.fail(Service::ApiGateway, None, r"/restapis\?", None, list);
        world.run_timer().await;
        assert_eq!(world.inventory(), before);
        let report = world.last_sync().await;
        assert_eq!(report["outcome"], "partial", "{report:#}");
        assert!(
            report["message"].as_str().unwrap().contains("without an id"),
            "{report:#}"
        );
    }
}
