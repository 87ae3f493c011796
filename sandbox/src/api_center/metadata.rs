//! Custom metadata: the organisation's schemas, and the entities' values.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::catalog::Catalog;
use super::path::{Collection, Kind};
use super::refusal::Refusal;

/// Most members of a metadata property of type object (limits of API Center, 11/07/2024).
const OBJECT_MEMBERS_MAX: usize = 10;

/// Cached validators: more than any catalog here has.
const VALIDATORS_MAX: usize = 100;

/// The kinds of entity with custom metadata, and their words in an assignment.
const ASSIGNEES: [(Kind, &str); 3] = [
    (Kind::Api, "api"),
    (Kind::Environment, "environment"),
    (Kind::Deployment, "deployment"),
];

/// The strictness of schema checks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strictness {
    /// Most schemas that are assigned to one kind of entity.
    pub per_entity_max: usize,
    /// Whether an enumeration that is in use takes no further choice.
    pub refuses_choices: bool,
}

/// A schema assigned to one kind of entity.
struct Assigned<'a> {
    name: &'a str,
    schema: &'a str,
    required: bool,
}

fn word(kind: Kind) -> Option<&'static str> {
    ASSIGNEES
        .iter()
        .find(|(assignee, _)| *assignee == kind)
        .map(|(_, word)| *word)
}

fn assigned_to<'a>(catalog: &'a Catalog, word: &'a str) -> impl Iterator<Item = Assigned<'a>> {
    catalog
        .list(&Collection::metadata_schemas(), None)
        .filter_map(move |entity| {
            let assignment = assignment(&entity.properties, word)?;
            Some(Assigned {
                name: &entity.name,
                schema: entity.properties.get("schema")?.as_str()?,
                required: assignment.get("required") == Some(&Value::Bool(true)),
            })
        })
}

fn assignment<'a>(properties: &'a Map<String, Value>, word: &str) -> Option<&'a Value> {
    properties
        .get("assignedTo")?
        .as_array()?
        .iter()
        .find(|assignment| assignment.get("entity").and_then(Value::as_str) == Some(word))
}

/// Checks a metadata schema before it is stored.
pub(super) fn check_schema(
    catalog: &Catalog,
    name: &str,
    properties: &Map<String, Value>,
    strictness: Strictness,
) -> Result<(), Refusal> {
    let text = properties.get("schema").and_then(Value::as_str).unwrap_or_default();
    let schema: Value =
        serde_json::from_str(text).map_err(|error| invalid(format!("'properties.schema' is not JSON: {error}")))?;
    check_type(&schema).map_err(|fault| invalid(format!("'properties.schema' {fault}")))?;
    jsonschema::validator_for(&schema)
        .map_err(|error| invalid(format!("'properties.schema' is not a JSON schema: {error}")))?;
    for (_, word) in ASSIGNEES {
        let others = assigned_to(catalog, word)
            .filter(|assigned| !assigned.name.eq_ignore_ascii_case(name))
            .count();
        if assignment(properties, word).is_some() && others >= strictness.per_entity_max {
            return Err(Refusal::invalid(
                "QuotaExceeded",
                format!("there are {others} metadata properties for the entity '{word}' already"),
            ));
        }
    }
    let current = catalog.get(&Collection::metadata_schemas().address(name));
    let current = current
        .and_then(|entity| entity.properties.get("schema")?.as_str())
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(current) = current else { return Ok(()) };
    let changes_type = current.get("type").is_some() && current.get("type") != schema.get("type");
    let adds_choices = choices(&schema)
        .iter()
        .any(|choice| !choices(&current).contains(choice));
    if changes_type || strictness.refuses_choices && adds_choices {
        check_unused(catalog, name)?;
    }
    Ok(())
}

/// The choices of an enumeration, or of an array of one.
fn choices(schema: &Value) -> Vec<Value> {
    let listed = schema
        .get("items")
        .unwrap_or(schema)
        .get("enum")
        .and_then(Value::as_array);
    listed.cloned().unwrap_or_default()
}

