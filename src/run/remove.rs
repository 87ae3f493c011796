//! Removing: what the guard allows of what is gone, and the last write of the APIs that waited for that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures::{StreamExt, stream};

use super::agenda::Tasks;
use super::apply::{Ended, Ground, SIDE_BY_SIDE, Worked};
use super::delete::{Deleting, delete_apis};
use super::guard::Guard;
use super::hands::Hands;
use super::held::held_message;
use super::record::{charge, note};
use super::report::Tally;
use super::session::Session;
use crate::catalog::ApiProof;
use crate::catalog::settings::Registration;
use crate::error_chain::error_chain;
use crate::model::{ApiType, EntityName, Failure, Gateway};
use crate::plan::{Event, Leaving, Removals, Why};

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
    for gateway in gateways(&tasks.leaving) {
        if guard.allowance(&gateway) > 0 {
            let allowed = Allowed::default();
            remove_apis(removing, (guard, &gateway), tasks, tally, allowed).await;
        }
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
    if removals.values().all(Removals::is_empty) {
        return;
    }
    confirm_later(removing, guard, &removals, tally).await;
    let verdict = guard.judge(&removals);
    let deletions_id = guard.id(&removals, &verdict);
    for (gateway, hold) in &verdict.holds {
        if hold.suspicion.is_some() {
            guard.hold(gateway);
        }
        tasks.note_hold(gateway, hold);
    }
    tally.held =
        held_message(&removing.ground.integration.name, &deletions_id, &verdict).map(|message| (deletions_id, message));
    if let Err(interruption) = removing.hands.watch.look(&removing.session.catalog()).await {
        tally.remaining += tasks.leaving.len();
        tally.wait_for(interruption.wait());
        for worked in worked.iter_mut() {
            if worked.outcome.pending.take().is_some() {
                worked.outcome.interrupt(&interruption);
            }
        }
        return;
    }
    let with_removals = removals.iter().filter(|(_, removals)| !removals.is_empty());
    for (gateway, _) in with_removals {
        let allowed = match verdict.holds.get(gateway) {
            _ if guard.allowance(gateway) > 0 => Allowed::default(),
            Some(hold) if hold.suspicion.is_some() => Allowed::default(),
            Some(_) | None => Allowed { gone: true },
        };
        remove_apis(removing, (guard, gateway), tasks, tally, allowed).await;
        let of_gateway = worked.iter_mut().filter(|worked| worked.task.gateway() == gateway);
        let mut of_gateway: Vec<&mut Worked> = of_gateway.collect();
        end_work(removing, (guard, gateway), &mut of_gateway, tally, allowed).await;
        let is_held = verdict.holds.contains_key(gateway);
        let is_all_gone = !is_held && tasks.leaving.iter().all(|leaving| leaving.gateway != *gateway);
        if guard.allowance(gateway) > 0 && is_all_gone && !has_removals_left(&of_gateway) {
            guard.end_confirmation(gateway);
        }
    }
}

fn partition<T, U>(items: Vec<Leaving>, is_one: impl Fn(&Leaving) -> bool) -> (T, U)
where
    T: FromIterator<Leaving>,
    U: FromIterator<Leaving>,
{
    let (some, others): (Vec<Leaving>, Vec<Leaving>) = items.into_iter().partition(is_one);
    (some.into_iter().collect(), others.into_iter().collect())
}

/// Takes the confirmations that there was no time to compare, where they fit what is held.
async fn confirm_later(
    removing: Removing<'_>,
    guard: &mut Guard,
    removals: &BTreeMap<Gateway, Removals>,
    tally: &mut Tally,
) {
    let uncompared = std::mem::take(&mut guard.journal.uncompared);
    guard.journal.uncompared = guard.confirm(&uncompared, removals);
    if guard.journal.uncompared != uncompared
        && let Err(error) = note(removing.session, removing.registration, &guard.journal).await
    {
        let why = error_chain(&error);
        tally.note = Some(format!("the confirmation is kept: it could not be noted: {why}"));
    }
}

/// What may be removed that no confirmation is charged with.
#[derive(Debug, Clone, Copy, Default)]
struct Allowed {
    /// Whether what is gone may go.
    gone: bool,
}

/// The gateways that APIs are to go from, each once.
fn gateways(leaving: &[Leaving]) -> BTreeSet<Gateway> {
    leaving.iter().map(|leaving| leaving.gateway.clone()).collect()
}

/// Whether a stage that is gone was not removed.
fn has_removals_left(worked: &[&mut Worked]) -> bool {
    let mut ends = worked.iter().map(|worked| &worked.outcome.ended);
    ends.any(|ended| !matches!(ended, Ended::Done | Ended::LeftAlone))
}

