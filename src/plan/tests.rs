//! Tests of the planner against a catalog in memory.

mod api;
mod below;
mod definition;
mod fixtures;
mod group;
mod group_properties;
mod groups;
mod moves;
mod preview;
mod properties;
mod survey;
mod work;
mod world;
