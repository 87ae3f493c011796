//! The sources of an integration with several, as shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::shown::{Authentication, environment_id};
use crate::model::{Accounts, LifecycleStage, Source};

/// Accounts and regions read with one set of credentials.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedSource {
    /// Its name: 1 to 16 lower-case letters, digits and hyphens.
    #[schema(example = "prod", pattern = "^[a-z0-9-]{1,16}$")]
    pub name: String,
    /// The regions, all of one partition.
    #[schema(min_items = 1)]
    pub region_names: Vec<String>,
    /// The secret identifier of the access key's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://VAULT.vault.azure.net/secrets/aws-access-key")]
    pub access_key: Option<String>,
    /// The secret identifier of the secret access key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://VAULT.vault.azure.net/secrets/aws-secret-access-key")]
    pub secret_access_key: Option<String>,
    /// The role to assume, with the access key if there is one; with `accounts`, the role that assumes those in the
    /// accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "arn:aws:iam::111122223333:role/apicenter-hub")]
    pub role_arn: Option<String>,
    /// The external id that the trust policies of the roles require.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The accounts; defaults to the account of the credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<ListedAccounts>,
    /// The role to assume in each of several accounts, including its path; defaults to `apicenter-aws-sync`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    /// The environment of its deployments; defaults to the integration's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_environment_id: Option<String>,
    /// The lifecycle stage of its new versions; defaults to the integration's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_lifecycle_stage: Option<LifecycleStage>,
    /// The account of the credentials, as AWS reported it when the integration was put.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub account: Option<String>,
}

/// The accounts of a source.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ListedAccounts {
    /// These accounts.
    These(Vec<String>),
    /// Accounts of the organisation.
    Organization(ListedOrganization),
}

/// All active accounts of the organisation, with exceptions.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedOrganization {
    /// `true`.
    pub organization: bool,
    /// The role that may list the accounts; defaults to the source's credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// Excluded accounts, and organisational units with everything below them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub except: Vec<String>,
}

impl From<&Source> for ListedSource {
    fn from(source: &Source) -> Self {
        let shown = Authentication::from(&source.authentication);
        let role = source.member_role();
        let external_id = role.and_then(|role| role.external_id.as_ref());
        Self {
            name: source.label().unwrap_or_default(),
            region_names: source.regions.iter().map(ToString::to_string).collect(),
            access_key: shown.access_key,
            secret_access_key: shown.secret_access_key,
            role_arn: shown.role_arn,
            external_id: external_id.map(|id| id.as_str().to_owned()).or(shown.external_id),
            accounts: accounts(&source.accounts),
            role_name: role.map(|role| role.name.to_string()),
            target_environment_id: source.environment.as_ref().map(environment_id),
            target_lifecycle_stage: source.lifecycle_stage,
            account: source.account.as_ref().map(ToString::to_string),
        }
    }
}

fn accounts(accounts: &Accounts) -> Option<ListedAccounts> {
    match accounts {
        Accounts::Own => None,
        Accounts::Listed(accounts, _) => {
            let ids = accounts.iter().map(ToString::to_string);
            Some(ListedAccounts::These(ids.collect()))
        }
        Accounts::Organization(organization, _) => {
            let accounts = organization.except_accounts.iter().map(ToString::to_string);
            let units = organization.except_units.iter().map(ToString::to_string);
            Some(ListedAccounts::Organization(ListedOrganization {
                organization: true,
                role_arn: organization.role.as_ref().map(ToString::to_string),
                except: accounts.chain(units).collect(),
            }))
        }
    }
}
