//! One run of one integration: observe, agenda, drive, guard, remove, record.

mod agenda;
mod apply;
mod clock;
mod conclude;
mod delete;
mod drive;
mod epilogue;
mod explain;
mod facts;
mod guard;
mod hands;
mod interruption;
mod look;
mod observe;
mod preview;
mod record;
mod remove;
mod report;
mod request;
mod session;
mod source;
mod steps;

pub use clock::Clock;
pub use delete::{DeletedApis, Deleting, delete_apis};
pub use epilogue::{End, leave, run_to_the_end};
pub use explain::{ApiExplanation, Finding, explain};
pub use look::plan;
pub use observe::{CatalogIndex, check_rules, ensure_schemas, owner, required, restore_marker};
pub use request::SyncRequest;
pub use session::{Clouds, Session};
pub use source::Source;
pub use steps::check;
