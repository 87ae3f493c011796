//! Looking: determines what there is to do, and shows it to people.

use std::collections::VecDeque;

use super::{State, Work};
use crate::model::{Definition, DesiredDeployment, Export, Skipped};
use crate::plan::api::ApiPlan;
use crate::plan::below::{Below, Standing};
use crate::plan::definition::is_refusal;
use crate::plan::disagreement::disagreements;
use crate::plan::preview::{Preview, PreviewChange};
use crate::plan::removals::Removal;
use crate::plan::step::{Event, Step, export};
use crate::plan::version::VersionPlan;

impl Work {
    /// Whether the work is still looking.
    #[must_use]
    pub fn is_looking(&self) -> bool {
        matches!(self.state, State::Reading { .. } | State::Probing { .. })
    }

    /// The removals that wait for the guard, in the order in which they are allowed.
    #[must_use]
    pub fn removals(&self) -> &[Removal] {
        self.plan().map_or(&[], |plan| &plan.removals)
    }

    /// The plan, once made and until carried out.
    fn plan(&self) -> Option<&ApiPlan> {
        match &self.state {
            State::Creating(plan)
            | State::ListingVersions(_, plan, _)
            | State::MakingVersions { plan, .. }
            | State::Opening(plan) => Some(plan),
            State::Versions(progress)
            | State::AwaitingVerdict(progress)
            | State::AskingStages(progress, _)
            | State::RereadingBelow(progress, _)
            | State::Removing(progress, _) => Some(&progress.plan),
            State::Begin(_)
            | State::Reading { .. }
            | State::Probing { .. }
            | State::Closing
            | State::ClosingForOthers
            | State::Settled
            | State::Ended => None,
        }
    }

    /// Adds the changes of the next steps to a plan for people.
    pub fn add_to(&self, preview: &mut Preview, step: &Step) {
        let skips = match self.plan() {
            Some(plan) => &plan.skips,
            None => &self.done.skips,
        };
        let skips = skips.iter().cloned();
        let skipped = skips.filter_map(|skip| Skipped::below(skip, &self.desired));
        preview.skipped.extend(skipped);
        preview.disagreements.extend(disagreements(&self.desired));
        let before = preview.changes.len();
        match (self.plan(), step) {
            (Some(plan), _) => {
                preview.conflicts.extend(plan.conflicts.iter().cloned());
                preview.changes.extend(plan.opening.iter().map(PreviewChange::from));
                let versions = plan.versions.iter().flat_map(VersionPlan::preview);
                preview.changes.extend(versions.map(PreviewChange::from));
                let removals = plan.removals.iter().flat_map(|removal| &removal.writes);
                preview.changes.extend(removals.map(PreviewChange::from));
            }
            (None, Step::Write(write)) => preview.changes.push(write.into()),
            (None, _) => preview.conflicts.extend(self.done.conflicts.iter().cloned()),
        }
        for change in &mut preview.changes[before..] {
            change.tell_rules(&self.desired);
        }
    }

    pub(super) fn read(&mut self, standing: Standing, known: Below, below: Below) -> Step {
        let below = Below {
            damaged: below.damaged.into_iter().chain(known.damaged).collect(),
            exportable: known.exportable,
            ..below
        };
        let refused = |(stage_name, stage): &(&String, &DesiredDeployment)| {
            let skipped = standing.owned().map(|api| &api.marker.record.skipped);
            skipped.is_some_and(|skipped| skipped.iter().any(|skip| is_refusal(skip, stage_name, stage)))
        };
        // A refused export stays refused until the stage changes, unless a deep check finds otherwise.
        let versions = self.desired.versions.iter().filter(|_| self.deep);
        let stages = versions.flat_map(|version| version.deployments.iter().map(|stage| (&version.stage_name, stage)));
        let left: VecDeque<_> = stages
            .filter(refused)
            .filter(|(_, stage)| matches!(stage.definition, Definition::Exported(_)))
            .filter(|(_, stage)| !below.exportable.contains(&stage.name))
            .map(|(stage_name, stage)| (stage_name.clone(), stage.clone()))
            .collect();
        self.deep = false;
        self.probe(standing, below, left)
    }

    pub(super) fn probe(
        &mut self,
        standing: Standing,
        below: Below,
        left: VecDeque<(String, DesiredDeployment)>,
    ) -> Step {
        match left.front() {
            Some((stage_name, stage)) => {
                let step = export(stage_name, stage);
                self.state = State::Probing { standing, below, left };
                step
            }
            None => self.plan_all(standing, below),
        }
    }

    pub(super) fn probed(
        &mut self,
        standing: Standing,
        mut below: Below,
        mut left: VecDeque<(String, DesiredDeployment)>,
        event: &Event,
    ) -> Step {
        if let (Some((_, stage)), Event::Exported(Export::Document(_))) = (left.pop_front(), event) {
            below.exportable.insert(stage.name);
        }
        self.probe(standing, below, left)
    }
}
