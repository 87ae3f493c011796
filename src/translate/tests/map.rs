//! How rules fill fields.

use super::*;
use crate::model::ErrorCode;

/// The organisation's metadata.
fn types() -> MetadataTypes {
    let tiers = json!({ "type": "string", "enum": ["gold", "silver"] });
    let api = [
        ("team", json!({ "type": "string", "maxLength": 10 })),
        ("pii", json!({ "type": "boolean" })),
        ("cost", json!({ "type": "number" })),
        ("tier", tiers.clone()),
        ("areas", json!({ "type": "array", "items": tiers })),
    ];
    let api = api
        .into_iter()
        .map(|(name, schema)| (EntityKind::Api, name.to_owned(), schema));
    let deployment = (EntityKind::Deployment, "tier".to_owned(), json!({ "type": "string" }));
    MetadataTypes::new(api.chain([deployment]))
}

fn filled(map: &Value, api: &GatewayApi, stages: &[&str]) -> DesiredApi {
    let defaults = json!({ "api": { "team": "nobody", "tier": "silver" } });
    let integration = ruled(&json!({ "map": map, "defaultCustomProperties": defaults }));
    let (gateway, types) = (gateway(&integration), types());
    let mut desired = desired_api(&integration, place(&integration, &gateway), api, &types);
    let around = Around {
        integration: &integration,
        place: place(&integration, &gateway),
        domains: &Domains::Listed(Vec::new()),
        types: &types,
        recorded: &BTreeMap::new(),
        with_definitions: false,
    };
    let stages: Vec<Stage> = stages.iter().map(|name| stage(name)).collect();
    add_stages(&mut desired, around, api, &stages);
    desired
}

/// What an entity of these fields has of a property: its value, and whether every run puts it right.
fn found(fields: &Fields, path: &[&str]) -> Option<(Value, bool)> {
    let of = |fields: &[Field], is_enforced| {
        let found: Vec<_> = fields
            .iter()
            .filter(|(field, _)| *field == FieldPath::new(path))
            .cloned()
            .collect();
        found
            .into_iter()
            .map(|(_, value)| (value.unwrap_or_default(), is_enforced))
            .collect::<Vec<_>>()
    };
    let mut all = of(&fields.enforced, true);
    all.extend(of(&fields.initial, false));
    assert!(all.len() <= 1, "{path:?} is listed twice: {all:?}");
    all.pop()
}

fn custom(fields: &Fields, name: &str) -> Option<(Value, bool)> {
    found(fields, &["customProperties", name])
}

fn messages(skips: &[Skip]) -> Vec<&str> {
    assert!(
        skips.iter().all(|skip| skip.reason == SkipReason::MappingFailed),
        "{skips:?}"
    );
    skips.iter().map(|skip| skip.message.as_str()).collect()
}

#[test]
fn later_rules_win_and_say_whether_a_field_is_enforced() {
    let map = json!([
        { "set": { "api.customProperties.team": "a", "api.summary": "first", "api.customProperties.cost": 1 } },
        { "when": { "name": "ord*" }, "default": { "api.summary": "${name} in ${account}/${region}" } },
        { "when": { "name": "other" }, "set": { "api.summary": "never" } },
        { "set": { "api.title": "${apiType} ${name}", "api.description": "d" } },
        { "default": { "api.description": "by ${apiId}" } },
    ]);
    let desired = filled(&map, &api("orders"), &[]);
    let fields = &desired.members[0].fields;
    assert_eq!(custom(fields, "team"), Some((json!("a"), true)));
    assert_eq!(custom(fields, "tier"), Some((json!("silver"), false)));
    assert_eq!(custom(fields, "cost"), Some((json!(1), true)));
    let summary = json!("orders in 012345678901/us-east-1");
    assert_eq!(found(fields, &["summary"]), Some((summary, false)));
    assert_eq!(found(fields, &["title"]), Some((json!("REST orders"), true)));
    assert_eq!(found(fields, &["description"]), Some((json!("by a1b2c3d4e5"), false)));
    assert_eq!((desired.title(), &desired.skips), ("orders", &Vec::new()));
}

