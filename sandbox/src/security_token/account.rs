//! The accounts: their roles, trust policies and identity providers.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// An identity provider that the account has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProvider {
    /// Its issuer, with `https://`.
    pub issuer: String,
    /// The allowed audiences of its tokens.
    pub client_ids: Vec<String>,
}

/// A statement of a role's trust policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Tokens of a registered identity provider.
    WebIdentity {
        /// The provider's issuer.
        issuer: String,
        /// The allowed values of `aud`, if restricted.
        audiences: Option<Vec<String>>,
        /// The allowed values of `sub`, if restricted.
        subjects: Option<Vec<String>>,
    },
    /// An AWS principal.
    Principal {
        /// Its ARN: of a user, of a role, or of an account's root, which means everyone in that account.
        arn: String,
        /// The required `sts:ExternalId`, if any.
        external_id: Option<String>,
    },
}

/// A role in the account of its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// Its trust policy: one statement must match.
    pub trust: Vec<Trust>,
    /// The longest session of it.
    pub session_max: Duration,
}

impl Role {
    /// A role with sessions of up to an hour, as roles are made.
    #[must_use]
    pub fn new(arn: impl Into<String>, trust: Vec<Trust>) -> Self {
        Self {
            arn: arn.into(),
            trust,
            session_max: Duration::from_hours(1),
        }
    }
}

/// The contents of the accounts.
#[derive(Debug, Default)]
pub(super) struct State {
    pub roles: HashMap<String, Role>,
    /// By account and issuer.
    pub providers: HashMap<(String, String), OidcProvider>,
    /// How long the next sessions last, whatever is asked for.
    pub lifetimes: VecDeque<Duration>,
    pub region_disabled: bool,
}
