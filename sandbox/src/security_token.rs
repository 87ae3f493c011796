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
use crate::keyring::{ACCOUNT, Keyring, account_of};
use crate::record::{Service, Subject};
use crate::serve::StandIn;
use crate::signature;

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
    /// A service of accounts that have these access keys, and neither roles nor identity providers.
    ///
    /// It serves every region; a request that names none is for this one. It adds the keys of sessions to the others.
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

    /// Removes a role; its sessions continue to their end.
    pub fn remove_role(&self, arn: &str) {
        self.state().roles.remove(arn);
    }

    /// Registers an identity provider with the first account, or changes it.
    pub fn put_provider(&self, provider: OidcProvider) {
        self.put_provider_of(ACCOUNT, provider);
    }

    /// Registers an identity provider with an account, or changes it.
    pub fn put_provider_of(&self, account: &str, provider: OidcProvider) {
        let key = (account.to_owned(), provider.issuer.clone());
        self.state().providers.insert(key, provider);
    }

    /// Removes an identity provider of the first account.
    pub fn remove_provider(&self, issuer: &str) {
        let key = (ACCOUNT.to_owned(), issuer.to_owned());
        self.state().providers.remove(&key);
    }

    /// Lets the next sessions last this long each, whatever is asked for; those after them are as asked.
    pub fn set_lifetimes(&self, lifetimes: impl IntoIterator<Item = Duration>) {
        self.state().lifetimes = lifetimes.into_iter().collect();
    }

    /// Ends all sessions now, as when their time had come.
    pub fn end_sessions(&self) {
        self.keyring.end_sessions(None, now());
    }

    /// Ends all sessions of an account's roles now.
    pub fn end_sessions_of(&self, account: &str) {
        self.keyring.end_sessions(Some(account), now());
    }

    /// Whether the accounts have switched the service off in the region of requests that name none.
    pub fn set_region_disabled(&self, disabled: bool) {
        self.state().region_disabled = disabled;
    }

    fn answer_now(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, StsError> {
        let form = Form::read(request)?;
        let mut state = self.state();
        let region = signature::region_of(request).unwrap_or(&self.region);
        if state.region_disabled && region == self.region {
            return Err(StsError::region_disabled(ACCOUNT));
        }
        match form.operation()? {
            "AssumeRoleWithWebIdentity" => {
                exchange::assume_role_with_web_identity(&mut state, &self.keyring, &form, region)
            }
            "AssumeRole" => {
                let caller = exchange::verify(request, &self.keyring, region)?;
                exchange::assume_role(&mut state, &self.keyring, &form, region, &caller)
            }
            "GetCallerIdentity" => {
                let caller = exchange::verify(request, &self.keyring, region)?;
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

    fn subject(&self, request: &Request<Bytes>) -> Subject {
        let form = Form::read(request).ok();
        let parameter = |name| form.as_ref().and_then(|form| form.get(name));
        let of_role = parameter("RoleArn").map(|arn| account_of(arn).to_owned());
        let of_key = || signature::claimed_key(request).and_then(|id| self.keyring.account_of(id));
        Subject {
            account: of_role.or_else(of_key),
            region: signature::region_of(request).map(str::to_owned),
            operation: parameter("Action").map(str::to_owned),
        }
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.answer_now(request).unwrap_or_else(Response::from)
    }
}
