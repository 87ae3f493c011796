//! The markers on APIs and deployments: what is ours, and what it was made from.
//!
//! Markers are read leniently and written property by property. Properties of another release survive, in the marker
//! and in its record.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::model::{
    API_SCHEMA, ApiId, ApiType, Entity, EntityName, Field, FieldPath, MEMBER_DIGITS, Origin, Properties, STAGE_SCHEMA,
    Skip, SourceKey, ends_like_a_digest,
};

/// The format of the records we write.
const FORMAT: u32 = 1;

/// The progress of the writes below an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiState {
    /// The API is under construction: everything below it is ours.
    Creating,
    /// Something below it is being changed, or was when a run was cut off.
    #[default]
    Updating,
    /// All writes are done.
    Synced,
}

/// The record of a stage's definition and its content in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefinitionRecord {
    /// The revision of the last export, even a refused one.
    pub revision: Option<String>,
    /// SHA-256 of the stored text, lower-case hex; also `None` if another member's definition serves this one.
    pub content_digest: Option<String>,
    /// SHA-256 of the export without the parts that vary between exports, lower-case hex.
    pub canonical_digest: Option<String>,
    /// In a group, SHA-256 of the export without the parts in which members sharing a definition may differ, lower-case
    /// hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison_digest: Option<String>,
    /// Whether the text is in the member's own definition, not in the version's.
    #[serde(skip_serializing_if = "is_false")]
    pub own: bool,
}

/// The bookkeeping of an API.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiRecord {
    format: u32,
    /// The entity's own name: a copied marker names another entity.
    name: String,
    /// The progress of the writes below it.
    pub state: ApiState,
    /// The digest of all names and enforced fields; present once everything is as desired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The fingerprints of a group's members, by the short digests of their keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<String, String>,
    /// The kinds of members that are not REST APIs, by source.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    api_types: BTreeMap<String, ApiType>,
    /// The deployments that are ours or about to be.
    pub deployments: BTreeSet<EntityName>,
    /// The stage names in AWS that differ from their versions' names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stage_names: BTreeMap<EntityName, String>,
    /// The group members' own definitions, existing or about to, by version.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub own_definitions: BTreeMap<EntityName, BTreeSet<EntityName>>,
    /// The URLs of the stages, by deployment: they stay while a custom domain cannot be read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub urls: BTreeMap<EntityName, Vec<String>>,
    /// What is skipped below it, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skip>,
    /// Digests of our values in fields that people may write: differing values are theirs.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub written: BTreeSet<String>,
    /// The imported definitions, by deployment. One being imported has no entry.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub definitions: BTreeMap<EntityName, DefinitionRecord>,
    /// Properties of another release.
    #[serde(flatten)]
    beside: Map<String, Value>,
}

impl ApiRecord {
    /// Reads a record property by property: an unreadable one counts as missing. `None` if the entity's name is
    /// unreadable.
    fn read(text: &str) -> Option<Self> {
        let mut members: Map<String, Value> = serde_json::from_str(text).ok()?;
        let name = members.shift_remove("name")?.as_str()?.to_owned();
        Some(Self {
            name,
            format: member(&mut members, "format"),
            state: member(&mut members, "state"),
            fingerprint: member(&mut members, "fingerprint"),
            members: member(&mut members, "members"),
            api_types: member(&mut members, "apiTypes"),
            deployments: member(&mut members, "deployments"),
            stage_names: member(&mut members, "stageNames"),
            own_definitions: member(&mut members, "ownDefinitions"),
            urls: member(&mut members, "urls"),
            skipped: member(&mut members, "skipped"),
            written: member(&mut members, "written"),
            definitions: member(&mut members, "definitions"),
            // What was taken out of it has left its place behind.
            beside: members.into_iter().collect(),
        })
    }

    fn api_type(&self, source: &str) -> ApiType {
        self.api_types.get(source).copied().unwrap_or(ApiType::Rest)
    }

    /// Whether a deep check failed since the last complete write, so that the state below the API is unknown.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        self.state == ApiState::Synced && self.fingerprint.is_none()
    }
}

/// The marker on an API.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiMarker {
    /// The integration's name.
    pub integration: String,
    /// Its members in order.
    pub members: Vec<SourceKey>,
    /// The versions that are ours or about to be.
    pub versions: BTreeSet<EntityName>,
    /// The bookkeeping.
    pub record: ApiRecord,
}

impl ApiMarker {
    /// The marker of an API that is about to be created, or has lost its own.
    #[must_use]
    pub fn new(integration: String, name: &EntityName) -> Self {
        let record = ApiRecord {
            format: FORMAT,
            name: name.to_string(),
            ..ApiRecord::default()
        };
        Self {
            integration,
            members: Vec::new(),
            versions: BTreeSet::new(),
            record,
        }
    }

