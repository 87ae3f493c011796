//! The plan of one API and all that is below it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::fields::Write;
use super::fingerprint::fingerprint;
use super::stage::{
    self, DefinitionPlan, DeploymentPlan, StagePlan, created_deployment_fields, created_version_fields, version_fields,
};
use super::survey::{CatalogLimits, RequiredMetadata, missing_message};
use crate::model::marker::{ApiMarker, ApiState, DefinitionRecord, StageMarker};
use crate::model::{
    Conflict, DesiredApi, DesiredDefinition, DesiredStage, Entity, EntityName, EntityPath, FieldPath, Integration,
    Owned, OwnedApi, Properties, Skip, SkipReason, Vacant,
};

/// What is below an API.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Below {
    /// Its versions.
    pub versions: Vec<Entity>,
    /// The definitions of each version that was looked into.
    pub definitions: BTreeMap<EntityName, Vec<Entity>>,
    /// Its deployments.
    pub deployments: Vec<Entity>,
    /// The versions whose definition is not the text that was imported.
    pub damaged: BTreeSet<EntityName>,
}

/// How an API stands in the catalog.
#[derive(Debug, Clone, Copy)]
pub enum Standing<'a> {
    /// The catalog lacks it.
    Missing(&'a Vacant),
    /// It is there and ours.
    Owned(&'a OwnedApi),
}

impl<'a> Standing<'a> {
    fn owned(self) -> Option<&'a OwnedApi> {
        match self {
            Self::Missing(_) => None,
            Self::Owned(api) => Some(api),
        }
    }
}

/// What the plan of an API looks at.
#[derive(Debug, Clone, Copy)]
pub struct ApiInput<'a> {
    /// The integration.
    pub integration: &'a Integration,
    /// The API as it shall be.
    pub desired: &'a DesiredApi,
    /// Its stages as they shall be, by name.
    pub stages: &'a [DesiredStage],
    /// What the translation left out.
    pub skips: &'a [Skip],
    /// The API as it is.
    pub standing: Standing<'a>,
    /// What is below it.
    pub below: &'a Below,
    /// What the catalog has room for.
    pub limits: CatalogLimits,
    /// What the organisation requires.
    pub required: &'a RequiredMetadata,
}

/// A stage that is no longer on the gateway: what of it is ours and goes.
#[derive(Debug, Clone, PartialEq)]
pub struct StageRemoval {
    /// The name of its version and deployment.
    pub name: EntityName,
    /// The deletions, in the order to make them.
    pub writes: Vec<Write>,
    /// Whether a deployment is among them.
    pub has_deployment: bool,
}

/// The plan of one API.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiPlan {
    /// The first write of the API, before anything below it.
    pub opening: Option<Write>,
    /// What follows for each stage.
    pub stages: Vec<StagePlan>,
    /// What goes once the guard has allowed it.
    pub removals: Vec<StageRemoval>,
    /// What is not below the API, as far as is known before the exports.
    pub skips: Vec<Skip>,
    /// What is in the way and not ours.
    pub conflicts: Vec<Conflict>,
    /// How many deployments below the API are ours.
    pub owned_deployments: usize,
    /// The marker after the opening.
    opened: ApiMarker,
    fingerprint: Option<String>,
}

/// What came of the writes below an API.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finished {
    /// Skips that the exports brought.
    pub skips: Vec<Skip>,
    /// Stages without a deployment, and what their definitions hold.
    pub undeployed: BTreeMap<EntityName, DefinitionRecord>,
    /// Whether all writes and exports were made.
    pub complete: bool,
    /// Whether the removals were made, too.
    pub removed: bool,
}

