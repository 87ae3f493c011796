//! What is left out of the catalog, and why.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SourceKey;

/// Why something is not in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum SkipReason {
    /// The API center's plan has no room for another API.
    TooManyApis,
    /// The API center's plan has no room for another version of the API.
    TooManyVersions,
    /// An API has at most 10 deployments.
    TooManyDeployments,
    /// A version has at most 5 definitions.
    TooManyDefinitions,
    /// The definition is longer than API Center takes.
    DefinitionTooLarge,
    /// Amazon does not export it, or what it exports is no OpenAPI document.
    ExportRefused,
    /// The stage runs no deployment.
    NotDeployed,
    /// A URL of the stage is not in the catalog, or the stage has none.
    NoInvokeUrl,
    /// A custom domain that may be the stage's only URL could not be read.
    DomainUnknown,
    /// The organisation requires metadata that the integration gives no value for.
    MissingMetadata,
    /// Two source names meet in one entity name.
    NameCollision,
    /// A rule gives a field a value that the organisation's metadata, or API Center, does not take.
    MappingFailed,
    /// The environment that a rule or a source names is not there.
    EnvironmentMissing,
}

/// Something of an API that is not in the catalog, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skip {
    /// The member of a group that it is about, as a [`SourceKey`] is written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// The stage, when it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stage_name: Option<String>,
    /// Why.
    pub reason: SkipReason,
    /// Why, for people.
    pub message: String,
}

impl Skip {
    /// Whether it is about this member of a group.
    #[must_use]
    pub fn is_of(&self, key: &SourceKey) -> bool {
        self.member.as_ref().is_some_and(|member| *member == key.to_string())
    }
}
