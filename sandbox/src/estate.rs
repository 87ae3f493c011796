//! Estates: what gateways are filled with.

mod awkward;
mod demo;
mod document;
mod folder;
mod large;

pub use crate::api_gateway::Estate;

pub use self::awkward::awkward;
pub use self::demo::demo;
pub use self::folder::from_openapi_folder;
pub use self::large::{large, large_redeployed};
