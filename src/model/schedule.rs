//! When the timer fires: NCRONTAB expressions, which the Functions host reads.

/// The fields of an expression (`NCrontab`; Azure Functions timer trigger).
const FIELDS: usize = 6;

/// What is wrong with a schedule; `None` when nothing is.
///
/// Only the number of fields is looked at: five are cron's, and the usual mistake. What is in them, the host says itself when it starts.
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
