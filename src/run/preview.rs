//! Previews everything a run would change, before it writes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::agenda::Tasks;
use super::apply::Looked;
use super::guard::Guard;
use super::hands::Hands;
use super::held::held_message;
use super::interruption::Interruption;
use super::report::unread_message;
use super::request::SyncRequest;
use crate::error_chain::error_chain;
use crate::model::{ErrorCode, Failure, Gateway, GatewayReport, Problem};
use crate::plan::{Preview, PreviewChange, Removals, Write};

/// The plan for people.
pub fn preview(tasks: &Tasks, looks: &[Looked], hands: &Hands, guard: &Guard) -> Preview {
    let mut preview = Preview {
        skipped: tasks.skips.clone(),
        conflicts: tasks.conflicts.clone(),
        failed: tasks.failed.clone(),
        remaining: looks.iter().filter(|looked| looked.look.is_err()).count() + tasks.failed.len(),
        ..Preview::default()
    };
    preview.complete = preview.remaining == 0 && tasks.gaps.is_empty() && tasks.notes.is_empty();
    let reports: Vec<GatewayReport> = tasks.reports.values().cloned().collect();
    for note in tasks.notes.iter().cloned().chain(unread_message(&reports)) {
        add(&mut preview.message, note);
    }
    for Looked { task, look } in looks {
        match look {
            Ok(paused) => paused.work.add_to(&mut preview, &paused.step),
            Err(Interruption::OutOfTime | Interruption::GivenUp) => (),
            Err(error) if hands.refusal_on(task.gateway()).is_some() && error.is_account_wide() => (),
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
    for leaving in &tasks.leaving {
        let write = Write::delete(leaving.api.proof.owned().clone(), leaving.reason());
        preview.changes.push(PreviewChange::from(&write));
    }
    let removals = guard.removals_of_looks(tasks, looks);
    let verdict = guard.judge(&removals);
    let deletions_id = guard.id(&removals, &verdict);
    if let Some(message) = held_message(guard.integration(), &deletions_id, &verdict) {
        preview.held = true;
        preview.deletions_id = Some(deletions_id);
        add(&mut preview.message, message);
    }
    for refusal in hands.refusal().into_iter().chain(hands.refusals().into_values()) {
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

/// The number of APIs that were not planned for lack of time.
pub fn unplanned(looks: &[Looked]) -> usize {
    let is_unplanned = |looked: &&Looked| looked.look.as_ref().is_err_and(Interruption::is_for_lack_of_time);
    looks.iter().filter(is_unplanned).count()
}

/// Checks that the requested plan is the current one.
///
/// # Errors
/// If it is not, or the time ran out.
pub fn compare_plan(
    request: &SyncRequest,
    (tasks, looks, hands): (&Tasks, &[Looked], &Hands),
    guard: &Guard,
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
    if let Some(wanted) = &request.plan_id {
        let found = preview(tasks, looks, hands, guard).plan_id;
        if found != *wanted {
            return Err(changed("plan", wanted, &found, "planId"));
        }
    }
    Ok(())
}

/// Refuses confirmations that match no held deletions.
///
/// # Errors
/// If there are any.
pub fn refuse_unfit(
    unfit: &BTreeSet<String>,
    guard: &Guard,
    removals: &BTreeMap<Gateway, Removals>,
) -> Result<(), Problem> {
    let Some(wanted) = unfit.first() else {
        return Ok(());
    };
    let found = if removals.values().all(Removals::is_empty) {
        "empty".to_owned()
    } else {
        guard.id(removals, &guard.judge(removals))
    };
    Err(changed("set of deletions", wanted, &found, "confirmDeletions"))
}

fn changed(what: &str, wanted: &str, found: &str, target: &str) -> Problem {
    let message =
        format!("the {what} found now is {found}, not {wanted}; nothing was written. Look at the plan and call again");
    Problem::new(ErrorCode::PlanChanged, message).with_target(target)
}
