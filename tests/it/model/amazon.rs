//! Events in AWS: APIs of every kind come, change and go, and so do their custom domains.

use std::collections::BTreeMap;

use sandbox::api_gateway::{
    ApiGateway, Definition, DomainName, EndpointType, Mapping, Model, RestApi, Route, Stage, V2Api, V2Stage,
};
use sandbox::estate::FullEstate;
use serde_json::{Value, json};

use super::grounds::{Grounds, STAGES, picked};
use super::step::{Amazon, Seed};
use crate::oracle::full_estate;

/// The text that a stage's refused export brings.
const REFUSAL: &str = "Unable to build the export";
/// APIs that come at once: more than a run without time starts.
const MANY: usize = 18;
/// Most APIs, except those that come at once.
const APIS_MAX: usize = 7;
/// Custom domains: the last is edge-optimized, which REST APIs alone can have.
pub const DOMAINS: [&str; 3] = ["one.example.com", "two.example.com", "edge.example.com"];
/// Keys of mappings; the last has two levels, which an edge-optimized domain cannot have.
const KEYS: [&str; 4] = ["", "shop", "a$b", "shop/v1"];
/// The prefix that tells ids of HTTP and WebSocket APIs from those of REST APIs.
const V2_ID: &str = "web";

/// Whether this is the id of a REST API.
pub fn is_rest(id: &str) -> bool {
    !id.starts_with(V2_ID)
}

