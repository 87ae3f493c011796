//! The names of our metadata schemas.

use super::Fact;

/// The metadata schema on environments that holds the integration.
pub const INTEGRATION_SCHEMA: &str = "aws-integration";
/// The metadata schema on APIs.
pub const API_SCHEMA: &str = "aws-sync";
/// The metadata schema on deployments.
pub const STAGE_SCHEMA: &str = "aws-sync-stage";

/// Whether a metadata schema of this name is ours: a marker's or a fact's.
#[must_use]
pub fn is_our_schema(name: &str) -> bool {
    let markers = [INTEGRATION_SCHEMA, API_SCHEMA, STAGE_SCHEMA].into_iter();
    let mut ours = markers.chain(Fact::ALL.map(Fact::schema_name));
    ours.any(|ours| ours.eq_ignore_ascii_case(name))
}
