//! The rules of a document.

use super::*;

fn with_rules(property: &str, rules: Value) -> Value {
    with(&format!("properties.{property}"), rules)
}

/// Where a document is refused, and what the message says of it.
fn refusal(property: &str, rules: &Value) -> (String, String) {
    let problem = parse(&with_rules(property, rules.clone())).unwrap_err();
    assert_eq!(problem.code, ErrorCode::InvalidRequest, "{rules}");
    let target = problem.target.clone().unwrap();
    let message = problem.message.strip_prefix(&target).unwrap_or(&problem.message);
    (target, message.trim().to_owned())
}

#[test]
fn rules_are_shown_as_they_were_put() {
    let mut asked = document();
    let properties = &mut asked["properties"];
    properties["include"] = json!([
        { "name": "team/*", "tags": { "env": "prod", "aws:cloudformation:stack-name": "*" } },
        { "stage": "\\*?", "apiType": "WebSocket", "endpointType": "Private" },
    ]);
    properties["exclude"] = json!([{ "source": "sandbox", "account": "012345678901", "region": "eu-*" }]);
    properties["map"] = json!([
        { "set": { "api.customProperties.team": "${tag:owner}", "api.contacts": [{ "email": "${tag:mail}" }] } },
        {
            "when": { "stage": "prod" },
            "set": { "deployment.environmentId": "production" },
            "default": { "version.lifecycleStage": "production", "deployment.customProperties.tier": 1 },
        },
    ]);
    let parsed = parse(&asked).unwrap();
    let shown = json!(DocumentProperties::from(&parsed.integration));
    for list in ["include", "exclude", "map"] {
        assert_eq!(shown[list], asked["properties"][list]);
    }
    assert_eq!(
        parse(&json!({ "properties": shown })).unwrap().integration,
        parsed.integration
    );
    let name = IntegrationName::parse("shop").unwrap();
    let center = ApiCenterId::parse(CENTER).unwrap();
    let kept = parse_settings(&shown, &name, &center, &VaultHosts::PublicClouds);
    assert_eq!(kept.unwrap(), parsed.integration);
}

#[test]
fn words_of_facts_are_read_in_any_case_and_shown_in_one() {
    let rules = json!([{ "apiType": "WEBSOCKET", "endpointType": "edge" }]);
    let parsed = parse(&with_rules("include", rules)).unwrap();
    let shown = json!(DocumentProperties::from(&parsed.integration));
    assert_eq!(
        shown["include"],
        json!([{ "apiType": "WebSocket", "endpointType": "Edge" }])
    );
}

#[test]
fn a_match_that_cannot_be_meant_is_refused_by_its_place() {
    for (rules, target, words) in [
        (json!({}), "properties.exclude", "must be a list"),
        (json!(["a"]), "properties.exclude[0]", "must be an object"),
        (
            json!([{ "name": "a" }, {}]),
            "properties.exclude[1]",
            "match everything",
        ),
        (json!([{ "name": null }]), "properties.exclude[0]", "match everything"),
        (json!([{ "names": "a" }]), "properties.exclude[0].names", "is unknown"),
        (json!([{ "name": "a\\" }]), "properties.exclude[0].name", "backslash"),
        (
            json!([{ "stage": 1 }]),
            "properties.exclude[0].stage",
            "must be a string",
        ),
        (
            json!([{ "account": 12_345_678_901_u64 }]),
            "properties.exclude[0].account",
            "in quotes",
        ),
        (
            json!([{ "apiType": "SOAP" }]),
            "properties.exclude[0].apiType",
            "REST, HTTP, WebSocket",
        ),
        (
            json!([{ "endpointType": "" }]),
            "properties.exclude[0].endpointType",
            "Regional, Edge, Private",
        ),
        (
            json!([{ "tags": ["a"] }]),
            "properties.exclude[0].tags",
            "must be an object",
        ),
        (
            json!([{ "tags": { "a": true } }]),
            "properties.exclude[0].tags.a",
            "must be a string",
        ),
        (
            json!([{ "tags": { "a": null } }]),
            "properties.exclude[0].tags.a",
            "must be a string",
        ),
        (
            json!([{ "name": "a".repeat(257) }]),
            "properties.exclude[0].name",
            "more than 256",
        ),
        (
            json!(vec![json!({ "name": "a" }); 101]),
            "properties.exclude",
            "more than 100 rules",
        ),
        (
            json!(vec![json!({ "name": "ä".repeat(256), "stage": "ä".repeat(256) }); 99]),
            "properties.exclude",
            "more than 65536 bytes",
        ),
    ] {
        let (found, message) = refusal("exclude", &rules);
        assert_eq!(found, target);
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_rule_that_cannot_be_meant_is_refused_by_its_place() {
    let set = |field: &str, template: Value| json!([{ "set": { field: template } }]);
    for (rules, target, words) in [
        (json!([{}]), "properties.map[0]", "must set at least one field"),
        (
            json!([{ "set": {} }]),
            "properties.map[0]",
            "must set at least one field",
        ),
        (json!([{ "sets": {} }]), "properties.map[0].sets", "is unknown"),
        (
            json!([{ "when": {}, "set": { "api.summary": "a" } }]),
            "properties.map[0].when",
            "match everything",
        ),
        (
            json!([{ "when": { "stage": "prod" }, "set": { "version.title": "a", "api.summary": "a" } }]),
            "properties.map[0].when.stage",
            "api.summary is a field of the API",
        ),
        (
            json!([{ "set": { "api.summary": "a" }, "default": { "api.summary": "b" } }]),
            "properties.map[0].default.api.summary",
            "is also in set",
        ),
        (
            set("api.kind", json!("rest")),
            "properties.map[0].set.api.kind",
            "not a field that a rule can set",
        ),
        (
            set("api.customProperties.aws-sync", json!({})),
            "properties.map[0].set.api.customProperties.aws-sync",
            "this app's own",
        ),
        (
            set("api.customProperties.AWS-Region", json!([])),
            "properties.map[0].set.api.customProperties.AWS-Region",
            "this app's own",
        ),
        (
            set("deployment.customProperties.aws-sync-stage", json!({})),
            "properties.map[0].set.deployment.customProperties.aws-sync-stage",
            "this app's own",
        ),
        (
            set("api.summary", json!("by ${owner}")),
            "properties.map[0].set.api.summary",
            "${owner}, which is unknown",
        ),
        (
            set("api.summary", json!("${stage}")),
            "properties.map[0].set.api.summary",
            "several stages",
        ),
        (
            set("api.summary", Value::Null),
            "properties.map[0].set.api.summary",
            "null",
        ),
    ] {
        let (found, message) = refusal("map", &rules);
        assert_eq!(found, target);
        assert!(message.contains(words), "{message}");
    }
    let fields: serde_json::Map<String, Value> = (0..51)
        .map(|number| (format!("api.customProperties.field{number}"), json!(number)))
        .collect();
    let (target, _) = refusal("map", &json!([{ "set": fields }]));
    assert_eq!(target, "properties.map[0]");
}

#[test]
fn what_is_not_known_of_a_kept_rule_is_not_ignored() {
    let mut properties = document()["properties"].clone();
    properties["exclude"] = json!([{ "name": "a", "newer": "b" }]);
    let name = IntegrationName::parse("shop").unwrap();
    let center = ApiCenterId::parse(CENTER).unwrap();
    let problem = parse_settings(&properties, &name, &center, &VaultHosts::PublicClouds).unwrap_err();
    assert_eq!(problem.target.as_deref(), Some("properties.exclude[0].newer"));
}
