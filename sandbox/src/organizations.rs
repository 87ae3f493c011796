//! AWS Organizations (2016-11-28): the accounts of a company's organisation, and their place in its tree.

mod answers;
mod errors;
mod state;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;

use crate::clock::now;
use crate::keyring::{Credential, Keyring, partition_of};
use crate::record::{Service, Subject};
use crate::region::partition;
use crate::serve::StandIn;
use crate::signature::{Scope, claimed_key, region_of, verify};

pub use self::errors::OrganizationsError;
use self::state::{Input, State};
pub use self::state::{Member, ORGANIZATION, ROOT, Unit};

/// The prefix of every call's target.
const TARGET: &str = "AWSOrganizationsV20161128.";

/// The service.
#[derive(Debug)]
pub struct Organizations {
    keyring: Keyring,
    state: Mutex<State>,
}

impl Organizations {
    /// The service of accounts that have these access keys; none of them is in an organisation.
    #[must_use]
    pub fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            state: Mutex::default(),
        }
    }

    /// Makes an organisation that belongs to this account and has no other, in place of one that is there.
    pub fn create(&self, management_account: Member) {
        let mut state = self.state();
        state.management_account = Some(management_account.id.clone());
        state.members = BTreeMap::from([(management_account.id.clone(), management_account)]);
        state.units.clear();
        state.delegated_administrators.clear();
    }

    /// Adds an account, or changes it.
    pub fn put_account(&self, member: Member) {
        self.state().members.insert(member.id.clone(), member);
    }

    /// Removes an account, as when it leaves the organisation.
    pub fn remove_account(&self, id: &str) {
        self.state().members.remove(id);
    }

    /// Adds a unit, or changes it.
    pub fn put_unit(&self, unit: Unit) {
        self.state().units.insert(unit.id.clone(), unit);
    }

    /// Sets whether an account may read the organisation like the management account.
    pub fn set_delegated_administrator(&self, account: &str, delegated: bool) {
        let administrators = &mut self.state().delegated_administrators;
        if delegated {
            administrators.insert(account.to_owned());
        } else {
            administrators.remove(account);
        }
    }

    /// From now on, pages have so many entries at most.
    pub fn set_page_size(&self, entries: usize) {
        self.state().page_size = entries;
    }

    fn answer_now(&self, request: &Request<Bytes>) -> Result<Value, OrganizationsError> {
        let caller = self.caller(request)?;
        let operation = operation(request).ok_or_else(OrganizationsError::unknown_operation)?;
        let input: Input = serde_json::from_slice(request.body()).map_err(|_| OrganizationsError::serialization())?;
        let state = self.state();
        let management_account = state
            .management_account
            .as_deref()
            .filter(|_| state.members.contains_key(caller.account()))
            .ok_or_else(OrganizationsError::not_in_use)?;
        let is_administrator =
            management_account == caller.account() || state.delegated_administrators.contains(caller.account());
        if !is_administrator && operation != "DescribeOrganization" {
            return Err(OrganizationsError::no_permissions());
        }
        let owner = (partition_of(&caller.principal), management_account);
        answers::answer(&state, owner, operation, &input)
    }

    fn caller(&self, request: &Request<Bytes>) -> Result<Credential, OrganizationsError> {
        let scope = Scope {
            region: home(region_of(request).unwrap_or_default()),
            service: "organizations",
        };
        Ok(verify(request, &self.keyring, scope, now())?)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The only region of a partition that signatures may be for ("AWS Organizations endpoints and quotas").
fn home(region: &str) -> &'static str {
    match partition(region) {
        "aws-cn" => "cn-northwest-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

/// The operation that a request of the JSON protocol names.
fn operation(request: &Request<Bytes>) -> Option<&str> {
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let is_of_protocol = request.method() == Method::POST
        && request.uri().path() == "/"
        && header(CONTENT_TYPE.as_str()) == Some("application/x-amz-json-1.1");
    header("x-amz-target")?.strip_prefix(TARGET).filter(|_| is_of_protocol)
}

impl StandIn for Organizations {
    const SERVICE: Service = Service::Organizations;

    fn subject(&self, request: &Request<Bytes>) -> Subject {
        Subject {
            account: claimed_key(request).and_then(|id| self.keyring.account_of(id)),
            region: region_of(request).map(str::to_owned),
            operation: operation(request).map(str::to_owned),
        }
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        match self.answer_now(request) {
            Ok(body) => wire::answer(StatusCode::OK, &body),
            Err(error) => error.into(),
        }
    }
}
