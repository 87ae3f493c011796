//! Estates: contents for gateways.

mod awkward;
mod awkward_full;
mod demo;
mod demo_full;
mod document;
mod folder;
mod full;
mod large;
mod large_mixed;
mod team;

pub use crate::api_gateway::{DomainEstate, Estate, V2Estate};

pub use self::awkward::awkward;
pub use self::awkward_full::awkward_full;
pub use self::demo::demo;
pub use self::demo_full::demo_full;
pub use self::folder::from_openapi_folder;
pub use self::full::FullEstate;
pub use self::large::{large, large_redeployed};
pub use self::large_mixed::{large_mixed, large_mixed_redeployed};
pub use self::team::team;
