//! Concludes a run: its results, and where the next run continues.

use std::collections::BTreeSet;

use super::agenda::Tasks;
use super::apply::{Ended, Looked, Worked};
use super::guard::{Charges, Guard};
use super::hands::{Hands, Watch};
use super::interruption::Interruption;
use super::preview::unplanned;
use super::report::Tally;
use super::request::SyncRequest;
use crate::catalog::ApiProof;
use crate::catalog::journal::Journal;
use crate::model::{Cursor, EntityName, Failure, Gateway, Skip, SkipReason, SourceKey};
use crate::plan::Job;

/// The results of a run.
#[derive(Debug)]
pub struct Ran {
    /// The counts.
    pub tally: Tally,
    /// The journal for the next run; `None` for a run of one API.
    pub journal: Option<Journal>,
    /// Its part in confirmations.
    pub charges: Charges,
    /// APIs that it created.
    pub born: Vec<ApiProof>,
    /// Whether the integration was still the same.
    pub watch: Watch,
}

/// Computes the results of a run and where the next one continues.
pub fn conclude(
    request: &SyncRequest,
    tasks: Tasks,
    worked: Vec<Worked>,
    (mut tally, mut guard): (Tally, Guard),
    hands: Hands,
) -> Ran {
    let unread = tasks.owned.iter().filter(|(_, owned)| owned.unread > 0);
    let mut unfinished: BTreeSet<Gateway> = unread.map(|(gateway, _)| gateway.clone()).collect();
    unfinished.extend(tasks.failed.iter().filter_map(Failure::gateway));
    let held = tasks.reports.iter().filter(|(_, report)| report.held.is_some());
    unfinished.extend(held.map(|(gateway, _)| gateway.clone()));
    tally.has_gaps = !tasks.gaps.is_empty() || !tasks.notes.is_empty();
    tally.notes = tasks.notes;
    tally.gateways = tasks.reports.into_values().collect();
    tally.skipped.extend(tasks.skips);
    tally.conflicts.extend(tasks.conflicts);
    tally.failed.extend(tasks.failed);
    let everywhere = hands.refusal().map(|refusal| (None, refusal));
    let refusals = hands
        .refusals()
        .into_iter()
        .map(|(gateway, refusal)| (Some(gateway), refusal));
    tally.refusals = everywhere.into_iter().chain(refusals).collect();
    let is_refused = |gateway: &Gateway| {
        let mut refusals = tally.refusals.iter();
        refusals.any(|(of, _)| of.as_ref().is_none_or(|of| of == gateway))
    };
    let given_up_at = worked
        .iter()
        .find(|worked| !worked.outcome.begun && is_refused(worked.task.gateway()));
    let given_up_at = given_up_at.map(|worked| worked.task.job.desired.name.clone());
    let mut born = Vec::new();
    let mut unreached = None;
    let first = worked.iter().find(|worked| !worked.task.job.comes_first);
    let first = first.map(|worked| worked.task.job.desired.name.clone());
    let mut ended = Vec::new();
    for mut worked in worked {
        let outcome = &mut worked.outcome;
        if matches!(outcome.ended, Ended::Refused(_)) && is_refused(worked.task.gateway()) {
            // The reason is reported once, for all of them.
            outcome.ended = Ended::Remaining;
        }
        if !outcome.begun && worked.task.job.is_passed && !request.is_strict() {
            outcome.ended = Ended::Done;
            outcome.done.skips = worked.task.skipped();
        }
        let job = &worked.task.job;
        if !outcome.begun && !job.comes_first && !job.is_passed && unreached.is_none() {
            unreached = Some(job.desired.name.clone());
        }
        born.extend(outcome.born.take());
        let is_changed = outcome.done.created || outcome.done.updated;
        if is_changed && matches!(outcome.ended, Ended::Done) {
            tally.arrived += arrivals(job, &outcome.done.skips);
        }
        if !matches!(outcome.ended, Ended::Done | Ended::LeftAlone | Ended::NoRoom(_)) {
            unfinished.extend(worked.task.gateways().cloned());
        }
        ended.push(worked);
    }
    for worked in ended {
        tally.add(worked);
    }
    let charges = guard.charges.clone();
    let journal = request.api.is_none().then(|| {
        let flags = (request.deep, request.definitions);
        let journal = &mut guard.journal;
        journal.cursor = next_cursor(journal.cursor.take(), tasks.cursor, flags, first, unreached);
        journal.given_up_at = given_up_at;
        unfinished.extend(tasks.leaving.into_iter().map(|leaving| leaving.gateway));
        // Of the others, a full run has found nothing left to remove.
        guard.end_all_but(&unfinished);
        if tally.held.is_none() && tally.open() == 0 && tally.failed.is_empty() && !tally.has_gaps {
            guard.complete();
        }
        guard.journal
    });
    Ran {
        tally,
        journal,
        charges,
        born,
        watch: hands.watch,
    }
}

/// The members of an API that arrived from another one: the next run removes what they left there.
fn arrivals(job: &Job, skips: &[Skip]) -> usize {
    let has_room = |key: &SourceKey| {
        let mut skips = skips.iter().filter(|skip| skip.is_of(key));
        !skips.any(|skip| skip.reason == SkipReason::TooManyDeployments)
    };
    job.predecessors.iter().filter(|(key, _)| has_room(key)).count()
}

/// Where the next run continues: after everything that was looked at, whatever the outcome.
fn next_cursor(
    before: Option<Cursor>,
    used: Option<Cursor>,
    (deep, definitions): (bool, bool),
    first: Option<EntityName>,
    unreached: Option<EntityName>,
) -> Option<Cursor> {
    match (unreached, used, first) {
        (Some(at), Some(used), _) => Some(Cursor { at, ..used }),
        (Some(at), None, Some(from)) => Some(Cursor {
            from,
            at,
            deep,
            definitions,
        }),
        // A pass that does more than this run is still unfinished.
        (None, _, _) => before.filter(|before| before.deep && !deep || before.definitions && !definitions),
        (Some(_), None, None) => None,
    }
}

impl Ran {
    /// The result of a run of one API that is no longer on the gateway: only a full run decides about its removal.
    pub fn only_in_the_catalog(watch: Watch) -> Self {
        let note = "the API is in the catalog and not on the gateway: the next full run decides about it";
        Self {
            tally: Tally {
                note: Some(note.to_owned()),
                ..Tally::default()
            },
            journal: None,
            charges: Charges::default(),
            born: Vec::new(),
            watch,
        }
    }

    /// The result of a run without time to compare a confirmation with the deletions: it keeps the confirmation and
    /// does nothing else.
    pub fn put_off(ids: &BTreeSet<String>, looks: &[Looked], guard: Guard, watch: Watch) -> Self {
        let id = ids.iter().cloned().collect::<Vec<_>>().join(",");
        let message = format!(
            "the confirmation of {id} is kept: this call had no time to plan everything, and the next run that finds \
             exactly these deletions makes them"
        );
        let mut tally = Tally {
            remaining: unplanned(looks),
            held: Some((id, message)),
            ..Tally::default()
        };
        for looked in looks {
            tally.wait_for(looked.look.as_ref().err().and_then(Interruption::wait));
        }
        Self {
            tally,
            journal: Some(guard.journal),
            charges: guard.charges,
            born: Vec::new(),
            watch,
        }
    }
}
