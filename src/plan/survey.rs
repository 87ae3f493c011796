//! The survey: from both sides as they were observed to the APIs to work on, and to what is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::members::{api_fields, recorded};
use super::removals::Counts;
use super::rules::{Rules, is_same};
use crate::catalog::{FoldedApi, OwnedApi, Vacant};
use crate::model::{
    ApiId, ApiList, ApiType, Conflict, Cursor, DesiredApi, Entity, EntityName, EntityPath, Gateway, IntegrationName,
    Skip, SkipReason, Skipped, SourceKey,
};

/// The catalog's APIs, as far as a run of one integration needs them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CatalogApis {
    owned: BTreeMap<EntityName, FoldedApi>,
    others: BTreeSet<EntityName>,
}

impl CatalogApis {
    /// Adds an API as the catalog lists it; of several with one name, the first counts.
    pub fn add(&mut self, integration: &IntegrationName, api: &Entity) {
        if self.owned.contains_key(&api.name) || self.others.contains(&api.name) {
            return;
        }
        match OwnedApi::claim(integration, api) {
            Some(owned) => self.add_owned(owned.folded()),
            None => self.add_other(api.name.clone()),
        }
    }

    /// Adds an API that is ours.
    pub fn add_owned(&mut self, api: FoldedApi) {
        self.owned.insert(api.proof.name.clone(), api);
    }

    /// Adds an API that is not ours.
    pub fn add_other(&mut self, name: EntityName) {
        self.others.insert(name);
    }

    /// The APIs that are not ours.
    #[must_use]
    pub fn others(&self) -> &BTreeSet<EntityName> {
        &self.others
    }

    /// Takes an API for ours after all: it has lost its marker, and those below it have not.
    pub fn reclaim(&mut self, api: FoldedApi) {
        self.others.remove(&api.proof.name);
        self.add_owned(api);
    }
}

/// What a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// These APIs and nothing else: nothing of the others is judged.
    Only(Vec<SourceKey>),
}

/// What a gateway has, as far as its lists could be read.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// The lists that are complete.
    pub lists: BTreeSet<ApiList>,
    /// The kinds of API that are wanted of them.
    pub api_types: BTreeSet<ApiType>,
    /// What they have.
    pub apis: Vec<DesiredApi>,
}

/// Both sides, as they were observed.
#[derive(Debug, Clone)]
pub struct Observed {
    /// What each gateway has.
    pub gateways: BTreeMap<Gateway, Observation>,
    /// The catalog.
    pub catalog: CatalogApis,
    /// What was looked at.
    pub scope: Scope,
}

/// Whether an API of the catalog's that no list has is still to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// The complete list of its gateway lacks it.
    Gone,
    /// Nobody looked, or its gateway could not be listed: never means gone.
    Unknown,
}

/// An API to bring in line.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// As it has to be, without its versions.
    pub desired: DesiredApi,
    /// As it is.
    pub current: Current,
    /// Whether it comes before those that a pass goes through: it is new, differs, or was not finished.
    pub comes_first: bool,
    /// Whether an earlier run of the pass has looked at it already.
    pub is_passed: bool,
}

/// How an API was found in the catalog.
#[derive(Debug, Clone, PartialEq)]
pub enum Current {
    /// The catalog lacks it.
    Missing(Vacant),
    /// It is there and ours.
    Owned(Box<FoldedApi>),
}

impl Job {
    /// What was ours below it when the catalog was listed, as its marker tells.
    #[must_use]
    pub fn owned_below(&self) -> Counts {
        match &self.current {
            Current::Missing(_) => Counts::default(),
            Current::Owned(api) => Counts {
                versions: api.marker.versions.len(),
                deployments: api.marker.record.deployments.len(),
            },
        }
    }

    /// The API on its gateway.
    #[must_use]
    pub fn key(&self) -> &SourceKey {
        // Translation gives every API one.
        &self.desired.members[0].key
    }
}

/// What a run has to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Agenda {
    /// What to bring in line, in the order to do it: new, differing, unfinished or failed before, then the rest from where
    /// the last run stopped.
    pub jobs: Vec<Job>,
    /// What is ours and no longer on the gateway.
    pub gone: Vec<FoldedApi>,
    /// How many APIs are ours.
    pub owned: usize,
    /// How many of them each of the lists that were read should have.
    pub owned_by_list: BTreeMap<ApiList, usize>,
    /// How many are of kinds that are wanted and of lists that could not be read.
    pub unread: usize,
    /// What stays out of the catalog.
    pub skips: Vec<Skipped>,
    /// What is in the way and not ours.
    pub conflicts: Vec<Conflict>,
}

