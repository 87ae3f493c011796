//! Planning: computes the changes from the current state to the desired one.
//!
//! Pure functions of values: no clock, no I/O, no logging, sorted output. A plan leaves apply no choices.

mod api;
mod below;
mod catalog_apis;
mod definition;
mod disagreement;
mod fields;
mod fingerprint;
mod guard;
mod members;
mod moves;
mod planner;
mod presence;
mod preview;
mod progress;
mod removals;
mod rooms;
mod rules;
mod seat;
mod stage;
mod step;
mod survey;
#[cfg(test)]
mod tests;
mod version;
mod work;
mod written;

pub use api::{ApiPlan, unsettle};
pub use below::{Below, Standing};
pub use catalog_apis::CatalogApis;
pub use fields::Write;
pub use fingerprint::fingerprint;
pub use guard::{Hold, Removals, Verdict, deletions_id, judge, removals};
pub use moves::{Move, MoveProgress, Moves, Whole, inherit, lost};
pub use planner::plan_api;
pub use presence::{Observation, Observed, Scope};
pub use preview::{Preview, PreviewChange};
pub use removals::{Counts, Removal};
pub use rules::{CatalogLimits, RequiredMetadata, Rules, missing_message};
pub use step::{Done, Event, Import, Step};
pub use survey::{Agenda, Current, Job, Leaving, OwnedApis, Why, survey};
pub use work::Work;
