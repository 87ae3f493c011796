//! The survey: from the observations of both sides to the APIs to work on and those to remove.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::members::{api_fields, recorded};
use super::presence::{Observed, Presence, Scope};
use super::removals::Counts;
use super::rules::{Rules, is_same};
use crate::catalog::{FoldedApi, OwnedApi, Vacant};
use crate::model::{
    ApiList, Conflict, Cursor, DesiredApi, EntityName, EntityPath, Gateway, Leave, Skip, SkipReason, Skipped, SourceKey,
};

/// One of our APIs to remove.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaving {
    /// The API.
    pub api: Arc<FoldedApi>,
    /// Its current or former gateway.
    pub gateway: Gateway,
    /// The reason.
    pub why: Why,
}

/// Why one of our APIs is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The complete list of its gateway lacks it; AWS must confirm that.
    Gone,
    /// It changed so that the integration's rules exclude it.
    OptedOut(String),
    /// The integration no longer wants it: needs a confirmation.
    Departed(String),
    /// All of it has moved to another API of the catalog.
    Moved(EntityName),
}

impl Leaving {
    /// Whether it departed.
    #[must_use]
    pub fn is_departure(&self) -> bool {
        matches!(self.why, Why::Departed(_))
    }

    /// The reason, for people.
    #[must_use]
    pub fn reason(&self) -> String {
        match &self.why {
            Why::Gone => "the API is gone".to_owned(),
            Why::OptedOut(why) | Why::Departed(why) => why.clone(),
            Why::Moved(to) => format!("it has moved to apis/{to}"),
        }
    }

    /// Whether the API is, or was, in this list.
    #[must_use]
    pub fn is_on(&self, list: ApiList) -> bool {
        let mut origins = self.api.proof.origins.iter();
        origins.any(|origin| origin.api_type.list() == list)
    }
}

/// The number of our APIs on a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedApis {
    /// Those that the complete lists should contain.
    pub read: usize,
    /// By list; one that may be in either counts for both.
    pub by_list: BTreeMap<ApiList, usize>,
    /// Those of lists that could not be read.
    pub unread: usize,
}

/// An API to bring in line.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its desired state, without versions.
    pub desired: DesiredApi,
    /// Its current state.
    pub current: Current,
    /// The previous catalog APIs of members that have not arrived yet.
    pub predecessors: Vec<(SourceKey, Arc<FoldedApi>)>,
    /// Whether it precedes those of a pass: it is new, differs, or was not finished.
    pub comes_first: bool,
    /// Whether an earlier run of the pass has looked at it.
    pub is_passed: bool,
}

/// An API as found in the catalog.
#[derive(Debug, Clone, PartialEq)]
pub enum Current {
    /// The catalog lacks it.
    Missing(Vacant),
    /// It exists and is ours.
    Owned(Arc<FoldedApi>),
}

impl Job {
    /// Our entities below it at the time of the listing, by gateway, according to its marker.
    #[must_use]
    pub fn owned_below(&self) -> BTreeMap<Gateway, Counts> {
        let mut below: BTreeMap<Gateway, Counts> = BTreeMap::new();
        let Current::Owned(api) = &self.current else {
            return below;
        };
        let marker = api.marker();
        if !self.desired.is_group {
            let counts = Counts {
                versions: marker.versions.len(),
                deployments: marker.record.deployments.len(),
            };
            return BTreeMap::from([(self.key().gateway.clone(), counts)]);
        }
        for member in &marker.members {
            let deployments: Vec<_> = marker.deployments_of(member).collect();
            let versions: BTreeSet<&EntityName> = deployments.iter().map(|(version, _)| version).collect();
            // A version counts for each gateway with one of its stages: which one it goes with is known only at the
            // end.
            *below.entry(member.gateway.clone()).or_default() += Counts {
                versions: versions.len(),
                deployments: deployments.len(),
            };
        }
        below
    }

    /// The API on its gateway.
    #[must_use]
    pub fn key(&self) -> &SourceKey {
        // Every translated API has one.
        &self.desired.members[0].key
    }
}

/// The agenda of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Agenda {
    /// The APIs to bring in line, in order: new, differing, unfinished or failed before, then the rest from where the
    /// last run stopped.
    pub jobs: Vec<Job>,
    /// Our APIs to remove.
    pub leaving: Vec<Leaving>,
    /// The number of our APIs by gateway, except on gateways no longer wanted.
    pub owned: BTreeMap<Gateway, OwnedApis>,
    /// What is skipped.
    pub skips: Vec<Skipped>,
    /// Somebody else's entities in the way.
    pub conflicts: Vec<Conflict>,
}

