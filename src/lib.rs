//! Keeps the inventory of Azure API Center true to what runs on Amazon API Gateway.
//!
//! Imports point one way: `model` ← {`plan`, `source`, `target`} ← `sync` ← `server` ← `main`.

pub mod limits;
pub mod model;
pub mod plan;
