//! What goes: the stages that are no longer on the gateway.

use std::collections::BTreeSet;

use super::super::deletions::Counts;
use super::super::fields::Write;
use super::super::stage::StagePlan;
use super::planner::Planner;
use super::{StageRemoval, Standing};
use crate::model::marker::ApiState;
use crate::model::{Entity, EntityName, OwnedApi};

impl Planner<'_> {
    pub(super) fn plan_removals(&self, plans: &[StagePlan]) -> Vec<StageRemoval> {
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
        let (mut ours, strangers): (Vec<&Entity>, Vec<&Entity>) = definitions
            .iter()
            .partition(|found| current.marker.state == ApiState::Creating || found.name == EntityName::definition());
        ours.sort_by_key(|found| &found.name);
        // What is left over from an earlier API of this name was never a stage of this one. Once a run has ended in between,
        // nobody knows any more whether that is what it is.
        let counted = match self.input.standing {
            Standing::Made(_) => Counts::default(),
            Standing::Missing(_) | Standing::Owned(_) => Counts {
                versions: usize::from(version.is_some()),
                deployments: usize::from(deployment.is_some()),
            },
        };
        let mut writes = Vec::new();
        writes.extend(deployment.map(|owned| Write::delete(owned, REASON)));
        if let Some(version) = version {
            let owned = ours.iter().filter_map(|found| current.definition(name, &found.name));
            writes.extend(owned.map(|owned| Write::delete(owned, REASON)));
            // A version that holds somebody's own definitions stays with them.
            if strangers.is_empty() {
                writes.push(Write::delete(version, REASON));
            }
        }
        (!writes.is_empty()).then(|| StageRemoval {
            name: name.clone(),
            writes,
            counted,
        })
    }
}
