//! Repeats calls until the work is done, as long as there is progress.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::failure::Failure;
use super::place::Place;
use super::progress::Progress;
use crate::engine::SyncRequest;
use crate::model::{ErrorCode, IntegrationName, Report};

/// Consecutive calls without progress before giving up.
const STANDSTILLS_MAX: usize = 3;
/// Most calls: each is a few minutes of work, so this is more than any catalog needs.
const CALLS_MAX: usize = 1000;

/// The progress towards the end.
#[derive(Debug, Default)]
struct Approach {
    nearest: Option<usize>,
    standstills: usize,
    calls: usize,
}

impl Approach {
    /// Whether to call again, with these numbers of remaining APIs and changes.
    ///
    /// Changes come first, and a new API remains for another look: so the calls that create APIs leave the number
    /// unchanged.
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

/// The result of all calls.
#[derive(Debug, Default)]
pub struct Rounds {
    /// The sum of their reports.
    pub sum: Option<Report>,
    /// Why the last one failed.
    pub failure: Option<Failure>,
}

/// Synchronizes an integration to the end, and waits between calls as told.
///
/// What is left of a plan is another plan: with a plan id there is only one call.
pub async fn synchronize(place: &Place, name: &IntegrationName, request: SyncRequest, progress: &Progress) -> Rounds {
    let call = async |request: &SyncRequest| read_report(place.sync(name, request).await?);
    rounds(request, call, async |time| place.wait(time).await, progress).await
}

/// Creates or replaces an integration, and synchronizes it to the end. Returns the integration, and why the end was not
/// reached.
///
/// # Errors
/// If the request is invalid; then nothing was written.
pub async fn put(
    place: &Place,
    name: &IntegrationName,
    document: &Value,
    progress: &Progress,
) -> Result<(Value, Option<Failure>), Failure> {
    let integration = place.put(name, document).await?;
    let seconds = integration.pointer("/properties/lastSync/retryAfterSeconds");
    let Some(seconds) = seconds.and_then(Value::as_u64) else {
        return Ok((integration, None));
    };
    let failure = match pause(seconds, async |time| place.wait(time).await, progress).await {
        Ok(()) => synchronize(place, name, SyncRequest::default(), progress).await.failure,
        Err(failure) => Some(failure),
    };
    match place.get(name).await {
        Err(unread) if failure.is_none() => Err(unread),
        Err(_) => Ok((integration, failure)),
        Ok(current) => Ok((current, failure)),
    }
}

async fn pause(
    seconds: u64,
    wait: impl AsyncFn(Duration) -> Result<(), Failure>,
    progress: &Progress,
) -> Result<(), Failure> {
    if seconds == 0 {
        return Ok(());
    }
    progress.wait(seconds);
    wait(Duration::from_secs(seconds)).await
}

async fn rounds(
    mut request: SyncRequest,
    call: impl AsyncFn(&SyncRequest) -> Result<Report, Failure>,
    wait: impl AsyncFn(Duration) -> Result<(), Failure>,
    progress: &Progress,
) -> Rounds {
    let mut approach = Approach::default();
    let mut sum: Option<Report> = None;
    loop {
        let report = match call(&request).await {
            Ok(report) => report,
            Err(failure) => {
                let failure = Some(failure);
                return Rounds { sum, failure };
            }
        };
        let changes = report.created + report.updated + report.deleted;
        let seconds = report.retry_after_seconds;
        let report = match sum {
            Some(sum) => together(&sum, report),
            None => report,
        };
        let goes_on = approach.goes_on(report.remaining, changes) && request.plan_id.is_none();
        let (true, Some(seconds)) = (goes_on, seconds) else {
            return Rounds {
                sum: Some(report),
                failure: None,
            };
        };
        let done = report.created + report.updated + report.unchanged;
        progress.note(done, done + report.remaining + report.failed.len());
        sum = Some(report);
        if let Err(failure) = pause(seconds, &wait, progress).await {
            let failure = Some(failure);
            return Rounds { sum, failure };
        }
        // The first call stores it with the integration.
        request.confirm_deletions.clear();
    }
}

/// The report of an integration's last run, if any.
pub fn last_report(integration: &Value) -> Result<Option<Report>, Failure> {
    let report = integration.pointer("/properties/lastSync").cloned();
    report.map(read_report).transpose()
}

fn read_report(report: Value) -> Result<Report, Failure> {
    serde_json::from_value(report).map_err(|error| Failure::new(format!("cannot parse the report: {error}")))
}

/// Combines two reports: adds what was done, and takes what was found from the later one.
fn together(earlier: &Report, later: Report) -> Report {
    let mut requests = later.requests;
    requests.aws += earlier.requests.aws;
    requests.azure += earlier.requests.azure;
    let mut failed = later.failed;
    if later.remaining > 0 {
        // A failed API may be among the remaining ones; otherwise the later call has dealt with it.
        let known: BTreeSet<String> = failed.iter().map(|failure| failure.api_id.clone()).collect();
        let earlier = earlier.failed.iter();
        failed.extend(earlier.filter(|failure| !known.contains(&failure.api_id)).cloned());
        failed.sort_by(|one, other| one.api_id.cmp(&other.api_id));
    }
    Report {
        failed,
        started_on: earlier.started_on.clone(),
        created: earlier.created + later.created,
        updated: earlier.updated + later.updated,
        deleted: earlier.deleted + later.deleted,
        // The later call counts as unchanged what an earlier one created or updated.
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
            // The timer has finished the deletion.
            Err(failure) if approach.calls > 0 && failure.is(ErrorCode::IntegrationNotFound) => 0,
            answered => answered?,
        };
        if !approach.goes_on(remaining, 0) {
            return match remaining {
                0 => Ok(()),
                remaining => Err(Failure::new(format!(
                    "{remaining} APIs of {name} are left, and repeated calls delete no more; the timer continues"
                ))),
            };
        }
        // The initial number is unknown.
        let total = *total.get_or_insert(remaining);
        progress.note(total.saturating_sub(remaining), total);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use serde_json::json;

    use super::*;

    fn report(remaining: usize, failed: &[&str]) -> Report {
        let failed: Vec<_> = failed
            .iter()
            .map(|id| json!({ "apiId": id, "apiType": "REST", "region": "us-east-1", "message": "no" }))
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
            failed.into_iter().map(|failure| failure.api_id).collect()
        };
        let earlier = report(9, &["a1", "a3"]);
        assert_eq!(failed(&earlier, report(4, &["a2", "a3"])), ["a1", "a2", "a3"]);
        assert_eq!(failed(&earlier, report(0, &["a3"])), ["a3"]);
    }

