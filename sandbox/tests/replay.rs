//! Replays what the real service was recorded to answer (API version 2024-03-01) against the stand-in.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test: it fails where a recording is not as expected, and prints how much it replayed"
)]

#[path = "replay/exchange.rs"]
mod exchange;
#[path = "replay/preparation.rs"]
mod preparation;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use exchange::{Exchange, HOST};
use http::{HeaderMap, Method, Request, Response};
use preparation::{Preparation, exported_schema};
use sandbox::api_center::{ApiCenter, ApiCenterOptions, Unfinished};
use sandbox::token::issue_token;
use serde_json::{Map, Value, json};

/// What is left out, by name: nothing else may be.
const LEFT_OUT: [(&str, &[&str]); 3] = [
    (
        "apiSources",
        &[
            "test_integration_create_apim 0: PUT apiSources/cli000003",
            "test_integration_create_apim 1: GET apiSources/cli000003",
            "test_integration_create_aws 0: PUT apiSources/cli000003",
            "test_integration_create_aws 1: GET apiSources/cli000003",
        ],
    ),
    (
        "import actions of other sources",
        &[
            "test_import_api_from_aws 0: POST importApiSource",
            "test_import_api_from_aws 1: GET operationResults/f4186def09fb4264a0d0fd9395306bb2",
            "test_import_api_from_aws 2: GET operationResults/f4186def09fb4264a0d0fd9395306bb2",
            "test_import_from_apim 20: POST importFromApim",
            "test_import_from_apim 21: GET operationResults/78965f81401242ec8088f837034abf78",
            "test_import_from_apim 22: GET operationResults/78965f81401242ec8088f837034abf78",
        ],
    ),
    (
        "writes of services",
        &[
            "test_create_service 1: PUT services",
            "test_create_service_multiple_times 1: PUT services",
            "test_create_service_multiple_times 3: PUT services",
            "test_create_service_with_all_optional_params 0: PUT services",
            "test_examples_update_service_details 1: PUT services",
            "test_provision_unprovision_defaulthostnames 0: PUT services",
            "test_provision_unprovision_defaulthostnames 2: DELETE services",
        ],
    ),
];

fn recorded() -> Vec<Exchange> {
    include_str!("data/recorded-exchanges.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("an exchange"))
        .collect()
}

fn api_center_of(exchanges: &[&Exchange]) -> ApiCenter {
    let listed = || {
        exchanges[0].response.body.as_ref()?["value"][0]["id"]
            .as_str()
            .map(str::to_owned)
    };
    let service_id = exchanges
        .iter()
        .find_map(|exchange| exchange.service_id())
        .or_else(listed)
        .expect("the id of the API center");
    let api_center = ApiCenter::new(ApiCenterOptions {
        sku: "Free".to_owned(),
        base_url: HOST.to_owned(),
        ..ApiCenterOptions::new(service_id).unthrottled()
    });
    let polls: Vec<Unfinished> = exchanges
        .iter()
        .filter(|exchange| exchange.request.method == "GET" && exchange.response.status == 202)
        .map(
            |exchange| match exchange.response.body.as_ref().expect("a body")["status"].as_str() {
                Some("NotStarted") => Unfinished::NotStarted,
                Some("InProgress") => Unfinished::InProgress,
                other => panic!("{other:?}"),
            },
        )
        .collect();
    api_center.set_unfinished_polls(&polls);
    api_center
}

async fn send(api_center: &ApiCenter, method: Method, target: &str, body: Option<&Value>) -> Response<Bytes> {
    let token = issue_token(HOST, "someone", Duration::from_mins(1));
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string())))
        .expect("a request");
    api_center.answer(&request).await
}

/// A read of the API center itself follows on writes that are left out: what they set is put in place.
async fn prepare_service(api_center: &ApiCenter, exchange: &Exchange) {
    if exchange.short_path().is_empty()
        && exchange.service_id().is_some()
        && let Some(identity) = exchange.response.body.as_ref().and_then(|body| body.get("identity"))
    {
        let target = format!("{}?api-version=2024-03-01", exchange.id());
        let body = json!({"location": "eastus", "identity": identity});
        assert_eq!(send(api_center, Method::PUT, &target, Some(&body)).await.status(), 200);
    }
}

async fn replay(exchanges: &[&Exchange]) {
    let api_center = api_center_of(exchanges);
    let preparation = &mut Preparation {
        api_center: &api_center,
        there: HashSet::new(),
    };
    let of_entities: Vec<&Exchange> = exchanges
        .iter()
        .copied()
        .filter(|exchange| !exchange.short_path().is_empty())
        .collect();
    preparation.prepare(&of_entities);
    let mut location = None;
    for exchange in exchanges {
        prepare_service(&api_center, exchange).await;
        let polls = exchange.id().contains("/operationResults/");
        let recorded_url = exchange
            .request
            .url
            .strip_prefix(HOST)
            .expect("a URL of the resource manager");
        let target = if polls {
            location.take().expect("a location")
        } else {
            recorded_url.to_owned()
        };
        let ours = send(&api_center, exchange.method(), &target, exchange.request.body.as_ref()).await;
        compare(exchange, &ours);
        let next = ours.headers().get("location").and_then(|value| value.to_str().ok());
        location = next.map(|next| next.strip_prefix(HOST).expect("an absolute location").to_owned());
    }
}

