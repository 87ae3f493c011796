//! The grounds of lives: changes in AWS and in the catalog, made directly, as their owners make them.

use std::sync::{Arc, Mutex, MutexGuard};

use sandbox::api_center::ApiCenter;
use sandbox::api_gateway::ApiGateway;
use sandbox::estate::FullEstate;
use serde_json::{Value, json};

use super::amazon::Hidden;
use super::step::{Change, Person};
use crate::oracle::full_estate;
use crate::world::change_kept;

/// Names of integrations: one is the beginning of another.
pub const INTEGRATIONS: [&str; 3] = ["shop", "shop-a", "depot"];
/// People's environments; the last does not exist yet.
pub const ENVIRONMENTS: [&str; 3] = ["people-one", "people-two", "to-be-made"];
/// Stage names: plain ones, and ones that no entity can be named.
pub const STAGES: [&str; 6] = ["prod", "staging", "v1", "Prod", "my_stage", "live"];

/// Both clouds, as others change them.
#[derive(Clone)]
pub struct Grounds {
    pub api_center: Arc<ApiCenter>,
    pub api_gateway: Arc<ApiGateway>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
pub struct Shared {
    made: usize,
    /// What the gateway lost and may regain.
    pub lost: FullEstate,
    /// The unreadable part of its domains.
    pub hidden: Option<Hidden>,
    /// The gateway's contents at each moment of the step.
    estates: Vec<FullEstate>,
}

impl Grounds {
    pub fn new(api_center: Arc<ApiCenter>, api_gateway: Arc<ApiGateway>) -> Self {
        Self {
            api_center,
            api_gateway,
            shared: Arc::default(),
        }
    }

    /// A new life: names start from the first one again.
    pub fn begin(&self) {
        *self.shared() = Shared::default();
    }

    /// A new moment: what was on the gateway before it no longer counts.
    pub fn begin_step(&self) {
        let estate = full_estate(&self.api_gateway);
        self.shared().estates = vec![estate];
    }

    /// Everything that was on the gateway since the step began.
    pub fn estates(&self) -> Vec<FullEstate> {
        self.shared().estates.clone()
    }

    pub fn make(&self, change: &Change) {
        match change {
            Change::Amazon(amazon) => {
                self.happen(amazon);
                let estate = full_estate(&self.api_gateway);
                self.shared().estates.push(estate);
            }
            Change::Person(person) => self.edit(person),
        }
    }

    /// The unreadable part of the gateway's domains.
    pub fn hidden(&self) -> Option<Hidden> {
        self.shared().hidden
    }

    /// Lets everything be read again.
    pub fn show(&self) {
        self.shared().hidden = None;
    }

    pub fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    pub fn number(&self) -> usize {
        let mut shared = self.shared();
        shared.made += 1;
        shared.made
    }

    /// Makes an edit, if its subject exists and the service accepts it.
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
        // A refused edit is impossible for anybody.
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
                let estate = full_estate(&self.api_gateway);
                let next = format!("api{:07}", self.shared().made + 1);
                let rest = estate.rest.into_iter().map(|(api, _)| api.id);
                let ids: Vec<String> = rest.chain(estate.v2.into_iter().map(|(api, _)| api.id)).collect();
                let id = picked(ids, pick).unwrap_or(next);
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

/// The one that a pick selects.
pub fn picked<T>(mut all: Vec<T>, pick: usize) -> Option<T> {
    if all.is_empty() {
        return None;
    }
    let index = pick % all.len();
    Some(all.swap_remove(index))
}

/// The paths of users' own values, by kind of entity.
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

/// The paths of the source's values, and what a person writes there.
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
