//! Plans an API and everything below it.

mod opening;

use std::collections::BTreeSet;

use super::api::{ApiPlan, sort};
use super::below::{Below, Standing};
use super::definition::plan_definition;
use super::fields::Write;
use super::members::{Member, is_going, leader, members};
use super::removals::{Names, Owners, plan_removals};
use super::rooms::{Rooms, allot};
use super::rules::{RequiredMetadata, Rules, missing_message};
use super::seat::Seat;
use super::stage::{Base, DeploymentPlan, Place, StagePlan};
use super::version::{DEFINITIONS_PER_VERSION, OwnDefinition, VersionPlan};
use crate::catalog::Vacant;
use crate::catalog::marker::{ApiMarker, DefinitionRecord};
use crate::model::{
    Conflict, Definition, DesiredApi, DesiredDeployment, DesiredVersion, Entity, EntityName, EntityPath, Fields, Skip,
    SkipReason, SourceKey,
};

/// Plans an API and everything below it.
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

/// The state of planning an API.
struct Planner<'a> {
    rules: &'a Rules,
    desired: &'a DesiredApi,
    standing: &'a Standing,
    below: &'a Below,
    /// All members with a place.
    members: Vec<Member<'a>>,
    version_room: usize,
    rooms: Rooms,
    skips: Vec<Skip>,
    conflicts: Vec<Conflict>,
}

impl<'a> Planner<'a> {
    fn new(rules: &'a Rules, desired: &'a DesiredApi, standing: &'a Standing, below: &'a Below) -> Self {
        let owned = standing.owned();
        let mut members = members(desired, owned.map(|api| &api.marker));
        let (rooms, out) = allot(desired, owned, below, rules.limits.deployments_per_api);
        let keys: BTreeSet<SourceKey> = out.iter().map(|(key, _)| key.clone()).collect();
        // A killed run may have left names of a member without any entities.
        let is_there = |key: &SourceKey| {
            below
                .deployments
                .iter()
                .any(|found| found.name.without_member(key).is_some())
        };
        let stays =
            |member: &Member<'_>| member.told.is_some() || desired.unknown.contains(member.key) || is_there(member.key);
        members.retain(|member| !keys.contains(member.key) && stays(member));
        let skips = desired.skips.iter().cloned();
        let unknown = desired.unknown.iter();
        let recorded = owned
            .map(|api| api.marker.record.skipped.as_slice())
            .unwrap_or_default();
        let recorded = unknown.flat_map(|key| recorded.iter().filter(|skip| skip.is_of(key)));
        Self {
            rules,
            desired,
            standing,
            below,
            members,
            version_room: rules.limits.versions_per_api.saturating_sub(below.versions.len()),
            rooms,
            skips: skips
                .chain(out.into_iter().map(|(_, skip)| skip))
                .chain(recorded.cloned())
                .collect(),
            conflicts: Vec::new(),
        }
    }

