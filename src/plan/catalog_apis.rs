//! The catalog's APIs, as far as a run of one integration needs them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::{FoldedApi, OwnedApi};
use crate::model::{AccountId, Entity, EntityName, Gateway, IntegrationName};

/// The catalog's APIs, as far as a run of one integration needs them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CatalogApis {
    owned: BTreeMap<EntityName, Arc<FoldedApi>>,
    others: BTreeSet<EntityName>,
}

impl CatalogApis {
    /// Adds an API as the catalog lists it; of several with one name, the first counts.
    pub fn add(&mut self, integration: &IntegrationName, api: &Entity) {
        if self.owned.contains_key(&api.name) || self.others.contains(&api.name) {
            return;
        }
        match OwnedApi::claim(integration, api) {
            Some(owned) => self.add_owned(Arc::new(owned.folded())),
            None => self.add_other(api.name.clone()),
        }
    }

    /// Adds an API that is ours.
    pub fn add_owned(&mut self, api: Arc<FoldedApi>) {
        self.owned.insert(api.proof.name.clone(), api);
    }

    /// Adds an API that is not ours.
    pub fn add_other(&mut self, name: EntityName) {
        self.others.insert(name);
    }

    /// The APIs that are ours.
    pub(super) fn owned(&self) -> impl Iterator<Item = &Arc<FoldedApi>> {
        self.owned.values()
    }

    /// An API that is ours.
    #[must_use]
    pub fn api(&self, name: &EntityName) -> Option<&Arc<FoldedApi>> {
        self.owned.get(name)
    }

    /// The APIs that are not ours.
    #[must_use]
    pub fn others(&self) -> &BTreeSet<EntityName> {
        &self.others
    }

    /// The accounts of the APIs that are ours.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        let origins = self.owned.values().flat_map(|api| &api.proof.origins);
        origins
            .filter_map(|origin| origin.gateway.as_ref()?.account.clone())
            .collect()
    }

    /// The gateways that an API of ours is on.
    #[must_use]
    pub fn gateways_of(&self, name: &EntityName) -> Vec<Gateway> {
        let api = self.owned.get(name);
        let origins = api.into_iter().flat_map(|api| &api.proof.origins);
        origins.filter_map(|origin| origin.gateway.clone()).collect()
    }

    /// Takes an API for ours after all: it has lost its marker, and those below it have not.
    pub fn reclaim(&mut self, api: FoldedApi) {
        self.others.remove(&api.proof.name);
        self.add_owned(Arc::new(api));
    }

    /// Those that are ours, and the names of the others.
    pub(super) fn into_parts(self) -> (BTreeMap<EntityName, Arc<FoldedApi>>, BTreeSet<EntityName>) {
        (self.owned, self.others)
    }
}
