//! Keeps Azure API Center in sync with Amazon API Gateway.
//!
//! Imports point one way: `model` ← `catalog` ← {`aws`, `azure`, `translate`, `plan`} ← `run` ← `engine` ← {`server`,
//! `cli`} ← the two programs.

// The SDK's futures are nested deeply.
#![recursion_limit = "256"]

pub mod aws;
pub mod azure;
pub mod catalog;
pub mod cli;
pub mod engine;
mod error_chain;
#[cfg(any(test, fuzzing))]
#[path = "../fuzz/checks/all.rs"]
pub mod fuzzing;
pub mod limits;
pub mod model;
pub mod panics;
pub mod plan;
mod planted;
pub mod process;
pub mod run;
pub mod server;
pub mod settings;
pub mod telemetry;
pub mod translate;
pub mod trust;
