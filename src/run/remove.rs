//! Makes the removals that the guard allows, and the last writes of the APIs that waited for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures::{StreamExt, stream};

use super::agenda::Tasks;
use super::apply::{Ended, SIDE_BY_SIDE, Worked};
use super::delete::{Deleting, delete_apis};
use super::ground::Ground;
use super::guard::{Guard, gateway_of};
use super::hands::Hands;
use super::held::held_message;
use super::record::{charge, note};
use super::report::Tally;
use super::session::Session;
use crate::catalog::settings::Registration;
use crate::error_chain::error_chain;
use crate::model::{ApiType, EntityName, Failure, Gateway};
use crate::plan::{Event, Leaving, Removals, Why};

/// Removals charged to a confirmation at once: a run that is killed loses at most this many.
const BATCH: usize = 64;

/// The inputs of removals.
#[derive(Debug, Clone, Copy)]
pub struct Removing<'a> {
    /// The call.
    pub session: &'a Session,
    /// The integration's environment.
    pub registration: &'a Registration,
    /// The run's data.
    pub ground: &'a Ground,
    /// Connections and the time reserved for removals.
    pub hands: &'a Hands,
}

/// Removes the APIs that an accepted confirmation allows, before anything else.
pub async fn remove_confirmed(removing: Removing<'_>, guard: &mut Guard, tasks: &mut Tasks, tally: &mut Tally) {
    for gateway in gateways(&tasks.leaving) {
        if guard.allowance(&gateway) > 0 {
            let allowed = Allowed::default();
            remove_apis(removing, (guard, &gateway), tasks, tally, allowed).await;
        }
    }
}

