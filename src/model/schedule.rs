//! The timer's schedule: an NCRONTAB expression, parsed by the Functions host.

/// The fields of an expression (`NCrontab`; Azure Functions timer trigger).
const FIELDS: usize = 6;

/// The fault of a schedule; `None` if it has none.
///
/// Checks only the number of fields: five, as in cron, are the usual mistake. The host reports the rest when it starts.
#[must_use]
pub fn schedule_fault(text: &str) -> Option<String> {
    let fields = text.split_whitespace().count();
    (fields != FIELDS).then(|| {
        format!("it has {fields} fields, not the six of NCRONTAB: second, minute, hour, day, month, day of the week")
    })
}

#[cfg(test)]
mod tests {
    use super::schedule_fault;

    #[test]
    fn schedules_of_six_fields_are_told_from_others() {
        for good in ["0 0 * * * *", " 0  5 8-17 * Jan-Mar Mon,Wed,Fri/2 "] {
            assert_eq!(schedule_fault(good), None, "{good}");
        }
        for (bad, word) in [("", "0 fields"), ("0 * * * *", "5 fields"), ("01:00:00", "1 fields")] {
            let fault = schedule_fault(bad).unwrap_or_default();
            assert!(fault.contains(word), "{bad}: {fault}");
        }
    }
}
