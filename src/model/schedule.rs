//! When the timer fires: NCRONTAB expressions, as the Functions host reads them.

/// The fields, and the least and greatest number of each (`NCrontab`; Azure Functions timer trigger).
const FIELDS: [(&str, u32, u32, &[&str]); 6] = [
    ("second", 0, 59, &[]),
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day", 1, 31, &[]),
    (
        "month",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (
        "day of the week",
        0,
        6,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

/// What is wrong with a schedule of six fields; `None` when nothing is.
#[must_use]
pub fn schedule_fault(text: &str) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some(format!(
            "it has {} fields, not the six of NCRONTAB: second, minute, hour, day, month, day of the week",
            fields.len()
        ));
    }
    let faults = fields
        .iter()
        .zip(FIELDS)
        .find(|(field, bounds)| !is_field(field, *bounds));
    faults.map(|(field, (name, least, greatest, _))| {
        format!("{field:?} is no {name}: expected numbers from {least} to {greatest}, ranges, lists, * or steps")
    })
}

type Bounds = (&'static str, u32, u32, &'static [&'static str]);

fn is_field(field: &str, bounds: Bounds) -> bool {
    field.split(',').all(|part| {
        let (range, step) = part
            .split_once('/')
            .map_or((part, None), |(range, step)| (range, Some(step)));
        let is_step = step.is_none_or(|step| step.parse().is_ok_and(|step: u32| step > 0));
        is_step && is_range(range, bounds)
    })
}

fn is_range(range: &str, bounds: Bounds) -> bool {
    match range.split_once('-') {
        None if range == "*" => true,
        None => number(range, bounds).is_some(),
        Some((from, to)) => match (number(from, bounds), number(to, bounds)) {
            (Some(from), Some(to)) => from <= to,
            _ => false,
        },
    }
}

fn number(text: &str, (_, least, greatest, names): Bounds) -> Option<u32> {
    let word = text.to_ascii_lowercase();
    let by_name = names.iter().zip(least..).find(|(name, _)| **name == word);
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let found = by_name
        .map(|(_, number)| number)
        .or_else(|| text.parse().ok().filter(|_| digits));
    found.filter(|number| (least..=greatest).contains(number))
}

#[cfg(test)]
mod tests {
    use super::schedule_fault;

    #[test]
    fn schedules_of_six_fields_are_told_from_others() {
        for good in [
            "0 0 * * * *",
            "0 */5 * * * *",
            "0 0,30 8-17 * Jan-Mar Mon,Wed,Fri",
            "59 59 23 31 12 6",
            " 0  5 * * * 0-6/2 ",
        ] {
            assert_eq!(schedule_fault(good), None, "{good}");
        }
        for (bad, word) in [
            ("", "0 fields"),
            ("0 * * * *", "5 fields"),
            ("01:00:00", "1 fields"),
            ("60 0 * * * *", "second"),
            ("0 0 24 * * *", "hour"),
            ("0 0 0 0 * *", "day"),
            ("0 0 0 * 13 *", "month"),
            ("0 0 0 * * 7", "week"),
            ("0 */0 * * * *", "minute"),
            ("0 5-3 * * * *", "minute"),
            ("0 , * * * *", "minute"),
            ("0 +5 * * * *", "minute"),
            ("0 0 * * * noday", "week"),
        ] {
            let fault = schedule_fault(bad).unwrap_or_default();
            assert!(fault.contains(word), "{bad}: {fault}");
        }
    }
}
