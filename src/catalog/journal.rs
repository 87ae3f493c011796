//! The journal of an integration: where the next run continues, what is held, and what was confirmed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::model::{Cursor, EntityName, parse_time, rfc3339};

/// What one run leaves for the next. Anybody may have edited it: an unreadable part counts as missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Journal {
    /// The position of an unfinished pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// The first API that a run skipped after consecutive refusals: the next run begins with it, so that nothing
    /// starves behind APIs that are refused every time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_up_at: Option<EntityName>,
    /// The gateways with held removals, until confirmed or none is left. `None` before the first run: then everything
    /// is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<BTreeSet<String>>,
    /// The confirmed removals that are not made yet, by gateway.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub confirmed: BTreeMap<String, Confirmation>,
    /// The ids of confirmations that no run has had time to compare with the held removals.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub uncompared: BTreeSet<String>,
    /// The digest of the rules of the last complete run: which gateways, kinds and APIs it wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// The facts that API Center refuses: not retried before the next `PUT`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub left_out_facts: BTreeSet<String>,
    /// The number of confirmations given: part of the id of held removals, so that none fits twice.
    pub confirmations: u64,
    /// Grows with every move to another environment: of two that hold the integration, the higher one counts.
    pub generation: u64,
    /// When the integration was last put, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_on: Option<String>,
    /// When the last successful run ended, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_success_on: Option<String>,
    /// Properties of another release.
    #[serde(flatten)]
    beside: Map<String, Value>,
}

/// A confirmation of removals on a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation {
    /// Its id: the same call continues with it.
    pub id: String,
    /// The number of removals left.
    pub left: usize,
}

impl Journal {
    /// Reads a journal; an unreadable one is empty.
    #[must_use]
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The journal as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        json!(self).to_string()
    }

    /// When the last successful run ended.
    #[must_use]
    pub fn last_success_on(&self) -> Option<OffsetDateTime> {
        self.last_success_on.as_deref().and_then(parse_time)
    }

    /// Records the end of a successful run, unless a later one is known.
    pub fn succeeded_on(&mut self, on: Option<OffsetDateTime>) {
        if let Some(on) = on.max(self.last_success_on()) {
            self.last_success_on = Some(rfc3339(on));
        }
    }

    /// Forgets what belonged to the settings before a `PUT`.
    pub fn forget_work(&mut self) {
        self.cursor = None;
        self.given_up_at = None;
        self.confirmed.clear();
        self.uncompared.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_release_keeps_stays_and_what_is_broken_is_empty() {
        let journal = Journal::read(r#"{"generation":3,"later":[1]}"#);
        assert_eq!(journal.generation, 3);
        assert!(journal.to_text().contains(r#""later":[1]"#), "{}", journal.to_text());
        for broken in ["", "never", r#"{"held":7}"#, "[]"] {
            assert_eq!(Journal::read(broken), Journal::default(), "{broken}");
        }
    }

    #[test]
    fn the_last_good_run_is_never_an_earlier_one() {
        let mut journal = Journal::default();
        let noon = parse_time("2026-11-23T12:00:00Z");
        journal.succeeded_on(noon);
        journal.succeeded_on(parse_time("2026-11-23T11:00:00Z"));
        journal.succeeded_on(None);
        assert_eq!(journal.last_success_on(), noon);
    }
}
