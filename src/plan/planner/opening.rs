//! The first write of an API: its own fields, and the names to be ours below it.

use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use crate::catalog::OwnedApi;
use crate::catalog::marker::{ApiMarker, ApiState, DefinitionRecord};
use crate::model::{Entity, EntityKind, EntityName, Fields, SourceKey};
use crate::plan::api::{Fingerprints, listed_fields};
use crate::plan::below::Standing;
use crate::plan::fields::Write;
use crate::plan::fingerprint::{fingerprint, member_fingerprints};
use crate::plan::members::api_fields;
use crate::plan::removals::{Names, Removal};
use crate::plan::version::VersionPlan;
use crate::plan::written::{digests_of, given};

impl Planner<'_> {
    /// The marker after the opening: lists names before their entities are created, and drops the records of
    /// definitions to be replaced. It has fingerprints only if nothing below the API changes.
    pub(super) fn opened(
        &self,
        listed: &ApiMarker,
        versions: &[VersionPlan],
        removals: &[Removal],
        kept: &Names,
        works: bool,
    ) -> (ApiMarker, Fingerprints) {
        let mut marker = listed.clone();
        marker.members = self.members.iter().map(|member| member.key.clone()).collect();
        // A name that is no longer desired stays listed until its removal. What was left to somebody else is theirs
        // from then on.
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

    /// The digests of our values: those given now or to be given, and earlier ones. While something below the API
    /// changes, digests that no remaining entity has are dropped.
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

    /// Adds the records of what is about to be below the API.
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
                // Only a planned stage has a definition to describe.
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

    /// The fingerprints of the members; an unknown member keeps its own.
    fn member_fingerprints(&self, listed: &ApiMarker, opened: &ApiMarker) -> BTreeMap<String, String> {
        let unknown = self.desired.unknown.iter().map(SourceKey::short_digest);
        let recorded = &listed.record.members;
        let kept = unknown.filter_map(|member| Some((member.clone(), recorded.get(&member)?.clone())));
        let given = member_fingerprints(self.desired, opened, self.rules.on_demand);
        kept.chain(given).collect()
    }

    /// The API's first write: its own fields, and the names to be ours below it.
    pub(super) fn opening(&self, opened: &ApiMarker, works: bool) -> Option<Write> {
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
