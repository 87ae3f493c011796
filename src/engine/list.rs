//! `GET integrations`: all integrations.

use std::collections::BTreeMap;

use super::entry::Engine;
use super::view::{IntegrationView, Orphans};
use crate::catalog::settings::registrations;
use crate::limits::Budget;
use crate::model::{IntegrationName, Problem};
use crate::run::{Session, owner};

impl Engine {
    /// All integrations, including orphans.
    ///
    /// # Errors
    /// If the catalog cannot be read.
    pub async fn list(&self, budget: &Budget) -> Result<Vec<IntegrationView>, Problem> {
        let session = Session::new(&self.clouds, budget);
        let environments = session.environments().await?;
        let center = &self.clouds.resource_id;
        let known = registrations(&environments, center, &self.clouds.vault_hosts);
        let mut orphans = Orphans::default();
        let mut counts: BTreeMap<IntegrationName, usize> = BTreeMap::new();
        let catalog = session.catalog();
        let listed = catalog.each_api(|api| {
            if let Some((name, api)) = owner(&api) {
                *counts.entry(name.clone()).or_default() += 1;
                orphans.add(name, &api.marker, &known);
            }
        });
        listed.await.map_err(|error| error.problem())?;
        let mut views: Vec<IntegrationView> = known
            .iter()
            .map(|registration| {
                let mut view = IntegrationView::of(center, registration);
                view.properties.apis = Some(counts.get(&registration.name).copied().unwrap_or_default());
                view
            })
            .collect();
        views.extend(orphans.all().map(|orphan| IntegrationView::of_orphan(center, orphan)));
        views.sort_by_cached_key(|view| view.name.to_ascii_lowercase());
        Ok(views)
    }
}