fn compare(exchange: &Exchange, ours: &Response<Bytes>) {
    let what = exchange.describe();
    let text = String::from_utf8_lossy(ours.body());
    assert_eq!(ours.status(), exchange.response.status, "{what}: {text}");
    compare_headers(&what, &exchange.response.headers, ours.headers());
    let Some(recorded) = &exchange.response.body else {
        assert_eq!(text, "", "{what}");
        return;
    };
    let mut ours: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut recorded = recorded.clone();
    if exchange.short_path() == "exportMetadataSchema" {
        recorded["value"] = exported_schema(&recorded);
        ours["value"] = exported_schema(&ours);
    }
    if let (Some(recorded), Some(ours)) = (
        recorded.get_mut("value").and_then(Value::as_array_mut),
        ours.get_mut("value").and_then(Value::as_array_mut),
    ) {
        for list in [recorded, ours] {
            list.sort_by_key(|entity| entity["name"].to_string());
        }
    }
    compare_values(&what, exchange, "", &recorded, &ours);
}

fn compare_headers(what: &str, recorded: &BTreeMap<String, String>, ours: &HeaderMap) {
    for (name, value) in recorded {
        match name.as_str() {
            "content-length" => {}
            "content-type" => assert_eq!(ours[name], value.as_str(), "{what}"),
            _ => assert!(ours.contains_key(name), "{what}: no {name}"),
        }
    }
    for name in ["etag", "location", "content-type"] {
        assert_eq!(ours.contains_key(name), recorded.contains_key(name), "{what}: {name}");
    }
}

fn compare_values(what: &str, exchange: &Exchange, path: &str, recorded: &Value, ours: &Value) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            assert_eq!(
                keys(exchange, recorded),
                keys(exchange, ours),
                "{what}: members of {path:?}"
            );
            for (name, recorded) in recorded {
                let Some(ours) = ours.get(name) else { continue };
                compare_values(what, exchange, &format!("{path}/{name}"), recorded, ours);
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            assert_eq!(recorded.len(), ours.len(), "{what}: length of {path}");
            for (index, (recorded, ours)) in recorded.iter().zip(ours).enumerate() {
                compare_values(what, exchange, &format!("{path}/{index}"), recorded, ours);
            }
        }
        _ if is_chance(exchange, path) => {
            assert_eq!(
                std::mem::discriminant(recorded),
                std::mem::discriminant(ours),
                "{what}: {path}"
            );
        }
        _ => assert_eq!(recorded, ours, "{what}: {path}"),
    }
}

/// The names of an object's members, in order. A service shows two of them only once it is fully set up or when it
/// was made after plans came into being, which the recordings mix.
fn keys<'a>(exchange: &Exchange, object: &'a Map<String, Value>) -> Vec<&'a str> {
    let is_service = exchange.short_path().is_empty();
    let counts = |name: &&str| !is_service || !["dataApiHostname", "sku"].contains(name);
    object.keys().map(String::as_str).filter(counts).collect()
}

/// Whether a value is one that no two runs share: times, operation ids, and names that the recording itself replaced.
fn is_chance(exchange: &Exchange, path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_operation = exchange.id().contains("/operationResults/");
    let is_renamed = exchange.id().ends_with("/deployments/mock-deployment");
    path.contains("/systemData/")
        || ["startTime", "endTime", "principalId", "tenantId"].contains(&last)
        || ((is_operation || is_renamed) && ["/id", "/name"].contains(&path))
}

#[tokio::test]
async fn the_stand_in_answers_as_the_real_service_was_recorded_to() {
    let exchanges = recorded();
    let mut scenarios: BTreeMap<&str, Vec<&Exchange>> = BTreeMap::new();
    let mut left_out: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for exchange in &exchanges {
        match exchange.left_out() {
            Some(group) => left_out.entry(group).or_default().push(exchange.describe()),
            None => scenarios.entry(&exchange.scenario).or_default().push(exchange),
        }
    }
    let mut replayed = 0;
    for exchanges in scenarios.values() {
        replay(exchanges).await;
        replayed += exchanges.len();
    }
    println!(
        "replayed {replayed}, left out {}: {left_out:#?}",
        exchanges.len() - replayed
    );
    let expected = LEFT_OUT.map(|(group, names)| (group, names.iter().map(|&name| name.to_owned()).collect()));
    assert_eq!(left_out, BTreeMap::from(expected));
    assert_eq!((replayed, exchanges.len()), (122, 139));
}
