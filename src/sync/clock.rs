//! The edge at which the engine reads the clock.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Where the engine has the time from.
#[derive(Debug, Clone, Copy)]
pub struct Clock(fn() -> OffsetDateTime);

impl Clock {
    /// The system's clock.
    pub const SYSTEM: Self = Self(system_time);

    /// Another clock, for tests that cannot wait for hours.
    #[must_use]
    pub const fn new(now: fn() -> OffsetDateTime) -> Self {
        Self(now)
    }

    /// Now.
    pub(super) fn now(self) -> OffsetDateTime {
        (self.0)()
    }
}

fn system_time() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "the engine's one look at the clock")]
    SystemTime::now().into()
}

/// The time that RFC 3339 text tells; `None` when it is none.
pub(super) fn parse_time(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// A time as RFC 3339 text with whole seconds.
pub(super) fn rfc3339(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0)
        .unwrap_or(time)
        .format(&Rfc3339)
        .unwrap_or_default()
}
