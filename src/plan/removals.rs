//! What of ours below an API goes: the versions and deployments of stages that are no longer on their gateways, and all that is
//! of a group's member which is none any more.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use super::below::Below;
use super::fields::Write;
use super::seat::own_definition_of;
use crate::catalog::OwnedApi;
use crate::model::{Entity, EntityName, EntityPath, Gateway, Leave, SourceKey};

/// How much there is of what is below APIs.
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

/// Versions and deployments of ours by their names.
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

/// A stage of ours that is gone, or a member of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Removal {
    /// The name of the stage's deployment, or of its version, or the short digest of the member's key.
    pub name: EntityName,
    /// The deletions, in the order to make them.
    pub writes: Vec<Write>,
    /// What the guard counts of it.
    pub counted: Counts,
    /// What is below the API no more once they are made.
    pub(super) gone: Names,
    /// The member whose stage it is; `None` for a version that is of none.
    pub(super) member: Option<SourceKey>,
    /// Whether all of the member goes.
    pub(super) is_whole: bool,
    /// Why it departed, where it did: then it may be on Amazon, and goes only once that is confirmed.
    pub departure: Option<String>,
    /// The API that it is part of now, where all of a member has moved there: then nothing is lost that the guard counts.
    pub moved_to: Option<EntityName>,
}

impl Removal {
    /// The gateway whose API or stage goes, if it is known.
    #[must_use]
    pub fn gateway(&self) -> Option<&Gateway> {
        self.member.as_ref().map(|member| &member.gateway)
    }

    /// Whether Amazon is asked before anything goes: not for a member that leaves although it may be there.
    pub(super) fn is_asked(&self) -> bool {
        !(self.is_whole && self.departure.is_some() || self.moved_to.is_some())
    }

    /// Whether what goes is on Amazon after all: its stages by the members that are there.
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

    /// The versions of the stages that go.
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

/// Whose the deployments below an API are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owners<'a> {
    /// The members, those that go and are unknown included; of an API that stands alone its only one.
    pub members: &'a [SourceKey],
    /// Those of a group that go.
    pub going: &'a BTreeSet<SourceKey>,
    /// Why members leave it although no list says that they are gone.
    pub leaving: &'a BTreeMap<SourceKey, Leave>,
    /// The deployments and versions of stages that departed.
    pub departed_stages: &'a BTreeSet<EntityName>,
    /// Whether it is a group.
    pub is_group: bool,
}

impl Owners<'_> {
    /// A removal with why it is made, where it is not because something is gone.
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

    /// The member of a deployment and the version that it is of.
    pub fn of(&self, deployment: &EntityName) -> (Option<&SourceKey>, EntityName) {
        if !self.is_group {
            return (self.members.first(), deployment.clone());
        }
        let mut found = self.members.iter();
        let found = found.find_map(|member| Some((Some(member), deployment.without_member(member)?)));
        found.unwrap_or_else(|| (None, deployment.clone()))
    }
}

/// The removals below an API of everything that is ours and not in `kept`, in the order of names.
///
/// What is left over from an earlier API of this name is not counted while the API is `made` by this run: it never was a
/// stage of this one.
pub(super) fn plan_removals(
    api: &OwnedApi,
    owners: Owners<'_>,
    below: &Below,
    kept: &Names,
    made: bool,
) -> Vec<Removal> {
    let mut removals: BTreeMap<EntityName, Removal> = BTreeMap::new();
    // A version goes with the last of the stages that are left of it.
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
            // Another removal that comes before this one takes it along already.
            if !own_definitions.contains(definition.path()) {
                removal.writes.push(Write::delete(definition, reason));
            }
        }
        // A version that holds somebody's own definitions stays with them.
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
