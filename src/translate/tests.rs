mod address;
mod fit;
mod group;
mod map;
mod select;

use proptest::prelude::*;

use super::*;
use crate::model::document::parse_document;
use crate::model::{
    AccessKeySecrets, AccountId, Accounts, ApiCenterId, ApiId, AwsAuthentication, DefaultCustomProperties,
    EndpointType, GroupBy, IntegrationName, LifecycleStage, Region, SecretIdentifier, Source, VaultHosts,
};

fn integration(region: &str, import_specification: ImportSpecification) -> Integration {
    let secret = |name: &str| {
        let identifier = format!("https://kv.vault.azure.net/secrets/{name}");
        SecretIdentifier::parse(&identifier, &VaultHosts::PublicClouds).unwrap()
    };
    Integration {
        name: IntegrationName::parse("shop").unwrap(),
        sources: vec![Source {
            name: None,
            regions: vec![Region::parse(region).unwrap()],
            authentication: AwsAuthentication::AccessKey(AccessKeySecrets {
                access_key: secret("id"),
                secret_access_key: secret("key"),
            }),
            accounts: Accounts::Own,
            account: None,
            environment: None,
            lifecycle_stage: None,
            msi_resource_id: None,
        }],
        api_types: ApiType::ALL.into(),
        facts: BTreeSet::new(),
        import_specification,
        environment: EntityName::parse("shop").unwrap(),
        lifecycle_stage: LifecycleStage::Design,
        default_custom_properties: DefaultCustomProperties::default(),
        include: Vec::new(),
        exclude: Vec::new(),
        map: Vec::new(),
        group_by: GroupBy::None,
        group_trim: BTreeSet::new(),
    }
}

fn always() -> Integration {
    integration("us-east-1", ImportSpecification::Always)
}

fn api(name: &str) -> GatewayApi {
    GatewayApi {
        api_type: ApiType::Rest,
        id: ApiId::parse("a1b2c3d4e5").unwrap(),
        name: name.to_owned(),
        description: None,
        version: None,
        endpoint_type: EndpointType::Regional,
        vpc_endpoint_ids: Vec::new(),
        execute_api_disabled: false,
        tags: Box::default(),
    }
}

fn stage(name: &str) -> Stage {
    Stage {
        name: name.to_owned(),
        deployment_id: "dep1".to_owned(),
        description: None,
        last_updated: Some(1_700_000_000),
        documentation_version: None,
        canary_deployment_id: None,
    }
}

/// The gateway that the integration lists.
fn gateway(integration: &Integration) -> Gateway {
    Gateway {
        account: integration.sources[0].account.clone(),
        region: integration.sources[0].regions[0].clone(),
    }
}

/// Where the APIs of a gateway are.
fn place<'a>(integration: &'a Integration, gateway: &'a Gateway) -> Place<'a> {
    Place {
        source: &integration.sources[0],
        account_name: None,
        gateway,
    }
}

fn desired_api(integration: &Integration, place: Place<'_>, api: &GatewayApi, types: &MetadataTypes) -> DesiredApi {
    let mut desired = listed_api(integration, place, api).unwrap();
    add_fields(&mut desired, integration, place, api, types);
    desired
}

fn listed(api: &GatewayApi) -> DesiredApi {
    let (integration, gateway) = (always(), gateway(&always()));
    desired_api(
        &integration,
        place(&integration, &gateway),
        api,
        &MetadataTypes::default(),
    )
}

fn staged(integration: &Integration, api: &GatewayApi, stages: &[Stage], with_definitions: bool) -> DesiredApi {
    let gateway = gateway(integration);
    let mut desired = desired_api(
        integration,
        place(integration, &gateway),
        api,
        &MetadataTypes::default(),
    );
    let around = Around {
        integration,
        place: place(integration, &gateway),
        domains: &Domains::Listed(Vec::new()),
        types: &MetadataTypes::default(),
        recorded: &BTreeMap::new(),
        with_definitions,
    };
    add_stages(&mut desired, around, api, stages);
    desired
}

fn only_stage(integration: &Integration, api: &GatewayApi, stage: &Stage) -> DesiredVersion {
    let mut translated = staged(integration, api, std::slice::from_ref(stage), false);
    assert_eq!((translated.versions.len(), translated.skips.len()), (1, 0));
    assert_eq!(translated.versions[0].deployments.len(), 1);
    assert_eq!(translated.versions[0].deployments[0].name, translated.versions[0].name);
    translated.versions.remove(0)
}