/// The unreadable part of the custom domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// This domain's mappings.
    Domain(&'static str),
    /// The same, except those in the older version of AWS's API: to REST APIs.
    Newer(&'static str),
    /// Which there are.
    All,
}

impl Hidden {
    fn of(pick: usize) -> Self {
        let domain = DOMAINS[pick / 3 % DOMAINS.len()];
        match pick % 3 {
            0 => Self::Domain(domain),
            1 => Self::Newer(domain),
            _ => Self::All,
        }
    }

    fn is_about(self, name: &str) -> bool {
        match self {
            Self::Domain(domain) | Self::Newer(domain) => domain == name,
            Self::All => true,
        }
    }

    /// The calls that fail, with which status.
    pub fn calls(self) -> (String, u16) {
        match self {
            Self::Domain(domain) => (format!("/domainnames/{}/", domain.replace('.', "[.]")), 403),
            Self::Newer(domain) => (format!("^/v2/domainnames/{}/", domain.replace('.', "[.]")), 400),
            Self::All => ("^/domainnames[?]".to_owned(), 403),
        }
    }

    /// Whether it is unknown that this URL still leads to the API.
    pub fn hides(self, url: &str, api_id: &str) -> bool {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        match self {
            Self::All => DOMAINS.contains(&host),
            Self::Domain(domain) => host == domain,
            // Edge-optimized domains are not read through the newer version.
            Self::Newer(domain) => domain != DOMAINS[2] && host == domain && (!is_rest(api_id) || path.contains('/')),
        }
    }
}

/// An API of either list.
#[derive(Debug, Clone)]
enum Api {
    Rest(RestApi, Vec<Stage>),
    V2(V2Api, Vec<V2Stage>),
}

impl Api {
    fn all(estate: FullEstate) -> Vec<Self> {
        let rest = estate.rest.into_iter().map(|(api, stages)| Self::Rest(api, stages));
        let v2 = estate.v2.into_iter().map(|(api, stages)| Self::V2(api, stages));
        rest.chain(v2).collect()
    }

    fn id(&self) -> &str {
        match self {
            Self::Rest(api, _) => &api.id,
            Self::V2(api, _) => &api.id,
        }
    }

    fn is_websocket(&self) -> bool {
        matches!(self, Self::V2(api, _) if *api.protocol.as_str() == *"WEBSOCKET")
    }

    fn stages(&self) -> Vec<String> {
        match self {
            Self::Rest(_, stages) => stages.iter().map(|stage| stage.name.clone()).collect(),
            Self::V2(_, stages) => stages.iter().map(|stage| stage.name.clone()).collect(),
        }
    }

    fn rename(mut self, gateway: &ApiGateway, name: String) {
        match &mut self {
            Self::Rest(api, _) => api.name = name,
            Self::V2(api, _) => api.name = name,
        }
        self.put(gateway);
    }

    fn describe(mut self, gateway: &ApiGateway, description: Option<String>) {
        match &mut self {
            Self::Rest(api, _) => api.description = description,
            Self::V2(api, _) => api.description = description,
        }
        self.put(gateway);
    }

    /// Leaves its stages as they are.
    fn put(self, gateway: &ApiGateway) {
        match self {
            Self::Rest(api, _) => gateway.put_rest_api(api),
            Self::V2(api, _) => gateway.put_v2_api(api),
        }
    }

    fn reach(self, gateway: &ApiGateway, pick: usize) {
        match self {
            Self::Rest(mut api, _) => {
                reach(&mut api, pick);
                gateway.put_rest_api(api);
            }
            Self::V2(mut api, _) => {
                api.disable_execute_api_endpoint = pick == 1;
                gateway.put_v2_api(api);
            }
        }
    }
}

impl Grounds {
    pub fn add(&self, seed: &Seed) {
        let number = self.number();
        let gateway = &self.api_gateway;
        let (api, id) = match seed.kind % 6 {
            0..=2 => {
                let id = format!("api{number:07}");
                (Api::Rest(RestApi::new(&id, name(seed.name)), Vec::new()), id)
            }
            kind => {
                let id = format!("{V2_ID}{number:07}");
                let api = if kind == 5 {
                    let mut api = V2Api::websocket(&id, name(seed.name));
                    (api.routes, api.models) = messages(seed.text);
                    api
                } else {
                    V2Api::http(&id, name(seed.name))
                };
                (Api::V2(api, Vec::new()), id)
            }
        };
        let is_websocket = api.is_websocket();
        api.clone().describe(gateway, text(seed.text));
        let there = self.api(&id).unwrap_or(api);
        there.reach(gateway, seed.reach);
        for (stage, document) in &seed.stages {
            let stage = stage_name(&id, is_websocket, *stage);
            self.deploy(&id, &stage, self::document(*document));
        }
        if let (Some((domain, key)), Some((stage, _))) = (seed.mapping, seed.stages.first()) {
            self.map(&id, Some(stage_name(&id, is_websocket, *stage)), domain, key);
        }
    }

    fn api(&self, id: &str) -> Option<Api> {
        let all = Api::all(full_estate(&self.api_gateway));
        all.into_iter().find(|api| api.id() == id)
    }

    fn deploy(&self, api: &str, stage: &str, definition: Definition) {
        let deployment = format!("dep{:03}", self.number());
        if is_rest(api) {
            self.api_gateway
                .put_stage(api, Stage::new(stage, deployment, definition));
        } else {
            self.api_gateway
                .put_v2_stage(api, V2Stage::new(stage, deployment, definition));
        }
    }

    pub fn happen(&self, amazon: &Amazon) {
        let estate = full_estate(&self.api_gateway);
        let (Amazon::Rename { api, .. }
        | Amazon::Describe { api, .. }
        | Amazon::Reach { api, .. }
        | Amazon::AddStage { api, .. }
        | Amazon::AddIdle { api, .. }
        | Amazon::Deploy { api, .. }
        | Amazon::Refuse { api, .. }
        | Amazon::RemoveStage { api, .. }
        | Amazon::Remove { api }
        | Amazon::Recreate { api }
        | Amazon::Map { api, .. }) = amazon
        else {
            return self.come(amazon, &estate);
        };
        let Some(found) = picked(Api::all(estate), *api) else {
            return;
        };
        let (gateway, id, stages) = (&self.api_gateway, found.id().to_owned(), found.stages());
        let stage = |pick: usize| picked(stages.clone(), pick);
        match amazon {
            Amazon::Rename { name: pick, .. } => found.rename(gateway, name(*pick)),
            Amazon::Describe { text: pick, .. } => found.describe(gateway, text(*pick)),
            Amazon::Reach { reach: pick, .. } => found.reach(gateway, *pick),
            Amazon::AddStage {
                name, document: pick, ..
            } => {
                if stages.len() < 4 {
                    self.deploy(&id, &stage_name(&id, found.is_websocket(), *name), document(*pick));
                }
            }
            Amazon::AddIdle { name, .. } => {
                let name = stage_name(&id, found.is_websocket(), *name);
                if !is_rest(&id) && stages.len() < 4 && !stages.contains(&name) {
                    gateway.put_v2_stage(&id, V2Stage::undeployed(name));
                }
            }
            Amazon::Deploy {
                stage: of,
                document: pick,
                ..
            } => self.redeploy(found, *of, *pick),
            Amazon::Refuse { stage: of, .. } => {
                if let Some(stage) = stage(*of).filter(|_| !found.is_websocket()) {
                    self.deploy(&id, &stage, Definition::Refused(REFUSAL.to_owned()));
                }
            }
            Amazon::RemoveStage { stage: of, .. } => {
                if let Some(stage) = stage(*of) {
                    gateway.remove_stage(&id, &stage);
                    gateway.remove_v2_stage(&id, &stage);
                }
            }
            Amazon::Remove { .. } => {
                gateway.remove_rest_api(&id);
                gateway.remove_v2_api(&id);
            }
            Amazon::Recreate { .. } => self.recreate(found),
            Amazon::Map {
                domain, stage: of, key, ..
            } => self.map(&id, stage(*of), *domain, *key),
            Amazon::Add(_)
            | Amazon::AddMany
            | Amazon::Lose
            | Amazon::Return
            | Amazon::Unmap { .. }
            | Amazon::RemoveDomain { .. }
            | Amazon::Hide { .. }
            | Amazon::Show => (),
        }
    }

    /// Lets a stage run another deployment. Of a WebSocket API, whose deployments nobody can see into, each stage does, so
    /// that all of them have what the API has now.
    fn redeploy(&self, api: Api, stage: usize, pick: usize) {
        match api {
            Api::V2(mut api, stages) if *api.protocol.as_str() == *"WEBSOCKET" => {
                (api.routes, api.models) = messages(pick);
                let id = api.id.clone();
                self.api_gateway.put_v2_api(api);
                for stage in stages.into_iter().filter(|stage| stage.deployment_id.is_some()) {
                    self.deploy(&id, &stage.name, document(pick));
                }
            }
            api => {
                if let Some(stage) = picked(api.stages(), stage) {
                    self.deploy(api.id(), &stage, document(pick));
                }
            }
        }
    }

    /// Recreates an API under the same name: it gets another id.
    fn recreate(&self, api: Api) {
        let gateway = &self.api_gateway;
        match api {
            Api::Rest(mut api, stages) => {
                gateway.remove_rest_api(&api.id);
                api.id = format!("api{:07}", self.number());
                gateway.put_rest_api(api.clone());
                for stage in stages {
                    self.deploy(&api.id, &stage.name, stage.definition);
                }
            }
            Api::V2(mut api, stages) => {
                gateway.remove_v2_api(&api.id);
                api.id = format!("{V2_ID}{:07}", self.number());
                gateway.put_v2_api(api.clone());
                for stage in stages {
                    gateway.put_v2_stage(&api.id, stage);
                }
            }
        }
    }

    /// Maps a key of a custom domain to a stage, or to any that the caller names after the key.
    fn map(&self, api: &str, stage: Option<String>, domain: usize, key: usize) {
        let domain = DOMAINS[domain % DOMAINS.len()];
        let is_edge = domain == DOMAINS[2];
        if is_edge && !is_rest(api) {
            return;
        }
        let keys = if is_edge { &KEYS[..3] } else { &KEYS[..] };
        let place = key % keys.len();
        let gateway = &self.api_gateway;
        if gateway.domain_estate().iter().all(|(found, ..)| found.name != domain) {
            gateway.put_domain(if is_edge {
                DomainName::edge(domain)
            } else {
                DomainName::regional(domain)
            });
        }
        let mut mapping = Mapping::new(format!("m{place}"), keys[place], api, "");
        mapping.stage = stage.filter(|_| !key.is_multiple_of(5));
        gateway.put_mapping(domain, mapping);
    }

    fn come(&self, amazon: &Amazon, estate: &FullEstate) {
        let gateway = &self.api_gateway;
        let there = estate.rest.len() + estate.v2.len();
        let domain = |pick: usize| picked(estate.domains.clone(), pick);
        match amazon {
            Amazon::Lose if there > 0 => {
                gateway.clear();
                self.shared().lost = estate.clone();
            }
            Amazon::Return => {
                let lost = std::mem::take(&mut self.shared().lost);
                lost.fill(gateway);
            }
            Amazon::Add(seed) if there < APIS_MAX => self.add(seed),
            Amazon::AddMany if there < APIS_MAX => {
                for _ in 0..MANY {
                    let id = format!("api{:07}", self.number());
                    gateway.put_rest_api(RestApi::new(&id, "One of many"));
                }
            }
            Amazon::Unmap { domain: of, mapping } => {
                if let Some((domain, mappings, _)) = domain(*of)
                    && let Some(mapping) = picked(mappings, *mapping)
                {
                    gateway.remove_mapping(&domain.name, &mapping.id);
                }
            }
            Amazon::RemoveDomain { domain: of } => {
                if let Some((domain, ..)) = domain(*of) {
                    gateway.remove_domain(&domain.name);
                }
            }
            Amazon::Hide { what, mapping } => {
                let hidden = Hidden::of(*what);
                self.shared().hidden = Some(hidden);
                let of_hidden = estate
                    .domains
                    .iter()
                    .filter(|(domain, ..)| hidden.is_about(&domain.name));
                let mappings = of_hidden.flat_map(|(domain, mappings, _)| {
                    mappings.iter().map(|mapping| (domain.name.clone(), mapping.id.clone()))
                });
                if let Some((domain, mapping)) = picked(mappings.collect(), *mapping) {
                    gateway.remove_mapping(&domain, &mapping);
                }
            }
            Amazon::Show => self.shared().hidden = None,
            _ => (),
        }
    }
}

/// A name for a stage; only HTTP APIs can have `$default`.
fn stage_name(api: &str, is_websocket: bool, pick: usize) -> String {
    if !is_rest(api) && !is_websocket && pick.is_multiple_of(4) {
        return "$default".to_owned();
    }
    STAGES[pick % STAGES.len()].to_owned()
}

fn name(pick: usize) -> String {
    let long = "A name that is longer than the fifty characters a title may have \u{1f600}";
    let names = ["Orders", "orders", "Returns & refunds", "Zahlungen", "  ", long];
    names[pick % names.len()].to_owned()
}

fn text(pick: usize) -> Option<String> {
    let texts = [None, Some(""), Some("What it does"), Some("Another text")];
    texts[pick % texts.len()].map(str::to_owned)
}

fn reach(api: &mut RestApi, pick: usize) {
    api.disable_execute_api_endpoint = pick == 1;
    api.endpoint_type = if (2..5).contains(&pick) {
        EndpointType::Private
    } else {
        EndpointType::Regional
    };
    let endpoints = ["vpce-0b", "vpce-0a"];
    api.vpc_endpoint_ids = match pick {
        3 => endpoints[..1].iter().map(|&id| id.to_owned()).collect(),
        4 => endpoints.iter().map(|&id| id.to_owned()).collect(),
        _ => Vec::new(),
    };
}

fn document(pick: usize) -> Definition {
    let path = format!("/path{}", pick % 4);
    Definition::from(json!({ "openapi": "3.0.1", "paths": { path: { "get": { "responses": {} } } } }))
}

/// Routes and models of a WebSocket API.
fn messages(pick: usize) -> (Vec<Route>, Vec<Model>) {
    let keys = ["$connect", "send", "leave/it", "$default"];
    let routes = keys
        .iter()
        .enumerate()
        .filter(|(place, _)| !(pick + place).is_multiple_of(3));
    let routes = routes.map(|(place, key)| {
        let mut route = Route::new(format!("r{place}"), *key);
        if (pick + place).is_multiple_of(2) {
            route.request_models = BTreeMap::from([("$default".to_owned(), "Message".to_owned())]);
        }
        route
    });
    let schema: Value = json!({ "type": "object", "title": shape(pick) });
    let models = vec![Model::new("m1", "Message", schema.to_string())];
    (routes.collect(), models)
}

/// A word that only the model of this pick has.
fn shape(pick: usize) -> String {
    format!("Shape {}", pick % 5)
}
