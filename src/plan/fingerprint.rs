//! The fingerprint of an API: if equal, nothing below it needs a look.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::members::{leader, recorded, stays};
use crate::catalog::marker::ApiMarker;
use crate::model::{
    Definition, DesiredApi, DesiredDeployment, DesiredMember, DesiredVersion, Field, Skip, SkipReason, digest,
};

/// The version of our translation: a new one makes every run look at all APIs once.
const TRANSLATION: u32 = 2;
/// Hex digits of a group member's fingerprint: a record holds up to ten of them.
const MEMBER_DIGITS: usize = 16;

/// The digest of all names and enforced fields, and of what stands for the definitions. A group's excludes what its
/// members give: they have one each.
///
/// Definitions on demand are excluded: a run without them must not undo them.
#[must_use]
pub fn fingerprint(desired: &DesiredApi, on_demand: bool) -> String {
    let members = desired.members.iter().filter(|_| !desired.is_group);
    let members: Vec<Value> = members
        .map(|member| json!([member.key.to_string(), fields(&member.fields.enforced)]))
        .collect();
    let versions = desired.versions.iter().filter(|_| !desired.is_group);
    let versions: Vec<Value> = versions
        .map(|version| {
            let stages = version.deployments.iter();
            let stages: Vec<Value> = stages.map(|stage| stage_value(stage, true, on_demand)).collect();
            json!([version.name, version.stage_name, stages])
        })
        .collect();
    let skips = skips(desired, |_| !desired.is_group);
    let all = json!([TRANSLATION, desired.name, desired.is_group, members, versions, skips]);
    digest(all.to_string().as_bytes())
}

/// The fingerprints of a group's members, by the short digests of their keys, below an API with this marker.
pub(super) fn member_fingerprints(
    desired: &DesiredApi,
    marker: &ApiMarker,
    on_demand: bool,
) -> BTreeMap<String, String> {
    let members = desired.members.iter().filter(|_| desired.is_group);
    members
        .map(|member| (member.key.short_digest(), of_member(desired, marker, member, on_demand)))
        .collect()
}

/// Whether an API matches its marker. Unknown members are not compared; a leaving one makes a difference.
pub(super) fn is_current(desired: &DesiredApi, marker: &ApiMarker, on_demand: bool) -> bool {
    let found = &marker.record.members;
    let given = member_fingerprints(desired, marker, on_demand);
    marker.record.fingerprint.as_ref() == Some(&fingerprint(desired, on_demand))
        && given.iter().all(|(member, digest)| found.get(member) == Some(digest))
        && (!desired.is_group || marker.members.iter().all(|key| stays(desired, key)))
}

fn of_member(desired: &DesiredApi, marker: &ApiMarker, member: &DesiredMember, on_demand: bool) -> String {
    let members = recorded(desired, marker);
    let stages = desired.versions.iter().flat_map(|version| {
        let leader = leader(&members, Some(marker), version);
        let leads = leader.is_some_and(|leader| *leader.key == member.key);
        let own = version.deployments.iter().filter(|stage| stage.from == member.key);
        own.map(move |stage| of_version(version, stage, leads, on_demand))
    });
    let stages: Vec<Value> = stages.collect();
    let skips = skips(desired, |skip| skip.is_of(&member.key));
    let all = json!([member.key.to_string(), fields(&member.fields.enforced), stages, skips]);
    let mut digest = digest(all.to_string().as_bytes());
    digest.truncate(MEMBER_DIGITS);
    digest
}

fn of_version(version: &DesiredVersion, stage: &DesiredDeployment, leads: bool, on_demand: bool) -> Value {
    json!([version.name, version.stage_name, stage_value(stage, leads, on_demand)])
}

fn stage_value(stage: &DesiredDeployment, leads: bool, on_demand: bool) -> Value {
    let definition = match &stage.definition {
        Definition::Exported(_) if on_demand => "kept",
        Definition::Exported(revision) => revision,
        Definition::Kept => "kept",
        Definition::Absent => "absent",
        Definition::Impossible(skip) => &skip.message,
    };
    json!([
        stage.name,
        stage.from.to_string(),
        stage.deployment_id,
        leads.then(|| fields(&stage.version.enforced)),
        definition,
        fields(&stage.fields.enforced)
    ])
}

/// The skips that are known before anything is read: reports repeat them from the record. Their words may change each
/// time, except those of rules, which contain the value.
fn skips(desired: &DesiredApi, is_meant: impl Fn(&Skip) -> bool) -> Vec<Value> {
    let stages = desired.versions.iter().flat_map(|version| &version.deployments);
    let below = stages.flat_map(|stage| &stage.skips);
    let all = desired.skips.iter().chain(below).filter(|skip| is_meant(skip));
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
