//! Where the truth is kept: Azure API Center, through Azure Resource Manager.

mod catalog;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod lists;
mod metadata;
mod operations;
mod permissions;
mod pipeline;
mod plan_limits;
#[cfg(test)]
mod tests;
mod transport;
mod wire;

pub use catalog::{ApiCenter, Catalog};
pub use error::{Call, CatalogError, Refusal};
pub use metadata::{Assignment, MetadataSchema};
pub use operations::Exported;
pub use permissions::Permissions;
pub use plan_limits::PlanLimits;
pub use transport::Rates;
