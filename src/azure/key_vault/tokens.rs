//! Limits the tokens that a vault may ask for to those for vaults.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;

use crate::model::{SecretIdentifier, quote_name};

/// The resources of the public clouds' vaults.
const PUBLIC_RESOURCES: &[&str] = &[
    "https://vault.azure.net",
    "https://vault.azure.cn",
    "https://vault.usgovcloudapi.net",
];

/// A credential that issues tokens for vaults only, since the vault's challenge decides which token a request gets.
#[derive(Debug)]
pub(super) struct VaultTokens {
    credential: Arc<dyn TokenCredential>,
    /// The resource of the vault's cloud, if it is not a public one.
    own_resource: Option<String>,
}

impl VaultTokens {
    pub fn new(credential: Arc<dyn TokenCredential>, identifier: &SecretIdentifier) -> Self {
        let url = identifier.vault_url();
        let cloud = url.split_once('.').map(|(_, cloud)| format!("https://{cloud}"));
        Self {
            credential,
            own_resource: cloud.filter(|_| !identifier.is_in_public_cloud()),
        }
    }

    fn is_for_vaults(&self, scope: &str) -> bool {
        let resource = scope.strip_suffix("/.default").unwrap_or(scope);
        let resource = resource.strip_suffix('/').unwrap_or(resource);
        PUBLIC_RESOURCES.contains(&resource) || self.own_resource.as_deref() == Some(resource)
    }
}

#[async_trait]
impl TokenCredential for VaultTokens {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        match scopes.iter().find(|scope| !self.is_for_vaults(scope)) {
            None => self.credential.get_token(scopes, options).await,
            Some(scope) => {
                let scope = quote_name(scope);
                let message = format!("the vault asks for a token for {scope:?}, which is not a vault's scope");
                Err(azure_core::Error::with_message(ErrorKind::Credential, message))
            }
        }
    }
}
