//! The fingerprint of an API: equal means that nothing below it has to be looked at.

use serde_json::json;

use crate::model::{DesiredApi, DesiredDefinition, DesiredStage, ImportSpecification, Integration, digest};

/// Changes with every release that makes something else of the same source, so that all is looked at once.
const FORMAT: u32 = 1;

/// Covers everything that the desired state below an API depends on.
///
/// With definitions on demand the definitions are not part of it: a run without them must not undo what it says.
#[must_use]
pub fn fingerprint(integration: &Integration, api: &DesiredApi, stages: &[DesiredStage]) -> String {
    let mut stages: Vec<&DesiredStage> = stages.iter().collect();
    stages.sort_by_key(|stage| &stage.stage_name);
    let stages: Vec<_> = stages
        .into_iter()
        .map(|stage| {
            let definition = match (&stage.definition, integration.import_specification) {
                (_, ImportSpecification::OnDemand) | (DesiredDefinition::Kept, _) => "kept",
                (DesiredDefinition::Absent, _) => "absent",
                (DesiredDefinition::Revision(revision), _) => revision,
            };
            json!([
                stage.name,
                stage.stage_name,
                stage.title,
                stage.runtime_uri,
                stage.deployment_id,
                definition
            ])
        })
        .collect();
    let all = json!([
        FORMAT,
        api.name,
        api.rest_api_id,
        integration.region,
        integration.environment,
        stages
    ]);
    digest(all.to_string().as_bytes())
}
