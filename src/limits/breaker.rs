//! A circuit breaker: what an account or an identity may not do is not asked for a thousand times.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Refusals of one kind of call in a row after which the rest would be refused as well: a few APIs with permissions of
/// their own do not end a run, and an audit log does not fill up.
const ROW: u32 = 5;

/// Counts the refusals that are an account's or an identity's as a whole, for one run on one side.
///
/// It trips once and for all of its run. Whoever begins work asks it first; what is in flight goes on.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The length of the row, by kind of call: who may list stages may still not export them.
    rows: HashMap<String, u32>,
    tripped: Option<String>,
}

impl Breaker {
    /// A call of this kind was answered: its row begins again.
    pub fn accepted(&self, kind: &str) {
        self.state().rows.remove(kind);
    }

    /// A call of this kind was refused, in these words.
    pub fn refused(&self, kind: &str, words: impl FnOnce() -> String) {
        let mut state = self.state();
        let row = state.rows.entry(kind.to_owned()).or_default();
        *row += 1;
        if *row == ROW && state.tripped.is_none() {
            state.tripped = Some(format!("{ROW} equal refusals in a row, the last: {}", words()));
        }
    }

    /// Why nothing more is to be begun, if so.
    #[must_use]
    pub fn tripped(&self) -> Option<String> {
        self.state().tripped.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_refusals_in_a_row_trip_it_for_good_and_the_fifth_is_told() {
        let breaker = Breaker::default();
        for number in 1..=4 {
            breaker.refused("GetStages", || format!("number {number}"));
        }
        assert_eq!(breaker.tripped(), None);
        breaker.refused("GetStages", || "number 5".to_owned());
        breaker.refused("GetStages", || "number 6".to_owned());
        breaker.accepted("GetStages");
        let words = "5 equal refusals in a row, the last: number 5";
        assert_eq!(breaker.tripped().as_deref(), Some(words));
    }

    #[test]
    fn a_success_of_the_same_kind_begins_the_row_again_and_one_of_another_kind_does_not() {
        let breaker = Breaker::default();
        let refuse = |times| (0..times).for_each(|_| breaker.refused("GetExport", String::new));
        for _ in 0..9 {
            refuse(4);
            breaker.accepted("GetExport");
        }
        assert_eq!(breaker.tripped(), None);
        refuse(4);
        breaker.accepted("GetStages");
        refuse(1);
        assert!(breaker.tripped().is_some());
    }
}
