//! Strict stand-ins for the clouds and the Functions host, on loopback.
//!
//! Each stand-in turns a request into an answer and knows nothing of sockets; `serve` records every exchange and
//! applies the faults it was told to; `cloud` starts them all.

pub mod api_center;
pub mod faults;
pub mod record;
pub mod throttle;
pub mod token;
