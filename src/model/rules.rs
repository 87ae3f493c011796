//! The rules of an integration: which APIs are in the catalog, and how their fields are set.

mod field;
mod glob;
mod map_rule;
mod matching;
mod template;

pub use field::{MappedField, UnknownField};
pub use glob::{Glob, InvalidGlob};
pub use map_rule::MapRule;
pub use matching::Match;
pub use template::{InvalidTemplate, Template, Variable};
