//! The models of an API as schemas of its document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::key::component_key;
use super::reference::{Place, decoded};
use crate::model::{Model, is_blank};

/// The format of models in AWS. Without one, a schema would be AsyncAPI's own, which refuses a draft-04
/// `exclusiveMinimum`.
const SCHEMA_FORMAT: &str = "application/schema+json;version=draft-04";
/// Deepest supported schema, in levels: JSON parsers stop at 128, and the document adds four.
const DEPTH_MAX: usize = 100;
/// The beginning of references to models.
const MODELS_URL: &str = "https://apigateway.amazonaws.com";

/// The models of an API by their names.
pub(super) struct Models<'a>(BTreeMap<&'a str, Known<'a>>);

struct Known<'a> {
    content_type: Option<&'a str>,
    /// As API Gateway returned it, or an explanation why it cannot be used: always an object.
    schema: Value,
}

impl<'a> Models<'a> {
    pub(super) fn of(models: &'a [Model]) -> Self {
        let mut known = BTreeMap::new();
        // Names are unique in AWS; sorting only makes the result independent of the order if they were not.
        for model in models.iter().collect::<BTreeSet<_>>() {
            known.entry(model.name.as_str()).or_insert_with(|| Known {
                content_type: model.content_type.as_deref().filter(|text| !is_blank(text)),
                schema: schema(model),
            });
        }
        Self(known)
    }

    /// The content type of a model.
    pub(super) fn content_type(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.content_type
    }

    /// The payload of a message with this model.
    pub(super) fn payload(&self, name: &str) -> Value {
        let schema = if self.0.contains_key(name) {
            place(name).reference()
        } else {
            json!({ "description": format!("The API has no model {name}.") })
        };
        formatted(&schema)
    }

    /// The schemas of all models, by key.
    pub(super) fn components(&self) -> Map<String, Value> {
        let models = self.0.iter();
        models
            .map(|(name, known)| (component_key(name), formatted(&self.rewritten(name, &known.schema))))
            .collect()
    }

    /// A part of a model with its references pointing into the document.
    ///
    /// Readers treat every text named `$ref` as a reference, even in examples, so all are rewritten. A dangling one
    /// becomes a description; an external one is dropped, since readers would fetch it.
    fn rewritten(&self, model: &str, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.rewritten(model, item)).collect(),
            Value::Object(members) => {
                let rewritten = |(name, member): (&String, &Value)| (name.clone(), self.rewritten(model, member));
                let mut object: Map<String, Value> = members.iter().map(rewritten).collect();
                if let Some(Value::String(reference)) = members.get("$ref") {
                    self.redirect(model, reference, &mut object);
                }
                Value::Object(object)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn redirect(&self, model: &str, reference: &str, object: &mut Map<String, Value>) {
        if let Some(target) = self.target(model, reference) {
            object.insert("$ref".to_owned(), Value::from(target.fragment()));
        } else {
            object.shift_remove("$ref");
            let lost = || Value::from(format!("The API has nothing that {reference} refers to."));
            object.entry("description").or_insert_with(lost);
        }
    }

    /// The target of a reference in a model, if that is a schema of one of the models.
    ///
    /// The pointer applies to the schema as API Gateway returned it. Rewriting keeps every object and array in place.
    fn target(&self, model: &str, reference: &str) -> Option<Place> {
        let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let name = if url.is_empty() {
            model.to_owned()
        } else {
            model_name(url)?
        };
        let pointer = decoded(fragment)?;
        let target = self.0.get(name.as_str())?.schema.pointer(&pointer)?;
        target.is_object().then(|| place(&name).below(&pointer))
    }
}

/// The name of the model in a URL: `https://apigateway.amazonaws.com/restapis/ID/models/NAME`, or `apis`.
fn model_name(url: &str) -> Option<String> {
    let (_, name) = url.strip_prefix(MODELS_URL)?.split_once("/models/")?;
    decoded(name)
}

fn place(model: &str) -> Place {
    Place::of(&["components", "schemas", &component_key(model), "schema"])
}

fn formatted(schema: &Value) -> Value {
    json!({ "schemaFormat": SCHEMA_FORMAT, "schema": schema })
}

fn schema(model: &Model) -> Value {
    let fault = match serde_json::from_str(&model.schema) {
        Ok(schema @ Value::Object(_)) if depth(&schema) <= DEPTH_MAX => return schema,
        Ok(Value::Object(_)) => "is nested too deep",
        Ok(_) => "is not a JSON object",
        Err(_) => "is not JSON",
    };
    json!({ "description": format!("The schema of model {} {fault}.", model.name) })
}

/// The depth of objects and arrays in a value.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