#[test]
fn a_rule_whose_tag_is_missing_does_not_fire() {
    let map = json!([{ "set": { "api.customProperties.team": "${tag:owner}", "api.summary": "owned" } }]);
    for (tags, team) in [
        (&[("owner", "core")][..], Some("core")),
        (&[("Owner", "core")], Some("core")),
        (&[("Owner", "core"), ("OWNER", "shop")], None),
        (&[("Owner", "core"), ("OWNER", "shop"), ("owner", "own")], Some("own")),
        (&[("owner", "")], None),
        (&[], None),
    ] {
        let desired = filled(&map, &tagged("A", tags), &[]);
        let expected = team.map_or((json!("nobody"), false), |team| (json!(team), true));
        assert_eq!(custom(&desired.members[0].fields, "team"), Some(expected), "{tags:?}");
        assert_eq!(
            found(&desired.members[0].fields, &["summary"]).is_some(),
            team.is_some(),
            "{tags:?}"
        );
        assert_eq!(desired.skips, []);
    }
    let unknown = json!([{ "set": { "api.summary": "${accountName}" } }]);
    assert_eq!(
        found(&filled(&unknown, &api("A"), &[]).members[0].fields, &["summary"]),
        None
    );
}

#[test]
fn amazon_s_own_tags_fill_fields_too() {
    let map = json!([{ "set": { "api.summary": "stack ${tag:aws:cloudformation:stack-name}" } }]);
    let desired = filled(&map, &tagged("A", &[("aws:cloudformation:stack-name", "shop")]), &[]);
    assert_eq!(
        found(&desired.members[0].fields, &["summary"]),
        Some((json!("stack shop"), true))
    );
}

#[test]
fn a_tag_fills_booleans_numbers_and_lists() {
    let map = json!([{ "set": {
        "api.customProperties.pii": "${tag:pii}",
        "api.customProperties.cost": "${tag:cost}",
        "api.customProperties.areas": ["${tag:area}"],
        "api.contacts": [{ "name": "${tag:area}", "email": "a@b.c" }],
        "api.externalDocumentation": [{ "url": "https://wiki/${apiId}" }],
    } }]);
    let desired = filled(
        &map,
        &tagged("A", &[("pii", "true"), ("cost", "12.5"), ("area", "gold")]),
        &[],
    );
    assert_eq!(custom(&desired.members[0].fields, "pii"), Some((json!(true), true)));
    assert_eq!(custom(&desired.members[0].fields, "cost"), Some((json!(12.5), true)));
    assert_eq!(
        custom(&desired.members[0].fields, "areas"),
        Some((json!(["gold"]), true))
    );
    let contacts = json!([{ "name": "gold", "email": "a@b.c" }]);
    assert_eq!(found(&desired.members[0].fields, &["contacts"]), Some((contacts, true)));
    assert_eq!(desired.skips, []);
}

#[test]
fn a_value_that_is_refused_is_a_skip_of_that_field_and_the_rest_is_done() {
    let map = json!([
        { "set": { "api.summary": "s", "api.customProperties.tier": "gold" } },
        { "set": {
            "api.customProperties.tier": "${tag:tier}",
            "api.customProperties.team": "${tag:team}",
            "api.customProperties.gone": "x",
            "api.termsOfService": { "url": "${tag:tier}" },
            "api.title": "\u{200b}",
        } },
    ]);
    let desired = filled(&map, &tagged("A", &[("tier", "bronze"), ("team", "elevenchars")]), &[]);
    let fields = &desired.members[0].fields;
    // What is there stays; a new entity gets what it would have without the rule.
    assert_eq!(custom(fields, "tier"), Some((json!("silver"), false)));
    assert_eq!(custom(fields, "team"), Some((json!("nobody"), false)));
    assert_eq!(custom(fields, "gone"), None);
    assert_eq!(found(fields, &["summary"]), Some((json!("s"), true)));
    assert_eq!(found(fields, &["termsOfService"]), None);
    assert_eq!(
        messages(&desired.skips),
        [
            r#"map[1] does not fill api.customProperties.gone: the organisation has no metadata "gone" for an entity of this kind"#,
            r#"map[1] does not fill api.customProperties.team: "elevenchars" has 11 characters; at most 10 are allowed"#,
            r#"map[1] does not fill api.customProperties.tier: "bronze" is none of "gold", "silver""#,
            r#"map[1] does not fill api.termsOfService: url: "bronze" is no URL"#,
            "map[1] does not fill api.title: it would be empty",
        ]
    );
}

