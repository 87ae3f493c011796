//! Where stages are called, and what follows from it.

use super::super::address::{Address, address};
use super::*;
use crate::model::{Domain, Export, Format, Known, Mapping, StageExport};

const OWN: &str = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";

fn of_type(api_type: ApiType) -> GatewayApi {
    GatewayApi { api_type, ..api("A") }
}

fn disabled(api_type: ApiType) -> GatewayApi {
    GatewayApi {
        execute_api_disabled: true,
        ..of_type(api_type)
    }
}

/// A mapping to the API.
fn mapping(stage: Option<&str>, key: &str) -> Mapping {
    Mapping {
        api_id: ApiId::parse("a1b2c3d4e5").unwrap(),
        stage: stage.map(str::to_owned),
        key: key.to_owned(),
    }
}

fn domain(name: &str, mappings: &[Mapping], known: Known) -> Domain {
    Domain {
        name: name.to_owned(),
        mappings: mappings.to_vec(),
        known,
    }
}

/// The domain `api.example.com` with these mappings, all of them.
fn mapped(mappings: &[Mapping]) -> Domains {
    Domains::Listed(vec![domain("api.example.com", mappings, Known::All)])
}

fn none() -> Domains {
    Domains::Listed(Vec::new())
}

fn addressed(api: &GatewayApi, stage: &str, domains: &Domains, recorded: Option<&[&str]>) -> Address {
    let recorded = recorded.map(|urls| urls.iter().map(|&url| url.to_owned()).collect());
    address((&gateway(&always()), api), stage, domains, recorded.as_ref())
}

/// The API with a stage, in a gateway with these domains.
fn around(api: &GatewayApi, stage: &Stage, domains: &Domains, recorded: Option<&[&str]>) -> DesiredApi {
    let integration = always();
    let gateway = gateway(&integration);
    let urls = recorded.map(|urls| urls.iter().map(|&url| url.to_owned()).collect());
    let recorded = urls.map(|urls| (stage_entity_name(&stage.name), urls));
    let mut desired = desired_api(
        &integration,
        place(&integration, &gateway),
        api,
        &MetadataTypes::default(),
    );
    let around = Around {
        integration: &integration,
        place: place(&integration, &gateway),
        domains,
        types: &MetadataTypes::default(),
        recorded: &recorded.into_iter().collect(),
        with_definitions: false,
    };
    add_stages(&mut desired, around, api, std::slice::from_ref(stage));
    desired
}

#[test]
fn an_api_without_domains_is_called_at_its_own_url() {
    use ApiType::{Http, Rest, Websocket};
    for (api_type, stage, url) in [
        (
            Rest,
            "prod",
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod",
        ),
        (
            Rest,
            "$default",
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/$default",
        ),
        (
            Http,
            "prod",
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod",
        ),
        (
            Http,
            "$default",
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
        ),
        (
            Websocket,
            "prod",
            "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod",
        ),
        (
            Websocket,
            "$default",
            "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/$default",
        ),
    ] {
        let expected = Address {
            urls: vec![url.to_owned()],
            ..Address::default()
        };
        assert_eq!(
            addressed(&of_type(api_type), stage, &none(), None),
            expected,
            "{api_type:?} {stage}"
        );
    }
}

#[test]
fn a_mapping_leads_to_a_stage_below_its_key() {
    let prod = Some("prod");
    //    the mapping → the URL of the stage `prod`
    let table = [
        (mapping(prod, ""), Some("https://api.example.com")),
        (mapping(prod, "v1"), Some("https://api.example.com/v1")),
        (
            mapping(prod, "v1/orders/all"),
            Some("https://api.example.com/v1/orders/all"),
        ),
        (mapping(prod, "a,b$"), Some("https://api.example.com/a,b$")),
        (mapping(prod, "a-_.+!*'()"), Some("https://api.example.com/a-_.+!*'()")),
        (
            mapping(prod, "a?b#c%d e"),
            Some("https://api.example.com/a%3Fb%23c%25d%20e"),
        ),
        (mapping(None, ""), Some("https://api.example.com/prod")),
        (mapping(None, "v1"), Some("https://api.example.com/v1/prod")),
        (mapping(Some("dev"), "v1"), None),
        (mapping(Some("PROD"), "v1"), None),
        (
            Mapping {
                api_id: ApiId::parse("b2").unwrap(),
                ..mapping(prod, "")
            },
            None,
        ),
        (
            Mapping {
                api_id: ApiId::parse("A1B2C3D4E5").unwrap(),
                ..mapping(prod, "")
            },
            Some("https://api.example.com"),
        ),
    ];
    for (mapping, url) in table {
        let address = addressed(&api("A"), "prod", &mapped(std::slice::from_ref(&mapping)), None);
        let own = format!("{OWN}/prod");
        let urls: Vec<&str> = url.into_iter().chain([&*own]).collect();
        assert_eq!(address.urls, urls, "{mapping:?}");
        assert_eq!((address.has_domain, address.gap), (url.is_some(), None), "{mapping:?}");
    }
}

