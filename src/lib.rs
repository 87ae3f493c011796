//! Keeps the inventory of Azure API Center true to what runs on Amazon API Gateway.
//!
//! Imports point one way: `model` ← {`plan`, `source`, `target`} ← `sync` ← {`server`, `cli`} ← `main`.

pub mod cli;
pub mod credential;
mod error_chain;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod limits;
pub mod model;
pub mod panics;
pub mod plan;
pub mod process;
pub mod server;
pub mod settings;
pub mod source;
pub mod sync;
pub mod target;
pub mod telemetry;
pub mod trust;
