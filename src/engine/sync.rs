//! `POST integrations/NAME/sync`: a run now.

use std::sync::Arc;

use futures::FutureExt;

use super::entry::Engine;
use crate::catalog::settings::Registration;
use crate::limits::Budget;
use crate::model::{IntegrationName, Problem, Report};
use crate::run::{CatalogIndex, End, Gateways, Session, SyncRequest, run_to_the_end};

impl Engine {
    /// Synchronizes an integration now.
    ///
    /// # Errors
    /// If the integration does not exist or is being deleted, if the request is invalid, or if planning fails.
    pub async fn sync(
        &self,
        name: &IntegrationName,
        request: &SyncRequest,
        budget: &Budget,
    ) -> Result<Report, Problem> {
        let session = Arc::new(Session::new(&self.clouds, budget));
        let registration = self.active(&session, name).await?;
        let end = self.fly(session, registration, request.clone(), None, None).await?;
        end.problem.map_or(Ok(end.report), Err)
    }

    /// Runs an integration, or joins its run in flight.
    pub(super) async fn fly(
        &self,
        session: Arc<Session>,
        registration: Registration,
        request: SyncRequest,
        gateways: Option<Gateways>,
        index: Option<Arc<CatalogIndex>>,
    ) -> Result<End, Problem> {
        let (name, budget) = (registration.name.clone(), session.budget.clone());
        let asked = request.clone();
        let start = move || {
            let run =
                async move { run_to_the_end(&session, &registration, &request, gateways, index.as_deref()).await };
            run.boxed()
        };
        self.flights.run(&name, &asked, &budget, start).await
    }
}
