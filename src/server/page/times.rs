//! Times and durations in words.

use maud::{Markup, html};
use time::OffsetDateTime;

use super::Visit;
use crate::model::parse_time;

/// A time for people: `2026-11-23 12:00 UTC, 4 minutes ago`.
pub(super) fn time(text: &str, visit: &Visit) -> Markup {
    html! {
        (exact_time(text))
        @if let Some(age) = age(text, visit.now) { ", " span.age { (age) } }
    }
}

/// The time without its age.
pub(super) fn exact_time(text: &str) -> Markup {
    let shown = match text.split_once('T') {
        Some((date, time)) if text.ends_with('Z') => format!("{date} {} UTC", time.get(..5).unwrap_or(time)),
        Some(_) | None => text.to_owned(),
    };
    html! { time datetime=(text) { (shown) } }
}

/// The age of a time; `None` if it cannot be parsed or lies over a minute ahead.
pub(super) fn age(text: &str, now: OffsetDateTime) -> Option<String> {
    let seconds = (now - parse_time(text)?).whole_seconds();
    let ago = |count: i64, unit: &str| Some(format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" }));
    match seconds {
        ..-60 => None,
        -60..60 => Some("just now".to_owned()),
        60..3600 => ago(seconds / 60, "minute"),
        // Up to two days in hours, which are more precise than "1 day".
        3600..172_800 => ago(seconds / 3600, "hour"),
        _ => ago(seconds / 86_400, "day"),
    }
}

/// A duration, such as `1 min 30 s`.
pub(super) fn duration(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
