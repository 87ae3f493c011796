//! The real handler, called by a Functions host, between clouds that stand in for the real ones.

mod changes;
mod deletions;
mod oracle;
mod ownership;
mod process;
mod secrecy;
mod unknown;
mod whole_path;
mod world;
