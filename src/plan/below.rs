//! An API's entity in the catalog, and the entities below it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{OwnedApi, Vacant};
use crate::model::{Entity, EntityName};

/// What is below an API.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Below {
    /// Its versions.
    pub versions: Vec<Entity>,
    /// The definitions of each version that was read.
    pub definitions: BTreeMap<EntityName, Vec<Entity>>,
    /// Its deployments.
    pub deployments: Vec<Entity>,
    /// The definitions that differ from the imported text, by version name and definition name.
    pub damaged: BTreeSet<(EntityName, EntityName)>,
    /// The deployments with stages that API Gateway refused to export before and exports again.
    pub exportable: BTreeSet<EntityName>,
}

impl Below {
    /// The deployment of this name, if there is one.
    #[must_use]
    pub fn deployment(&self, name: &EntityName) -> Option<&Entity> {
        self.deployments.iter().find(|deployment| deployment.name == *name)
    }

    /// Whether a definition differs from the imported text.
    pub(super) fn is_damaged(&self, version: &EntityName, definition: &EntityName) -> bool {
        let mut damaged = self.damaged.iter();
        damaged.any(|(of, name)| of == version && name == definition)
    }

    /// Whether a deployment other than these refers to a definition.
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

/// The state of an API's entity.
#[derive(Debug, Clone)]
pub enum Standing {
    /// The catalog lacks it.
    Missing(Vacant),
    /// This run created it: everything below it is left over from an earlier API of its name.
    Made(Box<OwnedApi>),
    /// It exists and is ours.
    Owned(Box<OwnedApi>),
}

impl Standing {
    /// The API, if it exists.
    #[must_use]
    pub fn owned(&self) -> Option<&OwnedApi> {
        match self {
            Self::Missing(_) => None,
            Self::Made(api) | Self::Owned(api) => Some(api),
        }
    }
}
