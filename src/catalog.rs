//! Our layout in API Center: what is ours, its bookkeeping, and where it is stored. Pure functions of entities.

pub mod facts;
#[cfg(any(test, fuzzing))]
#[path = "../fuzz/checks/catalog.rs"]
pub(crate) mod fuzzing;
pub mod history;
pub mod journal;
pub mod marker;
mod ownership;
pub mod schemas;
pub mod settings;
#[cfg(test)]
mod tests;

pub use ownership::{ApiProof, FoldedApi, Owned, OwnedApi, Vacant, integration_of};
