//! The test's knowledge of the integrations in a life, and what each answer adds to it.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::estate::FullEstate;
use serde_json::Value;

use super::grounds::INTEGRATIONS;
use super::laws::{Moment, has_lost_nothing};
use super::ledger::Ledger;
use super::player::{self, Player, integration};
use super::step::{Call, Query, Trouble};
use crate::world::{Answer, kept};

/// A possible state of an integration: the settings in force, or nothing.
pub type Wish = Option<Value>;

/// The knowledge in one life.
#[derive(Default)]
pub struct Known {
    pub ledger: Ledger,
    pub moment: Moment,
    /// The possible states of each integration, one of which is real.
    pub wishes: BTreeMap<String, Vec<Wish>>,
    /// All that was ever asked for of each.
    asked_for: BTreeMap<String, Vec<Wish>>,
    /// Integrations whose environment a person took away, or whose handler ended while it was being deleted.
    pub orphans: BTreeSet<String>,
    /// The deletions that were held last, by integration.
    pub held: BTreeMap<String, String>,
    /// Integrations of which what is gone was held and not confirmed since.
    unconfirmed: BTreeSet<String>,
    /// The number of changes before the run in flight.
    pub last_run: usize,
    /// Everything that the handlers answered.
    pub said: String,
}

impl Known {
    pub fn begin_step(&mut self) {
        self.ledger.step = self.ledger.seen;
        self.moment.deleted.clear();
        self.moment.made.clear();
        self.moment.taken.clear();
        self.moment.held.clear();
        self.moment.hidden = None;
        self.moment.unconfirmed.clone_from(&self.unconfirmed);
        self.moment.modes.clear();
        for (name, wishes) in &self.wishes {
            let modes = wishes
                .iter()
                .flatten()
                .filter_map(|wish| Some(wish["importSpecification"].as_str()?.to_owned()));
            self.moment.modes.insert(name.clone(), modes.collect());
        }
    }

    /// Nothing is left of a hold where all is on the gateway.
    pub fn end_holds(&mut self, estate: &FullEstate) {
        let ledger = &self.ledger;
        self.unconfirmed
            .retain(|integration| !has_lost_nothing(ledger, estate, integration));
    }

    /// What the last runs have held stays so; a call that confirms it, or ends the integration, may come first or last.
    pub fn begin_holds(&mut self, calls: &[(usize, Call)]) {
        for name in INTEGRATIONS {
            let ends = |(_, call): &(usize, Call)| call.ends_hold_of(name);
            let environments = self.ledger.environments_of(name);
            let held = environments.iter().any(|(_, environment)| has_held(&environment.value));
            if held && !calls.iter().any(ends) {
                self.unconfirmed.insert(name.to_owned());
            }
        }
    }

    /// A person took an environment away from an integration, or changed what it holds of it.
    pub fn lose_environment(&mut self, integration: &str) {
        let left = self.ledger.environments_of(integration).len();
        let wishes = self.wishes.entry(integration.to_owned()).or_default();
        if left == 0 {
            self.orphans.insert(integration.to_owned());
            wishes.push(None);
        } else {
            // In the middle of a move there are two: then it is as it was before.
            wishes.extend(self.asked_for.get(integration).cloned().unwrap_or_default());
        }
    }

    /// Adds the possible effects of a call, before it is made.
    pub fn expect(&mut self, call: &Call, player: &Player) {
        for holds in [&mut self.unconfirmed, &mut self.moment.unconfirmed] {
            holds.retain(|name| !call.ends_hold_of(name));
        }
        match call {
            Call::Put { name, document } => {
                let name = integration(*name).to_owned();
                let document = player.document(document);
                let word = |property: &str| document["properties"][property].as_str().unwrap().to_owned();
                self.moment
                    .modes
                    .entry(name.clone())
                    .or_default()
                    .insert(word("importSpecification"));
                self.moment
                    .lifecycles
                    .entry(name)
                    .or_default()
                    .insert(word("targetLifecycleStage"));
            }
            Call::Delete { name } => {
                let name = integration(*name).to_owned();
                self.moment.deleted.insert(name.clone());
                self.moment.ever_deleted.insert(name);
            }
            Call::Sync { .. } | Call::Timer | Call::Plan { .. } => (),
        }
    }