/// An integration with these rules, read as its document is.
fn ruled(rules: &Value) -> Integration {
    let mut properties = json!({ "amazonApiGatewaySource": {
        "accessKey": "https://kv.vault.azure.net/secrets/id",
        "secretAccessKey": "https://kv.vault.azure.net/secrets/key",
        "regionName": "us-east-1",
    } });
    for (name, value) in rules.as_object().unwrap() {
        properties[name] = value.clone();
    }
    let name = IntegrationName::parse("shop").unwrap();
    let center = "/subscriptions/1/resourceGroups/group/providers/Microsoft.ApiCenter/services/center";
    let center = ApiCenterId::parse(center).unwrap();
    let document = json!({ "properties": properties });
    let parsed = parse_document(&document, &name, &center, &VaultHosts::PublicClouds).unwrap();
    let mut integration = parsed.integration;
    integration.facts.clear();
    integration.sources[0].account = AccountId::parse("012345678901");
    integration
}

fn tagged(name: &str, tags: &[(&str, &str)]) -> GatewayApi {
    let tags = tags.iter();
    GatewayApi {
        tags: tags
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..api(name)
    }
}

/// The value of a field.
fn value(fields: &[Field], path: &[&str]) -> Option<Value> {
    let mut fields = fields.iter();
    let (_, value) = fields.find(|(field, _)| *field == FieldPath::new(path)).unwrap();
    value.clone()
}

fn text(fields: &[Field], path: &str) -> Option<String> {
    value(fields, &[path]).map(|value| value.as_str().unwrap().to_owned())
}

fn urls(version: &DesiredVersion) -> Vec<String> {
    let urls = value(&version.deployments[0].fields.enforced, &["server", "runtimeUri"]);
    serde_json::from_value(urls.unwrap()).unwrap()
}

#[test]
fn an_api_is_named_for_its_integration_and_id_and_titled_for_its_name() {
    for (name, title) in [
        ("Orders", "Orders".to_owned()),
        ("", "a1b2c3d4e5".to_owned()),
        (" \t", "a1b2c3d4e5".to_owned()),
        (&"x".repeat(51), format!("{}…", "x".repeat(49))),
        (&"😀".repeat(30), format!("{}…", "😀".repeat(24))),
    ] {
        let desired = listed(&api(name));
        assert_eq!(desired.name.as_str(), "shop-a1b2c3d4e5");
        assert_eq!(
            text(&desired.members[0].fields.enforced, "title").as_ref(),
            Some(&title)
        );
        assert_eq!(desired.title(), title);
        assert_eq!(desired.members[0].key.to_string(), "-/us-east-1/a1b2c3d4e5");
    }
}

#[test]
fn a_description_is_cut_and_an_empty_one_is_none() {
    for (description, expected) in [
        (None, None),
        (Some(""), None),
        (Some(" \n"), None),
        (Some("d"), Some("d".to_owned())),
        (Some(&*"d".repeat(1001)), Some(format!("{}…", "d".repeat(999)))),
    ] {
        let description = description.map(str::to_owned);
        let api = GatewayApi {
            description,
            ..api("A")
        };
        assert_eq!(text(&listed(&api).members[0].fields.enforced, "description"), expected);
    }
}

#[test]
fn a_stage_becomes_a_named_titled_and_described_deployment() {
    let long = "S".repeat(128);
    let stage = Stage {
        description: Some("d".repeat(501)),
        ..stage(&long)
    };
    let desired = only_stage(&always(), &api("A"), &stage);
    assert_eq!(desired.name, stage_entity_name(&long));
    assert_eq!(desired.stage_name, long);
    let deployment = &desired.deployments[0];
    let title = Some(format!("{}…", "S".repeat(49)));
    assert_eq!(text(&deployment.version.enforced, "title"), title);
    assert_eq!(text(&deployment.fields.initial, "title"), title);
    let description = text(&deployment.fields.initial, "description");
    assert_eq!(description, Some(format!("{}…", "d".repeat(499))));
    assert_eq!(deployment.deployment_id, "dep1");
}

#[test]
fn the_invoke_url_follows_the_partition() {
    for (region, url) in [
        (
            "us-east-1",
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod",
        ),
        (
            "cn-north-1",
            "https://a1b2c3d4e5.execute-api.cn-north-1.amazonaws.com.cn/prod",
        ),
        (
            "us-gov-west-1",
            "https://a1b2c3d4e5.execute-api.us-gov-west-1.amazonaws.com/prod",
        ),
        (
            "eusc-de-east-1",
            "https://a1b2c3d4e5.execute-api.eusc-de-east-1.amazonaws.eu/prod",
        ),
    ] {
        let desired = only_stage(
            &integration(region, ImportSpecification::Always),
            &api("A"),
            &stage("prod"),
        );
        assert_eq!(urls(&desired), [url]);
        assert_eq!(desired.deployments[0].skips, []);
    }
}

