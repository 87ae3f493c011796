//! Passes over all APIs, which may take several runs, and the schedule of deep checks.

use serde::{Deserialize, Serialize};

use super::{EntityName, digest};

/// Slots of deep checks. The hours of a daily schedule go through all of them too, since 29 is prime to 24.
const SLOTS: i64 = 29;
/// Hex digits of a name's digest that determine its slot: 32 bits spread evenly enough over 29 slots.
const SLOT_DIGITS: usize = 8;

/// The position of an unfinished pass.
///
/// It covers the names from one to another in order, wrapping around if needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cursor {
    /// The first API that it looked at.
    pub from: EntityName,
    /// The first API that it has not looked at.
    pub at: EntityName,
    /// Whether it compares everything below every API.
    #[serde(default)]
    pub deep: bool,
    /// Whether it imports definitions on demand.
    #[serde(default)]
    pub definitions: bool,
}

impl Cursor {
    /// Whether the pass has looked at the API.
    #[must_use]
    pub fn has_passed(&self, name: &EntityName) -> bool {
        if self.from <= self.at {
            self.from <= *name && *name < self.at
        } else {
            self.from <= *name || *name < self.at
        }
    }

    /// The cursor for a run with these options: keeps the progress of a pass that did as much, and always the position.
    #[must_use]
    pub fn for_run(&self, deep: bool, definitions: bool) -> Self {
        let does_as_much = (self.deep || !deep) && (self.definitions || !definitions);
        if does_as_much {
            return self.clone();
        }
        Self {
            from: self.at.clone(),
            at: self.at.clone(),
            deep,
            definitions,
        }
    }
}

/// The slot of an API for deep checks.
#[must_use]
pub fn slot(name: &EntityName) -> i64 {
    let digest = digest(name.as_str().to_ascii_lowercase().as_bytes());
    i64::from_str_radix(&digest[..SLOT_DIGITS], 16).unwrap_or_default() % SLOTS
}

/// The slot of an hour, counted from 1970.
#[must_use]
pub fn deep_slot(hour: i64) -> i64 {
    hour.rem_euclid(SLOTS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn name(text: &str) -> EntityName {
        EntityName::parse(text).unwrap()
    }

    fn cursor(from: &str, at: &str) -> Cursor {
        Cursor {
            from: name(from),
            at: name(at),
            deep: false,
            definitions: false,
        }
    }

    #[test]
    fn a_pass_goes_around_the_end() {
        for (from, at, passed) in [
            ("bbb", "ddd", "bbb ccc"),
            ("ddd", "bbb", "aaa ddd eee"),
            ("bbb", "bbb", ""),
        ] {
            let cursor = cursor(from, at);
            let names = ["aaa", "bbb", "ccc", "ddd", "eee"];
            let found: Vec<&str> = names
                .into_iter()
                .filter(|text| cursor.has_passed(&name(text)))
                .collect();
            assert_eq!(found.join(" "), passed, "{from} {at}");
        }
    }

    #[test]
    fn what_did_less_does_not_count_for_a_run_that_does_more() {
        let regular = cursor("aaa", "ccc");
        assert!(!regular.for_run(true, false).has_passed(&name("bbb")));
        let deep = Cursor { deep: true, ..regular };
        assert!(deep.for_run(false, false).has_passed(&name("bbb")));
        assert!(deep.for_run(true, false).has_passed(&name("bbb")));
        assert!(!deep.for_run(true, true).has_passed(&name("bbb")));
    }

    #[test]
    fn every_slot_has_its_turn_with_an_hourly_and_with_a_daily_schedule() {
        for step in [1, 24] {
            let slots: BTreeSet<i64> = (0..SLOTS).map(|run| deep_slot(500_000 + run * step)).collect();
            assert_eq!(slots.len(), 29, "every {step} hours");
        }
        let used: BTreeSet<i64> = (0..1000)
            .map(|number| slot(&name(&format!("shop-a{number}"))))
            .collect();
        assert_eq!(used.len(), 29);
    }
}