    fn marker(&self) -> Option<&'a ApiMarker> {
        self.standing.owned().map(|api| &api.marker)
    }

    fn api_name(&self) -> EntityName {
        let owned = self.standing.owned();
        owned.map_or_else(|| self.desired.name.clone(), |api| api.name.clone())
    }

    fn plan_version(&mut self, desired: &DesiredVersion) -> Option<VersionPlan> {
        let mut desired = desired.clone();
        desired.deployments.retain(|stage| !self.rooms.is_out(&stage.from));
        if desired.deployments.is_empty() {
            return None;
        }
        let owned_api = self.standing.owned();
        let path = EntityPath::Version(self.api_name(), desired.name.clone());
        let found = self.below.versions.iter().find(|version| version.name == desired.name);
        let owned = found.and_then(|version| owned_api?.version(&version.name));
        let mut others: Vec<EntityPath> = Vec::new();
        if found.is_some() && owned.is_none() {
            others.push(path.clone());
        }
        let stages = desired.deployments.iter().filter(|_| !self.desired.is_group);
        others.extend(stages.filter_map(|stage| self.other_at(stage)));
        if !others.is_empty() {
            self.collide(&desired, None, &others);
            return None;
        }
        let leader = leader(&self.members, self.marker(), &desired);
        let fields = &desired.deployments.first()?.version;
        let version = match (owned, found, Vacant::at(path, found)) {
            (Some(owned), Some(found), _) => {
                let enforced = fields.enforced.clone();
                let enforced = leader.and_then(|leader| leader.told).map(|_| enforced);
                let reason = "its title was changed";
                Write::update(owned, &found.properties, enforced.unwrap_or_default(), reason)
            }
            (_, _, Some(vacant)) if self.version_room > 0 => {
                self.version_room -= 1;
                let Fields { enforced, initial, .. } = fields;
                let fields = enforced.iter().chain(initial);
                Some(Write::create(vacant, fields.cloned().collect(), "the stage is new"))
            }
            (_, _, _) => {
                let limit = self.rules.limits.versions_per_api;
                let message = format!("the API center's plan allows {limit} versions of an API");
                self.leave_out(&desired, None, SkipReason::TooManyVersions, message);
                return None;
            }
        };
        Some(self.plan_stages(desired, version, leader))
    }

    fn plan_stages(
        &mut self,
        desired: DesiredVersion,
        version: Option<Write>,
        leader: Option<Member<'_>>,
    ) -> VersionPlan {
        let mut stages = Vec::new();
        for stage in &desired.deployments {
            self.skips.extend(stage.skips.iter().cloned());
            let leads = leader.is_some_and(|leader| *leader.key == stage.from);
            let collides = self.other_at(stage);
            let deployment = match collides {
                Some(other) => {
                    self.collide(&desired, Some(stage), &[other]);
                    None
                }
                None => self.plan_deployment(&desired, stage),
            };
            // Skip a definition that no deployment would refer to, unless it is the version's.
            if leads || deployment.is_some() {
                stages.push(self.plan_stage(&desired, stage, leads, deployment));
            }
        }
        let found = self
            .below
            .definitions
            .get(&desired.name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let base = EntityName::definition(desired.format);
        let is_missing = !found.iter().any(|definition| definition.name == base);
        let room = DEFINITIONS_PER_VERSION.saturating_sub(found.len() + usize::from(is_missing));
        let unknown = leader.filter(|leader| leader.told.is_none());
        let plan = VersionPlan {
            version,
            unknown_base: unknown.map(|leader| self.unknown_base(&desired.name, leader.key, is_missing, room)),
            room,
            own: self.own_definitions(&desired, found),
            desired,
            stages,
        };
        let base = plan.base();
        self.skips
            .extend(plan.stages.iter().filter_map(|stage| stage.known_skip(&base)));
        plan
    }

    /// The recorded definition of a version whose leader could not be read.
    fn unknown_base(&self, version: &EntityName, leader: &SourceKey, is_missing: bool, room: usize) -> Base {
        let definitions = self.marker().map(|marker| &marker.record.definitions);
        let record = definitions.and_then(|definitions| definitions.get(&version.of_member(leader)));
        let record = record.filter(|record| !record.own && record.content_digest.is_some() && !is_missing);
        Base {
            is_known: record.is_some(),
            digest: record.and_then(|record| record.comparison_digest.clone()),
            room,
        }
    }

    fn own_definitions(&self, desired: &DesiredVersion, found: &[Entity]) -> Vec<OwnDefinition> {
        let listed = self
            .marker()
            .and_then(|marker| marker.record.own_definitions.get(&desired.name));
        let is_here = |name: &EntityName| desired.deployments.iter().any(|stage| stage.name == *name);
        let listed_here = found
            .iter()
            .filter(|found| listed.is_some_and(|listed| listed.contains(&found.name)));
        let mut own: Vec<OwnDefinition> = listed_here
            .filter_map(|found| {
                let owned = self.standing.owned()?.own_definition(&desired.name, &found.name)?;
                Some(OwnDefinition {
                    owned,
                    is_named: self.below.is_named(&desired.name, &found.name, is_here),
                    name: found.name.clone(),
                })
            })
            .collect();
        own.sort_by(|one, other| one.name.cmp(&other.name));
        own
    }

    /// The path of a deployment with this name that is not ours.
    fn other_at(&self, desired: &DesiredDeployment) -> Option<EntityPath> {
        let found = self.below.deployment(&desired.name)?;
        let owned = self.standing.owned().and_then(|api| api.deployment(found));
        owned
            .is_none()
            .then(|| EntityPath::Deployment(self.api_name(), desired.name.clone()))
    }

    fn plan_deployment(&mut self, version: &DesiredVersion, desired: &DesiredDeployment) -> Option<DeploymentPlan> {
        let path = EntityPath::Deployment(self.api_name(), desired.name.clone());
        let found = self.below.deployment(&desired.name);
        let required = &self.rules.required.deployment;
        let current = found.map(|found| &found.properties);
        let missing = RequiredMetadata::missing(required, current, &desired.fields);
        if !missing.is_empty() {
            let message = missing_message("deployment", &missing);
            self.leave_out(version, Some(desired), SkipReason::MissingMetadata, message);
            return None;
        }
        let owned = found.and_then(|deployment| self.standing.owned()?.deployment(deployment));
        let place = match (owned, found, Vacant::at(path, found)) {
            (Some(owned), Some(found), _) => Place::Found(owned, found.properties.clone()),
            (_, _, Some(vacant)) if self.rooms.take(&desired.from) => Place::Vacant(vacant),
            (_, _, _) => {
                let limit = self.rules.limits.deployments_per_api;
                let message = format!("an API has at most {limit} deployments");
                self.leave_out(version, Some(desired), SkipReason::TooManyDeployments, message);
                return None;
            }
        };
        let supplied = current.map(|current| RequiredMetadata::supplied(required, current, &desired.fields.initial));
        Some(DeploymentPlan {
            place,
            supplied: supplied.unwrap_or_default(),
        })
    }

    fn plan_stage(
        &mut self,
        version: &DesiredVersion,
        desired: &DesiredDeployment,
        leads: bool,
        deployment: Option<DeploymentPlan>,
    ) -> StagePlan {
        let seat = Seat {
            integration: self.rules.integration.to_string(),
            api: self.api_name(),
            version: version.name.clone(),
            stage_name: version.stage_name.clone(),
            format: version.format,
            member: desired.from.clone(),
            is_grouped: self.desired.is_group,
            leads,
        };
        let api = self.standing.owned();
        let recorded = api.and_then(|api| api.marker.record.definitions.get(&desired.name).cloned());
        let mut recorded = recorded.unwrap_or_default();
        let (definition, refused) = plan_definition(api, &seat, self.below, desired, &recorded);
        self.skips.extend(refused);
        if desired.definition == Definition::Absent {
            recorded = DefinitionRecord::default();
        }
        StagePlan {
            desired: desired.clone(),
            definition,
            recorded,
            seat,
            deployment,
        }
    }

    fn collide(&mut self, version: &DesiredVersion, stage: Option<&DesiredDeployment>, others: &[EntityPath]) {
        let paths: Vec<String> = others.iter().map(ToString::to_string).collect();
        let message = format!("{} exists and is not this integration's", paths.join(" and "));
        self.leave_out(version, stage, SkipReason::NameCollision, message);
        self.conflicts.extend(paths.into_iter().map(|name| Conflict { name }));
    }

    fn leave_out(
        &mut self,
        version: &DesiredVersion,
        stage: Option<&DesiredDeployment>,
        reason: SkipReason,
        message: String,
    ) {
        let stage = stage.filter(|_| self.desired.is_group);
        self.skips.push(Skip {
            member: stage.map(|stage| stage.from.to_string()),
            stage_name: Some(version.stage_name.clone()),
            reason,
            message,
        });
    }

    fn finish(mut self, versions: Vec<VersionPlan>) -> ApiPlan {
        sort(&mut self.skips);
        let members: Vec<SourceKey> = self.members.iter().map(|member| member.key.clone()).collect();
        let marker = self.marker();
        let is_going = |key: &&SourceKey| marker.is_some_and(|marker| is_going(self.desired, marker, key));
        let going: BTreeSet<SourceKey> = members.iter().filter(is_going).cloned().collect();
        let owners = Owners {
            members: &members,
            going: &going,
            leaving: &self.desired.leaving,
            departed_stages: &self.desired.departed_stages,
            is_group: self.desired.is_group,
        };
        let kept = self.kept();
        let made = matches!(self.standing, Standing::Made(_));
        let removals = match self.standing.owned() {
            Some(api) => plan_removals(api, owners, self.below, &kept, made),
            None => Vec::new(),
        };
        let works = !removals.is_empty() || versions.iter().any(VersionPlan::has_changes);
        let listed = match self.standing.owned() {
            Some(api) => api.marker.clone(),
            None => ApiMarker::new(self.rules.integration.to_string(), &self.desired.name),
        };
        let (opened, fingerprints) = self.opened(&listed, &versions, &removals, &kept, works);
        let opening = self.opening(&opened, works);
        ApiPlan {
            opening,
            versions,
            removals,
            skips: self.skips,
            conflicts: self.conflicts,
            listed,
            opened,
            fingerprints,
            going,
            members,
            leaving: self.desired.leaving.clone(),
            departed_stages: self.desired.departed_stages.clone(),
            is_group: self.desired.is_group,
        }
    }

    /// What stays below the API: skipped stages and unknown members keep what exists.
    fn kept(&self) -> Names {
        let mut kept = Names::default();
        for version in &self.desired.versions {
            kept.versions.insert(version.name.clone());
            let stages = version.deployments.iter();
            kept.deployments.extend(stages.map(|stage| stage.name.clone()));
        }
        if let Some(marker) = self.marker().filter(|_| self.desired.is_group) {
            for key in &self.desired.unknown {
                for (version, deployment) in marker.stages_of(key) {
                    kept.versions.insert(version);
                    kept.deployments.insert(deployment.clone());
                }
            }
        }
        kept
    }
}
