//! `GET integrations/NAME/plan`: what a run would do.

use super::entry::{Engine, usable};
use crate::limits::Budget;
use crate::model::{IntegrationName, Problem};
use crate::plan::Preview;
use crate::run::{Session, SyncRequest, check, plan};
use crate::telemetry::run_span;
use tracing::Instrument;

impl Engine {
    /// What a synchronization would do. Writes nothing.
    ///
    /// # Errors
    /// Same as [`Engine::sync`].
    pub async fn plan(
        &self,
        name: &IntegrationName,
        request: &SyncRequest,
        budget: &Budget,
    ) -> Result<Preview, Problem> {
        let session = Session::new(&self.clouds, budget);
        let registration = self.active(&session, name).await?;
        let planned = async {
            let integration = usable(&registration)?;
            check(integration, request)?;
            plan(&session, &registration, integration, request).await
        };
        planned.instrument(run_span("plan", name.as_str())).await
    }
}