/// Removes what the guard allows, and ends the work on the APIs that waited for it.
pub async fn remove(
    removing: Removing<'_>,
    guard: &mut Guard,
    tasks: &mut Tasks,
    worked: &mut [Worked],
    tally: &mut Tally,
) {
    let removals = guard.removals_of_work(tasks, worked);
    let mut outcomes = worked.iter().map(|worked| &worked.outcome);
    if tasks.leaving.is_empty() && !outcomes.any(|outcome| outcome.pending.is_some()) {
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
    let with_removals: Vec<&Gateway> = removals
        .iter()
        .filter_map(|(gateway, removals)| (!removals.is_empty()).then_some(gateway))
        .collect();
    remove_moved(removing, tasks, tally).await;
    let mut below: BTreeMap<&Gateway, Below> = BTreeMap::new();
    for gateway in &with_removals {
        let allowed = match verdict.holds.get(gateway) {
            _ if guard.allowance(gateway) > 0 => Allowed::default(),
            Some(hold) if hold.suspicion.is_some() => Allowed::default(),
            Some(_) | None => Allowed { gone: true },
        };
        remove_apis(removing, (guard, gateway), tasks, tally, allowed).await;
        let of_gateway = allot(removing, (guard, gateway), worked, tally, allowed).await;
        below.insert(gateway, of_gateway);
    }
    end_work(removing, worked, &below, tally).await;
    for (gateway, below) in below {
        let removed = below.allowed.iter().filter(|(index, name)| {
            let done = &worked[*index].outcome.done;
            done.removed.contains(name)
        });
        guard.give_back(gateway, below.spent.saturating_sub(removed.count()));
        let is_held = verdict.holds.contains_key(gateway);
        let is_all_gone = !is_held && tasks.leaving.iter().all(|leaving| leaving.gateway != *gateway);
        if guard.allowance(gateway) > 0 && is_all_gone && below.is_done(worked) {
            guard.end_confirmation(gateway);
        }
    }
}

/// Removals on a gateway below APIs that stay.
#[derive(Debug, Default)]
struct Below {
    /// The allowed removals: the index of the API among those worked on, and the removal's name.
    allowed: Vec<(usize, EntityName)>,
    /// The APIs with removals.
    apis: BTreeSet<usize>,
    /// The number of removals charged to a confirmation.
    spent: usize,
}

impl Below {
    /// Whether the work on all its APIs is finished.
    fn is_done(&self, worked: &[Worked]) -> bool {
        let mut ends = self.apis.iter().map(|index| &worked[*index].outcome.ended);
        ends.all(|ended| matches!(ended, Ended::Done | Ended::LeftAlone))
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

/// Accepts the confirmations that there was no time to compare, if they match what is held.
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

/// Removals allowed without a confirmation.
#[derive(Debug, Clone, Copy, Default)]
struct Allowed {
    /// Whether gone APIs may be removed.
    gone: bool,
}

/// The gateways with APIs to delete, each once.
fn gateways(leaving: &[Leaving]) -> BTreeSet<Gateway> {
    leaving.iter().map(|leaving| leaving.gateway.clone()).collect()
}

/// Deletes a gateway's APIs as far as allowed; those that remain stay in the list.
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
    // Departed ones come first: they need the confirmation, while gone ones may be deleted anyway.
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
            gone_from: is_gone.then_some((hands, gateway)),
            budget: &session.budget,
            meter: None,
        };
        // Gone ones are deleted only on the word of AWS.
        let can_be_asked = !is_gone || hands.client(gateway).is_ok();
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
            let stays = delete(deleting, going.drain(..count).collect(), tally).await;
            if is_confirmed {
                guard.give_back(gateway, stays.len());
            }
            let is_short = !stays.is_empty() && !session.budget.may_begin();
            left.extend(stays);
            // This run does not retry what failed, or what it had no time for.
            if is_short {
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

/// Deletes the rest of APIs that have moved: nothing is lost, so it needs no confirmation.
async fn remove_moved(removing: Removing<'_>, tasks: &mut Tasks, tally: &mut Tally) {
    let (moved, others): (Vec<Leaving>, Vec<Leaving>) = partition(std::mem::take(&mut tasks.leaving), |leaving| {
        matches!(leaving.why, Why::Moved(_))
    });
    let deleting = Deleting {
        catalog: &removing.session.catalog(),
        integration: &removing.ground.integration.name,
        environment: Some(&removing.registration.environment.name),
        gone_from: None,
        budget: &removing.session.budget,
        meter: None,
    };
    tasks.leaving = others;
    tasks.leaving.extend(delete(deleting, moved, tally).await);
}

/// Deletes APIs; returns those that remain.
async fn delete(deleting: Deleting<'_>, batch: Vec<Leaving>, tally: &mut Tally) -> Vec<Leaving> {
    let proofs = batch.iter().map(|leaving| leaving.api.proof.clone()).collect();
    let deleted = delete_apis(deleting, proofs).await;
    tally.deleted += deleted.deleted;
    tally.remaining += deleted.remaining;
    tally.wait_for(deleted.wait);
    tally.conflicts.extend(deleted.conflicts);
    for (api, message) in deleted.failed {
        let leaving = batch.iter().find(|leaving| leaving.api.proof.name == api.name);
        tally.failed.extend(leaving.map(|leaving| failure(leaving, message)));
    }
    let stays = |leaving: &Leaving| deleted.left.contains(&leaving.api.proof.name);
    batch.into_iter().filter(stays).collect()
}

/// Charges the accepted confirmation; returns how many removals it allows.
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

fn failure(leaving: &Leaving, message: String) -> Failure {
    let api = &leaving.api.proof;
    let api_type = api.origins.first().map_or(ApiType::Rest, |origin| origin.api_type);
    let title = leaving.api.unfolded().entity.text("title").map(str::to_owned);
    Failure::of(api_type, api.api_id(), title, &leaving.gateway, message)
}

/// Allows the removals on a gateway below APIs that wait for the guard, as far as possible.
async fn allot(
    removing: Removing<'_>,
    (guard, gateway): (&mut Guard, &Gateway),
    worked: &[Worked],
    tally: &mut Tally,
    allowed: Allowed,
) -> Below {
    let is_confirmed = guard.allowance(gateway) > 0;
    let (mut below, mut departed, mut gone) = (Below::default(), Vec::new(), Vec::new());
    for (index, Worked { task, outcome }) in worked.iter().enumerate() {
        let removals = outcome.pending.iter().flat_map(|pending| pending.work.removals());
        for removal in removals.filter(|removal| gateway_of(task, removal) == gateway) {
            below.apis.insert(index);
            let may_go = is_confirmed || allowed.gone && removal.departure.is_none();
            if may_go && removal.moved_to.is_none() {
                let allowed = (index, removal.name.clone());
                if removal.departure.is_some() {
                    departed.push(allowed);
                } else {
                    gone.push(allowed);
                }
            }
        }
    }
    // Departed ones need the confirmation, while gone ones may be deleted anyway.
    below.allowed = departed.into_iter().chain(gone).collect();
    if is_confirmed {
        let count = guard.allowance(gateway).min(below.allowed.len());
        if count > 0 {
            below.spent = charged(removing, (guard, gateway), count, tally).await;
        }
        below.allowed.truncate(below.spent);
    }
    below
}

/// Ends the work on the APIs that waited for the guard by making the allowed removals.
///
/// A stage that stays because of a hold is reported by the hold; otherwise its API remains.
async fn end_work(removing: Removing<'_>, worked: &mut [Worked], below: &BTreeMap<&Gateway, Below>, tally: &Tally) {
    let is_held = tally.held.is_some();
    let all: Vec<&(usize, EntityName)> = below.values().flat_map(|below| &below.allowed).collect();
    stream::iter(worked.iter_mut().enumerate())
        .for_each_concurrent(SIDE_BY_SIDE, |(index, worked)| {
            let of_api = all.iter().filter(|(of, _)| *of == index);
            let allowed: BTreeSet<EntityName> = of_api.map(|(_, name)| name.clone()).collect();
            async move {
                let Some(mut paused) = worked.outcome.pending.take() else {
                    return;
                };
                let removals = paused.work.removals();
                let moved = removals.iter().filter(|removal| removal.moved_to.is_some());
                let allowed: BTreeSet<EntityName> = allowed
                    .into_iter()
                    .chain(moved.map(|moved| moved.name.clone()))
                    .collect();
                let is_part = allowed.len() < removals.len();
                paused.step = paused.work.next(Event::Judged(allowed));
                let Worked { task, outcome } = worked;
                removing.ground.go_on(removing.hands, task, *paused, outcome).await;
                // The words of the remaining members were planned again.
                if let Some(mut paused) = outcome.pending.take() {
                    paused.step = paused.work.next(Event::Judged(BTreeSet::new()));
                    removing.ground.go_on(removing.hands, task, *paused, outcome).await;
                }
                if is_part && !is_held && matches!(outcome.ended, Ended::Done) {
                    outcome.ended = Ended::Remaining;
                }
            }
        })
        .await;
}