#[test]
fn texts_of_api_center_s_own_fields_are_cut_and_its_words_taken_in_any_case() {
    let map = json!([
        { "set": { "api.title": "${name}${name}", "deployment.title": "${name}" } },
        { "set": { "version.lifecycleStage": "${tag:stage}", "deployment.state": "Inactive" } },
    ]);
    let desired = filled(&map, &tagged(&"a".repeat(60), &[("stage", "Production")]), &["prod"]);
    let cut = json!(format!("{}…", "a".repeat(49)));
    assert_eq!(found(&desired.members[0].fields, &["title"]), Some((cut.clone(), true)));
    let version = &desired.versions[0];
    assert_eq!(
        found(&version.deployments[0].version, &["lifecycleStage"]),
        Some((json!("production"), true))
    );
    let deployment = &version.deployments[0].fields;
    assert_eq!(found(deployment, &["title"]), Some((cut, true)));
    assert_eq!(found(deployment, &["state"]), Some((json!("inactive"), true)));
    assert_eq!(version.deployments[0].skips, []);
}

#[test]
fn rules_about_stages_fill_versions_and_deployments() {
    let map = json!([
        { "set": { "version.lifecycleStage": "development", "deployment.customProperties.tier": "${stage}" } },
        {
            "when": { "stage": "prod" },
            "set": { "deployment.environmentId": "production" },
            "default": { "version.lifecycleStage": "production" },
        },
        { "when": { "stage": "test" }, "default": { "deployment.environmentId": "/workspaces/default/environments/Test" } },
    ]);
    let desired = filled(&map, &api("A"), &["dev", "prod", "test"]);
    let facts = desired.versions.iter().map(|version| {
        let deployment = &version.deployments[0].fields;
        (
            found(&version.deployments[0].version, &["lifecycleStage"]).unwrap(),
            custom(deployment, "tier").unwrap(),
            found(deployment, &["environmentId"]).unwrap(),
        )
    });
    let environment = |name: &str| json!(format!("/workspaces/default/environments/{name}"));
    assert_eq!(
        facts.collect::<Vec<_>>(),
        [
            (
                (json!("development"), true),
                (json!("dev"), true),
                (environment("shop"), true)
            ),
            (
                (json!("production"), false),
                (json!("prod"), true),
                (environment("production"), true)
            ),
            (
                (json!("development"), true),
                (json!("test"), true),
                (environment("Test"), false)
            ),
        ]
    );
}

#[test]
fn an_environment_that_is_no_name_moves_nothing() {
    let map = json!([{ "set": { "deployment.environmentId": "${tag:env}" } }]);
    let desired = filled(&map, &tagged("A", &[("env", "a b")]), &["prod"]);
    let version = &desired.versions[0];
    let environment = found(&version.deployments[0].fields, &["environmentId"]);
    assert_eq!(
        environment,
        Some((json!("/workspaces/default/environments/shop"), false))
    );
    assert_eq!(version.deployments[0].skips[0].stage_name.as_deref(), Some("prod"));
    assert_eq!(
        messages(&version.deployments[0].skips),
        [
            "map[0] does not fill deployment.environmentId: \"a b\" is not an environment: it must be a name or \
             /workspaces/default/environments/NAME"
        ]
    );
}

#[test]
fn the_rule_that_decides_about_a_field_is_told() {
    let map = json!([
        { "set": { "api.summary": "a", "deployment.state": "active", "version.title": "${stage}" } },
        { "default": { "api.summary": "b" } },
        { "set": { "api.summary": "${tag:missing}", "api.customProperties.tier": "gold" } },
        { "set": { "api.customProperties.tier": "tin", "api.customProperties.cost": 1 } },
        { "when": { "stage": "prod" }, "set": { "deployment.state": "inactive" } },
    ]);
    let desired = filled(&map, &api("A"), &["dev", "prod"]);
    let told = |fields: &Fields| -> Vec<String> {
        fields
            .rules
            .iter()
            .map(|(field, rule)| format!("{field} {rule}"))
            .collect()
    };
    assert_eq!(
        told(&desired.members[0].fields),
        ["customProperties.cost map[3].set", "summary map[1].default"]
    );
    let deployments = desired
        .versions
        .iter()
        .map(|version| told(&version.deployments[0].fields));
    let deployments: Vec<Vec<String>> = deployments.collect();
    assert_eq!(deployments, [["state map[0].set"], ["state map[4].set"]]);
    assert_eq!(told(&desired.versions[0].deployments[0].version), ["title map[0].set"]);
}

