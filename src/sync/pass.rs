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
/// Most APIs that are remembered for another deep check; where more failed, their hours are checked over again.
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
    /// APIs whose deep check failed, in lower case: the next run makes up for it, not that of the next day.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub check_again: BTreeSet<String>,
    /// Deletions that were confirmed in a call without the time to make them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmation>,
    /// How many confirmations of deletions were used.
    #[serde(skip_serializing_if = "is_zero")]
    pub confirmations: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Continuation {
    /// The same without hours that are yet to come, or were before there were any: what the catalog keeps, anybody may
    /// have edited, and an hour far ahead would put an end to deep checks.
    fn within(mut self, now_hour: i64) -> Self {
        let sane = |hour: i64| hour.clamp(0, now_hour.max(0));
        self.checked_through_hour = self.checked_through_hour.map(sane);
        for pass in self.passes.values_mut() {
            pass.began_hour = sane(pass.began_hour);
            pass.went_on_hour = sane(pass.went_on_hour);
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
    /// APIs whose last deep check failed; a plan must not depend on them.
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
            again,
            before,
        }
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

    /// Whether the API's last deep check failed.
    pub fn makes_up_for(&self, name: &EntityName) -> bool {
        self.again.as_ref().is_some_and(|again| again.contains(&key(name)))
    }

    /// Where the next run goes on, when this one did not reach `unreached`, or left something else undone.
    ///
    /// `unchecked` are the APIs whose deep check came to nothing, or was still to be made up for and was not reached.
    pub fn ended(self, unreached: Option<&EntityName>, all_done: bool, unchecked: &[EntityName]) -> Continuation {
        let mut next = self.before;
        match unreached {
            Some(name) => {
                let pass = UnfinishedPass {
                    resume_at: name.to_string(),
                    began_hour: self.began_hour,
                    went_on_hour: self.now_hour,
                };
                next.passes.insert(self.kind, pass);
            }
            None => {
                next.passes.remove(&self.kind);
            }
        }
        if self.again.is_some() {
            next.check_again = unchecked.iter().map(key).take(AGAIN_MAX).collect();
        }
        if all_done && unchecked.len() <= AGAIN_MAX {
            let (_, through) = self.hours;
            next.checked_through_hour = Some(next.checked_through_hour.map_or(through, |before| before.max(through)));
        }
        next
    }
}

fn key(name: &EntityName) -> String {
    name.as_str().to_ascii_lowercase()
}

fn slot(name: &EntityName) -> i64 {
    let digest = digest(key(name).as_bytes());
    i64::from_str_radix(&digest[..SLOT_DIGITS], 16).unwrap_or_default() % SLOTS
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);

    fn names() -> Vec<EntityName> {
        (0..200)
            .map(|number| EntityName::parse(&format!("shop-api{number}")).unwrap())
            .collect()
    }

    fn checked(pass: &Pass) -> usize {
        names().iter().filter(|name| pass.looks_deep(name)).count()
    }

    #[test]
    fn every_api_is_looked_into_once_within_a_day_of_hourly_passes() {
        let regular = SyncRequest::default();
        let mut next = Pass::begin(&regular, Continuation::default(), NOON).ended(None, true, &[]);
        let mut times: BTreeMap<EntityName, usize> = BTreeMap::new();
        for hour in 1..=24 {
            let pass = Pass::begin(&regular, next, NOON + Duration::hours(hour));
            for name in names().into_iter().filter(|name| pass.looks_deep(name)) {
                *times.entry(name).or_default() += 1;
            }
            next = pass.ended(None, true, &[]);
        }
        assert_eq!(times.len(), names().len());
        assert!(times.values().all(|&count| count == 1));
    }

    #[test]
    fn a_first_pass_and_a_second_within_the_hour_look_into_nothing() {
        let regular = SyncRequest::default();
        let first = Pass::begin(&regular, Continuation::default(), NOON);
        assert_eq!(checked(&first), 0);
        let second = Pass::begin(&regular, first.ended(None, true, &[]), NOON + Duration::minutes(59));
        assert_eq!(checked(&second), 0);
    }

    #[test]
    fn slots_missed_for_a_day_are_all_due() {
        let regular = SyncRequest::default();
        let next = Pass::begin(&regular, Continuation::default(), NOON).ended(None, true, &[]);
        assert_eq!(
            checked(&Pass::begin(&regular, next, NOON + Duration::days(3))),
            names().len()
        );
    }

    #[test]
    fn an_unfinished_pass_keeps_its_slots_until_it_is_finished() {
        let regular = SyncRequest::default();
        let next = Pass::begin(&regular, Continuation::default(), NOON).ended(None, true, &[]);
        let name = &names()[7];
        let cut = Pass::begin(&regular, next, NOON + Duration::hours(3));
        let due = checked(&cut);
        let resumed = Pass::begin(&regular, cut.ended(Some(name), false, &[]), NOON + Duration::hours(5));
        assert_eq!(resumed.resume_at.as_ref(), Some(name));
        assert_eq!(checked(&resumed), due);
        let after = Pass::begin(&regular, resumed.ended(None, true, &[]), NOON + Duration::hours(5));
        assert!(
            after.resume_at.is_none() && checked(&after) > 0,
            "the hours of the pass itself are still to come"
        );
    }

    #[test]
    fn hours_that_somebody_put_into_the_catalog_neither_break_a_pass_nor_end_deep_checks() {
        for hour in [i64::MIN, -1, 0, i64::MAX - 1, i64::MAX] {
            for deep in [false, true] {
                let request = SyncRequest {
                    deep,
                    ..SyncRequest::default()
                };
                let pass = UnfinishedPass {
                    resume_at: "shop-api7".to_owned(),
                    began_hour: hour,
                    went_on_hour: hour,
                };
                let kept = Continuation {
                    passes: [(PassKind::Regular, pass.clone()), (PassKind::Deep, pass)].into(),
                    checked_through_hour: Some(hour),
                    ..Continuation::default()
                };
                let next = Pass::begin(&request, kept, NOON).ended(None, true, &[]);
                // That of the unfinished pass, and the one after it.
                let next = Pass::begin(&SyncRequest::default(), next, NOON + Duration::hours(1)).ended(None, true, &[]);
                let later = Pass::begin(&SyncRequest::default(), next, NOON + Duration::days(2));
                assert_eq!(checked(&later), names().len(), "{hour}");
            }
        }
    }

    #[test]
    fn any_number_of_confirmations_that_somebody_put_into_the_catalog_can_be_confirmed() {
        for (confirmations, more) in [(0, 1), (u64::MAX - 1, u64::MAX), (u64::MAX, u64::MAX)] {
            let kept = Continuation {
                confirmations,
                ..Continuation::default()
            };
            let mut pass = Pass::begin(&SyncRequest::default(), kept, NOON);
            pass.confirm();
            assert_eq!(pass.confirmations(), more);
        }
    }

    #[test]
    fn a_deep_pass_looks_into_everything_and_is_begun_anew_when_it_was_left() {
        let deep = SyncRequest {
            deep: true,
            ..SyncRequest::default()
        };
        let pass = Pass::begin(&deep, Continuation::default(), NOON);
        assert_eq!(checked(&pass), names().len());
        let left = pass.ended(Some(&names()[7]), false, &[]);
        let soon = Pass::begin(&deep, left.clone(), NOON + Duration::hours(1));
        assert!(soon.resume_at.is_some());
        assert!(
            Pass::begin(&deep, left.clone(), NOON + Duration::hours(4))
                .resume_at
                .is_none()
        );
        assert!(Pass::begin(&SyncRequest::default(), left, NOON).resume_at.is_none());
    }

    #[test]
    fn an_api_whose_deep_check_failed_is_looked_into_by_the_next_pass_until_that_succeeds() {
        let regular = SyncRequest::default();
        let next = Pass::begin(&regular, Continuation::default(), NOON).ended(None, true, &[]);
        let due = Pass::begin(&regular, next, NOON + Duration::hours(1));
        let name = names().into_iter().find(|name| due.looks_deep(name)).unwrap();
        let next = due.ended(None, true, std::slice::from_ref(&name));
        let again = Pass::begin(&regular, next.clone(), NOON + Duration::hours(1));
        assert_eq!((again.looks_deep(&name), checked(&again)), (true, 1));
        let for_a_plan = SyncRequest {
            plan_id: Some("1".to_owned()),
            ..SyncRequest::default()
        };
        let planned = Pass::begin(&for_a_plan, next, NOON + Duration::hours(1));
        assert!(!planned.looks_deep(&name), "a plan does not depend on the last run");
        let after_plan = planned.ended(None, true, &[]);
        assert_eq!(after_plan.check_again.len(), 1, "nor does it make up for it");
        let done = again.ended(None, true, &[]);
        assert_eq!(checked(&Pass::begin(&regular, done, NOON + Duration::hours(1))), 0);
    }

    #[test]
    fn where_many_deep_checks_failed_their_hours_are_checked_over_again() {
        let regular = SyncRequest::default();
        let next = Pass::begin(&regular, Continuation::default(), NOON).ended(None, true, &[]);
        let later = NOON + Duration::days(3);
        let due = Pass::begin(&regular, next, later);
        let next = due.ended(None, true, &names()[..=AGAIN_MAX]);
        assert_eq!(next.check_again.len(), AGAIN_MAX);
        assert_eq!(checked(&Pass::begin(&regular, next, later)), names().len());
    }
}
