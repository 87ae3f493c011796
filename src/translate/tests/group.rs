use super::*;
use crate::model::SourceName;

fn grouped(group_by: &str, trim: &[&str]) -> Integration {
    Integration {
        group_by: GroupBy::parse(group_by).unwrap(),
        group_trim: trim.iter().map(|text| (*text).to_owned()).collect(),
        ..always()
    }
}

fn group(integration: &Integration, api: &GatewayApi, tags: &[(&str, &str)]) -> Option<String> {
    let api = GatewayApi {
        tags: tagged("", tags).tags,
        ..api.clone()
    };
    let name = group_of(integration, &api)?;
    let prefix = format!("{}-", integration.name);
    Some(name.as_str().strip_prefix(&prefix).unwrap().to_owned())
}

#[test]
fn names_are_trimmed_on_both_sides_before_they_are_a_key() {
    let trim = ["dev-", "-prod", "d", "-api-prod"];
    for (name, key) in [
        ("orders", "orders"),
        ("dev-orders", "orders"),
        ("orders-prod", "orders"),
        ("dev-orders-api-prod", "orders"),
        ("dev-dev-orders", "dev-orders"),
    ] {
        assert_eq!(
            group(&grouped("name", &trim), &api(name), &[]).as_deref(),
            Some(key),
            "{name}"
        );
    }
    // Nothing would be left of it.
    let whole = group(&grouped("name", &["dev-", "-prod"]), &api("dev-"), &[]);
    assert_eq!(whole.as_deref(), Some("dev-"));
    assert_eq!(group(&grouped("none", &["dev-"]), &api("dev-orders"), &[]), None);
    assert_eq!(group(&grouped("name", &[]), &api(" "), &[]), None);
}

#[test]
fn a_tag_is_found_as_it_is_written_or_alone_in_another_case_and_empty_it_is_none() {
    let integration = grouped("tag:Api", &[]);
    for (tags, key) in [
        (&[("Api", "orders"), ("api", "other")][..], Some("orders")),
        (&[("API", "orders")], Some("orders")),
        (&[("API", "orders"), ("api", "other")], None),
        (&[("Api", "")], None),
        (&[("Api", " ")], None),
        (&[], None),
    ] {
        assert_eq!(group(&integration, &api("orders"), tags).as_deref(), key, "{tags:?}");
    }
}

#[test]
fn rest_and_http_apis_share_a_group_and_web_socket_apis_have_their_own() {
    let integration = grouped("name", &[]);
    for (api_type, key) in [
        (ApiType::Rest, "orders"),
        (ApiType::Http, "orders"),
        (ApiType::Websocket, "orders-websocket"),
    ] {
        let api = GatewayApi {
            api_type,
            ..api("orders")
        };
        assert_eq!(group(&integration, &api, &[]).as_deref(), Some(key));
    }
}

#[test]
fn a_member_names_its_deployments_after_itself_and_titles_them_with_source_and_region() {
    let mut integration = grouped("name", &[]);
    let gateway = gateway(&integration);
    let named = Source {
        name: SourceName::parse("prod"),
        ..integration.sources[0].clone()
    };
    integration.sources.push(named);
    let types = MetadataTypes::default();
    for (order, title) in [(0, "us-east-1"), (1, "prod us-east-1")] {
        let place = Place {
            source: &integration.sources[order],
            account_name: None,
            gateway: &gateway,
        };
        let mut desired = desired_api(&integration, place, &api("orders"), &types);
        let around = Around {
            integration: &integration,
            place,
            domains: &Domains::Listed(Vec::new()),
            types: &types,
            recorded: &BTreeMap::new(),
            with_definitions: false,
        };
        let mut undeployed = stage("none");
        undeployed.deployment_id = String::new();
        add_stages(&mut desired, around, &api("orders"), &[stage("prod")]);
        assert_eq!((desired.is_group, desired.members[0].source_order), (true, order));
        let key = desired.members[0].key.clone();
        let version = &desired.versions[0];
        let deployment = &version.deployments[0];
        assert_eq!(deployment.name, version.name.of_member(&key));
        assert_eq!(text(&deployment.fields.initial, "title").as_deref(), Some(title));
        assert_eq!(text(&deployment.version.enforced, "title").as_deref(), Some("prod"));
        let http = GatewayApi {
            api_type: ApiType::Http,
            ..api("orders")
        };
        add_stages(&mut desired, around, &http, &[undeployed]);
        let skipped: BTreeSet<Option<String>> = desired.skips.iter().map(|skip| skip.member.clone()).collect();
        assert_eq!(skipped, [Some(key.to_string())].into());
    }
}
