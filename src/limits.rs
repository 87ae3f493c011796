//! What a run may use up: requests a second, retries, time, and memory for answers.

mod bounded;
mod breaker;
mod budget;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod kept;
mod pacer;
mod retries;
mod traffic;

pub use bounded::{Bounded, TooLarge};
pub use breaker::Breaker;
pub use budget::Budget;
pub use kept::Kept;
pub use pacer::Pacer;
pub use retries::FewRetries;
pub use traffic::Traffic;
