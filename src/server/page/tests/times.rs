//! Ages and durations in words.

use super::super::times::{age, duration};
use super::now;

#[test]
fn ages_are_told_in_words() {
    for (on, words) in [
        ("2026-11-23T12:05:45Z", Some("just now")),
        ("2026-11-23T12:04:46Z", Some("just now")),
        ("2026-11-23T12:04:45Z", Some("1 minute ago")),
        ("2026-11-23T12:01:30Z", Some("4 minutes ago")),
        ("2026-11-23T11:05:45Z", Some("1 hour ago")),
        ("2026-11-21T12:05:46Z", Some("47 hours ago")),
        ("2026-11-21T12:05:45Z", Some("2 days ago")),
        ("2025-11-23T12:05:45Z", Some("365 days ago")),
        // Clocks differ by a little; of what lies further ahead there is no age.
        ("2026-11-23T12:06:30Z", Some("just now")),
        ("2026-11-24T12:00:00Z", None),
        ("yesterday", None),
    ] {
        assert_eq!(age(on, now()).as_deref(), words, "{on}");
    }
}

#[test]
fn durations_are_told_in_minutes_and_seconds() {
    for (seconds, words) in [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (3600, "60 min"),
    ] {
        assert_eq!(duration(seconds), words);
    }
}
