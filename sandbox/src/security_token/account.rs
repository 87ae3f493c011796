//! The accounts: their roles, whom these trust, and their identity providers.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// An identity provider that the account has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProvider {
    /// Who issues its tokens, with `https://`.
    pub issuer: String,
    /// Whom its tokens may be for.
    pub client_ids: Vec<String>,
}

/// A statement of a role's trust policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Tokens of a registered identity provider.
    WebIdentity {
        /// The provider's issuer.
        issuer: String,
        /// What `aud` must be one of, if that is asked.
        audiences: Option<Vec<String>>,
        /// What `sub` must be one of, if that is asked.
        subjects: Option<Vec<String>>,
    },
    /// A principal of AWS.
    Principal {
        /// Its ARN: of a user, of a role, or of an account's root, which means everyone in that account.
        arn: String,
        /// What `sts:ExternalId` must be, if that is asked.
        external_id: Option<String>,
    },
}

/// A role of the account that its ARN names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// Who may take it on: whom one of these fits.
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

/// What the accounts have.
#[derive(Debug, Default)]
pub(super) struct State {
    pub roles: HashMap<String, Role>,
    /// By account and issuer.
    pub providers: HashMap<(String, String), OidcProvider>,
    /// How long the next sessions last, whatever is asked for.
    pub lifetimes: VecDeque<Duration>,
    pub region_disabled: bool,
}
