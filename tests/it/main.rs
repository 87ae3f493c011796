//! The real handler, called by a Functions host, between clouds that stand in for the real ones.

mod oracle;
mod whole_path;
mod world;