impl ApiPlan {
    /// Whether there is anything to do, removals included.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.opening.is_some() || !self.removals.is_empty() || self.stages.iter().any(StagePlan::has_changes)
    }

    /// The last write of the API: what is recorded once everything below it was written.
    #[must_use]
    pub fn closing(&self, api: &OwnedApi, finished: &Finished) -> Option<Write> {
        let kept = if finished.removed {
            Vec::new()
        } else {
            self.removals.iter().map(|removal| removal.name.clone()).collect()
        };
        let versions: BTreeSet<EntityName> = self
            .stages
            .iter()
            .map(|plan| plan.stage.name.clone())
            .chain(kept)
            .collect();
        let settled = finished.complete && (finished.removed || self.removals.is_empty());
        let mut skipped: Vec<Skip> = self.skips.iter().chain(&finished.skips).cloned().collect();
        sort(&mut skipped);
        let marker = ApiMarker {
            versions: versions.into_iter().collect(),
            skipped,
            fingerprint: self.fingerprint.clone().filter(|_| settled),
            state: match (settled, self.opened.state) {
                (true, _) => ApiState::Synced,
                (false, ApiState::Creating) => ApiState::Creating,
                (false, ApiState::Updating | ApiState::Synced) => ApiState::Updating,
            },
            undeployed: finished.undeployed.clone(),
            ..self.opened.clone()
        };
        Write::update(
            api.owned().clone(),
            &api.entity.properties,
            marker.fields(),
            "everything below it was written",
        )
    }
}

/// Plans an API whose own fields differ and below which nothing has to be looked at.
#[must_use]
pub fn plan_listed_fields(desired: &DesiredApi, current: &OwnedApi) -> Option<Write> {
    let fields = listed_fields(desired, Some(&current.entity));
    Write::update(
        current.owned().clone(),
        &current.entity.properties,
        fields,
        "the REST API changed",
    )
}

/// Plans an API and all that is below it.
#[must_use]
pub fn plan_api(input: &ApiInput<'_>) -> ApiPlan {
    let mut planner = Planner::new(input);
    let mut stages: Vec<&DesiredStage> = input.stages.iter().collect();
    stages.sort_by(|one, other| one.stage_name.cmp(&other.stage_name));
    let plans: Vec<StagePlan> = stages
        .into_iter()
        .filter_map(|stage| planner.plan_stage(stage))
        .collect();
    let removals = planner.plan_removals(&plans);
    planner.finish(plans, removals)
}

/// The fields of an API that the source owns; the kind only where it is another in more than case.
pub(super) fn listed_fields(desired: &DesiredApi, current: Option<&Entity>) -> Vec<(FieldPath, Option<Value>)> {
    let mut fields = vec![
        (FieldPath::new(&["title"]), Some(json!(desired.title))),
        (
            FieldPath::new(&["description"]),
            desired.description.as_ref().map(|description| json!(description)),
        ),
    ];
    let kind = current.and_then(|api| api.text("kind"));
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("rest")) {
        fields.push((FieldPath::new(&["kind"]), Some(json!("rest"))));
    }
    let absent = desired.description.is_none()
        && current.is_some_and(|api| {
            api.properties
                .get("description")
                .is_none_or(|text| text == "" || text.is_null())
        });
    fields.retain(|(path, _)| !(absent && *path == FieldPath::new(&["description"])));
    fields
}

struct Planner<'a> {
    input: &'a ApiInput<'a>,
    api: EntityName,
    versions: BTreeMap<&'a EntityName, &'a Entity>,
    deployments: BTreeMap<&'a EntityName, &'a Entity>,
    version_room: usize,
    deployment_room: usize,
    missing: Vec<String>,
    skips: Vec<Skip>,
    conflicts: Vec<Conflict>,
    unsettled: bool,
}

impl<'a> Planner<'a> {
    fn new(input: &'a ApiInput<'a>) -> Self {
        let defaults = &input.integration.default_custom_properties.deployment;
        Self {
            input,
            api: input
                .standing
                .owned()
                .map_or_else(|| input.desired.name.clone(), |current| current.name.clone()),
            versions: input
                .below
                .versions
                .iter()
                .map(|version| (&version.name, version))
                .collect(),
            deployments: input
                .below
                .deployments
                .iter()
                .map(|deployment| (&deployment.name, deployment))
                .collect(),
            version_room: input.limits.versions_per_api.saturating_sub(input.below.versions.len()),
            deployment_room: input
                .limits
                .deployments_per_api
                .saturating_sub(input.below.deployments.len()),
            missing: RequiredMetadata::missing(&input.required.deployment, defaults),
            skips: input.skips.to_vec(),
            conflicts: Vec::new(),
            unsettled: false,
        }
    }

