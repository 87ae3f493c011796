//! The secrets of a source.

use super::examination::{ACCESS_KEY, Examination, SECRET_ACCESS_KEY};
use crate::azure::SecretError;
use crate::model::{SecretIdentifier, Source};
use crate::run::Session;

/// Checks the secrets of a source, if any; returns whether all are fine.
pub(super) async fn secrets(session: &Session, source: &Source, examination: &mut Examination) -> bool {
    let Some(secrets) = source.authentication.secrets() else {
        for check in [ACCESS_KEY, SECRET_ACCESS_KEY] {
            examination.skipped(check, "it has no access key");
        }
        return true;
    };
    let mut good = true;
    for (check, identifier) in [
        (ACCESS_KEY, &secrets.access_key),
        (SECRET_ACCESS_KEY, &secrets.secret_access_key),
    ] {
        good &= secret(session, check, identifier, examination).await;
    }
    good
}

/// Reads a secret and drops its value.
async fn secret(session: &Session, check: &str, identifier: &SecretIdentifier, examination: &mut Examination) -> bool {
    let Err(error) = session.clouds.vault.read(identifier, &session.budget).await else {
        examination.ok(check, &format!("{identifier} can be read"));
        return true;
    };
    let remedy = match &error {
        SecretError::NotFound { .. } => "Create the secret, or create the integration again with the right identifier",
        SecretError::Disabled { .. } => "Enable the secret, or name another version of it",
        SecretError::Empty { .. } => "Set the secret's value",
        SecretError::Misshapen { .. } => {
            "Store the access key's id in one secret and its secret part in the other, and nothing else \
            (docs/aws-account.md, \
             access keys)"
        }
        SecretError::Forbidden { .. } => {
            "Give the identity the role \"Key Vault Secrets User\" on the vault, and let its network through the firewall"
        }
        SecretError::Throttled { .. } => "Wait a few minutes and check again",
        SecretError::NoToken { .. } => "Give the function app a managed identity, or sign in with az login",
        SecretError::Unavailable { .. } => "Check that the vault exists and that this host can reach it",
    };
    examination.failed(check, &error.to_string(), remedy);
    false
}
