//! Times as the catalog and callers have them: RFC 3339 with whole seconds.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The time that RFC 3339 text tells; `None` when it is none.
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
