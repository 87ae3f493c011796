//! Passes, run after run.

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
                unsure: false,
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
fn a_confirmation_whose_hour_somebody_put_into_the_catalog_is_good_for_a_day_at_most() {
    for (hour, is_good) in [(i64::MIN, false), (0, false), (i64::MAX, true)] {
        let kept = Continuation {
            confirmed: Some(Confirmation {
                given: "1".to_owned(),
                left: "1".to_owned(),
                hour,
            }),
            ..Continuation::default()
        };
        let pass = Pass::begin(&SyncRequest::default(), kept, NOON);
        assert_eq!(pass.confirmed().is_some(), is_good, "{hour}");
        let next = pass.ended(None, true, &[]);
        let later = Pass::begin(&SyncRequest::default(), next, NOON + Duration::hours(25));
        assert_eq!(later.confirmed(), None, "{hour}");
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

#[test]
fn a_pass_in_which_more_failed_than_is_remembered_is_unsure_of_what_it_carries_until_it_has_been_round() {
    let regular = SyncRequest::default();
    let (names, begin) = (names(), |next| Pass::begin(&SyncRequest::default(), next, NOON));
    let first = Pass::begin(&regular, Continuation::default(), NOON);
    let some = first.ended(Some(&names[90]), false, &names[..AGAIN_MAX]);
    assert!(!begin(some).is_unsure);
    let many = begin(Continuation::default()).ended(Some(&names[90]), false, &names[..=AGAIN_MAX]);
    let second = begin(many);
    assert_eq!((second.is_unsure, second.again().len()), (true, AGAIN_MAX));
    let third = begin(second.ended(Some(&names[95]), false, &[]));
    assert!(third.is_unsure, "it went on");
    let round = begin(third.ended(Some(&names[10]), false, &[]));
    assert!(!round.is_unsure && round.resume_at.as_ref() == Some(&names[10]));
}

#[test]
fn what_a_sync_by_a_plan_fails_with_is_looked_at_again_beside_what_others_failed_with() {
    let by_plan = SyncRequest {
        plan_id: Some("1".to_owned()),
        ..SyncRequest::default()
    };
    let names = names();
    let before = Pass::begin(&SyncRequest::default(), Continuation::default(), NOON).ended(None, true, &names[..1]);
    let after = Pass::begin(&by_plan, before, NOON).ended(None, true, &names[1..2]);
    let again = Pass::begin(&SyncRequest::default(), after, NOON).again();
    assert_eq!(again, names[..2].iter().cloned().collect());
}

#[test]
fn a_hold_goes_from_run_to_run_and_where_no_run_has_told_all_that_is_ours_is_held() {
    let regular = SyncRequest::default();
    for (told, owned, held) in [
        (Some(true), 0, true),
        (Some(false), 9, false),
        (None, 9, true),
        (None, 0, false),
    ] {
        let before = Continuation {
            held: told,
            ..Continuation::default()
        };
        assert_eq!(before.for_a_plan().held, told);
        let begin = || {
            let mut pass = Pass::begin(&regular, before.clone(), NOON);
            pass.know_what_is_ours(owned);
            pass
        };
        assert_eq!(begin().holds(), held, "{told:?} {owned}");
        assert_eq!(begin().put_off("0123").held, Some(held));
        assert_eq!(begin().ended(None, true, &[]).held, Some(held));
    }
}
