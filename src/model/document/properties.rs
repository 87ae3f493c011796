//! The properties of an integration, as shown and as accepted by a `PUT`.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{
    ApiType, DefaultCustomProperties, Fact, GroupBy, ImportSpecification, Integration, LifecycleStage, MapRule, Match,
    Source,
};

use super::API_SOURCE_TYPE;
use super::listed::ListedSource;
use super::shown::{Authentication, environment_id};

/// The settings of an integration.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentProperties {
    /// `AmazonApiGateway`.
    #[schema(required = false, example = "AmazonApiGateway")]
    pub api_source_type: String,
    /// One account in one region, in Microsoft's form; this or `amazonApiGatewaySources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amazon_api_gateway_source: Option<SourceProperties>,
    /// Several accounts and regions; this or `amazonApiGatewaySource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 20)]
    pub amazon_api_gateway_sources: Option<Vec<ListedSource>>,
    /// The kinds of API to synchronize; defaults to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_types: Option<Vec<ApiType>>,
    /// The facts that each API in the catalog gets as custom metadata; defaults to all, none if empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Vec<Fact>>,
    /// Whether to import definitions; defaults to `always`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_specification: Option<ImportSpecification>,
    /// `/workspaces/default/environments/NAME`, or the ARM id of an environment of this API center; defaults to an
    /// environment with the integration's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_environment_id: Option<String>,
    /// The lifecycle stage of new versions; defaults to `design`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_lifecycle_stage: Option<LifecycleStage>,
    /// Values of the organisation's own metadata, set when an entity is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_custom_properties: Option<DefaultCustomProperties>,
    /// Selects the APIs and stages that match one of these; without any, all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub include: Vec<Match>,
    /// Excludes the APIs and stages that match one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub exclude: Vec<Match>,
    /// Rules that set fields; of several for the same field, the last wins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub map: Vec<MapRule>,
    /// How to group several gateway APIs into one API of the catalog: `none`, `name` or `tag:KEY`; defaults to `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "tag:api")]
    pub group_by: Option<GroupBy>,
    /// Prefixes and suffixes to trim from names before they are compared, such as `dev-`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_trim: Option<Vec<String>>,
}

/// One gateway and its credentials: an access key, a role, or a role assumed with an access key.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceProperties {
    /// The secret identifier of the access key's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://VAULT.vault.azure.net/secrets/aws-access-key")]
    pub access_key: Option<String>,
    /// The secret identifier of the secret access key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://VAULT.vault.azure.net/secrets/aws-secret-access-key")]
    pub secret_access_key: Option<String>,
    /// The role to assume.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "arn:aws:iam::123456789012:role/apicenter-sync")]
    pub role_arn: Option<String>,
    /// The external id that the role's trust policy requires, with an access key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The account of the credentials, as AWS reported it when the integration was put.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub account: Option<String>,
    /// The gateway's region.
    #[schema(example = "us-east-1")]
    pub region_name: String,
    /// Stored and shown, but not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msi_resource_id: Option<String>,
}

impl DocumentProperties {
    /// The properties of an integration of which only the source is known.
    #[must_use]
    pub fn of_source(source: SourceProperties) -> Self {
        Self {
            api_source_type: API_SOURCE_TYPE.to_owned(),
            amazon_api_gateway_source: Some(source),
            amazon_api_gateway_sources: None,
            api_types: None,
            facts: None,
            import_specification: None,
            target_environment_id: None,
            target_lifecycle_stage: None,
            default_custom_properties: None,
            include: Vec::new(),
            exclude: Vec::new(),
            map: Vec::new(),
            group_by: None,
            group_trim: None,
        }
    }
}

impl DocumentProperties {
    /// The names of the regions without duplicates, separated by commas.
    #[must_use]
    pub fn region_names(&self) -> String {
        let one = self.amazon_api_gateway_source.iter().map(|source| &source.region_name);
        let several = self.amazon_api_gateway_sources.iter().flatten();
        let mut names: Vec<&String> = one.chain(several.flat_map(|source| &source.region_names)).collect();
        names.sort();
        names.dedup();
        names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl From<&Integration> for DocumentProperties {
    fn from(integration: &Integration) -> Self {
        let defaults = &integration.default_custom_properties;
        Self {
            api_types: Some(integration.api_types.iter().copied().collect()),
            facts: Some(integration.facts.iter().copied().collect()),
            import_specification: Some(integration.import_specification),
            target_environment_id: Some(environment_id(&integration.environment)),
            target_lifecycle_stage: Some(integration.lifecycle_stage),
            default_custom_properties: (*defaults != DefaultCustomProperties::default()).then(|| defaults.clone()),
            include: integration.include.clone(),
            exclude: integration.exclude.clone(),
            map: integration.map.clone(),
            group_by: (integration.group_by != GroupBy::None).then(|| integration.group_by.clone()),
            group_trim: (!integration.group_trim.is_empty()).then(|| integration.group_trim.iter().cloned().collect()),
            api_source_type: API_SOURCE_TYPE.to_owned(),
            amazon_api_gateway_source: integration.only_source().map(Into::into),
            amazon_api_gateway_sources: match integration.only_source() {
                Some(_) => None,
                None => Some(integration.sources.iter().map(Into::into).collect()),
            },
        }
    }
}

impl From<&Source> for SourceProperties {
    fn from(source: &Source) -> Self {
        let shown = Authentication::from(&source.authentication);
        Self {
            access_key: shown.access_key,
            secret_access_key: shown.secret_access_key,
            role_arn: shown.role_arn,
            external_id: shown.external_id,
            account: source.account.as_ref().map(ToString::to_string),
            // It has exactly one.
            region_name: source.regions.first().map(ToString::to_string).unwrap_or_default(),
            msi_resource_id: source.msi_resource_id.clone(),
        }
    }
}
