//! AWS Security Token Service (2011-06-15): sessions of roles, for keys and for tokens of an identity provider.
//!
//! What it gives is good for the API Gateway that shares its keyring, until it ends.

mod errors;
mod exchange;
mod form;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::clock::now;
use crate::keyring::Keyring;

pub use self::errors::StsError;
use self::form::Form;

/// How the service is to be.
#[derive(Debug, Clone)]
pub struct SecurityTokenOptions {
    /// Its region, which signatures must be for.
    pub region: String,
    /// The access keys of its account, to which it adds those of sessions.
    pub keyring: Keyring,
}

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
        /// What `aud` has to be one of, if that is asked.
        audiences: Option<Vec<String>>,
        /// What `sub` has to be one of, if that is asked.
        subjects: Option<Vec<String>>,
    },
    /// A principal of Amazon's.
    Principal {
        /// Its ARN.
        arn: String,
        /// What `sts:ExternalId` has to be, if that is asked.
        external_id: Option<String>,
    },
}

/// A role of the account.
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

/// The service.
#[derive(Debug)]
pub struct SecurityToken {
    region: String,
    keyring: Keyring,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    roles: HashMap<String, Role>,
    providers: HashMap<String, OidcProvider>,
    /// How long the next sessions last, whatever is asked for.
    lifetimes: VecDeque<Duration>,
    region_disabled: bool,
}

impl SecurityToken {
    /// A service whose account has neither roles nor identity providers.
    #[must_use]
    pub fn new(options: SecurityTokenOptions) -> Self {
        Self {
            region: options.region,
            keyring: options.keyring,
            state: Mutex::default(),
        }
    }

    /// Adds a role, or changes it.
    pub fn put_role(&self, role: Role) {
        self.state().roles.insert(role.arn.clone(), role);
    }

    /// Takes a role away; its sessions go on to their end.
    pub fn remove_role(&self, arn: &str) {
        self.state().roles.remove(arn);
    }

    /// Registers an identity provider, or changes it.
    pub fn put_provider(&self, provider: OidcProvider) {
        self.state().providers.insert(provider.issuer.clone(), provider);
    }

    /// Takes an identity provider away.
    pub fn remove_provider(&self, issuer: &str) {
        self.state().providers.remove(issuer);
    }

    /// Lets the next sessions last this long each, whatever is asked for; those after them are as asked.
    pub fn set_lifetimes(&self, lifetimes: impl IntoIterator<Item = Duration>) {
        self.state().lifetimes = lifetimes.into_iter().collect();
    }

    /// Ends all sessions now, as when their time had come.
    pub fn end_sessions(&self) {
        self.keyring.end_sessions(now());
    }

    /// Whether the account has switched the service off in this region.
    pub fn set_region_disabled(&self, disabled: bool) {
        self.state().region_disabled = disabled;
    }

    /// Answers a request.
    #[expect(
        clippy::unused_async,
        reason = "all stand-ins are called alike, and others have something to wait for"
    )]
    pub async fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.answer_now(request).unwrap_or_else(Response::from)
    }

    fn answer_now(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, StsError> {
        let form = Form::read(request)?;
        let mut state = self.state();
        if state.region_disabled {
            return Err(StsError::region_disabled());
        }
        match form.operation()? {
            "AssumeRoleWithWebIdentity" if !self.keyring.has_enabled(&self.region) => Err(StsError::region_disabled()),
            "AssumeRoleWithWebIdentity" => exchange::assume_role_with_web_identity(&mut state, &self.keyring, &form),
            "AssumeRole" => {
                let caller = exchange::verify(request, &self.keyring, &self.region)?;
                exchange::assume_role(&mut state, &self.keyring, &form, &caller)
            }
            "GetCallerIdentity" => {
                let caller = exchange::verify(request, &self.keyring, &self.region)?;
                Ok(wire::caller_identity(&caller))
            }
            operation => Err(StsError::invalid_action(operation, form.version())),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
