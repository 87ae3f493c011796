//! The members of an API in order: the readable ones, and those of a group that only the catalog has.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::catalog::marker::ApiMarker;
use crate::model::{
    DesiredApi, DesiredMember, DesiredVersion, EntityName, Fact, FieldPath, Fields, Properties, SourceKey,
};

/// An API of a gateway behind an API of the catalog.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    /// The API.
    pub key: &'a SourceKey,
    /// Its desired state; `None` if it is unknown or leaving. Then nobody else takes its place.
    pub told: Option<&'a DesiredMember>,
}

/// All members: those that only the catalog has stay behind their predecessor there.
pub(super) fn members<'a>(desired: &'a DesiredApi, marker: Option<&'a ApiMarker>) -> Vec<Member<'a>> {
    let told = |member: &'a DesiredMember| Member {
        key: &member.key,
        told: Some(member),
    };
    let mut members: Vec<Member<'a>> = desired.members.iter().map(told).collect();
    let recorded = marker.filter(|_| desired.is_group);
    let Some(marker) = recorded else { return members };
    let mut place = 0;
    for key in &marker.members {
        if let Some(found) = members.iter().position(|member| member.key == key) {
            place = found + 1;
        } else if desired.unknown.contains(key) || is_going(desired, marker, key) {
            members.insert(place, Member { key, told: None });
            place += 1;
        }
    }
    members
}

/// Whether a group member leaves: it no longer belongs, and something of it is left below the API.
pub(super) fn is_going(desired: &DesiredApi, marker: &ApiMarker, key: &SourceKey) -> bool {
    desired.is_group && !stays(desired, key) && marker.deployments_of(key).next().is_some()
}

/// Whether a group member still belongs, or that is unknown.
pub(super) fn stays(desired: &DesiredApi, key: &SourceKey) -> bool {
    desired.member(key).is_some() || desired.unknown.contains(key)
}

/// The members that the catalog's API has already, so that its fields are theirs: a new one may not fit.
pub(super) fn recorded<'a>(desired: &'a DesiredApi, marker: &'a ApiMarker) -> Vec<Member<'a>> {
    let mut members = members(desired, Some(marker));
    if desired.is_group && members.iter().any(|member| marker.members.contains(member.key)) {
        members.retain(|member| marker.members.contains(member.key));
    }
    members
}

/// The first member with the version's stage: its fields are the version's.
pub(super) fn leader<'a>(
    members: &[Member<'a>],
    marker: Option<&ApiMarker>,
    version: &DesiredVersion,
) -> Option<Member<'a>> {
    let has_stage = |member: &&Member<'a>| match (member.told, marker) {
        (Some(_), _) => version.deployments.iter().any(|stage| stage.from == *member.key),
        (None, Some(marker)) => is_listed(marker, &version.name, member.key),
        (None, None) => false,
    };
    members.iter().find(has_stage).copied()
}

fn is_listed(marker: &ApiMarker, version: &EntityName, member: &SourceKey) -> bool {
    marker.stages_of(member).any(|(of, _)| of == *version)
}

/// The fields of the API: those of its first member, and the facts of all. While a member is unknown, no fact loses a
/// value; if that is the first member, nothing else is corrected.
pub(super) fn api_fields(members: &[Member<'_>], current: Option<&Properties>) -> Fields {
    let told: Vec<&DesiredMember> = members.iter().filter_map(|member| member.told).collect();
    if let ([one], [_]) = (told.as_slice(), members) {
        return one.fields.clone();
    }
    let is_fact = |path: &FieldPath| Fact::ALL.iter().any(|fact| fact.path() == *path);
    let first = members.first().and_then(|member| member.told);
    let mut fields = Fields {
        enforced: first.map(|first| first.fields.enforced.clone()).unwrap_or_default(),
        initial: told
            .first()
            .map(|first| first.fields.initial.clone())
            .unwrap_or_default(),
        rules: told.first().map(|first| first.fields.rules.clone()).unwrap_or_default(),
    };
    fields.enforced.retain(|(path, _)| !is_fact(path));
    for path in Fact::ALL.map(Fact::path) {
        let all = told.iter().flat_map(|member| &member.fields.enforced);
        let given = all
            .filter(|(other, _)| *other == path)
            .filter_map(|(_, value)| value.as_ref());
        let mut values: BTreeSet<&str> = given.flat_map(texts).collect();
        if values.is_empty() {
            continue;
        }
        if told.len() < members.len()
            && let Some(current) = current.and_then(|current| path.get(current))
        {
            values.extend(texts(current));
        }
        let values = json!(values);
        fields.enforced.push((path, Some(values)));
    }
    fields
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
