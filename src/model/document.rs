//! The document of an integration: the body of a `PUT`, and the properties of a `GET`.
//!
//! The shape is that of Microsoft's `apiSources`, so that what works there works here.

mod properties;
mod source;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::marker::is_our_schema;
use super::{
    ApiCenterId, DefaultCustomProperties, EntityName, ErrorCode, ImportSpecification, Integration, IntegrationName,
    LifecycleStage, Problem, Properties, VaultHosts, clip,
};

pub use self::properties::{DocumentProperties, SourceProperties};

/// As much of an unknown property's name as is repeated, in UTF-16 units.
const REPEATED_MAX: usize = 100;
/// How many levels the values of metadata may have: parsers here stop at 128, and what is listed has more around it than
/// what is asked for, so that what only just got in could never be read again.
const METADATA_DEPTH_MAX: usize = 32;
/// The only kind of source there is.
const API_SOURCE_TYPE: &str = "AmazonApiGateway";

/// An integration, as its document asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedDocument {
    /// The integration.
    pub integration: Integration,
    /// Whether the document names the environment, which allows the use of one that is there already.
    pub names_environment: bool,
}

/// Reads the document of the integration `name`.
///
/// What a `GET` shows beside what can be set is ignored; anything else that is not known is refused.
///
/// # Errors
/// When something is missing, malformed or not known: the problem's target says where.
pub fn parse_document(
    document: &Value,
    name: &IntegrationName,
    center: &ApiCenterId,
    hosts: &VaultHosts,
) -> Result<ParsedDocument, Problem> {
    let document = Object::of(document, "")?;
    document.only(&["properties"], &["id", "name", "type", "systemData"])?;
    let properties = document.object("properties")?.ok_or_else(|| missing("properties"))?;
    properties.only(
        &[
            "apiSourceType",
            "amazonApiGatewaySource",
            "importSpecification",
            "targetEnvironmentId",
            "targetLifecycleStage",
            "defaultCustomProperties",
        ],
        &["linkState", "lastSync", "history", "sourceLifecycleStage"],
    )?;
    if let Some(kind) = properties.text("apiSourceType")?
        && !kind.eq_ignore_ascii_case(API_SOURCE_TYPE)
    {
        return Err(invalid(
            &properties.at("apiSourceType"),
            &format!("must be {API_SOURCE_TYPE}"),
        ));
    }
    let source = properties
        .object("amazonApiGatewaySource")?
        .ok_or_else(|| missing(&properties.at("amazonApiGatewaySource")))?;
    let source = source::parse(&source, hosts)?;
    let environment = properties.text("targetEnvironmentId")?;
    let integration = Integration {
        name: name.clone(),
        region: source.region,
        authentication: source.authentication,
        import_specification: word(&properties, "importSpecification", "always, never, ondemand")?
            .unwrap_or(ImportSpecification::Always),
        environment: match environment {
            Some(id) => environment_name(&properties, id, center)?,
            None => name.entity_name().clone(),
        },
        lifecycle_stage: word(
            &properties,
            "targetLifecycleStage",
            "design, development, testing, preview, production, deprecated, retired",
        )?
        .unwrap_or(LifecycleStage::Design),
        default_custom_properties: default_custom_properties(&properties)?,
        msi_resource_id: source.msi_resource_id,
    };
    Ok(ParsedDocument {
        integration,
        names_environment: environment.is_some(),
    })
}

/// A word of a fixed set, compared without case as Azure does.
fn word<T: DeserializeOwned>(properties: &Object<'_>, property: &str, words: &str) -> Result<Option<T>, Problem> {
    let Some(text) = properties.text(property)? else {
        return Ok(None);
    };
    let word = serde_json::from_value(Value::String(text.to_ascii_lowercase()));
    word.map(Some)
        .map_err(|_| invalid(&properties.at(property), &format!("must be one of {words}")))
}

