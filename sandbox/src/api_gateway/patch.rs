//! AWS's patch operations.

use serde::Deserialize;

use super::errors::AmazonError;

/// The body of an update.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Patch {
    #[serde(default)]
    pub patch_operations: Vec<Operation>,
}

/// One change.
#[derive(Debug, Deserialize)]
pub(super) struct Operation {
    op: String,
    pub path: String,
    #[serde(default)]
    pub value: Option<String>,
}

impl Operation {
    /// The new text; only replacement is supported.
    pub fn replacement(&self) -> Result<String, AmazonError> {
        if self.op != "replace" {
            return Err(AmazonError::bad_request(format!(
                "Invalid patch operation specified: {}",
                self.op
            )));
        }
        Ok(self.value.clone().unwrap_or_default())
    }

    /// The refusal of a path that cannot be patched.
    pub fn refused(&self) -> AmazonError {
        AmazonError::bad_request(format!("Invalid patch path {}", self.path))
    }
}
