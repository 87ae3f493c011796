//! Finding out what there is to do, and telling people.

use std::collections::VecDeque;

use super::{State, Work};
use crate::model::{Definition, DesiredVersion, Export, Skipped};
use crate::plan::api::ApiPlan;
use crate::plan::below::{Below, Standing};
use crate::plan::definition::is_refusal;
use crate::plan::preview::{Preview, PreviewChange};
use crate::plan::removals::Removal;
use crate::plan::step::{Event, Step, export};
use crate::plan::version::VersionPlan;

impl Work {
    /// Whether the work is still finding out what there is to do.
    #[must_use]
    pub fn is_looking(&self) -> bool {
        matches!(self.state, State::Reading { .. } | State::Probing { .. })
    }

    /// The removals that wait for the guard, in the order in which they are allowed.
    #[must_use]
    pub fn removals(&self) -> &[Removal] {
        self.plan().map_or(&[], |plan| &plan.removals)
    }

    /// What is known of the plan, as far as it is made and not carried out.
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
            | State::Settled
            | State::Ended => None,
        }
    }

    /// Adds what the next steps would change to a plan for people.
    pub fn add_to(&self, preview: &mut Preview, step: &Step) {
        let skips = match self.plan() {
            Some(plan) => &plan.skips,
            None => &self.done.skips,
        };
        let key = &self.desired.members[0];
        let skips = skips.iter().cloned();
        preview
            .skipped
            .extend(skips.map(|skip| Skipped::of(skip, key, &self.desired.title)));
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
        let refused = |version: &&DesiredVersion| {
            let skipped = standing.owned().map(|api| &api.marker.record.skipped);
            skipped.is_some_and(|skipped| skipped.iter().any(|skip| is_refusal(skip, version)))
        };
        // What Amazon refused stays refused until the stage changes, unless a deep check finds that it does no longer.
        let probes = self.desired.versions.iter().filter(|_| self.deep).filter(refused);
        let left: VecDeque<_> = probes
            .filter(|version| matches!(version.definition, Definition::Exported(_)))
            .filter(|version| !below.exportable.contains(&version.name))
            .cloned()
            .collect();
        self.deep = false;
        self.probe(standing, below, left)
    }

    pub(super) fn probe(&mut self, standing: Standing, below: Below, left: VecDeque<DesiredVersion>) -> Step {
        match left.front() {
            Some(version) => {
                let step = export(version);
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
        mut left: VecDeque<DesiredVersion>,
        event: &Event,
    ) -> Step {
        if let (Some(version), Event::Exported(Export::Document(_))) = (left.pop_front(), event) {
            below.exportable.insert(version.name);
        }
        self.probe(standing, below, left)
    }
}
