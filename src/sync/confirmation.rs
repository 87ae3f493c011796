//! Confirmations of deletions, which may take more time than the call they are given in.

use serde::{Deserialize, Serialize};

/// How long a confirmation waits: what people wanted a day ago may not be what they want now.
const GOOD_FOR_HOURS: i64 = 24;

/// A confirmation of deletions that are still to be made, by the same call again or by any other run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Confirmation {
    /// The id that people gave.
    pub given: String,
    /// The id of what is left of those deletions.
    pub left: String,
    /// The hour (since 1970) in which it was given or last gone on with.
    pub hour: i64,
}

/// What became of a confirmation in a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Confirmed {
    /// It was not needed.
    Unused,
    /// All that it allowed was done.
    Spent,
    /// There was no time for all of it.
    Left(Confirmation),
}

impl Confirmation {
    /// Whether it may still be acted on.
    pub fn is_good(&self, now_hour: i64) -> bool {
        now_hour - self.hour <= GOOD_FOR_HOURS
    }
}