    /// Learns from an answer about an integration; simultaneous calls may have come after it.
    pub fn learn(
        &mut self,
        call: &Call,
        answer: &Answer,
        player: &Player,
        alone: bool,
        trouble: &Trouble,
    ) -> Result<(), String> {
        let status = answer.status.as_u16();
        if let Ok(body) = serde_json::from_str::<Value>(&answer.text) {
            self.learn_report(call, &body)?;
        }
        match call {
            Call::Put { name, document } => {
                let name = integration(*name).to_owned();
                let wish = Some(player.document(document)["properties"].clone());
                self.asked_for.entry(name.clone()).or_default().push(wish.clone());
                let wishes = self.wishes.entry(name.clone()).or_default();
                match status {
                    200 | 201 if alone => {
                        *wishes = vec![wish];
                        self.orphans.remove(&name);
                    }
                    400 | 404 | 409 => (),
                    _ => wishes.push(wish),
                }
            }
            Call::Delete { name } => {
                let name = integration(*name).to_owned();
                let undisturbed = matches!(trouble, Trouble::None);
                // An answer that something refuses says whether the deletion continues all the same.
                let goes_on = [" is being deleted, and the timer continues", " was deleted, but "];
                let goes_on = goes_on.iter().any(|words| answer.text.contains(words));
                let wishes = self.wishes.entry(name.clone()).or_default();
                match status {
                    _ if alone && (goes_on || matches!(status, 202 | 204)) => *wishes = vec![None],
                    400 | 404 | 409 => (),
                    _ => wishes.push(None),
                }
                match status {
                    204 if undisturbed => _ = self.orphans.remove(&name),
                    _ => _ = self.orphans.insert(name),
                }
            }
            Call::Sync { .. } | Call::Timer | Call::Plan { .. } => (),
        }
        Ok(())
    }

    /// Checks that a report is possible.
    pub fn learn_report(&mut self, call: &Call, body: &Value) -> Result<(), String> {
        let (name, report) = match call {
            Call::Put { name, .. } => (name, &body["properties"]["lastSync"]),
            Call::Sync { name, .. } => (name, body),
            Call::Timer | Call::Delete { .. } | Call::Plan { .. } => return Ok(()),
        };
        let Some(outcome) = report["outcome"].as_str() else {
            return Ok(());
        };
        let id = report["deletionsId"].as_str();
        if let Some(id) = id {
            self.held.insert(integration(*name).to_owned(), id.to_owned());
        }
        check_report(outcome, report)
    }
}

impl Call {
    /// Whether it confirms what is gone of an integration, or lets all of it go.
    fn ends_hold_of(&self, integration: &str) -> bool {
        match self {
            Self::Sync {
                name,
                query: Query::Confirm,
            }
            | Self::Delete { name } => player::integration(*name) == integration,
            Self::Sync { .. } | Self::Put { .. } | Self::Timer | Self::Plan { .. } => false,
        }
    }
}

/// Whether the last run has held what is gone, and nobody confirmed it without there being time for it.
fn has_held(environment: &Value) -> bool {
    let of = |property| kept(&environment["properties"], "aws-integration", property);
    of("lastSync")["outcome"] == "held" && of("journal")["confirmed"].is_null()
}

/// The rules that every report keeps.
pub fn check_report(outcome: &str, report: &Value) -> Result<(), String> {
    let count = |name: &str| report[name].as_u64();
    let counts = [
        "created",
        "updated",
        "deleted",
        "unchanged",
        "remaining",
        "definitionsWritten",
    ];
    let unfinished =
        count("remaining") != Some(0) || report["failed"].as_array().is_none_or(|failed| !failed.is_empty());
    let gateways = report["gateways"].as_array().into_iter().flatten();
    let mut gaps = gateways.filter(|gateway| gateway["message"].is_string());
    let sane = counts.iter().all(|name| count(name).is_some())
        && report["startedOn"].as_str() <= report["finishedOn"].as_str()
        && ["aws", "azure"].iter().all(|side| report["requests"][side].is_u64())
        && (outcome == "held") == report["deletionsId"].is_string()
        && match outcome {
            "succeeded" => !unfinished,
            "partial" => unfinished || gaps.next().is_some(),
            "held" => count("deleted") == Some(0),
            "failed" => report["message"].is_string(),
            _ => false,
        };
    if sane {
        Ok(())
    } else {
        Err(format!("such a report cannot be: {report:#}"))
    }
}
