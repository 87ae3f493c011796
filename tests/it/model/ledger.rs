//! The catalog according to its journal: its entities, and who created them.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::api_center::{Author, Change};
use serde_json::{Value, json};

use crate::world::kept;

/// An entity, and where it comes from.
#[derive(Debug, Clone)]
pub struct Entry {
    pub value: Value,
    pub made_by: Author,
    /// The change that made it.
    pub made_at: usize,
}

/// Every entity, including those hidden below a deleted one.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: BTreeMap<String, Entry>,
    /// The last change by a person of an API's metadata or existence, by path.
    tampered: BTreeMap<String, usize>,
    /// The URLs in each write of a deployment by the app, since its creation.
    urls: BTreeMap<String, Vec<BTreeSet<String>>>,
    /// How many changes there were.
    pub seen: usize,
    /// The number before the current step.
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
        self.note_urls(change);
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

    fn note_urls(&mut self, change: &Change) {
        match &change.after {
            Some(after) if change.author == Author::Caller && change.path.contains("/deployments/") => {
                self.urls.entry(change.path.clone()).or_default().push(urls(after));
            }
            None if change.author == Author::Caller || change.path.split('/').count() == 2 => {
                let (path, below) = (&change.path, format!("{}/", change.path));
                self.urls
                    .retain(|deployment, _| deployment != path && !deployment.starts_with(&below));
            }
            Some(_) | None => (),
        }
    }

    /// The URLs that the app has written into a deployment, one time after another.
    pub fn written_urls(&self, path: &str) -> &[BTreeSet<String>] {
        self.urls.get(path).map_or(&[], Vec::as_slice)
    }

    /// Whether a person has ever changed an API's metadata or existence.
    pub fn is_tampered(&self, api: &str) -> bool {
        self.tampered.contains_key(api)
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

    /// The integration of an API, and its id in AWS, according to marker and name.
    pub fn owner(&self, api: &str) -> Option<(String, String)> {
        owner(api, &self.get(api)?.value)
    }

    /// Whether a version, or a deployment of its name, is listed as the integration's.
    pub fn lists(&self, api: &str, name: &str) -> bool {
        self.lists_all(api) || self.names(api).iter().any(|listed| listed == name)
    }

    /// The versions that an API's marker names.
    fn versions(&self, api: &str) -> Vec<String> {
        let value = self.get(api).map(|entry| &entry.value);
        let versions = value.and_then(|value| marker(value, "aws-sync")["versions"].as_str());
        versions
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    }

    /// The versions and deployments that an API's marker names.
    fn names(&self, api: &str) -> Vec<String> {
        let Some(entry) = self.get(api) else {
            return Vec::new();
        };
        let versions = marker(&entry.value, "aws-sync")["versions"]
            .as_str()
            .unwrap_or_default();
        let record = kept(&entry.value["properties"], "aws-sync", "record");
        let deployments = record["deployments"].as_array().into_iter().flatten();
        let deployments = deployments.filter_map(Value::as_str);
        versions
            .split_whitespace()
            .chain(deployments)
            .map(str::to_owned)
            .collect()
    }

    /// Whether a deployment's marker attributes the API to an integration.
    pub fn vouches_for(&self, api: &str, integration: &str) -> bool {
        let deployments = format!("{api}/deployments/");
        self.below(&deployments).any(|(path, entry)| {
            let is_of = |record: Value| record["integration"] == integration;
            vouching(entry, path).is_some_and(is_of)
        })
    }

    /// Whether an API is under construction, so that everything below it is the integration's.
    pub fn lists_all(&self, api: &str) -> bool {
        let entry = self.get(api);
        entry.is_some_and(|entry| kept(&entry.value["properties"], "aws-sync", "record")["state"] == "creating")
    }

    /// Whether something below an API is not the app's: a person created it, or hid it from the app before the current
    /// step.
    pub fn is_strange(&self, api: &str, path: &str) -> bool {
        let Some(entry) = self.get(path) else { return false };
        let name = path.split('/').nth(3).unwrap_or_default();
        // A version of which a person took the name off the list is theirs, though the deployment of that name is listed.
        let is_version = path.split('/').nth(2) == Some("versions");
        let is_listed = if is_version {
            self.lists_all(api) || self.versions(api).iter().any(|listed| listed == name)
        } else {
            self.lists(api, name)
        };
        if is_listed || path.contains("/deployments/") && vouching(entry, path).is_some() {
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

/// The URLs of a deployment.
pub fn urls(value: &Value) -> BTreeSet<String> {
    let urls = value["properties"]["server"]["runtimeUri"]
        .as_array()
        .into_iter()
        .flatten();
    urls.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The integration that an environment holds.
pub fn holder(value: &Value) -> Option<&str> {
    marker(value, "aws-integration")["name"].as_str()
}

fn owner(api: &str, value: &Value) -> Option<(String, String)> {
    let marker = marker(value, "aws-sync");
    let (integration, name) = (marker["integration"].as_str()?, api.strip_prefix("apis/")?);
    let record = kept(&value["properties"], "aws-sync", "record");
    if !record["name"].as_str()?.eq_ignore_ascii_case(name) {
        return None;
    }
    // A broken or empty list of sources says nothing; the name does.
    let source = marker["source"].as_str().and_then(|source| source.rsplit('/').next());
    let id = source
        .filter(|id| !id.is_empty())
        .or_else(|| name.get(integration.len() + 1..))?;
    Some((integration.to_owned(), id.to_owned()))
}

/// The record of a deployment that names itself and the API that it is below.
fn vouching(entry: &Entry, path: &str) -> Option<Value> {
    let record = kept(&entry.value["properties"], "aws-sync-stage", "record");
    let is_named = |property: &str, part: usize| {
        let name = path.split('/').nth(part)?;
        record[property].as_str().map(|named| named.eq_ignore_ascii_case(name))
    };
    (is_named("api", 1)? && is_named("name", 3)?).then_some(record)
}

/// The differences between two states of an entity, except in the source's places.
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
