//! AWS authentication of an integration.

use super::{ExternalId, RoleArn, SecretIdentifier};

/// The two secrets that hold an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKeySecrets {
    /// The secret that holds the access key id.
    pub access_key: SecretIdentifier,
    /// The secret that holds the secret access key.
    pub secret_access_key: SecretIdentifier,
}

/// The credentials for AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsAuthentication {
    /// An access key.
    AccessKey(AccessKeySecrets),
    /// A role assumed with an access key.
    RoleByAccessKey {
        /// The access key.
        secrets: AccessKeySecrets,
        /// The role.
        role: RoleArn,
        /// The external id that the role's trust policy requires.
        external_id: Option<ExternalId>,
    },
    /// A role assumed with a token of this app's Azure identity, without any key.
    RoleByWebIdentity {
        /// The role.
        role: RoleArn,
    },
}

/// The parts of an authentication as given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthenticationParts {
    /// The secret that holds the access key id.
    pub access_key: Option<SecretIdentifier>,
    /// The secret that holds the secret access key.
    pub secret_access_key: Option<SecretIdentifier>,
    /// The role.
    pub role: Option<RoleArn>,
    /// The external id that the role's trust policy requires.
    pub external_id: Option<ExternalId>,
}

/// Parts that do not form an authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IncompleteAuthentication {
    /// An access key without its id.
    #[error(
        "is missing: secretAccessKey needs it (for a role without an access key, leave out both and give only roleArn)"
    )]
    NoAccessKey,
    /// An access key without its secret part.
    #[error("is missing: accessKey needs it (for a role without an access key, leave out both and give only roleArn)")]
    NoSecretAccessKey,
    /// Neither an access key nor a role.
    #[error("is missing: give accessKey and secretAccessKey, or roleArn, or all three")]
    Nothing,
    /// An external id without a role.
    #[error("applies to a role, and there is none: add roleArn, or leave it out")]
    ExternalIdWithoutRole,
    /// An external id although a token proves our identity.
    #[error(
        "applies to a role assumed with an access key: add accessKey and secretAccessKey, or leave it out; without \
         keys, the audience and subject in the role's trust policy take its place"
    )]
    ExternalIdWithoutKey,
}

impl IncompleteAuthentication {
    /// The missing or superfluous property.
    #[must_use]
    pub fn property(self) -> &'static str {
        match self {
            Self::NoAccessKey | Self::Nothing => "accessKey",
            Self::NoSecretAccessKey => "secretAccessKey",
            Self::ExternalIdWithoutRole | Self::ExternalIdWithoutKey => "externalId",
        }
    }
}

impl AwsAuthentication {
    /// Combines the parts.
    ///
    /// # Errors
    /// If one is missing or superfluous.
    pub fn of_parts(parts: AuthenticationParts) -> Result<Self, IncompleteAuthentication> {
        let AuthenticationParts {
            access_key,
            secret_access_key,
            role,
            external_id,
        } = parts;
        let secrets = match (access_key, secret_access_key) {
            (Some(access_key), Some(secret_access_key)) => Some(AccessKeySecrets {
                access_key,
                secret_access_key,
            }),
            (Some(_), None) => return Err(IncompleteAuthentication::NoSecretAccessKey),
            (None, Some(_)) => return Err(IncompleteAuthentication::NoAccessKey),
            (None, None) => None,
        };
        match (secrets, role, external_id) {
            (Some(secrets), None, None) => Ok(Self::AccessKey(secrets)),
            (Some(secrets), Some(role), external_id) => Ok(Self::RoleByAccessKey {
                secrets,
                role,
                external_id,
            }),
            (None, Some(role), None) => Ok(Self::RoleByWebIdentity { role }),
            (_, None, Some(_)) => Err(IncompleteAuthentication::ExternalIdWithoutRole),
            (None, Some(_), Some(_)) => Err(IncompleteAuthentication::ExternalIdWithoutKey),
            (None, None, None) => Err(IncompleteAuthentication::Nothing),
        }
    }

    /// The access key's secrets, if any.
    #[must_use]
    pub fn secrets(&self) -> Option<&AccessKeySecrets> {
        match self {
            Self::AccessKey(secrets) | Self::RoleByAccessKey { secrets, .. } => Some(secrets),
            Self::RoleByWebIdentity { .. } => None,
        }
    }

    /// The role, if any.
    #[must_use]
    pub fn role(&self) -> Option<&RoleArn> {
        match self {
            Self::RoleByAccessKey { role, .. } | Self::RoleByWebIdentity { role } => Some(role),
            Self::AccessKey(_) => None,
        }
    }

    /// The external id, if any.
    #[must_use]
    pub fn external_id(&self) -> Option<&ExternalId> {
        match self {
            Self::RoleByAccessKey { external_id, .. } => external_id.as_ref(),
            Self::AccessKey(_) | Self::RoleByWebIdentity { .. } => None,
        }
    }
}
