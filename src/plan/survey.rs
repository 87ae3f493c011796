//! The survey: from both sides as they were observed to the APIs to work on, and to what is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::members::{api_fields, recorded};
use super::moves::{MoveProgress, Moves, moves, staying};
use super::removals::Counts;
use super::rules::{Rules, is_same};
use crate::catalog::marker::ApiMarker;
use crate::catalog::{FoldedApi, OwnedApi, Vacant};
use crate::model::{
    AccountId, ApiId, ApiList, ApiType, Conflict, Cursor, DesiredApi, Entity, EntityName, EntityPath, Gateway,
    IntegrationName, Leave, Origin, Skip, SkipReason, Skipped, SourceKey,
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

    /// The APIs that are ours.
    pub(super) fn owned(&self) -> impl Iterator<Item = &FoldedApi> {
        self.owned.values()
    }

    /// An API that is ours.
    #[must_use]
    pub fn api(&self, name: &EntityName) -> Option<&FoldedApi> {
        self.owned.get(name)
    }

    /// The marker of an API that is ours.
    pub(super) fn marker_of(&self, name: &EntityName) -> Option<&ApiMarker> {
        self.owned.get(name).map(|api| &api.marker)
    }

    /// The APIs that are not ours.
    #[must_use]
    pub fn others(&self) -> &BTreeSet<EntityName> {
        &self.others
    }

    /// The accounts of the APIs that are ours.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        let origins = self.owned.values().flat_map(|api| &api.proof.origins);
        origins
            .filter_map(|origin| origin.gateway.as_ref()?.account.clone())
            .collect()
    }

    /// The gateways that an API of ours is on.
    #[must_use]
    pub fn gateways_of(&self, name: &EntityName) -> Vec<Gateway> {
        let api = self.owned.get(name);
        let origins = api.into_iter().flat_map(|api| &api.proof.origins);
        origins.filter_map(|origin| origin.gateway.clone()).collect()
    }

    /// Takes an API for ours after all: it has lost its marker, and those below it have not.
    pub fn reclaim(&mut self, api: FoldedApi) {
        self.others.remove(&api.proof.name);
        self.add_owned(api);
    }
}

/// The names in the catalog of the gateways' APIs.
type Homes = BTreeMap<SourceKey, EntityName>;

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
    /// What they have.
    pub apis: Vec<DesiredApi>,
    /// What they have that the integration's rules leave out, and by which rule.
    pub excluded: BTreeMap<(ApiType, ApiId), String>,
}

/// Both sides, as they were observed.
#[derive(Debug, Clone)]
pub struct Observed {
    /// What each gateway has: all that the integration wants read, as far as that is known.
    pub gateways: BTreeMap<Gateway, Observation>,
    /// Whether that is known for all: a gateway that is not among them is wanted no longer.
    pub has_all_gateways: bool,
    /// Whether the rules of what is wanted are those of the last complete run: what they leave out now has changed itself.
    pub has_same_rules: bool,
    /// The kinds of API that are wanted.
    pub api_types: BTreeSet<ApiType>,
    /// The catalog.
    pub catalog: CatalogApis,
    /// What of it is part of another API there from now on.
    pub moves: Moves,
    /// What was looked at.
    pub scope: Scope,
}

/// Whether an API of the catalog's that no list has is still to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Presence {
    /// The complete list of its gateway lacks it, unless it has a job here.
    Gone,
    /// It is part of another API of the catalog from now on, which all of it has reached.
    Moved(EntityName),
    /// It changed itself so that the integration's rules leave it out, this one among them.
    OptedOut(String),
    /// Nobody wants it any more, for this reason: whether it is gone is not known.
    Departed(String),
    /// Nobody looked, or its gateway could not be listed: never means gone.
    Unknown,
}

/// An API of ours that is to go.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaving {
    /// The API.
    pub api: FoldedApi,
    /// The gateway that it is, or was, on.
    pub gateway: Gateway,
    /// Why it is to go.
    pub why: Why,
}

/// Why an API of ours is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The complete list of its gateway lacks it, and Amazon has to say so once more.
    Gone,
    /// It changed itself so that the integration's rules leave it out.
    OptedOut(String),
    /// The integration wants it no longer: that is to be confirmed.
    Departed(String),
    /// All of it is part of another API of the catalog.
    Moved(EntityName),
}

impl Leaving {
    /// Whether it departed.
    #[must_use]
    pub fn is_departure(&self) -> bool {
        matches!(self.why, Why::Departed(_))
    }

    /// Why it goes, for people.
    #[must_use]
    pub fn reason(&self) -> String {
        match &self.why {
            Why::Gone => "the API is gone".to_owned(),
            Why::OptedOut(why) | Why::Departed(why) => why.clone(),
            Why::Moved(to) => format!("it has moved to apis/{to}"),
        }
    }

    /// Whether the API is, or was, on this list of Amazon's.
    #[must_use]
    pub fn is_on(&self, list: ApiList) -> bool {
        let mut origins = self.api.proof.origins.iter();
        origins.any(|origin| origin.api_type.list() == list)
    }
}

