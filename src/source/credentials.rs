//! What requests to the gateway are signed with.

use std::fmt;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use super::amazon::presentable;
use super::security_token::{AssumedRole, RoleError};
use crate::model::{Secret, digest};

/// An access key of an AWS account. It cannot be printed.
#[derive(Clone)]
pub struct AccessKey {
    id: Secret,
    secret: Secret,
}

impl AccessKey {
    /// An access key of its two parts.
    #[must_use]
    pub fn new(id: Secret, secret: Secret) -> Self {
        Self { id, secret }
    }

    /// A digest of both parts, which tells keys apart and nothing of them.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(format!("{}\n{}", self.id.expose(), self.secret.expose()).as_bytes())
    }

    pub(super) fn credentials(&self) -> Credentials {
        Credentials::new(self.id.expose(), self.secret.expose(), None, None, "key-vault")
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// Where the credentials of requests come from.
#[derive(Debug, Clone)]
pub enum AwsCredentials {
    /// An access key.
    AccessKey(AccessKey),
    /// A role, under which Amazon gives out credentials for a while.
    Role(AssumedRole),
}

impl AwsCredentials {
    /// The credentials to sign with now. A role is taken on where that was not done yet, and again before its time ends.
    ///
    /// # Errors
    /// When the role cannot be taken on.
    pub(super) async fn current(&self) -> Result<Credentials, RoleError> {
        match self {
            Self::AccessKey(key) => Ok(key.credentials()),
            // Boxed: the exchange is rare, and large.
            Self::Role(role) => Box::pin(role.current()).await,
        }
    }
}

impl fmt::Display for AwsCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessKey(_) => formatter.write_str("the access key"),
            Self::Role(role) => write!(formatter, "the temporary credentials of the role {}", role.arn()),
        }
    }
}

impl ProvideCredentials for AwsCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { self.current().await.map_err(CredentialsError::provider_error) })
    }
}

/// Words of Amazon's with everything that is secret about the credentials made unreadable, as they are passed on: Amazon
/// repeats some of what it is sent.
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
