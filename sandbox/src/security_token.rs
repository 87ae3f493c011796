//! AWS Security Token Service (2011-06-15): sessions of roles, for keys and for tokens of an identity provider.
//!
//! What it gives is good for the API Gateway that shares its keyring, until it ends.

mod account;
mod errors;
mod exchange;
mod form;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::clock::now;
use crate::keyring::Keyring;
use crate::record::Service;
use crate::serve::StandIn;

use self::account::State;
pub use self::account::{OidcProvider, Role, Trust};
pub use self::errors::StsError;
use self::form::Form;

/// The service.
#[derive(Debug)]
pub struct SecurityToken {
    region: String,
    keyring: Keyring,
    state: Mutex<State>,
}

impl SecurityToken {
    /// A service whose account has these access keys, and neither roles nor identity providers.
    ///
    /// Signatures must be for its region; it adds the keys of sessions to the others.
    #[must_use]
    pub fn new(region: impl Into<String>, keyring: Keyring) -> Self {
        Self {
            region: region.into(),
            keyring,
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

impl StandIn for SecurityToken {
    const SERVICE: Service = Service::Sts;

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.answer_now(request).unwrap_or_else(Response::from)
    }
}
