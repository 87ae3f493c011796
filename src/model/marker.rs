//! Markers: the custom metadata that says what is ours and what it was made from.
//!
//! A marker is read leniently and written property by property, so that what another release of ours keeps beside
//! the properties known here survives.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Entity, EntityName, FieldPath, Properties, Skip};

/// The metadata schema on environments that holds the integration.
pub const INTEGRATION_SCHEMA: &str = "aws-integration";
/// The metadata schema on APIs.
pub const REST_API_SCHEMA: &str = "aws-rest-api";
/// The metadata schema on deployments.
pub const STAGE_SCHEMA: &str = "aws-stage";
/// The property of an API's marker that lists its versions.
pub const VERSIONS: &str = "versions";

/// How far the writes below an API have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiState {
    /// The API was made and not finished since: all that is below it is ours.
    Creating,
    /// Something below it is being changed, or was when a run ended before its time.
    #[default]
    Updating,
    /// All writes were made.
    Synced,
}

/// What a stage's definition holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefinitionRecord {
    /// The revision of the last export, also when Amazon refused it.
    pub revision: Option<String>,
    /// SHA-256 of the text as the catalog holds it, lower-case hex.
    pub content_digest: Option<String>,
    /// SHA-256 of the export without what changes from one export to the next, lower-case hex.
    pub canonical_digest: Option<String>,
}

/// The marker on an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiMarker {
    /// The integration's name.
    pub integration: String,
    /// The region of its gateway.
    pub region_name: String,
    /// The REST API's id.
    pub rest_api_id: String,
    /// The names of versions, and of the deployments of the same names, that are ours or are about to be.
    pub versions: Vec<EntityName>,
    /// Amazon's names of the stages among them whose entities had to have another.
    pub stage_names: BTreeMap<EntityName, String>,
    /// What is not below it, and why.
    pub skipped: Vec<Skip>,
    /// Covers all that its desired state depends on; there once everything is as desired.
    pub fingerprint: Option<String>,
    /// How far its writes have come.
    pub state: ApiState,
    /// What the definitions hold whose deployment does not tell: there is none, or they are being made again.
    pub undeployed: BTreeMap<EntityName, DefinitionRecord>,
}

impl ApiMarker {
    /// Reads the marker of an API; `None` when it has none.
    #[must_use]
    pub fn read(api: &Entity) -> Option<Self> {
        let marker = api.metadata(REST_API_SCHEMA)?;
        let names: Vec<String> = parse_text(marker, VERSIONS);
        let undeployed: BTreeMap<String, DefinitionRecord> = parse_text(marker, "undeployed");
        let stage_names: BTreeMap<String, String> = parse_text(marker, "stageNames");
        Some(Self {
            integration: text(marker, "integration")?,
            region_name: text(marker, "regionName").unwrap_or_default(),
            rest_api_id: text(marker, "restApiId")?,
            versions: names.iter().filter_map(|name| EntityName::parse(name).ok()).collect(),
            stage_names: by_entity(stage_names),
            skipped: parse_text(marker, "skipped"),
            fingerprint: text(marker, "fingerprint").filter(|fingerprint| !fingerprint.is_empty()),
            state: marker
                .get("state")
                .and_then(|state| serde_json::from_value(state.clone()).ok())
                .unwrap_or_default(),
            undeployed: by_entity(undeployed),
        })
    }

    /// The marker's properties with the values they shall have; `None` removes one.
    #[must_use]
    pub fn fields(&self) -> Vec<(FieldPath, Option<Value>)> {
        let field = |name: &str, value: Option<Value>| (metadata_path(REST_API_SCHEMA, name), value);
        vec![
            field("integration", Some(json!(self.integration))),
            field("regionName", Some(json!(self.region_name))),
            field("restApiId", Some(json!(self.rest_api_id))),
            field(VERSIONS, Some(json!(json!(self.versions).to_string()))),
            field("stageNames", map_text(&self.stage_names)),
            field(
                "skipped",
                (!self.skipped.is_empty()).then(|| json!(json!(self.skipped).to_string())),
            ),
            field(
                "fingerprint",
                self.fingerprint.as_ref().map(|fingerprint| json!(fingerprint)),
            ),
            field("state", Some(json!(self.state))),
            field("undeployed", map_text(&self.undeployed)),
        ]
    }
}

/// The marker on a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageMarker {
    /// The stage's name.
    pub stage_name: String,
    /// The deployment that the stage runs.
    pub deployment_id: String,
    /// What the definition holds.
    pub definition: DefinitionRecord,
}

impl StageMarker {
    /// Reads the marker of a deployment; `None` when it has none.
    #[must_use]
    pub fn read(deployment: &Entity) -> Option<Self> {
        let marker = deployment.metadata(STAGE_SCHEMA)?;
        Some(Self {
            stage_name: text(marker, "stageName")?,
            deployment_id: text(marker, "deploymentId").unwrap_or_default(),
            definition: DefinitionRecord {
                revision: text(marker, "exportedRevision"),
                content_digest: text(marker, "contentDigest"),
                canonical_digest: text(marker, "canonicalDigest"),
            },
        })
    }

