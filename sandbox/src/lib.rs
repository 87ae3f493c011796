//! Strict stand-ins for the clouds and the Functions host, on loopback.
//!
//! Each stand-in turns a request into an answer and knows nothing of sockets; `serve` records every exchange and
//! applies the faults it was told to; `cloud` starts them all.

pub mod api_center;
pub mod api_gateway;
mod clock;
pub mod cloud;
pub mod company;
pub mod control;
pub mod estate;
pub mod faults;
pub mod functions_host;
pub mod identity;
pub mod inventory;
mod json;
pub mod key_vault;
pub mod keyring;
pub mod organizations;
pub mod proxy;
mod random;
pub mod record;
mod region;
pub mod scenario;
pub mod security_token;
pub mod serve;
mod signature;
pub mod throttle;
pub mod tls;
pub mod token;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