    /// Reads the marker of an API; `None` if it has none, a copied one, or a broken one.
    #[must_use]
    pub fn read(api: &Entity) -> Option<Self> {
        let marker = api.metadata(API_SCHEMA)?;
        let record = ApiRecord::read(text(marker, "record")?)?;
        if !record.name.eq_ignore_ascii_case(api.name.as_str()) {
            return None;
        }
        Some(Self {
            integration: text(marker, "integration")?.to_owned(),
            members: words(marker, "source")
                .filter_map(|source| SourceKey::parse(source, record.api_type(source)))
                .collect(),
            versions: words(marker, "versions").filter_map(name).collect(),
            record,
        })
    }

    /// Its members' origins. If the list is broken, the id in the entity's name stands for one of any kind.
    #[must_use]
    pub fn origins(&self, api: &EntityName) -> Vec<Origin> {
        if self.members.is_empty() {
            let prefix = self.integration.len() + 1;
            let by_name = api.as_str().get(prefix..).and_then(|id| ApiId::parse(id).ok());
            let of_any_kind = |api_id: ApiId| {
                [ApiType::Rest, ApiType::Http].map(|api_type| Origin {
                    gateway: None,
                    api_type,
                    api_id: api_id.clone(),
                })
            };
            return by_name.into_iter().flat_map(of_any_kind).collect();
        }
        self.members.iter().map(Origin::from).collect()
    }

    /// Our version of the deployment with this name.
    #[must_use]
    pub fn version_of(&self, deployment: &EntityName) -> Option<&EntityName> {
        let exact = self.versions.get(deployment);
        exact.or_else(|| self.versions.get(&of_any_member(deployment)?))
    }

    /// The listed deployments of a group member, with the names of their versions.
    pub fn deployments_of(&self, member: &SourceKey) -> impl Iterator<Item = (EntityName, &EntityName)> {
        let listed = self.record.deployments.iter();
        listed.filter_map(|name| Some((name.without_member(member)?, name)))
    }

    /// The entities of a group member's stages: the names of versions and deployments.
    pub fn stages_of(&self, member: &SourceKey) -> impl Iterator<Item = (EntityName, &EntityName)> {
        let listed = self.record.deployments.iter().chain(self.record.urls.keys());
        listed.filter_map(|name| Some((name.without_member(member)?, name)))
    }

    /// The digest of the text imported into a definition.
    #[must_use]
    pub fn imported(&self, version: &EntityName, definition: &EntityName) -> Option<&String> {
        let own = !definition.is_definition();
        let mut records = self.record.definitions.iter();
        records.find_map(|(name, record)| {
            let is_members = of_any_member(name).as_ref() == Some(version);
            let is_its = is_members && (!own || ends_alike(name, definition)) || !own && name == version;
            record.content_digest.as_ref().filter(|_| is_its && record.own == own)
        })
    }

    /// The marker's properties and values.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let field = |name: &str, value: String| (metadata_path(API_SCHEMA, name), Some(json!(value)));
        let others = self.members.iter().filter(|member| member.api_type != ApiType::Rest);
        let record = ApiRecord {
            api_types: others.map(|member| (member.to_string(), member.api_type)).collect(),
            ..self.record.clone()
        };
        vec![
            field("integration", self.integration.clone()),
            field("source", spaced(&self.members)),
            field("versions", spaced(&self.versions)),
            field("record", json!(record).to_string()),
        ]
    }
}

/// The bookkeeping of a deployment: enough to restore its API's marker.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StageRecord {
    format: u32,
    integration: String,
    api: String,
    name: String,
    source: String,
    api_type: Option<ApiType>,
    version: String,
    #[serde(flatten)]
    beside: Map<String, Value>,
}

/// The marker on a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct StageMarker {
    /// The integration's name.
    pub integration: String,
    /// The API of the deployment.
    pub api: EntityName,
    /// The deployment's own name.
    pub name: EntityName,
    /// The version of the deployment.
    pub version: EntityName,
    /// The API of its stage.
    pub from: SourceKey,
    /// The stage's name.
    pub stage_name: String,
    /// The stage's deployment in AWS.
    pub deployment_id: String,
    /// Properties of another release in the record.
    beside: Map<String, Value>,
}

impl StageMarker {
    /// The marker of a deployment to write; `found` is the existing one.
    #[must_use]
    pub fn new(
        integration: String,
        (api, name, version): (&EntityName, &EntityName, &EntityName),
        from: &SourceKey,
        (stage_name, deployment_id): (&str, &str),
        found: Option<&Properties>,
    ) -> Self {
        let known = found.and_then(|found| found.get("customProperties")?.get(STAGE_SCHEMA)?.as_object());
        Self {
            integration,
            api: api.clone(),
            name: name.clone(),
            version: version.clone(),
            from: from.clone(),
            stage_name: stage_name.to_owned(),
            deployment_id: deployment_id.to_owned(),
            beside: known.and_then(record).map(|record| record.beside).unwrap_or_default(),
        }
    }