fn check_type(schema: &Value) -> Result<(), String> {
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean" | "number" | "integer" | "string") => Ok(()),
        // An array without items was accepted once and then broke every edit (Azure/api-center#14).
        Some("array") if schema.get("items").is_some_and(Value::is_object) => Ok(()),
        Some("array") => Err("is of type array and has no items".to_owned()),
        Some("object") => {
            let members = schema.get("properties").and_then(Value::as_object).map_or(0, Map::len);
            if members > OBJECT_MEMBERS_MAX {
                return Err(format!(
                    "has {members} properties, at most {OBJECT_MEMBERS_MAX} are allowed"
                ));
            }
            Ok(())
        }
        Some(other) => Err(format!("has the unknown type '{other}'")),
        None => Err("has no type".to_owned()),
    }
}

/// Refuses if an entity has a value under the schema: then its type cannot change, and it cannot be deleted
/// (metadata.md of the API Center documentation, 08/28/2025).
pub(super) fn check_unused(catalog: &Catalog, name: &str) -> Result<(), Refusal> {
    let user = catalog.all().map(|(_, entity)| entity).find(|entity| {
        entity
            .properties
            .get("customProperties")
            .is_some_and(|properties| properties.get(name).is_some())
    });
    match user {
        Some(user) => Err(invalid(format!(
            "Cannot delete, change type or unassign the metadata '{name}', which is set on '{}'",
            user.name
        ))),
        None => Ok(()),
    }
}

/// Checks the custom properties of an entity before it is stored.
pub(super) fn check_custom_properties(
    catalog: &Catalog,
    kind: Kind,
    properties: &Map<String, Value>,
) -> Result<(), Refusal> {
    let (Some(word), Some(Value::Object(custom))) = (word(kind), properties.get("customProperties")) else {
        return Ok(());
    };
    let mut undeclared: Vec<&String> = custom.keys().collect();
    for assigned in assigned_to(catalog, word) {
        undeclared.retain(|name| *name != assigned.name);
        match custom.get(assigned.name) {
            Some(value) => check_value(&assigned, value)?,
            None if assigned.required => {
                return Err(invalid(format!(
                    "'properties.customProperties.{}' is required",
                    assigned.name
                )));
            }
            None => {}
        }
    }
    match undeclared.first() {
        Some(name) => Err(invalid(format!(
            "'properties.customProperties.{name}' is not defined for the entity '{word}'"
        ))),
        None => Ok(()),
    }
}

fn check_value(assigned: &Assigned<'_>, value: &Value) -> Result<(), Refusal> {
    let path = format!("properties.customProperties.{}", assigned.name);
    let validator = compile(assigned.schema).ok_or_else(|| invalid(format!("the schema of '{path}' is broken")))?;
    validator
        .validate(value)
        .map_err(|error| invalid(format!("'{path}' does not fit its schema: {error}")))
}

/// The validator of a schema. Cached: compiling it takes longer than the rest of a write.
fn compile(schema: &str) -> Option<Arc<Validator>> {
    static MADE: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(validator) = made.get(schema) {
        return Some(Arc::clone(validator));
    }
    let validator = Arc::new(jsonschema::validator_for(&serde_json::from_str(schema).ok()?).ok()?);
    if made.len() == VALIDATORS_MAX {
        made.clear();
    }
    made.insert(schema.to_owned(), Arc::clone(&validator));
    Some(validator)
}

/// The JSON schema of one kind of entity, as in `exportMetadataSchema`.
pub(super) fn effective_schema(catalog: &Catalog, word: &str) -> Result<String, Refusal> {
    let base = match word {
        "api" => include_str!("effective_schema_api.json"),
        "environment" => include_str!("effective_schema_environment.json"),
        "deployment" => include_str!("effective_schema_deployment.json"),
        _ => {
            return Err(invalid(
                "'assignedTo' must be one of api, environment, deployment".to_owned(),
            ));
        }
    };
    let mut schema: Value =
        serde_json::from_str(base).map_err(|error| invalid(format!("the schema of '{word}' is broken: {error}")))?;
    let mut properties = Map::new();
    let mut required = Vec::new();
    for assigned in assigned_to(catalog, word) {
        let part = serde_json::from_str(assigned.schema).unwrap_or(Value::Null);
        properties.insert(assigned.name.to_owned(), part);
        if assigned.required {
            required.push(assigned.name);
        }
    }
    schema["properties"]["customProperties"] = json!({
        "type": "object",
        "properties": properties,
        "unevaluatedProperties": false,
        "required": required,
    });
    Ok(schema.to_string())
}

fn invalid(message: String) -> Refusal {
    Refusal::invalid("ValidationError", message)
}
