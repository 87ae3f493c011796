//! The app's Azure credential.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, HttpClient, RetryOptions, Transport};
use azure_core::time::Duration;
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};

use crate::limits::Bounded;
use crate::telemetry::{Observed, Peer};

/// Retries at the host's identity endpoint: for some seconds, since it may start later than the app. With the SDK's own
/// number, callers would give up before they learn the reason.
const RETRIES: u32 = 4;
/// How long they last: less than the callers' timeout for a token.
const RETRY_TIME: Duration = Duration::seconds(15);
/// Timeouts of one attempt, those of the SDK's own client.
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);
const READ_TIMEOUT: std::time::Duration = std::time::Duration::from_mins(1);
/// Longest response with a token, in bytes: tokens have some thousand.
const ANSWER_MAX_BYTES: usize = 1024 * 1024;

/// The host offers no usable credential.
#[derive(Debug, thiserror::Error)]
#[error("the {kind} cannot be used")]
pub struct CredentialError {
    kind: &'static str,
    #[source]
    source: azure_core::Error,
}

/// The host's managed identity if there is one, otherwise the developer's own `az login`.
///
/// `client_id` selects a user-assigned identity instead of the system-assigned one. The managed identity caches its
/// tokens until shortly before they expire; the developer's tools are asked each time.
///
/// # Errors
/// If the host's kind of managed identity is not supported.
pub fn azure_credential(
    client_id: Option<&str>,
    managed_identity: bool,
) -> Result<Arc<dyn TokenCredential>, CredentialError> {
    if managed_identity {
        let bounded = Bounded::new(direct_client()?, ANSWER_MAX_BYTES, ANSWER_MAX_BYTES);
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: client_id.map(|id| UserAssignedId::ClientId(id.to_owned())),
            client_options: ClientOptions {
                per_try_policies: vec![Arc::new(Observed(Peer::Identity))],
                retry: RetryOptions::exponential(ExponentialRetryOptions {
                    max_retries: RETRIES,
                    max_total_elapsed: RETRY_TIME,
                    ..ExponentialRetryOptions::default()
                }),
                transport: Some(Transport::new(Arc::new(bounded))),
                ..ClientOptions::default()
            },
        };
        let credential = ManagedIdentityCredential::new(Some(options)).map_err(|source| CredentialError {
            kind: "managed identity",
            source,
        })?;
        return Ok(Arc::new(Readable(credential)));
    }
    let credential = DeveloperToolsCredential::new(None).map_err(|source| CredentialError {
        kind: "developer's credential",
        source,
    })?;
    Ok(credential)
}

/// A client like the SDK's own, but without a proxy: the identity endpoint is on the host itself, and a proxy would see
/// the header that protects it, and the tokens.
fn direct_client() -> Result<Arc<dyn HttpClient>, CredentialError> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .build()
        .map_err(|error| CredentialError {
            kind: "managed identity",
            source: azure_core::Error::with_error(ErrorKind::Other, error, "there is no HTTP client for it"),
        })?;
    Ok(Arc::new(client))
}

/// A credential that reports a response without a token in words for people instead of the parser's.
#[derive(Debug)]
struct Readable(Arc<dyn TokenCredential>);

#[async_trait]
impl TokenCredential for Readable {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.0.get_token(scopes, options).await.map_err(readable)
    }
}

fn readable(error: azure_core::Error) -> azure_core::Error {
    let first: &(dyn Error + 'static) = &error;
    let mut chain = std::iter::successors(Some(first), |&cause| cause.source());
    if chain.any(<dyn Error>::is::<serde_json::Error>) {
        let message = "the host's identity endpoint returned no token";
        azure_core::Error::with_message(ErrorKind::Credential, message)
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::azure_credential;

    #[test]
    fn there_is_a_credential_with_and_without_a_managed_identity() {
        for (client_id, managed_identity) in [(None, true), (Some("id"), true), (None, false)] {
            assert!(azure_credential(client_id, managed_identity).is_ok());
        }
    }
}
