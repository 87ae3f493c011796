//! What can be asked for: a file for each call.
//!
//! A call reads where integrations are kept, in the catalog's environments, and does its part. Nothing is kept in memory
//! from one call to the next but connections, and the runs that are in flight.

mod delete;
mod detail;
mod doctor;
mod entry;
mod explain;
mod flights;
mod get;
mod list;
mod plan;
mod put;
mod sync;
mod timer;
mod view;

pub use crate::plan::Preview as PlanView;
pub use crate::run::{ApiExplanation, Clock, Finding, Meter, OneApi, SyncRequest};
pub use delete::Deletion;
pub use detail::{ApiCondition, ApiView, Condition, IntegrationDetail, Word};
pub use doctor::{Check, CheckState, Examination};
pub use entry::Engine;
pub use explain::Explanation;
pub use put::Written;
pub use timer::RunSummary;
pub use view::{IntegrationProperties, IntegrationView, LinkState, LinkWord};