/// Deletes the APIs of a gateway that are to go, as far as is allowed; those that are still there afterwards stay in the list.
async fn remove_apis(
    removing: Removing<'_>,
    (guard, gateway): (&mut Guard, &Gateway),
    tasks: &mut Tasks,
    tally: &mut Tally,
    allowed: Allowed,
) {
    let is_confirmed = guard.allowance(gateway) > 0;
    let Removing {
        session,
        registration,
        ground,
        hands,
    } = removing;
    let catalog = session.catalog();
    let (of_gateway, mut left): (Vec<Leaving>, Vec<Leaving>) = std::mem::take(&mut tasks.leaving)
        .into_iter()
        .partition(|leaving| leaving.gateway == *gateway);
    // What departed comes first: a confirmation is about it, while what is gone may go anyway.
    let (departed, others): (VecDeque<Leaving>, Vec<Leaving>) = partition(of_gateway, Leaving::is_departure);
    let (opted_out, gone): (VecDeque<Leaving>, VecDeque<Leaving>) =
        partition(others, |leaving| matches!(leaving.why, Why::OptedOut(_)));
    for mut going in [departed, opted_out, gone] {
        let has_departed = going.front().is_some_and(Leaving::is_departure);
        let is_gone = going.front().is_some_and(|leaving| leaving.why == Why::Gone);
        let deleting = Deleting {
            catalog: &catalog,
            integration: &ground.integration.name,
            environment: Some(&registration.environment.name),
            gone_from: hands.client(gateway).ok().filter(|_| is_gone),
            budget: &session.budget,
            meter: None,
        };
        // What is gone goes by Amazon's word alone.
        let can_be_asked = !is_gone || deleting.gone_from.is_some();
        loop {
            let most = if is_confirmed {
                guard.allowance(gateway).min(BATCH)
            } else if allowed.gone && !has_departed {
                usize::MAX
            } else {
                0
            };
            let mut count = if can_be_asked { most.min(going.len()) } else { 0 };
            if is_confirmed && count > 0 {
                count = charged(removing, (guard, gateway), count, tally).await;
            }
            if count == 0 {
                break;
            }
            let batch: Vec<Leaving> = going.drain(..count).collect();
            let proofs = batch.iter().map(|leaving| leaving.api.proof.clone()).collect();
            let deleted = delete_apis(deleting, proofs).await;
            if is_confirmed {
                guard.give_back(gateway, deleted.left.len());
            }
            tally.deleted += deleted.deleted;
            tally.remaining += deleted.remaining;
            tally.wait_for(deleted.wait);
            tally.conflicts.extend(deleted.conflicts);
            tally.failed.extend(
                deleted
                    .failed
                    .into_iter()
                    .map(|(api, message)| failure(&api, title(&batch, &api.name), gateway, message)),
            );
            let stays = |leaving: &Leaving| deleted.left.contains(&leaving.api.proof.name);
            let before = left.len();
            left.extend(batch.into_iter().filter(stays));
            // What could not be deleted now is not tried again in this run, and what there was no time for neither.
            if left.len() > before && !session.budget.may_begin() {
                break;
            }
        }
        if !tasks.is_held(gateway) {
            tally.remaining += going.len();
        }
        left.extend(going);
    }
    tasks.leaving = left;
}

/// Charges the confirmation that is in work with so many removals; gives how many of them may be made.
async fn charged(
    removing: Removing<'_>,
    (guard, gateway): (&mut Guard, &Gateway),
    count: usize,
    tally: &mut Tally,
) -> usize {
    match charge(
        removing.session,
        removing.registration,
        (&guard.journal, gateway),
        count,
    )
    .await
    {
        Ok(granted) => {
            guard.spend(gateway, granted, count);
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
    let api_type = api.origins.first().map_or(ApiType::Rest, |origin| origin.api_type);
    Failure::of(api_type, api.api_id(), title, gateway, message)
}

/// The title in the catalog of an API that is no longer on the gateway.
fn title(apis: &[Leaving], name: &EntityName) -> Option<String> {
    let leaving = apis.iter().find(|leaving| leaving.api.proof.name == *name)?;
    leaving.api.unfolded().entity.text("title").map(str::to_owned)
}

/// Ends the work on the APIs that waited for the guard: stages that are gone are removed as far as is allowed.
///
/// While a hold says so, a stage that stays is told by it; otherwise its API remains.
async fn end_work(
    removing: Removing<'_>,
    (guard, gateway): (&mut Guard, &Gateway),
    worked: &mut [&mut Worked],
    tally: &mut Tally,
    allowed: Allowed,
) {
    let all: usize = worked.iter().map(|worked| wanted(worked)).sum();
    let is_confirmed = guard.allowance(gateway) > 0;
    let spent = match guard.allowance(gateway).min(all) {
        count if is_confirmed && count > 0 => charged(removing, (guard, gateway), count, tally).await,
        _ => 0,
    };
    let is_held = tally.held.is_some();
    let mut left = match allowed {
        _ if is_confirmed => spent,
        Allowed { gone: true } => usize::MAX,
        Allowed { gone: false } => 0,
    };
    let shared = worked.iter_mut().map(|worked| {
        let departs = worked.outcome.pending.as_ref().is_some_and(|pending| pending.departs());
        let share = if departs && !is_confirmed {
            0
        } else {
            wanted(worked).min(left)
        };
        left -= share;
        (&mut **worked, share)
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
            let Worked { task, outcome } = worked;
            ground.go_on(hands, task, *paused, outcome).await;
            if is_part && !is_held && matches!(outcome.ended, Ended::Done) {
                outcome.ended = Ended::Remaining;
            }
        })
        .await;
    if is_confirmed {
        let removed: usize = worked.iter().map(|worked| worked.outcome.done.removed).sum();
        guard.give_back(gateway, spent.saturating_sub(removed));
    }
}

/// How many removals of an API wait for the guard.
fn wanted(worked: &Worked) -> usize {
    let pending = worked.outcome.pending.as_ref();
    pending.map_or(0, |pending| pending.work.removals().len())
}