#[test]
fn urls_on_domains_come_first_and_in_order() {
    let domains = Domains::Listed(vec![
        domain("z.example.com", &[mapping(Some("prod"), "")], Known::All),
        domain(
            "b.example.com",
            &[mapping(Some("prod"), "v2"), mapping(Some("prod"), "v1")],
            Known::All,
        ),
        domain("b.example.com", &[mapping(Some("prod"), "v1")], Known::All),
    ]);
    let on_domains =
        |scheme: &str| ["b.example.com/v1", "b.example.com/v2", "z.example.com"].map(|url| format!("{scheme}://{url}"));
    for (api_type, scheme) in [
        (ApiType::Rest, "https"),
        (ApiType::Http, "https"),
        (ApiType::Websocket, "wss"),
    ] {
        let own = format!("{scheme}://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod");
        let urls = addressed(&of_type(api_type), "prod", &domains, None).urls;
        assert_eq!(urls, [&on_domains(scheme)[..], &[own]].concat(), "{api_type:?}");
        let urls = addressed(&disabled(api_type), "prod", &domains, None).urls;
        assert_eq!(urls, on_domains(scheme), "{api_type:?}");
    }
}

#[test]
fn a_url_that_is_too_long_for_the_catalog_is_left_out_and_named() {
    let long = |letter: &str| mapping(Some("prod"), &letter.repeat(300));
    let short = || mapping(Some("prod"), "v1");
    for (mappings, urls, gap) in [
        (
            vec![long("k"), short()],
            2,
            Some("has 324 characters; API Center stores 200"),
        ),
        (
            vec![long("k"), long("l"), short()],
            2,
            Some("has 324 characters, and 1 others are too long"),
        ),
        (vec![long("k")], 1, Some("has 324 characters; API Center stores 200")),
        (vec![mapping(Some("prod"), &"k".repeat(176))], 2, None),
        (
            vec![mapping(Some("prod"), &"k".repeat(177))],
            1,
            Some("has 201 characters"),
        ),
    ] {
        let address = addressed(&api("A"), "prod", &mapped(&mappings), None);
        assert_eq!(address.urls.len(), urls, "{address:?}");
        let found = address.gap.unwrap_or_default();
        assert!(gap.map_or(found.is_empty(), |gap| found.contains(gap)), "{found}");
        assert!(
            gap.is_none() || found.starts_with("https://api.example.com/kkk"),
            "{found}"
        );
        assert!(found.len() < 300);
    }
}

#[test]
fn no_more_urls_are_taken_than_the_catalog_stores() {
    let mappings: Vec<Mapping> = (0..250)
        .map(|number| mapping(Some("prod"), &format!("v{number:03}")))
        .collect();
    let address = addressed(&api("A"), "prod", &mapped(&mappings), None);
    assert_eq!(address.urls.len(), 200);
    assert_eq!(address.urls[199], "https://api.example.com/v199");
    assert_eq!(address.gap.as_deref(), Some("it has 251 URLs; API Center stores 200"));
}

#[test]
fn a_stage_with_no_url_at_all_says_so() {
    let elsewhere = mapping(Some("dev"), "");
    for (api, domains, urls, says) in [
        (disabled(ApiType::Http), none(), 0, true),
        (disabled(ApiType::Http), mapped(&[elsewhere]), 0, true),
        (disabled(ApiType::Http), mapped(&[mapping(Some("prod"), "")]), 1, false),
        (of_type(ApiType::Http), none(), 1, false),
    ] {
        let mut desired = around(&api, &stage("prod"), &domains, None);
        let version = desired.versions.remove(0);
        assert_eq!(
            (version.deployments[0].urls.len(), super::urls(&version).len()),
            (urls, urls)
        );
        let skips: Vec<SkipReason> = version.deployments[0].skips.iter().map(|skip| skip.reason).collect();
        assert_eq!(
            skips,
            if says {
                vec![SkipReason::NoInvokeUrl]
            } else {
                Vec::new()
            }
        );
    }
}

