//! A gateway full of edge cases.

use bytes::Bytes;
use serde_json::json;

use super::document::document;
use crate::api_gateway::{Definition, EndpointType, Estate, RestApi, Stage};

/// Stage names, each an edge case: case, length, characters, and names that look like generated ones.
const STAGE_NAMES: &[&str] = &[
    "v1",
    "Prod",
    "prod",
    "my_stage",
    "-",
    "a",
    "dev",
    "V1",
    "release-0123456789abcdef",
    "PROD",
    "--",
    "2024-01",
    "sixty-four-characters-are-the-most-that-a-stage-name-may-have-00",
    "sixty-five-characters-are-one-more-than-it-may-have-as-it-is-0000",
    "_under_score_",
];
/// Names of APIs, each with something that must survive or be cut.
const NAMES: &[&str] = &[
    "plain",
    "Ümläute, ß and ñ",
    "\"quotes\" 'and' `ticks`",
    "slashes / and \\ back",
    "..%2F..%2Fapis%2Fother?x=1&y=2#z",
    "<script>alert(1)</script> & ${env:KEY} {{template}}",
    "\u{202e}right to left\u{202c} and \u{200f}marks",
    "tab\tand\nnewline",
    "日本語の名前",
    "🚀",
    "a name of more than fifty characters, which has to be cut somewhere",
    "🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀",
    "   ",
    "e\u{301}\u{323}\u{327} combining",
    "Robert'); DROP TABLE apis;--",
    "null",
];
/// The stages of one of the APIs: more than API Center has deployments for.
const MANY_STAGES: usize = 13;
/// The length of one definition, in bytes: more than API Center accepts.
const LARGE_DEFINITION: usize = 3 * 1024 * 1024 + 200_000;

/// `count` APIs with up to three stages each, but one with thirteen; always the same ones.
#[must_use]
pub fn awkward(count: usize) -> Estate {
    (0..count).map(api).collect()
}

fn api(number: usize) -> (RestApi, Vec<Stage>) {
    let mut api = RestApi::new(format!("x{number:04}awkwd"), NAMES[number % NAMES.len()]);
    api.description = description(number);
    api.version = number.is_multiple_of(3).then(|| format!("{number}.0"));
    match number % 20 {
        5 => api.disable_execute_api_endpoint = true,
        6 => api.endpoint_type = EndpointType::Private,
        7 => {
            api.endpoint_type = EndpointType::Private;
            api.vpc_endpoint_ids = vec!["vpce-0b".to_owned(), "vpce-0a".to_owned()];
        }
        _ => (),
    }
    let stages = if number == 3 { MANY_STAGES } else { number % 4 };
    (api, (0..stages).map(|place| stage(number, place)).collect())
}

fn stage(number: usize, place: usize) -> Stage {
    let name = match (number, place) {
        (2, 1) => "s".repeat(128),
        _ => STAGE_NAMES[(number + place) % STAGE_NAMES.len()].to_owned(),
    };
    let mut stage = Stage::new(name, format!("d{number}x{place}"), definition(number, place));
    stage.description = match place {
        0 => None,
        1 => Some("d".repeat(501)),
        _ => Some(format!("stage {place} of API {number}")),
    };
    stage
}

fn definition(number: usize, place: usize) -> Definition {
    let raw = |content_type: &str, text: &str| Definition::Raw {
        content_type: content_type.to_owned(),
        bytes: Bytes::from(text.to_owned()),
    };
    match (number, place) {
        (9, 0) => {
            let long = "x".repeat(LARGE_DEFINITION);
            Definition::from(json!({ "paths": { "/large": { "get": { "description": long, "responses": {} } } } }))
        }
        (10, 0) => Definition::Refused("Only found non-JSON body models".to_owned()),
        (13, 0) => raw("application/json", "this is not JSON"),
        (14, 0) => raw("application/json", "{\"swagger\":\"2.0\",\"paths\":{}}"),
        (15, 0) => raw("application/json", "[\"openapi\"]"),
        (number, place) => {
            let resource = format!("resource-{number}-{place}");
            Definition::from(document("awkward", &[&resource, "gedöns 🚀"]))
        }
    }
}

fn description(number: usize) -> Option<String> {
    match number % 5 {
        0 => None,
        1 => Some("A description of the usual kind.".to_owned()),
        2 => Some("d".repeat(1001)),
        3 => Some("🚀".repeat(600)),
        _ => Some("  ".to_owned()),
    }
}