    /// A report of a call that created one API, with the wait before the next call.
    fn made(remaining: usize, retry_after_seconds: Option<u64>) -> Report {
        Report {
            created: 1,
            retry_after_seconds,
            ..report(remaining, &[])
        }
    }

    /// The result for these answers, and the seconds waited.
    async fn played(answers: Vec<Result<Report, Failure>>) -> (Rounds, Vec<u64>) {
        let (answers, waits) = (RefCell::new(VecDeque::from(answers)), RefCell::new(Vec::new()));
        let call = async |_: &SyncRequest| answers.borrow_mut().pop_front().unwrap();
        let wait = async |time: Duration| {
            waits.borrow_mut().push(time.as_secs());
            Ok(())
        };
        let progress = Progress::start("synchronizing shop", None);
        let rounds = rounds(SyncRequest::default(), call, wait, &progress).await;
        assert!(
            answers.borrow().is_empty(),
            "it was not called as often as it should be"
        );
        (rounds, waits.into_inner())
    }

    #[tokio::test]
    async fn the_next_call_comes_as_late_as_the_last_one_asked_for() {
        let answers = vec![Ok(made(2, Some(900))), Ok(made(1, Some(0))), Ok(made(0, None))];
        let (rounds, waits) = played(answers).await;
        assert_eq!((rounds.sum.unwrap().created, waits), (3, vec![900]));
        assert_eq!(rounds.failure, None);
    }

    #[tokio::test]
    async fn no_call_comes_after_one_that_says_that_none_helps() {
        let (rounds, waits) = played(vec![Ok(made(40, None))]).await;
        assert_eq!((rounds.sum.unwrap().remaining, waits), (40, Vec::new()));
    }

    #[tokio::test]
    async fn what_was_done_before_a_call_that_failed_is_still_told() {
        let failure = Failure::new("the app is gone");
        let answers = vec![Ok(made(2, Some(0))), Ok(made(1, Some(0))), Err(failure.clone())];
        let (rounds, _) = played(answers).await;
        assert_eq!(rounds.failure, Some(failure));
        let sum = rounds.sum.unwrap();
        assert_eq!((sum.created, sum.remaining), (2, 1));
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
