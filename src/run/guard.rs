//! Whether removals may be made: what the guard says, what was held before, and what people have confirmed.

use std::collections::BTreeSet;

use super::agenda::Tasks;
use super::apply::{Looked, Worked};
use crate::catalog::journal::{Confirmation, Journal};
use crate::model::{Gateway, IntegrationName};
use crate::plan::{Removals, Verdict};

/// What a run has to do with a confirmation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Charged {
    /// The confirmation that it knows of.
    pub id: Option<String>,
    /// How many removals were charged to it and could not be made.
    pub given_back: usize,
}

/// The guard of one gateway in one run.
#[derive(Debug)]
pub struct Guard {
    integration: IntegrationName,
    gateway: String,
    /// What this run has to do with a confirmation.
    pub charged: Charged,
    /// What the run leaves for the next.
    pub journal: Journal,
}

impl Guard {
    /// The guard, as the last run left it. Where there is something to lose and no run has told, everything is held.
    pub fn new(integration: &IntegrationName, gateway: &Gateway, journal: Journal, owned: usize) -> Self {
        let mut guard = Self {
            integration: integration.clone(),
            gateway: gateway.to_string(),
            charged: Charged {
                id: journal.confirmed.as_ref().map(|confirmed| confirmed.id.clone()),
                given_back: 0,
            },
            journal,
        };
        if guard.journal.held.is_none() {
            let held = if owned > 0 {
                vec![guard.gateway.clone()]
            } else {
                Vec::new()
            };
            guard.journal.held = Some(held.into_iter().collect());
        }
        guard
    }

    /// Whether removals are held, by an earlier run or this one.
    pub fn holds(&self) -> bool {
        // The gateway may have been written down before its account was known.
        let region = self.gateway.rsplit('/').next();
        let mut held = self.journal.held.iter().flatten();
        held.any(|held| held.rsplit('/').next() == region)
    }

    /// Holds the removals.
    pub fn hold(&mut self) {
        self.journal.held.get_or_insert_default().insert(self.gateway.clone());
    }

    /// Holds them no longer.
    pub fn release(&mut self) {
        self.journal.held = Some(BTreeSet::new());
    }

    /// How many removals a confirmation still allows.
    pub fn allowance(&self) -> usize {
        self.journal
            .confirmed
            .as_ref()
            .and_then(|confirmed| confirmed.left)
            .unwrap_or_default()
    }

    /// Whether this confirmation is in work already.
    pub fn goes_on_with(&self, id: &str) -> bool {
        let confirmed = self.journal.confirmed.as_ref();
        confirmed.is_some_and(|confirmed| confirmed.id == id && confirmed.left.is_some())
    }

    /// Takes a confirmation that fits what is held.
    pub fn confirm(&mut self, id: &str, count: usize) {
        self.journal.confirmations = self.journal.confirmations.saturating_add(1);
        self.set_confirmed(id, Some(count));
    }

    /// Keeps a confirmation that there was no time to compare with what is held.
    pub fn keep_for_later(&mut self, id: &str) {
        self.set_confirmed(id, None);
    }

    fn set_confirmed(&mut self, id: &str, left: Option<usize>) {
        self.charged.id = Some(id.to_owned());
        self.journal.confirmed = Some(Confirmation {
            gateway: self.gateway.clone(),
            id: id.to_owned(),
            left,
        });
    }

    /// Uses up this much of the confirmation that is in work, of what was asked for: if it is less, another run has used the
    /// rest. With the last of it the hold ends that it was about; it is kept until a whole run has ended, so that the same
    /// call goes on with the rest.
    pub fn spend(&mut self, granted: usize, asked: usize) {
        self.change_left(|left| {
            if granted < asked {
                0
            } else {
                left.saturating_sub(granted)
            }
        });
        if self.allowance() == 0 {
            self.release();
        }
    }

    /// Gives back what was spent and could not be removed.
    pub fn give_back(&mut self, count: usize) {
        if count > 0 && self.journal.confirmed.is_some() {
            self.change_left(|left| left.saturating_add(count));
            self.charged.given_back += count;
            self.hold();
        }
    }

    fn change_left(&mut self, change: impl FnOnce(usize) -> usize) {
        if let Some(left) = self
            .journal
            .confirmed
            .as_mut()
            .and_then(|confirmed| confirmed.left.as_mut())
        {
            *left = change(*left);
        }
    }

    /// Ends the confirmation that is in work, and with it the hold that it was about.
    pub fn end_confirmation(&mut self) {
        self.journal.confirmed = None;
        self.release();
    }

    /// The removals that the lists alone show.
    pub fn removals(&self, tasks: &Tasks) -> Removals {
        let mut removals = Removals {
            held: self.holds(),
            confirmations: self.journal.confirmations,
            ..Removals::default()
        };
        let owned = tasks.owned.saturating_sub(tasks.unread);
        removals.add_apis(&tasks.gone, owned, &tasks.owned_by_list);
        removals
    }

    /// All removals, as far as the APIs were looked at.
    pub fn removals_of_looks(&self, tasks: &Tasks, looks: &[Looked]) -> Removals {
        let mut removals = self.removals(tasks);
        for looked in looks {
            if let Ok(paused) = &looked.look {
                removals.owned_below += looked.task.job.owned_below();
                removals.add_stages_of(&looked.task.job.desired.name, paused.work.removals());
            }
        }
        removals
    }

    /// All removals, once the APIs were worked on.
    pub fn removals_of_work(&self, tasks: &Tasks, worked: &[Worked]) -> Removals {
        let mut removals = self.removals(tasks);
        for Worked { task, outcome } in worked {
            removals.owned_below += outcome.owned_below;
            if let Some(pending) = &outcome.pending {
                removals.add_stages_of(&task.job.desired.name, pending.work.removals());
            }
        }
        removals
    }

    /// The id that confirms these removals, and no others.
    pub fn id(&self, removals: &Removals) -> String {
        removals.id(&self.integration)
    }

    /// What the guard says of removals that no confirmation in work allows; one that was kept for later fits here or never.
    pub fn judge(&self, removals: &Removals) -> Verdict {
        removals.judge(&self.integration)
    }

    /// Whether a confirmation that was kept for later names exactly these.
    pub fn is_confirmed_later(&self, removals: &Removals) -> bool {
        let confirmed = self.journal.confirmed.as_ref();
        let waits = confirmed.filter(|confirmed| confirmed.left.is_none());
        !removals.is_empty() && waits.is_some_and(|waits| waits.id == removals.id(&self.integration))
    }
}
