//! Where lives are played: changes on Amazon and in the catalog, made directly, as their owners make them.

use std::sync::{Arc, Mutex, MutexGuard};

use sandbox::api_center::ApiCenter;
use sandbox::api_gateway::{ApiGateway, Definition, EndpointType, RestApi, Stage};
use serde_json::{Value, json};

use super::step::{Amazon, Change, Person, Seed};
use crate::oracle::Estate;
use crate::world::change_kept;

/// Names of integrations: one is the beginning of another.
pub const INTEGRATIONS: [&str; 3] = ["shop", "shop-a", "depot"];
/// Environments that people made; the last is not there yet.
pub const ENVIRONMENTS: [&str; 3] = ["people-one", "people-two", "to-be-made"];
/// Stage names: plain ones, and ones that no entity can be named.
pub const STAGES: [&str; 6] = ["prod", "staging", "v1", "Prod", "my_stage", "live"];
/// The text that a stage's refused export brings.
const REFUSAL: &str = "Unable to build the export";
/// How many APIs come at once, so that more are there than a run without time begins.
const MANY: usize = 18;

/// Both clouds, as others change them.
#[derive(Clone)]
pub struct Grounds {
    pub api_center: Arc<ApiCenter>,
    pub api_gateway: Arc<ApiGateway>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    made: usize,
    /// What the gateway lost and may have again.
    lost: Estate,
    /// What the gateway held at some moment since the step began.
    estates: Vec<Estate>,
}

impl Grounds {
    pub fn new(api_center: Arc<ApiCenter>, api_gateway: Arc<ApiGateway>) -> Self {
        Self {
            api_center,
            api_gateway,
            shared: Arc::default(),
        }
    }

    /// A new life: names are given out from the first one again.
    pub fn begin(&self) {
        *self.shared() = Shared::default();
    }

    /// A new moment: what was on the gateway before it no longer counts.
    pub fn begin_step(&self) {
        let estate = self.api_gateway.estate();
        self.shared().estates = vec![estate];
    }

    /// Everything that was on the gateway since the step began.
    pub fn estates(&self) -> Vec<Estate> {
        self.shared().estates.clone()
    }

