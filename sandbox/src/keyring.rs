//! The access keys of an Amazon account: those that last, and those of sessions.

use std::collections::HashSet;
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

/// All keys that are known, and the regions where they are good for nothing; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Arc<Mutex<Account>>);

#[derive(Debug, Default)]
struct Account {
    credentials: Vec<Credential>,
    /// Regions that the account has not enabled: Amazon knows no key of its there.
    disabled_regions: HashSet<String>,
}

impl Keyring {
    /// From now on, these keys last and no others; sessions go on to their end, as Amazon's do.
    pub fn set_lasting(&self, keys: Vec<(String, String)>) {
        let credentials = &mut self.account().credentials;
        credentials.retain(|credential| credential.session.is_some());
        credentials.extend(keys.into_iter().map(|(id, secret)| Credential::lasting(id, secret)));
    }

    /// Whether an `Authorization` header names one of the keys.
    pub(crate) fn knows_signer(&self, authorization: &str) -> bool {
        self.account()
            .credentials
            .iter()
            .any(|known| authorization.contains(&format!("Credential={}/", known.access_key_id)))
    }

    /// Ends all sessions at this time, as when it had come to their end.
    pub fn end_sessions(&self, at: SystemTime) {
        let credentials = &mut self.account().credentials;
        for session in credentials.iter_mut().filter_map(|key| key.session.as_mut()) {
            session.ends = at;
        }
    }

    /// Adds the key of a session.
    pub(crate) fn add(&self, credential: Credential) {
        self.account().credentials.push(credential);
    }

    /// Says whether the account has enabled a region; at first it has enabled all.
    pub fn set_region_enabled(&self, region: &str, enabled: bool) {
        let disabled = &mut self.account().disabled_regions;
        if enabled {
            disabled.remove(region);
        } else {
            disabled.insert(region.to_owned());
        }
    }

    /// Whether the account has enabled a region.
    pub(crate) fn has_enabled(&self, region: &str) -> bool {
        !self.account().disabled_regions.contains(region)
    }

    /// The keys that are known in a region, also those of sessions that are over.
    pub(crate) fn known_in(&self, region: &str) -> Vec<Credential> {
        let account = self.account();
        if account.disabled_regions.contains(region) {
            return Vec::new();
        }
        account.credentials.clone()
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
