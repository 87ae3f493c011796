//! The access keys of AWS accounts: permanent ones, and those of sessions.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::region::partition;

/// The default AWS account.
pub const ACCOUNT: &str = "123456789012";
/// The user of that account with permanent access keys.
pub const USER_ARN: &str = "arn:aws:iam::123456789012:user/apicenter-aws-sync";

/// An access key.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    /// Its public half.
    pub access_key_id: String,
    /// Its secret half.
    pub secret: String,
    /// Its principal, as an ARN.
    pub principal: String,
    /// The session it belongs to, when it is a temporary one.
    pub session: Option<Session>,
}

/// The session of a temporary key.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The session token, required in every request.
    pub token: String,
    /// When it ends.
    pub ends: SystemTime,
    /// The role that it is a session of, as an ARN.
    pub role_arn: String,
}

impl Credential {
    /// The account that the key is of.
    pub fn account(&self) -> &str {
        account_of(&self.principal)
    }
}

/// The account that an ARN names.
pub(crate) fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// The partition that an ARN names.
pub(crate) fn partition_of(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or_default()
}

/// The ARN of the user of an account whose access keys last, in the partition of a region.
pub(crate) fn user_arn(account: &str, region: &str) -> String {
    format!("arn:{}:iam::{account}:user/apicenter-aws-sync", partition(region))
}

/// All keys that are known, and the regions where they are good for nothing; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Arc<Mutex<Keys>>);

#[derive(Debug, Default)]
struct Keys {
    /// By the keys' ids.
    credentials: HashMap<String, Credential>,
    /// Accounts with regions that they have not enabled: AWS knows no key of theirs there.
    disabled: HashSet<(String, String)>,
}

impl Keyring {
    /// Adds an access key of a user, which lasts.
    pub fn add_lasting(&self, user_arn: &str, access_key_id: &str, secret: &str) {
        self.add(Credential {
            access_key_id: access_key_id.to_owned(),
            secret: secret.to_owned(),
            principal: user_arn.to_owned(),
            session: None,
        });
    }

    /// Removes all lasting keys of an account; sessions continue to their end, as AWS's do.
    pub fn remove_lasting(&self, account: &str) {
        let is_kept = |key: &Credential| key.session.is_some() || key.account() != account;
        self.keys().credentials.retain(|_, key| is_kept(key));
    }

    /// Ends all sessions of an account's roles, or all there are, at this time, as when it had come to their end.
    pub fn end_sessions(&self, account: Option<&str>, at: SystemTime) {
        for key in self.keys().credentials.values_mut() {
            let is_meant = account.is_none_or(|account| account == key.account());
            if let Some(session) = key.session.as_mut().filter(|_| is_meant) {
                session.ends = at;
            }
        }
    }

    /// Adds a key.
    pub(crate) fn add(&self, credential: Credential) {
        let id = credential.access_key_id.clone();
        self.keys().credentials.insert(id, credential);
    }

    /// Sets whether an account has enabled a region; at first it has enabled all.
    pub fn set_region_enabled(&self, account: &str, region: &str, enabled: bool) {
        let place = (account.to_owned(), region.to_owned());
        let disabled = &mut self.keys().disabled;
        if enabled {
            disabled.remove(&place);
        } else {
            disabled.insert(place);
        }
    }

    /// Whether an account has enabled a region.
    pub(crate) fn has_enabled(&self, account: &str, region: &str) -> bool {
        let place = (account.to_owned(), region.to_owned());
        !self.keys().disabled.contains(&place)
    }

    /// The account of a key, wherever the key is known.
    pub(crate) fn account_of(&self, access_key_id: &str) -> Option<String> {
        let keys = self.keys();
        let key = keys.credentials.get(access_key_id)?;
        Some(key.account().to_owned())
    }

    /// A key that is known in a region, also one of a session that is over.
    pub(crate) fn known_in(&self, region: &str, access_key_id: &str) -> Option<Credential> {
        let key = self.keys().credentials.get(access_key_id).cloned()?;
        let is_known = partition_of(&key.principal) == partition(region) && self.has_enabled(key.account(), region);
        is_known.then_some(key)
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
