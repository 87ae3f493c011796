//! Tokens of the app's Azure identity for AWS.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::RawResponse;
use secrecy::SecretString;
use serde::Deserialize;

use super::error::RoleError;
use crate::aws::connection::Call;
use crate::error_chain::error_chain;
use crate::model::quote_message;

/// Timeout for a token, including retries.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);
/// The beginning of Microsoft Entra ID's own errors, whoever passes them on.
const ENTRA_REFUSAL: &str = "AADSTS";

/// The app's Azure identity, for AWS.
pub struct WebIdentity {
    credential: Arc<dyn TokenCredential>,
    audience: String,
}

impl WebIdentity {
    /// The identity behind `credential`, with tokens for `audience`.
    #[must_use]
    pub fn new(credential: Arc<dyn TokenCredential>, audience: impl Into<String>) -> Self {
        Self {
            credential,
            audience: audience.into(),
        }
    }

    /// A token for the audience; the credential caches it until shortly before it expires.
    pub(super) async fn token(&self, call: &Call) -> Result<SecretString, RoleError> {
        let scope = format!("{}/.default", self.audience);
        let scopes = [scope.as_str()];
        let token = self.credential.get_token(&scopes, None);
        match tokio::time::timeout(TOKEN_TIMEOUT, token).await {
            Ok(Ok(token)) => Ok(SecretString::from(token.token.secret())),
            Ok(Err(error)) => Err(self.refusal(call, &error)),
            Err(_) => Err(self.no_token(call, format!("no response within {} seconds", TOKEN_TIMEOUT.as_secs()))),
        }
    }

    fn refusal(&self, call: &Call, error: &azure_core::Error) -> RoleError {
        let answer = std::iter::successors(Some(error as &(dyn Error + 'static)), |&error| error.source())
            .filter_map(|error| error.downcast_ref::<azure_core::Error>())
            .find_map(|error| match error.kind() {
                ErrorKind::HttpResponse {
                    status, raw_response, ..
                } => Some((u16::from(*status), raw_response.as_deref().and_then(words))),
                _ => None,
            });
        let (status, words) = answer.unzip();
        let message = words.flatten().unwrap_or_else(|| error_chain(error));
        let message = quote_message(&message);
        match status {
            Some(429) => RoleError::Throttled {
                call: call.clone(),
                retry_after: None,
            },
            Some(400..=404) => self.audience_refused(message),
            None if message.contains(ENTRA_REFUSAL) => self.audience_refused(message),
            Some(_) | None => self.no_token(call, message),
        }
    }

    fn audience_refused(&self, message: String) -> RoleError {
        RoleError::AudienceRefused {
            audience: self.audience.clone(),
            message,
        }
    }

    fn no_token(&self, call: &Call, message: String) -> RoleError {
        RoleError::NoToken {
            call: call.clone(),
            audience: self.audience.clone(),
            message,
        }
    }
}

impl fmt::Debug for WebIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebIdentity")
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// The identity endpoint's message: `message` on App Service, `error_description` if Entra ID's answer comes through.
///
/// For every 400, the credential itself says that no identity is assigned, whatever the reason.
fn words(response: &RawResponse) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(alias = "Message", alias = "error_description")]
        message: Option<String>,
    }
    let answer: Answer = serde_json::from_slice(response.body().as_ref()).ok()?;
    answer.message.filter(|message| !message.trim().is_empty())
}
