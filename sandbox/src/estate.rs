//! Placeholder.
use std::path::Path;

use crate::api_gateway::{RestApi, Stage};

/// Placeholder.
#[must_use]
pub fn demo() -> Vec<(RestApi, Vec<Stage>)> {
    Vec::new()
}

/// Placeholder.
///
/// # Errors
/// Placeholder.
pub fn from_openapi_folder(_: &Path) -> std::io::Result<Vec<(RestApi, Vec<Stage>)>> {
    Ok(Vec::new())
}
