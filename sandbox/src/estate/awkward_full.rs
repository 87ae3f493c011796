//! HTTP and WebSocket APIs and domain names full of edge cases.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;

use super::awkward::awkward;
use super::document::{http_document, model_schema};
use super::full::FullEstate;
use crate::api_gateway::{
    Definition, DomainEstate, DomainName, Mapping, Model, Route, RoutingMode, RoutingRule, V2Api, V2Estate, V2Stage,
};

/// Most characters of a mapping's key.
const KEY_MAX: usize = 300;
/// The WebSocket API with odd routes and models.
const SOCKET: &str = "w0001awkwd";
/// The HTTP API with odd stages.
const HTTP: &str = "h0001awkwd";

/// This many awkward REST APIs, with HTTP and WebSocket APIs and domain names that are no better.
#[must_use]
pub fn awkward_full(count: usize) -> FullEstate {
    FullEstate {
        rest: awkward(count),
        v2: [http_apis(), websocket_apis()].concat(),
        domains: [domains(), private_domains()].concat(),
    }
}

fn http_apis() -> V2Estate {
    let document = || http_document(&["GET /things", "ANY /rest/{path+}", "ANY /$default"]);
    let mut disabled = V2Api::http(
        "h0002awkwd",
        "Ümläute 🚀 and a name of more than fifty characters in all",
    );
    disabled.disable_execute_api_endpoint = true;
    disabled.description = Some("d".repeat(1024));
    disabled.version = Some("2024-02-02".to_owned());
    let raw = Definition::Raw {
        content_type: "application/json".to_owned(),
        bytes: Bytes::from_static(b"this is not JSON"),
    };
    let refused = Definition::Refused("Unable to export".to_owned());
    let mut waiting = V2Stage::undeployed("waiting");
    waiting.auto_deploy = true;
    waiting.last_deployment_status_message = Some("Deployment attempt failed: no routes".to_owned());
    let stages = vec![
        V2Stage::new("$default", "dh1a", document()),
        V2Stage::new("default", "dh1b", document()),
        V2Stage::new("-default", "dh1c", document()),
        V2Stage::new("Prod", "dh1d", document()),
        V2Stage::new("prod", "dh1e", raw),
        V2Stage::new("broken", "dh1f", refused),
        V2Stage::new("s".repeat(128), "dh1g", json!({ "paths": {} })),
        waiting,
    ];
    vec![
        (V2Api::http(HTTP, "without a version"), stages),
        (disabled, vec![V2Stage::new("$default", "dh2a", document())]),
        (V2Api::http("h0003awkwd", "nothing below it"), Vec::new()),
        (V2Api::http("h0004awkwd", "   "), vec![V2Stage::undeployed("$default")]),
    ]
}

fn websocket_apis() -> V2Estate {
    let mut api = V2Api::websocket(SOCKET, "odd routes");
    let keys = [
        "$connect",
        "a[b]/c d%",
        "a/b",
        "A/b",
        "~0~1",
        "#/x",
        "{id}",
        "日本語",
        "$default",
    ];
    let routes = keys.iter().enumerate();
    api.routes = routes
        .map(|(place, key)| Route::new(format!("rw1{place}"), *key))
        .collect();
    for (route, model) in api
        .routes
        .iter_mut()
        .zip(["Gone", "Chicken", "Egg", "NotJson", "Chicken"])
    {
        route.request_models = BTreeMap::from([("$default".to_owned(), model.to_owned())]);
    }
    let schema = |name: &str, other: &str| model_schema(SOCKET, name, &[("size", "number"), ("next", other)]);
    api.models = vec![
        Model::new("mw1a", "Chicken", schema("Chicken", "Egg")),
        Model::new("mw1b", "Egg", schema("Egg", "Chicken")),
        Model::new("mw1c", "Lost", schema("Lost", "Nowhere")),
        Model::new("mw1d", "NotJson", "{ this is not JSON"),
        Model::new("mw1e", "Empty", ""),
    ];
    "application/xml".clone_into(&mut api.models[2].content_type);
    let stages = vec![
        V2Stage::of_websocket("live", "dw1a"),
        V2Stage::of_websocket("Live", "dw1b"),
        V2Stage::undeployed("next"),
    ];
    let silent = V2Api::websocket("w0002awkwd", "no routes at all");
    vec![(api, stages), (silent, vec![V2Stage::of_websocket("live", "dw2a")])]
}

/// Names with keys of every kind. The mapping of the edge-optimized one has no stage: callers name it after the key.
fn domains() -> DomainEstate {
    let keys = [
        ("m1", "k".repeat(KEY_MAX), HTTP, "$default"),
        ("m2", "a,b$".to_owned(), HTTP, "Prod"),
        ("m3", "gone".to_owned(), HTTP, "a-stage-that-is-gone"),
        ("m4", "gone/api".to_owned(), "absent0000", "prod"),
        ("m5", String::new(), "x0001awkwd", "Prod"),
        ("m6", "Prod".to_owned(), "h0002awkwd", "$default"),
    ];
    let mappings = keys.map(|(id, key, api, stage)| Mapping::new(id, key, api, stage));
    let rule = |id: &str, base_path: &str, headers| RoutingRule {
        base_paths: vec![base_path.to_owned()],
        headers,
        strip_base_path: true,
        ..RoutingRule::new(id, 10, "x0001awkwd", "Prod")
    };
    let rules = vec![
        rule("r1", "ruled", Vec::new()),
        rule("r2", "beta", vec![("x-beta".to_owned(), "yes*".to_owned())]),
    ];
    let mut with_rules = DomainName::regional("rules.example.com");
    with_rules.routing_mode = RoutingMode::RulesThenMappings;
    let mut without_mappings = DomainName::regional("only-rules.example.com");
    without_mappings.routing_mode = RoutingMode::Rules;
    without_mappings.made_with_v1 = false;
    let mut old = DomainName::regional("old.example.com");
    "TLS_1_0".clone_into(&mut old.security_policy);
    let mut edge = DomainName::edge("edge.example.com");
    "UPDATING".clone_into(&mut edge.status);
    let to_rest = |id: &str, key: &str| vec![Mapping::new(id, key, "x0001awkwd", "Prod")];
    let mut open = to_rest("m8", "open");
    open[0].stage = None;
    vec![
        (DomainName::regional("api.example.com"), mappings.to_vec(), Vec::new()),
        (DomainName::regional("*.example.com"), to_rest("m7", ""), Vec::new()),
        (
            DomainName::regional("ws.example.com"),
            vec![Mapping::new("m9", "", SOCKET, "live")],
            Vec::new(),
        ),
        (with_rules, to_rest("m10", "mapped"), rules.clone()),
        (without_mappings, to_rest("m11", "ignored"), rules),
        (old, to_rest("m12", ""), Vec::new()),
        (edge, open, Vec::new()),
    ]
}

/// Three names that are the same: two private ones, and one for everyone.
fn private_domains() -> DomainEstate {
    let same = "same.example.com";
    let mut reachable = DomainName::private(same, "one");
    reachable.vpc_endpoint_ids = vec!["vpce-0a".to_owned()];
    let to = |id: &str, number: usize| vec![Mapping::new(id, "", format!("x{number:04}awkwd"), "Prod")];
    vec![
        (reachable, to("m13", 6), Vec::new()),
        (DomainName::private(same, "two"), to("m14", 7), Vec::new()),
        (DomainName::regional(same), to("m15", 1), Vec::new()),
    ]
}
