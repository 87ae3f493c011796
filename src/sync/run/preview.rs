//! What a run would change, all of it, before anything is written.

use std::time::Duration;

use tokio::time::Instant;

use crate::error_chain::error_chain;
use crate::model::{ErrorCode, Failure, Problem};
use crate::plan::{Preview, PreviewChange, Verdict, Write};
use crate::sync::SyncRequest;
use crate::sync::apply::{Interruption, Wait};

use super::{Looks, Situation};

impl Situation {
    pub(super) fn preview(&self, looks: &Looks) -> Preview {
        let mut preview = Preview {
            skipped: self.survey.skips.clone(),
            conflicts: self.survey.conflicts.clone(),
            remaining: looks.iter().filter(|(_, look)| look.is_err()).count() + self.failed.len(),
            ..Preview::default()
        };
        preview.complete = preview.remaining == 0;
        let refusal = self.run.refusal();
        preview.failed.clone_from(&self.failed);
        for (index, look) in looks {
            let api = self.survey.tasks[*index].desired();
            match look {
                Ok(look) => look.add_to(&mut preview, api),
                Err(Interruption::OutOfTime | Interruption::GivenUp) => (),
                Err(error) if refusal.is_some() && error.is_account_wide() => (),
                Err(error) => preview.failed.push(Failure {
                    rest_api_id: api.rest_api_id.to_string(),
                    title: Some(api.title.clone()),
                    message: error_chain(error),
                }),
            }
        }
        let gone = self
            .survey
            .gone
            .iter()
            .map(|api| Write::delete(api.proof.owned().clone(), "the REST API is gone"));
        preview.changes.extend(gone.map(|write| PreviewChange::from(&write)));
        if let (Verdict::Held { deletions_id, message }, _) = self.verdict(&self.deletions_of(looks)) {
            preview.held = true;
            preview.deletions_id = Some(deletions_id);
            preview.message = Some(message);
        }
        if let Some(refusal) = refusal {
            let ended = format!("the work on this gateway ended after {refusal}");
            let held = preview.message.map(|message| format!("{message}. "));
            preview.message = Some(held.unwrap_or_default() + &ended);
        }
        preview.sealed()
    }

    /// Whether what is asked for is what is found.
    pub(super) fn compare(&self, request: &SyncRequest, looks: &Looks) -> Result<(), Problem> {
        if unplanned(looks) > 0 {
            let message = format!(
                "there was no time to plan {} of {} APIs in one call, so nothing was written: call again, sync without \
                 planId, or raise AWS_REQUESTS_PER_SECOND",
                unplanned(looks),
                looks.len()
            );
            let until = waits(looks).filter_map(|wait| wait.until).max();
            let after = until.map_or(Duration::ZERO, |until| until - Instant::now());
            return Err(Problem::new(ErrorCode::ServiceUnavailable, message).with_retry_after(after));
        }
        let changed = |what: &str, wanted: &str, found: &str| {
            let message = format!(
                "the {what} found now is {found}, not {wanted}; nothing was written. Look at the plan and call again"
            );
            Err(Problem::new(ErrorCode::PlanChanged, message))
        };
        if let Some(wanted) = &request.confirm_deletions {
            let deletions = self.deletions_of(looks);
            let found = deletions.id(&self.run.integration.name);
            if deletions.is_empty() {
                return changed("set of deletions", wanted, "empty")
                    .map_err(|problem| problem.with_target("confirmDeletions"));
            }
            let rest = self
                .pass
                .confirmed()
                .is_some_and(|confirmed| confirmed.given == *wanted && confirmed.left == found);
            if found != *wanted && !rest {
                return changed("set of deletions", wanted, &found)
                    .map_err(|problem| problem.with_target("confirmDeletions"));
            }
        }
        if let Some(wanted) = &request.plan_id {
            let found = self.preview(looks).plan_id;
            if found != *wanted {
                return changed("plan", wanted, &found).map_err(|problem| problem.with_target("planId"));
            }
        }
        Ok(())
    }
}

/// What the APIs wait for that there was no time to plan.
pub(super) fn waits(looks: &Looks) -> impl Iterator<Item = Wait> {
    let interruptions = looks.iter().filter_map(|(_, look)| look.as_ref().err());
    interruptions.filter_map(Interruption::wait)
}

/// How many APIs there was no time to plan.
pub(super) fn unplanned(looks: &Looks) -> usize {
    looks
        .iter()
        .filter(|(_, look)| look.as_ref().is_err_and(Interruption::is_for_lack_of_time))
        .count()
}
