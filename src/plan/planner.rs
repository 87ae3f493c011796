//! Planning an API and all that is below it.

use std::collections::{BTreeMap, BTreeSet};

use super::api::{ApiPlan, Fingerprints, listed_fields, sort};
use super::below::{Below, Standing};
use super::definition::plan_definition;
use super::fields::Write;
use super::fingerprint::{fingerprint, member_fingerprints};
use super::members::{Member, api_fields, is_going, leader, members};
use super::removals::{Names, Owners, Removal, plan_removals};
use super::rooms::{Rooms, allot};
use super::rules::{RequiredMetadata, Rules, missing_message};
use super::seat::Seat;
use super::stage::{Base, DeploymentPlan, Place, StagePlan};
use super::version::{DEFINITIONS_PER_VERSION, OwnDefinition, VersionPlan};
use super::written::{digests_of, given};
use crate::catalog::marker::{ApiMarker, ApiState, DefinitionRecord};
use crate::catalog::{OwnedApi, Vacant};
use crate::model::{
    Conflict, Definition, DesiredApi, DesiredDeployment, DesiredVersion, Entity, EntityKind, EntityName, EntityPath,
    Fields, Skip, SkipReason, SourceKey,
};

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
    /// All members that have a place.
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
        // A run that was killed may have left the names of a member of which nothing is there any more.
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
                let message = format!("the API center's plan has room for {limit} versions of an API");
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
            // A definition that no deployment would name is not made, unless it is the version's.
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

    /// What is recorded of the definition that a version has from a member which could not be read.
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

    /// The path of a deployment, if something that is not ours is there.
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
        let message = format!("{} is there and not this integration's", paths.join(" and "));
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

    /// What stays below the API: a stage that is left out keeps what is there of it, and so does a member that is unknown.
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

    /// The marker after the opening: what is about to be ours is listed before it is made, and what a definition holds is
    /// not vouched for while it is being replaced. It has fingerprints only if nothing below the API changes.
    fn opened(
        &self,
        listed: &ApiMarker,
        versions: &[VersionPlan],
        removals: &[Removal],
        kept: &Names,
        works: bool,
    ) -> (ApiMarker, Fingerprints) {
        let mut marker = listed.clone();
        marker.members = self.members.iter().map(|member| member.key.clone()).collect();
        // A name that is not desired stays listed until it is removed. What was left to somebody else is theirs from then on.
        let mut going = Names::default();
        for removal in removals {
            going.extend(&removal.gone);
        }
        let there = |entities: &[Entity], name: &EntityName| entities.iter().any(|entity| entity.name == *name);
        let below = self.below;
        marker.versions.retain(|name| {
            there(&below.versions, name) && (kept.versions.contains(name) || going.versions.contains(name))
        });
        marker
            .versions
            .extend(versions.iter().map(|version| version.desired.name.clone()));
        let record = &mut marker.record;
        record.deployments.retain(|name| {
            there(&below.deployments, name) && (kept.deployments.contains(name) || going.deployments.contains(name))
        });
        let stages = || versions.iter().flat_map(|version| &version.stages);
        let deployments = stages().filter(|stage| stage.deployment.is_some());
        record
            .deployments
            .extend(deployments.map(|stage| stage.desired.name.clone()));
        marker.record.written = self.written(&marker.record.written, versions, works.then_some(&going));
        self.note(&mut marker, versions, kept);
        let fingerprints = Fingerprints {
            api: fingerprint(self.desired, self.rules.on_demand),
            members: self.member_fingerprints(listed, &marker),
        };
        let record = &mut marker.record;
        record.fingerprint = (!works).then(|| fingerprints.api.clone());
        match (works, self.standing) {
            (false, _) => {
                record.members.clone_from(&fingerprints.members);
                record.skipped.clone_from(&self.skips);
                record.state = ApiState::Synced;
            }
            (true, Standing::Missing(_)) => record.state = ApiState::Creating,
            (true, Standing::Made(_) | Standing::Owned(_)) if record.state == ApiState::Creating => (),
            (true, Standing::Made(_) | Standing::Owned(_)) => record.state = ApiState::Updating,
        }
        (marker, fingerprints)
    }

    /// The digests of the values that are ours: of what is given now or would be, and of what was before. While something
    /// below the API changes, those go that nothing which stays has any more.
    fn written(&self, before: &BTreeSet<String>, versions: &[VersionPlan], going: Option<&Names>) -> BTreeSet<String> {
        let api = self.standing.owned().map(|api| &api.entity.properties);
        let mut written = before.clone();
        if let Some(going) = going {
            let mut there = api.map(|api| digests_of(EntityKind::Api, api)).unwrap_or_default();
            for version in &self.below.versions {
                if !going.versions.contains(&version.name) {
                    there.extend(digests_of(EntityKind::Version, &version.properties));
                }
            }
            for deployment in &self.below.deployments {
                if !going.deployments.contains(&deployment.name) {
                    there.extend(digests_of(EntityKind::Deployment, &deployment.properties));
                }
            }
            written.retain(|digest| there.contains(digest));
        }
        written.extend(given(EntityKind::Api, &api_fields(&self.members, api), api));
        for version in versions {
            let found = self
                .below
                .versions
                .iter()
                .find(|found| found.name == version.desired.name);
            let found = found.map(|found| &found.properties);
            if let Some(first) = version.desired.deployments.first() {
                written.extend(given(EntityKind::Version, &first.version, found));
            }
            for stage in version.stages.iter().filter(|stage| stage.deployment.is_some()) {
                let found = self
                    .below
                    .deployment(&stage.desired.name)
                    .map(|found| &found.properties);
                written.extend(given(EntityKind::Deployment, &stage.desired.fields, found));
            }
        }
        written.retain(|digest| !self.desired.inherited.contains(digest));
        written
    }

    /// Notes what is about to be below the API beside the names.
    fn note(&self, marker: &mut ApiMarker, versions: &[VersionPlan], kept: &Names) {
        let mut record = marker.record.clone();
        for desired in &self.desired.versions {
            record
                .stage_names
                .insert(desired.name.clone(), desired.stage_name.clone());
            for stage in desired
                .deployments
                .iter()
                .filter(|stage| !self.rooms.is_out(&stage.from))
            {
                record.urls.insert(stage.name.clone(), stage.urls.clone());
            }
        }
        record
            .stage_names
            .retain(|name, stage| marker.versions.contains(name) && name.as_str() != stage.as_str());
        for version in versions {
            let found = version.own.iter().map(|own| own.name.clone());
            let mut own: BTreeSet<EntityName> = found.collect();
            for stage in &version.stages {
                let may_export = version.may_export(stage);
                if may_export || stage.recorded == DefinitionRecord::default() {
                    record.definitions.remove(&stage.desired.name);
                }
                if may_export && !stage.seat.leads && stage.import_target().is_some() {
                    own.insert(stage.seat.definition_name());
                }
            }
            let here = self
                .desired
                .versions
                .iter()
                .find(|found| found.name == version.desired.name);
            for stage in here.iter().flat_map(|version| &version.deployments) {
                // Only what is planned has a definition to speak for.
                if !version.stages.iter().any(|planned| planned.desired.name == stage.name) {
                    record.definitions.remove(&stage.name);
                }
            }
            record.own_definitions.insert(version.desired.name.clone(), own);
        }
        let deployments = record.deployments.clone();
        let stays = |name: &EntityName| {
            let is_known = kept.deployments.contains(name) || deployments.contains(name);
            is_known && marker.version_of(name).is_some()
        };
        record.definitions.retain(|name, _| stays(name));
        record.urls.retain(|name, _| stays(name));
        record
            .own_definitions
            .retain(|name, own| marker.versions.contains(name) && !own.is_empty());
        marker.record = record;
    }

    /// The fingerprints of the members; a member that is unknown keeps its own.
    fn member_fingerprints(&self, listed: &ApiMarker, opened: &ApiMarker) -> BTreeMap<String, String> {
        let unknown = self.desired.unknown.iter().map(SourceKey::short_digest);
        let recorded = &listed.record.members;
        let kept = unknown.filter_map(|member| Some((member.clone(), recorded.get(&member)?.clone())));
        let given = member_fingerprints(self.desired, opened, self.rules.on_demand);
        kept.chain(given).collect()
    }

    /// The API's first write: its own fields, and what is about to be ours below it.
    fn opening(&self, opened: &ApiMarker, works: bool) -> Option<Write> {
        let current: &OwnedApi = match self.standing {
            Standing::Made(current) | Standing::Owned(current) => current,
            Standing::Missing(vacant) => {
                let Fields { enforced, initial, .. } = api_fields(&self.members, None);
                let fields = enforced.into_iter().chain(initial).chain(opened.fields());
                let before: Vec<String> = self
                    .desired
                    .predecessors
                    .iter()
                    .map(|name| format!("apis/{name}"))
                    .collect();
                let reason = if before.is_empty() {
                    "the API is new".to_owned()
                } else {
                    format!("it succeeds {}", before.join(", "))
                };
                return Some(Write::create(vacant.clone(), fields.collect(), reason));
            }
        };
        let mut fields = listed_fields(self.rules, &self.members, current);
        let reason = if works {
            "what is below it changes"
        } else {
            "the API changed"
        };
        fields.extend(opened.fields());
        Write::update(current.owned().clone(), &current.entity.properties, fields, reason)
    }
}
