//! The JSON of Azure Resource Manager, read leniently.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::{Entity, EntityKind, EntityName, Properties, SystemData, clip};

/// Longest message of Azure's that is passed on, in UTF-16 units: enough for every one that people can use.
const MESSAGE_MAX: usize = 600;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    pub value: Vec<Value>,
    #[serde(rename = "nextLink", default)]
    pub next_link: Option<String>,
}

/// An entity of an answer; `None` when it has no name that entities here can have.
pub(super) fn entity(value: &Value, etag: Option<String>) -> Option<Entity> {
    let system_data = value.get("systemData").map(|data| SystemData {
        created_at: data.get("createdAt").and_then(Value::as_str).map(str::to_owned),
        last_modified_at: data.get("lastModifiedAt").and_then(Value::as_str).map(str::to_owned),
    });
    Some(Entity {
        name: EntityName::parse(value.get("name")?.as_str()?).ok()?,
        properties: value
            .get("properties")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
        etag,
        system_data: system_data.unwrap_or_default(),
    })
}

/// The body of a `PUT`: what the service itself puts there is not sent back.
pub(super) fn body(kind: EntityKind, properties: &Properties) -> Vec<u8> {
    let read_only: &[&str] = match kind {
        EntityKind::Api => &["lifecycleStage", "sourceLifecycleStage", "apimSource"],
        EntityKind::Definition => &["specification"],
        EntityKind::Deployment => &["recommended"],
        EntityKind::Environment | EntityKind::Version => &[],
    };
    let mut properties = properties.clone();
    properties.retain(|name, _| !read_only.contains(&name.as_str()));
    let body = Map::from_iter([("properties".to_owned(), Value::Object(properties))]);
    Value::Object(body).to_string().into_bytes()
}

/// What an answer says of its refusal: ARM wraps it in `error`, the service itself does not.
pub(super) fn refusal_text(body: &[u8]) -> String {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = parsed.get("error").unwrap_or(&parsed);
    let part = |name: &str| error.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = match (part("code"), part("message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => String::from_utf8_lossy(body).trim().to_owned(),
    };
    if text.is_empty() {
        "without a word".to_owned()
    } else {
        clip(&text, MESSAGE_MAX)
    }
}
