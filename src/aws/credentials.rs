//! The credentials that sign gateway requests.

use std::fmt;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use super::access_key::AccessKey;
use super::security_token::{AssumedRole, RoleError};

/// The source of credentials for requests.
#[derive(Debug, Clone)]
pub enum AwsCredentials {
    /// An access key.
    AccessKey(AccessKey),
    /// A role, whose temporary credentials expire.
    Role(AssumedRole),
}

impl AwsCredentials {
    /// The current credentials. Assumes a role on first use, and again before they expire.
    ///
    /// # Errors
    /// If the role cannot be assumed.
    pub(super) async fn current(&self) -> Result<Credentials, RoleError> {
        match self {
            Self::AccessKey(key) => Ok(key.credentials()),
            // Boxed: the exchange is rare, and large.
            Self::Role(role) => Box::pin(role.current()).await,
        }
    }

    /// Drops credentials that AWS says have expired; returns whether there can be others.
    pub(super) async fn discard(&self, stale: &Credentials) -> bool {
        match self {
            Self::AccessKey(_) => false,
            Self::Role(role) => {
                role.discard(stale).await;
                true
            }
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