/// Compares the two lists. `failed` are the ids of the APIs that failed in the last run; `add_fields` fills in the
/// fields of a desired API, which are not kept.
#[must_use]
pub fn survey(
    rules: &Rules,
    observed: Observed,
    cursor: Option<&Cursor>,
    failed: &BTreeSet<String>,
    add_fields: impl Fn(&mut DesiredApi),
) -> Agenda {
    let mut agenda = Agenda::default();
    let mut reasons = judge_presence(&observed, &mut agenda.owned);
    let presences = observed.presences();
    let mut coming = observed.coming();
    let staying = observed.staying(&rules.integration);
    let mut desired: Vec<DesiredApi> = Vec::new();
    for gateway in observed.gateways.into_values() {
        desired.extend(gateway.apis);
    }
    desired.extend(staying);
    let mut desired = joined(desired);
    let (mut owned, others) = observed.catalog.into_parts();
    let is_held = |api: &DesiredApi| {
        let standing = owned.get(&api.name);
        standing.is_some_and(|standing| standing.members.iter().any(|member| api.member(member).is_some()))
    };
    // If two APIs have the same name, the one in the catalog keeps it.
    desired.sort_by_cached_key(|api| (api.name.clone(), !is_held(api), api.key().cloned()));
    let mut room = rules.limits.apis.saturating_sub(owned.len() + others.len());
    let (mut new, mut first, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for mut api in desired {
        let path = EntityPath::Api(api.name.clone());
        let predecessors = coming.remove(&api.name).unwrap_or_default();
        api.predecessors = predecessors.iter().map(|(_, old)| old.proof.name.clone()).collect();
        if !seen.insert(api.name.clone()) {
            let message = format!("another API has the same entity name {}", api.name);
            agenda.skips.push(skip(&api, SkipReason::NameCollision, message));
        } else if let Some(current) = owned.remove(&api.name) {
            tell_others(&mut api, &current, &presences);
            let mut filled = api.clone();
            add_fields(&mut filled);
            let is_first = differs(&filled, &current.unfolded())
                || api
                    .members
                    .iter()
                    .any(|member| failed.contains(member.key.api_id.as_str()));
            let job = Job {
                is_passed: !is_first && cursor.is_some_and(|cursor| cursor.has_passed(&api.name)),
                predecessors,
                comes_first: is_first,
                desired: api,
                current: Current::Owned(current),
            };
            if is_first { first.push(job) } else { rest.push(job) }
        } else if let Some(vacant) = Vacant::at(path.clone(), others.get(&api.name)) {
            if room == 0 {
                let message = format!("the API center's plan allows {} APIs", rules.limits.apis);
                agenda.skips.push(skip(&api, SkipReason::TooManyApis, message));
            } else {
                room -= 1;
                new.push(Job {
                    desired: api,
                    current: Current::Missing(vacant),
                    predecessors,
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
    let leaving = owned.into_values().filter_map(|api| {
        let (gateway, why) = reasons.remove(&api.proof.name)?;
        Some(Leaving { api, gateway, why })
    });
    agenda.leaving = leaving.collect();
    agenda
}

/// Decides which of our APIs that are in no list to remove, and from which gateway; counts ours by gateway.
fn judge_presence(
    observed: &Observed,
    counts: &mut BTreeMap<Gateway, OwnedApis>,
) -> BTreeMap<EntityName, (Gateway, Why)> {
    let mut reasons = BTreeMap::new();
    for api in observed.catalog.owned() {
        let (presence, Some(gateway)) = observed.presence_of(api) else {
            continue;
        };
        let why = match &presence {
            Presence::Gone => Some(Why::Gone),
            Presence::OptedOut(why) => Some(Why::OptedOut(why.clone())),
            Presence::Departed(why) => Some(Why::Departed(why.clone())),
            Presence::Moved(to) => Some(Why::Moved(to.clone())),
            Presence::Unknown => None,
        };
        reasons.extend(why.map(|why| (api.proof.name.clone(), (gateway.clone(), why))));
        match presence {
            Presence::Gone | Presence::OptedOut(_) => {
                let owned = counts.entry(gateway.clone()).or_default();
                owned.read += 1;
                let lists = api.proof.origins.iter().map(|origin| origin.api_type.list());
                for list in lists.collect::<BTreeSet<_>>() {
                    *owned.by_list.entry(list).or_default() += 1;
                }
            }
            Presence::Unknown if observed.scope == Scope::All => {
                counts.entry(gateway).or_default().unread += 1;
            }
            Presence::Departed(_) | Presence::Moved(_) | Presence::Unknown => (),
        }
    }
    reasons
}

/// Determines the state of group members that are in no list.
fn tell_others(api: &mut DesiredApi, current: &FoldedApi, presences: &BTreeMap<(EntityName, SourceKey), Presence>) {
    if !api.is_group {
        return;
    }
    let others = current.members.iter().filter(|key| api.member(key).is_none());
    let others: Vec<SourceKey> = others.cloned().collect();
    for key in others {
        match presences.get(&(api.name.clone(), key.clone())) {
            Some(Presence::Unknown) => {
                api.unknown.insert(key);
            }
            Some(Presence::Departed(why)) => {
                api.leaving.insert(key, Leave::Departed(why.clone()));
            }
            Some(Presence::Moved(to)) => {
                api.leaving.insert(key, Leave::Moved(to.clone()));
            }
            Some(Presence::Gone | Presence::OptedOut(_)) | None => (),
        }
    }
}

/// Joins the parts of a group from several gateways. One with the name of an API outside any group stays separate.
fn joined(mut desired: Vec<DesiredApi>) -> Vec<DesiredApi> {
    desired.sort_by(|one, other| (&one.name, one.is_group).cmp(&(&other.name, other.is_group)));
    let mut joined: Vec<DesiredApi> = Vec::new();
    for api in desired {
        match joined.last_mut() {
            Some(last) if last.is_group && api.is_group && last.name == api.name => last.join(api),
            Some(_) | None => joined.push(api),
        }
    }
    for api in &mut joined {
        api.members.shrink_to_fit();
    }
    joined
}

/// Whether the API was not finished, or the listed fields differ from the desired ones.
fn differs(desired: &DesiredApi, current: &OwnedApi) -> bool {
    let listed = &current.entity.properties;
    let fields = api_fields(&recorded(desired, &current.marker), Some(listed));
    let mut enforced = fields.enforced.iter();
    current.marker.record.fingerprint.is_none()
        || enforced.any(|(path, value)| !is_same(path, path.get(listed), value.as_ref()))
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
