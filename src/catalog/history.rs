//! The history of an integration: its newest runs, stored with it as JSON text.

use serde_json::{Value, json};

use crate::model::{PastRun, Report, parse_time};

/// Runs kept: a day of the hourly timer.
const RUNS_MAX: usize = 24;
/// Longest text, in bytes. API Center documents no limit for a text in metadata; 24 runs of this release take 5,500,
/// and additions of a newer release must fit in the rest.
const TEXT_MAX_BYTES: usize = 8000;

/// The newest runs, oldest first, as written: those of another release keep unknown properties.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History(Vec<Value>);

impl History {
    /// Reads the text of [`History::to_text`]; any other text is an empty history.
    #[must_use]
    pub fn read(stored: &str) -> Self {
        Self(serde_json::from_str(stored).unwrap_or_default())
    }

    /// The readable runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> Vec<PastRun> {
        let runs = self.0.iter();
        runs.filter_map(|run| serde_json::from_value(run.clone()).ok())
            .collect()
    }

    /// The runs of both, without duplicates.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        let new: Vec<Value> = other.0.into_iter().filter(|run| !self.0.contains(run)).collect();
        self.0.extend(new);
        self.sorted()
    }

    /// The runs and one more.
    #[must_use]
    pub fn with(mut self, report: &Report) -> Self {
        self.0.push(json!(past(report)));
        self.sorted()
    }

    /// The runs as text: the newest that fit.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut texts: Vec<String> = Vec::new();
        let mut length = "[]".len();
        for run in self.0.iter().rev().take(RUNS_MAX) {
            let text = run.to_string();
            length += text.len() + ",".len();
            if length > TEXT_MAX_BYTES {
                break;
            }
            texts.push(text);
        }
        texts.reverse();
        format!("[{}]", texts.join(","))
    }

    fn sorted(mut self) -> Self {
        self.0.sort_by(|one, other| started_on(one).cmp(started_on(other)));
        self
    }
}

/// The start time. All times are in UTC with whole seconds, so their texts sort like times.
fn started_on(run: &Value) -> &str {
    run.get("startedOn").and_then(Value::as_str).unwrap_or_default()
}

/// The entry of a run.
fn past(report: &Report) -> PastRun {
    let times = parse_time(&report.started_on).zip(parse_time(&report.finished_on));
    let seconds = times.map(|(started, finished)| (finished - started).whole_seconds());
    PastRun {
        started_on: report.started_on.clone(),
        duration_seconds: seconds.and_then(|seconds| seconds.try_into().ok()).unwrap_or_default(),
        outcome: report.outcome,
        created: report.created,
        updated: report.updated,
        deleted: report.deleted,
        unchanged: report.unchanged,
        remaining: report.remaining,
        skipped: report.skipped.len(),
        failed: report.failed.len(),
        conflicts: report.conflicts.len(),
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::model::{Outcome, Requests, rfc3339};

    /// A report of a run that started this many hours after noon.
    fn report(hours: i64) -> Report {
        let started = datetime!(2026-11-23 12:00 UTC) + Duration::hours(hours);
        Report {
            started_on: rfc3339(started),
            finished_on: rfc3339(started + Duration::seconds(90)),
            ..Report::empty(Outcome::Succeeded, Requests::default())
        }
    }

    fn hours(hours: impl IntoIterator<Item = i64>) -> History {
        hours
            .into_iter()
            .fold(History::default(), |history, hour| history.with(&report(hour)))
    }

    #[test]
    fn a_run_is_kept_in_few_words() {
        let runs = History::read(&hours([0]).to_text()).runs();
        assert_eq!(runs.len(), 1);
        assert_eq!(
            (&*runs[0].started_on, runs[0].duration_seconds, runs[0].outcome),
            ("2026-11-23T12:00:00Z", 90, Outcome::Succeeded)
        );
        let full = hours(0..24).to_text().len();
        assert!((4000..5500).contains(&full), "{full} bytes");
    }

    #[test]
    fn the_newest_runs_are_kept_in_their_order() {
        let kept = History::read(&hours(0..30).to_text());
        assert_eq!(kept, hours(6..30));
        let overlapped = hours([0, 2]).with(&report(1));
        assert_eq!(overlapped, hours([0, 1, 2]));
    }

    #[test]
    fn what_two_environments_hold_is_one_history() {
        assert_eq!(hours([0, 1]).merged(hours([1, 2])), hours([0, 1, 2]));
    }

    #[test]
    fn what_another_release_wrote_is_kept_and_not_shown() {
        let text = r#"[{"startedOn":"2026-11-23T11:00:00Z","outcome":"postponed","why":"snow"},7]"#;
        let history = History::read(text).with(&report(0));
        assert_eq!(history.runs().len(), 1);
        let text = history.to_text();
        assert!(text.contains(r#""why":"snow""#) && text.contains('7'), "{text}");
        assert_eq!(History::read(&text), history);
    }

    #[test]
    fn of_runs_without_end_the_newest_are_kept_that_there_is_room_for() {
        let long = json!({ "startedOn": "2026-11-23T11:00:00Z", "note": "x".repeat(3000) });
        let history = History(vec![long.clone(), long.clone(), long]).with(&report(0));
        let text = history.to_text();
        assert!(text.len() <= TEXT_MAX_BYTES);
        assert_eq!(History::read(&text).0.len(), 3, "two long ones and the new one");
        assert_eq!(History::read(&text).runs().len(), 1);
    }

    #[test]
    fn a_text_that_somebody_has_broken_holds_no_runs() {
        for text in ["", "{}", "[", "null", "yesterday"] {
            assert_eq!(History::read(text), History::default(), "{text}");
        }
    }
}