    /// Reads the marker of a deployment; `None` if it has none, or a copied one.
    #[must_use]
    pub fn read(deployment: &Entity) -> Option<Self> {
        let marker = deployment.metadata(STAGE_SCHEMA)?;
        let record = record(marker)?;
        let own_name = EntityName::parse(&record.name).ok()?;
        (own_name == deployment.name).then_some(())?;
        Some(Self {
            integration: record.integration,
            api: EntityName::parse(&record.api).ok()?,
            name: own_name,
            version: EntityName::parse(&record.version).ok()?,
            from: SourceKey::parse(&record.source, record.api_type.unwrap_or(ApiType::Rest))?,
            stage_name: text(marker, "stage")?.to_owned(),
            deployment_id: text(marker, "deploymentId").unwrap_or_default().to_owned(),
            beside: record.beside,
        })
    }

    /// The marker's properties and values.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let record = StageRecord {
            format: FORMAT,
            integration: self.integration.clone(),
            api: self.api.to_string(),
            name: self.name.to_string(),
            source: self.from.to_string(),
            api_type: Some(self.from.api_type),
            version: self.version.to_string(),
            beside: self.beside.clone(),
        };
        let field = |name: &str, value: String| (metadata_path(STAGE_SCHEMA, name), Some(json!(value)));
        vec![
            field("stage", self.stage_name.clone()),
            field("deploymentId", self.deployment_id.clone()),
            field("record", json!(record).to_string()),
        ]
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "this is how serde asks")]
fn is_false(value: &bool) -> bool {
    !value
}

/// The name without the group member at its end.
fn of_any_member(name: &EntityName) -> Option<EntityName> {
    let (readable, _) = name.as_str().rsplit_once('-')?;
    ends_like_a_digest(name.as_str(), MEMBER_DIGITS).then_some(())?;
    EntityName::parse(readable).ok()
}

/// Whether two names end with the same group member.
fn ends_alike(one: &EntityName, other: &EntityName) -> bool {
    let end = |name: &EntityName| name.as_str().rsplit_once('-').map(|(_, end)| end.to_ascii_lowercase());
    end(one) == end(other)
}

/// Takes a property out; its default if it is missing or malformed.
fn member<T: Default + for<'a> Deserialize<'a>>(members: &mut Map<String, Value>, name: &str) -> T {
    let value = members.shift_remove(name);
    value
        .and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_default()
}

fn record(marker: &Properties) -> Option<StageRecord> {
    serde_json::from_str(text(marker, "record")?).ok()
}

/// The value of a marker's property if somebody changed it between plan and write.
///
/// Lists of names get the additions and removals of the change, so that the additions of an overlapping run stay.
/// Anything else gets its new value.
#[must_use]
pub fn merged(path: &FieldPath, found: &Value, before: Option<&Value>, after: Option<&Value>) -> Option<Value> {
    let texts = |value: &Value| value.as_str().map(str::to_owned);
    let (found, before, after_text) = (texts(found), before.and_then(texts), after.and_then(texts));
    let (Some(found), Some(after_text)) = (found, after_text) else {
        return after.cloned();
    };
    let before = before.unwrap_or_default();
    if *path == metadata_path(API_SCHEMA, "versions") {
        let set = |text: &str| text.split_whitespace().filter_map(name).collect::<BTreeSet<_>>();
        return Some(json!(spaced(merged_names(
            &set(&found),
            &set(&before),
            &set(&after_text)
        ))));
    }
    if *path == metadata_path(API_SCHEMA, "record")
        && let (Some(found), Some(mut after)) = (ApiRecord::read(&found), ApiRecord::read(&after_text))
    {
        let before = ApiRecord::read(&before).unwrap_or_default();
        after.deployments = merged_names(&found.deployments, &before.deployments, &after.deployments);
        for (version, names) in &found.own_definitions {
            let nothing = BTreeSet::new();
            let known = before.own_definitions.get(version).unwrap_or(&nothing);
            let added: Vec<EntityName> = names.difference(known).cloned().collect();
            if !added.is_empty() {
                after.own_definitions.entry(version.clone()).or_default().extend(added);
            }
        }
        return Some(json!(json!(after).to_string()));
    }
    after.cloned()
}

fn merged_names(
    found: &BTreeSet<EntityName>,
    before: &BTreeSet<EntityName>,
    after: &BTreeSet<EntityName>,
) -> BTreeSet<EntityName> {
    let stays = |name: &&EntityName| after.contains(*name) || !before.contains(*name);
    found
        .iter()
        .filter(stays)
        .chain(after.difference(before))
        .cloned()
        .collect()
}

/// The path of a property of a marker.
#[must_use]
pub fn metadata_path(schema: &str, property: &str) -> FieldPath {
    FieldPath::new(&["customProperties", schema, property])
}

/// A text property of a marker.
#[must_use]
pub fn text<'a>(marker: &'a Properties, property: &str) -> Option<&'a str> {
    marker.get(property).and_then(Value::as_str)
}

fn words<'a>(marker: &'a Properties, property: &str) -> impl Iterator<Item = &'a str> {
    text(marker, property).unwrap_or_default().split_whitespace()
}

fn name(text: &str) -> Option<EntityName> {
    EntityName::parse(text).ok()
}

fn spaced<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(" ")
}
