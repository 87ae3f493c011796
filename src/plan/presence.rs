//! What was observed of both sides, and whether what the catalog has is still to be there.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog_apis::CatalogApis;
use super::moves::{MoveProgress, Moves, moves, staying};
use crate::catalog::FoldedApi;
use crate::model::{ApiId, ApiList, ApiType, DesiredApi, EntityName, Gateway, IntegrationName, Origin, SourceKey};

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
pub(super) enum Presence {
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
                    "apis/{name} has moved to apis/{to}, which still lacks its {lost}"
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
    pub(super) fn coming(&self) -> BTreeMap<EntityName, Vec<(SourceKey, FoldedApi)>> {
        let mut coming: BTreeMap<EntityName, Vec<(SourceKey, FoldedApi)>> = BTreeMap::new();
        for ((from, member), moved) in &self.moves {
            if let (MoveProgress::Under, Some(api)) = (&moved.progress, self.catalog.api(from)) {
                let of_one = coming.entry(moved.to.clone()).or_default();
                of_one.push((member.clone(), api.clone()));
            }
        }
        coming
    }

    /// What is kept true where it was, since it has not arrived where it goes.
    pub(super) fn staying(&self, integration: &IntegrationName) -> Vec<DesiredApi> {
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
    pub(super) fn presences(&self) -> BTreeMap<(EntityName, SourceKey), Presence> {
        let apis = self.catalog.owned();
        let members = apis.flat_map(|api| api.marker.members.iter().map(|key| (&api.proof.name, key)));
        let presences = members.map(|(name, key)| {
            let presence = self.presence(name, &Origin::from(key));
            ((name.clone(), key.clone()), presence)
        });
        presences.collect()
    }

    /// Whether an API of the catalog's that no list has is still to be there, and the gateway that it is, or was, on: of a
    /// group, one that this depends on.
    pub(super) fn presence_of(&self, api: &FoldedApi) -> (Presence, Option<Gateway>) {
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
