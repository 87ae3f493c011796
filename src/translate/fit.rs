//! Checks a value against a JSON schema, as far as API Center's metadata uses JSON Schema.

use serde_json::{Map, Number, Value};

use crate::model::one_line;

/// Most choices in a message.
const CHOICES_MAX: usize = 20;
/// Longest value in a message, in UTF-16 units.
const SHOWN_MAX: usize = 100;

/// The value as the schema takes it: a text is converted to a boolean or a number if needed.
///
/// # Errors
/// The fault, as the end of a sentence about the field.
pub(super) fn fitted(schema: &Value, value: Value) -> Result<Value, String> {
    let types = types(schema);
    let value = converted(&types, value);
    if let Some(choices) = choices(schema)
        && !choices.contains(&&value)
    {
        return Err(format!("{} is none of {}", shown(&value), list(&choices)));
    }
    if !types.is_empty() && !types.iter().any(|name| is_of(name, &value)) {
        return Err(format!("{} is no {}", shown(&value), types.join(" or ")));
    }
    match value {
        Value::String(text) => fitted_text(schema, text).map(Value::String),
        Value::Number(number) => fitted_number(schema, number).map(Value::Number),
        Value::Array(items) => fitted_items(schema, items).map(Value::Array),
        Value::Object(members) => fitted_members(schema, members).map(Value::Object),
        other => Ok(other),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        // An unknown type cannot be checked here.
        _ => true,
    }
}

fn converted(types: &[&str], value: Value) -> Value {
    let wants = |names: &[&str]| types.iter().any(|name| names.contains(name));
    match &value {
        Value::String(text) if !wants(&["string"]) => {
            let text = text.trim();
            let boolean = [true, false]
                .into_iter()
                .find(|boolean| text.eq_ignore_ascii_case(&boolean.to_string()));
            let number = || text.parse().ok().filter(|number: &Number| number.as_f64().is_some());
            match boolean.filter(|_| wants(&["boolean"])) {
                Some(boolean) => Value::Bool(boolean),
                None if wants(&["number", "integer"]) => number().map_or(value, Value::Number),
                None => value,
            }
        }
        _ => value,
    }
}

/// The choices of an enumeration: `enum`, or constants in `oneOf` or `anyOf`, as the portal writes them.
fn choices(schema: &Value) -> Option<Vec<&Value>> {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return Some(choices.iter().collect());
    }
    let constants = |name| -> Option<Vec<&Value>> {
        let choices = schema.get(name)?.as_array()?;
        choices.iter().map(|choice| choice.get("const")).collect()
    };
    constants("oneOf").or_else(|| constants("anyOf"))
}

fn fitted_text(schema: &Value, text: String) -> Result<String, String> {
    let length = text.chars().count();
    let refuse = |why: String| Err(format!("{} {why}", shown(&Value::String(text.clone()))));
    if let Some(most) = limit(schema, "maxLength").filter(|most| length > *most) {
        return refuse(format!("has {length} characters; at most {most} are allowed"));
    }
    if let Some(least) = limit(schema, "minLength").filter(|least| length < *least) {
        return refuse(format!("has {length} characters; at least {least} are required"));
    }
    if schema.get("format").and_then(Value::as_str) == Some("uri") && !is_uri(&text) {
        return refuse("is no URL".to_owned());
    }
    Ok(text)
}

fn is_uri(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let (scheme, rest) = text.split_once(':').unwrap_or_default();
    is_scheme(scheme) && !rest.is_empty() && !text.contains(char::is_whitespace)
}

fn fitted_number(schema: &Value, number: Number) -> Result<Number, String> {
    let bound = |name| schema.get(name).and_then(Value::as_f64);
    let found = number.as_f64().unwrap_or_default();
    if let Some(most) = bound("maximum").filter(|most| found > *most) {
        return Err(format!("{number} is more than {most}"));
    }
    if let Some(least) = bound("minimum").filter(|least| found < *least) {
        return Err(format!("{number} is less than {least}"));
    }
    Ok(number)
}

fn fitted_items(schema: &Value, items: Vec<Value>) -> Result<Vec<Value>, String> {
    if let Some(most) = limit(schema, "maxItems").filter(|most| items.len() > *most) {
        return Err(format!("it has {} items; at most {most} are allowed", items.len()));
    }
    match schema.get("items") {
        Some(of_items) => items.into_iter().map(|item| fitted(of_items, item)).collect(),
        None => Ok(items),
    }
}

fn fitted_members(schema: &Value, members: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    if let Some(missing) = names
        .filter_map(Value::as_str)
        .find(|name| !members.contains_key(*name))
    {
        return Err(format!("it has no {missing}"));
    }
    let is_closed = |name| schema.get(name) == Some(&Value::Bool(false));
    let is_closed = is_closed("additionalProperties") || is_closed("unevaluatedProperties");
    let member = |(name, value): (String, Value)| match schema.get("properties").and_then(|known| known.get(&name)) {
        Some(of_member) => match fitted(of_member, value) {
            Ok(value) => Ok((name, value)),
            Err(why) => Err(format!("{}: {why}", one_line(&name, SHOWN_MAX))),
        },
        None if is_closed => Err(format!("{} is not known of it", one_line(&name, SHOWN_MAX))),
        None => Ok((name, value)),
    };
    members.into_iter().map(member).collect()
}

fn limit(schema: &Value, name: &str) -> Option<usize> {
    usize::try_from(schema.get(name)?.as_u64()?).ok()
}

fn list(choices: &[&Value]) -> String {
    let shown: Vec<String> = choices.iter().take(CHOICES_MAX).map(|choice| shown(choice)).collect();
    let more = choices.len().saturating_sub(CHOICES_MAX);
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}

fn shown(value: &Value) -> String {
    one_line(&value.to_string(), SHOWN_MAX)
}
