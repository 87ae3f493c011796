//! The catalog as its journal tells it: what is there, and who made it.

use std::collections::BTreeMap;

use sandbox::api_center::{Author, Change};
use serde_json::{Value, json};

/// An entity, and where it comes from.
#[derive(Debug, Clone)]
pub struct Entry {
    pub value: Value,
    pub made_by: Author,
    /// The change that made it.
    pub made_at: usize,
}

/// Every entity, those that are out of sight below one that is gone included.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: BTreeMap<String, Entry>,
    /// The last change by a person of an API's metadata, or of whether it is there, by path.
    tampered: BTreeMap<String, usize>,
    /// How many changes there were.
    pub seen: usize,
    /// How many there were before the step that is going on.
    pub step: usize,
}

impl Ledger {
    /// Takes a change in.
    pub fn add(&mut self, change: &Change) {
        let at = self.seen;
        self.seen += 1;
        if change.author == Author::Person && change.path.split('/').count() == 2 {
            let custom = |value: &Option<Value>| {
                value
                    .as_ref()
                    .map(|value| value["properties"]["customProperties"].clone())
            };
            if custom(&change.before) != custom(&change.after) {
                self.tampered.insert(change.path.clone(), at);
            }
        }
        match (&change.after, self.entries.get_mut(&change.path)) {
            (None, _) => {
                self.entries.remove(&change.path);
            }
            (Some(value), Some(entry)) => entry.value = value.clone(),
            (Some(value), None) => {
                let entry = Entry {
                    value: value.clone(),
                    made_by: change.author,
                    made_at: at,
                };
                self.entries.insert(change.path.clone(), entry);
            }
        }
    }

    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// The entities whose paths begin with this.
    pub fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        self.entries.iter().filter(move |(path, _)| path.starts_with(prefix))
    }

    /// The environments that hold an integration.
    pub fn environments_of(&self, integration: &str) -> Vec<(&String, &Entry)> {
        let holds = |entry: &Entry| holder(&entry.value) == Some(integration);
        self.below("environments/").filter(|(_, entry)| holds(entry)).collect()
    }

    /// The integration that an API is of, and its REST API: the marker and the name say so.
    pub fn owner(&self, api: &str) -> Option<(String, String)> {
        owner(api, &self.get(api)?.value)
    }

    /// Whether a version, or what goes by its name, is listed as the integration's.
    pub fn lists(&self, api: &str, name: &str) -> bool {
        let listed: Vec<String> = self
            .get(api)
            .and_then(|entry| marker(&entry.value, "aws-rest-api")["versions"].as_str())
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        self.lists_all(api) || listed.iter().any(|listed| listed == name)
    }

    /// Whether an API is being made, so that all that is below it is the integration's.
    pub fn lists_all(&self, api: &str) -> bool {
        let entry = self.get(api);
        entry.is_some_and(|entry| marker(&entry.value, "aws-rest-api")["state"] == "creating")
    }

    /// Whether something below an API is not the app's: a person made it, or made the app lose sight of it before the
    /// step that is going on, which may have looked at it before.
    pub fn is_strange(&self, api: &str, path: &str) -> bool {
        let Some(entry) = self.get(path) else { return false };
        let name = path.split('/').nth(3).unwrap_or_default();
        if self.lists(api, name) || path.contains("/deployments/") && is_marked(entry, name) {
            return false;
        }
        let tampered = self
            .tampered
            .get(api)
            .is_some_and(|at| (entry.made_at..self.step).contains(at));
        entry.made_by == Author::Person || tampered
    }
}

/// A marker; null when there is none.
pub fn marker<'a>(value: &'a Value, schema: &str) -> &'a Value {
    &value["properties"]["customProperties"][schema]
}

/// The integration that an environment holds.
pub fn holder(value: &Value) -> Option<&str> {
    marker(value, "aws-integration")["name"].as_str()
}

fn owner(api: &str, value: &Value) -> Option<(String, String)> {
    let marker = marker(value, "aws-rest-api");
    let (integration, id) = (marker["integration"].as_str()?, marker["restApiId"].as_str()?);
    let name = format!("apis/{integration}-{id}").to_lowercase();
    (name == api).then(|| (integration.to_owned(), id.to_owned()))
}

/// Whether a deployment has the marker of the stage that its name is made from.
fn is_marked(entry: &Entry, name: &str) -> bool {
    let stage = marker(&entry.value, "aws-stage")["stageName"].as_str();
    stage.is_some_and(|stage| crate::oracle::entity_name(stage) == name)
}

/// What differs between two states of an entity, but for these places: those of the source.
pub fn differs(before: &Value, after: &Value, but: &[&str]) -> bool {
    let rest = |value: &Value| {
        let mut properties = value["properties"].clone();
        for pointer in but {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            if let Some(parent) = properties.pointer_mut(parent).and_then(Value::as_object_mut) {
                parent.shift_remove(name);
            }
        }
        without_nothing(properties)
    };
    let something = |value: Value| if value.is_null() { json!({}) } else { value };
    something(rest(before)) != something(rest(after))
}

/// A value without the members that hold nothing, or what the service fills in.
pub fn without_nothing(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        for member in members.values_mut() {
            *member = without_nothing(member.take());
        }
        let nothing = [Value::Null, json!(false), json!({}), json!([])];
        members.retain(|_, member| !nothing.contains(member));
    }
    value
}
