//! The guard: judges whether the removals of a run are too many to make unasked.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{ApiList, EntityName, Gateway, IntegrationName, digest};

use super::removals::{Counts, Removal};
use super::survey::{Leaving, OwnedApis, Why};

/// The number of removals that is always allowed, and the allowed share of what is owned: more is held.
const ALLOWED_COUNT: usize = 5;
const ALLOWED_PERCENT: usize = 20;
/// Hex digits of a deletions id: enough to name one, short enough to type.
const ID_DIGITS: usize = 16;

/// The removals on one gateway, and the totals they are compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removals {
    /// APIs to remove because they are gone.
    pub apis: Vec<EntityName>,
    /// APIs to remove although nobody knows that they are gone: they departed.
    pub departed: Vec<EntityName>,
    /// Stages and group members to remove although nobody knows that they are gone, by API and removal name.
    pub departed_stages: Vec<(EntityName, EntityName)>,
    /// Why the first of them departed.
    pub departure: Option<String>,
    /// Stages and group members to remove, by API and removal name.
    pub stages: Vec<(EntityName, EntityName)>,
    /// Versions and deployments among those stages.
    pub below: Counts,
    /// APIs that were ours when the run began and should be in the lists that were read.
    pub owned_apis: usize,
    /// The lists that contain none of the APIs they should, with the number of these.
    pub emptied: Vec<(ApiList, usize)>,
    /// Our entities below the APIs whose stages were read. The others do not count: they cannot show what they lack.
    pub owned_below: Counts,
    /// Whether an earlier run held removals that were neither confirmed nor resolved since.
    pub held: bool,
}

/// The guard's verdict on the removals of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The holds by gateway; the others may lose what is gone.
    pub holds: BTreeMap<Gateway, Hold>,
}

/// Why removals on a gateway are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub deletions_id: String,
    /// The number of removals: of APIs, and of stages of APIs that stay.
    pub count: usize,
    /// What is wrong with the gone ones; `None` if only departures are held.
    pub suspicion: Option<String>,
    /// The number of departures, and the reason of the first.
    pub departures: Option<(usize, String)>,
}

impl Removals {
    /// The number of removals: of APIs, and of stages of APIs that stay.
    #[must_use]
    pub fn len(&self) -> usize {
        self.apis.len() + self.stages.len() + self.departures_len()
    }

    /// Whether there is nothing to delete.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a removal below an API.
    pub fn add_below(&mut self, api: &EntityName, removal: &Removal) {
        // A member that has moved loses nothing.
        if removal.moved_to.is_some() {
            return;
        }
        let name = (api.clone(), removal.name.clone());
        if let Some(why) = &removal.departure {
            self.departed_stages.push(name);
            self.departure.get_or_insert_with(|| why.clone());
        } else {
            self.stages.push(name);
            self.below += removal.counted;
        }
    }

    /// Those that this hold covers.
    #[must_use]
    pub fn held_by(&self, hold: &Hold) -> Self {
        if hold.suspicion.is_some() {
            self.clone()
        } else {
            self.departures()
        }
    }

    /// Only the departures.
    fn departures(&self) -> Self {
        Self {
            departed: self.departed.clone(),
            departed_stages: self.departed_stages.clone(),
            ..Self::default()
        }
    }

    fn departures_len(&self) -> usize {
        self.departed.len() + self.departed_stages.len()
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let apis = self.apis.iter().chain(&self.departed);
        let apis = apis.map(|api| api.as_str().to_ascii_lowercase());
        let stages = self.stages.iter().chain(&self.departed_stages);
        apis.chain(stages.map(|(api, stage)| format!("{api}/{stage}").to_ascii_lowercase()))
    }

    fn suspicion(&self) -> Option<String> {
        if self.apis.is_empty() && self.stages.is_empty() {
            return None;
        }
        if let Some((list, owned)) = self.emptied.first() {
            return Some(format!(
                "none of the {owned} synchronized {} is in API Gateway's list",
                list.title()
            ));
        }
        let (apis, owned_apis) = (self.apis.len(), self.owned_apis);
        self.excess().or_else(|| {
            self.held.then(|| {
                format!(
                    "{apis} of {owned_apis} synchronized APIs and {} stages of others would be deleted, and deletions \
                     stay held until they are confirmed or none is left",
                    self.stages.len()
                )
            })
        })
    }

    /// Why there are too many.
    fn excess(&self) -> Option<String> {
        let (below, owned) = (self.below, self.owned_below);
        let counts = [
            ("APIs", self.apis.len(), self.owned_apis),
            ("versions", below.versions, owned.versions),
            ("deployments", below.deployments, owned.deployments),
        ];
        let (what, count, owned) = counts
            .into_iter()
            .find(|(_, count, owned)| is_too_much(*count, *owned))?;
        Some(format!("{count} of {owned} synchronized {what} would be deleted"))
    }

