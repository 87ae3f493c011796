//! What Amazon API Gateway has, as far as it matters here.

use super::{ApiId, SkipReason};

/// Longest definition that API Center takes inline, in bytes: 3 MiB (its command line refuses more).
pub const DEFINITION_MAX_BYTES: usize = 3 * 1024 * 1024;

/// A REST API of the gateway, from `GetRestApis`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestApi {
    /// Its id.
    pub id: ApiId,
    /// Its name; not unique, any characters.
    pub name: String,
    /// Its description; any length.
    pub description: Option<String>,
    /// Its free-text version. Without one, exports carry a changing time stamp as `info.version`.
    pub version: Option<String>,
    /// Whether it is reachable from within VPC endpoints only.
    pub private: bool,
    /// The VPC endpoints that a private API is associated with.
    pub vpc_endpoint_ids: Vec<String>,
    /// Whether its `execute-api` URL is switched off, so that only custom domains reach it.
    pub execute_api_disabled: bool,
}

/// A stage of a REST API, from `GetStages`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name: up to 128 characters of `[A-Za-z0-9_-]`, and the case matters.
    pub name: String,
    /// The deployment it runs.
    pub deployment_id: String,
    /// Its description.
    pub description: Option<String>,
    /// When it was last changed, seconds since 1970.
    pub last_updated: Option<i64>,
    /// The documentation version that exports of it include.
    pub documentation_version: Option<String>,
    /// The deployment of its canary, when it has one.
    pub canary_deployment_id: Option<String>,
}

/// The answer to an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Export {
    /// The definition.
    Document(Document),
    /// There is none to be had, for a reason that stays until the stage changes.
    Unavailable {
        /// `ExportRefused` or `DefinitionTooLarge`.
        reason: SkipReason,
        /// Amazon's own words, or what is wrong with the document.
        message: String,
    },
}

/// An exported OpenAPI document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The text, exactly as Amazon gave it.
    pub text: String,
    /// Its `openapi` member, such as `3.0.1`.
    pub specification_version: String,
    /// SHA-256 of `text`, lower-case hex.
    pub content_digest: String,
    /// SHA-256 of the document without what changes from one export to the next, lower-case hex.
    pub canonical_digest: String,
}
