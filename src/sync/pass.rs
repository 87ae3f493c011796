//! Passes: a look at all APIs, which may take several runs, and which of them it looks into deeply.
//!
//! An API whose fingerprint is right costs one Amazon call. Below it, damage made by hand is found by a deep check:
//! every pass checks the slots of the hours since the last finished one, so that every API has its turn within a day.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::model::{EntityName, digest};

use super::SyncRequest;
use super::confirmation::Confirmation;

/// Slots of deep checks, one for each hour of a day.
const SLOTS: i64 = 24;
/// Hex digits of a name's digest that tell its slot: 32 bits spread evenly enough over 24 slots.
const SLOT_DIGITS: usize = 8;
/// Most APIs that are remembered to be looked at again; where more failed, all those of their pass are, and its hours are
/// checked over again.
const AGAIN_MAX: usize = 20;
/// How long an unfinished pass that was asked for waits to be gone on with; after that, another one begins.
const REQUESTED_PASS_HOURS: i64 = 2;

/// Where the next run goes on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Continuation {
    /// The unfinished passes, by kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub passes: BTreeMap<PassKind, UnfinishedPass>,
    /// The hour (since 1970) whose slot of deep checks was the last to be finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_through_hour: Option<i64>,
    /// APIs that a run failed with, in lower case: the next one looks at them first and deeply, whatever their pass has
    /// carried past and whenever their hour is.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub check_again: BTreeSet<String>,
    /// Deletions that were confirmed in a call without the time to make them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmation>,
    /// The first API that a run did not begin because refusals in a row had ended its work, in lower case: the next one
    /// begins with it, so that nothing starves behind APIs that are refused every time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_up_at: Option<String>,
    /// How many confirmations of deletions were used.
    #[serde(skip_serializing_if = "is_zero")]
    pub confirmations: u64,
    /// Whether deletions are held, until they are confirmed or a whole run finds none left to make. What appears meanwhile
    /// does not end a hold. `None` when no run has told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<bool>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Continuation {
    /// What a plan depends on. It is for looking at first: neither the hour nor where the last run stopped may change it.
    pub fn for_a_plan(&self) -> Self {
        Self {
            confirmed: self.confirmed.clone(),
            confirmations: self.confirmations,
            held: self.held,
            ..Self::default()
        }
    }

    /// The same without hours that are yet to come, or were before there were any: what the catalog keeps, anybody may
    /// have edited, and an hour far ahead would put an end to deep checks, or none to a confirmation.
    fn within(mut self, now_hour: i64) -> Self {
        let sane = |hour: i64| hour.clamp(0, now_hour.max(0));
        self.checked_through_hour = self.checked_through_hour.map(sane);
        for pass in self.passes.values_mut() {
            pass.began_hour = sane(pass.began_hour);
            pass.went_on_hour = sane(pass.went_on_hour);
        }
        if let Some(confirmed) = &mut self.confirmed {
            confirmed.hour = sane(confirmed.hour);
        }
        self
    }
}

/// A pass for which there was not enough time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnfinishedPass {
    /// The first of the APIs in order that it did not reach.
    resume_at: String,
    /// The hour in which it began.
    began_hour: i64,
    /// The hour in which it was last gone on with.
    went_on_hour: i64,
    /// Whether more of its APIs failed than are remembered: then none that is not looked at again is known to be right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unsure: bool,
}

/// What a pass is for: each kind is gone on with by its own kind only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum PassKind {
    /// What every run does.
    Regular,
    /// With definitions that are imported on demand.
    Definitions,
    /// With deep checks of everything.
    Deep,
    /// With both.
    DeepDefinitions,
}

impl PassKind {
    fn of(request: &SyncRequest) -> Self {
        match (request.deep, request.definitions) {
            (false, false) => Self::Regular,
            (false, true) => Self::Definitions,
            (true, false) => Self::Deep,
            (true, true) => Self::DeepDefinitions,
        }
    }
}

/// A pass, as one run goes on with it.
#[derive(Debug)]
pub(super) struct Pass {
    kind: PassKind,
    before: Continuation,
    began_hour: i64,
    now_hour: i64,
    /// The first API in order that the runs before did not reach.
    pub resume_at: Option<EntityName>,
    /// The hours whose slots are checked deeply: after the first, up to the second.
    hours: (i64, i64),
    /// Whether more APIs failed in the runs before than are remembered.
    pub is_unsure: bool,
    /// APIs that the last run failed with; a plan must not depend on them.
    again: Option<BTreeSet<String>>,
}

impl Pass {
    /// Begins a pass or goes on with an unfinished one.
    pub fn begin(request: &SyncRequest, before: Continuation, now: OffsetDateTime) -> Self {
        let kind = PassKind::of(request);
        let now_hour = now.unix_timestamp().div_euclid(3600);
        let before = before.within(now_hour);
        let unfinished = before
            .passes
            .get(&kind)
            .filter(|pass| kind == PassKind::Regular || now_hour - pass.went_on_hour <= REQUESTED_PASS_HOURS);
        let began_hour = unfinished.map_or(now_hour, |pass| pass.began_hour);
        let is_unsure = unfinished.is_some_and(|pass| pass.unsure);
        let resume_at = unfinished.and_then(|pass| EntityName::parse(&pass.resume_at).ok());
        // The very first pass makes everything itself; and a plan must stay what it was from one hour to the next.
        let checked_through = before.checked_through_hour.unwrap_or(began_hour);
        let through = if request.plan_id.is_none() {
            began_hour
        } else {
            checked_through
        };
        let again = request.plan_id.is_none().then(|| before.check_again.clone());
        Self {
            kind,
            began_hour,
            now_hour,
            resume_at,
            hours: (checked_through, through),
            is_unsure,
            again,
            before,
        }
    }

