//! What a run may use up: requests a second, retries, and time.

mod budget;
mod pacer;
mod retries;

pub use budget::Budget;
pub use pacer::Pacer;
pub use retries::FewRetries;
