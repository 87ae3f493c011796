//! The organisation: its accounts and units, and its administrators.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The organisation's id.
pub const ORGANIZATION: &str = "o-sandbox001";
/// The id of the root that every account and unit is below.
pub const ROOT: &str = "r-sand";
/// Most entries on a page, and as many as there are unless fewer are asked for (`ListAccounts`).
pub(super) const PAGE_MAX: usize = 20;

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

#[derive(Debug)]
pub(super) struct State {
    /// The account that the organisation belongs to; there is none without it.
    pub management_account: Option<String>,
    pub members: BTreeMap<String, Member>,
    pub units: BTreeMap<String, Unit>,
    pub delegated_administrators: BTreeSet<String>,
    pub page_size: usize,
}

impl Default for State {
    fn default() -> Self {
        Self {
            management_account: None,
            members: BTreeMap::new(),
            units: BTreeMap::new(),
            delegated_administrators: BTreeSet::new(),
            page_size: PAGE_MAX,
        }
    }
}

/// What an operation takes; each takes some of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    pub next_token: Option<String>,
    pub max_results: Option<usize>,
    pub parent_id: Option<String>,
    pub child_id: Option<String>,
}
