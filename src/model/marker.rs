//! Markers: the custom metadata that says what is ours and what it was made from.

/// The metadata schema on environments that holds the integration.
pub const INTEGRATION_SCHEMA: &str = "aws-integration";
/// The metadata schema on APIs.
pub const REST_API_SCHEMA: &str = "aws-rest-api";
/// The metadata schema on deployments.
pub const STAGE_SCHEMA: &str = "aws-stage";
