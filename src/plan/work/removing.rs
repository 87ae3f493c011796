//! Removing what the guard allows, after another look.

use std::collections::{BTreeSet, VecDeque};
use std::mem;

use super::{State, Work};
use crate::model::{Entity, EntityName};
use crate::plan::below::Below;
use crate::plan::fields::Write;
use crate::plan::progress::Progress;
use crate::plan::removals::{Removal, plan_removals};
use crate::plan::step::Step;

impl Work {
    pub(super) fn judged(&mut self, progress: Box<Progress>, allowed: usize) -> Step {
        if allowed == 0 {
            return self.close(&progress);
        }
        self.state = State::AskingStages(progress, allowed);
        Step::ReadStages
    }

    pub(super) fn reread(&mut self, progress: Box<Progress>, allowed: usize, stages: &BTreeSet<EntityName>) -> Step {
        let removals = progress.plan.removals.iter().take(allowed);
        let (back, gone): (Vec<&Removal>, Vec<&Removal>) = removals.partition(|removal| stages.contains(&removal.name));
        if let Some(back) = back.first() {
            self.done.failures.push(format!(
                "stage {} is on Amazon although the list of this run lacks it, so it stays",
                back.name
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

    /// Removes what is there now of what was allowed: what people have added since stays.
    pub(super) fn remove_found(&mut self, progress: Box<Progress>, names: &[EntityName], below: &Below) -> Step {
        let keeps = |entity: &Entity| !names.contains(&entity.name);
        let kept = below
            .versions
            .iter()
            .chain(&below.deployments)
            .filter(|entity| keeps(entity));
        let kept: BTreeSet<EntityName> = kept.map(|entity| entity.name.clone()).collect();
        let mut found = plan_removals(&progress.api, below, &kept, false);
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
            self.done.removed += 1;
            left.pop_front();
        }
        self.close(&progress)
    }
}
