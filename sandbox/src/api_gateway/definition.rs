//! Exports of stages.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

/// The export of a stage.
#[derive(Debug, Clone)]
pub enum Definition {
    /// This OpenAPI 3.0 document, with AWS's own version, `info` and `servers`.
    OpenApi(Arc<Value>),
    /// None: 400 with this message of AWS.
    Refused(String),
    /// These bytes, whatever was asked for.
    Raw {
        /// Their content type.
        content_type: String,
        /// The bytes.
        bytes: Bytes,
    },
}

impl From<Value> for Definition {
    fn from(document: Value) -> Self {
        Self::OpenApi(Arc::new(document))
    }
}

impl Definition {
    /// Whether there is anything to deploy.
    pub(super) fn has_methods(&self) -> bool {
        match self {
            Self::OpenApi(document) => document
                .get("paths")
                .and_then(Value::as_object)
                .is_some_and(|paths| !paths.is_empty()),
            Self::Refused(_) | Self::Raw { .. } => true,
        }
    }
}
