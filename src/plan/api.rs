//! The plan of one API and everything below it.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::Write;
use super::members::{Member, api_fields, recorded};
use super::removals::{Owners, Removal};
use super::rules::{RequiredMetadata, Rules};
use super::version::VersionPlan;
use crate::catalog::OwnedApi;
use crate::catalog::marker::{ApiMarker, ApiState, DefinitionRecord};
use crate::model::{Conflict, DesiredApi, EntityName, EntityPath, Field, Leave, Skip, SkipReason, SourceKey};

/// The plan of one API.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiPlan {
    /// The first write of the API, before anything below it.
    pub opening: Option<Write>,
    /// The versions, after the opening.
    pub versions: Vec<VersionPlan>,
    /// The removals, once the guard has allowed them.
    pub removals: Vec<Removal>,
    /// What is skipped below the API, as far as is known before the exports.
    pub skips: Vec<Skip>,
    /// Somebody else's entities in the way.
    pub conflicts: Vec<Conflict>,
    /// What the marker listed at planning time.
    pub(super) listed: ApiMarker,
    /// The marker after the opening.
    pub(super) opened: ApiMarker,
    pub(super) fingerprints: Fingerprints,
    /// The members that are readable, unknown, or to be removed.
    pub(super) members: Vec<SourceKey>,
    /// Those of a group that are to be removed.
    pub(super) going: BTreeSet<SourceKey>,
    /// Why members leave although no list lacks them.
    pub(super) leaving: BTreeMap<SourceKey, Leave>,
    /// The deployments and versions of stages that departed.
    pub(super) departed_stages: BTreeSet<EntityName>,
    pub(super) is_group: bool,
}

/// The fingerprints that the marker gets once everything is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fingerprints {
    pub api: String,
    /// Those of the members; unknown members keep theirs.
    pub members: BTreeMap<String, String>,
}

/// The outcome of the writes below an API.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Finished {
    /// Skips from the exports.
    pub skips: Vec<Skip>,
    /// The definitions of the finished stages, by deployment.
    pub definitions: BTreeMap<EntityName, DefinitionRecord>,
    /// The members' own definitions in the finished versions.
    pub own_definitions: BTreeMap<EntityName, BTreeSet<EntityName>>,
    /// Whether something could not be written or exported now.
    pub incomplete: bool,
    /// Whether an unused definition was deleted.
    pub is_tidied: bool,
    /// The finished removals, by name.
    pub removed: BTreeSet<EntityName>,
}