#[test]
fn a_private_api_has_a_url_for_each_of_its_vpc_endpoints() {
    let private = |endpoints: &[&str]| GatewayApi {
        endpoint_type: EndpointType::Private,
        vpc_endpoint_ids: endpoints.iter().map(|&id| id.to_owned()).collect(),
        ..api("A")
    };
    let urls = |api: &GatewayApi| urls(&only_stage(&always(), api, &stage("prod")));
    let two = [
        "https://a1b2c3d4e5-vpce-1.execute-api.us-east-1.amazonaws.com/prod",
        "https://a1b2c3d4e5-vpce-2.execute-api.us-east-1.amazonaws.com/prod",
    ];
    assert_eq!(urls(&private(&["vpce-2", "vpce-1", "vpce-2"])), two);
    let plain = ["https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"];
    assert_eq!(urls(&private(&[])), plain);
    let public = GatewayApi {
        endpoint_type: EndpointType::Regional,
        ..private(&["vpce-1"])
    };
    assert_eq!(urls(&public), plain);
}

#[test]
fn an_api_without_its_own_url_has_none_and_says_so() {
    let disabled = GatewayApi {
        execute_api_disabled: true,
        ..api("A")
    };
    let desired = only_stage(&always(), &disabled, &stage("prod"));
    assert_eq!(urls(&desired), Vec::<String>::new());
    let [skip] = &desired.deployments[0].skips[..] else {
        panic!("{:?}", desired.deployments[0].skips)
    };
    assert_eq!(
        (skip.reason, skip.stage_name.as_deref()),
        (SkipReason::NoInvokeUrl, Some("prod"))
    );
    assert!(
        skip.message
            .contains("REST API a1b2c3d4e5 is disabled, and no custom domain maps to its stage prod"),
        "{}",
        skip.message
    );
}

#[test]
fn a_url_that_is_too_long_is_left_out_and_said() {
    let private = GatewayApi {
        endpoint_type: EndpointType::Private,
        vpc_endpoint_ids: vec!["vpce-0123456789abcdef0".to_owned(), "v".to_owned()],
        ..api("A")
    };
    let desired = only_stage(&always(), &private, &stage(&"s".repeat(128)));
    assert_eq!(urls(&desired).len(), 1);
    assert!(urls(&desired)[0].starts_with("https://a1b2c3d4e5-v.execute-api"));
    assert_eq!(desired.deployments[0].skips.len(), 1);
    assert_eq!(desired.deployments[0].skips[0].reason, SkipReason::NoInvokeUrl);
}

#[test]
fn nothing_in_an_invoke_url_leads_elsewhere() {
    for endpoint in [
        "evil.example/",
        "evil.example?",
        "vpce-1@evil.example",
        "..",
        "a b",
        "\u{fffd}",
        &"v".repeat(64),
    ] {
        let api = GatewayApi {
            endpoint_type: EndpointType::Private,
            vpc_endpoint_ids: vec!["vpce-0a".to_owned(), endpoint.to_owned()],
            ..api("A")
        };
        let desired = only_stage(&always(), &api, &stage("prod"));
        assert_eq!(
            (urls(&desired), desired.deployments[0].skips[0].reason),
            (Vec::new(), SkipReason::NoInvokeUrl),
            "{endpoint}"
        );
        assert!(desired.deployments[0].skips[0].message.len() < 300);
    }
    for name in ["a/../b", "a?b#c", "a\\b", "%2e%2e", "@evil.example", "日本"] {
        let desired = only_stage(&always(), &api("A"), &stage(name));
        let url = url::Url::parse(&urls(&desired)[0]).unwrap();
        assert_eq!(
            url.host_str(),
            Some("a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"),
            "{name}"
        );
        assert_eq!(
            (url.path_segments().unwrap().count(), url.query(), url.fragment()),
            (1, None, None),
            "{name}"
        );
    }
}

#[test]
fn titles_and_descriptions_show_what_would_deceive() {
    let api = GatewayApi {
        description: Some("one\r\ntwo\u{1b}[2J".to_owned()),
        ..api("\u{202e}moc.elpmaxe\u{0}\n")
    };
    let desired = listed(&api);
    assert_eq!(desired.title(), "\u{fffd}moc.elpmaxe\u{fffd} ");
    let description = text(&desired.members[0].fields.enforced, "description");
    assert_eq!(description.as_deref(), Some("one\ntwo\u{fffd}[2J"));
    let nameless = GatewayApi {
        name: "\u{200b}".to_owned(),
        ..api
    };
    assert_eq!(listed(&nameless).title(), "a1b2c3d4e5");
    let bare = Stage {
        deployment_id: String::new(),
        ..stage(" ")
    };
    let untitled = only_stage(&always(), &nameless, &bare);
    assert_eq!(
        text(&untitled.deployments[0].version.enforced, "title").as_deref(),
        Some("untitled")
    );
}

