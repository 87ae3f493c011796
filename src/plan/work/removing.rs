//! Makes the removals that the guard allows, after another look.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;

use super::{State, Work};
use crate::model::{EntityName, SourceKey};
use crate::plan::below::Below;
use crate::plan::fields::Write;
use crate::plan::progress::Progress;
use crate::plan::removals::{Names, Removal, plan_removals};
use crate::plan::step::Step;

impl Work {
    pub(super) fn judged(&mut self, progress: Box<Progress>, allowed: BTreeSet<EntityName>) -> Step {
        if allowed.is_empty() {
            return self.close(&progress);
        }
        let removals = progress.plan.removals.iter();
        let removals = removals.filter(|removal| allowed.contains(&removal.name) && removal.is_asked());
        let of = |removal: &Removal| match &removal.member {
            Some(member) => vec![member.clone()],
            None => progress.plan.members.clone(),
        };
        let members = removals.flat_map(of).collect();
        self.state = State::AskingStages(progress, allowed);
        Step::ReadStages(members)
    }

    pub(super) fn reread(
        &mut self,
        progress: Box<Progress>,
        allowed: &BTreeSet<EntityName>,
        stages: &BTreeMap<SourceKey, BTreeSet<EntityName>>,
    ) -> Step {
        let removals = progress.plan.removals.iter();
        let removals = removals.filter(|removal| allowed.contains(&removal.name));
        let (back, gone): (Vec<&Removal>, Vec<&Removal>) = removals.partition(|removal| removal.is_back(stages));
        if let Some(back) = back.first() {
            let what = match &back.member {
                Some(member) if back.is_whole => format!("API {member}"),
                Some(_) | None => format!("stage {}", back.name),
            };
            self.done.failures.push(format!(
                "{what} still exists in AWS although this run's list lacks it, so it stays"
            ));
        }
        let names: Vec<EntityName> = gone.iter().map(|removal| removal.name.clone()).collect();
        if names.is_empty() {
            return self.close(&progress);
        }
        let api = Box::new(progress.api.clone());
        self.state = State::RereadingBelow(progress, names);
        Step::Read { api, deep: false }
    }

    /// Removes what still exists of what was allowed; people's additions stay.
    pub(super) fn remove_found(&mut self, progress: Box<Progress>, names: &[EntityName], below: &Below) -> Step {
        let plan = &progress.plan;
        let allowed = plan.removals.iter().filter(|removal| names.contains(&removal.name));
        let mut going = Names::default();
        for removal in allowed {
            going.extend(&removal.gone);
        }
        let owners = plan.owners();
        let mut kept = Names::default();
        for deployment in &below.deployments {
            if !going.deployments.contains(&deployment.name) {
                kept.deployments.insert(deployment.name.clone());
                let ours = progress.api.deployment(deployment);
                kept.versions.extend(ours.map(|_| owners.of(&deployment.name).1));
            }
        }
        let versions = below.versions.iter().map(|version| version.name.clone());
        kept.versions
            .extend(versions.filter(|name| !going.versions.contains(name)));
        let mut found = plan_removals(&progress.api, owners, below, &kept, false);
        let mut left: VecDeque<(EntityName, VecDeque<Write>)> = VecDeque::new();
        for name in names {
            let writes = found.iter_mut().find(|removal| removal.name == *name);
            let writes = writes.map(|removal| mem::take(&mut removal.writes)).unwrap_or_default();
            left.push_back((name.clone(), writes.into()));
        }
        self.remove(progress, left)
    }

    pub(super) fn remove(
        &mut self,
        mut progress: Box<Progress>,
        mut left: VecDeque<(EntityName, VecDeque<Write>)>,
    ) -> Step {
        while let Some((name, writes)) = left.front_mut() {
            if let Some(write) = writes.pop_front() {
                self.state = State::Removing(progress, left);
                return Step::Write(write);
            }
            progress.finished.removed.insert(name.clone());
            self.done.removed.insert(name.clone());
            left.pop_front();
        }
        self.close(&progress)
    }
}
