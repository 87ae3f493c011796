//! The plan of one API and all that is below it.

use std::collections::{BTreeMap, BTreeSet};

use super::below::{Below, Standing};
use super::definition::plan_definition;
use super::fields::Write;
use super::fingerprint::fingerprint;
use super::removals::{Removal, plan_removals};
use super::rules::{RequiredMetadata, Rules, missing_message};
use super::version::{DeploymentPlan, Place, VersionPlan};
use crate::catalog::marker::{ApiMarker, ApiState, DefinitionRecord};
use crate::catalog::{OwnedApi, Vacant};
use crate::model::{
    Conflict, Definition, DesiredApi, DesiredDeployment, DesiredVersion, Entity, EntityName, EntityPath, Field, Skip,
    SkipReason,
};

/// The plan of one API.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiPlan {
    /// The first write of the API, before anything below it.
    pub opening: Option<Write>,
    /// What follows for each version.
    pub versions: Vec<VersionPlan>,
    /// What goes once the guard has allowed it.
    pub removals: Vec<Removal>,
    /// What is not below the API, as far as is known before the exports.
    pub skips: Vec<Skip>,
    /// What is in the way and not ours.
    pub conflicts: Vec<Conflict>,
    /// What the marker listed when this was planned.
    listed: ApiMarker,
    /// The marker after the opening.
    opened: ApiMarker,
    fingerprint: String,
}

/// What came of the writes below an API.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Finished {
    /// Skips that the exports brought.
    pub skips: Vec<Skip>,
    /// What the definitions hold whose versions were done.
    pub definitions: BTreeMap<EntityName, DefinitionRecord>,
    /// Whether something could not be written or exported for now.
    pub incomplete: bool,
    /// The removals that were made.
    pub removed: BTreeSet<EntityName>,
}

impl ApiPlan {
    /// Whether there is anything to do, removals included.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.opening.is_some() || !self.removals.is_empty() || self.versions.iter().any(VersionPlan::has_changes)
    }

    /// Whether a version is missing.
    #[must_use]
    pub fn makes_versions(&self) -> bool {
        self.versions.iter().any(VersionPlan::makes_version)
    }

    /// The last write of the API: what is recorded once everything below it was written.
    ///
    /// From then on only what it lists is ours, whether everything could be written or not.
    pub(super) fn closing(&self, api: &OwnedApi, finished: &Finished) -> Option<Write> {
        let mut marker = self.claimed(api);
        marker.versions.retain(|name| !finished.removed.contains(name));
        let record = &mut marker.record;
        record.deployments.retain(|name| !finished.removed.contains(name));
        record.stage_names.retain(|name, _| marker.versions.contains(name));
        record.urls.retain(|name, _| marker.versions.contains(name));
        record.definitions.extend(finished.definitions.clone());
        record
            .definitions
            .retain(|name, record| marker.versions.contains(name) && *record != DefinitionRecord::default());
        let all_removed = self
            .removals
            .iter()
            .all(|removal| finished.removed.contains(&removal.name));
        // What another run has listed meanwhile may be in this one's way: the next run looks again.
        let settled = !finished.incomplete && all_removed && !self.is_overlapped(api) && !self.makes_room(finished);
        record.skipped = self.skips.iter().chain(&finished.skips).cloned().collect();
        sort(&mut record.skipped);
        record.fingerprint = settled.then(|| self.fingerprint.clone());
        record.state = if settled { ApiState::Synced } else { ApiState::Updating };
        let fields = marker.fields();
        Write::update(
            api.owned().clone(),
            &api.entity.properties,
            fields,
            "everything below it was written",
        )
    }

    /// The write that ends the claim to everything below an API that is being made, for when an error ends the work on it.
    ///
    /// The error may last, and what people add meanwhile is theirs. `None` where there is no such claim.
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

    /// Whether the removals have made room for what was left out: the next run looks again.
    fn makes_room(&self, finished: &Finished) -> bool {
        let is_for_room = |skip: &Skip| {
            matches!(
                skip.reason,
                SkipReason::TooManyVersions | SkipReason::TooManyDeployments
            )
        };
        !finished.removed.is_empty() && self.skips.iter().any(is_for_room)
    }

    /// Whether another run has listed versions or deployments since this was planned.
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

    /// The marker with all names that are ours once not everything is any more.
    fn claimed(&self, api: &OwnedApi) -> ApiMarker {
        let mut marker = self.opened.clone();
        // A run that overlaps may have listed versions of its own since: what it makes would be nobody's without them.
        let others = api.marker.versions.difference(&self.listed.versions);
        marker.versions.extend(others.cloned());
        let (found, listed) = (&api.marker.record.deployments, &self.listed.record.deployments);
        marker.record.deployments.extend(found.difference(listed).cloned());
        // What is left over below an API that is being made was never listed.
        if self.opened.record.state == ApiState::Creating {
            for removal in &self.removals {
                marker.versions.insert(removal.name.clone());
                marker.record.deployments.insert(removal.name.clone());
            }
        }
        marker
    }
}

