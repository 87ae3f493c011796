//! The outcome of a run, as it is kept with the integration.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::model::{Outcome, Report, clip};

use super::clock::{parse_time, rfc3339};
use super::pass::Continuation;

/// Longest message that is kept, in UTF-16 units: a report is for a glance, the logs have the rest.
const MESSAGE_MAX: usize = 500;

/// What is kept of the last run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredOutcome {
    pub report: Report,
    pub next: Continuation,
    /// When the last good run ended; whatever came after it.
    pub last_success_on: Option<OffsetDateTime>,
}

impl StoredOutcome {
    /// Reads the text that [`StoredOutcome::to_text`] wrote; `None` when it is not one.
    pub fn read(stored: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(stored).ok()?;
        let next = value
            .get("next")
            .cloned()
            .and_then(|next| serde_json::from_value(next).ok())
            .unwrap_or_default();
        let last_success_on = value.get("lastSuccessOn").and_then(Value::as_str).and_then(parse_time);
        let report: Report = serde_json::from_value(value).ok()?;
        // Releases that do not keep it leave it out, also when the run they tell of was good.
        let this_on = (report.outcome == Outcome::Succeeded).then(|| parse_time(&report.finished_on));
        Some(Self {
            last_success_on: last_success_on.max(this_on.flatten()),
            report,
            next,
        })
    }

    /// The outcome as text: the report with its lists cut, and where to go on.
    pub fn to_text(&self) -> String {
        let mut report = self.report.for_storage();
        let messages = report.skipped.iter_mut().map(|skip| &mut skip.message);
        let messages = messages.chain(report.failed.iter_mut().map(|failure| &mut failure.message));
        for message in messages.chain(&mut report.message) {
            *message = clip(message, MESSAGE_MAX);
        }
        let mut value = json!(report);
        if let Value::Object(object) = &mut value {
            object.insert("next".to_owned(), json!(self.next));
            if let Some(on) = self.last_success_on {
                object.insert("lastSuccessOn".to_owned(), json!(rfc3339(on)));
            }
        }
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::super::tally::{Tally, failed_report};
    use super::*;
    use crate::model::{Failure, Requests};

    const EARLIER: OffsetDateTime = datetime!(2026-11-23 11:00 UTC);
    const NOON: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);

    fn good() -> Report {
        Tally::default().into_report(EARLIER, NOON, Requests::default())
    }

    fn bad() -> Report {
        failed_report("no keys".to_owned(), EARLIER, NOON, Requests::default())
    }

    fn stored(report: Report, last_success_on: Option<OffsetDateTime>) -> StoredOutcome {
        let next = Continuation::default();
        StoredOutcome {
            report,
            next,
            last_success_on,
        }
    }

    #[test]
    fn the_last_good_run_is_kept_through_bad_ones() {
        for outcome in [
            stored(bad(), Some(EARLIER)),
            stored(bad(), None),
            stored(good(), Some(NOON)),
        ] {
            assert_eq!(StoredOutcome::read(&outcome.to_text()), Some(outcome));
        }
    }

    #[test]
    fn what_releases_wrote_that_do_not_keep_it_tells_of_it_when_it_was_good() {
        let of = |report: Report| StoredOutcome::read(&json!(report).to_string()).unwrap().last_success_on;
        assert_eq!((of(good()), of(bad())), (Some(NOON), None));
    }

    #[test]
    fn such_releases_read_what_is_written_here() {
        let text = stored(bad(), Some(EARLIER)).to_text();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), bad());
    }

    #[test]
    fn how_long_the_lists_were_is_kept_when_an_outcome_is_written_again() {
        let mut report = bad();
        let failure = |number| Failure {
            rest_api_id: format!("a{number}"),
            title: None,
            message: "no".to_owned(),
        };
        report.failed = (0..25).map(failure).collect();
        let once = StoredOutcome::read(&stored(report, None).to_text()).unwrap();
        let again = StoredOutcome::read(&once.to_text()).unwrap();
        assert_eq!(again.report.totals.map(|totals| totals.failed), Some(25));
    }

    #[test]
    fn a_time_that_somebody_has_broken_is_none() {
        let broken = stored(bad(), Some(EARLIER))
            .to_text()
            .replace("2026-11-23T11:00:00Z", "yesterday");
        let read = StoredOutcome::read(&broken);
        assert_eq!(read.map(|outcome| outcome.last_success_on), Some(None));
    }
}
