//! The real handler, called by a Functions host, between clouds that stand in for the real ones.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod accounts;
mod application;
mod bounds;
mod breaker;
mod changes;
mod cli;
mod collector;
mod deadlines;
mod deletions;
mod described;
mod doctor;
mod evidence;
mod explain;
mod export;
mod facts;
mod faults;
mod guard;
mod history;
mod hostile;
mod keyless;
mod layout;
mod model;
mod oracle;
mod orphans;
mod ownership;
mod page;
mod panics;
mod passes;
mod permissions;
mod prefix;
mod process;
mod proxies;
mod recording;
mod refusals;
mod roles;
mod rotation;
mod secrecy;
mod secrets;
mod sequences;
mod telemetry;
mod unknown;
mod whole_path;
mod wire;
mod world;
