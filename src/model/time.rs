//! Times in RFC 3339 with whole seconds, as in the catalog and answers.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Parses a time in RFC 3339; `None` for anything else.
#[must_use]
pub fn parse_time(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// A time as RFC 3339 text with whole seconds.
#[must_use]
pub fn rfc3339(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0)
        .unwrap_or(time)
        .format(&Rfc3339)
        .unwrap_or_default()
}