#[test]
fn urls_on_a_domain_that_could_not_be_read_stay() {
    let why = || "why".to_owned();
    let own = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod";
    let recorded = [
        "https://api.example.com/a/b",
        "https://api.example.com/v1",
        "https://other.example.com",
        own,
    ];
    let [deep, flat, other, _] = recorded;
    let now = "https://api.example.com/now";
    let listed = |known| Domains::Listed(vec![domain("api.example.com", &[mapping(Some("prod"), "now")], known)]);
    let unread = |known| Domains::Listed(vec![domain("api.example.com", &[], known)]);
    //    the domains, the kind → the URLs on domains
    let table = [
        (listed(Known::All), ApiType::Rest, vec![now]),
        (unread(Known::All), ApiType::Rest, vec![]),
        (listed(Known::RestOnly(why())), ApiType::Rest, vec![deep, now]),
        (listed(Known::RestOnly(why())), ApiType::Http, vec![deep, now, flat]),
        (unread(Known::Nothing(why())), ApiType::Rest, vec![deep, flat]),
        (unread(Known::Nothing(why())), ApiType::Http, vec![deep, flat]),
        (Domains::Unknown(why()), ApiType::Rest, vec![deep, flat, other]),
        (none(), ApiType::Rest, vec![]),
    ];
    for (domains, api_type, on_domains) in table {
        let what = format!("{domains:?} {api_type:?}");
        let address = addressed(&of_type(api_type), "prod", &domains, Some(&recorded));
        assert_eq!(address.urls, [&on_domains[..], &[own]].concat(), "{what}");
        assert_eq!(address.has_domain, !on_domains.is_empty(), "{what}");
        assert_eq!((address.gap, address.unknown), (None, None), "{what}");
        let own = addressed(&of_type(api_type), "prod", &domains, Some(&[own]));
        assert!(
            own.urls.len() <= 2,
            "what the API's own URL was is no URL on a domain: {own:?}"
        );
    }
}

#[test]
fn a_new_stage_that_only_an_unknown_domain_could_lead_to_waits() {
    let unknown = || {
        Domains::Listed(vec![domain(
            "api.example.com",
            &[],
            Known::Nothing("denied".to_owned()),
        )])
    };
    let half = || {
        Domains::Listed(vec![
            domain("api.example.com", &[], Known::Nothing("denied".to_owned())),
            domain("b.example.com", &[mapping(Some("prod"), "")], Known::All),
        ])
    };
    let unlisted = || Domains::Unknown("denied".to_owned());
    let recorded: &[&str] = &["https://api.example.com/v1"];
    //    the API, the domains, the recorded URLs → the URLs, or `None` where it waits
    let table = [
        (disabled(ApiType::Http), unknown(), None, None),
        (disabled(ApiType::Http), unlisted(), None, None),
        (disabled(ApiType::Http), half(), None, Some(1)),
        (disabled(ApiType::Http), none(), None, Some(0)),
        (of_type(ApiType::Http), unknown(), None, Some(1)),
        (disabled(ApiType::Http), unknown(), Some(recorded), Some(1)),
        (disabled(ApiType::Http), unlisted(), Some(&[][..]), Some(0)),
    ];
    for (api, domains, recorded, expected) in table {
        let what = format!("{domains:?} {recorded:?} {}", api.execute_api_disabled);
        let desired = around(&api, &stage("prod"), &domains, recorded);
        assert_eq!(
            desired
                .versions
                .first()
                .map(|version| version.deployments[0].urls.len()),
            expected,
            "{what}"
        );
        let waits: Vec<_> = desired
            .skips
            .iter()
            .map(|skip| (skip.reason, skip.message.contains("denied")))
            .collect();
        let expected = if expected.is_none() {
            vec![(SkipReason::DomainUnknown, true)]
        } else {
            Vec::new()
        };
        assert_eq!(waits, expected, "{what}");
    }
}

#[test]
fn only_a_stage_of_a_rest_api_is_there_before_it_is_deployed() {
    let bare = Stage {
        deployment_id: String::new(),
        ..stage("prod")
    };
    for (api_type, reasons) in [
        (ApiType::Rest, vec![]),
        (ApiType::Http, vec![SkipReason::NotDeployed]),
        (ApiType::Websocket, vec![SkipReason::NotDeployed]),
    ] {
        let desired = staged(&always(), &of_type(api_type), std::slice::from_ref(&bare), false);
        let skips: Vec<SkipReason> = desired.skips.iter().map(|skip| skip.reason).collect();
        assert_eq!(
            (desired.versions.len(), skips),
            (1 - reasons.len(), reasons),
            "{api_type:?}"
        );
    }
}

