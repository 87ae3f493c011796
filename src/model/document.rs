//! The document of an integration: the body of a `PUT`, and the properties of a `GET`.
//!
//! The shape is that of Microsoft's `apiSources`, so that what works there works here.

mod groups;
mod object;
mod properties;
mod source;

use std::collections::BTreeSet;

use clap::ValueEnum;
use serde_json::Value;

use self::object::{Object, Strictness, invalid, missing};
use super::{
    ApiCenterId, ApiType, DefaultCustomProperties, EntityName, Fact, ImportSpecification, Integration, IntegrationName,
    LifecycleStage, Problem, Properties, VaultHosts, is_our_schema,
};

pub use self::properties::{DocumentProperties, SourceProperties};

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
    let document = Object::of(document, "", Strictness::Body)?;
    document.only(&["properties"], &["id", "name", "type", "systemData"])?;
    let properties = document.object("properties")?.ok_or_else(|| missing("properties"))?;
    parse_properties(&properties, name, center, hosts)
}

/// Reads the properties of the integration `name` as they are kept: what another release keeps beside them is ignored.
///
/// # Errors
/// As [`parse_document`].
pub fn parse_settings(
    properties: &Value,
    name: &IntegrationName,
    center: &ApiCenterId,
    hosts: &VaultHosts,
) -> Result<Integration, Problem> {
    let properties = Object::of(properties, "properties", Strictness::Kept)?;
    parse_properties(&properties, name, center, hosts).map(|parsed| parsed.integration)
}

fn parse_properties(
    properties: &Object<'_>,
    name: &IntegrationName,
    center: &ApiCenterId,
    hosts: &VaultHosts,
) -> Result<ParsedDocument, Problem> {
    properties.only(
        &[
            "apiSourceType",
            "amazonApiGatewaySource",
            "apiTypes",
            "facts",
            "importSpecification",
            "targetEnvironmentId",
            "targetLifecycleStage",
            "defaultCustomProperties",
            "groupBy",
            "groupTrim",
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
        account: source.account,
        authentication: source.authentication,
        api_types: api_types(properties)?,
        facts: facts(properties)?,
        import_specification: word(properties, "importSpecification")?.unwrap_or(ImportSpecification::Always),
        environment: match environment {
            Some(id) => environment_name(properties, id, center)?,
            None => name.entity_name().clone(),
        },
        lifecycle_stage: word(properties, "targetLifecycleStage")?.unwrap_or(LifecycleStage::Design),
        default_custom_properties: default_custom_properties(properties)?,
        group_by: groups::group_by(properties)?,
        group_trim: groups::group_trim(properties)?,
        msi_resource_id: source.msi_resource_id,
    };
    Ok(ParsedDocument {
        integration,
        names_environment: environment.is_some(),
    })
}

/// A word of a fixed set, compared without case as Azure does.
fn word<T: ValueEnum>(properties: &Object<'_>, property: &str) -> Result<Option<T>, Problem> {
    let word = |text| {
        T::from_str(text, true).map_err(|_| {
            let words = T::value_variants().iter().filter_map(T::to_possible_value);
            let words: Vec<String> = words.map(|word| word.get_name().to_owned()).collect();
            invalid(
                &properties.at(property),
                &format!("must be one of {}", words.join(", ")),
            )
        })
    };
    properties.text(property)?.map(word).transpose()
}

/// The kinds of API; all of them when nothing is said.
fn api_types(properties: &Object<'_>) -> Result<BTreeSet<ApiType>, Problem> {
    const PROPERTY: &str = "apiTypes";
    let Some(value) = properties.member(PROPERTY) else {
        return Ok(ApiType::ALL.into_iter().collect());
    };
    let parsed = |value: &Value| ApiType::from_str(value.as_str()?, true).ok();
    let types: Option<BTreeSet<ApiType>> = value.as_array().and_then(|items| items.iter().map(parsed).collect());
    types.filter(|types| !types.is_empty()).ok_or_else(|| {
        invalid(
            &properties.at(PROPERTY),
            "must be a list of REST, HTTP and WEBSOCKET, at least one",
        )
    })
}

/// The facts that APIs tell; all of them when nothing is said, and none when the list is empty.
fn facts(properties: &Object<'_>) -> Result<BTreeSet<Fact>, Problem> {
    const PROPERTY: &str = "facts";
    let Some(value) = properties.member(PROPERTY) else {
        return Ok(Fact::ALL.into_iter().collect());
    };
    let parsed = |value: &Value| Fact::from_str(value.as_str()?, true).ok();
    let facts = value.as_array().and_then(|items| items.iter().map(parsed).collect());
    facts.ok_or_else(|| {
        invalid(
            &properties.at(PROPERTY),
            &format!("must be a list of {}", Fact::ALL.map(Fact::word).join(", ")),
        )
    })
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

#[cfg(test)]
mod tests;