    fn add_counts_of(&mut self, other: &Self) {
        self.apis.extend(other.apis.iter().cloned());
        self.below += other.below;
        self.owned_apis += other.owned_apis;
        self.owned_below += other.owned_below;
    }
}

/// The removals that the lists alone show, by gateway, including every gateway with something of ours.
#[must_use]
pub fn removals(leaving: &[Leaving], owned: &BTreeMap<Gateway, OwnedApis>) -> BTreeMap<Gateway, Removals> {
    let mut removals: BTreeMap<Gateway, Removals> = BTreeMap::new();
    for (gateway, owned) in owned {
        let of_gateway = || {
            leaving
                .iter()
                .filter(|leaving| leaving.gateway == *gateway && matches!(leaving.why, Why::Gone | Why::OptedOut(_)))
        };
        let is_emptied = |(list, owned): &(&ApiList, &usize)| {
            let gone = of_gateway().filter(|leaving| leaving.is_on(**list));
            gone.count() == **owned
        };
        let emptied = owned.by_list.iter().filter(is_emptied);
        let of_lists = Removals {
            owned_apis: owned.read,
            emptied: emptied.map(|(list, owned)| (*list, *owned)).collect(),
            ..Removals::default()
        };
        removals.insert(gateway.clone(), of_lists);
    }
    for leaving in leaving {
        let removals = removals.entry(leaving.gateway.clone()).or_default();
        let name = leaving.api.proof.name.clone();
        match &leaving.why {
            Why::Gone | Why::OptedOut(_) => removals.apis.push(name),
            Why::Departed(why) => {
                removals.departed.push(name);
                removals.departure.get_or_insert_with(|| why.clone());
            }
            // Loses nothing.
            Why::Moved(_) => (),
        }
    }
    removals
}

/// The digest of the integration and the sorted names to remove, plus the number of used confirmations if any: it still
/// fits after the rest was applied, and never again once confirmed.
#[must_use]
pub fn deletions_id<'a>(
    integration: &IntegrationName,
    removals: impl IntoIterator<Item = &'a Removals>,
    confirmations: u64,
) -> String {
    let mut names: Vec<String> = removals.into_iter().flat_map(Removals::names).collect();
    names.sort();
    let mut text = format!("{}\n{}", integration.as_str().to_ascii_lowercase(), names.join("\n"));
    if confirmations > 0 {
        // No name has a line that begins like this. Writing to a `String` cannot fail.
        let _ = write!(text, "\n#{confirmations}");
    }
    let mut id = digest(text.as_bytes());
    id.truncate(ID_DIGITS);
    id
}

/// Judges the removals: each gateway first, then the sum over gateways that are not held themselves.
#[must_use]
pub fn judge(integration: &IntegrationName, removals: &BTreeMap<Gateway, Removals>, confirmations: u64) -> Verdict {
    let suspicions = removals
        .iter()
        .map(|(gateway, removals)| (gateway, removals.suspicion()));
    let mut suspicions: BTreeMap<&Gateway, Option<String>> = suspicions.collect();
    let mut sum = Removals::default();
    for (gateway, removals) in removals {
        if suspicions[gateway].is_none() {
            sum.add_counts_of(removals);
        }
    }
    if let Some(excess) = sum.excess() {
        for (gateway, removals) in removals {
            if removals.apis.len() + removals.stages.len() > 0
                && let Some(suspicion) = suspicions.get_mut(gateway).filter(|suspicion| suspicion.is_none())
            {
                *suspicion = Some(format!("{excess}, of all gateways together"));
            }
        }
    }
    let hold = |(gateway, removals): (&Gateway, &Removals)| {
        let suspicion = suspicions.get_mut(gateway).and_then(Option::take);
        let departed = removals.departures_len();
        let departures = (departed > 0).then(|| (departed, removals.departure.clone().unwrap_or_default()));
        let is_held = suspicion.is_some() || departures.is_some();
        is_held.then(|| {
            let names = if suspicion.is_some() {
                removals.clone()
            } else {
                removals.departures()
            };
            let hold = Hold {
                deletions_id: deletions_id(integration, [&names], confirmations),
                count: names.len(),
                suspicion,
                departures,
            };
            (gateway.clone(), hold)
        })
    };
    Verdict {
        holds: removals.iter().filter_map(hold).collect(),
    }
}

