//! The deletions of a run: what would go, whether the guard allows it, and how it goes.

use std::sync::{Mutex, PoisonError};

use futures::{StreamExt, stream};

use crate::error_chain::error_chain;
use crate::limits::Budget;
use crate::model::{EntityName, Failure, IntegrationName};
use crate::plan::{Deletions, Verdict};
use crate::source::Gateway;
use crate::sync::SyncRequest;
use crate::sync::apply::guarded;
use crate::sync::confirmation::Confirmed;
use crate::sync::deletion::delete_apis;
use crate::sync::record::note;
use crate::sync::registry::Registration;
use crate::sync::session::Session;
use crate::sync::tally::Tally;
use crate::sync::task::{ApiOutcome, Pending};
use crate::target::{Catalog, CatalogError};

use super::{Looks, SIDE_BY_SIDE, Situation};

impl Situation {
    /// The deletions that the lists alone show.
    pub(super) fn deletions(&self) -> Deletions {
        Deletions {
            apis: self.survey.gone.iter().map(|api| api.proof.name.clone()).collect(),
            owned_apis: self.survey.owned,
            held: self.pass.holds(),
            confirmations: self.pass.confirmations(),
            ..Deletions::default()
        }
    }

    pub(super) fn deletions_of(&self, looks: &Looks) -> Deletions {
        let mut deletions = self.deletions();
        let looks = looks
            .iter()
            .filter_map(|(index, look)| Some((*index, look.as_ref().ok()?)));
        for (index, look) in looks {
            deletions.owned_below += self.survey.tasks[index].owned_below();
            if let Some(plan) = look.plan() {
                deletions.add_stages_of(plan);
            }
        }
        deletions
    }

    /// Notes that a confirmation is used, before anything goes: a run that is killed must not leave one that could be used
    /// again.
    pub(super) async fn use_confirmation(
        &mut self,
        session: &Session<'_>,
        registration: &Registration,
    ) -> Result<(), CatalogError> {
        let confirmations = self.pass.confirmations_with_one_more();
        note(session, registration, |next| {
            next.confirmations = next.confirmations.max(confirmations);
        })
        .await?;
        self.pass.confirm();
        Ok(())
    }

    /// Notes that the guard holds what the lists show to be gone, before anything is made: a run that is killed must not
    /// leave more APIs than it found, among which the same number would look small.
    pub(super) async fn note_hold(
        &mut self,
        session: &Session<'_>,
        registration: &Registration,
    ) -> Result<(), CatalogError> {
        let is_known = self.pass.holds() || self.pass.confirmed().is_some();
        if is_known || self.deletions().judge(&self.run.integration.name) == Verdict::Allowed {
            return Ok(());
        }
        note(session, registration, |next| next.held = Some(true)).await?;
        self.pass.hold();
        Ok(())
    }

    /// Whether the guard allows the deletions, and the confirmation of an earlier call that they were given, if any.
    pub(super) fn verdict(&self, deletions: &Deletions) -> (Verdict, Option<String>) {
        let verdict = deletions.judge(&self.run.integration.name);
        let kept = match &verdict {
            Verdict::Held { deletions_id, .. } => self.pass.confirmed().filter(|kept| kept.left == *deletions_id),
            Verdict::Allowed => None,
        };
        match kept {
            Some(kept) => (Verdict::Allowed, Some(kept.given.clone())),
            None => (verdict, None),
        }
    }

    /// Whether the deletions may be made now, and the confirmation that is used for them, if any.
    async fn judge(
        &mut self,
        session: &Session<'_>,
        registration: &Registration,
        request: &SyncRequest,
        deletions: &Deletions,
    ) -> (Verdict, Option<String>) {
        // It was compared with what was planned before anything was written.
        if let Some(given) = &request.confirm_deletions {
            return (Verdict::Allowed, Some(given.clone()));
        }
        let (verdict, given) = self.verdict(deletions);
        let Some(given) = given else {
            return (verdict, None);
        };
        match self.use_confirmation(session, registration).await {
            Ok(()) => (Verdict::Allowed, Some(given)),
            Err(error) => {
                let (deletions_id, error) = (deletions.id(&self.run.integration.name), error_chain(&error));
                let message = format!("the confirmation of {given} is kept: it could not be noted as used: {error}");
                (Verdict::Held { deletions_id, message }, None)
            }
        }
    }

