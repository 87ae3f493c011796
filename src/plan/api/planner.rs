//! The planner of one API: its stages, one after another, with what they use up and leave out.

use std::collections::BTreeMap;

use super::super::fields::Write;
use super::super::stage::{
    self, DefinitionPlan, DeploymentPlan, StagePlan, created_deployment_fields, created_version_fields, version_fields,
};
use super::super::survey::{RequiredMetadata, missing_message};
use super::ApiInput;
use crate::model::marker::DefinitionRecord;
use crate::model::{
    Conflict, DesiredDefinition, DesiredStage, Entity, EntityName, EntityPath, Owned, Skip, SkipReason, Vacant,
};

/// What planning an API has come to.
pub(super) struct Planner<'a> {
    pub(super) input: &'a ApiInput<'a>,
    pub(super) api: EntityName,
    pub(super) versions: BTreeMap<&'a EntityName, &'a Entity>,
    pub(super) deployments: BTreeMap<&'a EntityName, &'a Entity>,
    pub(super) version_room: usize,
    pub(super) deployment_room: usize,
    pub(super) missing: Vec<String>,
    pub(super) skips: Vec<Skip>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) unsettled: bool,
}

impl<'a> Planner<'a> {
    pub(super) fn new(input: &'a ApiInput<'a>) -> Self {
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

    pub(super) fn plan_stage(&mut self, stage: &DesiredStage) -> Option<StagePlan> {
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
        let paths: Vec<String> = strangers
            .iter()
            .filter(|(stranger, _)| *stranger)
            .map(|(_, path)| path.to_string())
            .collect();
        if !paths.is_empty() {
            let message = format!("{} is there and not this integration's", paths.join(" and "));
            self.leave_out(stage, SkipReason::NameCollision, message);
            self.conflicts.extend(paths.into_iter().map(|name| Conflict { name }));
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
        let mut recorded = stage::recorded(found_deployment, undeployed);
        let definition = self.plan_definition(stage, &recorded);
        if stage.definition == DesiredDefinition::Absent && matches!(definition, DefinitionPlan::Untouched { .. }) {
            recorded = DefinitionRecord::default();
        }
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

    pub(super) fn definition_path(&self, version: &EntityName) -> EntityPath {
        EntityPath::Definition(self.api.clone(), version.clone(), EntityName::definition())
    }

    fn leave_out(&mut self, stage: &DesiredStage, reason: SkipReason, message: String) {
        self.unsettled = true;
        self.skips.push(Skip {
            rest_api_id: self.input.desired.rest_api_id.to_string(),
            title: None,
            stage_name: Some(stage.stage_name.clone()),
            reason,
            message,
        });
    }
}
