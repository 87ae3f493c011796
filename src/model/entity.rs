//! Catalog entities as API Center shows them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::EntityName;

/// The `properties` of an entity, in their original order.
pub type Properties = Map<String, Value>;

/// The kinds of catalog entities that the app writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EntityKind {
    /// An environment: where deployments run.
    Environment,
    /// An API.
    Api,
    /// A version of an API.
    Version,
    /// A definition of a version.
    Definition,
    /// A deployment of an API.
    Deployment,
}

/// Where an entity is, within the API center's default workspace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityPath {
    /// `environments/{environment}`.
    Environment(EntityName),
    /// `apis/{api}`.
    Api(EntityName),
    /// `apis/{api}/versions/{version}`.
    Version(EntityName, EntityName),
    /// `apis/{api}/versions/{version}/definitions/{definition}`.
    Definition(EntityName, EntityName, EntityName),
    /// `apis/{api}/deployments/{deployment}`.
    Deployment(EntityName, EntityName),
}

impl EntityPath {
    /// The kind of the entity there.
    #[must_use]
    pub fn kind(&self) -> EntityKind {
        match self {
            Self::Environment(_) => EntityKind::Environment,
            Self::Api(_) => EntityKind::Api,
            Self::Version(..) => EntityKind::Version,
            Self::Definition(..) => EntityKind::Definition,
            Self::Deployment(..) => EntityKind::Deployment,
        }
    }

    /// The id for references between entities: `/workspaces/default/…`.
    #[must_use]
    pub fn scoped_id(&self) -> String {
        format!("/workspaces/default/{self}")
    }
}

impl fmt::Display for EntityPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(formatter, "environments/{name}"),
            Self::Api(api) => write!(formatter, "apis/{api}"),
            Self::Version(api, version) => write!(formatter, "apis/{api}/versions/{version}"),
            Self::Definition(api, version, definition) => {
                write!(formatter, "apis/{api}/versions/{version}/definitions/{definition}")
            }
            Self::Deployment(api, deployment) => write!(formatter, "apis/{api}/deployments/{deployment}"),
        }
    }
}

/// When an entity was created and changed, as far as the service says.
///
/// A create returns `created_at`, an update only `last_modified_at` (recorded, API version 2024-03-01).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SystemData {
    /// Creation time, RFC 3339.
    pub created_at: Option<String>,
    /// Time of the last change, RFC 3339.
    pub last_modified_at: Option<String>,
}

/// An entity as read: its name, its properties unchanged, and its `ETag` if the read returned one.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// The entity's own name (the last segment of its path).
    pub name: EntityName,
    /// All properties, known to us or not.
    pub properties: Properties,
    /// The `ETag` header of a read or write of this entity; lists have none.
    pub etag: Option<String>,
    /// When it was created and changed.
    pub system_data: SystemData,
}

impl Entity {
    /// The value of a text property.
    #[must_use]
    pub fn text(&self, property: &str) -> Option<&str> {
        self.properties.get(property).and_then(Value::as_str)
    }

    /// The object of custom metadata under `schema`.
    #[must_use]
    pub fn metadata(&self, schema: &str) -> Option<&Properties> {
        self.properties.get("customProperties")?.get(schema)?.as_object()
    }
}
