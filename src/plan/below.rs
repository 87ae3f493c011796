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
    /// The definitions that are not the text that was imported: the version's name and their own.
    pub damaged: BTreeSet<(EntityName, EntityName)>,
    /// The deployments whose stage's export Amazon refused before and gives again.
    pub exportable: BTreeSet<EntityName>,
}

impl Below {
    /// The deployment of this name, if there is one.
    #[must_use]
    pub fn deployment(&self, name: &EntityName) -> Option<&Entity> {
        self.deployments.iter().find(|deployment| deployment.name == *name)
    }

    /// Whether a definition is not the text that was imported.
    pub(super) fn is_damaged(&self, version: &EntityName, definition: &EntityName) -> bool {
        let mut damaged = self.damaged.iter();
        damaged.any(|(of, name)| of == version && name == definition)
    }

    /// Whether a deployment other than these names a definition.
    pub(super) fn is_named(
        &self,
        version: &EntityName,
        definition: &EntityName,
        but: impl Fn(&EntityName) -> bool,
    ) -> bool {
        let end = format!("/versions/{version}/definitions/{definition}").to_ascii_lowercase();
        let mut others = self.deployments.iter().filter(|deployment| !but(&deployment.name));
        others.any(|deployment| {
            let named = deployment.text("definitionId").unwrap_or_default();
            named.to_ascii_lowercase().ends_with(&end)
        })
    }
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
