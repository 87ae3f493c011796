//! What a plan is made of: changes of single entities, field by field.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::{EntityKind, EntityPath, Properties};

/// What is done to an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is not there and is made.
    Create,
    /// Some of its fields change; all others stay as they are.
    Update,
    /// It goes.
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

    /// Sets, or with `None` removes, the value at this path and leaves everything beside it alone.
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
    /// What it holds now; `None` when it is not there.
    pub before: Option<Value>,
    /// What it will hold; `None` when it goes.
    pub after: Option<Value>,
    /// The rule of the integration that says so, such as `map[2].set`; plans tell it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
}

/// One change of one entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is done.
    pub action: Action,
    /// To which entity.
    pub path: EntityPath,
    /// Why, for people.
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
