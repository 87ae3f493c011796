//! Azure Key Vault: the secrets that an integration names.

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

/// Limit of reading one secret, retries and tokens included.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// What time alone may fix; a 429 says how long to wait.
const RETRIED: &[StatusCode] = &[
    StatusCode::RequestTimeout,
    StatusCode::InternalServerError,
    StatusCode::BadGateway,
    StatusCode::ServiceUnavailable,
    StatusCode::GatewayTimeout,
];
/// Longest answer, in bytes: a secret has at most 25 KB (Key Vault, "About secrets").
const ANSWER_MAX_BYTES: usize = 1024 * 1024;
/// How often a throttled read is tried, counting the first.
const THROTTLED_ATTEMPTS: u32 = 3;
/// Wait after a 429 that does not say how long: Key Vault counts requests over ten seconds.
const THROTTLED_DELAY: Duration = Duration::from_secs(5);

/// Clients of vaults that are kept while nobody uses them: more than one app reads from.
const CLIENTS_MAX: usize = 16;

/// Reads secrets with one identity, from any vault that secret identifiers may name.
pub struct Vault {
    credential: Arc<dyn TokenCredential>,
    client_options: ClientOptions,
    /// By the URL of the vault.
    clients: Kept<String, SecretClient>,
}

impl Vault {
    /// A reader that shows `credential` to the vaults.
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

    /// Reads a secret's value, without the white space around it that `echo` and editors add.
    ///
    /// The value is one line of visible ASCII without quotation marks, as both halves of an access key are: others would
    /// not fit into the headers that they are for.
    ///
    /// An expired secret is read like any other, as Key Vault gives it out: whether the key still works is Amazon's to say.
    ///
    /// # Errors
    /// When there is no value to be had within the budget and 30 seconds.
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

    /// The client of a vault, kept, since it remembers which token the vault wants and keeps its connection.
    fn client(&self, identifier: &SecretIdentifier) -> Result<Arc<SecretClient>, SecretError> {
        let url = identifier.vault_url();
        self.clients.get_or_try_make(url.clone(), || {
            let options = SecretClientOptions {
                client_options: self.client_options.clone(),
                // An address can never end in the host of the challenge's resource. Only hosts that KEY_VAULT_HOSTS lists
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

/// Reads again after a 429, as long after as the vault says, if that is within `limit`.
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
        // The parser's own words could quote what it read.
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
