//! The guard: what would be deleted, and whether that is too much to do unasked.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{ApiList, EntityName, IntegrationName, digest};

use super::removals::{Counts, Removal};
use crate::catalog::FoldedApi;

/// Removals that are always allowed, and the share of what is owned that is: more of either kind is held.
const ALLOWED_COUNT: usize = 5;
const ALLOWED_PERCENT: usize = 20;
/// Hex digits of a deletions id: enough to name one, short enough to type.
const ID_DIGITS: usize = 16;

/// All removals of a run, and what they are measured against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removals {
    /// APIs that would go.
    pub apis: Vec<EntityName>,
    /// Stages that would go: the API and the version.
    pub stages: Vec<(EntityName, EntityName)>,
    /// Versions and deployments among those stages.
    pub below: Counts,
    /// APIs that were ours when the run began, and that the lists that were read should have.
    pub owned_apis: usize,
    /// The lists that have none of the APIs that they should have, and how many these are.
    pub emptied: Vec<(ApiList, usize)>,
    /// What was ours below the APIs whose stages were read. The others tell nothing of what they lack, so they must not
    /// make the rest look small.
    pub owned_below: Counts,
    /// Whether an earlier run has held deletions, and they were not confirmed since, nor is nothing left of them.
    pub held: bool,
    /// How many confirmations were used so far: none fits twice, even when the same names are lost again.
    pub confirmations: u64,
}

/// Whether the deletions may be made unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They may.
    Allowed,
    /// They wait for a confirmation.
    Held {
        /// Names them.
        deletions_id: String,
        /// What is wrong with them, for people.
        message: String,
    },
}

impl Removals {
    /// How many there are: of APIs, and of stages of APIs that stay.
    #[must_use]
    pub fn len(&self) -> usize {
        self.apis.len() + self.stages.len()
    }

    /// Whether there is nothing to delete.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.apis.is_empty() && self.stages.is_empty()
    }

    /// Adds the APIs that are gone, of so many that the lists should have together, and each of them by itself: one that may
    /// be on either is in both numbers.
    pub fn add_apis(&mut self, gone: &[FoldedApi], owned: usize, owned_by_list: &BTreeMap<ApiList, usize>) {
        self.apis.extend(gone.iter().map(|api| api.proof.name.clone()));
        self.owned_apis += owned;
        for (list, owned) in owned_by_list {
            let of_list = gone.iter().filter(|api| api.lists().contains(list));
            if of_list.count() == *owned {
                self.emptied.push((*list, *owned));
            }
        }
    }

    /// Adds the stages of an API that are gone.
    pub fn add_stages_of(&mut self, api: &EntityName, removals: &[Removal]) {
        for removal in removals {
            self.stages.push((api.clone(), removal.name.clone()));
            self.below += removal.counted;
        }
    }

    /// A digest of the integration and the sorted names that would go, and of nothing else; once confirmations were used,
    /// also of how many, so that it still fits after the rest was applied and never again after it was confirmed.
    #[must_use]
    pub fn id(&self, integration: &IntegrationName) -> String {
        let apis = self.apis.iter().map(|api| api.as_str().to_ascii_lowercase());
        let stages = self
            .stages
            .iter()
            .map(|(api, stage)| format!("{api}/{stage}").to_ascii_lowercase());
        let mut names: Vec<String> = apis.chain(stages).collect();
        names.sort();
        let mut text = format!("{}\n{}", integration.as_str().to_ascii_lowercase(), names.join("\n"));
        if self.confirmations > 0 {
            // No name has a line of its own that begins like this. Writing to a `String` cannot fail.
            let _ = write!(text, "\n#{}", self.confirmations);
        }
        let mut id = digest(text.as_bytes());
        id.truncate(ID_DIGITS);
        id
    }

    /// Judges the deletions.
    #[must_use]
    pub fn judge(&self, integration: &IntegrationName) -> Verdict {
        let Some(why) = self.suspicion() else {
            return Verdict::Allowed;
        };
        let deletions_id = self.id(integration);
        let message = format!(
            "{why}; nothing was deleted. If this is right, confirm with \
             POST …/integrations/{integration}/sync?confirmDeletions={deletions_id}"
        );
        Verdict::Held { deletions_id, message }
    }

    fn suspicion(&self) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let (apis, owned_apis) = (self.apis.len(), self.owned_apis);
        if let Some((list, owned)) = self.emptied.first() {
            return Some(format!(
                "none of the {owned} synchronized {} is in Amazon's listing",
                list.title()
            ));
        }
        if is_too_much(apis, owned_apis) {
            return Some(format!("{apis} of {owned_apis} synchronized APIs would be deleted"));
        }
        let (below, owned) = (self.below, self.owned_below);
        for (what, count, owned) in [
            ("versions", below.versions, owned.versions),
            ("deployments", below.deployments, owned.deployments),
        ] {
            if is_too_much(count, owned) {
                return Some(format!("{count} of {owned} synchronized {what} would be deleted"));
            }
        }
        self.held.then(|| {
            format!(
                "{apis} of {owned_apis} synchronized APIs and {} stages of others would be deleted, and deletions are held \
                 until they are confirmed or none is left to make",
                self.stages.len()
            )
        })
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

    fn is_held(removals: &Removals) -> bool {
        matches!(removals.judge(&shop()), Verdict::Held { .. })
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
            .map(|confirmations| {
                let again = Removals {
                    confirmations,
                    ..removals(3, 10, 2, 10)
                };
                again.id(&shop)
            })
            .collect();
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn the_id_depends_on_the_names_only() {
        let shop = shop();
        let one = removals(3, 10, 2, 10);
        let mut other = removals(3, 99, 2, 50);
        other.apis.reverse();
        other.stages.reverse();
        assert_eq!(one.id(&shop), other.id(&IntegrationName::parse("SHOP").unwrap()));
        assert_ne!(one.id(&shop), removals(4, 10, 2, 10).id(&shop));
        assert_ne!(one.id(&shop), one.id(&IntegrationName::parse("shop2").unwrap()));
    }
}
