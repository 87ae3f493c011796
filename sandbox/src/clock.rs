//! The wall clock, read in one place.

use std::time::{SystemTime, UNIX_EPOCH};

/// What time it is.
#[expect(
    clippy::disallowed_methods,
    reason = "a stand-in for a service has the clock that the service would have"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// A time as whole seconds since 1970.
pub(crate) fn epoch_seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
