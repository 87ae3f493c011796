//! Desired state: what the catalog shall hold for one API, in the catalog's words.

use super::{EntityName, RestApiId, Skip};

/// An API as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredApi {
    /// The entity's name.
    pub name: EntityName,
    /// What it stands for.
    pub rest_api_id: RestApiId,
    /// At most 50 UTF-16 units.
    pub title: String,
    /// At most 1,000 UTF-16 units; `None` when the source has none.
    pub description: Option<String>,
}

/// A stage as it shall be: a version and a deployment of the same name, and a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredStage {
    /// The name of both entities.
    pub name: EntityName,
    /// The stage's own name.
    pub stage_name: String,
    /// At most 50 UTF-16 units.
    pub title: String,
    /// At most 500 UTF-16 units; set at creation of the deployment only.
    pub description: Option<String>,
    /// Where it is called; empty when it has no URL of its own.
    pub runtime_uri: Vec<String>,
    /// What the stage runs.
    pub deployment_id: String,
    /// Its definition.
    pub definition: DesiredDefinition,
    /// What cannot be had for it and is known before anything is read or exported (such as `NoInvokeUrl`).
    pub skips: Vec<Skip>,
}

/// What shall be of a stage's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DesiredDefinition {
    /// It shall hold what an export at this revision gives; equal revisions give equal exports.
    Revision(String),
    /// What is there stays, and nothing is made.
    Kept,
    /// There shall be none.
    Absent,
}
