//! `GET integrations/NAME`: one integration, and its APIs for the page.

use std::collections::BTreeMap;

use super::detail::{IntegrationDetail, conflicting, view};
use super::entry::Engine;
use super::view::{IntegrationView, Orphans};
use crate::limits::Budget;
use crate::model::{IntegrationName, Problem};
use crate::run::{Session, owner};

impl Engine {
    /// One integration.
    ///
    /// # Errors
    /// If the integration does not exist or the catalog cannot be read.
    pub async fn get(&self, name: &IntegrationName, budget: &Budget) -> Result<IntegrationView, Problem> {
        let session = Session::new(&self.clouds, budget);
        match self.find(&session, name).await? {
            Some(registration) => Ok(IntegrationView::of(&self.clouds.resource_id, &registration)),
            None => Ok(self.orphan_detail(&session, name).await?.integration),
        }
    }

    /// One integration with its APIs.
    ///
    /// # Errors
    /// Same as [`Engine::get`].
    pub async fn detail(&self, name: &IntegrationName, budget: &Budget) -> Result<IntegrationDetail, Problem> {
        let session = Session::new(&self.clouds, budget);
        match self.find(&session, name).await? {
            Some(registration) => {
                let integration = IntegrationView::of(&self.clouds.resource_id, &registration);
                self.read_detail(&session, name, Some(integration)).await
            }
            None => self.orphan_detail(&session, name).await,
        }
    }

    async fn orphan_detail(&self, session: &Session, name: &IntegrationName) -> Result<IntegrationDetail, Problem> {
        self.read_detail(session, name, None).await
    }

    /// Reads the APIs of an integration, or of an orphan.
    async fn read_detail(
        &self,
        session: &Session,
        name: &IntegrationName,
        integration: Option<IntegrationView>,
    ) -> Result<IntegrationDetail, Problem> {
        let report = integration.as_ref().and_then(|view| view.properties.last_sync.clone());
        let conflicts = conflicting(report.as_ref());
        let (mut apis, mut conflict_titles, mut orphans) = (Vec::new(), BTreeMap::new(), Orphans::default());
        let catalog = session.catalog();
        let listed = catalog.each_api(|api| {
            for path in conflicts
                .get(&api.name.as_str().to_ascii_lowercase())
                .into_iter()
                .flatten()
            {
                if let Some(title) = api.text("title") {
                    conflict_titles.insert(path.clone(), title.to_owned());
                }
            }
            if let Some((_, owned)) = owner(&api).filter(|(holder, _)| holder == name) {
                orphans.add(name.clone(), &owned.marker, &[]);
                apis.push(view(&owned, report.as_ref()));
            }
        });
        listed.await.map_err(|error| error.problem())?;
        let mut integration = if let Some(integration) = integration {
            integration
        } else {
            let orphan = orphans.get(name).ok_or_else(|| Problem::integration_not_found(name))?;
            IntegrationView::of_orphan(&self.clouds.resource_id, orphan)
        };
        apis.sort_by_cached_key(|view| (view.title.to_lowercase(), view.name.clone()));
        apis.dedup_by(|one, other| one.name == other.name);
        integration.properties.apis = Some(apis.len());
        Ok(IntegrationDetail {
            integration,
            apis,
            conflict_titles,
        })
    }
}
