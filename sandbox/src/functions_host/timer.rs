//! Envelopes of timer functions.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::app::TimerTrigger;

/// The cause of a timer run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerKind {
    /// The schedule. The first run ever has no last one.
    Scheduled,
    /// The schedule, while the host was down.
    PastDue,
    /// `POST /admin/functions/NAME`.
    Manual,
}

/// The last run of each timer function, as the host keeps it in its storage account.
#[derive(Debug, Default)]
pub struct Timers(Mutex<HashMap<String, OffsetDateTime>>);

impl Timers {
    /// The envelope of a run that begins at `now`; `input` is what a manual run was given.
    pub fn envelope(
        &self,
        function: &str,
        trigger: &TimerTrigger,
        kind: TimerKind,
        now: OffsetDateTime,
        input: Option<&str>,
    ) -> Value {
        let last = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(function)
            .copied();
        let mut metadata = Map::new();
        if let Some(input) = input {
            metadata.insert(trigger.binding.clone(), Value::from(Value::from(input).to_string()));
        }
        metadata.insert("sys".to_owned(), sys(function, now));
        let timer = json!({
            "Schedule": { "AdjustForDST": true },
            "ScheduleStatus": trigger.use_monitor.then(|| schedule_status(kind, last, now)),
            "IsPastDue": kind == TimerKind::PastDue,
        });
        json!({ "Data": { &trigger.binding: timer }, "Metadata": metadata })
    }

    /// Remembers a run. A failed run is not repeated, so it counts as well; a manual one leaves the status alone.
    pub fn ran(&self, function: &str, kind: TimerKind, began: OffsetDateTime) {
        if kind != TimerKind::Manual {
            let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            runs.insert(function.to_owned(), began);
        }
    }
}

/// `Next` is this very occurrence during a scheduled run. The stand-in has no schedule of its own, so a manual run is
/// told the coming full hour.
fn schedule_status(kind: TimerKind, last: Option<OffsetDateTime>, now: OffsetDateTime) -> Value {
    const NEVER: &str = "0001-01-01T00:00:00+00:00";
    let minute = now.truncate_to_minute();
    let next = match kind {
        TimerKind::Scheduled => minute,
        TimerKind::PastDue => minute - Duration::minutes(1),
        TimerKind::Manual => now.truncate_to_hour() + Duration::hours(1),
    };
    let updated = match (last, kind) {
        (Some(last), _) => offset_time(last),
        // The host has recorded the first occurrence by then.
        (None, TimerKind::Manual) => offset_time(now),
        (None, TimerKind::Scheduled | TimerKind::PastDue) => NEVER.to_owned(),
    };
    let last = last.map_or_else(|| NEVER.to_owned(), offset_time);
    json!({ "Last": last, "Next": offset_time(next), "LastUpdated": updated })
}

/// The host's metadata in every envelope.
pub fn sys(function: &str, now: OffsetDateTime) -> Value {
    json!({
        "MethodName": function,
        "UtcNow": hundred_nanoseconds(now).format(&Rfc3339).unwrap_or_default(),
        "RandGuid": uuid::Uuid::new_v4().to_string(),
    })
}

/// With `+00:00` rather than `Z`.
fn offset_time(time: OffsetDateTime) -> String {
    let text = hundred_nanoseconds(time).format(&Rfc3339).unwrap_or_default();
    text.replace('Z', "+00:00")
}

/// The resolution of the host's clock: at most seven digits of a second.
fn hundred_nanoseconds(time: OffsetDateTime) -> OffsetDateTime {
    time - Duration::nanoseconds(i64::from(time.nanosecond() % 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_435_200;

    fn noon() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(NOON).unwrap()
    }

    fn trigger() -> TimerTrigger {
        TimerTrigger {
            binding: "timer".to_owned(),
            schedule: "%SYNC_SCHEDULE%".to_owned(),
            use_monitor: true,
        }
    }

    #[test]
    fn the_first_run_ever_has_no_last_run() {
        let timers = Timers::default();
        let envelope = timers.envelope("function-timer", &trigger(), TimerKind::Scheduled, noon(), None);
        let status = &envelope["Data"]["timer"]["ScheduleStatus"];
        assert_eq!(status["Last"], "0001-01-01T00:00:00+00:00");
        assert_eq!(envelope["Metadata"]["sys"]["MethodName"], "function-timer");
        assert_eq!(envelope["Metadata"].as_object().unwrap().len(), 1);
    }

    #[test]
    fn a_later_run_knows_the_last_scheduled_one() {
        let timers = Timers::default();
        timers.ran(
            "function-timer",
            TimerKind::Scheduled,
            noon() + Duration::milliseconds(7),
        );
        timers.ran("function-timer", TimerKind::Manual, noon() + Duration::minutes(30));
        let later = noon() + Duration::hours(1);
        let envelope = timers.envelope("function-timer", &trigger(), TimerKind::PastDue, later, None);
        let timer = &envelope["Data"]["timer"];
        assert_eq!(timer["IsPastDue"], true);
        assert!(
            timer["ScheduleStatus"]["Last"]
                .as_str()
                .unwrap()
                .ends_with(":00.007+00:00")
        );
    }

    #[test]
    fn a_manual_run_carries_its_input_encoded_twice() {
        let envelope = Timers::default().envelope("function-timer", &trigger(), TimerKind::Manual, noon(), Some(""));
        assert_eq!(envelope["Metadata"]["timer"], "\"\"");
    }

    #[test]
    fn without_a_monitor_there_is_no_status() {
        let trigger = TimerTrigger {
            use_monitor: false,
            ..trigger()
        };
        let envelope = Timers::default().envelope("function-timer", &trigger, TimerKind::Scheduled, noon(), None);
        assert_eq!(envelope["Data"]["timer"]["ScheduleStatus"], Value::Null);
    }
}