fn is_too_much(count: usize, owned: usize) -> bool {
    count > ALLOWED_COUNT && count * 100 > owned * ALLOWED_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removals(apis: usize, owned_apis: usize, deployments: usize, owned_deployments: usize) -> Removals {
        let name = |number: usize| EntityName::parse(&format!("shop-api{number}")).unwrap();
        Removals {
            apis: (0..apis).map(name).collect(),
            stages: (0..deployments).map(|number| (name(1_000), name(number))).collect(),
            below: counts(0, deployments),
            owned_apis,
            emptied: (0 < apis && apis == owned_apis)
                .then_some((ApiList::Rest, owned_apis))
                .into_iter()
                .collect(),
            owned_below: counts(0, owned_deployments),
            ..Removals::default()
        }
    }

    fn counts(versions: usize, deployments: usize) -> Counts {
        Counts { versions, deployments }
    }

    fn gateway(region: &str) -> Gateway {
        Gateway {
            account: None,
            region: crate::model::Region::parse(region).unwrap(),
        }
    }

    fn is_held(removals: &Removals) -> bool {
        let all = BTreeMap::from([(gateway("us-east-1"), removals.clone())]);
        !judge(&shop(), &all, 0).holds.is_empty()
    }

    fn shop() -> IntegrationName {
        IntegrationName::parse("shop").unwrap()
    }

    #[test]
    fn few_deletions_are_allowed_and_many_are_held() {
        //    apis of owned, deployments of owned → held
        let table = [
            ((0, 0, 0, 0), false),
            ((1, 2, 0, 0), false),
            ((1, 1, 0, 0), true),
            ((5, 6, 0, 0), false),
            ((6, 30, 0, 0), false),
            ((6, 29, 0, 0), true),
            ((20, 100, 0, 0), false),
            ((21, 100, 0, 0), true),
            ((0, 100, 5, 5), false),
            ((0, 100, 6, 30), false),
            ((0, 100, 6, 29), true),
        ];
        for ((apis, owned_apis, deployments, owned), held) in table {
            assert_eq!(
                is_held(&removals(apis, owned_apis, deployments, owned)),
                held,
                "{apis} {owned_apis} {deployments} {owned}"
            );
        }
    }

    #[test]
    fn versions_count_for_themselves() {
        for (versions, owned, held) in [(5, 5, false), (6, 30, false), (6, 29, true)] {
            let removals = Removals {
                below: counts(versions, 1),
                owned_below: counts(owned, 1_000),
                ..removals(0, 100, versions, 1_000)
            };
            assert_eq!(is_held(&removals), held, "{versions} of {owned}");
        }
    }

    #[test]
    fn once_held_the_least_of_it_is_and_nothing_is_not() {
        for (apis, stages, held) in [(1, 0, true), (0, 1, true), (0, 0, false)] {
            let removals = Removals {
                held: true,
                ..removals(apis, 1_000, stages, 1_000)
            };
            assert_eq!(is_held(&removals), held, "{apis} {stages}");
        }
    }

    #[test]
    fn the_same_names_have_another_id_once_they_were_confirmed() {
        let shop = shop();
        let ids: std::collections::BTreeSet<String> = (0..3)
            .map(|confirmations| deletions_id(&shop, [&removals(3, 10, 2, 10)], confirmations))
            .collect();
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn the_id_depends_on_the_names_only() {
        let one = removals(3, 10, 2, 10);
        let mut other = removals(3, 99, 2, 50);
        other.apis.reverse();
        other.stages.reverse();
        let id = |name: &str, removals: &Removals| deletions_id(&IntegrationName::parse(name).unwrap(), [removals], 0);
        assert_eq!(id("shop", &one), id("SHOP", &other));
        assert_ne!(id("shop", &one), id("shop", &removals(4, 10, 2, 10)));
        assert_ne!(id("shop", &one), id("shop2", &one));
    }

    #[test]
    fn gateways_are_judged_by_themselves_and_the_rest_as_a_sum() {
        let (one, two, three) = (gateway("us-east-1"), gateway("eu-west-1"), gateway("eu-west-2"));
        let of = |parts: &[(&Gateway, Removals)]| {
            let all = parts
                .iter()
                .map(|(gateway, removals)| ((*gateway).clone(), removals.clone()));
            judge(&shop(), &all.collect(), 0)
        };
        // One gateway has lost everything; the other continues.
        let verdict = of(&[(&one, removals(3, 3, 0, 0)), (&two, removals(2, 50, 0, 0))]);
        assert_eq!(verdict.holds.keys().collect::<Vec<_>>(), [&one]);
        // Each is small, but the sum is too much.
        let small = || removals(4, 12, 0, 0);
        let verdict = of(&[(&one, small()), (&two, small()), (&three, small())]);
        assert_eq!(verdict.holds.len(), 3);
        let told = verdict.holds[&one].suspicion.as_deref().unwrap();
        assert!(
            told.starts_with("12 of 36 synchronized APIs would be deleted"),
            "{told}"
        );
    }

    #[test]
    fn a_departure_is_held_and_holds_nothing_else() {
        let departing = Removals {
            departed: vec![EntityName::parse("shop-left").unwrap()],
            departure: Some("the account left".to_owned()),
            ..removals(1, 100, 0, 0)
        };
        let gateway = gateway("us-east-1");
        let verdict = judge(&shop(), &BTreeMap::from([(gateway.clone(), departing.clone())]), 0);
        let hold = &verdict.holds[&gateway];
        assert_eq!((hold.count, &hold.suspicion), (1, &None));
        assert_eq!(hold.departures, Some((1, "the account left".to_owned())));
        assert_eq!(hold.deletions_id, deletions_id(&shop(), [&departing.departures()], 0));
    }
}
