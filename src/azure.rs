//! Azure: the credential, Key Vault, and API Center through Azure Resource Manager.

mod api_center;
pub mod credential;
mod error;
#[cfg(any(test, fuzzing))]
#[path = "../fuzz/checks/azure.rs"]
pub(crate) mod fuzzing;
mod key_vault;
mod lists;
mod metadata;
mod metadata_updates;
mod operations;
mod permissions;
mod pipeline;
mod plan_limits;
#[cfg(test)]
mod tests;
mod transport;
mod wire;

pub use api_center::{ApiCenter, Catalog};
pub use error::{Call, CatalogError, Refusal};
pub use key_vault::{SecretError, Vault};
pub use metadata::{Assignment, MetadataSchema};
pub use operations::Exported;
pub use permissions::Permissions;
pub use plan_limits::PlanLimits;
pub use transport::Rates;