    fn plan_stage(&mut self, stage: &DesiredStage) -> Option<StagePlan> {
        let version_path = EntityPath::Version(self.api.clone(), stage.name.clone());
        let deployment_path = EntityPath::Deployment(self.api.clone(), stage.name.clone());
        let found_version = self.versions.get(&stage.name).copied();
        let found_deployment = self.deployments.get(&stage.name).copied();
        let owned_version =
            found_version.and_then(|version| self.input.standing.owned().and_then(|api| api.version(&version.name)));
        let owned_deployment = found_deployment
            .and_then(|deployment| self.input.standing.owned().and_then(|api| api.deployment(deployment)));
        let strangers = [
            (found_version.is_some() && owned_version.is_none(), &version_path),
            (
                found_deployment.is_some() && owned_deployment.is_none(),
                &deployment_path,
            ),
        ];
        if strangers.iter().any(|(stranger, _)| *stranger) {
            self.unsettled = true;
            let paths = strangers.iter().filter(|(stranger, _)| *stranger);
            self.conflicts
                .extend(paths.map(|(_, path)| Conflict { name: path.to_string() }));
            return None;
        }
        let version = match (owned_version, found_version, Vacant::at(version_path, found_version)) {
            (Some(owned), Some(found), _) => {
                Write::update(owned, &found.properties, version_fields(stage), "its title was changed")
            }
            (_, _, Some(vacant)) if self.version_room > 0 => {
                self.version_room -= 1;
                let fields = created_version_fields(self.input.integration, stage);
                Some(Write::create(vacant, fields, "the stage is new"))
            }
            (_, _, _) => {
                let limit = self.input.limits.versions_per_api;
                let message = format!("the API center's plan has room for {limit} versions of an API");
                self.leave_out(stage, SkipReason::TooManyVersions, message);
                return None;
            }
        };
        self.skips.extend(stage.skips.iter().cloned());
        let deployment = self.plan_deployment(stage, owned_deployment, found_deployment, deployment_path);
        Some(self.assemble(stage, version, deployment, found_deployment))
    }

    fn plan_deployment(
        &mut self,
        stage: &DesiredStage,
        owned: Option<Owned>,
        found: Option<&Entity>,
        path: EntityPath,
    ) -> DeploymentPlan {
        match (owned, found, Vacant::at(path, found)) {
            (Some(owned), Some(found), _) => DeploymentPlan::Compare(owned, found.properties.clone()),
            (_, _, Some(_)) if !self.missing.is_empty() => {
                let message = missing_message("deployment", &self.missing);
                self.leave_out(stage, SkipReason::MissingMetadata, message);
                DeploymentPlan::None
            }
            (_, _, Some(vacant)) if self.deployment_room > 0 => {
                self.deployment_room -= 1;
                DeploymentPlan::Create(vacant)
            }
            (_, _, _) => {
                let message = format!(
                    "an API has at most {} deployments",
                    self.input.limits.deployments_per_api
                );
                self.leave_out(stage, SkipReason::TooManyDeployments, message);
                DeploymentPlan::None
            }
        }
    }

    fn assemble(
        &mut self,
        stage: &DesiredStage,
        version: Option<Write>,
        deployment: DeploymentPlan,
        found_deployment: Option<&Entity>,
    ) -> StagePlan {
        let undeployed = self
            .input
            .standing
            .owned()
            .and_then(|api| api.marker.undeployed.get(&stage.name));
        let recorded = stage::recorded(found_deployment, undeployed);
        let definition = self.plan_definition(stage, &recorded);
        StagePlan {
            stage: stage.clone(),
            version,
            definition,
            recorded,
            deployment,
            definition_path: self.definition_path(&stage.name),
            created_fields: created_deployment_fields(self.input.integration, stage),
            environment_id: EntityPath::Environment(self.input.integration.environment.clone()).scoped_id(),
            desired_revision: match &stage.definition {
                DesiredDefinition::Revision(revision) => Some(revision.clone()),
                DesiredDefinition::Kept | DesiredDefinition::Absent => None,
            },
        }
    }