/// The write that takes the fingerprint off an API: the next run looks at it first, and below it.
#[must_use]
pub fn unsettle(api: &OwnedApi) -> Option<Write> {
    let mut marker = api.marker.clone();
    marker.record.fingerprint = None;
    let (properties, fields) = (&api.entity.properties, marker.fields());
    Write::update(api.owned().clone(), properties, fields, "what is below it is not known")
}

/// Plans an API whose own fields differ and below which nothing has to be looked at.
#[must_use]
pub(super) fn plan_listed_fields(rules: &Rules, desired: &DesiredApi, current: &OwnedApi) -> Option<Write> {
    Write::update(
        current.owned().clone(),
        &current.entity.properties,
        listed_fields(rules, desired, current),
        "the API changed",
    )
}

/// The fields that are put right in an API that is there.
pub(super) fn listed_fields(rules: &Rules, desired: &DesiredApi, current: &OwnedApi) -> Vec<Field> {
    let mut fields = desired.fields.enforced.clone();
    fields.extend(RequiredMetadata::supplied(
        &rules.required.api,
        &current.entity.properties,
        &desired.fields.initial,
    ));
    fields
}

/// Plans an API and all that is below it.
#[must_use]
pub fn plan_api(rules: &Rules, desired: &DesiredApi, standing: &Standing, below: &Below) -> ApiPlan {
    let mut planner = Planner::new(rules, desired, standing, below);
    let versions: Vec<VersionPlan> = desired
        .versions
        .iter()
        .filter_map(|version| planner.plan_version(version))
        .collect();
    planner.finish(versions)
}

/// What planning an API has come to.
struct Planner<'a> {
    rules: &'a Rules,
    desired: &'a DesiredApi,
    standing: &'a Standing,
    below: &'a Below,
    version_room: usize,
    deployment_room: usize,
    skips: Vec<Skip>,
    conflicts: Vec<Conflict>,
}

impl<'a> Planner<'a> {
    fn new(rules: &'a Rules, desired: &'a DesiredApi, standing: &'a Standing, below: &'a Below) -> Self {
        Self {
            rules,
            desired,
            standing,
            below,
            version_room: rules.limits.versions_per_api.saturating_sub(below.versions.len()),
            deployment_room: rules.limits.deployments_per_api.saturating_sub(below.deployments.len()),
            skips: desired.skips.clone(),
            conflicts: Vec::new(),
        }
    }

    fn api_name(&self) -> EntityName {
        let owned = self.standing.owned();
        owned.map_or_else(|| self.desired.name.clone(), |api| api.name.clone())
    }

    fn plan_version(&mut self, desired: &DesiredVersion) -> Option<VersionPlan> {
        let owned_api = self.standing.owned();
        let path = EntityPath::Version(self.api_name(), desired.name.clone());
        let found = self.below.versions.iter().find(|version| version.name == desired.name);
        let owned = found.and_then(|version| owned_api?.version(&version.name));
        let mut others: Vec<EntityPath> = Vec::new();
        if found.is_some() && owned.is_none() {
            others.push(path.clone());
        }
        others.extend(
            desired
                .deployments
                .iter()
                .filter_map(|deployment| self.other_at(deployment)),
        );
        if !others.is_empty() {
            let paths: Vec<String> = others.iter().map(ToString::to_string).collect();
            let message = format!("{} is there and not this integration's", paths.join(" and "));
            self.leave_out(desired, SkipReason::NameCollision, message);
            self.conflicts.extend(paths.into_iter().map(|name| Conflict { name }));
            return None;
        }
        let version = match (owned, found, Vacant::at(path, found)) {
            (Some(owned), Some(found), _) => Write::update(
                owned,
                &found.properties,
                desired.fields.enforced.clone(),
                "its title was changed",
            ),
            (_, _, Some(vacant)) if self.version_room > 0 => {
                self.version_room -= 1;
                let fields = desired.fields.enforced.iter().chain(&desired.fields.initial);
                Some(Write::create(vacant, fields.cloned().collect(), "the stage is new"))
            }
            (_, _, _) => {
                let limit = self.rules.limits.versions_per_api;
                let message = format!("the API center's plan has room for {limit} versions of an API");
                self.leave_out(desired, SkipReason::TooManyVersions, message);
                return None;
            }
        };
        self.skips.extend(desired.skips.iter().cloned());
        let deployments = desired.deployments.iter();
        let deployments: Vec<DeploymentPlan> = deployments
            .filter_map(|deployment| self.plan_deployment(desired, deployment))
            .collect();
        Some(self.assemble(desired, version, deployments))
    }

