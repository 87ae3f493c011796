//! The API's own first write, and the plan put together.

use std::collections::{BTreeMap, BTreeSet};

use super::super::fields::Write;
use super::super::fingerprint::fingerprint;
use super::super::stage::{StagePlan, default_fields};
use super::planner::Planner;
use super::{ApiInput, ApiPlan, StageRemoval, Standing, listed_fields, sort};
use crate::model::marker::{ApiMarker, ApiState, DefinitionRecord};
use crate::model::{EntityName, OwnedApi, Vacant};

impl Planner<'_> {
    pub(super) fn finish(mut self, stages: Vec<StagePlan>, removals: Vec<StageRemoval>) -> ApiPlan {
        let input = self.input;
        sort(&mut self.skips);
        let works = !removals.is_empty() || stages.iter().any(StagePlan::has_changes);
        let fingerprint = (!self.unsettled).then(|| fingerprint(input.integration, input.desired, input.stages));
        let names = stages.iter().map(|plan| plan.stage.name.clone());
        let versions: BTreeSet<EntityName> = match input.standing.owned() {
            Some(current) => names.chain(self.still_ours(current, &removals)).collect(),
            None => names.collect(),
        };
        let opened = ApiMarker {
            integration: input.integration.name.to_string(),
            region_name: input.integration.region.to_string(),
            rest_api_id: input.desired.rest_api_id.to_string(),
            stage_names: self.stage_names(&versions),
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
            undeployed: undeployed(input, &stages, works),
        };
        let opening = opening(input, &opened, works);
        ApiPlan {
            api: self.api,
            opening,
            stages,
            removals,
            skips: self.skips,
            conflicts: self.conflicts,
            listed: input
                .standing
                .owned()
                .map(|current| current.marker.versions.clone())
                .unwrap_or_default(),
            opened,
            fingerprint,
        }
    }

    /// Amazon's names of the stages that these versions stand for, where they are others.
    fn stage_names(&self, versions: &BTreeSet<EntityName>) -> BTreeMap<EntityName, String> {
        let stages = self.input.stages.iter();
        let wanted = stages.map(|stage| (&stage.name, &stage.stage_name));
        let kept = self.input.standing.owned().map(|current| &current.marker.stage_names);
        let names: BTreeMap<&EntityName, &String> = kept.into_iter().flatten().chain(wanted).collect();
        let differs =
            |(name, stage): &(&EntityName, &String)| versions.contains(*name) && name.as_str() != stage.as_str();
        let names = names.into_iter().filter(differs);
        names.map(|(name, stage)| (name.clone(), stage.clone())).collect()
    }

    /// The names the marker lists that are still there, for a stage or until they are removed.
    ///
    /// A version left to somebody's own definitions is theirs from then on.
    fn still_ours(&self, current: &OwnedApi, removals: &[StageRemoval]) -> Vec<EntityName> {
        let there = |name: &EntityName| self.versions.contains_key(name) || self.deployments.contains_key(name);
        let meant = |name: &EntityName| {
            self.input.stages.iter().any(|stage| stage.name == *name)
                || removals.iter().any(|removal| removal.name == *name)
        };
        current
            .marker
            .versions
            .iter()
            .filter(|name| there(name) && meant(name))
            .cloned()
            .collect()
    }
}

/// The API's first write: its own fields, and what is about to be ours below it.
fn opening(input: &ApiInput<'_>, opened: &ApiMarker, works: bool) -> Option<Write> {
    let current = match input.standing {
        Standing::Made(current) | Standing::Owned(current) => current,
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
    fields.extend(default_fields(&input.integration.default_custom_properties.api));
    fields.extend(opened.fields());
    Write::create(vacant.clone(), fields, "the REST API is new")
}

/// What the definitions hold whose deployment does not tell: there is none, or it tells of a definition that is gone.
///
/// What was recorded before stays until the closing.
fn undeployed(input: &ApiInput<'_>, stages: &[StagePlan], works: bool) -> BTreeMap<EntityName, DefinitionRecord> {
    let before = input.standing.owned().map(|current| &current.marker.undeployed);
    let record = |plan: &StagePlan| {
        if plan.makes_lost_definition() {
            Some(DefinitionRecord::default())
        } else if works {
            before.and_then(|before| before.get(&plan.stage.name)).cloned()
        } else {
            (!plan.has_deployment()).then(|| plan.recorded.clone())
        }
    };
    let records = stages.iter().map(|plan| (plan.stage.name.clone(), record(plan)));
    records.filter_map(|(name, record)| Some((name, record?))).collect()
}