    /// Makes the deletions, if the guard allows them.
    pub(super) async fn delete(
        &mut self,
        session: &Session<'_>,
        registration: &Registration,
        request: &SyncRequest,
        outcomes: &mut [(usize, ApiOutcome)],
        tally: &mut Tally,
    ) -> Confirmed {
        let mut deletions = self.deletions();
        for (_, outcome) in outcomes.iter() {
            deletions.owned_below += outcome.owned_below;
            if let Some(pending) = &outcome.pending {
                deletions.add_stages_of(&pending.plan);
            }
        }
        if deletions.is_empty() {
            return Confirmed::Unused;
        }
        let (verdict, given) = self.judge(session, registration, request, &deletions).await;
        let name = &self.run.integration.name;
        let allowed = verdict == Verdict::Allowed;
        if let Verdict::Held { deletions_id, message } = verdict {
            tally.held = Some((deletions_id, message));
        }
        let (catalog, budget) = (session.catalog(), &session.budget);
        let catalog = &catalog;
        let gateway = &self.run.gateway;
        let stages = settle(outcomes, catalog, name, allowed.then_some((gateway, budget))).await;
        if !allowed {
            return Confirmed::Unused;
        }
        let gone = self.survey.gone.iter().map(|api| api.proof.clone()).collect();
        let deleted = delete_apis(catalog, name, gone, Some(gateway), budget).await;
        tally.deleted = deleted.deleted;
        tally.remaining += deleted.remaining;
        tally.wait_for(deleted.wait);
        tally.conflicts.extend(deleted.conflicts);
        let failures = deleted.failed.into_iter();
        tally.failed.extend(failures.map(|(api, message)| Failure {
            rest_api_id: api.rest_api_id.to_string(),
            title: self.title_of_gone(&api.name),
            message,
        }));
        let left = Deletions {
            apis: deleted.left,
            stages,
            confirmations: self.pass.confirmations(),
            ..Deletions::default()
        };
        match given {
            None => Confirmed::Unused,
            Some(_) if left.is_empty() => Confirmed::Spent,
            Some(given) => Confirmed::Left(self.pass.confirmation(&given, &left.id(name))),
        }
    }
}

impl Situation {
    /// The title in the catalog of an API that is no longer on the gateway.
    fn title_of_gone(&self, name: &EntityName) -> Option<String> {
        let api = self.survey.gone.iter().find(|api| api.proof.name == *name)?;
        api.unfolded().entity.text("title").map(str::to_owned)
    }
}

/// Removes the stages that are gone, if there is a budget for it, and closes their APIs; gives the stages that are left.
async fn settle(
    outcomes: &mut [(usize, ApiOutcome)],
    catalog: &Catalog,
    name: &IntegrationName,
    removing: Option<(&Gateway, &Budget)>,
) -> Vec<(EntityName, EntityName)> {
    let left = Mutex::new(Vec::new());
    let left_behind = &left;
    stream::iter(outcomes.iter_mut())
        .for_each_concurrent(SIDE_BY_SIDE, |(_, outcome)| async move {
            let Some(pending) = outcome.pending.take() else { return };
            let mut removals = Deletions::default();
            removals.add_stages_of(&pending.plan);
            let result = match removing {
                Some((gateway, budget)) => guarded(Pending::remove(*pending, catalog, gateway, name, budget)).await,
                None => guarded(pending.close(catalog, name)).await,
            };
            match result {
                Ok(wrote) => outcome.updated |= wrote,
                Err(interruption) => {
                    outcome.interrupt(&interruption);
                    left_behind
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .extend(removals.stages);
                }
            }
        })
        .await;
    left.into_inner().unwrap_or_else(PoisonError::into_inner)
}
