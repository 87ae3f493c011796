//! What a run may use up: requests a second, retries, and time.

mod budget;
mod pacer;
mod retries;
mod traffic;

pub use budget::Budget;
pub use pacer::Pacer;
pub use retries::FewRetries;
pub use traffic::Traffic;