/// How many APIs of a gateway are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedApis {
    /// Those that the lists which were read should have.
    pub read: usize,
    /// By list, where one that may be on either counts for both.
    pub by_list: BTreeMap<ApiList, usize>,
    /// Those of lists that could not be read.
    pub unread: usize,
}

impl Observed {
    /// The gateway that an API is on, if it is one of those that are wanted.
    fn gateway_of(&self, origin: &Origin) -> Option<&Gateway> {
        let exact = origin
            .gateway
            .as_ref()
            .and_then(|gateway| self.gateways.get_key_value(gateway));
        if let Some((gateway, _)) = exact {
            return Some(gateway);
        }
        // Not all is known of where it was: that tells only if there is one place where it may be.
        let mut places = self.gateways.keys().filter(|gateway| may_be_on(origin, gateway));
        places.next().filter(|_| places.next().is_none())
    }

    fn may_be_somewhere(&self, origin: &Origin) -> bool {
        self.gateways.keys().any(|gateway| may_be_on(origin, gateway))
    }

    /// What of the catalog is part of another API there from now on, as far as the markers tell.
    #[must_use]
    pub fn moves(&self) -> Moves {
        moves(&self.catalog, &self.homes())
    }

    /// Where the gateways' APIs are in the catalog.
    fn homes(&self) -> Homes {
        let apis = self.gateways.values().flat_map(|gateway| &gateway.apis);
        let homes = apis.flat_map(|api| api.members.iter().map(|member| (member.key.clone(), api.name.clone())));
        homes.collect()
    }

    /// Whether an API that this one of the catalog's stands for is still to be part of it.
    fn presence(&self, name: &EntityName, origin: &Origin) -> Presence {
        if self.scope != Scope::All {
            return Presence::Unknown;
        }
        let gateway = self.gateway_of(origin);
        let key = gateway.map(|gateway| SourceKey {
            gateway: gateway.clone(),
            api_type: origin.api_type,
            api_id: origin.api_id.clone(),
        });
        let moved = key.and_then(|key| self.moves.get(&(name.clone(), key)));
        match moved.map(|moved| (&moved.to, &moved.progress)) {
            Some((to, MoveProgress::Arrived(lost))) if lost.is_empty() => return Presence::Moved(to.clone()),
            Some((to, MoveProgress::Arrived(lost))) => {
                let lost = lost.join(", ");
                return Presence::Departed(format!(
                    "apis/{name} has moved to apis/{to}, which lacks what it has as {lost}"
                ));
            }
            Some((_, MoveProgress::Under)) | None => (),
        }
        let observation = gateway.map(|gateway| &self.gateways[gateway]);
        let key = (origin.api_type, origin.api_id.clone());
        if let Some(rule) = observation.and_then(|observation| observation.excluded.get(&key)) {
            return if self.has_same_rules {
                Presence::OptedOut(format!("the API changed, and {rule}"))
            } else {
                Presence::Departed(format!("the integration's rules changed, and {rule}"))
            };
        }
        match (observation, &origin.gateway) {
            (Some(_), _) if !self.api_types.contains(&origin.api_type) => {
                let title = origin.api_type.title();
                Presence::Departed(format!("{title}s are no longer among the integration's apiTypes"))
            }
            (Some(observation), _) if observation.lists.contains(&origin.api_type.list()) => Presence::Gone,
            (None, Some(gateway)) if self.has_all_gateways && !self.may_be_somewhere(origin) => {
                Presence::Departed(format!("the integration no longer reads {gateway}"))
            }
            (Some(_) | None, _) => Presence::Unknown,
        }
    }

    /// The APIs of the catalog that members of each come from which have not arrived yet.
    fn coming(&self) -> BTreeMap<EntityName, Vec<(SourceKey, FoldedApi)>> {
        let mut coming: BTreeMap<EntityName, Vec<(SourceKey, FoldedApi)>> = BTreeMap::new();
        for ((from, member), moved) in &self.moves {
            if let (MoveProgress::Under, Some(api)) = (&moved.progress, self.catalog.owned.get(from)) {
                let of_one = coming.entry(moved.to.clone()).or_default();
                of_one.push((member.clone(), api.clone()));
            }
        }
        coming
    }

    /// What is kept true where it was, since it has not arrived where it goes.
    fn staying(&self, integration: &IntegrationName) -> Vec<DesiredApi> {
        let under = self
            .moves
            .iter()
            .filter(|(_, moved)| moved.progress == MoveProgress::Under);
        let all = || self.gateways.values().flat_map(|gateway| &gateway.apis);
        let found = under.filter_map(|((from, member), moved)| {
            let mut homes = all().filter(|api| api.name == moved.to);
            homes.find_map(|api| staying(integration, api, member, from))
        });
        found.collect()
    }