    fn plan_definition(&mut self, stage: &DesiredStage, recorded: &DefinitionRecord) -> DefinitionPlan {
        let found = self.found_definition(&stage.name);
        let owned = found.and_then(|definition| {
            self.input
                .standing
                .owned()
                .and_then(|api| api.definition(&stage.name, &definition.name))
        });
        let current = owned.zip(found.map(|definition| definition.properties.clone()));
        match &stage.definition {
            DesiredDefinition::Absent => match current {
                Some((owned, _)) => DefinitionPlan::Removed(Write::delete(owned, "definitions are not wanted")),
                None => DefinitionPlan::Untouched {
                    exists: false,
                    title: None,
                },
            },
            DesiredDefinition::Kept => kept(current),
            DesiredDefinition::Revision(revision) => {
                let damaged = self.input.below.damaged.contains(&stage.name);
                let same_revision = recorded.revision.as_ref() == Some(revision);
                if same_revision && !damaged {
                    if let Some(skip) = self.recorded_refusal(stage) {
                        self.skips.push(skip);
                        return kept(current);
                    }
                    if current.is_some() && recorded.content_digest.is_some() {
                        return kept(current);
                    }
                }
                let reason = match (&current, damaged, &recorded.revision) {
                    (None, _, None) => "the stage has no definition yet",
                    (None, _, Some(_)) => "the definition is gone",
                    (Some(_), true, _) => "the definition's content was changed",
                    (Some(_), false, _) => "the stage was deployed or changed",
                };
                let vacant = Vacant::at(self.definition_path(&stage.name), found);
                DefinitionPlan::Exported {
                    vacant,
                    current,
                    damaged,
                    reason,
                }
            }
        }
    }

    /// The skip that the last export of this very revision ended in.
    fn recorded_refusal(&self, stage: &DesiredStage) -> Option<Skip> {
        let refused = |skip: &&Skip| {
            skip.stage_name.as_ref() == Some(&stage.stage_name)
                && matches!(skip.reason, SkipReason::ExportRefused | SkipReason::DefinitionTooLarge)
        };
        self.input
            .standing
            .owned()?
            .marker
            .skipped
            .iter()
            .find(refused)
            .cloned()
    }

    fn plan_removals(&self, plans: &[StagePlan]) -> Vec<StageRemoval> {
        let Some(current) = self.input.standing.owned() else {
            return Vec::new();
        };
        let wanted: BTreeSet<&EntityName> = self.input.stages.iter().map(|stage| &stage.name).collect();
        let planned: BTreeSet<&EntityName> = plans.iter().map(|plan| &plan.stage.name).collect();
        let names: BTreeSet<&EntityName> = self.versions.keys().chain(self.deployments.keys()).copied().collect();
        names
            .into_iter()
            .filter(|name| !wanted.contains(*name) && !planned.contains(*name))
            .filter_map(|name| self.plan_removal(current, name))
            .collect()
    }

    fn plan_removal(&self, current: &OwnedApi, name: &EntityName) -> Option<StageRemoval> {
        const REASON: &str = "the stage is gone";
        let deployment = self
            .deployments
            .get(name)
            .and_then(|deployment| current.deployment(deployment));
        let version = self
            .versions
            .get(name)
            .and_then(|version| current.version(&version.name));
        let definitions = self
            .input
            .below
            .definitions
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let (ours, strangers): (Vec<&Entity>, Vec<&Entity>) = definitions
            .iter()
            .partition(|found| current.marker.state == ApiState::Creating || found.name == EntityName::definition());
        let mut writes = Vec::new();
        writes.extend(deployment.clone().map(|owned| Write::delete(owned, REASON)));
        if let Some(version) = version {
            let owned = ours.iter().filter_map(|found| current.definition(name, &found.name));
            writes.extend(owned.map(|owned| Write::delete(owned, REASON)));
            // A version that holds somebody's own definitions stays with them.
            if strangers.is_empty() {
                writes.push(Write::delete(version, REASON));
            }
        }
        // What is left over from an earlier API of this name was never a stage of this one.
        let has_deployment = deployment.is_some() && current.marker.state != ApiState::Creating;
        (!writes.is_empty()).then(|| StageRemoval {
            name: name.clone(),
            writes,
            has_deployment,
        })
    }

