//! Azure Key Vault: reads the secrets of integrations.

mod error;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, HttpClient, RetryOptions, StatusCode, Transport, new_http_client};
use azure_security_keyvault_secrets::models::SecretClientGetSecretOptions;
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use secrecy::SecretString;

pub use self::error::SecretError;
use self::tokens::VaultTokens;
use crate::limits::{Bounded, Budget, FewRetries, Kept};
use crate::model::{SecretIdentifier, fault_of_line};
use crate::telemetry::{Observed, Peer};

/// Timeout of reading one secret, including retries and tokens.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Statuses that a retry may fix; a 429 says how long to wait.
const RETRIED: &[StatusCode] = &[
    StatusCode::RequestTimeout,
    StatusCode::InternalServerError,
    StatusCode::BadGateway,
    StatusCode::ServiceUnavailable,
    StatusCode::GatewayTimeout,
];
/// Longest response, in bytes: a secret has at most 25 KB (Key Vault, "About secrets").
const ANSWER_MAX_BYTES: usize = 1024 * 1024;
/// Attempts of a throttled read, including the first.
const THROTTLED_ATTEMPTS: u32 = 3;
/// Wait after a 429 without a time: Key Vault counts requests over ten seconds.
const THROTTLED_DELAY: Duration = Duration::from_secs(5);

/// Unused clients that are kept: more vaults than one app reads from.
const CLIENTS_MAX: usize = 16;

/// Reads secrets with one identity from any allowed vault.
pub struct Vault {
    credential: Arc<dyn TokenCredential>,
    client_options: ClientOptions,
    /// By the URL of the vault.
    clients: Kept<String, SecretClient>,
}

impl Vault {
    /// A reader that authenticates with `credential`.
    #[must_use]
    pub fn new(credential: Arc<dyn TokenCredential>) -> Self {
        // The SDK's own client follows no redirects, so that no token goes where a vault points.
        Self::over(new_http_client(None), credential)
    }

    fn over(http_client: Arc<dyn HttpClient>, credential: Arc<dyn TokenCredential>) -> Self {
        let bounded = Bounded::new(http_client, ANSWER_MAX_BYTES, ANSWER_MAX_BYTES);
        Self {
            credential,
            client_options: ClientOptions {
                retry: RetryOptions::custom(Arc::new(FewRetries(RETRIED))),
                per_try_policies: vec![Arc::new(Observed(Peer::KeyVault))],
                transport: Some(Transport::new(Arc::new(bounded))),
                ..ClientOptions::default()
            },
            clients: Kept::new(CLIENTS_MAX),
        }
    }

    /// Reads a secret's value, without the surrounding white space that `echo` and editors add.
    ///
    /// The value must be one line of visible ASCII without quotation marks, like both halves of an access key: anything
    /// else would not fit into headers.
    ///
    /// Expired secrets are read, too, as Key Vault returns them: AWS decides whether the key still works.
    ///
    /// # Errors
    /// If the value cannot be read within the budget and 30 seconds.
    pub async fn read(&self, identifier: &SecretIdentifier, budget: &Budget) -> Result<SecretString, SecretError> {
        let client = self.client(identifier)?;
        let limit = READ_TIMEOUT.min(budget.remaining());
        let unavailable = |message: String| SecretError::Unavailable {
            identifier: identifier.to_string(),
            message,
        };
        let out_of_time = || unavailable("the time ran out".to_owned());
        if budget.is_spent() {
            return Err(out_of_time());
        }
        tokio::select! {
            result = read_patiently(&client, identifier, limit) => result,
            () = budget.spent() => Err(out_of_time()),
            () = tokio::time::sleep(READ_TIMEOUT) => {
                Err(unavailable(format!("no response within {} seconds", READ_TIMEOUT.as_secs())))
            }
        }
    }

    /// The client of a vault; cached, since it remembers the vault's token and keeps its connection.
    fn client(&self, identifier: &SecretIdentifier) -> Result<Arc<SecretClient>, SecretError> {
        let url = identifier.vault_url();
        self.clients.get_or_try_make(url.clone(), || {
            let options = SecretClientOptions {
                client_options: self.client_options.clone(),
                // An IP address can never end in the host of the challenge's resource. Only hosts in KEY_VAULT_HOSTS
                // get here without being in a public cloud, and even they get no tokens but those for vaults.
                verify_challenge_resource: Some(identifier.is_in_public_cloud()),
                ..SecretClientOptions::default()
            };
            let tokens = Arc::new(VaultTokens::new(Arc::clone(&self.credential), identifier));
            SecretClient::new(&url, tokens, Some(options)).map_err(|error| SecretError::of_azure(identifier, &error))
        })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vault").finish_non_exhaustive()
    }
}

/// Retries after a 429, as late as the vault says, if that is within `limit`.
async fn read_patiently(
    client: &SecretClient,
    identifier: &SecretIdentifier,
    limit: Duration,
) -> Result<SecretString, SecretError> {
    let start = tokio::time::Instant::now();
    for _ in 1..THROTTLED_ATTEMPTS {
        let result = read_once(client, identifier).await;
        let Err(SecretError::Throttled { retry_after, .. }) = &result else {
            return result;
        };
        let delay = retry_after.unwrap_or(THROTTLED_DELAY);
        if start.elapsed().saturating_add(delay) >= limit {
            return result;
        }
        tokio::time::sleep(delay).await;
    }
    read_once(client, identifier).await
}

async fn read_once(client: &SecretClient, identifier: &SecretIdentifier) -> Result<SecretString, SecretError> {
    let options = SecretClientGetSecretOptions {
        secret_version: identifier.version().map(str::to_owned),
        ..SecretClientGetSecretOptions::default()
    };
    let failed = |error| SecretError::of_azure(identifier, &error);
    let response = client
        .get_secret(identifier.name(), Some(options))
        .await
        .map_err(failed)?;
    let secret = response.into_model().map_err(|_| SecretError::Unavailable {
        identifier: identifier.to_string(),
        // The parser's own message could quote the value.
        message: "the vault's answer is not a secret".to_owned(),
    })?;
    if secret.attributes.and_then(|attributes| attributes.enabled) == Some(false) {
        return Err(SecretError::Disabled {
            identifier: identifier.to_string(),
        });
    }
    let value = secret.value.unwrap_or_default();
    let value = value.trim();
    if value.is_empty() {
        return Err(SecretError::Empty {
            identifier: identifier.to_string(),
        });
    }
    if let Some(fault) = fault_of_line(value) {
        return Err(SecretError::Misshapen {
            identifier: identifier.to_string(),
            fault,
        });
    }
    Ok(value.into())
}

#[cfg(test)]
mod tests;
