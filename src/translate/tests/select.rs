//! Which APIs and stages are in.

use super::*;

fn listed_as(rules: &Value, api: &GatewayApi) -> Selection {
    let integration = ruled(rules);
    listed_selection(
        &integration,
        Subject::of(place(&integration, &gateway(&integration)), api),
    )
}

fn with_stages(rules: &Value, api: &GatewayApi, stages: &[&str]) -> Selection {
    let integration = ruled(rules);
    let stages: Vec<Stage> = stages.iter().map(|name| stage(name)).collect();
    api_selection(
        &integration,
        Subject::of(place(&integration, &gateway(&integration)), api),
        &stages,
    )
}

#[test]
fn an_api_is_in_when_any_include_fits_and_no_exclude_does() {
    use Selection::{All, Excluded, Included, NotIncluded};
    let orders = tagged("team/orders-internal", &[("Env", "prod"), ("empty", "")]);
    for (rules, expected) in [
        (json!({}), All),
        (json!({ "exclude": [{ "name": "x" }] }), All),
        (
            json!({ "include": [{ "name": "x" }, { "name": "*-internal" }] }),
            Included(1),
        ),
        (json!({ "include": [{ "name": "x" }] }), NotIncluded),
        (
            json!({ "include": [{ "name": "*" }], "exclude": [{ "name": "team/*" }] }),
            Excluded(0),
        ),
        (json!({ "exclude": [{ "tags": { "env": "prod" } }] }), Excluded(0)),
        (json!({ "exclude": [{ "tags": { "env": "Prod" } }] }), All),
        (json!({ "exclude": [{ "tags": { "env": "prod", "other": "*" } }] }), All),
        (json!({ "exclude": [{ "tags": { "empty": "*" } }] }), All),
        (json!({ "exclude": [{ "name": "team/*", "apiType": "http" }] }), All),
        (
            json!({ "exclude": [{ "name": "team/*", "apiType": "rest", "endpointType": "REGIONAL" }] }),
            Excluded(0),
        ),
        (
            json!({ "exclude": [{ "account": "0123*", "region": "us-east-?" }] }),
            Excluded(0),
        ),
        (json!({ "exclude": [{ "region": "eu-*" }] }), All),
        (json!({ "exclude": [{ "source": "prod" }] }), All),
        // Rules about stages leave an API in as long as its stages are not known.
        (json!({ "include": [{ "stage": "prod" }] }), Included(0)),
        (json!({ "include": [{ "name": "x", "stage": "prod" }] }), NotIncluded),
        (json!({ "exclude": [{ "stage": "*" }] }), All),
    ] {
        assert_eq!(listed_as(&rules, &orders), expected, "{rules}");
    }
}

#[test]
fn an_account_that_is_not_known_fits_no_rule() {
    let mut unknown = ruled(&json!({ "exclude": [{ "account": "*" }] }));
    unknown.sources[0].account = None;
    let selection = listed_selection(&unknown, Subject::of(place(&unknown, &gateway(&unknown)), &api("A")));
    assert_eq!(selection, Selection::All);
}

#[test]
fn an_api_whose_stages_are_all_out_is_out() {
    use Selection::{All, Excluded, Included, NotIncluded};
    let orders = api("orders");
    for (rules, stages, expected) in [
        (
            json!({ "include": [{ "stage": "prod" }] }),
            &["dev", "prod"][..],
            Included(0),
        ),
        (
            json!({ "include": [{ "stage": "prod" }] }),
            &["dev", "Prod"],
            NotIncluded,
        ),
        (json!({ "include": [{ "stage": "prod" }] }), &[], NotIncluded),
        (
            json!({ "include": [{ "stage": "prod" }, { "name": "orders" }] }),
            &[],
            Included(1),
        ),
        (
            json!({ "exclude": [{ "stage": "dev*" }] }),
            &["dev1", "dev2"],
            Excluded(0),
        ),
        (json!({ "exclude": [{ "stage": "dev*" }] }), &["dev1", "prod"], All),
        (json!({ "exclude": [{ "stage": "*" }] }), &[], All),
        (
            json!({ "include": [{ "name": "orders" }], "exclude": [{ "stage": "*" }] }),
            &["dev"],
            Excluded(0),
        ),
    ] {
        assert_eq!(with_stages(&rules, &orders, stages), expected, "{rules} {stages:?}");
    }
}

#[test]
fn only_selected_stages_become_versions() {
    let integration = ruled(&json!({ "include": [{ "stage": "prod*" }], "exclude": [{ "stage": "*-old" }] }));
    let stages = ["dev", "prod", "prod-old", "prod2"].map(stage);
    let desired = staged(&integration, &api("A"), &stages, false);
    let names: Vec<&str> = desired
        .versions
        .iter()
        .map(|version| version.stage_name.as_str())
        .collect();
    assert_eq!((names, desired.skips), (vec!["prod", "prod2"], Vec::new()));
}

#[test]
fn a_selection_tells_the_rule_that_decides() {
    let told = [
        Selection::All,
        Selection::Included(1),
        Selection::Excluded(0),
        Selection::NotIncluded,
    ];
    let told = told.map(|selection| format!("{} {selection}", selection.is_in()));
    assert_eq!(
        told,
        [
            "true nothing excludes it",
            "true include[1] fits it",
            "false exclude[0] fits it",
            "false no include rule matches it"
        ]
    );
}
