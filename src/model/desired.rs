//! Desired state: what the catalog has to hold for one API, in the catalog's words.

use std::collections::BTreeMap;

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
    /// Its title, at most 50 UTF-16 units: what reports call it.
    pub title: String,
    /// The APIs of gateways that it stands for.
    pub members: Vec<SourceKey>,
    /// Its fields.
    pub fields: Fields,
    /// Its versions, in the order of their stages; empty until the stages are read.
    pub versions: Vec<DesiredVersion>,
    /// What was left out below it.
    pub skips: Vec<Skip>,
}

/// A version as it has to be.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredVersion {
    /// The entity's name.
    pub name: EntityName,
    /// The stage's own name.
    pub stage_name: String,
    /// The format of its definition.
    pub format: Format,
    /// Where the stage is called.
    pub urls: Vec<String>,
    /// What its definition tells as servers; `None` where that is left as it is exported.
    pub servers: Option<Vec<String>>,
    /// Its fields.
    pub fields: Fields,
    /// Its definition.
    pub definition: Definition,
    /// Its deployments.
    pub deployments: Vec<DesiredDeployment>,
    /// What cannot be had for it and is known before anything is read or exported, such as a URL.
    pub skips: Vec<Skip>,
}

/// A deployment as it has to be.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredDeployment {
    /// The entity's name.
    pub name: EntityName,
    /// The API whose stage it stands for.
    pub from: SourceKey,
    /// The deployment that the stage runs.
    pub deployment_id: String,
    /// Its fields, but for the link to its definition.
    pub fields: Fields,
}

/// What a version's definition has to hold.
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