impl ApiPlan {
    /// Whether there is anything to do, including removals.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.opening.is_some() || !self.removals.is_empty() || self.versions.iter().any(VersionPlan::has_changes)
    }

    /// Whether a version is missing.
    #[must_use]
    pub fn makes_versions(&self) -> bool {
        self.versions.iter().any(VersionPlan::makes_version)
    }

    /// The API's last write: records the results once everything below it was written.
    ///
    /// From then on only what it lists is ours, whether everything could be written or not.
    pub(super) fn closing(&self, api: &OwnedApi, finished: &Finished) -> Option<Write> {
        let mut marker = self.claimed(api);
        for removal in self
            .removals
            .iter()
            .filter(|removal| finished.removed.contains(&removal.name))
        {
            marker.versions.retain(|name| !removal.gone.versions.contains(name));
            let record = &mut marker.record;
            record
                .deployments
                .retain(|name| !removal.gone.deployments.contains(name));
            record.urls.retain(|name, _| !removal.gone.deployments.contains(name));
            record
                .definitions
                .retain(|name, _| !removal.gone.deployments.contains(name));
            let gone = removal.member.as_ref().filter(|_| removal.is_whole);
            marker.members.retain(|member| Some(member) != gone);
        }
        let mut record = marker.record.clone();
        record.stage_names.retain(|name, _| marker.versions.contains(name));
        record.urls.retain(|name, _| marker.version_of(name).is_some());
        record.definitions.extend(finished.definitions.clone());
        record
            .definitions
            .retain(|name, record| marker.version_of(name).is_some() && *record != DefinitionRecord::default());
        record.own_definitions.extend(finished.own_definitions.clone());
        let removed = self
            .removals
            .iter()
            .filter(|removal| finished.removed.contains(&removal.name));
        for write in removed.flat_map(|removal| &removal.writes) {
            if let EntityPath::Definition(_, version, name) = write.path()
                && let Some(own) = record.own_definitions.get_mut(version)
            {
                own.remove(name);
            }
        }
        record
            .own_definitions
            .retain(|name, own| marker.versions.contains(name) && !own.is_empty());
        let all_removed = self
            .removals
            .iter()
            .all(|removal| finished.removed.contains(&removal.name));
        // Names that another run has listed meanwhile may conflict: the next run looks again.
        let settled = !finished.incomplete && all_removed && !self.is_overlapped(api) && !self.makes_room(finished);
        record.skipped = self.skips.iter().chain(&finished.skips).cloned().collect();
        sort(&mut record.skipped);
        record.fingerprint = settled.then(|| self.fingerprints.api.clone());
        if settled {
            record.members.clone_from(&self.fingerprints.members);
        }
        record.state = if settled { ApiState::Synced } else { ApiState::Updating };
        marker.record = record;
        let fields = marker.fields();
        Write::update(
            api.owned().clone(),
            &api.entity.properties,
            fields,
            "everything below it was written",
        )
    }

    /// The write that disclaims everything below an API under construction, after an error ended the work on it.
    ///
    /// The error may last, and what people add meanwhile is theirs. `None` if there is no such claim.
    pub(super) fn disclaiming(&self, api: &OwnedApi) -> Option<Write> {
        if api.marker.record.state != ApiState::Creating {
            return None;
        }
        let mut marker = self.claimed(api);
        marker.record.state = ApiState::Updating;
        Write::update(
            api.owned().clone(),
            &api.entity.properties,
            marker.fields(),
            "not everything below it could be written",
        )
    }

    /// Whether the removals have made room for skipped entities: the next run looks again.
    fn makes_room(&self, finished: &Finished) -> bool {
        let is_for_room = |skip: &Skip| {
            matches!(
                skip.reason,
                SkipReason::TooManyVersions | SkipReason::TooManyDeployments | SkipReason::TooManyDefinitions
            )
        };
        let has_room = finished.is_tidied || !finished.removed.is_empty();
        self.is_led_by_another(finished) || has_room && self.skips.iter().chain(&finished.skips).any(is_for_room)
    }

    /// Whether a member was removed, so that another one may take its place.
    pub(super) fn is_led_by_another(&self, finished: &Finished) -> bool {
        !self.going.is_empty() && !finished.removed.is_empty()
    }

    /// The owners of the deployments below the API.
    pub(super) fn owners(&self) -> Owners<'_> {
        Owners {
            members: &self.members,
            going: &self.going,
            leaving: &self.leaving,
            departed_stages: &self.departed_stages,
            is_group: self.is_group,
        }
    }

    /// Whether another run has listed versions or deployments since planning.
    fn is_overlapped(&self, api: &OwnedApi) -> bool {
        let (versions, deployments) = (&api.marker.versions, &api.marker.record.deployments);
        let known = |name: &EntityName| {
            self.opened.versions.contains(name)
                || self.opened.record.deployments.contains(name)
                || self.listed.versions.contains(name)
                || self.listed.record.deployments.contains(name)
        };
        !versions.iter().chain(deployments).all(known)
    }

    /// The marker with the names that are ours once the claim to everything ends.
    fn claimed(&self, api: &OwnedApi) -> ApiMarker {
        let mut marker = self.opened.clone();
        // Keep what an overlapping run has listed since: otherwise the entities it creates would be nobody's.
        let others = api.marker.versions.difference(&self.listed.versions);
        marker.versions.extend(others.cloned());
        let (found, listed) = (&api.marker.record.deployments, &self.listed.record.deployments);
        marker.record.deployments.extend(found.difference(listed).cloned());
        // Leftovers below an API under construction were never listed.
        if self.opened.record.state == ApiState::Creating {
            for removal in &self.removals {
                marker.versions.extend(removal.gone.versions.iter().cloned());
                marker
                    .record
                    .deployments
                    .extend(removal.gone.deployments.iter().cloned());
            }
        }
        marker
    }
}

/// The write that removes the fingerprint of an API, so that the next run starts with it and looks below it.
#[must_use]
pub fn unsettle(api: &OwnedApi) -> Option<Write> {
    let mut marker = api.marker.clone();
    marker.record.fingerprint = None;
    let (properties, fields) = (&api.entity.properties, marker.fields());
    Write::update(api.owned().clone(), properties, fields, "what is below it is unknown")
}

/// Plans an API whose own fields differ while everything below it is current.
#[must_use]
pub(super) fn plan_listed_fields(rules: &Rules, desired: &DesiredApi, current: &OwnedApi) -> Option<Write> {
    let members = recorded(desired, &current.marker);
    let fields = listed_fields(rules, &members, current);
    let properties = &current.entity.properties;
    Write::update(current.owned().clone(), properties, fields, "the API changed")
}

/// The enforced fields of an existing API.
pub(super) fn listed_fields(rules: &Rules, members: &[Member<'_>], current: &OwnedApi) -> Vec<Field> {
    let properties = &current.entity.properties;
    let fields = api_fields(members, Some(properties));
    let supplied = RequiredMetadata::supplied(&rules.required.api, properties, &fields.initial);
    fields.enforced.into_iter().chain(supplied).collect()
}

/// Sorts new and recorded skips alike, so that equal skips are written equally.
pub(super) fn sort(skips: &mut Vec<Skip>) {
    let key = |skip: &Skip| (skip.stage_name.clone(), skip.reason, skip.member.clone());
    skips.sort_by_cached_key(key);
    skips.dedup();
}
