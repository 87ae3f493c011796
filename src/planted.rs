//! Faults that tests plant in a running handler: panics, and which deep checks are due.
//!
//! Only in builds with debug assertions, which are never published: `tests/package` searches for the variables' names.

/// Panics at a step of the work on a subject that the variable names, such as `look:a1b2c3d4e5`.
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

/// Does nothing: this build has no planted panics.
#[cfg(not(debug_assertions))]
pub(crate) fn panic_if_planted(_step: &str, _subject: &str) {}

/// Whether all deep checks are due or none is, if planted: the variable names a file with `all`, or anything else.
#[cfg(debug_assertions)]
pub(crate) fn planted_deep_checks() -> Option<bool> {
    let file = crate::settings::variable("APICENTER_AWS_SYNC_PLANTED_DEEP_CHECKS")?;
    Some(std::fs::read_to_string(file).is_ok_and(|due| due == "all"))
}

/// Nothing is planted: in this build, the hour decides.
#[cfg(not(debug_assertions))]
pub(crate) fn planted_deep_checks() -> Option<bool> {
    None
}
