//! The edge at which the engine reads the clock.

use std::time::SystemTime;

use time::OffsetDateTime;

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
    #[must_use]
    pub fn now(self) -> OffsetDateTime {
        (self.0)()
    }
}

fn system_time() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "the engine's one look at the clock")]
    SystemTime::now().into()
}
