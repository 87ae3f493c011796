//! The fingerprint of an API: equal means that nothing below it has to be looked at.

use serde_json::{Value, json};

use crate::model::{Definition, DesiredApi, DesiredVersion, Field, Skip, SkipReason, digest};

/// The number of our translation: another one has every API looked at once.
const TRANSLATION: u32 = 1;

/// The digest of all names and enforced fields, and of what stands for the definitions.
///
/// With definitions on demand the definitions are not part of it: a run without them must not undo what it says.
#[must_use]
pub fn fingerprint(desired: &DesiredApi, on_demand: bool) -> String {
    let members: Vec<String> = desired.members.iter().map(ToString::to_string).collect();
    let versions: Vec<Value> = desired
        .versions
        .iter()
        .map(|version| version_value(version, on_demand))
        .collect();
    let all = json!([
        TRANSLATION,
        desired.name,
        members,
        fields(&desired.fields.enforced),
        versions,
        skips(desired)
    ]);
    digest(all.to_string().as_bytes())
}

fn version_value(version: &DesiredVersion, on_demand: bool) -> Value {
    let definition = match &version.definition {
        Definition::Exported(_) if on_demand => "kept",
        Definition::Exported(revision) => revision,
        Definition::Kept => "kept",
        Definition::Absent => "absent",
        Definition::Impossible(skip) => &skip.message,
    };
    let deployment = |deployment: &crate::model::DesiredDeployment| {
        json!([
            deployment.name,
            deployment.from.to_string(),
            deployment.deployment_id,
            fields(&deployment.fields.enforced)
        ])
    };
    let deployments: Vec<Value> = version.deployments.iter().map(deployment).collect();
    json!([
        version.name,
        version.stage_name,
        fields(&version.fields.enforced),
        definition,
        deployments
    ])
}

/// What is known to be left out before anything is read: reports tell what is recorded of it. The words may change each time,
/// but for those of rules, which tell the value.
fn skips(desired: &DesiredApi) -> Vec<Value> {
    let below = desired.versions.iter().flat_map(|version| &version.skips);
    let all = desired.skips.iter().chain(below);
    let words = |skip: &Skip| (skip.reason == SkipReason::MappingFailed).then(|| skip.message.clone());
    all.map(|skip| match words(skip) {
        Some(words) => json!([skip.stage_name, skip.reason, words]),
        None => json!([skip.stage_name, skip.reason]),
    })
    .collect()
}

fn fields(fields: &[Field]) -> Vec<Value> {
    let fields = fields.iter();
    fields.map(|(path, value)| json!([path.to_string(), value])).collect()
}
