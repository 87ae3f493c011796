//! Proofs of ownership: what a write must hold in its hands.
//!
//! Nothing is updated or deleted without an [`Owned`], nothing is created without a [`Vacant`], and only the checks
//! in this file make them.

use super::{Entity, EntityName, EntityPath, IntegrationName, RestApiId, marker};

/// The path of an entity that the integration owns: it carries the integration's marker *and* the right name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owned(EntityPath);

impl Owned {
    /// Where the entity is.
    #[must_use]
    pub fn path(&self) -> &EntityPath {
        &self.0
    }
}

/// The path of an entity that is not there, so that creating it overwrites nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vacant(EntityPath);

impl Vacant {
    /// Where the entity will be.
    #[must_use]
    pub fn path(&self) -> &EntityPath {
        &self.0
    }
}
