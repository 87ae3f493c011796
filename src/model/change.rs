//! Changes of single entities, field by field: what plans consist of.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::{EntityKind, EntityPath, Properties};

/// The action on an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Create it.
    Create,
    /// Change some of its fields and keep all others.
    Update,
    /// Delete it.
    Delete,
}

/// The way to a field from an entity's `properties`, such as `server.runtimeUri`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    /// A path of the given property names, outermost first.
    #[must_use]
    pub fn new(segments: &[&str]) -> Self {
        Self(segments.iter().map(|&segment| segment.to_owned()).collect())
    }

    /// The value at this path.
    #[must_use]
    pub fn get<'a>(&self, properties: &'a Properties) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter()
            .try_fold(properties.get(first)?, |value, segment| value.get(segment))
    }

    /// Sets the value at this path, or removes it with `None`; keeps everything beside it.
    pub fn set(&self, properties: &mut Properties, value: Option<Value>) {
        let Some((last, parents)) = self.0.split_last() else {
            return;
        };
        let mut object = properties;
        for segment in parents {
            if value.is_none() && !object.get(segment).is_some_and(Value::is_object) {
                return;
            }
            let next = object
                .entry(segment.clone())
                .or_insert_with(|| Value::Object(Properties::new()));
            if !next.is_object() {
                *next = Value::Object(Properties::new());
            }
            let Value::Object(next) = next else { return };
            object = next;
        }
        match value {
            Some(value) => {
                object.insert(last.clone(), value);
            }
            None => {
                object.shift_remove(last);
            }
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("."))
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FieldPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = String::deserialize(deserializer)?;
        Ok(Self(path.split('.').map(str::to_owned).collect()))
    }
}

/// One field of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    /// Which field.
    #[schema(value_type = String)]
    pub path: FieldPath,
    /// The current value; `None` if there is none.
    pub before: Option<Value>,
    /// The new value; `None` to remove it.
    pub after: Option<Value>,
    /// The integration's rule behind it, such as `map[2].set`; plans show it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
}

/// One change of one entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The action.
    pub action: Action,
    /// The entity.
    pub path: EntityPath,
    /// The reason, for people.
    pub reason: String,
    /// The fields that change, in a fixed order; empty for a deletion.
    pub fields: Vec<FieldChange>,
}

impl Change {
    /// The kind of the entity.
    #[must_use]
    pub fn kind(&self) -> EntityKind {
        self.path.kind()
    }
}
