//! Dates: seconds since 1970 in the state, text on the wire of version 2.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// When things came into being by default: 2024-03-01T12:00:00Z, seconds since 1970.
pub(super) const USUAL_DATE: i64 = 1_709_294_400;

/// A time as `2020-04-08T00:08:44Z`; nothing for a year that has more than four digits.
pub(super) fn iso(seconds: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    time.format(&Rfc3339).ok()
}