    /// The path of a deployment, if something that is not ours is there.
    fn other_at(&self, desired: &DesiredDeployment) -> Option<EntityPath> {
        let found = self.found_deployment(&desired.name)?;
        let owned = self.standing.owned().and_then(|api| api.deployment(found));
        owned
            .is_none()
            .then(|| EntityPath::Deployment(self.api_name(), desired.name.clone()))
    }

    fn found_deployment(&self, name: &EntityName) -> Option<&'a Entity> {
        self.below
            .deployments
            .iter()
            .find(|deployment| deployment.name == *name)
    }

    fn plan_deployment(&mut self, version: &DesiredVersion, desired: &DesiredDeployment) -> Option<DeploymentPlan> {
        let path = EntityPath::Deployment(self.api_name(), desired.name.clone());
        let found = self.found_deployment(&desired.name);
        let required = &self.rules.required.deployment;
        let current = found.map(|found| &found.properties);
        let missing = RequiredMetadata::missing(required, current, &desired.fields);
        if !missing.is_empty() {
            let message = missing_message("deployment", &missing);
            self.leave_out(version, SkipReason::MissingMetadata, message);
            return None;
        }
        let owned = found.and_then(|deployment| self.standing.owned()?.deployment(deployment));
        let place = match (owned, found, Vacant::at(path, found)) {
            (Some(owned), Some(found), _) => Place::Found(owned, found.properties.clone()),
            (_, _, Some(vacant)) if self.deployment_room > 0 => {
                self.deployment_room -= 1;
                Place::Vacant(vacant)
            }
            (_, _, _) => {
                let limit = self.rules.limits.deployments_per_api;
                let message = format!("an API has at most {limit} deployments");
                self.leave_out(version, SkipReason::TooManyDeployments, message);
                return None;
            }
        };
        let supplied = current.map(|current| RequiredMetadata::supplied(required, current, &desired.fields.initial));
        Some(DeploymentPlan {
            desired: desired.clone(),
            place,
            supplied: supplied.unwrap_or_default(),
        })
    }

    fn assemble(
        &mut self,
        desired: &DesiredVersion,
        version: Option<Write>,
        deployments: Vec<DeploymentPlan>,
    ) -> VersionPlan {
        let api = self.standing.owned();
        let recorded = api.and_then(|api| api.marker.record.definitions.get(&desired.name).cloned());
        let mut recorded = recorded.unwrap_or_default();
        let name = EntityName::definition(desired.format);
        let path = EntityPath::Definition(self.api_name(), desired.name.clone(), name);
        let (definition, refused) = plan_definition(api, path, self.below, desired, &recorded);
        self.skips.extend(refused);
        if desired.definition == Definition::Absent {
            recorded = DefinitionRecord::default();
        }
        VersionPlan {
            desired: desired.clone(),
            version,
            definition,
            recorded,
            integration: self.rules.integration.to_string(),
            api: self.api_name(),
            deployments,
        }
    }

    fn leave_out(&mut self, version: &DesiredVersion, reason: SkipReason, message: String) {
        self.skips.push(Skip {
            stage_name: Some(version.stage_name.clone()),
            reason,
            message,
        });
    }

    fn finish(mut self, versions: Vec<VersionPlan>) -> ApiPlan {
        sort(&mut self.skips);
        // A stage that is left out keeps what is there of it.
        let mut kept: BTreeSet<EntityName> = BTreeSet::new();
        for version in &self.desired.versions {
            kept.insert(version.name.clone());
            kept.extend(version.deployments.iter().map(|deployment| deployment.name.clone()));
        }
        let made = matches!(self.standing, Standing::Made(_));
        let removals = match self.standing.owned() {
            Some(api) => plan_removals(api, self.below, &kept, made),
            None => Vec::new(),
        };
        let fingerprint = fingerprint(self.desired, self.rules.on_demand);
        let works = !removals.is_empty() || versions.iter().any(VersionPlan::has_changes);
        let listed = match self.standing.owned() {
            Some(api) => api.marker.clone(),
            None => ApiMarker::new(self.rules.integration.to_string(), &self.desired.name),
        };
        let opened = self.opened(&listed, &versions, &removals, &kept, (!works).then_some(&fingerprint));
        let opening = self.opening(&opened, works);
        ApiPlan {
            opening,
            versions,
            removals,
            skips: self.skips,
            conflicts: self.conflicts,
            listed,
            opened,
            fingerprint,
        }
    }

    /// The marker after the opening: what is about to be ours is listed before it is made, and what a definition holds is
    /// not vouched for while it is being replaced. It has a fingerprint only if nothing below the API changes.
    fn opened(
        &self,
        listed: &ApiMarker,
        versions: &[VersionPlan],
        removals: &[Removal],
        kept: &BTreeSet<EntityName>,
        fingerprint: Option<&String>,
    ) -> ApiMarker {
        let mut marker = listed.clone();
        marker.members.clone_from(&self.desired.members);
        // A name that is not desired stays listed until it is removed. What was left to somebody else is theirs from then on.
        let going: BTreeSet<&EntityName> = removals.iter().map(|removal| &removal.name).collect();
        let there = |entities: &[Entity], name: &EntityName| entities.iter().any(|entity| entity.name == *name);
        let stays = |entities: &[Entity], name: &EntityName| {
            there(entities, name) && (kept.contains(name) || going.contains(name))
        };
        marker.versions.retain(|name| stays(&self.below.versions, name));
        marker
            .versions
            .extend(versions.iter().map(|version| version.desired.name.clone()));
        let record = &mut marker.record;
        record.deployments.retain(|name| stays(&self.below.deployments, name));
        let deployments = versions.iter().flat_map(|version| &version.deployments);
        record
            .deployments
            .extend(deployments.map(|deployment| deployment.desired.name.clone()));
        for desired in &self.desired.versions {
            let name = || desired.name.clone();
            record.stage_names.insert(name(), desired.stage_name.clone());
            record.urls.insert(name(), desired.urls.clone());
        }
        let named = &marker.versions;
        record
            .stage_names
            .retain(|name, stage| named.contains(name) && name.as_str() != stage.as_str());
        for version in versions {
            if version.needs_export() || version.recorded == DefinitionRecord::default() {
                record.definitions.remove(&version.desired.name);
            }
        }
        record.definitions.retain(|name, _| named.contains(name));
        record.urls.retain(|name, _| named.contains(name));
        record.fingerprint = fingerprint.cloned();
        match (fingerprint, self.standing) {
            (Some(_), _) => {
                record.skipped.clone_from(&self.skips);
                record.state = ApiState::Synced;
            }
            (None, Standing::Missing(_)) => record.state = ApiState::Creating,
            (None, Standing::Made(_) | Standing::Owned(_)) if record.state == ApiState::Creating => (),
            (None, Standing::Made(_) | Standing::Owned(_)) => record.state = ApiState::Updating,
        }
        marker
    }

    /// The API's first write: its own fields, and what is about to be ours below it.
    fn opening(&self, opened: &ApiMarker, works: bool) -> Option<Write> {
        let current = match self.standing {
            Standing::Made(current) | Standing::Owned(current) => current,
            Standing::Missing(vacant) => {
                let mut fields = self.desired.fields.enforced.clone();
                fields.extend(self.desired.fields.initial.iter().cloned());
                fields.extend(opened.fields());
                return Some(Write::create(vacant.clone(), fields, "the API is new"));
            }
        };
        let mut fields = listed_fields(self.rules, self.desired, current);
        let reason = if works {
            "what is below it changes"
        } else {
            "the API changed"
        };
        fields.extend(opened.fields());
        Write::update(current.owned().clone(), &current.entity.properties, fields, reason)
    }
}

/// One order, whether a skip is new or was recorded, so that the same skips are written the same way.
fn sort(skips: &mut Vec<Skip>) {
    skips.sort_by(|one, other| (&one.stage_name, one.reason).cmp(&(&other.stage_name, other.reason)));
    skips.dedup();
}
