//! The JSON of Azure Resource Manager: unknown members are ignored, missing ones are errors.

use serde_json::{Map, Value};

use crate::model::{Entity, EntityKind, EntityName, Properties, SystemData, quote_message};

/// Most bytes read of a refusal.
const REFUSAL_MAX_BYTES: usize = 64 * 1024;

/// The fault of a response.
pub(super) type Fault = &'static str;

/// A page of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub items: Vec<Value>,
    pub next_link: Option<String>,
}

/// Parses a page, strictly: what a list lacks counts as deleted.
pub(super) fn page(mut answer: Value) -> Result<Page, Fault> {
    let Some(Value::Array(items)) = answer.get_mut("value").map(Value::take) else {
        return Err("it is not a list with a `value`");
    };
    let next_link = match answer.get_mut("nextLink").map(Value::take) {
        None | Some(Value::Null) => None,
        Some(Value::String(link)) if link.is_empty() => None,
        Some(Value::String(link)) => Some(link),
        Some(_) => return Err("its `nextLink` is not a string"),
    };
    Ok(Page { items, next_link })
}

/// The entity in a response.
///
/// Refused without its properties: an update would write it back without what people put there.
pub(super) fn entity(mut value: Value, etag: Option<&str>) -> Result<Entity, Fault> {
    let text = |data: &Value, name: &str| data.get(name).and_then(Value::as_str).map(str::to_owned);
    let system_data = value.get("systemData").map(|data| SystemData {
        created_at: text(data, "createdAt"),
        last_modified_at: text(data, "lastModifiedAt"),
    });
    let name = EntityName::parse(name(&value)?).map_err(|_| "its name is not valid for an entity")?;
    let Some(Value::Object(properties)) = value.get_mut("properties").map(Value::take) else {
        return Err("it is not an entity with `properties`");
    };
    Ok(Entity {
        name,
        properties,
        etag: etag.map(str::to_owned),
        system_data: system_data.unwrap_or_default(),
    })
}

/// An entity in a list; `None` if it cannot be ours.
///
/// The app never creates names outside the documented rule, so skipping one deletes and duplicates nothing, while an
/// error would let somebody else's entity stop every run. A missing name makes the response untrustworthy.
pub(super) fn listed(value: Value) -> Result<Option<Entity>, Fault> {
    if EntityName::parse(name(&value)?).is_err() {
        return Ok(None);
    }
    entity(value, None).map(Some)
}

fn name(value: &Value) -> Result<&str, Fault> {
    value
        .get("name")
        .and_then(Value::as_str)
        .ok_or("it is not an entity with a `name`")
}

/// The body of a `PUT`, without the service's own properties.
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

/// The code of a refusal, if any.
pub(super) fn refusal_code(body: &[u8]) -> String {
    let [code, _] = refusal(body);
    code.unwrap_or_default()
}

/// The message of a refusal.
pub(super) fn refusal_text(body: &[u8]) -> String {
    let text = match refusal(body) {
        [Some(code), Some(message)] => format!("{code}: {message}"),
        [Some(only), None] | [None, Some(only)] => only,
        [None, None] => String::from_utf8_lossy(read(body)).trim().to_owned(),
    };
    if text.is_empty() {
        "no message".to_owned()
    } else {
        quote_message(&text)
    }
}

/// The code and the message of a refusal: ARM wraps them in `error`, the service itself does not.
fn refusal(body: &[u8]) -> [Option<String>; 2] {
    let parsed: Value = serde_json::from_slice(read(body)).unwrap_or_default();
    let error = parsed.get("error").unwrap_or(&parsed);
    ["code", "message"].map(|name| {
        let text = error.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned)
    })
}

fn read(body: &[u8]) -> &[u8] {
    body.get(..REFUSAL_MAX_BYTES).unwrap_or(body)
}
