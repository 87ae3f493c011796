//! The tokens that a vault may ask for: those for vaults, and no others.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;

use crate::model::{SecretIdentifier, quote_name};

/// What tokens for the vaults of the public clouds are issued for.
const PUBLIC_RESOURCES: &[&str] = &[
    "https://vault.azure.net",
    "https://vault.azure.cn",
    "https://vault.usgovcloudapi.net",
];

/// A credential that is good for vaults only, since which token a request is made with is the vault's to say.
#[derive(Debug)]
pub(super) struct VaultTokens {
    credential: Arc<dyn TokenCredential>,
    /// The resource of the cloud that the vault is in, if it is another than the public ones.
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
