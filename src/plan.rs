//! Planning: the changes that lead from the current state to the desired one.
//!
//! Everything here is a pure function of values: no clock, no I/O, no logging, sorted output. A plan leaves whoever
//! applies it no choices.

mod api;
mod deletions;
mod fields;
mod fingerprint;
mod preview;
mod stage;
mod survey;
#[cfg(test)]
mod tests;

pub use api::{ApiInput, ApiPlan, Below, Finished, StageRemoval, Standing, plan_api, plan_listed_fields};
pub use deletions::{Counts, Deletions, Verdict};
pub use fields::Write;
pub use fingerprint::fingerprint;
pub use preview::{Preview, PreviewChange};
pub use stage::{DefinitionPlan, StagePlan, StageWrites, recorded};
pub use survey::{CatalogApis, CatalogLimits, RequiredMetadata, Survey, SurveyInput, Task, missing_message, survey};