#[test]
fn rules_that_never_fit_the_organisation_s_metadata_are_refused_by_their_place() {
    let check = |field: &str, value: &Value| {
        let integration = ruled(&json!({ "map": [
            { "set": { "api.summary": "a" } },
            { "default": { field: value } },
        ] }));
        check_rules(&integration, &types())
    };
    for (field, value, why) in [
        ("api.customProperties.nope", json!("${name}"), "no metadata \"nope\""),
        ("deployment.customProperties.team", json!("a"), "no metadata \"team\""),
        (
            "api.customProperties.tier",
            json!("tin"),
            "none of \"gold\", \"silver\"",
        ),
        ("api.customProperties.pii", json!("maybe"), "is no boolean"),
        ("api.contacts", json!({ "name": "a" }), "is no array"),
        ("api.contacts", json!([{ "phone": "1" }]), "phone is not known"),
        ("api.externalDocumentation", json!([{ "title": "a" }]), "has no url"),
        ("version.lifecycleStage", json!("live"), "none of \"design\""),
        ("deployment.state", json!("on"), "none of \"active\""),
        ("deployment.environmentId", json!("a/b"), "is not an environment"),
        ("deployment.environmentId", json!(1), "is no string"),
    ] {
        let problem = check(field, &value).unwrap_err();
        let target = format!("properties.map[1].default.{field}");
        assert_eq!(
            (problem.code, problem.target.as_deref()),
            (ErrorCode::InvalidRequest, Some(&*target))
        );
        assert!(problem.message.contains(why), "{}", problem.message);
    }
    for (field, value) in [
        ("api.customProperties.tier", json!("${tag:tier}")),
        ("api.customProperties.pii", json!("TRUE")),
        ("api.license", json!({ "name": "MIT" })),
        ("deployment.environmentId", json!("${stage}")),
        ("version.lifecycleStage", json!("Production")),
    ] {
        assert_eq!(check(field, &value), Ok(()), "{field} {value}");
    }
}

#[test]
fn environments_that_are_named_for_all_are_known() {
    let integration = ruled(&json!({ "map": [
        { "set": { "deployment.environmentId": "prod" } },
        { "default": { "deployment.environmentId": "/workspaces/default/environments/PROD" } },
        { "default": { "deployment.environmentId": "/Workspaces/default/environments/test" } },
        { "set": { "deployment.environmentId": "${stage}" } },
    ] }));
    let named: Vec<String> = environments_named(&integration)
        .iter()
        .map(|name| name.as_str().to_ascii_lowercase())
        .collect();
    assert_eq!(named, ["prod", "test"]);
}

proptest! {
    #[test]
    fn whatever_an_api_is_called_rules_fill_what_api_center_takes(name in "\\PC{0,80}", tag in "\\PC{0,300}") {
        let map = json!([{ "set": {
            "api.title": "${name}",
            "api.summary": "${tag:a}${tag:a}",
            "api.customProperties.team": "${tag:a}",
            "deployment.environmentId": "${tag:a}",
        } }]);
        let desired = filled(&map, &tagged(&name, &[("a", &tag)]), &["prod"]);
        let length = |fields: &Fields, path: &[&str]| {
            found(fields, path).and_then(|(value, _)| Some(value.as_str()?.encode_utf16().count()))
        };
        prop_assert!((1..=50).contains(&length(&desired.members[0].fields, &["title"]).unwrap()));
        prop_assert!(length(&desired.members[0].fields, &["summary"]).unwrap_or_default() <= 200);
        prop_assert!(length(&desired.members[0].fields, &["customProperties", "team"]).unwrap() <= 20);
        let environment = found(&desired.versions[0].deployments[0].fields, &["environmentId"]).unwrap().0;
        let name = environment.as_str().unwrap().strip_prefix("/workspaces/default/environments/").unwrap();
        prop_assert!(EntityName::parse(name).is_ok());
    }
}
