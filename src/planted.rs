//! What tests plant in a handler that runs: panics, and which deep checks are due.
//!
//! This is in builds with debug assertions only, which nothing that is published is: `tests/package` looks for the names of
//! the variables in it.

/// Panics where a test wants it: at a step of the work on a subject that the variable names, such as `look:a1b2c3d4e5`.
#[cfg(debug_assertions)]
#[track_caller]
#[expect(clippy::panic, reason = "it is what this is for")]
pub(crate) fn panic_if_planted(step: &str, subject: &str) {
    let planted = crate::settings::variable("APICENTER_AWS_SYNC_PLANTED_PANIC");
    let site = format!("{step}:{subject}");
    if planted.is_some_and(|planted| planted.split(',').any(|planted| planted == site)) {
        std::panic::panic_any(format!("planted at {site}"));
    }
}

/// Nothing: this build has no planted panics.
#[cfg(not(debug_assertions))]
pub(crate) fn panic_if_planted(_step: &str, _subject: &str) {}

/// Whether all deep checks are due or none is, where a test wants either: the variable names a file that says `all`, or
/// anything else.
#[cfg(debug_assertions)]
pub(crate) fn planted_deep_checks() -> Option<bool> {
    let file = crate::settings::variable("APICENTER_AWS_SYNC_PLANTED_DEEP_CHECKS")?;
    Some(std::fs::read_to_string(file).is_ok_and(|due| due == "all"))
}

/// Nothing: in this build the hour decides.
#[cfg(not(debug_assertions))]
pub(crate) fn planted_deep_checks() -> Option<bool> {
    None
}
