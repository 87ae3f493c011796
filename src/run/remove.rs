//! Removing: what the guard allows of what is gone, and the last write of the APIs that waited for that.

use std::collections::VecDeque;

use futures::{StreamExt, stream};

use super::agenda::Tasks;
use super::apply::{Ended, Ground, SIDE_BY_SIDE, Worked};
use super::delete::{Deleting, delete_apis};
use super::guard::Guard;
use super::hands::Hands;
use super::record::charge;
use super::report::Tally;
use super::session::Session;
use crate::catalog::settings::Registration;
use crate::catalog::{ApiProof, FoldedApi};
use crate::error_chain::error_chain;
use crate::model::{ApiType, EntityName, Failure, Gateway};
use crate::plan::{Event, Verdict};

/// Removals that a confirmation is charged with at once: a run that is killed loses no more than this of it.
const BATCH: usize = 64;

/// What removing needs.
#[derive(Debug, Clone, Copy)]
pub struct Removing<'a> {
    /// The call.
    pub session: &'a Session,
    /// Where the integration is kept.
    pub registration: &'a Registration,
    /// What the run works with.
    pub ground: &'a Ground,
    /// Connections and the time that is kept for this.
    pub hands: &'a Hands,
}

/// Removes the APIs that a confirmation in work allows, before anything else is done.
pub async fn remove_confirmed(removing: Removing<'_>, guard: &mut Guard, tasks: &mut Tasks, tally: &mut Tally) {
    if guard.allowance() > 0 {
        remove_apis(removing, guard, tasks, tally, 0).await;
    }
}

/// Removes what the guard allows, and ends the work on the APIs that waited for that.
pub async fn remove(
    removing: Removing<'_>,
    guard: &mut Guard,
    tasks: &mut Tasks,
    worked: &mut [Worked],
    tally: &mut Tally,
) {
    let removals = guard.removals_of_work(tasks, worked);
    if removals.is_empty() {
        return;
    }
    if guard.is_confirmed_later(&removals) {
        let id = guard.id(&removals);
        guard.confirm(&id, removals.len());
    }
    let mut allowed = if guard.allowance() > 0 { 0 } else { usize::MAX };
    if guard.allowance() == 0
        && let Verdict::Held { deletions_id, message } = guard.judge(&removals)
    {
        allowed = 0;
        guard.hold();
        tally.held = Some((deletions_id, message));
    }
    if let Err(interruption) = removing.hands.watch.look(&removing.session.catalog()).await {
        tally.remaining += tasks.gone.len();
        tally.wait_for(interruption.wait());
        for worked in worked.iter_mut() {
            if worked.outcome.pending.take().is_some() {
                worked.outcome.interrupt(&interruption);
            }
        }
        return;
    }
    let untouched = remove_apis(removing, guard, tasks, tally, allowed).await;
    let is_held = tally.held.is_some();
    if !is_held {
        tally.remaining += untouched;
    }
    end_work(removing, guard, worked, tally, allowed).await;
    let is_all_gone = tasks.gone.is_empty() && tally.held.is_none();
    if guard.allowance() > 0 && is_all_gone && !has_removals_left(worked) {
        guard.end_confirmation();
    }
}

/// Whether a stage that is gone was not removed.
fn has_removals_left(worked: &[Worked]) -> bool {
    let mut ends = worked.iter().map(|worked| &worked.outcome.ended);
    ends.any(|ended| !matches!(ended, Ended::Done | Ended::LeftAlone))
}

