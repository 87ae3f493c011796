//! What a run would change, all of it, before anything is written.

use std::time::Duration;

use tokio::time::Instant;

use super::agenda::Tasks;
use super::apply::Looked;
use super::guard::Guard;
use super::interruption::Interruption;
use super::request::SyncRequest;
use crate::error_chain::error_chain;
use crate::model::{ErrorCode, Failure, Problem};
use crate::plan::{Preview, PreviewChange, Verdict, Write};

/// The plan for people.
pub fn preview(tasks: &Tasks, looks: &[Looked], guard: &Guard, refusal: Option<String>) -> Preview {
    let mut preview = Preview {
        skipped: tasks.skips.clone(),
        conflicts: tasks.conflicts.clone(),
        failed: tasks.failed.clone(),
        remaining: looks.iter().filter(|looked| looked.look.is_err()).count() + tasks.failed.len(),
        ..Preview::default()
    };
    preview.complete = preview.remaining == 0 && !tasks.has_gaps && tasks.unread == 0;
    preview.message = tasks.report.as_ref().and_then(|gateway| gateway.message.clone());
    for Looked { task, look } in looks {
        match look {
            Ok(paused) => paused.work.add_to(&mut preview, &paused.step),
            Err(Interruption::OutOfTime | Interruption::GivenUp) => (),
            Err(error) if refusal.is_some() && error.is_account_wide() => (),
            Err(error) => {
                let key = task.job.key();
                let title = Some(task.job.desired.title().to_owned());
                let id = key.api_id.to_string();
                preview
                    .failed
                    .push(Failure::of(key.api_type, id, title, &key.gateway, error_chain(error)));
            }
        }
    }
    let gone = tasks
        .gone
        .iter()
        .map(|api| Write::delete(api.proof.owned().clone(), "the API is gone"));
    preview.changes.extend(gone.map(|write| PreviewChange::from(&write)));
    let removals = guard.removals_of_looks(tasks, looks);
    if guard.allowance() == 0
        && let Verdict::Held { deletions_id, message } = guard.judge(&removals)
    {
        preview.held = true;
        preview.deletions_id = Some(deletions_id);
        add(&mut preview.message, message);
    }
    if let Some(refusal) = refusal {
        let ended = format!("the work on this gateway ended after {refusal}");
        add(&mut preview.message, ended);
    }
    preview.sealed()
}

/// Adds a sentence to a message.
fn add(message: &mut Option<String>, sentence: String) {
    *message = Some(match message.take() {
        Some(before) => format!("{before}. {sentence}"),
        None => sentence,
    });
}

/// How many APIs there was no time to plan.
pub fn unplanned(looks: &[Looked]) -> usize {
    let is_unplanned = |looked: &&Looked| looked.look.as_ref().is_err_and(Interruption::is_for_lack_of_time);
    looks.iter().filter(is_unplanned).count()
}

/// Whether what is asked for is what is found.
///
/// # Errors
/// When it is not, or there was no time to know.
pub fn compare(
    request: &SyncRequest,
    tasks: &Tasks,
    looks: &[Looked],
    guard: &Guard,
    refusal: Option<String>,
) -> Result<(), Problem> {
    if unplanned(looks) > 0 {
        let message = format!(
            "there was no time to plan {} of {} APIs in one call, so nothing was written: call again, sync without \
             planId, or raise AWS_REQUESTS_PER_SECOND",
            unplanned(looks),
            looks.len()
        );
        let waits = looks.iter().filter_map(|looked| looked.look.as_ref().err()?.wait());
        let until = waits.filter_map(|wait| wait.until).max();
        let after = until.map_or(Duration::ZERO, |until| until - Instant::now());
        return Err(Problem::new(ErrorCode::ServiceUnavailable, message).with_retry_after(after));
    }
    let changed = |what: &str, wanted: &str, found: &str, target: &str| {
        let message = format!(
            "the {what} found now is {found}, not {wanted}; nothing was written. Look at the plan and call again"
        );
        Err(Problem::new(ErrorCode::PlanChanged, message).with_target(target))
    };
    if let Some(wanted) = &request.confirm_deletions {
        let removals = guard.removals_of_looks(tasks, looks);
        let found = guard.id(&removals);
        if found != *wanted {
            let found = if removals.is_empty() { "empty" } else { &found };
            return changed("set of deletions", wanted, found, "confirmDeletions");
        }
    }
    if let Some(wanted) = &request.plan_id {
        let found = preview(tasks, looks, guard, refusal).plan_id;
        if found != *wanted {
            return changed("plan", wanted, &found, "planId");
        }
    }
    Ok(())
}