#[test]
fn the_definition_follows_the_integration_and_the_call() {
    let revision = Definition::Exported(revision(&api("A"), &stage("prod"), None));
    for (import, asked, expected) in [
        (ImportSpecification::Always, false, &revision),
        (ImportSpecification::Always, true, &revision),
        (ImportSpecification::OnDemand, false, &Definition::Kept),
        (ImportSpecification::OnDemand, true, &revision),
        (ImportSpecification::Never, false, &Definition::Absent),
        (ImportSpecification::Never, true, &Definition::Absent),
    ] {
        let translated = staged(&integration("us-east-1", import), &api("A"), &[stage("prod")], asked);
        assert_eq!(
            &translated.versions[0].deployments[0].definition, expected,
            "{import:?} {asked}"
        );
    }
}

#[test]
fn each_part_that_an_export_depends_on_changes_the_revision() {
    let text = |text: &str| Some(text.to_owned());
    let stages = [
        stage("prod"),
        Stage {
            deployment_id: "dep2".to_owned(),
            ..stage("prod")
        },
        Stage {
            last_updated: Some(1),
            ..stage("prod")
        },
        Stage {
            documentation_version: text("x"),
            ..stage("prod")
        },
        Stage {
            canary_deployment_id: text("x"),
            ..stage("prod")
        },
    ];
    let mut revisions: BTreeSet<String> = stages.iter().map(|stage| revision(&api("A"), stage, None)).collect();
    let versioned = |version: &str| GatewayApi {
        version: text(version),
        ..api("A")
    };
    let described = GatewayApi {
        description: text("x"),
        ..api("A")
    };
    for api in [api("B"), described, versioned("1"), versioned("2")] {
        revisions.insert(revision(&api, &stage("prod"), None));
    }
    assert_eq!(revisions.len(), 9);
    assert!(
        revisions.iter().all(|revision| revision.len() < 200),
        "it is kept in the catalog"
    );
    let blank = GatewayApi {
        version: text(""),
        ..api("A")
    };
    assert_eq!(
        revision(&blank, &stage("prod"), None),
        revision(&api("A"), &stage("prod"), None)
    );
}

#[test]
fn a_second_stage_of_one_entity_name_is_a_skip() {
    let again = Stage {
        deployment_id: "dep2".to_owned(),
        ..stage("prod")
    };
    let translated = staged(&always(), &api("A"), &[again, stage("prod"), stage("dev")], false);
    let kept: Vec<_> = translated
        .versions
        .iter()
        .map(|version| (&*version.stage_name, &*version.deployments[0].deployment_id))
        .collect();
    assert_eq!(kept, [("dev", "dep1"), ("prod", "dep1")]);
    let skips: Vec<_> = translated
        .skips
        .iter()
        .map(|skip| (skip.reason, skip.stage_name.as_deref()))
        .collect();
    assert_eq!(skips, [(SkipReason::NameCollision, Some("prod"))]);
}

fn any_stage() -> impl Strategy<Value = Stage> {
    let text = proptest::option::of("[a-z]{0,3}");
    (
        "[a-zA-Z0-9_-]{1,4}",
        "[a-z]{1,2}",
        text.clone(),
        proptest::option::of(0..3_i64),
        text,
    )
        .prop_map(
            |(name, deployment_id, description, last_updated, documentation_version)| Stage {
                name,
                deployment_id,
                description,
                last_updated,
                documentation_version,
                canary_deployment_id: None,
            },
        )
}

/// Stages with different names, as AWS has them, in two orders.
fn shuffled() -> impl Strategy<Value = (Vec<Stage>, Vec<Stage>)> {
    proptest::collection::vec(any_stage(), 0..12).prop_flat_map(|mut stages| {
        stages.sort_by(|one, other| one.name.cmp(&other.name));
        stages.dedup_by(|one, other| one.name == other.name);
        (Just(stages.clone()), Just(stages).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn the_order_of_the_stages_is_irrelevant((stages, shuffled) in shuffled()) {
        let translated = staged(&always(), &api("A"), &stages, false);
        prop_assert_eq!(&translated, &staged(&always(), &api("A"), &shuffled, false));
        prop_assert_eq!(translated.versions.len() + translated.skips.len(), stages.len());
        prop_assert!(translated.versions.is_sorted_by(|one, other| one.stage_name < other.stage_name));
    }

    #[test]
    fn titles_and_descriptions_keep_the_catalogs_limits(name in any::<String>(), text in any::<String>()) {
        let units = |text: &str| text.encode_utf16().count();
        let api = GatewayApi { description: Some(text.repeat(40)), ..api(&name.repeat(3)) };
        let desired = listed(&api);
        prop_assert!((1..=TITLE_MAX).contains(&units(desired.title())));
        let description = super::tests::text(&desired.members[0].fields.enforced, "description");
        prop_assert!(description.is_none_or(|text| (1..=API_DESCRIPTION_MAX).contains(&units(&text))));
    }
}
