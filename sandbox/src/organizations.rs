//! AWS Organizations (2016-11-28): who is in a company's organisation, and where in its tree.

mod answers;
mod errors;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::clock::now;
use crate::keyring::{Credential, Keyring, partition_of};
use crate::record::{Service, Subject};
use crate::region::partition;
use crate::serve::StandIn;
use crate::signature::{Scope, claimed_key, region_of, verify};

pub use self::errors::OrganizationsError;

/// The organisation's id.
pub const ORGANIZATION: &str = "o-sandbox001";
/// The id of the root that every account and unit is below.
pub const ROOT: &str = "r-sand";
/// Most entries on a page, and as many as there are unless fewer are asked for (`ListAccounts`).
const PAGE_MAX: usize = 20;
/// What the target of every call begins with.
const TARGET: &str = "AWSOrganizationsV20161128.";

/// An account of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The root or the unit that it is in.
    pub parent: String,
    /// Its `State`, if that is told.
    pub state: Option<String>,
    /// Its `Status`, which `State` replaces, if that is told.
    pub status: Option<String>,
}

impl Member {
    /// An active account at the root.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            parent: ROOT.to_owned(),
            state: Some("ACTIVE".to_owned()),
            status: Some("ACTIVE".to_owned()),
        }
    }
}

/// An organisational unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its id, `ou-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The root or the unit that it is in.
    pub parent: String,
}

/// The service.
#[derive(Debug)]
pub struct Organizations {
    keyring: Keyring,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The account that the organisation belongs to; there is none without it.
    management_account: Option<String>,
    members: BTreeMap<String, Member>,
    units: BTreeMap<String, Unit>,
    delegated_administrators: BTreeSet<String>,
    page_size: usize,
}

/// What an operation takes; each takes some of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    next_token: Option<String>,
    max_results: Option<usize>,
    parent_id: Option<String>,
    child_id: Option<String>,
}

impl Organizations {
    /// The service of accounts that have these access keys; none of them is in an organisation.
    #[must_use]
    pub fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            state: Mutex::new(State {
                management_account: None,
                members: BTreeMap::new(),
                units: BTreeMap::new(),
                delegated_administrators: BTreeSet::new(),
                page_size: PAGE_MAX,
            }),
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

    /// Takes an account away, as when it leaves the organisation.
    pub fn remove_account(&self, id: &str) {
        self.state().members.remove(id);
    }

    /// Adds a unit, or changes it.
    pub fn put_unit(&self, unit: Unit) {
        self.state().units.insert(unit.id.clone(), unit);
    }

    /// Says whether an account may read the organisation like the management account.
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
            Ok(body) => answers::json(&body),
            Err(error) => error.into(),
        }
    }
}