    fn finish(mut self, stages: Vec<StagePlan>, removals: Vec<StageRemoval>) -> ApiPlan {
        let input = self.input;
        sort(&mut self.skips);
        let works = !removals.is_empty() || stages.iter().any(StagePlan::has_changes);
        let fingerprint = (!self.unsettled).then(|| fingerprint(input.integration, input.desired, input.stages));
        let names = stages.iter().map(|plan| plan.stage.name.clone());
        let versions: BTreeSet<EntityName> = match input.standing.owned() {
            Some(current) => names.chain(self.still_ours(current)).collect(),
            None => names.collect(),
        };
        let opened = ApiMarker {
            integration: input.integration.name.to_string(),
            region_name: input.integration.region.to_string(),
            rest_api_id: input.desired.rest_api_id.to_string(),
            versions: versions.into_iter().collect(),
            skipped: match input.standing.owned() {
                Some(current) if works => current.marker.skipped.clone(),
                Some(_) | None => self.skips.clone(),
            },
            fingerprint: fingerprint.clone().filter(|_| !works),
            state: match (works, input.standing.owned()) {
                (false, _) => ApiState::Synced,
                (true, None) => ApiState::Creating,
                (true, Some(current)) if current.marker.state == ApiState::Creating => ApiState::Creating,
                (true, Some(_)) => ApiState::Updating,
            },
            undeployed: match input.standing.owned() {
                Some(current) => current.marker.undeployed.clone(),
                None => BTreeMap::new(),
            },
        };
        let opening = opening(input, &opened, works);
        ApiPlan {
            opening,
            stages,
            removals,
            skips: self.skips,
            conflicts: self.conflicts,
            owned_deployments: owned_deployments(input),
            opened,
            fingerprint,
        }
    }

    /// The names the marker lists that are still there.
    fn still_ours(&self, current: &OwnedApi) -> Vec<EntityName> {
        let there = |name: &EntityName| self.versions.contains_key(name) || self.deployments.contains_key(name);
        current
            .marker
            .versions
            .iter()
            .filter(|name| there(name))
            .cloned()
            .collect()
    }

    fn found_definition(&self, version: &EntityName) -> Option<&'a Entity> {
        self.input
            .below
            .definitions
            .get(version)?
            .iter()
            .find(|definition| definition.name == EntityName::definition())
    }

    fn definition_path(&self, version: &EntityName) -> EntityPath {
        EntityPath::Definition(self.api.clone(), version.clone(), EntityName::definition())
    }

    fn leave_out(&mut self, stage: &DesiredStage, reason: SkipReason, message: String) {
        self.unsettled = true;
        self.skips.push(Skip {
            rest_api_id: self.input.desired.rest_api_id.to_string(),
            stage_name: Some(stage.stage_name.clone()),
            reason,
            message,
        });
    }
}

/// The API's first write: its own fields, and what is about to be ours below it.
fn opening(input: &ApiInput<'_>, opened: &ApiMarker, works: bool) -> Option<Write> {
    let current = match input.standing {
        Standing::Owned(current) => current,
        Standing::Missing(vacant) => return Some(creation(input, opened, vacant)),
    };
    let mut fields = listed_fields(input.desired, Some(&current.entity));
    let reason = if works {
        "what is below it changes"
    } else {
        "the REST API changed"
    };
    fields.extend(opened.fields());
    Write::update(current.owned().clone(), &current.entity.properties, fields, reason)
}

fn creation(input: &ApiInput<'_>, opened: &ApiMarker, vacant: &Vacant) -> Write {
    let mut fields = listed_fields(input.desired, None);
    fields.extend(stage::default_fields(&input.integration.default_custom_properties.api));
    fields.extend(opened.fields());
    Write::create(vacant.clone(), fields, "the REST API is new")
}

fn owned_deployments(input: &ApiInput<'_>) -> usize {
    let Some(current) = input.standing.owned() else {
        return 0;
    };
    let marked =
        |deployment: &&Entity| StageMarker::read(deployment).is_some() && current.deployment(deployment).is_some();
    input.below.deployments.iter().filter(marked).count()
}

/// One order, whether a skip is new or was recorded, so that the same skips are written the same way.
fn sort(skips: &mut Vec<Skip>) {
    skips.sort_by(|one, other| (&one.stage_name, one.reason).cmp(&(&other.stage_name, other.reason)));
    skips.dedup();
}

fn kept(current: Option<(Owned, Properties)>) -> DefinitionPlan {
    let exists = current.is_some();
    let title = current.and_then(|(owned, properties)| {
        Write::update(owned, &properties, stage::definition_fields(), "its title was changed")
    });
    DefinitionPlan::Untouched { exists, title }
}
