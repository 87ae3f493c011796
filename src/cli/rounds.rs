//! Work that takes more than one call: called again until it is done, as long as it comes nearer to its end.

use std::collections::BTreeSet;

use super::failure::Failure;
use super::place::Place;
use super::progress::Progress;
use crate::model::{ErrorCode, IntegrationName, Report};
use crate::sync::SyncRequest;

/// Calls in a row that may bring nothing nearer to its end.
const STANDSTILLS_MAX: usize = 3;
/// Most calls: each is a few minutes of work, so that this is more than any catalog needs.
const CALLS_MAX: usize = 1000;

/// How near the end is.
#[derive(Debug, Default)]
struct Approach {
    nearest: Option<usize>,
    standstills: usize,
    calls: usize,
}

impl Approach {
    /// Whether to call again, with so much remaining after a call that has made so many changes.
    ///
    /// Changes come first, and an API remains to be looked at once more when it was made: so there is as much left
    /// after each of the calls that make them.
    fn goes_on(&mut self, remaining: usize, changes: usize) -> bool {
        self.calls += 1;
        let is_nearer = self.nearest.is_none_or(|nearest| remaining < nearest);
        if is_nearer {
            self.nearest = Some(remaining);
        }
        if is_nearer || changes > 0 {
            self.standstills = 0;
        } else {
            self.standstills += 1;
        }
        remaining > 0 && self.standstills < STANDSTILLS_MAX && self.calls < CALLS_MAX
    }
}

/// Synchronizes an integration to the end. The report tells of all calls together.
///
/// What is left of a plan is another plan: with its id there is one call only.
pub async fn synchronize(
    place: &Place,
    name: &IntegrationName,
    mut request: SyncRequest,
    progress: &Progress,
) -> Result<Report, Failure> {
    let mut approach = Approach::default();
    let mut sum: Option<Report> = None;
    loop {
        let report = read_report(place.sync(name, &request).await?)?;
        let changes = report.created + report.updated + report.deleted;
        let report = match sum {
            Some(sum) => together(&sum, report),
            None => report,
        };
        if !approach.goes_on(report.remaining, changes) || request.plan_id.is_some() {
            return Ok(report);
        }
        let done = report.created + report.updated + report.unchanged;
        progress.note(done, done + report.remaining + report.failed.len());
        // It is kept with the integration from the first call on.
        request.confirm_deletions = None;
        sum = Some(report);
    }
}

/// The report that an answer is, or has in it.
pub fn read_report(report: serde_json::Value) -> Result<Report, Failure> {
    serde_json::from_value(report).map_err(|error| Failure::new(format!("the report cannot be understood: {error}")))
}

/// Two reports of one piece of work: what was done is added, what was found is the later one's.
fn together(earlier: &Report, later: Report) -> Report {
    let mut requests = later.requests;
    requests.aws += earlier.requests.aws;
    requests.azure += earlier.requests.azure;
    let mut failed = later.failed;
    if later.remaining > 0 {
        // What failed may be among what remains; otherwise the later one has dealt with it.
        let known: BTreeSet<String> = failed.iter().map(|failure| failure.rest_api_id.clone()).collect();
        let earlier = earlier.failed.iter();
        failed.extend(earlier.filter(|failure| !known.contains(&failure.rest_api_id)).cloned());
        failed.sort_by(|one, other| one.rest_api_id.cmp(&other.rest_api_id));
    }
    Report {
        failed,
        started_on: earlier.started_on.clone(),
        created: earlier.created + later.created,
        updated: earlier.updated + later.updated,
        deleted: earlier.deleted + later.deleted,
        // What an earlier call made or changed is found right by the later one.
        unchanged: later.unchanged.saturating_sub(earlier.created + earlier.updated),
        definitions_written: earlier.definitions_written + later.definitions_written,
        requests,
        ..later
    }
}

/// Deletes an integration to the end.
pub async fn delete(place: &Place, name: &IntegrationName, progress: &Progress) -> Result<(), Failure> {
    let mut approach = Approach::default();
    let mut total = None;
    loop {
        let remaining = match place.delete(name).await {
            // The timer goes on with a deletion that was begun, and has ended it.
            Err(failure) if approach.calls > 0 && failure.is(ErrorCode::IntegrationNotFound) => 0,
            answered => answered?,
        };
        if !approach.goes_on(remaining, 0) {
            return match remaining {
                0 => Ok(()),
                remaining => Err(Failure::new(format!(
                    "{remaining} APIs of {name} are still there, and do not get fewer; the timer goes on with them"
                ))),
            };
        }
        // How many there were at first is not told.
        let total = *total.get_or_insert(remaining);
        progress.note(total.saturating_sub(remaining), total);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(remaining: usize, failed: &[&str]) -> Report {
        let failed: Vec<_> = failed
            .iter()
            .map(|id| json!({ "restApiId": id, "message": "no" }))
            .collect();
        let report = json!({
            "startedOn": "", "finishedOn": "", "outcome": "partial", "created": 0, "updated": 0, "deleted": 0,
            "unchanged": 0, "remaining": remaining, "definitionsWritten": 0, "skipped": [], "failed": failed,
            "conflicts": [], "requests": { "aws": 0, "azure": 0 },
        });
        serde_json::from_value(report).unwrap()
    }

    #[test]
    fn what_failed_in_an_earlier_call_is_told_until_a_later_one_has_dealt_with_everything() {
        let failed = |earlier: &Report, later: Report| -> Vec<String> {
            let failed = together(earlier, later).failed;
            failed.into_iter().map(|failure| failure.rest_api_id).collect()
        };
        let earlier = report(9, &["a1", "a3"]);
        assert_eq!(failed(&earlier, report(4, &["a2", "a3"])), ["a1", "a2", "a3"]);
        assert_eq!(failed(&earlier, report(0, &["a3"])), ["a3"]);
    }

    #[test]
    fn calls_end_with_the_work_or_when_it_comes_no_nearer() {
        let calls = |remaining: &[usize]| {
            let mut approach = Approach::default();
            remaining
                .iter()
                .take_while(|&&remaining| approach.goes_on(remaining, 0))
                .count()
        };
        assert_eq!(calls(&[0, 9, 9]), 0);
        assert_eq!(calls(&[5, 3, 1, 0, 9]), 3);
        assert_eq!(calls(&[5, 5, 5, 5, 5]), 3);
        assert_eq!(calls(&[5, 6, 7, 4, 5, 5, 5, 5]), 6);
        assert_eq!(calls(&(0..2000).rev().collect::<Vec<_>>()), CALLS_MAX - 1);
    }

    #[test]
    fn calls_go_on_as_long_as_they_change_something() {
        let mut approach = Approach::default();
        assert!([1; 20].into_iter().all(|changes| approach.goes_on(44, changes)));
        assert_eq!((0..9).take_while(|_| approach.goes_on(44, 0)).count(), 2);
        assert!((1..CALLS_MAX - 23).all(|_| approach.goes_on(44, 1)));
        assert!(!approach.goes_on(44, 1));
    }
}
