use serde_json::json;

use super::*;
use crate::model::{ErrorCode, ExternalId};

const CENTER: &str = "/subscriptions/1/resourceGroups/group/providers/Microsoft.ApiCenter/services/center";

fn parse(document: &Value) -> Result<ParsedDocument, Problem> {
    let name = IntegrationName::parse("shop").unwrap();
    parse_document(
        document,
        &name,
        &ApiCenterId::parse(CENTER).unwrap(),
        &VaultHosts::PublicClouds,
    )
}

fn document() -> Value {
    json!({ "properties": { "amazonApiGatewaySource": {
        "accessKey": "https://vault.vault.azure.net/secrets/key",
        "secretAccessKey": "https://vault.vault.azure.net/secrets/secret/0123",
        "regionName": "us-east-1",
    } } })
}

fn with(path: &str, value: Value) -> Value {
    let mut document = document();
    let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut object = &mut document;
    for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
        object = &mut object[parent];
    }
    object[last] = value;
    document
}

#[test]
fn what_is_left_out_takes_its_default() {
    let parsed = parse(&document()).unwrap();
    assert!(!parsed.names_environment);
    assert_eq!(parsed.integration.environment.as_str(), "shop");
    assert_eq!(parsed.integration.import_specification, ImportSpecification::Always);
    assert_eq!(parsed.integration.lifecycle_stage, LifecycleStage::Design);
}

#[test]
fn what_is_shown_can_be_put_again() {
    let mut asked = with(
        "properties.targetEnvironmentId",
        json!(format!("{CENTER}/workspaces/default/environments/AWS")),
    );
    asked["properties"]["importSpecification"] = json!("onDemand");
    asked["properties"]["targetLifecycleStage"] = json!("production");
    asked["properties"]["amazonApiGatewaySource"]["msiResourceId"] = json!("/some/identity");
    asked["properties"]["defaultCustomProperties"] = json!({ "api": { "team": "core" } });
    let parsed = parse(&asked).unwrap();
    let mut shown = json!({ "id": "x", "name": "shop", "type": "AmazonApiGateway" });
    shown["properties"] = json!(DocumentProperties::from(&parsed.integration));
    shown["properties"]["linkState"] = json!({ "state": "syncing" });
    assert_eq!(
        shown["properties"]["targetEnvironmentId"],
        "/workspaces/default/environments/AWS"
    );
    assert_eq!(parse(&shown).unwrap(), parsed);
}

#[test]
fn metadata_that_could_not_be_read_again_is_refused() {
    let nested = |levels: usize| (0..levels).fold(json!(1), |value, _| json!([value]));
    let with = |levels| {
        let defaults = json!({ "environment": { "a": nested(levels) } });
        with("properties.defaultCustomProperties", defaults)
    };
    assert!(parse(&with(32)).is_ok());
    let problem = parse(&with(33)).unwrap_err();
    let path = "properties.defaultCustomProperties.environment";
    assert_eq!(
        (problem.code, problem.target.as_deref()),
        (ErrorCode::InvalidRequest, Some(path))
    );
}

#[test]
fn every_way_to_authenticate_can_be_put_again() {
    let source = "properties.amazonApiGatewaySource";
    let role = json!("arn:aws:iam::123456789012:role/sync");
    let mut by_key = with(&format!("{source}.roleArn"), role.clone());
    let mut told = by_key.clone();
    told["properties"]["amazonApiGatewaySource"]["externalId"] = json!("shop:42");
    let keyless = json!({ "properties": { "amazonApiGatewaySource": {
        "roleArn": role, "regionName": "us-east-1", "accessKey": null } } });
    by_key["properties"]["amazonApiGatewaySource"]["externalId"] = Value::Null;
    for (asked, members) in [(document(), 3), (by_key, 4), (told, 5), (keyless, 2)] {
        let parsed = parse(&asked).unwrap();
        let properties = json!(DocumentProperties::from(&parsed.integration));
        let source = properties["amazonApiGatewaySource"].as_object().unwrap();
        assert_eq!(source.len(), members, "{source:?}");
        let shown = parse(&json!({ "properties": properties })).unwrap();
        assert_eq!(shown.integration, parsed.integration);
    }
}

#[test]
fn the_external_id_of_many_accounts_goes_with_every_way_to_authenticate() {
    let (key, role) = (
        "https://vault.vault.azure.net/secrets/key",
        "arn:aws:iam::123456789012:role/hub",
    );
    for credentials in [
        json!({ "accessKey": key, "secretAccessKey": key }),
        json!({ "accessKey": key, "secretAccessKey": key, "roleArn": role }),
        json!({ "roleArn": role }),
    ] {
        let mut source = json!({
            "name": "all", "regionNames": ["us-east-1"], "accounts": ["111122223333"], "externalId": "ab",
        });
        let members = credentials.as_object().unwrap().clone();
        source.as_object_mut().unwrap().extend(members);
        let asked = json!({ "properties": { "amazonApiGatewaySources": [source] } });
        let parsed = parse(&asked).unwrap();
        let member = parsed.integration.sources[0].member_role().unwrap();
        assert_eq!(
            member.external_id.as_ref().map(ExternalId::as_str),
            Some("ab"),
            "{credentials}"
        );
        let shown = json!({ "properties": DocumentProperties::from(&parsed.integration) });
        assert_eq!(shown["properties"]["amazonApiGatewaySources"][0]["externalId"], "ab");
        assert_eq!(parse(&shown).unwrap().integration, parsed.integration);
    }
}