/// Deletes the APIs that are gone, as far as is allowed; those that are still there afterwards stay in the list. Gives how
/// many were not tried.
async fn remove_apis(
    removing: Removing<'_>,
    guard: &mut Guard,
    tasks: &mut Tasks,
    tally: &mut Tally,
    allowed: usize,
) -> usize {
    let is_confirmed = guard.allowance() > 0;
    let Removing {
        session,
        registration,
        ground,
        hands,
    } = removing;
    let catalog = session.catalog();
    let deleting = Deleting {
        catalog: &catalog,
        integration: &ground.integration.name,
        environment: Some(&registration.environment.name),
        gone_from: Some(&hands.client),
        budget: &session.budget,
    };
    let mut left: Vec<FoldedApi> = Vec::new();
    let mut going: VecDeque<FoldedApi> = std::mem::take(&mut tasks.gone).into();
    loop {
        let most = if is_confirmed {
            guard.allowance().min(BATCH)
        } else {
            allowed
        };
        let count = most.min(going.len());
        if count == 0 {
            break;
        }
        let count = if is_confirmed {
            charged(removing, guard, count, tally).await
        } else {
            count
        };
        if count == 0 {
            break;
        }
        let batch: Vec<FoldedApi> = going.drain(..count).collect();
        let deleted = delete_apis(deleting, batch.iter().map(|api| api.proof.clone()).collect()).await;
        if is_confirmed {
            guard.give_back(deleted.left.len());
        }
        tally.deleted += deleted.deleted;
        tally.remaining += deleted.remaining;
        tally.wait_for(deleted.wait);
        tally.conflicts.extend(deleted.conflicts);
        tally.failed.extend(
            deleted
                .failed
                .into_iter()
                .map(|(api, message)| failure(&api, title(&batch, &api.name), &ground.gateway, message)),
        );
        let stays = |api: &FoldedApi| deleted.left.contains(&api.proof.name);
        let before = left.len();
        left.extend(batch.into_iter().filter(stays));
        // What could not be deleted now is not tried again in this run, and what there was no time for neither.
        if left.len() > before && !session.budget.may_begin() {
            break;
        }
    }
    let untouched = going.len();
    left.extend(going);
    tasks.gone = left;
    untouched
}

/// Charges the confirmation that is in work with so many removals; gives how many of them may be made.
async fn charged(removing: Removing<'_>, guard: &mut Guard, count: usize, tally: &mut Tally) -> usize {
    match charge(removing.session, removing.registration, &guard.journal, count).await {
        Ok(granted) => {
            guard.spend(granted, count);
            granted
        }
        Err(error) => {
            let why = error_chain(&error);
            tally.note = Some(format!(
                "the confirmation is kept: it could not be noted as used: {why}"
            ));
            0
        }
    }
}

fn failure(api: &ApiProof, title: Option<String>, gateway: &Gateway, message: String) -> Failure {
    let api_type = api.sources.first().map_or(ApiType::Rest, |(api_type, _)| *api_type);
    Failure::of(api_type, api.api_id(), title, gateway, message)
}

/// The title in the catalog of an API that is no longer on the gateway.
fn title(apis: &[FoldedApi], name: &EntityName) -> Option<String> {
    let api = apis.iter().find(|api| api.proof.name == *name)?;
    api.unfolded().entity.text("title").map(str::to_owned)
}

/// Ends the work on the APIs that waited for the guard: stages that are gone are removed as far as is allowed.
///
/// While a hold says so, a stage that stays is told by it; otherwise its API remains.
async fn end_work(removing: Removing<'_>, guard: &mut Guard, worked: &mut [Worked], tally: &mut Tally, allowed: usize) {
    let all: usize = worked.iter().map(wanted).sum();
    let is_confirmed = guard.allowance() > 0;
    let spent = match guard.allowance().min(all) {
        count if is_confirmed && count > 0 => charged(removing, guard, count, tally).await,
        _ => 0,
    };
    let is_held = tally.held.is_some();
    let mut left = if is_confirmed { spent } else { allowed };
    let shared = worked.iter_mut().map(|worked| {
        let share = wanted(worked).min(left);
        left -= share;
        (worked, share)
    });
    let shared: Vec<(&mut Worked, usize)> = shared.collect();
    stream::iter(shared)
        .for_each_concurrent(SIDE_BY_SIDE, |(worked, share)| async move {
            let is_part = share < wanted(worked);
            let Some(mut paused) = worked.outcome.pending.take() else {
                return;
            };
            paused.step = paused.work.next(Event::Judged(share));
            let (ground, hands) = (removing.ground, removing.hands);
            ground.go_on(hands, &worked.task, *paused, &mut worked.outcome).await;
            if is_part && !is_held && matches!(worked.outcome.ended, Ended::Done) {
                worked.outcome.ended = Ended::Remaining;
            }
        })
        .await;
    let removed: usize = worked.iter().map(|worked| worked.outcome.done.removed).sum();
    guard.give_back(spent.saturating_sub(removed));
}

/// How many removals of an API wait for the guard.
fn wanted(worked: &Worked) -> usize {
    let pending = worked.outcome.pending.as_ref();
    pending.map_or(0, |pending| pending.work.removals().len())
}
