//! The catalog of the API center.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::journal::{Author, Journal};
use super::path::{Address, Collection, Kind};
use crate::clock::{epoch_seconds, now};

/// An entity as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    /// The name as first written.
    pub name: String,
    pub properties: Map<String, Value>,
    pub etag: String,
    pub created_at: String,
    pub last_modified_at: Option<String>,
    /// The imported content of a definition.
    pub content: Option<String>,
}

impl Entity {
    /// The entity in a snapshot.
    pub fn shown(&self) -> Value {
        let mut shown = json!({"properties": self.properties});
        if let Some(content) = &self.content {
            shown["content"] = Value::from(content.clone());
        }
        shown
    }
}

/// All entities, by collection.
///
/// Nothing cascades: entities below a removed one stay hidden, and reappear when one of that name is created. The
/// service was reported to do so for APIs (Azure/APICenter-Portal-Starter#137).
#[derive(Debug, Clone, Default)]
pub(super) struct Catalog {
    collections: BTreeMap<String, BTreeMap<String, Entity>>,
    writes: u32,
    /// Every change, in order, if it is kept.
    pub journal: Journal,
    /// Who is writing.
    pub author: Author,
}

impl Catalog {
    /// A visible entity: everything above it exists.
    pub fn get(&self, address: &Address) -> Option<&Entity> {
        if !self.has_parent(&address.collection) {
            return None;
        }
        self.collections
            .get(&address.collection.key())?
            .get(&address.name.to_ascii_lowercase())
    }

    /// Whether everything above the collection exists.
    pub fn has_parent(&self, collection: &Collection) -> bool {
        collection.parent().is_none_or(|parent| self.get(&parent).is_some())
    }

    /// The entities of a collection after a name, by name.
    pub fn list<'a>(
        &'a self,
        collection: &Collection,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'a Entity> + use<'a> {
        let start = after.map_or(Bound::Unbounded, |name| Bound::Excluded(name.to_ascii_lowercase()));
        let seen = self.has_parent(collection);
        self.collections
            .get(&collection.key())
            .filter(|_| seen)
            .into_iter()
            .flat_map(move |entities| entities.range((start.clone(), Bound::Unbounded)))
            .map(|(_, entity)| entity)
    }

    pub fn count(&self, collection: &Collection) -> usize {
        self.collections.get(&collection.key()).map_or(0, BTreeMap::len)
    }

    /// Stores an entity's properties and returns whether it is new.
    pub fn put(&mut self, address: &Address, properties: Map<String, Value>) -> bool {
        self.journalled(address, |catalog| catalog.put_now(address, properties))
    }

    fn put_now(&mut self, address: &Address, properties: Map<String, Value>) -> bool {
        let etag = self.next_etag();
        let now = now_text();
        let entities = self.collections.entry(address.collection.key()).or_default();
        let key = address.name.to_ascii_lowercase();
        if let Some(entity) = entities.get_mut(&key) {
            entity.properties = properties;
            entity.etag = etag;
            entity.last_modified_at = Some(now);
            return false;
        }
        let entity = Entity {
            name: address.name.clone(),
            properties,
            etag,
            created_at: now.clone(),
            last_modified_at: (address.kind() != Kind::Environment).then_some(now),
            content: None,
        };
        entities.insert(key, entity);
        true
    }

    /// Sets one of the service's own properties. The `ETag` changes, the time of the last change does not.
    pub fn set_read_only(&mut self, address: &Address, properties: Map<String, Value>) {
        let etag = self.next_etag();
        if let Some(entity) = self.get_mut(address) {
            entity.properties = properties;
            entity.etag = etag;
        }
    }

    /// Stores the content of a definition.
    pub fn set_content(&mut self, address: &Address, content: String, specification: Option<Value>) {
        let etag = self.next_etag();
        self.journalled(address, |catalog| {
            if let Some(entity) = catalog.get_mut(address) {
                entity.content = Some(content);
                if let Some(specification) = specification {
                    entity.properties.insert("specification".to_owned(), specification);
                }
                entity.etag = etag;
                entity.last_modified_at = Some(now_text());
            }
        });
    }

    /// Removes an entity and returns whether it was there.
    pub fn remove(&mut self, address: &Address) -> bool {
        self.journalled(address, |catalog| {
            let entities = catalog.collections.get_mut(&address.collection.key());
            entities.is_some_and(|entities| entities.remove(&address.name.to_ascii_lowercase()).is_some())
        })
    }

    /// Makes a change and records it, if the journal is kept.
    fn journalled<T>(&mut self, address: &Address, change: impl FnOnce(&mut Self) -> T) -> T {
        if !self.journal.is_kept() {
            return change(self);
        }
        let before = self.stored(address).map(Entity::shown);
        let result = change(self);
        let after = self.stored(address).map(Entity::shown);
        self.journal.push(address, self.author, before, after);
        result
    }

    fn stored(&self, address: &Address) -> Option<&Entity> {
        self.collections
            .get(&address.collection.key())?
            .get(&address.name.to_ascii_lowercase())
    }

    /// Every collection's key with its entities, visible or not.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Entity)> {
        self.collections
            .iter()
            .flat_map(|(key, entities)| entities.values().map(|entity| (key.as_str(), entity)))
    }

    fn get_mut(&mut self, address: &Address) -> Option<&mut Entity> {
        self.collections
            .get_mut(&address.collection.key())?
            .get_mut(&address.name.to_ascii_lowercase())
    }

    /// An `ETag` in the form of Cosmos DB, as recorded: `c1000958-0000-0100-0000-67063c150000`.
    fn next_etag(&mut self) -> String {
        self.writes = self.writes.wrapping_add(1);
        let seconds = epoch_seconds(now());
        format!("{:08x}-0000-0100-0000-{seconds:08x}0000", self.writes)
    }
}

/// The time as the service writes it: with seven digits after the seconds.
pub(super) fn now_text() -> String {
    let now = OffsetDateTime::from(now());
    format!(
        "{}T{:02}:{:02}:{:02}.{:07}Z",
        now.date(),
        now.hour(),
        now.minute(),
        now.second(),
        now.nanosecond() / 100
    )
}