#[test]
fn each_kind_of_api_has_its_kind_and_its_format_in_the_catalog() {
    for (api_type, kind, format) in [
        (ApiType::Rest, "rest", Format::OpenApi),
        (ApiType::Http, "rest", Format::OpenApi),
        (ApiType::Websocket, "websocket", Format::AsyncApi),
    ] {
        let desired = staged(&always(), &of_type(api_type), &[stage("prod")], false);
        assert_eq!(text(&desired.members[0].fields.enforced, "kind").as_deref(), Some(kind));
        assert_eq!(desired.versions[0].format, format);
        assert_eq!(desired.members[0].key.api_type, api_type);
        assert_eq!(desired.versions[0].deployments[0].from, desired.members[0].key);
    }
    assert_eq!(EntityName::definition(Format::AsyncApi).as_str(), "asyncapi");
}

#[test]
fn servers_are_replaced_where_the_exported_ones_are_not_what_people_call() {
    let led = || mapped(&[mapping(Some("prod"), ""), mapping(Some("$default"), "")]);
    //    the API, the stage, the domains → whether they are replaced
    let table = [
        (of_type(ApiType::Rest), "prod", none(), false),
        (of_type(ApiType::Http), "prod", none(), false),
        (of_type(ApiType::Http), "$default", none(), true),
        (of_type(ApiType::Websocket), "prod", none(), true),
        (of_type(ApiType::Rest), "prod", led(), true),
        (of_type(ApiType::Http), "$default", led(), true),
        (disabled(ApiType::Rest), "prod", none(), true),
        (disabled(ApiType::Http), "prod", led(), true),
    ];
    for (api, name, domains, replaced) in table {
        let what = format!("{api:?} {name} {domains:?}");
        let version = around(&api, &stage(name), &domains, None).versions.remove(0);
        assert_eq!(version.deployments[0].servers.is_some(), replaced, "{what}");
        assert!(
            version.deployments[0]
                .servers
                .as_ref()
                .is_none_or(|servers| *servers == version.deployments[0].urls),
            "{what}"
        );
        // The revision follows the URLs only where they are in the document.
        let elsewhere = Gateway {
            account: None,
            region: Region::parse("eu-west-1").unwrap(),
        };
        let integration = always();
        let mut moved = desired_api(
            &integration,
            place(&integration, &elsewhere),
            &api,
            &MetadataTypes::default(),
        );
        let around = Around {
            integration: &integration,
            place: place(&integration, &elsewhere),
            domains: &domains,
            types: &MetadataTypes::default(),
            recorded: &BTreeMap::new(),
            with_definitions: false,
        };
        add_stages(&mut moved, around, &api, &[stage(name)]);
        let same_urls = moved.versions[0].deployments[0].urls == version.deployments[0].urls;
        let same = moved.versions[0].deployments[0].definition == version.deployments[0].definition;
        assert_eq!(same, !replaced || same_urls, "{what}");
    }
}

#[test]
fn replaced_servers_count_as_content_and_nothing_else_changes() {
    let text = r#"{"openapi":"3.0.1","info":{"title":"A","version":"2024-02-02 14:22:44UTC"},"servers":[{"url":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/{basePath}","variables":{"basePath":{"default":""}}}],"paths":{"/$default":{}}}"#;
    let document = |servers: Option<&[&str]>| {
        let servers: Option<Vec<String>> = servers.map(|urls| urls.iter().map(|&url| url.to_owned()).collect());
        match definition(
            &of_type(ApiType::Http),
            StageExport::OpenApi(text.into()),
            servers.as_deref(),
        )
        .unwrap()
        {
            Export::Document(document) => document,
            Export::Unavailable { message, .. } => panic!("{message}"),
        }
    };
    let exported = document(None);
    assert_eq!(exported.text, text);
    let (own, other, nothing) = (
        document(Some(&[OWN])),
        document(Some(&["https://api.example.com"])),
        document(Some(&[])),
    );
    let digests = [&exported, &own, &other, &nothing].map(|document| &document.canonical_digest);
    assert_eq!(digests.into_iter().collect::<BTreeSet<_>>().len(), 4);
    assert_eq!(own, document(Some(&[OWN])));
    assert!(!own.text.contains("basePath"), "{}", own.text);
    let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    for (document, servers) in [
        (own, json!([{ "url": OWN }])),
        (other, json!([{ "url": "https://api.example.com" }])),
        (nothing, json!([])),
    ] {
        let mut expected = read(text);
        expected["servers"] = servers;
        assert_eq!(read(&document.text), expected);
        assert_eq!(
            (document.format, &*document.specification_version),
            (Format::OpenApi, "3.0.1")
        );
        assert_eq!(document.content_digest, digest(document.text.as_bytes()));
    }
}

