//! Desired state: what the catalog has to hold for one API, in the catalog's words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{EntityName, FieldPath, Format, Skip, SourceKey};

/// A field with the value that it gets; `None` removes it.
pub type Field = (FieldPath, Option<Value>);

/// The fields of an entity, as translation decides them: planning only compares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields {
    /// Put right by every run: they are the source's.
    pub enforced: Vec<Field>,
    /// Set at creation only: from then on they are the user's.
    pub initial: Vec<Field>,
    /// The rules that decide about fields, such as `map[2].set`: plans tell them.
    pub rules: BTreeMap<FieldPath, String>,
}

impl Fields {
    /// Fields that no rule decides about.
    #[must_use]
    pub fn new(enforced: Vec<Field>, initial: Vec<Field>) -> Self {
        Self {
            enforced,
            initial,
            rules: BTreeMap::new(),
        }
    }
}

/// An API as it has to be.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredApi {
    /// The entity's name.
    pub name: EntityName,
    /// Whether it is a group, whose deployments have their members in their names, even where there is only one.
    pub is_group: bool,
    /// The APIs of gateways that it stands for and that could be read, in their order. The first one's words count.
    pub members: Vec<DesiredMember>,
    /// The members that could not be read: what the catalog has of them stays as it is.
    pub unknown: BTreeSet<SourceKey>,
    /// The members that leave it although no list says that they are gone.
    pub leaving: BTreeMap<SourceKey, Leave>,
    /// The deployments and versions of stages that rules which changed leave out.
    pub departed_stages: BTreeSet<EntityName>,
    /// The APIs of the catalog that members come from, of those that have not arrived yet.
    pub predecessors: BTreeSet<EntityName>,
    /// Digests of what people wrote there: it stays theirs.
    pub inherited: BTreeSet<String>,
    /// Its versions, in the order of their stages; empty until the stages are read.
    pub versions: Vec<DesiredVersion>,
    /// What was left out below it.
    pub skips: Vec<Skip>,
}

/// Why a member leaves a group although no list says that it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leave {
    /// Nobody wants it any more, for this reason: it goes once somebody has confirmed that.
    Departed(String),
    /// It is part of another API, and has arrived there.
    Moved(EntityName),
}

/// An API of a gateway, and what it says of the catalog's API.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredMember {
    /// The API.
    pub key: SourceKey,
    /// The place of its source among the integration's.
    pub source_order: usize,
    /// What reports call it: a title of at most 50 UTF-16 units.
    pub title: String,
    /// The fields of the catalog's API.
    pub fields: Fields,
}

/// A version as it has to be.
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

/// A member's stage, as it has to be: a deployment with what it says of its version.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredDeployment {
    /// The entity's name.
    pub name: EntityName,
    /// The API whose stage it stands for.
    pub from: SourceKey,
    /// The deployment that the stage runs.
    pub deployment_id: String,
    /// Where the stage is called.
    pub urls: Vec<String>,
    /// What its definition tells as servers; `None` where that is left as it is exported.
    pub servers: Option<Vec<String>>,
    /// The fields of the version: those of the first member that has the stage count.
    pub version: Fields,
    /// The fields of the deployment, but for the link to its definition.
    pub fields: Fields,
    /// Its definition.
    pub definition: Definition,
    /// What cannot be had for it and is known before anything is read or exported, such as a URL.
    pub skips: Vec<Skip>,
}

/// What a stage's definition has to hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    /// What an export at this revision gives; equal revisions give equal exports.
    Exported(String),
    /// Whatever it holds; none is made.
    Kept,
    /// There has to be none.
    Absent,
    /// There cannot be a new one: what is there stays.
    Impossible(Skip),
}

impl DesiredApi {
    /// What one member has of an API, without versions.
    #[must_use]
    pub fn of_member(name: EntityName, is_group: bool, member: DesiredMember, skips: Vec<Skip>) -> Self {
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
            skips,
        }
    }

    /// The API on its gateway, of a group the first one; `None` where none could be read.
    #[must_use]
    pub fn key(&self) -> Option<&SourceKey> {
        self.members.first().map(|member| &member.key)
    }

    /// What reports call it.
    #[must_use]
    pub fn title(&self) -> &str {
        self.members.first().map_or(self.name.as_str(), |member| &member.title)
    }

    /// The member of this key, if it could be read.
    #[must_use]
    pub fn member(&self, key: &SourceKey) -> Option<&DesiredMember> {
        self.members.iter().find(|member| member.key == *key)
    }

    /// Adds what another gateway, or another API of the same one, has of the group. The order of calls does not matter.
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

    /// Makes a member one that could not be read, because its stages could not.
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
