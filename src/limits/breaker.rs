//! A circuit breaker: stops a run from repeating a call that the account or identity may not make.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Consecutive refusals of one kind of call that trip it: a few APIs with permissions of their own do not end a run,
/// and the audit log stays short.
const ROW: u32 = 5;

/// Counts refusals of the account or identity as a whole, for one run on one side.
///
/// It trips once, for the rest of the run. New work checks it first; work in flight continues.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Consecutive refusals by kind of call: listing stages may be allowed while exporting them is not.
    rows: HashMap<String, u32>,
    tripped: Option<String>,
}

impl Breaker {
    /// Records a successful call: its row starts over.
    pub fn accepted(&self, kind: &str) {
        self.state().rows.remove(kind);
    }

    /// Records a refused call and its message.
    pub fn refused(&self, kind: &str, words: impl FnOnce() -> String) {
        let mut state = self.state();
        let row = state.rows.entry(kind.to_owned()).or_default();
        *row += 1;
        if *row == ROW && state.tripped.is_none() {
            state.tripped = Some(format!("{ROW} equal refusals in a row, the last: {}", words()));
        }
    }

    /// Why no further work may begin, if so.
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