/// The name in `/workspaces/default/environments/NAME`, which the id of this API center may precede.
fn environment_name(properties: &Object<'_>, id: &str, center: &ApiCenterId) -> Result<EntityName, Problem> {
    const COLLECTION: &str = "/workspaces/default/environments/";
    let path = properties.at("targetEnvironmentId");
    let refuse = || {
        invalid(
            &path,
            "must be /workspaces/default/environments/NAME, in this API center",
        )
    };
    let short = match id.get(..center.as_str().len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(center.as_str()) => &id[prefix.len()..],
        Some(_) | None => id,
    };
    let collection = short.get(..COLLECTION.len()).ok_or_else(refuse)?;
    if !collection.eq_ignore_ascii_case(COLLECTION) {
        return Err(refuse());
    }
    EntityName::parse(&short[COLLECTION.len()..]).map_err(|error| invalid(&path, &error.to_string()))
}

fn default_custom_properties(properties: &Object<'_>) -> Result<DefaultCustomProperties, Problem> {
    let Some(defaults) = properties.object("defaultCustomProperties")? else {
        return Ok(DefaultCustomProperties::default());
    };
    defaults.only(&["api", "environment", "deployment"], &[])?;
    let of = |kind: &str| -> Result<Properties, Problem> {
        let Some(values) = defaults.object(kind)? else {
            return Ok(Properties::new());
        };
        if let Some(reserved) = values.members.keys().find(|name| is_our_schema(name)) {
            return Err(invalid(&values.at(reserved), "is this app's own metadata"));
        }
        if values.members.values().any(|value| depth(value) > METADATA_DEPTH_MAX) {
            return Err(invalid(
                &values.path,
                &format!("has more than {METADATA_DEPTH_MAX} levels of values"),
            ));
        }
        Ok(values.members.clone())
    };
    Ok(DefaultCustomProperties {
        api: of("api")?,
        environment: of("environment")?,
        deployment: of("deployment")?,
    })
}

/// How many objects and arrays are within one another.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// An object of the document and where it stands in it.
struct Object<'a> {
    path: String,
    members: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    fn of(value: &'a Value, path: &str) -> Result<Self, Problem> {
        match value.as_object() {
            Some(members) => Ok(Self {
                path: path.to_owned(),
                members,
            }),
            None if path.is_empty() => Err(Problem::new(
                ErrorCode::InvalidRequest,
                "the body must be a JSON object",
            )),
            None => Err(invalid(path, "must be an object")),
        }
    }

    /// The path of a member.
    fn at(&self, member: &str) -> String {
        if self.path.is_empty() {
            member.to_owned()
        } else {
            format!("{}.{member}", self.path)
        }
    }

    /// Refuses members other than these.
    fn only(&self, known: &[&str], ignored: &[&str]) -> Result<(), Problem> {
        let is_known = |name: &str| known.contains(&name) || ignored.contains(&name);
        match self.members.keys().find(|name| !is_known(name)) {
            Some(unknown) => {
                let problem = format!("is not known; known are {}", known.join(", "));
                Err(invalid(&self.at(&clip(unknown, REPEATED_MAX)), &problem))
            }
            None => Ok(()),
        }
    }

    fn member(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn object(&self, name: &str) -> Result<Option<Self>, Problem> {
        self.member(name)
            .map(|value| Self::of(value, &self.at(name)))
            .transpose()
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, Problem> {
        let text = |value: &'a Value| {
            value
                .as_str()
                .ok_or_else(|| invalid(&self.at(name), "must be a string"))
        };
        self.member(name).map(text).transpose()
    }
}

fn missing(path: &str) -> Problem {
    invalid(path, "is missing")
}

fn invalid(path: &str, problem: &str) -> Problem {
    Problem::new(ErrorCode::InvalidRequest, format!("{path} {problem}")).with_target(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
            json!({ "api": { "aws-rest-api": {} } }),
        );
        assert_eq!(
            parse(&reserved).unwrap_err().target.as_deref(),
            Some("properties.defaultCustomProperties.api.aws-rest-api")
        );
        assert_eq!(parse(&json!([])).unwrap_err().code, ErrorCode::InvalidRequest);
    }
}
