//! Integrations: what the user asked for.

use std::collections::BTreeSet;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AccountId, ApiType, AwsAuthentication, EntityName, Fact, GroupBy, IntegrationName, Properties, Region};

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

/// The lifecycle stage that new versions get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
#[expect(missing_docs, reason = "the names are API Center's own")]
pub enum LifecycleStage {
    #[default]
    Design,
    Development,
    Testing,
    Preview,
    Production,
    Deprecated,
    Retired,
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

/// The link of one Amazon API Gateway (an account and a region) to the API center.
#[derive(Debug, Clone, PartialEq)]
pub struct Integration {
    /// Its name.
    pub name: IntegrationName,
    /// The region of the gateway.
    pub region: Region,
    /// The account of its credentials, where Amazon told it when the integration was put.
    pub account: Option<AccountId>,
    /// How it proves to Amazon who it is.
    pub authentication: AwsAuthentication,
    /// The kinds of API that are synchronised; at least one.
    pub api_types: BTreeSet<ApiType>,
    /// The facts that APIs in the catalog tell.
    pub facts: BTreeSet<Fact>,
    /// Whether definitions are imported.
    pub import_specification: ImportSpecification,
    /// The environment that its deployments are in.
    pub environment: EntityName,
    /// The lifecycle stage of new versions.
    pub lifecycle_stage: LifecycleStage,
    /// Values of the organisation's own metadata.
    pub default_custom_properties: DefaultCustomProperties,
    /// What makes one API in the catalog of several on gateways.
    pub group_by: GroupBy,
    /// Starts and ends that are taken off the names of APIs before they are compared.
    pub group_trim: BTreeSet<String>,
    /// Kept and shown, not used: it names the API center's identity, ours is the function's.
    pub msi_resource_id: Option<String>,
}

impl Integration {
    /// The same integration without the facts that these words name.
    #[must_use]
    pub fn without_facts(&self, words: &BTreeSet<String>) -> Self {
        let mut integration = self.clone();
        integration.facts.retain(|fact| !words.contains(fact.word()));
        integration
    }
}
