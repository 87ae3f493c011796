//! Where an API is in the catalog, and what is below it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{OwnedApi, Vacant};
use crate::model::{Entity, EntityName};

/// What is below an API.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Below {
    /// Its versions.
    pub versions: Vec<Entity>,
    /// The definitions of each version that was looked into.
    pub definitions: BTreeMap<EntityName, Vec<Entity>>,
    /// Its deployments.
    pub deployments: Vec<Entity>,
    /// The versions whose definition is not the text that was imported.
    pub damaged: BTreeSet<EntityName>,
    /// The versions whose export Amazon refused before and gives again.
    pub exportable: BTreeSet<EntityName>,
}

/// Where an API is in the catalog.
#[derive(Debug, Clone)]
pub enum Standing {
    /// The catalog lacks it.
    Missing(Vacant),
    /// This run has made it: all that is below it is left over from an earlier one of its name.
    Made(Box<OwnedApi>),
    /// It is there and ours.
    Owned(Box<OwnedApi>),
}

impl Standing {
    /// The API, if it is there.
    #[must_use]
    pub fn owned(&self) -> Option<&OwnedApi> {
        match self {
            Self::Missing(_) => None,
            Self::Made(api) | Self::Owned(api) => Some(api),
        }
    }
}
