//! What a run may use up: requests a second, and time.

mod budget;
mod pacer;

pub use budget::Budget;
pub use pacer::Pacer;
