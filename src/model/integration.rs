//! Integrations: what the user asked for.

use std::collections::BTreeSet;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Accounts, ApiType, EntityName, Fact, GroupBy, IntegrationName, LifecycleStage, MapRule, Match, Properties, Region,
    Source,
};

/// Whether definitions are imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum ImportSpecification {
    /// With every run.
    #[default]
    Always,
    /// Never; those that are there are removed.
    Never,
    /// Only when a sync asks for them; otherwise they stay as they are.
    OnDemand,
}

/// Whether an integration is kept up to date or is going away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntegrationState {
    /// Synchronised by every run.
    Active,
    /// Its APIs are being deleted; the next run goes on with that.
    Deleting,
}

/// Values of an organisation's own metadata, set when an entity is created.
///
/// The description has from here that a document may hold nothing else.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct DefaultCustomProperties {
    /// For APIs.
    #[serde(skip_serializing_if = "Properties::is_empty")]
    #[schema(value_type = Option<Object>)]
    pub api: Properties,
    /// For environments.
    #[serde(skip_serializing_if = "Properties::is_empty")]
    #[schema(value_type = Option<Object>)]
    pub environment: Properties,
    /// For deployments.
    #[serde(skip_serializing_if = "Properties::is_empty")]
    #[schema(value_type = Option<Object>)]
    pub deployment: Properties,
}

/// The link of Amazon API Gateways to the API center.
#[derive(Debug, Clone, PartialEq)]
pub struct Integration {
    /// Its name.
    pub name: IntegrationName,
    /// What it reads from, in the order of its document; at least one.
    pub sources: Vec<Source>,
    /// The kinds of API that are synchronised; at least one.
    pub api_types: BTreeSet<ApiType>,
    /// The facts that APIs in the catalog tell.
    pub facts: BTreeSet<Fact>,
    /// Whether definitions are imported.
    pub import_specification: ImportSpecification,
    /// The environment that holds it, and its deployments where a source names no other.
    pub environment: EntityName,
    /// The lifecycle stage of new versions.
    pub lifecycle_stage: LifecycleStage,
    /// Values of the organisation's own metadata.
    pub default_custom_properties: DefaultCustomProperties,
    /// An API or a stage is in when one of these fits, or there are none…
    pub include: Vec<Match>,
    /// …and none of these does.
    pub exclude: Vec<Match>,
    /// How fields are filled; of several rules for one field, the last decides.
    pub map: Vec<MapRule>,
    /// What makes one API in the catalog of several on gateways.
    pub group_by: GroupBy,
    /// Starts and ends that are taken off the names of APIs before they are compared.
    pub group_trim: BTreeSet<String>,
}

impl Integration {
    /// The same integration without the facts that these words name.
    #[must_use]
    pub fn without_facts(&self, words: &BTreeSet<String>) -> Self {
        let mut integration = self.clone();
        integration.facts.retain(|fact| !words.contains(fact.word()));
        integration
    }

    /// The regions of all sources, each once.
    #[must_use]
    pub fn regions(&self) -> BTreeSet<&Region> {
        self.sources.iter().flat_map(|source| &source.regions).collect()
    }

    /// The source in the form that has one, Microsoft's.
    #[must_use]
    pub fn only_source(&self) -> Option<&Source> {
        self.sources.iter().find(|source| source.name.is_none())
    }

    /// Whether the accounts of a source are those of an organisation.
    #[must_use]
    pub fn reads_an_organization(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|source| matches!(source.accounts, Accounts::Organization(..)))
    }

    /// The environment of a source's deployments.
    #[must_use]
    pub fn environment_of<'a>(&'a self, source: &'a Source) -> &'a EntityName {
        source.environment.as_ref().unwrap_or(&self.environment)
    }

    /// The lifecycle stage of a source's new versions.
    #[must_use]
    pub fn lifecycle_stage_of(&self, source: &Source) -> LifecycleStage {
        source.lifecycle_stage.unwrap_or(self.lifecycle_stage)
    }
}
