//! The catalog's APIs, by the integrations that their markers name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::azure::{Catalog, CatalogError};
use crate::catalog::marker::ApiMarker;
use crate::catalog::{ApiProof, FoldedApi, OwnedApi};
use crate::model::{Entity, EntityName, EntityPath, IntegrationName, Problem};
use crate::plan::CatalogApis;

/// All APIs of the catalog, listed once for several integrations.
#[derive(Debug, Default)]
pub struct CatalogIndex {
    owned: HashMap<IntegrationName, Vec<Arc<FoldedApi>>>,
    others: Vec<EntityName>,
}

impl CatalogIndex {
    /// Lists the catalog.
    ///
    /// # Errors
    /// If a page cannot be read.
    pub async fn read(catalog: &Catalog) -> Result<Self, CatalogError> {
        let mut index = Self::default();
        catalog.each_api(|api| index.add(&api)).await?;
        Ok(index)
    }

    fn add(&mut self, api: &Entity) {
        match owner(api) {
            Some((name, api)) => self.owned.entry(name).or_default().push(Arc::new(api.folded())),
            None => self.others.push(api.name.clone()),
        }
    }

    /// The integrations that markers name.
    pub fn integrations(&self) -> impl Iterator<Item = (&IntegrationName, &[Arc<FoldedApi>])> {
        self.owned.iter().map(|(name, apis)| (name, apis.as_slice()))
    }

    /// The catalog as a run of this integration sees it.
    #[must_use]
    pub fn seen_by(&self, integration: &IntegrationName) -> CatalogApis {
        let mut apis = CatalogApis::default();
        for (name, owned) in &self.owned {
            for api in owned {
                if name == integration {
                    apis.add_owned(Arc::clone(api));
                } else {
                    apis.add_other(api.proof.name.clone());
                }
            }
        }
        self.others.iter().cloned().for_each(|name| apis.add_other(name));
        apis
    }
}

/// The integration that an API's marker names.
#[must_use]
pub fn owner(api: &Entity) -> Option<(IntegrationName, OwnedApi)> {
    let marker = ApiMarker::read(api)?;
    let name = IntegrationName::parse(&marker.integration).ok()?;
    let owned = OwnedApi::claim(&name, api)?;
    Some((name, owned))
}

/// The API of this name, if it has lost its marker and has deployments of ours.
///
/// # Errors
/// If it cannot be read.
pub async fn reclaimed(
    catalog: &Catalog,
    integration: &IntegrationName,
    name: &EntityName,
) -> Result<Option<OwnedApi>, Problem> {
    let read = async {
        let path = EntityPath::Api(name.clone());
        let Some(api) = catalog.get(&path).await? else {
            return Ok(None);
        };
        if owner(&api).is_some() {
            return Ok(None);
        }
        let deployments = match catalog.deployments(name).await {
            Err(CatalogError::NotFound { .. }) => Vec::new(),
            deployments => deployments?,
        };
        Ok(OwnedApi::reclaim(integration, &api, &deployments))
    };
    read.await.map_err(|error: CatalogError| error.problem())
}

/// Restores the marker of an API that has lost it, if it has deployments of the integration.
///
/// # Errors
/// If it cannot be read or written.
pub async fn restore_marker(
    catalog: &Catalog,
    integration: &IntegrationName,
    name: &EntityName,
) -> Result<Option<ApiProof>, Problem> {
    let Some(api) = reclaimed(catalog, integration, name).await? else {
        return Ok(None);
    };
    let before = OwnedApi::record_path().get(&api.entity.properties).cloned();
    let restored = catalog.update(api.owned(), |properties| {
        if OwnedApi::record_path().get(properties) == before.as_ref() {
            for (path, value) in api.marker.fields() {
                path.set(properties, value);
            }
        }
    });
    let restored = restored.await.map_err(|error| error.problem())?;
    Ok(OwnedApi::claim(integration, &restored).map(|api| api.proof()))
}
