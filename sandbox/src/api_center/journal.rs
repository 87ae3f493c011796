//! The journal: every change of an entity in order, and its author.

use serde_json::Value;

use super::path::Address;

/// The author of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Author {
    /// A caller, over HTTP.
    #[default]
    Caller,
    /// A person in the portal, or a test in that role.
    Person,
}

/// A change of one entity: its properties, and the content of a definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its path, as in a snapshot.
    pub path: String,
    /// Who made it.
    pub author: Author,
    /// The entity before, as in a snapshot; `None` if it did not exist.
    pub before: Option<Value>,
    /// The entity after.
    pub after: Option<Value>,
}

/// The changes so far; kept only on request, since each has the entity twice.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal(Option<Vec<Change>>);

impl Journal {
    pub fn keep(&mut self) {
        self.0.get_or_insert_default();
    }

    pub fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    pub fn push(&mut self, address: &Address, author: Author, before: Option<Value>, after: Option<Value>) {
        if before == after {
            return;
        }
        if let Some(changes) = &mut self.0 {
            let path = short_path(&address.collection.key(), &address.name);
            changes.push(Change {
                path,
                author,
                before,
                after,
            });
        }
    }

    pub fn changes(&self) -> &[Change] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// The path of an entity below the default workspace, or the API center, with its name in lower case.
pub(super) fn short_path(collection: &str, name: &str) -> String {
    let collection = collection
        .strip_prefix("/workspaces/default/")
        .unwrap_or(&collection[1..]);
    format!("{collection}/{}", name.to_ascii_lowercase())
}
