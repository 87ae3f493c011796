//! The document of an integration: the body of a `PUT`, and the properties of a `GET`.
//!
//! Its shape is Microsoft's `apiSources`, so documents for that work here.

mod groups;
mod listed;
mod object;
mod properties;
mod rules;
mod shown;
mod source;
mod sources;
mod target;

use std::collections::BTreeSet;

use clap::ValueEnum;
use serde_json::Value;

use self::object::{Object, Strictness, invalid, missing};
use self::target::{ENVIRONMENT, LIFECYCLE_STAGE, environment_name, word};
use super::{
    ApiCenterId, ApiType, DefaultCustomProperties, Fact, ImportSpecification, Integration, IntegrationName,
    LifecycleStage, Problem, Properties, VaultHosts, is_our_schema,
};

pub use self::listed::{ListedAccounts, ListedOrganization, ListedSource};
pub use self::properties::{DocumentProperties, SourceProperties};

/// Deepest nesting of metadata values: our parsers stop at 128, and lists wrap values deeper than requests do, so a
/// value just within that limit could not be read back.
const METADATA_DEPTH_MAX: usize = 32;
/// The only kind of source there is.
const API_SOURCE_TYPE: &str = "AmazonApiGateway";

/// An integration, parsed from its document.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedDocument {
    /// The integration.
    pub integration: Integration,
    /// Whether the document names the environment, which allows an existing one.
    pub names_environment: bool,
}

/// Parses the document of the integration `name`.
///
/// Ignores the read-only properties of a `GET` and refuses unknown ones.
///
/// # Errors
/// If something is missing, malformed or unknown: the problem's target says where.
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

/// Parses the stored properties of the integration `name`, and ignores those of another release.
///
/// # Errors
/// Same as [`parse_document`].
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
            "amazonApiGatewaySources",
            "apiTypes",
            "facts",
            "importSpecification",
            ENVIRONMENT,
            LIFECYCLE_STAGE,
            "defaultCustomProperties",
            "include",
            "exclude",
            "map",
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
    let environment = properties.text(ENVIRONMENT)?;
    let integration = Integration {
        name: name.clone(),
        sources: sources::parse(properties, center, hosts)?,
        api_types: api_types(properties)?,
        facts: facts(properties)?,
        import_specification: word(properties, "importSpecification")?.unwrap_or(ImportSpecification::Always),
        environment: match environment {
            Some(id) => environment_name(&properties.at(ENVIRONMENT), id, center)?,
            None => name.entity_name().clone(),
        },
        lifecycle_stage: word(properties, LIFECYCLE_STAGE)?.unwrap_or(LifecycleStage::Design),
        default_custom_properties: default_custom_properties(properties)?,
        include: rules::matches(properties, "include")?,
        exclude: rules::matches(properties, "exclude")?,
        map: rules::map(properties)?,
        group_by: groups::group_by(properties)?,
        group_trim: groups::group_trim(properties)?,
    };
    Ok(ParsedDocument {
        integration,
        names_environment: environment.is_some(),
    })
}

/// The kinds of API; defaults to all.
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
            "must be a non-empty list of REST, HTTP and WEBSOCKET",
        )
    })
}

/// The facts; defaults to all, none if the list is empty.
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

/// The depth of objects and arrays.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests;