#[test]
fn a_websocket_api_is_described_with_its_servers() {
    let export = StageExport::WebSocket {
        routes: Vec::new(),
        models: Vec::new(),
    };
    let servers = ["wss://chat.example.com/v1".to_owned()];
    let document = |servers| match definition(&of_type(ApiType::Websocket), export.clone(), servers).unwrap() {
        Export::Document(document) => document,
        Export::Unavailable { message, .. } => panic!("{message}"),
    };
    let (with, without) = (document(Some(&servers[..])), document(Some(&[])));
    assert_eq!((with.format, &*with.specification_version), (Format::AsyncApi, "3.0.0"));
    assert!(with.text.contains("chat.example.com"), "{}", with.text);
    assert!(!without.text.contains("\"servers\":{"), "{}", without.text);
    assert_ne!(with.canonical_digest, without.canonical_digest);
}

fn any_known() -> impl Strategy<Value = Known> {
    prop_oneof![
        Just(Known::All),
        Just(Known::RestOnly("why".to_owned())),
        Just(Known::Nothing("why".to_owned())),
    ]
}

fn any_mapping() -> impl Strategy<Value = Mapping> {
    let api_id = prop_oneof![3 => Just("a1b2c3d4e5"), 1 => Just("b2")].prop_map(|id| ApiId::parse(id).unwrap());
    let stage = proptest::option::of(prop_oneof![2 => Just("prod".to_owned()), 1 => Just("$default".to_owned())]);
    let key = prop_oneof![4 => "[a-z]{0,2}(/[a-z,$]{1,2})?", 1 => "[a-z?#% ]{0,300}"];
    (api_id, stage, key).prop_map(|(api_id, stage, key)| Mapping { api_id, stage, key })
}

fn any_domain() -> impl Strategy<Value = Domain> {
    let name = prop_oneof![3 => "[a-c]\\.example\\.com", 1 => ".{0,12}"];
    let mappings = proptest::collection::vec(any_mapping(), 0..6);
    (name, mappings, any_known()).prop_map(|(name, mappings, known)| Domain { name, mappings, known })
}

/// Domains, and the same in another order.
fn two_orders() -> impl Strategy<Value = (Vec<Domain>, Vec<Domain>)> {
    proptest::collection::vec(any_domain(), 0..5).prop_flat_map(|domains| {
        let mixed = domains.iter().cloned().map(|domain| {
            let mappings = Just(domain.mappings.clone()).prop_shuffle();
            mappings.prop_map(move |mappings| Domain {
                mappings,
                ..domain.clone()
            })
        });
        let mixed: Vec<_> = mixed.collect();
        (
            Just(domains),
            mixed.prop_flat_map(|domains| Just(domains).prop_shuffle()),
        )
    })
}

proptest! {
    #[test]
    fn urls_are_sorted_and_short_and_the_order_of_domains_and_mappings_is_irrelevant(
        (domains, mixed) in two_orders(),
        api_type in prop_oneof![Just(ApiType::Rest), Just(ApiType::Http), Just(ApiType::Websocket)],
        execute_api_disabled in any::<bool>(),
        is_recorded in any::<bool>(),
    ) {
        let api = GatewayApi { execute_api_disabled, ..of_type(api_type) };
        let recorded = ["https://a.example.com/a/b", "https://b.example.com/x"];
        let recorded = is_recorded.then_some(&recorded[..]);
        let (domains, mixed) = (Domains::Listed(domains), Domains::Listed(mixed));
        let found = addressed(&api, "prod", &domains, recorded);
        let again = addressed(&api, "prod", &mixed, recorded);
        prop_assert_eq!((&found.urls, found.has_domain, &found.gap), (&again.urls, again.has_domain, &again.gap));
        prop_assert_eq!(found.unknown.is_some(), again.unknown.is_some());
        let own = usize::from(!execute_api_disabled);
        let (on_domains, own) = found.urls.split_at(found.urls.len() - own);
        prop_assert!(on_domains.is_sorted_by(|one, other| one < other), "{:?}", on_domains);
        prop_assert!(own.iter().all(|url| url.contains(".execute-api.")));
        for url in &found.urls {
            prop_assert!(url.len() <= 200 && !url.ends_with('/'), "{}", url);
            let read = url::Url::parse(url).unwrap();
            prop_assert!(read.query().is_none() && read.fragment().is_none(), "{}", url);
        }
    }
}