    /// The marker's properties with the values they shall have; `None` removes one.
    #[must_use]
    pub fn fields(&self) -> Vec<(FieldPath, Option<Value>)> {
        let field =
            |name: &str, value: Option<&String>| (metadata_path(STAGE_SCHEMA, name), value.map(|value| json!(value)));
        vec![
            field("stageName", Some(&self.stage_name)),
            field("deploymentId", Some(&self.deployment_id)),
            field("exportedRevision", self.definition.revision.as_ref()),
            field("contentDigest", self.definition.content_digest.as_ref()),
            field("canonicalDigest", self.definition.canonical_digest.as_ref()),
        ]
    }
}

/// One of the metadata schemas that markers need.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkerSchema {
    /// Its name.
    pub name: &'static str,
    /// The kind of entity it is for.
    pub entity: &'static str,
    /// Its JSON schema: an object with at most ten properties (API Center limits, 2024-11).
    pub schema: Value,
}

/// Whether a metadata schema of this name is one of ours.
#[must_use]
pub fn is_our_schema(name: &str) -> bool {
    let ours = [INTEGRATION_SCHEMA, REST_API_SCHEMA, STAGE_SCHEMA];
    ours.iter().any(|ours| ours.eq_ignore_ascii_case(name))
}

/// The three metadata schemas that markers need.
#[must_use]
pub fn schemas() -> [MarkerSchema; 3] {
    let of = |name, entity, title: &str, texts: &[(&str, &str)], flags: &[(&str, &str)]| {
        let typed = |kind: &str, properties: &[(&str, &str)]| -> Vec<(String, Value)> {
            properties
                .iter()
                .map(|(name, title)| ((*name).to_owned(), json!({ "type": kind, "title": title })))
                .collect()
        };
        let properties: Properties = typed("string", texts)
            .into_iter()
            .chain(typed("boolean", flags))
            .collect();
        MarkerSchema {
            name,
            entity,
            schema: json!({ "type": "object", "title": title, "properties": properties }),
        }
    };
    [
        of(
            INTEGRATION_SCHEMA,
            "environment",
            "Amazon API Gateway integration",
            &[
                ("name", "Name"),
                ("regionName", "AWS region"),
                ("accessKey", "Access key id (secret identifier)"),
                ("secretAccessKey", "Secret access key (secret identifier)"),
                ("roleArn", "AWS role"),
                ("options", "Options"),
                ("state", "State"),
                ("lastSync", "Last synchronization"),
                ("history", "Newest synchronizations"),
            ],
            &[("madeEnvironment", "Environment was made by the integration")],
        ),
        of(
            REST_API_SCHEMA,
            "api",
            "Amazon API Gateway REST API",
            &[
                ("integration", "Integration"),
                ("regionName", "AWS region"),
                ("restApiId", "REST API id"),
                (VERSIONS, "Synchronized versions"),
                ("stageNames", "Stages of other names than their versions"),
                ("skipped", "Skipped, and why"),
                ("fingerprint", "Fingerprint"),
                ("state", "State"),
                ("undeployed", "Definitions without a deployment"),
            ],
            &[],
        ),
        of(
            STAGE_SCHEMA,
            "deployment",
            "Amazon API Gateway stage",
            &[
                ("stageName", "Stage"),
                ("deploymentId", "Deployment id"),
                ("exportedRevision", "Revision of the exported definition"),
                ("contentDigest", "Digest of the definition"),
                ("canonicalDigest", "Digest of the definition without time stamps"),
            ],
            &[],
        ),
    ]
}

/// The list of versions that was found, with what a change from one list to another adds, and without what it takes away.
#[must_use]
pub fn merged_versions(found: &Value, before: Option<&Value>, after: Option<&Value>) -> Value {
    let names = |list: Option<&Value>| -> BTreeSet<String> {
        let names = list
            .and_then(Value::as_str)
            .and_then(|text| serde_json::from_str(text).ok());
        names.unwrap_or_default()
    };
    let (found, before, after) = (names(Some(found)), names(before), names(after));
    let stays = |name: &&String| after.contains(*name) || !before.contains(*name);
    let merged: BTreeSet<&String> = found.iter().filter(stays).chain(after.difference(&before)).collect();
    json!(json!(merged).to_string())
}

/// The path of a property of a marker.
#[must_use]
pub fn metadata_path(schema: &str, property: &str) -> FieldPath {
    FieldPath::new(&["customProperties", schema, property])
}

/// A text property of a marker.
#[must_use]
pub fn text(marker: &Properties, property: &str) -> Option<String> {
    marker.get(property).and_then(Value::as_str).map(str::to_owned)
}

/// The entries whose key is a name that an entity can have.
fn by_entity<T>(entries: BTreeMap<String, T>) -> BTreeMap<EntityName, T> {
    let entries = entries.into_iter();
    entries
        .filter_map(|(name, value)| Some((EntityName::parse(&name).ok()?, value)))
        .collect()
}

/// A property that holds a map as JSON text; it is there when the map has entries.
fn map_text<T: Serialize>(map: &BTreeMap<EntityName, T>) -> Option<Value> {
    let entries: BTreeMap<&str, &T> = map.iter().map(|(name, value)| (name.as_str(), value)).collect();
    (!entries.is_empty()).then(|| json!(json!(entries).to_string()))
}

/// A property that holds JSON as text; its default when it is missing or is not what it should be.
fn parse_text<T: Default + for<'a> Deserialize<'a>>(marker: &Properties, property: &str) -> T {
    text(marker, property)
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}
