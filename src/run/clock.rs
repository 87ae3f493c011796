//! The engine's clock.

use std::time::SystemTime;

use time::OffsetDateTime;

/// The source of the current time.
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

    /// The current time.
    #[must_use]
    pub fn now(self) -> OffsetDateTime {
        (self.0)()
    }
}

fn system_time() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "the engine's one look at the clock")]
    SystemTime::now().into()
}
