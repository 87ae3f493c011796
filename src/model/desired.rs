//! Desired state: what the catalog should hold for one API, in the catalog's terms.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{EntityName, FieldPath, Format, Skip, SourceKey};

/// A field with its new value; `None` removes it.
pub type Field = (FieldPath, Option<Value>);

/// The fields of an entity, as translation decides them: planning only compares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields {
    /// Corrected by every run: they belong to the source.
    pub enforced: Vec<Field>,
    /// Set at creation only: from then on they belong to the user.
    pub initial: Vec<Field>,
    /// The rules behind fields, such as `map[2].set`: plans show them.
    pub rules: BTreeMap<FieldPath, String>,
}

impl Fields {
    /// Fields without rules behind them.
    #[must_use]
    pub fn new(enforced: Vec<Field>, initial: Vec<Field>) -> Self {
        Self {
            enforced,
            initial,
            rules: BTreeMap::new(),
        }
    }
}

/// A desired API.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredApi {
    /// The entity's name.
    pub name: EntityName,
    /// Whether it is a group: its deployments have their members in their names, even if there is only one.
    pub is_group: bool,
    /// Its readable members in order. The first one's words count.
    pub members: Vec<DesiredMember>,
    /// The unreadable members: their entities in the catalog stay as they are.
    pub unknown: BTreeSet<SourceKey>,
    /// The members that leave although no list lacks them.
    pub leaving: BTreeMap<SourceKey, Leave>,
    /// The deployments and versions of stages that changed rules exclude.
    pub departed_stages: BTreeSet<EntityName>,
    /// The previous catalog APIs of members that have not arrived yet.
    pub predecessors: BTreeSet<EntityName>,
    /// Digests of what people wrote there: it stays theirs.
    pub inherited: BTreeSet<String>,
    /// Its versions, in the order of their stages; empty until the stages are read.
    pub versions: Vec<DesiredVersion>,
    /// What was skipped below it.
    pub skips: Vec<Skip>,
}

/// Why a member leaves a group although no list lacks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leave {
    /// The integration no longer wants it, for this reason: its removal needs a confirmation.
    Departed(String),
    /// It belongs to another API, and has arrived there.
    Moved(EntityName),
}

/// A gateway API, and its part of the catalog's API.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredMember {
    /// The API.
    pub key: SourceKey,
    /// The index of its source in the integration.
    pub source_order: usize,
    /// Its title in reports, at most 50 UTF-16 units.
    pub title: String,
    /// The fields of the catalog's API.
    pub fields: Fields,
}

/// A desired version.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredVersion {
    /// The entity's name.
    pub name: EntityName,
    /// The stage's own name.
    pub stage_name: String,
    /// The format of its definitions.
    pub format: Format,
    /// Its deployments, one for each member that has the stage, in the order of members.
    pub deployments: Vec<DesiredDeployment>,
}

/// A member's desired stage: a deployment with its part of the version.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredDeployment {
    /// The entity's name.
    pub name: EntityName,
    /// The API of the stage.
    pub from: SourceKey,
    /// The deployment that the stage runs.
    pub deployment_id: String,
    /// The URLs of the stage.
    pub urls: Vec<String>,
    /// The servers in its definition; `None` to leave those of the export.
    pub servers: Option<Vec<String>>,
    /// The fields of the version: those of the first member with the stage count.
    pub version: Fields,
    /// The fields of the deployment, except the link to its definition.
    pub fields: Fields,
    /// Its definition.
    pub definition: Definition,
    /// Its skips that are known before anything is read or exported, such as a URL.
    pub skips: Vec<Skip>,
}

/// The desired definition of a stage.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    /// The result of an export at this revision; equal revisions give equal exports.
    Exported(String),
    /// The existing one, if any.
    Kept,
    /// None.
    Absent,
    /// The existing one, because a new one is impossible.
    Impossible(Skip),
}

impl DesiredApi {
    /// One member's part of an API, without versions.
    #[must_use]
    pub fn of_member(name: EntityName, is_group: bool, member: DesiredMember) -> Self {
        Self {
            name,
            is_group,
            members: vec![member],
            unknown: BTreeSet::new(),
            leaving: BTreeMap::new(),
            departed_stages: BTreeSet::new(),
            predecessors: BTreeSet::new(),
            inherited: BTreeSet::new(),
            versions: Vec::new(),
            skips: Vec::new(),
        }
    }

    /// The API's key, of a group the first member's; `None` if none is readable.
    #[must_use]
    pub fn key(&self) -> Option<&SourceKey> {
        self.members.first().map(|member| &member.key)
    }

    /// Its title in reports.
    #[must_use]
    pub fn title(&self) -> &str {
        self.members.first().map_or(self.name.as_str(), |member| &member.title)
    }

    /// The readable member with this key.
    #[must_use]
    pub fn member(&self, key: &SourceKey) -> Option<&DesiredMember> {
        self.members.iter().find(|member| member.key == *key)
    }

    /// Adds the part of the group from another gateway, or from another API of the same one. The order of calls does
    /// not matter.
    pub fn join(&mut self, other: Self) {
        self.unknown.extend(other.unknown);
        self.leaving.extend(other.leaving);
        self.departed_stages.extend(other.departed_stages);
        self.predecessors.extend(other.predecessors);
        self.inherited.extend(other.inherited);
        self.skips.extend(other.skips);
        for member in other.members {
            if self.member(&member.key).is_none() {
                self.members.push(member);
            }
        }
        self.members
            .sort_by(|one, other| (one.source_order, &one.key).cmp(&(other.source_order, &other.key)));
        for version in other.versions {
            match self.versions.iter_mut().find(|found| found.name == version.name) {
                Some(found) => found.deployments.extend(version.deployments),
                None => self.versions.push(version),
            }
        }
        self.versions
            .sort_by(|one, other| one.stage_name.cmp(&other.stage_name));
        let members = &self.members;
        let place = |key: &SourceKey| members.iter().position(|member| member.key == *key);
        for version in &mut self.versions {
            version.deployments.sort_by_key(|deployment| place(&deployment.from));
        }
    }

    /// Marks a member as unreadable, because its stages are.
    pub fn forget(&mut self, key: &SourceKey) {
        self.members.retain(|member| member.key != *key);
        self.unknown.insert(key.clone());
        for version in &mut self.versions {
            version.deployments.retain(|deployment| deployment.from != *key);
        }
        self.versions.retain(|version| !version.deployments.is_empty());
        self.skips.retain(|skip| !skip.is_of(key));
    }
}
