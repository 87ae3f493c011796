//! Properties: checks those of a request and normalizes them for responses.

use serde_json::{Map, Value};

use super::path::Kind;
use super::refusal::Refusal;
use super::rules::{Absent, Field, Rule, fields};

/// Checks the `properties` of a request and adds defaults and the service's own.
pub(super) fn normalize(
    kind: Kind,
    sent: &Map<String, Value>,
    current: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, Refusal> {
    let properties = object(fields(kind), sent, current, "properties")?;
    if let Some(license) = properties.get("license")
        && license.get("url").is_some()
        && license.get("identifier").is_some()
    {
        return Err(fault(
            "properties.license",
            "has a url and an identifier, which exclude each other",
        ));
    }
    Ok(properties)
}

fn object(
    fields: &[Field],
    sent: &Map<String, Value>,
    current: Option<&Map<String, Value>>,
    path: &str,
) -> Result<Map<String, Value>, Refusal> {
    if let Some(unknown) = sent.keys().find(|name| !fields.iter().any(|field| field.name == *name)) {
        return Err(fault(&format!("{path}.{unknown}"), "is not a known property"));
    }
    let mut checked = Map::new();
    for field in fields {
        let path = format!("{path}.{}", field.name);
        let value = match field.rule {
            Rule::ReadOnly => current.and_then(|current| current.get(field.name)).cloned(),
            _ => sent
                .get(field.name)
                .filter(|value| !value.is_null())
                .map(|value| check(&field.rule, value, &path))
                .transpose()?,
        };
        let value = match (value, field.absent) {
            (Some(value), _) => value,
            (None, Absent::Refused) => return Err(fault(&path, "is required")),
            (None, Absent::Omitted) => continue,
            (None, Absent::EmptyList) => Value::Array(Vec::new()),
            (None, Absent::EmptyObject) => Value::Object(Map::new()),
            (None, Absent::False) => Value::Bool(false),
        };
        checked.insert(field.name.to_owned(), value);
    }
    Ok(checked)
}

fn check(rule: &Rule, value: &Value, path: &str) -> Result<Value, Refusal> {
    match rule {
        Rule::Text { min, max } => sized_text(value, *min, *max, path).map(|_| ())?,
        Rule::Word(words) => {
            let text = text(value, path)?;
            if !words.contains(&text) {
                return Err(fault(path, &format!("must be one of {}", words.join(", "))));
            }
        }
        Rule::WordAnyCase(words) => {
            let text = text(value, path)?;
            if !words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
                return Err(fault(path, &format!("must be one of {}", words.join(", "))));
            }
        }
        Rule::Link { max } => {
            link(value, *max, path)?;
        }
        Rule::UriReference { max } => {
            let base = url::Url::parse("https://example.com").ok();
            let reference = link(value, *max, path)?;
            if url::Url::options().base_url(base.as_ref()).parse(reference).is_err() {
                return Err(fault(path, "is not a URI"));
            }
        }
        Rule::Email { max } => {
            let parts = sized_text(value, 1, *max, path)?.rsplit_once('@');
            if !parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()) {
                return Err(fault(path, "is not an e-mail address"));
            }
        }
        Rule::Flag => {
            if !value.is_boolean() {
                return Err(fault(path, "must be a boolean"));
            }
        }
        Rule::List { max, item } => return list(value, *max, item, path),
        Rule::Object(fields) => return object(fields, members(value, path)?, None, path).map(Value::Object),
        Rule::AnyObject => {
            members(value, path)?;
        }
        Rule::ReadOnly => {}
    }
    Ok(value.clone())
}

fn list(value: &Value, max: usize, item: &Rule, path: &str) -> Result<Value, Refusal> {
    let items = value.as_array().ok_or_else(|| fault(path, "must be an array"))?;
    if items.len() > max {
        return Err(fault(path, &format!("has more than {max} items")));
    }
    items
        .iter()
        .enumerate()
        .map(|(index, value)| check(item, value, &format!("{path}[{index}]")))
        .collect::<Result<_, _>>()
        .map(Value::Array)
}

fn link<'a>(value: &'a Value, max: usize, path: &str) -> Result<&'a str, Refusal> {
    let link = sized_text(value, 1, max, path)?;
    if link.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err(fault(path, "is not a URI"));
    }
    Ok(link)
}

fn members<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, Refusal> {
    value.as_object().ok_or_else(|| fault(path, "must be an object"))
}

fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, Refusal> {
    value.as_str().ok_or_else(|| fault(path, "must be a string"))
}

fn sized_text<'a>(value: &'a Value, min: usize, max: usize, path: &str) -> Result<&'a str, Refusal> {
    let text = text(value, path)?;
    let length = text.encode_utf16().count();
    if length < min {
        return Err(fault(path, &format!("must have at least {min} characters")));
    }
    if length > max {
        return Err(fault(
            path,
            &format!("has {length} characters, at most {max} are allowed"),
        ));
    }
    Ok(text)
}

fn fault(path: &str, fault: &str) -> Refusal {
    Refusal::invalid("ValidationError", format!("'{path}' {fault}"))
}
