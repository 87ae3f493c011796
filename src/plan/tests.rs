//! Tests of the planner against a catalog in memory.

mod fixtures;
mod properties;
mod world;
