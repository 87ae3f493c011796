//! Integrations: what the user asked for.

use std::collections::BTreeSet;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Accounts, ApiType, EntityName, Fact, GroupBy, IntegrationName, LifecycleStage, MapRule, Match, Properties, Region,
    Source,
};

/// When to import definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum ImportSpecification {
    /// With every run.
    #[default]
    Always,
    /// Never; existing ones are removed.
    Never,
    /// Only when a sync asks for them; otherwise they stay as they are.
    OnDemand,
}

/// Whether an integration is synchronized or being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntegrationState {
    /// Synchronized by every run.
    Active,
    /// Its APIs are being deleted; the next run continues.
    Deleting,
}

/// Values of an organisation's own metadata, set when an entity is created.
///
/// This type puts into the OpenAPI description that no other properties are allowed.
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

/// Links Amazon API Gateways to the API center.
#[derive(Debug, Clone, PartialEq)]
pub struct Integration {
    /// Its name.
    pub name: IntegrationName,
    /// Its sources in the order of the document; at least one.
    pub sources: Vec<Source>,
    /// The kinds of API to synchronize; at least one.
    pub api_types: BTreeSet<ApiType>,
    /// The facts about APIs in the catalog.
    pub facts: BTreeSet<Fact>,
    /// When to import definitions.
    pub import_specification: ImportSpecification,
    /// Its environment, also for deployments of sources without another one.
    pub environment: EntityName,
    /// The lifecycle stage of new versions.
    pub lifecycle_stage: LifecycleStage,
    /// Values of the organisation's own metadata.
    pub default_custom_properties: DefaultCustomProperties,
    /// Selects the APIs and stages that match one of these, or all if empty…
    pub include: Vec<Match>,
    /// …except those that match one of these.
    pub exclude: Vec<Match>,
    /// Rules that set fields; of several for one field, the last wins.
    pub map: Vec<MapRule>,
    /// How several gateway APIs are grouped into one API of the catalog.
    pub group_by: GroupBy,
    /// Prefixes and suffixes to trim from the names of APIs before they are compared.
    pub group_trim: BTreeSet<String>,
}

impl Integration {
    /// The same integration without these facts.
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

    /// The source in Microsoft's form, which has only one.
    #[must_use]
    pub fn only_source(&self) -> Option<&Source> {
        self.sources.iter().find(|source| source.name.is_none())
    }

    /// Whether a source reads the accounts of an organisation.
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
