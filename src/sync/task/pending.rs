//! The end of the work on an API: its removals and its last write.

use crate::limits::Budget;
use crate::model::{IntegrationName, OwnedApi};
use crate::plan::{ApiPlan, Finished};
use crate::source::Gateway;
use crate::target::Catalog;

use super::super::apply::{Interruption, apply_removals, ensure_stages_gone, guarded, write_api};

/// An API below which everything was written but the removals of stages.
#[derive(Debug)]
pub(in crate::sync) struct Pending {
    pub api: OwnedApi,
    pub plan: ApiPlan,
    pub(super) finished: Finished,
}

impl Pending {
    /// Removes the stages that are gone, if they still are, and closes the API; says whether anything was written.
    pub async fn remove(
        mut self,
        catalog: &Catalog,
        gateway: &Gateway,
        integration: &IntegrationName,
        budget: &Budget,
    ) -> Result<bool, Interruption> {
        let removed = guarded(async {
            ensure_stages_gone(gateway, &self.api.rest_api_id, &self.plan).await?;
            apply_removals(catalog, budget, &self.plan).await
        });
        if let Err(interruption) = removed.await {
            disclaim(catalog, integration, &self.api, &self.plan, &interruption).await;
            return Err(interruption);
        }
        self.finished.removed = true;
        self.close(catalog, integration).await?;
        Ok(!self.plan.removals.is_empty())
    }

    /// Makes the last write of the API: what is recorded once everything below it was written; says whether that was new.
    pub async fn close(&self, catalog: &Catalog, integration: &IntegrationName) -> Result<bool, Interruption> {
        let Some(closing) = self.plan.closing(&self.api, &self.finished) else {
            return Ok(false);
        };
        write_api(catalog, integration, &closing).await?;
        Ok(true)
    }
}

/// Ends the claim to everything below an API that is being made, unless the work on it was only put off.
///
/// When this fails, too, the interruption is still what there is to tell, and the next run comes here again.
pub(super) async fn disclaim(
    catalog: &Catalog,
    integration: &IntegrationName,
    api: &OwnedApi,
    plan: &ApiPlan,
    interruption: &Interruption,
) {
    if interruption.is_for_lack_of_time() || matches!(interruption, Interruption::NotOurs(_)) {
        return;
    }
    if let Some(disclaiming) = plan.disclaiming(api) {
        let _ = write_api(catalog, integration, &disclaiming).await;
    }
}
