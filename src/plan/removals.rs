//! Removals below an API: versions and deployments of stages that are no longer on their gateways, and everything of a
//! member that has left the group.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use super::below::Below;
use super::fields::Write;
use super::seat::own_definition_of;
use crate::catalog::OwnedApi;
use crate::model::{Entity, EntityName, EntityPath, Gateway, Leave, SourceKey};

/// Numbers of entities below APIs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Versions, with or without a deployment.
    pub versions: usize,
    /// Deployments.
    pub deployments: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.versions += other.versions;
        self.deployments += other.deployments;
    }
}

/// Names of our versions and deployments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub versions: BTreeSet<EntityName>,
    pub deployments: BTreeSet<EntityName>,
}

impl Names {
    pub fn extend(&mut self, other: &Self) {
        self.versions.extend(other.versions.iter().cloned());
        self.deployments.extend(other.deployments.iter().cloned());
    }
}

/// One of our stages that is gone, or a group member.
#[derive(Debug, Clone, PartialEq)]
pub struct Removal {
    /// The name of the stage's deployment, or of its version, or the short digest of the member's key.
    pub name: EntityName,
    /// The deletions, in the order to make them.
    pub writes: Vec<Write>,
    /// The entities that the guard counts.
    pub counted: Counts,
    /// The names that disappear with it.
    pub(super) gone: Names,
    /// The stage's member; `None` for a version without one.
    pub(super) member: Option<SourceKey>,
    /// Whether the whole member is removed.
    pub(super) is_whole: bool,
    /// Why it departed, if it did: then it may still be in AWS, and removal needs a confirmation.
    pub departure: Option<String>,
    /// The new API, if the whole member has moved: then the guard counts nothing as lost.
    pub moved_to: Option<EntityName>,
}

impl Removal {
    /// The gateway of the API or stage, if known.
    #[must_use]
    pub fn gateway(&self) -> Option<&Gateway> {
        self.member.as_ref().map(|member| &member.gateway)
    }

    /// Whether AWS is asked before the removal: not for a member that leaves although it may exist.
    pub(super) fn is_asked(&self) -> bool {
        !(self.is_whole && self.departure.is_some() || self.moved_to.is_some())
    }

    /// Whether its stages are in AWS after all, according to the existing members.
    pub(super) fn is_back(&self, stages: &BTreeMap<SourceKey, BTreeSet<EntityName>>) -> bool {
        match &self.member {
            Some(_) if !self.is_asked() => false,
            Some(member) if self.is_whole => stages.contains_key(member),
            Some(member) => {
                let found = stages.get(member);
                found.is_some_and(|found| !found.is_disjoint(&self.stages()))
            }
            None => stages.values().any(|found| !found.is_disjoint(&self.stages())),
        }
    }

    /// The versions of the stages to remove.
    fn stages(&self) -> BTreeSet<EntityName> {
        let of_member = |name: &EntityName| self.member.as_ref().and_then(|member| name.without_member(member));
        let deployments = self.gone.deployments.iter();
        let of_deployments = deployments.flat_map(|name| [Some(name.clone()), of_member(name)]);
        of_deployments
            .flatten()
            .chain(self.gone.versions.iter().cloned())
            .collect()
    }
}

/// The owners of the deployments below an API.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owners<'a> {
    /// The members, including leaving and unknown ones; for an API that stands alone, its only one.
    pub members: &'a [SourceKey],
    /// Those of a group that leave.
    pub going: &'a BTreeSet<SourceKey>,
    /// Why members leave although no list lacks them.
    pub leaving: &'a BTreeMap<SourceKey, Leave>,
    /// The deployments and versions of stages that departed.
    pub departed_stages: &'a BTreeSet<EntityName>,
    /// Whether it is a group.
    pub is_group: bool,
}

impl Owners<'_> {
    /// A removal with its reason, if that is not because something is gone.
    fn explained(&self, mut removal: Removal) -> Removal {
        let member = removal.member.as_ref().filter(|_| removal.is_whole);
        match member.and_then(|member| self.leaving.get(member)) {
            Some(Leave::Moved(to)) => removal.moved_to = Some(to.clone()),
            Some(Leave::Departed(why)) => removal.departure = Some(why.clone()),
            None => {
                let mut gone = removal.gone.deployments.iter().chain(&removal.gone.versions);
                let is_departed = gone.any(|name| self.departed_stages.contains(name));
                let why = || "the integration's rules changed and exclude stages".to_owned();
                removal.departure = is_departed.then(why);
            }
        }
        removal
    }

    /// The member and the version of a deployment.
    pub fn of(&self, deployment: &EntityName) -> (Option<&SourceKey>, EntityName) {
        if !self.is_group {
            return (self.members.first(), deployment.clone());
        }
        let mut found = self.members.iter();
        let found = found.find_map(|member| Some((Some(member), deployment.without_member(member)?)));
        found.unwrap_or_else(|| (None, deployment.clone()))
    }
}

