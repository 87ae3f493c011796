//! Skips: what is left out of the catalog, and why.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SourceKey;

/// Why something is left out of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum SkipReason {
    /// The API center's plan allows no further API.
    TooManyApis,
    /// The API center's plan allows no further version of the API.
    TooManyVersions,
    /// An API has at most 10 deployments.
    TooManyDeployments,
    /// A version has at most 5 definitions.
    TooManyDefinitions,
    /// The definition is longer than API Center accepts.
    DefinitionTooLarge,
    /// AWS refuses the export, or the export is not an OpenAPI document.
    ExportRefused,
    /// The stage runs no deployment.
    NotDeployed,
    /// A URL of the stage is left out, or the stage has none.
    NoInvokeUrl,
    /// A custom domain that may be the stage's only URL could not be read.
    DomainUnknown,
    /// The organisation requires metadata without a value in the integration.
    MissingMetadata,
    /// Two source names give the same entity name.
    NameCollision,
    /// A rule gives a field a value that the organisation's metadata, or API Center, does not accept.
    MappingFailed,
    /// The environment in a rule or a source does not exist.
    EnvironmentMissing,
}

/// Part of an API that is left out of the catalog, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skip {
    /// The member of a group, in the form of a [`SourceKey`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<String>,
    /// The stage, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stage_name: Option<String>,
    /// The reason.
    pub reason: SkipReason,
    /// The reason, for people.
    pub message: String,
}

impl Skip {
    /// Whether it is about this member of a group.
    #[must_use]
    pub fn is_of(&self, key: &SourceKey) -> bool {
        self.member.as_ref().is_some_and(|member| *member == key.to_string())
    }
}