#[test]
fn parts_that_make_no_authentication_are_refused_by_name() {
    let role = "arn:aws:iam::123456789012:role/sync";
    let key = "https://vault.vault.azure.net/secrets/key";
    let table = [
        (json!({}), "accessKey"),
        (json!({ "accessKey": key }), "secretAccessKey"),
        (json!({ "secretAccessKey": key }), "accessKey"),
        (json!({ "accessKey": key, "roleArn": role }), "secretAccessKey"),
        (
            json!({ "accessKey": key, "secretAccessKey": key, "externalId": "ab" }),
            "externalId",
        ),
        (json!({ "roleArn": role, "externalId": "ab" }), "externalId"),
        (json!({ "externalId": "ab" }), "externalId"),
        (
            json!({ "accessKey": key, "secretAccessKey": key, "roleArn": role, "externalId": "a" }),
            "externalId",
        ),
        (json!({ "roleArn": "sync" }), "roleArn"),
        (json!({ "roleArn": 7 }), "roleArn"),
        (
            json!({ "roleArn": "arn:aws-cn:iam::123456789012:role/sync" }),
            "roleArn",
        ),
    ];
    for (mut source, property) in table {
        source["regionName"] = json!("us-east-1");
        let problem = parse(&json!({ "properties": { "amazonApiGatewaySource": source } })).unwrap_err();
        let target = format!("properties.amazonApiGatewaySource.{property}");
        assert_eq!(
            (problem.code, problem.target.as_deref()),
            (ErrorCode::InvalidRequest, Some(target.as_str())),
            "{source}"
        );
        assert!(problem.message.starts_with(&target), "{problem}");
    }
}

#[test]
fn every_refusal_names_its_place() {
    let source = "properties.amazonApiGatewaySource";
    let at = |property: &str| format!("{source}.{property}");
    let foreign = "/subscriptions/2/resourceGroups/group/providers/Microsoft.ApiCenter/services/center";
    let table = [
        ("properties".to_owned(), Value::Null, ErrorCode::InvalidRequest),
        ("property".to_owned(), json!(1), ErrorCode::InvalidRequest),
        (
            "properties.apiSourceType".to_owned(),
            json!("AzureApiManagement"),
            ErrorCode::InvalidRequest,
        ),
        (
            "properties.azureApiManagementSource".to_owned(),
            json!({}),
            ErrorCode::InvalidRequest,
        ),
        (source.to_owned(), json!([]), ErrorCode::InvalidRequest),
        (at("accessKey"), Value::Null, ErrorCode::InvalidRequest),
        (
            at("accessKey"),
            json!("AKIAIOSFODNN7EXAMPLE"),
            ErrorCode::InvalidSecretIdentifier,
        ),
        (
            at("secretAccessKey"),
            json!("https://example.com/secrets/a"),
            ErrorCode::VaultNotAllowed,
        ),
        (at("regionName"), json!("moon-base-1"), ErrorCode::UnknownRegion),
        (at("regionName"), json!(7), ErrorCode::InvalidRequest),
        (at("roleArn2"), json!("x"), ErrorCode::InvalidRequest),
        (
            "properties.importSpecification".to_owned(),
            json!("sometimes"),
            ErrorCode::InvalidRequest,
        ),
        (
            "properties.targetLifecycleStage".to_owned(),
            json!("dead"),
            ErrorCode::InvalidRequest,
        ),
        (
            "properties.targetEnvironmentId".to_owned(),
            json!("aws"),
            ErrorCode::InvalidRequest,
        ),
        (
            "properties.targetEnvironmentId".to_owned(),
            json!(format!("{foreign}/workspaces/default/environments/aws")),
            ErrorCode::InvalidRequest,
        ),
        (
            "properties.targetEnvironmentId".to_owned(),
            json!("/workspaces/default/environments/a/b"),
            ErrorCode::InvalidRequest,
        ),
    ];
    for (path, value, code) in table {
        let problem = parse(&with(&path, value.clone())).unwrap_err();
        assert_eq!(
            (problem.code, problem.target.as_deref()),
            (code, Some(path.as_str())),
            "{value} {problem}"
        );
    }
    let reserved = with(
        "properties.defaultCustomProperties",
        json!({ "api": { "aws-sync": {} } }),
    );
    assert_eq!(
        parse(&reserved).unwrap_err().target.as_deref(),
        Some("properties.defaultCustomProperties.api.aws-sync")
    );
    assert_eq!(parse(&json!([])).unwrap_err().code, ErrorCode::InvalidRequest);
}

mod rules;