/// Compares the two lists. `failed` are the ids of APIs that the last run failed with.
#[must_use]
pub fn survey(rules: &Rules, observed: Observed, cursor: Option<&Cursor>, failed: &BTreeSet<String>) -> Agenda {
    let Observed {
        gateways,
        catalog,
        scope,
    } = observed;
    let CatalogApis { mut owned, others } = catalog;
    let (mut desired, mut read): (Vec<DesiredApi>, Vec<_>) = (Vec::new(), Vec::new());
    let mut complete: BTreeMap<Gateway, BTreeSet<ApiType>> = BTreeMap::new();
    for (gateway, observation) in gateways {
        desired.extend(observation.apis);
        let types = observation.api_types.iter().copied();
        let types = types.filter(|api_type| observation.lists.contains(&api_type.list()));
        complete.insert(gateway, types.collect());
        read.push((observation.lists, observation.api_types));
    }
    let is_complete = |key: &SourceKey| {
        complete
            .get(&key.gateway)
            .is_some_and(|types| types.contains(&key.api_type))
    };
    let presence = |api: &FoldedApi| {
        let is_read = |(api_type, _): &(ApiType, ApiId)| {
            let mut read = read.iter();
            read.all(|(lists, api_types)| lists.contains(&api_type.list()) && api_types.contains(api_type))
        };
        match scope {
            Scope::All if api.proof.sources.iter().all(is_read) => Presence::Gone,
            Scope::All | Scope::Only(_) => Presence::Unknown,
        }
    };
    let is_wanted = |(api_type, _): &(ApiType, ApiId)| read.iter().any(|(_, api_types)| api_types.contains(api_type));
    desired.sort_by(|one, other| (&one.name, one.key()).cmp(&(&other.name, other.key())));
    let desired = joined(desired);
    let mut agenda = Agenda {
        owned: owned.len(),
        ..Agenda::default()
    };
    for api in owned.values() {
        match presence(api) {
            Presence::Gone => {
                for list in api.lists() {
                    *agenda.owned_by_list.entry(list).or_default() += 1;
                }
            }
            Presence::Unknown if scope == Scope::All && api.proof.sources.iter().all(is_wanted) => agenda.unread += 1,
            Presence::Unknown => (),
        }
    }
    let is_gone = |api: &FoldedApi| presence(api) == Presence::Gone;
    let mut room = rules.limits.apis.saturating_sub(owned.len() + others.len());
    let (mut new, mut first, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for mut api in desired {
        let path = EntityPath::Api(api.name.clone());
        if !seen.insert(api.name.clone()) {
            let message = format!("another API has the same entity name {}", api.name);
            agenda.skips.push(skip(&api, SkipReason::NameCollision, message));
        } else if let Some(current) = owned.remove(&api.name) {
            if api.is_group {
                let members = current.marker.members.iter();
                let unknown = members.filter(|key| api.member(key).is_none() && !is_complete(key));
                api.unknown = unknown.cloned().collect();
            }
            let is_first = differs(&api, &current)
                || current.marker.record.fingerprint.is_none()
                || api
                    .members
                    .iter()
                    .any(|member| failed.contains(member.key.api_id.as_str()));
            let job = Job {
                is_passed: !is_first && cursor.is_some_and(|cursor| cursor.has_passed(&api.name)),
                comes_first: is_first,
                desired: api,
                current: Current::Owned(Box::new(current)),
            };
            if is_first { first.push(job) } else { rest.push(job) }
        } else if let Some(vacant) = Vacant::at(path.clone(), others.get(&api.name)) {
            if room == 0 {
                let message = format!("the API center's plan has room for {} APIs", rules.limits.apis);
                agenda.skips.push(skip(&api, SkipReason::TooManyApis, message));
            } else {
                room -= 1;
                new.push(Job {
                    desired: api,
                    current: Current::Missing(vacant),
                    comes_first: true,
                    is_passed: false,
                });
            }
        } else {
            agenda.conflicts.push(Conflict { name: path.to_string() });
        }
    }
    if let Some(cursor) = cursor {
        let start = rest.partition_point(|job: &Job| job.desired.name < cursor.at);
        rest.rotate_left(start);
    }
    agenda.jobs = new.into_iter().chain(first).chain(rest).collect();
    agenda.gone = owned.into_values().filter(is_gone).collect();
    agenda
}

/// Puts together what several gateways have of one group. What has the name of another API that is none stays for itself.
fn joined(sorted: Vec<DesiredApi>) -> Vec<DesiredApi> {
    let mut joined: Vec<DesiredApi> = Vec::new();
    for api in sorted {
        match joined.last_mut() {
            Some(last) if last.is_group && api.is_group && last.name == api.name => last.join(api),
            Some(_) | None => joined.push(api),
        }
    }
    joined
}

/// Whether the fields that lists show are not what they have to be.
fn differs(desired: &DesiredApi, current: &FoldedApi) -> bool {
    let listed = current.unfolded().entity.properties;
    let fields = api_fields(&recorded(desired, &current.marker), Some(&listed));
    let mut enforced = fields.enforced.iter();
    enforced.any(|(path, value)| !is_same(path, path.get(&listed), value.as_ref()))
}

fn skip(api: &DesiredApi, reason: SkipReason, message: String) -> Skipped {
    let skip = Skip {
        member: None,
        stage_name: None,
        reason,
        message,
    };
    Skipped::of(skip, &api.members[0].key, api.title())
}