/// The removals of everything of ours below an API that is not in `kept`, sorted by name.
///
/// Leftovers of an earlier API of this name do not count while the API is `made` by this run: they were never its
/// stages.
pub(super) fn plan_removals(
    api: &OwnedApi,
    owners: Owners<'_>,
    below: &Below,
    kept: &Names,
    made: bool,
) -> Vec<Removal> {
    let mut removals: BTreeMap<EntityName, Removal> = BTreeMap::new();
    // A version goes with the last of its stages.
    let mut last: BTreeMap<EntityName, EntityName> = BTreeMap::new();
    let mut own_definitions: BTreeSet<EntityPath> = BTreeSet::new();
    let deployments = below.deployments.iter();
    for deployment in deployments.filter(|found| !kept.deployments.contains(&found.name)) {
        let Some(owned) = api.deployment(deployment) else {
            continue;
        };
        let (member, version) = owners.of(&deployment.name);
        let is_whole = member.is_some_and(|member| owners.going.contains(member));
        let name = match member.filter(|_| is_whole).map(SourceKey::short_digest) {
            Some(digest) => EntityName::parse(&digest).unwrap_or_else(|_| deployment.name.clone()),
            None => deployment.name.clone(),
        };
        let removal = removal(&mut removals, &name, member, is_whole);
        removal.gone.deployments.insert(deployment.name.clone());
        removal.counted.deployments += usize::from(!made);
        removal.writes.push(Write::delete(owned, reason(is_whole)));
        if let Some(member) = member.filter(|_| owners.is_group) {
            let but = |name: &EntityName| *name == deployment.name;
            let own = own_definition_of(below, &version, member);
            let own = own.filter(|own| !below.is_named(&version, &own.name, but));
            let own = own.and_then(|own| api.own_definition(&version, &own.name));
            own_definitions.extend(own.iter().map(|own| own.path().clone()));
            let own = own.map(|own| Write::delete(own, reason(is_whole)));
            removal.writes.extend(own);
        }
        let later = last.get(&version).is_none_or(|other| *other < name);
        if later {
            last.insert(version, name);
        }
    }
    let versions = below.versions.iter();
    for version in versions.filter(|found| !kept.versions.contains(&found.name)) {
        let Some(owned) = api.version(&version.name) else {
            continue;
        };
        let name = last.get(&version.name).unwrap_or(&version.name).clone();
        let member = owners.members.first().filter(|_| !owners.is_group);
        let removal = removal(&mut removals, &name, member, false);
        removal.gone.versions.insert(version.name.clone());
        removal.counted.versions += usize::from(!made);
        let reason = reason(removal.is_whole);
        let definitions = below.definitions.get(&version.name).map(Vec::as_slice);
        let is_ours = |found: &&Entity| api.own_definition(&version.name, &found.name).is_some();
        let (mut ours, others): (Vec<&Entity>, Vec<&Entity>) =
            definitions.unwrap_or_default().iter().partition(is_ours);
        ours.sort_by_key(|found| &found.name);
        let owned_definitions = ours
            .iter()
            .filter_map(|found| api.definition(&version.name, &found.name));
        for definition in owned_definitions {
            // Unless an earlier removal includes it.
            if !own_definitions.contains(definition.path()) {
                removal.writes.push(Write::delete(definition, reason));
            }
        }
        // A version with somebody else's definitions stays.
        if others.is_empty() {
            removal.writes.push(Write::delete(owned, reason));
        }
    }
    let removals = removals.into_values().filter(|removal| !removal.writes.is_empty());
    removals.map(|removal| owners.explained(removal)).collect()
}

fn reason(is_whole: bool) -> &'static str {
    if is_whole {
        "the member is gone"
    } else {
        "the stage is gone"
    }
}

fn removal<'a>(
    removals: &'a mut BTreeMap<EntityName, Removal>,
    name: &EntityName,
    member: Option<&SourceKey>,
    is_whole: bool,
) -> &'a mut Removal {
    removals.entry(name.clone()).or_insert_with(|| Removal {
        name: name.clone(),
        writes: Vec::new(),
        counted: Counts::default(),
        gone: Names::default(),
        member: member.cloned(),
        is_whole,
        departure: None,
        moved_to: None,
    })
}
