//! Decides which removals may proceed: the guard's verdict, earlier holds, and confirmations.

use std::collections::{BTreeMap, BTreeSet};

use super::agenda::{Task, Tasks};
use super::apply::{Looked, Worked};
use super::drive::Paused;
use crate::catalog::journal::{Confirmation, Journal};
use crate::catalog::settings::rules_digest;
use crate::model::{Gateway, Integration, IntegrationName};
use crate::plan::{Removal, Removals, Verdict, deletions_id, judge, removals};

/// A run's part in a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charged {
    /// The id of the confirmation.
    pub id: String,
    /// The number of removals charged to it that could not be made.
    pub given_back: usize,
}

/// The confirmations that a run knows, by gateway.
pub type Charges = BTreeMap<String, Charged>;

/// The guard of one run.
#[derive(Debug)]
pub struct Guard {
    integration: IntegrationName,
    rules: String,
    /// The run's part in confirmations.
    pub charges: Charges,
    /// The journal for the next run.
    pub journal: Journal,
}

impl Guard {
    /// The guard as the last run left it. If there is something to lose and no earlier run, everything is held.
    pub fn new(integration: &Integration, journal: Journal, tasks: &Tasks) -> Self {
        let mut guard = Self {
            integration: integration.name.clone(),
            rules: rules_digest(integration),
            charges: charges(&journal),
            journal,
        };
        if guard.journal.held.is_none() {
            guard.journal.held = Some(tasks.owned.keys().map(ToString::to_string).collect());
        }
        guard
    }

    /// The integration.
    pub fn integration(&self) -> &IntegrationName {
        &self.integration
    }

    /// Whether removals on a gateway are held, by an earlier run or this one.
    pub fn holds(&self, gateway: &Gateway) -> bool {
        self.journal.held.iter().flatten().any(|held| is_of(held, gateway))
    }

    /// Holds the removals on a gateway.
    pub fn hold(&mut self, gateway: &Gateway) {
        self.journal.held.get_or_insert_default().insert(gateway.to_string());
    }

    fn release(&mut self, gateway: &Gateway) {
        self.journal
            .held
            .get_or_insert_default()
            .retain(|held| !is_of(held, gateway));
    }

    /// The number of removals that a confirmation still allows on a gateway.
    pub fn allowance(&self, gateway: &Gateway) -> usize {
        self.confirmed(gateway).map_or(0, |confirmed| confirmed.left)
    }

    /// Whether this confirmation is being carried out already.
    pub fn goes_on_with(&self, id: &str) -> bool {
        self.journal.confirmed.values().any(|confirmed| confirmed.id == id)
    }

    /// Accepts the confirmations that match what is held; returns those that match nothing.
    pub fn confirm(&mut self, ids: &BTreeSet<String>, removals: &BTreeMap<Gateway, Removals>) -> BTreeSet<String> {
        let verdict = self.judge(removals);
        let whole = self.id(removals, &verdict);
        let mut unfit = BTreeSet::new();
        let mut fits: BTreeMap<&Gateway, (&String, usize)> = BTreeMap::new();
        for id in ids.iter().filter(|id| !self.goes_on_with(id)) {
            let before = fits.len();
            if *id == whole {
                let held = verdict.holds.iter().map(|(gateway, hold)| (gateway, hold.count));
                // What was held when the id was issued may be small enough by now.
                let rest = removals.iter().map(|(gateway, removals)| (gateway, removals.len()));
                for (gateway, count) in held.chain(rest.filter(|_| verdict.holds.is_empty())) {
                    if count > 0 {
                        fits.insert(gateway, (id, count));
                    }
                }
            }
            for (gateway, hold) in verdict.holds.iter().filter(|(_, hold)| hold.deletions_id == *id) {
                fits.insert(gateway, (id, hold.count));
            }
            if fits.len() == before {
                unfit.insert(id.clone());
            }
        }
        if !fits.is_empty() {
            self.journal.confirmations = self.journal.confirmations.saturating_add(1);
        }
        for (gateway, (id, left)) in fits {
            let key = gateway.to_string();
            let charged = Charged {
                id: id.clone(),
                given_back: 0,
            };
            self.charges.insert(key.clone(), charged);
            self.journal.confirmed.retain(|of, _| !is_of(of, gateway));
            self.journal
                .confirmed
                .insert(key, Confirmation { id: id.clone(), left });
        }
        unfit
    }

    /// Charges a gateway's confirmation with the granted part of what was asked for: if less was granted, another run
    /// used the rest. Using it up ends its hold; the confirmation stays until a full run ends, so that the same call
    /// can continue.
    pub fn spend(&mut self, gateway: &Gateway, granted: usize, asked: usize) {
        if let Some(confirmed) = self.confirmed_mut(gateway) {
            confirmed.left = if granted < asked {
                0
            } else {
                confirmed.left.saturating_sub(granted)
            };
        }
        if self.allowance(gateway) == 0 {
            self.release(gateway);
        }
    }

    /// Returns charges whose removals could not be made.
    pub fn give_back(&mut self, gateway: &Gateway, count: usize) {
        let Some(confirmed) = self.confirmed_mut(gateway).filter(|_| count > 0) else {
            return;
        };
        confirmed.left = confirmed.left.saturating_add(count);
        let charged = self.charges.iter_mut().find(|(of, _)| is_of(of, gateway));
        if let Some((_, charged)) = charged {
            charged.given_back += count;
        }
        self.hold(gateway);
    }

