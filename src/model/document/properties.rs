//! The properties of an integration as they are shown, in the form in which they can be put again.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{
    ApiType, DefaultCustomProperties, EntityPath, Fact, GroupBy, ImportSpecification, Integration, LifecycleStage,
};

use super::API_SOURCE_TYPE;

/// What an integration was made with.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentProperties {
    /// `AmazonApiGateway`.
    #[schema(required = false, example = "AmazonApiGateway")]
    pub api_source_type: String,
    /// Where the gateway is, and how Amazon is shown who we are.
    pub amazon_api_gateway_source: SourceProperties,
    /// The kinds of API that are synchronised; all when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_types: Option<Vec<ApiType>>,
    /// The facts that each API in the catalog tells as custom metadata; all when it is left out, none when it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Vec<Fact>>,
    /// Whether definitions are imported; `always` when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_specification: Option<ImportSpecification>,
    /// `/workspaces/default/environments/NAME`, or the ARM id of an environment of this API center; the environment of the integration's
    /// name when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_environment_id: Option<String>,
    /// The lifecycle stage of new versions; `design` when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_lifecycle_stage: Option<LifecycleStage>,
    /// Values of the organisation's own metadata, set when an entity is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_custom_properties: Option<DefaultCustomProperties>,
    /// What makes one API in the catalog of several on gateways: `none`, `name` or `tag:KEY`; `none` when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "tag:api")]
    pub group_by: Option<GroupBy>,
    /// Starts and ends that are taken off names before they are compared, such as `dev-`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_trim: Option<Vec<String>>,
}

/// Where the gateway is, and how Amazon is shown who we are: by an access key, by a role, or by a role taken on with an
/// access key.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceProperties {
    /// The secret identifier of the access key's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://VAULT.vault.azure.net/secrets/aws-access-key")]
    pub access_key: Option<String>,
    /// The secret identifier of the access key itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://VAULT.vault.azure.net/secrets/aws-secret-access-key")]
    pub secret_access_key: Option<String>,
    /// The role to take on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "arn:aws:iam::123456789012:role/apicenter-sync")]
    pub role_arn: Option<String>,
    /// What the role asks for when it is taken on with the access key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The account of the credentials, as Amazon told it when the integration was put.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub account: Option<String>,
    /// The gateway's region.
    #[schema(example = "us-east-1")]
    pub region_name: String,
    /// Kept and shown, not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msi_resource_id: Option<String>,
}

impl DocumentProperties {
    /// Those of an integration of which only the source is known.
    #[must_use]
    pub fn of_source(source: SourceProperties) -> Self {
        Self {
            api_source_type: API_SOURCE_TYPE.to_owned(),
            amazon_api_gateway_source: source,
            api_types: None,
            facts: None,
            import_specification: None,
            target_environment_id: None,
            target_lifecycle_stage: None,
            default_custom_properties: None,
            group_by: None,
            group_trim: None,
        }
    }
}

impl From<&Integration> for DocumentProperties {
    fn from(integration: &Integration) -> Self {
        let environment = EntityPath::Environment(integration.environment.clone()).scoped_id();
        let defaults = &integration.default_custom_properties;
        Self {
            api_types: Some(integration.api_types.iter().copied().collect()),
            facts: Some(integration.facts.iter().copied().collect()),
            import_specification: Some(integration.import_specification),
            target_environment_id: Some(environment),
            target_lifecycle_stage: Some(integration.lifecycle_stage),
            default_custom_properties: (*defaults != DefaultCustomProperties::default()).then(|| defaults.clone()),
            group_by: (integration.group_by != GroupBy::None).then(|| integration.group_by.clone()),
            group_trim: (!integration.group_trim.is_empty()).then(|| integration.group_trim.iter().cloned().collect()),
            ..Self::of_source(integration.into())
        }
    }
}

impl From<&Integration> for SourceProperties {
    fn from(integration: &Integration) -> Self {
        let authentication = &integration.authentication;
        let secrets = authentication.secrets();
        Self {
            access_key: secrets.map(|secrets| secrets.access_key.to_string()),
            secret_access_key: secrets.map(|secrets| secrets.secret_access_key.to_string()),
            role_arn: authentication.role().map(ToString::to_string),
            external_id: authentication.external_id().map(|id| id.as_str().to_owned()),
            account: integration.account.as_ref().map(ToString::to_string),
            region_name: integration.region.to_string(),
            msi_resource_id: integration.msi_resource_id.clone(),
        }
    }
}