    /// Whether the run before gave up at this API, before it was begun.
    pub fn was_given_up_at(&self, name: &EntityName) -> bool {
        self.before.given_up_at.as_deref() == Some(&key(name))
    }

    /// How many confirmations of deletions were used before this run.
    pub fn confirmations(&self) -> u64 {
        self.before.confirmations
    }

    /// How many they are with one more. The number comes from the catalog, so it may be any.
    pub fn confirmations_with_one_more(&self) -> u64 {
        self.before.confirmations.saturating_add(1)
    }

    /// Notes that a confirmation is used.
    pub fn confirm(&mut self) {
        self.before.confirmations = self.confirmations_with_one_more();
    }

    /// Notes whether anything is ours: where there is something to lose and no run has told, deletions are held.
    pub fn know_what_is_ours(&mut self, owned: usize) {
        self.before.held.get_or_insert(owned > 0);
    }

    /// Whether an earlier run, or this one, holds deletions.
    pub fn holds(&self) -> bool {
        self.before.held.unwrap_or(true)
    }

    /// Notes that deletions are held.
    pub fn hold(&mut self) {
        self.before.held = Some(true);
    }

    /// Whether the API is looked into although nothing says that it changed.
    pub fn looks_deep(&self, name: &EntityName) -> bool {
        let (after, through) = self.hours;
        match self.kind {
            PassKind::Deep | PassKind::DeepDefinitions => true,
            PassKind::Regular | PassKind::Definitions if self.makes_up_for(name) => true,
            PassKind::Regular | PassKind::Definitions if through - after >= SLOTS => true,
            PassKind::Regular | PassKind::Definitions => {
                let slot = slot(name);
                (after + 1..=through).any(|hour| hour.rem_euclid(SLOTS) == slot)
            }
        }
    }

    /// The confirmation of an earlier call, if it is still good.
    pub fn confirmed(&self) -> Option<&Confirmation> {
        let confirmed = self.before.confirmed.as_ref();
        confirmed.filter(|confirmed| confirmed.is_good(self.now_hour))
    }

    /// Nothing was done but to keep a confirmation for the runs to come.
    pub fn put_off(self, deletions_id: &str) -> Continuation {
        let known = self.confirmed().filter(|confirmed| confirmed.given == deletions_id);
        let confirmed = known
            .cloned()
            .unwrap_or_else(|| self.confirmation(deletions_id, deletions_id));
        Continuation {
            confirmed: Some(confirmed),
            ..self.before
        }
    }

    /// The confirmation that people gave, for what is left of it.
    pub fn confirmation(&self, given: &str, left: &str) -> Confirmation {
        Confirmation {
            given: given.to_owned(),
            left: left.to_owned(),
            hour: self.now_hour,
        }
    }

    /// Whether the last run failed with the API.
    pub fn makes_up_for(&self, name: &EntityName) -> bool {
        self.again.as_ref().is_some_and(|again| again.contains(&key(name)))
    }

    /// The APIs that the last run failed with.
    pub fn again(&self) -> BTreeSet<EntityName> {
        let again = self.again.iter().flatten();
        again.filter_map(|name| EntityName::parse(name).ok()).collect()
    }

    /// Where the next run goes on, when this one did not reach `unreached`, or left something else undone.
    ///
    /// `unchecked` are the APIs to be looked at again: those that failed, and those that were to be made up for, or had
    /// been carried past, and were not done.
    pub fn ended(self, unreached: Option<&EntityName>, all_done: bool, unchecked: &[EntityName]) -> Continuation {
        let mut next = self.before;
        let mut again: BTreeSet<String> = unchecked.iter().map(key).collect();
        if self.again.is_none() {
            // For a plan nothing was made up for.
            again.append(&mut next.check_again);
        }
        let forgets = again.len() > AGAIN_MAX;
        match unreached {
            Some(name) => {
                // Short of where it began the run has been round, and looked at everything before.
                let has_been_round = self.resume_at.as_ref().is_some_and(|resume_at| name < resume_at);
                let pass = UnfinishedPass {
                    resume_at: name.to_string(),
                    began_hour: self.began_hour,
                    went_on_hour: self.now_hour,
                    unsure: forgets || (self.is_unsure && !has_been_round),
                };
                next.passes.insert(self.kind, pass);
            }
            None => {
                next.passes.remove(&self.kind);
            }
        }
        next.check_again = again.into_iter().take(AGAIN_MAX).collect();
        if all_done && !forgets {
            let (_, through) = self.hours;
            next.checked_through_hour = Some(next.checked_through_hour.map_or(through, |before| before.max(through)));
        }
        next
    }
}

/// A name as it is kept.
pub(super) fn key(name: &EntityName) -> String {
    name.as_str().to_ascii_lowercase()
}

fn slot(name: &EntityName) -> i64 {
    let digest = digest(key(name).as_bytes());
    i64::from_str_radix(&digest[..SLOT_DIGITS], 16).unwrap_or_default() % SLOTS
}

#[cfg(test)]
mod tests;
