//! Moves: gateway APIs that belong to another API of the catalog now, and what people wrote on the previous one.

use std::collections::{BTreeMap, BTreeSet};

use super::below::Below;
use super::catalog_apis::CatalogApis;
use super::written::{Writing, digests_of_writings, writings};
use crate::catalog::OwnedApi;
use crate::catalog::marker::{ApiMarker, ApiState};
use crate::model::{DesiredApi, Entity, EntityKind, EntityName, Fields, IntegrationName, SourceKey};

/// The moves of a run, by the API of the catalog and the gateway API that leaves it.
pub type Moves = BTreeMap<(EntityName, SourceKey), Move>;

/// The catalog names of the gateways' APIs.
pub(super) type Homes<'a> = BTreeMap<&'a SourceKey, &'a EntityName>;

/// A gateway API that belongs to another API of the catalog now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The new API of the catalog.
    pub to: EntityName,
    /// Its progress.
    pub progress: MoveProgress,
}

/// The progress of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveProgress {
    /// Some of it has not arrived yet: the old place is kept in sync.
    Under,
    /// All of it has arrived, including what people wrote, except for these fields.
    Arrived(Vec<String>),
}

/// An API of the catalog with everything below it.
#[derive(Debug, Clone, Copy)]
pub struct Whole<'a> {
    /// The API.
    pub api: &'a OwnedApi,
    /// What is below it.
    pub below: &'a Below,
}

/// The gateway APIs whose home is not where the catalog has them.
pub(super) fn moves(catalog: &CatalogApis, homes: &Homes<'_>) -> Moves {
    let mut moves = Moves::new();
    for api in catalog.owned() {
        for member in &api.members {
            let Some(&to) = homes.get(member).filter(|home| ***home != api.proof.name) else {
                continue;
            };
            let new = catalog.api(to);
            let has_arrived = new.is_some_and(|new| has_arrived(member, &api.marker(), &new.marker()));
            let progress = if has_arrived {
                MoveProgress::Arrived(Vec::new())
            } else {
                MoveProgress::Under
            };
            let to = to.clone();
            moves.insert((api.proof.name.clone(), member.clone()), Move { to, progress });
        }
    }
    moves
}

/// Whether everything of a member has arrived.
fn has_arrived(member: &SourceKey, old: &ApiMarker, new: &ApiMarker) -> bool {
    let there: BTreeSet<EntityName> = stages(member, new).into_values().collect();
    new.members.contains(member)
        && new.record.state == ApiState::Synced
        && stages(member, old).values().all(|version| there.contains(version))
}

/// The versions of a member's deployments, by deployment name.
fn stages(member: &SourceKey, marker: &ApiMarker) -> BTreeMap<EntityName, EntityName> {
    let deployments = marker.record.deployments.iter();
    let named = deployments.filter_map(|name| Some((name.clone(), version_of(member, marker, name)?)));
    named.collect()
}

/// The version of a member's deployment; `None` if it is another member's.
fn version_of(member: &SourceKey, marker: &ApiMarker, deployment: &EntityName) -> Option<EntityName> {
    let of_group = deployment.without_member(member);
    let is_only = marker.members.iter().all(|other| other == member);
    of_group.or_else(|| is_only.then(|| deployment.clone()))
}

/// Gives an API what people wrote on a member's previous one, as initial values.
pub fn inherit(desired: &mut DesiredApi, member: &SourceKey, old: Whole<'_>) {
    let ours = &old.api.marker.record.written;
    let of_api = writings(EntityKind::Api, &old.api.entity.properties, ours);
    for member in &mut desired.members {
        put(&mut member.fields, &of_api);
    }
    let mut inherited = digests_of_writings(EntityKind::Api, &of_api);
    for deployment in &old.below.deployments {
        let version = version_of(member, &old.api.marker, &deployment.name);
        let Some(version) = version.filter(|_| old.api.deployment(deployment).is_some()) else {
            continue;
        };
        let Some(desired) = desired.versions.iter_mut().find(|found| found.name == version) else {
            continue;
        };
        let of_version = found(&old.below.versions, &version);
        let of_version = of_version.map(|found| writings(EntityKind::Version, &found.properties, ours));
        let of_deployment = writings(EntityKind::Deployment, &deployment.properties, ours);
        inherited.extend(digests_of_writings(
            EntityKind::Version,
            of_version.as_deref().unwrap_or_default(),
        ));
        inherited.extend(digests_of_writings(EntityKind::Deployment, &of_deployment));
        for stage in &mut desired.deployments {
            put(&mut stage.version, of_version.as_deref().unwrap_or_default());
            if stage.from == *member {
                put(&mut stage.fields, &of_deployment);
            }
        }
    }
    desired.inherited.extend(inherited);
}

fn put(fields: &mut Fields, written: &[Writing]) {
    for (path, value) in written {
        if fields.enforced.iter().all(|(other, _)| other != path) {
            fields.initial.retain(|(other, _)| other != path);
            fields.initial.push((path.clone(), Some(value.clone())));
        }
    }
}

/// What people wrote on an API that a member leaves and that has not arrived.
///
/// `stay` are the members that stay: what is theirs as well does not move.
#[must_use]
pub fn lost(member: &SourceKey, stay: &[SourceKey], old: Whole<'_>, new: Whole<'_>) -> Vec<String> {
    let ours = &old.api.marker.record.written;
    let mut lost = Vec::new();
    let mut compare = |kind, what: &str, before: &Entity, after: &Entity| {
        let writings = writings(kind, &before.properties, ours);
        let missing = writings
            .iter()
            .filter(|(path, value)| path.get(&after.properties) != Some(value));
        lost.extend(missing.map(|(path, _)| format!("{what}{path}")));
    };
    if stay.is_empty() {
        compare(EntityKind::Api, "", &old.api.entity, &new.api.entity);
    }
    let theirs = stay
        .iter()
        .flat_map(|member| stages(member, &old.api.marker).into_values());
    let theirs: BTreeSet<EntityName> = theirs.collect();
    let arrived = stages(member, &new.api.marker);
    for (deployment, version) in stages(member, &old.api.marker) {
        let versions = (
            found(&old.below.versions, &version),
            found(&new.below.versions, &version),
        );
        if let (Some(before), Some(after)) = versions
            && !theirs.contains(&version)
        {
            compare(EntityKind::Version, &format!("{version}: "), before, after);
        }
        let new_name = arrived.iter().find(|(_, of)| **of == version).map(|(name, _)| name);
        let after = new_name.and_then(|name| new.below.deployment(name));
        if let (Some(before), Some(after)) = (old.below.deployment(&deployment), after) {
            let what = format!("deployment of {version}: ");
            compare(EntityKind::Deployment, &what, before, after);
        }
    }
    lost
}

fn found<'a>(entities: &'a [Entity], name: &EntityName) -> Option<&'a Entity> {
    entities.iter().find(|entity| entity.name == *name)
}

/// The part of a gateway API in the catalog's API it is about to leave, where it is kept in sync meanwhile.
pub(super) fn staying(
    integration: &IntegrationName,
    desired: &DesiredApi,
    member: &SourceKey,
    name: &EntityName,
) -> Option<DesiredApi> {
    let told = desired.member(member)?;
    let is_group = EntityName::of_api(integration, &member.api_id).ok().as_ref() != Some(name);
    Some(DesiredApi::of_member(name.clone(), is_group, told.clone()))
}
