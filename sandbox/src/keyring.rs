//! The access keys of an Amazon account: those that last, and those of sessions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// The account that everything of Amazon's here is in.
pub const ACCOUNT: &str = "123456789012";
/// The user whose access keys last.
pub const USER_ARN: &str = "arn:aws:iam::123456789012:user/apicenter-aws-sync";

/// An access key.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    /// Its public half.
    pub access_key_id: String,
    /// Its secret half.
    pub secret: String,
    /// Whose key it is, as an ARN.
    pub principal: String,
    /// The session it belongs to, when it is a temporary one.
    pub session: Option<Session>,
}

/// What makes a key a temporary one.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// What every request of the session has to show.
    pub token: String,
    /// When it ends.
    pub ends: SystemTime,
}

impl Credential {
    /// A key of the account's user, which lasts.
    pub fn lasting(access_key_id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret: secret.into(),
            principal: USER_ARN.to_owned(),
            session: None,
        }
    }
}

/// All keys that are known; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Arc<Mutex<Vec<Credential>>>);

impl Keyring {
    /// From now on, these keys last and no others; sessions go on to their end, as Amazon's do.
    pub fn set_lasting(&self, keys: Vec<(String, String)>) {
        let mut credentials = self.credentials();
        credentials.retain(|credential| credential.session.is_some());
        credentials.extend(keys.into_iter().map(|(id, secret)| Credential::lasting(id, secret)));
    }

    /// Whether an `Authorization` header names one of the keys.
    pub(crate) fn knows_signer(&self, authorization: &str) -> bool {
        self.credentials()
            .iter()
            .any(|known| authorization.contains(&format!("Credential={}/", known.access_key_id)))
    }

    /// Ends all sessions at this time, as when it had come to their end.
    pub fn end_sessions(&self, at: SystemTime) {
        for session in self.credentials().iter_mut().filter_map(|key| key.session.as_mut()) {
            session.ends = at;
        }
    }

    /// Adds the key of a session.
    pub(crate) fn add(&self, credential: Credential) {
        self.credentials().push(credential);
    }

    /// All keys, also those of sessions that are over.
    pub(crate) fn known(&self) -> Vec<Credential> {
        self.credentials().clone()
    }

    fn credentials(&self) -> MutexGuard<'_, Vec<Credential>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