    /// Ends a gateway's confirmation and its hold.
    pub fn end_confirmation(&mut self, gateway: &Gateway) {
        self.journal.confirmed.retain(|of, _| !is_of(of, gateway));
        self.release(gateway);
    }

    /// Ends all confirmations and holds, except those of these gateways.
    pub fn end_all_but(&mut self, unfinished: &BTreeSet<Gateway>) {
        let is_unfinished = |written: &str| unfinished.iter().any(|gateway| is_of(written, gateway));
        self.journal.confirmed.retain(|gateway, _| is_unfinished(gateway));
        self.journal
            .held
            .get_or_insert_default()
            .retain(|gateway| is_unfinished(gateway));
    }

    /// Records that a complete run found nothing left to do under the integration's rules.
    pub fn complete(&mut self) {
        self.journal.uncompared.clear();
        self.journal.rules = Some(self.rules.clone());
    }

    /// The removals that the lists alone show.
    pub fn removals(&self, tasks: &Tasks) -> BTreeMap<Gateway, Removals> {
        let mut removals = removals(&tasks.leaving, &tasks.owned);
        for (gateway, removals) in &mut removals {
            removals.held = self.holds(gateway);
        }
        removals
    }

    /// All removals, as far as the APIs were looked at.
    pub fn removals_of_looks(&self, tasks: &Tasks, looks: &[Looked]) -> BTreeMap<Gateway, Removals> {
        let mut removals = self.removals(tasks);
        for Looked { task, look } in looks {
            if let Ok(paused) = look {
                self.add_below(&mut removals, task, true, Some(paused));
            }
        }
        removals
    }

    /// All removals, once the APIs were worked on.
    pub fn removals_of_work(&self, tasks: &Tasks, worked: &[Worked]) -> BTreeMap<Gateway, Removals> {
        let mut removals = self.removals(tasks);
        for Worked { task, outcome } in worked {
            self.add_below(&mut removals, task, outcome.looked_at, outcome.pending.as_deref());
        }
        removals
    }

    /// Adds our entities below an API that was looked at, and those to be removed.
    fn add_below(
        &self,
        removals: &mut BTreeMap<Gateway, Removals>,
        task: &Task,
        looked_at: bool,
        paused: Option<&Paused>,
    ) {
        if looked_at {
            for (gateway, counts) in task.job.owned_below() {
                self.of(removals, &gateway).owned_below += counts;
            }
        }
        for removal in paused.into_iter().flat_map(|paused| paused.work.removals()) {
            let removals = self.of(removals, gateway_of(task, removal));
            removals.add_below(&task.job.desired.name, removal);
        }
    }

    fn of<'a>(&self, removals: &'a mut BTreeMap<Gateway, Removals>, gateway: &Gateway) -> &'a mut Removals {
        removals.entry(gateway.clone()).or_insert_with(|| Removals {
            held: self.holds(gateway),
            ..Removals::default()
        })
    }

    /// The guard's verdict on removals that no confirmation allows.
    pub fn judge(&self, removals: &BTreeMap<Gateway, Removals>) -> Verdict {
        let confirmations = self.journal.confirmations;
        let mut verdict = judge(&self.integration, removals, confirmations);
        verdict.holds.retain(|gateway, _| self.allowance(gateway) == 0);
        verdict
    }

    /// The id that confirms exactly the held removals, or all of them if none is held.
    pub fn id(&self, removals: &BTreeMap<Gateway, Removals>, verdict: &Verdict) -> String {
        let held = verdict
            .holds
            .iter()
            .map(|(gateway, hold)| removals[gateway].held_by(hold));
        let held: Vec<Removals> = held.collect();
        if held.is_empty() {
            deletions_id(&self.integration, removals.values(), self.journal.confirmations)
        } else {
            deletions_id(&self.integration, &held, self.journal.confirmations)
        }
    }

    fn confirmed(&self, gateway: &Gateway) -> Option<&Confirmation> {
        let mut confirmed = self.journal.confirmed.iter();
        confirmed
            .find(|(of, _)| is_of(of, gateway))
            .map(|(_, confirmed)| confirmed)
    }

    fn confirmed_mut(&mut self, gateway: &Gateway) -> Option<&mut Confirmation> {
        let mut confirmed = self.journal.confirmed.iter_mut();
        confirmed
            .find(|(of, _)| is_of(of, gateway))
            .map(|(_, confirmed)| confirmed)
    }
}

/// The gateway that is charged for a removal below an API.
pub fn gateway_of<'a>(task: &'a Task, removal: &'a Removal) -> &'a Gateway {
    removal.gateway().unwrap_or_else(|| task.gateway())
}

/// The confirmations of a journal, with nothing returned.
pub fn charges(journal: &Journal) -> Charges {
    let confirmed = journal.confirmed.iter();
    let known = confirmed.map(|(gateway, confirmed)| {
        let charged = Charged {
            id: confirmed.id.clone(),
            given_back: 0,
        };
        (gateway.clone(), charged)
    });
    known.collect()
}

/// Whether a recorded gateway is this one. It may have been recorded before its account was known.
fn is_of(written: &str, gateway: &Gateway) -> bool {
    Gateway::parse(written).is_some_and(|written| written.may_be(gateway))
}
