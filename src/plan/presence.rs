//! The observations of both sides, and whether the catalog's APIs should still exist.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalog_apis::CatalogApis;
use super::moves::{Homes, MoveProgress, Moves, moves, staying};
use crate::catalog::FoldedApi;
use crate::model::{ApiId, ApiList, ApiType, DesiredApi, EntityName, Gateway, IntegrationName, Origin, SourceKey};

/// The scope of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// Only these APIs: the others are not judged.
    Only(Vec<SourceKey>),
}

/// The contents of a gateway, as far as its lists could be read.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// The lists that are complete.
    pub lists: BTreeSet<ApiList>,
    /// Their APIs.
    pub apis: Vec<DesiredApi>,
    /// The APIs that the integration's rules exclude, with the rule.
    pub excluded: BTreeMap<(ApiType, ApiId), String>,
}

/// The observations of both sides.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The contents of each gateway that the integration reads, as far as the gateways are known.
    pub gateways: BTreeMap<Gateway, Observation>,
    /// Whether all are known: any other gateway is no longer wanted.
    pub has_all_gateways: bool,
    /// Whether the rules for the desired state are those of the last complete run: then an API they exclude has changed
    /// itself.
    pub has_same_rules: bool,
    /// The selected kinds of API.
    pub api_types: BTreeSet<ApiType>,
    /// The catalog.
    pub catalog: CatalogApis,
    /// The APIs that belong to another API of the catalog now.
    pub moves: Moves,
    /// The scope of the observation.
    pub scope: Scope,
}

/// Whether an API of the catalog that is in no list should still exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Presence {
    /// The complete list of its gateway lacks it, and it has no other job here.
    Gone,
    /// All of it has arrived at another API of the catalog.
    Moved(EntityName),
    /// It changed so that the integration's rules exclude it, by this rule.
    OptedOut(String),
    /// The integration no longer wants it, for this reason: whether it is gone is unknown.
    Departed(String),
    /// Nobody looked, or its gateway could not be listed: never means gone.
    Unknown,
}

impl Observed {
    /// The gateway of an API, if it is still wanted.
    fn gateway_of(&self, origin: &Origin) -> Option<&Gateway> {
        let exact = origin
            .gateway
            .as_ref()
            .and_then(|gateway| self.gateways.get_key_value(gateway));
        if let Some((gateway, _)) = exact {
            return Some(gateway);
        }
        // An incomplete origin identifies the gateway only if there is one candidate.
        let mut places = self.gateways.keys().filter(|gateway| may_be_on(origin, gateway));
        places.next().filter(|_| places.next().is_none())
    }

    fn may_be_somewhere(&self, origin: &Origin) -> bool {
        self.gateways.keys().any(|gateway| may_be_on(origin, gateway))
    }

    /// The APIs that belong to another API of the catalog now, according to the markers.
    #[must_use]
    pub fn moves(&self) -> Moves {
        moves(&self.catalog, &self.homes())
    }

    /// The catalog names of the gateways' APIs.
    fn homes(&self) -> Homes<'_> {
        let apis = self.gateways.values().flat_map(|gateway| &gateway.apis);
        let homes = apis.flat_map(|api| api.members.iter().map(|member| (&member.key, &api.name)));
        homes.collect()
    }

    /// Whether a member of this catalog API should still be part of it.
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

    /// The previous catalog APIs of members that have not arrived yet.
    pub(super) fn coming(&self) -> BTreeMap<EntityName, Vec<(SourceKey, Arc<FoldedApi>)>> {
        let mut coming: BTreeMap<EntityName, Vec<(SourceKey, Arc<FoldedApi>)>> = BTreeMap::new();
        for ((from, member), moved) in &self.moves {
            if let (MoveProgress::Under, Some(api)) = (&moved.progress, self.catalog.api(from)) {
                let of_one = coming.entry(moved.to.clone()).or_default();
                of_one.push((member.clone(), api.clone()));
            }
        }
        coming
    }

    /// The parts that stay in sync at the old place, because they have not arrived yet.
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

    /// Whether the members of our groups that are in no list should still exist.
    pub(super) fn presences(&self) -> BTreeMap<(EntityName, SourceKey), Presence> {
        let (apis, homes) = (self.catalog.owned(), self.homes());
        let members = apis.flat_map(|api| api.members.iter().map(|key| (&api.proof.name, key)));
        let unlisted = members.filter(|(name, key)| homes.get(key) != Some(name));
        let presences = unlisted.map(|(name, key)| {
            let presence = self.presence(name, &Origin::from(key));
            ((name.clone(), key.clone()), presence)
        });
        presences.collect()
    }

    /// Whether a catalog API that is in no list should still exist, and its gateway: for a group, one that the answer
    /// depends on.
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
