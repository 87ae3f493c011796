//! The plan of one API and all that is below it.

mod definition;
mod opening;
mod planner;
mod removals;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::planner::Planner;
use super::deletions::Counts;
use super::fields::Write;
use super::stage::StagePlan;
use super::survey::{CatalogLimits, RequiredMetadata};
use crate::model::marker::{ApiMarker, ApiState, DefinitionRecord};
use crate::model::{
    Conflict, DesiredApi, DesiredStage, Entity, EntityName, FieldPath, Integration, OwnedApi, Skip, Vacant,
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
    /// The versions whose export Amazon refused before and does not refuse any more.
    pub exportable: BTreeSet<EntityName>,
}

/// How an API stands in the catalog.
#[derive(Debug, Clone, Copy)]
pub enum Standing<'a> {
    /// The catalog lacks it.
    Missing(&'a Vacant),
    /// This run has made it: all that is below it is left over from an earlier one of its name.
    Made(&'a OwnedApi),
    /// It is there and ours.
    Owned(&'a OwnedApi),
}

impl<'a> Standing<'a> {
    fn owned(self) -> Option<&'a OwnedApi> {
        match self {
            Self::Missing(_) => None,
            Self::Made(api) | Self::Owned(api) => Some(api),
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
    /// What the guard counts of it.
    pub counted: Counts,
}

/// The plan of one API.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiPlan {
    /// The API's name.
    pub api: EntityName,
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
    /// The versions that the marker listed when this was planned.
    listed: Vec<EntityName>,
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

    /// Whether a stage's version is missing.
    #[must_use]
    pub fn makes_versions(&self) -> bool {
        let made = |plan: &StagePlan| matches!(plan.version, Some(Write::Create(..)));
        self.stages.iter().any(made)
    }

    /// The last write of the API: what is recorded once everything below it was written.
    ///
    /// From then on only what it lists is ours, whether everything could be written or not.
    #[must_use]
    pub fn closing(&self, api: &OwnedApi, finished: &Finished) -> Option<Write> {
        let gone = |name: &EntityName| finished.removed && self.removals.iter().any(|removal| removal.name == *name);
        let versions: Vec<EntityName> = self.claimed(api).into_iter().filter(|name| !gone(name)).collect();
        let mut stage_names = self.opened.stage_names.clone();
        stage_names.retain(|name, _| versions.contains(name));
        let settled = finished.complete && (finished.removed || self.removals.is_empty());
        let mut skipped: Vec<Skip> = self.skips.iter().chain(&finished.skips).cloned().collect();
        sort(&mut skipped);
        let marker = ApiMarker {
            versions,
            stage_names,
            skipped,
            fingerprint: self.fingerprint.clone().filter(|_| settled),
            state: if settled { ApiState::Synced } else { ApiState::Updating },
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

    /// The write that ends the claim to everything below an API that is being made, for when an error ends the work on it.
    ///
    /// The error may last, and what people add meanwhile is theirs. `None` where there is no such claim.
    #[must_use]
    pub fn disclaiming(&self, api: &OwnedApi) -> Option<Write> {
        if self.opened.state != ApiState::Creating {
            return None;
        }
        let marker = ApiMarker {
            versions: self.claimed(api),
            state: ApiState::Updating,
            ..self.opened.clone()
        };
        Write::update(
            api.owned().clone(),
            &api.entity.properties,
            marker.fields(),
            "not everything below it could be written",
        )
    }

    /// The names that are ours once not everything is any more.
    fn claimed(&self, api: &OwnedApi) -> Vec<EntityName> {
        // A run that overlaps may have listed versions of its own since: what it makes would be nobody's without them.
        let others = api.marker.versions.iter().filter(|name| !self.listed.contains(name));
        // What is left over below an API that is being made was never listed.
        let creating = self.opened.state == ApiState::Creating;
        let leftovers = self.removals.iter().map(|removal| &removal.name).filter(|_| creating);
        let names: BTreeSet<&EntityName> = self.opened.versions.iter().chain(others).chain(leftovers).collect();
        names.into_iter().cloned().collect()
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

/// One order, whether a skip is new or was recorded, so that the same skips are written the same way.
fn sort(skips: &mut Vec<Skip>) {
    skips.sort_by(|one, other| (&one.stage_name, one.reason).cmp(&(&other.stage_name, other.reason)));
    skips.dedup();
}
