//! API Center's lifecycle stages.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The lifecycle stage that new versions get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
#[expect(missing_docs, reason = "the names are API Center's own")]
pub enum LifecycleStage {
    #[default]
    Design,
    Development,
    Testing,
    Preview,
    Production,
    Deprecated,
    Retired,
}
