//! Limits of a run: requests per second, retries, time, and memory for responses.

mod bounded;
mod breaker;
mod budget;
mod kept;
mod pacer;
mod retries;
mod traffic;

pub use bounded::{Bounded, TooLarge};
pub use breaker::Breaker;
pub use budget::Budget;
pub use kept::Kept;
pub use pacer::Pacer;
pub use retries::{FewRetries, parse_retry_after};
pub use traffic::Traffic;