    pub fn make(&self, change: &Change) {
        match change {
            Change::Amazon(amazon) => {
                self.happen(amazon);
                let estate = self.api_gateway.estate();
                self.shared().estates.push(estate);
            }
            Change::Person(person) => self.edit(person),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    fn number(&self) -> usize {
        let mut shared = self.shared();
        shared.made += 1;
        shared.made
    }

    pub fn add(&self, seed: &Seed) {
        let id = format!("api{:07}", self.number());
        let mut api = RestApi::new(&id, name(seed.name));
        api.description = text(seed.text);
        reach(&mut api, seed.reach);
        self.api_gateway.put_rest_api(api);
        for (stage, document) in &seed.stages {
            self.deploy(&id, STAGES[stage % STAGES.len()], self::document(*document));
        }
    }

    fn deploy(&self, api: &str, stage: &str, definition: Definition) {
        let deployment = format!("dep{:03}", self.number());
        self.api_gateway
            .put_stage(api, Stage::new(stage, deployment, definition));
    }

    fn happen(&self, amazon: &Amazon) {
        let estate = self.api_gateway.estate();
        let (Amazon::Rename { api, .. }
        | Amazon::Describe { api, .. }
        | Amazon::Reach { api, .. }
        | Amazon::AddStage { api, .. }
        | Amazon::Deploy { api, .. }
        | Amazon::Refuse { api, .. }
        | Amazon::RemoveStage { api, .. }
        | Amazon::Remove { api }
        | Amazon::Recreate { api }) = amazon
        else {
            return self.come(amazon, estate.len());
        };
        let Some((mut api, stages)) = picked(estate, *api) else {
            return;
        };
        let id = api.id.clone();
        let stage = |pick: usize| picked(stages.iter().map(|stage| stage.name.clone()).collect(), pick);
        match amazon {
            Amazon::Rename { name: pick, .. } => {
                api.name = name(*pick);
                self.api_gateway.put_rest_api(api);
            }
            Amazon::Describe { text: pick, .. } => {
                api.description = text(*pick);
                self.api_gateway.put_rest_api(api);
            }
            Amazon::Reach { reach: pick, .. } => {
                reach(&mut api, *pick);
                self.api_gateway.put_rest_api(api);
            }
            Amazon::AddStage {
                name, document: pick, ..
            } => {
                if stages.len() < 4 {
                    self.deploy(&id, STAGES[name % STAGES.len()], document(*pick));
                }
            }
            Amazon::Deploy {
                stage: of,
                document: pick,
                ..
            } => {
                if let Some(stage) = stage(*of) {
                    self.deploy(&id, &stage, document(*pick));
                }
            }
            Amazon::Refuse { stage: of, .. } => {
                if let Some(stage) = stage(*of) {
                    self.deploy(&id, &stage, Definition::Refused(REFUSAL.to_owned()));
                }
            }
            Amazon::RemoveStage { stage: of, .. } => {
                if let Some(stage) = stage(*of) {
                    self.api_gateway.remove_stage(&id, &stage);
                }
            }
            Amazon::Remove { .. } => self.api_gateway.remove_rest_api(&id),
            Amazon::Recreate { .. } => {
                self.api_gateway.remove_rest_api(&id);
                api.id = format!("api{:07}", self.number());
                self.api_gateway.put_rest_api(api.clone());
                for stage in stages {
                    self.deploy(&api.id, &stage.name, stage.definition);
                }
            }
            Amazon::Add(_) | Amazon::AddMany | Amazon::Lose | Amazon::Return => (),
        }
    }

    fn come(&self, amazon: &Amazon, there: usize) {
        match amazon {
            Amazon::Lose if there > 0 => {
                let estate = self.api_gateway.estate();
                self.api_gateway.clear();
                self.shared().lost = estate;
            }
            Amazon::Return => {
                let lost = std::mem::take(&mut self.shared().lost);
                for (api, stages) in lost {
                    self.api_gateway.put_rest_api(api.clone());
                    for stage in stages {
                        self.api_gateway.put_stage(&api.id, stage);
                    }
                }
            }
            Amazon::Add(seed) if there < 6 => self.add(seed),
            Amazon::AddMany if there < 6 => {
                for _ in 0..MANY {
                    let id = format!("api{:07}", self.number());
                    self.api_gateway.put_rest_api(RestApi::new(&id, "One of many"));
                }
            }
            _ => (),
        }
    }

    /// Makes an edit, if what it is about is there and the service takes it.
    fn edit(&self, person: &Person) {
        let center = &self.api_center;
        let everything = center.snapshot();
        let paths = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
            let paths = everything.keys().filter(|path| wanted(path));
            paths.filter(|path| !path.contains("petstore")).cloned().collect()
        };
        let any = |path: &str| path.starts_with("apis/") || path.starts_with("environments/");
        match person {
            Person::Own { entity, field, value } => {
                if let Some(path) = picked(paths(&any), *entity) {
                    let fields = own_fields(&path);
                    let (pointer, value) = own_value(fields[field % fields.len()], *value);
                    self.set(&path, pointer, value);
                }
            }
            Person::Theirs { entity, field, value } => {
                if let Some(path) = picked(paths(&any), *entity) {
                    let fields = their_fields(&path);
                    let (pointer, values) = fields[field % fields.len()].clone();
                    self.set(&path, pointer, values[value % values.len()].clone());
                }
            }
            Person::Damage { definition, text } => {
                let definitions = paths(&|path| path.contains("/definitions/"));
                if let Some(path) = picked(definitions, *definition) {
                    let texts = ["", "{}", "{\"openapi\":\"3.0.1\",\"paths\":{\"/mine\":{}}}"];
                    center.set_definition(&path, texts[text % texts.len()]);
                }
            }
            Person::Remove { entity } => {
                if let Some(path) = picked(paths(&any), *entity) {
                    center.remove(&path);
                }
            }
            Person::Wipe { entity, property } => {
                let marked = |path: &str| {
                    everything[path]["properties"]["customProperties"]
                        .to_string()
                        .contains("aws-")
                };
                if let Some(path) = picked(paths(&|path| any(path) && marked(path)), *entity) {
                    self.wipe(&path, *property);
                }
            }
            Person::Make { what, pick } => self.make_by_hand(*what, *pick, &paths(&any)),
        }
    }

    fn set(&self, path: &str, pointer: &str, value: Value) {
        let mut properties = self.api_center.snapshot()[path]["properties"].clone();
        let mut place = &mut properties;
        for part in pointer.trim_start_matches('/').split('/') {
            place = &mut place[part];
        }
        *place = value;
        // What the service refuses, nobody can do.
        let _ = self.api_center.put(path, properties);
    }

    fn wipe(&self, path: &str, property: usize) {
        let mut properties = self.api_center.snapshot()[path]["properties"].clone();
        let Some(custom) = properties["customProperties"].as_object_mut() else {
            return;
        };
        let (schema, values): (&str, &[&str]) = match path.split('/').count() {
            2 if path.starts_with("environments/") => ("aws-integration", &["lastSync", "history", "journal", ""]),
            2 => (
                "aws-sync",
                &[
                    "record/fingerprint",
                    "record/state",
                    "record/deployments",
                    "record/definitions",
                    "record/skipped",
                    "record",
                    "versions",
                    "source",
                    "",
                ],
            ),
            _ => (
                "aws-sync-stage",
                &["deploymentId", "stage", "record/version", "record", ""],
            ),
        };
        match values[property % values.len()] {
            "" => {
                custom.shift_remove(schema);
            }
            kept if kept.contains('/') => {
                let (record, value) = kept.split_once('/').unwrap();
                if custom.get(schema).is_some_and(|marker| marker.get(record).is_some()) {
                    change_kept(&mut properties, schema, record, |kept| {
                        if let Some(kept) = kept.as_object_mut() {
                            kept.shift_remove(value);
                        }
                    });
                }
            }
            value => {
                if let Some(marker) = custom.get_mut(schema).and_then(Value::as_object_mut) {
                    marker.remove(value);
                }
            }
        }
        let _ = self.api_center.put(path, properties);
    }

    /// Makes an entity where one of the app's is or might be, or that looks like one.
    fn make_by_hand(&self, what: usize, pick: usize, paths: &[String]) {
        let integration = INTEGRATIONS[pick % INTEGRATIONS.len()];
        let api = picked(
            paths
                .iter()
                .filter(|path| path.split('/').count() == 2 && path.starts_with("apis/"))
                .cloned()
                .collect(),
            pick,
        );
        let version = picked(
            paths
                .iter()
                .filter(|path| path.split('/').count() == 4 && path.contains("/versions/"))
                .cloned()
                .collect(),
            pick,
        );
        let stage = crate::oracle::entity_name(STAGES[pick % STAGES.len()]);
        let api_properties = json!({ "title": "By hand", "kind": "rest" });
        let version_properties = json!({ "title": "by hand", "lifecycleStage": "testing" });
        let made = match (what % 7, api, version) {
            (0, _, _) => Some((format!("apis/{integration}-byhand{pick:04}"), api_properties)),
            (1, _, _) => {
                // In the way of an API that is on the gateway, or of the next one.
                let estate = self.api_gateway.estate();
                let next = format!("api{:07}", self.shared().made + 1);
                let id = picked(estate, pick).map_or(next, |(api, _)| api.id);
                Some((format!("apis/{integration}-{id}"), api_properties))
            }
            (2, Some(api), _) => Some((format!("{api}/versions/{stage}"), version_properties)),
            (3, Some(api), _) => Some((
                format!("{api}/deployments/{stage}"),
                json!({ "title": "By hand", "server": { "runtimeUri": ["https://by-hand.example"] }, "environmentId": "/workspaces/default/environments/people-one" }),
            )),
            // A copy, marker and all, under the name that another integration would give it.
            (6, Some(api), _) => {
                let id = api.rsplit('-').next().unwrap_or_default();
                let properties = self.api_center.snapshot()[&api]["properties"].clone();
                Some((format!("apis/{integration}-{id}"), properties))
            }
            (4, _, Some(version)) => Some((format!("{version}/definitions/mine"), json!({ "title": "Mine" }))),
            (5, _, _) => Some((
                format!("environments/{integration}"),
                json!({ "title": "By hand", "kind": "testing", "server": { "type": "Azure API Management" } }),
            )),
            _ => None,
        };
        if let Some((path, properties)) = made
            && !self.api_center.snapshot().contains_key(&path)
        {
            let _ = self.api_center.put(&path, properties);
        }
    }
}

/// The one that a number stands for.
fn picked<T>(mut all: Vec<T>, pick: usize) -> Option<T> {
    if all.is_empty() {
        return None;
    }
    let index = pick % all.len();
    Some(all.swap_remove(index))
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

/// Where users' own values are, by the kind of entity.
fn own_fields(path: &str) -> &'static [&'static str] {
    match (path.split('/').count(), path.contains("/deployments/")) {
        (2, _) if path.starts_with("environments/") => &[
            "/title",
            "/description",
            "/kind",
            "/server/managementPortalUri",
            "/onboarding",
            "/customProperties/team",
        ],
        (2, _) => &[
            "/summary",
            "/termsOfService",
            "/license",
            "/contacts",
            "/externalDocumentation",
            "/customProperties/team",
        ],
        (_, true) => &["/title", "/description", "/state", "/customProperties/team"],
        (4, false) => &["/lifecycleStage"],
        _ => &["/description"],
    }
}

fn own_value(field: &'static str, pick: usize) -> (&'static str, Value) {
    let number = pick % 3;
    let value = match field {
        "/kind" => json!(["testing", "staging", "development"][number]),
        "/lifecycleStage" => json!(["production", "retired", "preview"][number]),
        "/state" => json!(["inactive", "active", "inactive"][number]),
        "/server/managementPortalUri" => json!([format!("https://console{number}.example")]),
        "/onboarding" => {
            json!({ "instructions": format!("Ask Ann, {number}."), "developerPortalUri": ["https://portal.example"] })
        }
        "/termsOfService" => json!({ "url": format!("https://terms{number}.example") }),
        "/license" => json!({ "name": format!("Licence {number}") }),
        "/contacts" => json!([{ "name": format!("Ann {number}"), "email": "ann@example.com" }]),
        "/externalDocumentation" => json!([{ "title": "Wiki", "url": format!("https://wiki{number}.example") }]),
        _ => json!(format!("By a person, {number}")),
    };
    (field, value)
}

/// Where the source's values are, and what a person writes there.
fn their_fields(path: &str) -> Vec<(&'static str, Vec<Value>)> {
    let titles = vec![json!("Not this"), json!("Nor this")];
    match (path.split('/').count(), path.contains("/deployments/")) {
        (2, _) if path.starts_with("environments/") => {
            vec![(
                "/server/type",
                vec![json!("Kong API Gateway"), json!("Azure API Management")],
            )]
        }
        (2, _) => vec![
            ("/title", titles),
            ("/description", vec![json!("Not what Amazon says"), Value::Null]),
            ("/kind", vec![json!("soap"), json!("graphql")]),
        ],
        (_, true) => vec![
            (
                "/server/runtimeUri",
                vec![json!(["https://elsewhere.example"]), json!([])],
            ),
            (
                "/environmentId",
                vec![json!("/workspaces/default/environments/people-one")],
            ),
            ("/definitionId", vec![Value::Null]),
        ],
        _ => vec![("/title", titles)],
    }
}