    /// Whether the members of groups of ours are still to be there where no list has them.
    fn presences(&self) -> BTreeMap<(EntityName, SourceKey), Presence> {
        let apis = self.catalog.owned.values();
        let members = apis.flat_map(|api| api.marker.members.iter().map(|key| (&api.proof.name, key)));
        let presences = members.map(|(name, key)| {
            let presence = self.presence(name, &Origin::from(key));
            ((name.clone(), key.clone()), presence)
        });
        presences.collect()
    }

    /// Whether an API of the catalog's that no list has is still to be there, and the gateway that it is, or was, on: of a
    /// group, one that this depends on.
    fn presence_of(&self, api: &FoldedApi) -> (Presence, Option<Gateway>) {
        let rank = |presence: &Presence| match presence {
            Presence::Unknown => 0,
            Presence::Departed(_) => 1,
            Presence::OptedOut(_) => 2,
            Presence::Gone => 3,
            Presence::Moved(_) => 4,
        };
        let origins = api.proof.origins.iter();
        let presences = origins.map(|origin| (self.presence(&api.proof.name, origin), origin));
        let Some((presence, origin)) = presences.min_by_key(|(presence, _)| rank(presence)) else {
            return (Presence::Unknown, None);
        };
        let gateway = self.gateway_of(origin).or(origin.gateway.as_ref());
        (presence, gateway.cloned())
    }
}

fn may_be_on(origin: &Origin, gateway: &Gateway) -> bool {
    origin.gateway.as_ref().is_none_or(|known| known.may_be(gateway))
}

/// An API to bring in line.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// As it has to be, without its versions.
    pub desired: DesiredApi,
    /// As it is.
    pub current: Current,
    /// The APIs of the catalog that members come from which have not arrived yet.
    pub predecessors: Vec<(SourceKey, FoldedApi)>,
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
    /// What was ours below it when the catalog was listed, by the gateway that it is of, as its marker tells.
    #[must_use]
    pub fn owned_below(&self) -> BTreeMap<Gateway, Counts> {
        let mut below: BTreeMap<Gateway, Counts> = BTreeMap::new();
        let Current::Owned(api) = &self.current else {
            return below;
        };
        let marker = &api.marker;
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
            // A version counts for each gateway that has a stage of it: which one it goes with is seen at its end.
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
    /// What is ours and to go.
    pub leaving: Vec<Leaving>,
    /// How many APIs are ours, by gateway; those on gateways that are wanted no longer are not among them.
    pub owned: BTreeMap<Gateway, OwnedApis>,
    /// What stays out of the catalog.
    pub skips: Vec<Skipped>,
    /// What is in the way and not ours.
    pub conflicts: Vec<Conflict>,
}

/// Compares the two lists. `failed` are the ids of APIs that the last run failed with.
#[must_use]
pub fn survey(rules: &Rules, observed: Observed, cursor: Option<&Cursor>, failed: &BTreeSet<String>) -> Agenda {
    let mut agenda = Agenda::default();
    let mut reasons: BTreeMap<EntityName, (Gateway, Why)> = BTreeMap::new();
    for api in observed.catalog.owned.values() {
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
                let owned = agenda.owned.entry(gateway.clone()).or_default();
                owned.read += 1;
                let lists = api.proof.origins.iter().map(|origin| origin.api_type.list());
                for list in lists.collect::<BTreeSet<_>>() {
                    *owned.by_list.entry(list).or_default() += 1;
                }
            }
            Presence::Unknown if observed.scope == Scope::All => {
                agenda.owned.entry(gateway).or_default().unread += 1;
            }
            Presence::Departed(_) | Presence::Moved(_) | Presence::Unknown => (),
        }
    }
    let presences = observed.presences();
    let mut coming = observed.coming();
    let staying = observed.staying(&rules.integration);
    let mut desired: Vec<DesiredApi> = Vec::new();
    for gateway in observed.gateways.into_values() {
        desired.extend(gateway.apis);
    }
    desired.extend(staying);
    let mut desired = joined(desired);
    let CatalogApis { mut owned, others } = observed.catalog;
    let is_held = |api: &DesiredApi| {
        let standing = owned.get(&api.name);
        standing.is_some_and(|standing| {
            standing
                .marker
                .members
                .iter()
                .any(|member| api.member(member).is_some())
        })
    };
    // Of two APIs with one name, the one that the catalog has keeps it.
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
            if api.is_group {
                let others = current.marker.members.iter().filter(|key| api.member(key).is_none());
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
            let is_first = differs(&api, &current)
                || current.marker.record.fingerprint.is_none()
                || api
                    .members
                    .iter()
                    .any(|member| failed.contains(member.key.api_id.as_str()));
            let job = Job {
                is_passed: !is_first && cursor.is_some_and(|cursor| cursor.has_passed(&api.name)),
                predecessors,
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

/// Puts together what several gateways have of one group. What has the name of another API that is none stays for itself.
fn joined(mut desired: Vec<DesiredApi>) -> Vec<DesiredApi> {
    desired.sort_by(|one, other| (&one.name, one.is_group).cmp(&(&other.name, other.is_group)));
    let mut joined: Vec<DesiredApi> = Vec::new();
    for api in desired {
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
