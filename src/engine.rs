//! The app's calls: a file for each.
//!
//! A call reads the integrations from the catalog's environments. Between calls, memory holds only connections and the
//! runs in flight.

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

pub use crate::plan::{Preview as PlanView, PreviewChange};
pub use crate::run::{ApiExplanation, Clock, Finding, Meter, OneApi, SyncRequest};
pub use delete::Deletion;
pub use detail::{ApiCondition, ApiView, Condition, IntegrationDetail, StageView, Word};
pub use doctor::{Check, CheckState, Examination};
pub use entry::Engine;
pub use explain::Explanation;
pub use put::Written;
pub use timer::RunSummary;
pub use view::{IntegrationProperties, IntegrationView, LinkState, LinkWord};
