//! Access keys, and redaction of their secrets.

use aws_credential_types::Credentials;
use secrecy::{ExposeSecret as _, SecretString};

use super::connection::presentable;
use crate::model::digest;

/// An access key of an AWS account. It cannot be printed.
#[derive(Debug, Clone)]
pub struct AccessKey {
    id: SecretString,
    secret: SecretString,
}

impl AccessKey {
    /// An access key from its two parts.
    #[must_use]
    pub fn new(id: SecretString, secret: SecretString) -> Self {
        Self { id, secret }
    }

    /// A digest of both parts, which identifies the key without revealing it.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(format!("{}\n{}", self.id.expose_secret(), self.secret.expose_secret()).as_bytes())
    }

    pub(super) fn credentials(&self) -> Credentials {
        Credentials::new(
            self.id.expose_secret(),
            self.secret.expose_secret(),
            None,
            None,
            "key-vault",
        )
    }
}

/// AWS's message with all secrets of the credentials redacted: AWS repeats some of what it receives.
pub(super) fn redacted(text: &str, credentials: &Credentials) -> String {
    let text = [
        Some(credentials.secret_access_key()),
        Some(credentials.access_key_id()),
        credentials.session_token(),
    ]
    .into_iter()
    .flatten()
    .filter(|secret| !secret.is_empty())
    .fold(text.to_owned(), |text, secret| text.replace(secret, "[secret]"));
    presentable(&text)
}
