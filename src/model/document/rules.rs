//! The rules of a document: which APIs to select, and how to set fields.

use std::collections::BTreeMap;

use serde_json::Value;

use super::object::{Object, Strictness, invalid};
use crate::model::{
    ApiType, EndpointType, EntityKind, Glob, MapRule, MappedField, Match, Problem, Template, Variable, is_our_schema,
    quote_name,
};

/// Most rules in a list: more than anybody would read.
const RULES_MAX: usize = 100;
/// Longest list as JSON, in bytes: the environment stores it.
const RULES_BYTES_MAX: usize = 64 * 1024;
/// Most fields of a rule: more than an entity has.
const FIELDS_MAX: usize = 50;
/// Most tags in a rule: as many as an API can have.
const TAGS_MAX: usize = 50;
/// Longest key of a tag, in characters (AWS's limit).
const TAG_KEY_MAX: usize = 128;

/// Reads `include` or `exclude`.
pub(super) fn matches(properties: &Object<'_>, property: &str) -> Result<Vec<Match>, Problem> {
    let items = items(properties, property)?.into_iter();
    items.map(|item| parse_match(&item)).collect()
}

/// Reads `map`.
pub(super) fn map(properties: &Object<'_>) -> Result<Vec<MapRule>, Problem> {
    let items = items(properties, "map")?;
    items.iter().map(map_rule).collect()
}

/// The objects of a list of rules.
///
/// Unknown properties are refused even in stored rules: without them, a rule would match more than intended.
fn items<'a>(properties: &Object<'a>, property: &str) -> Result<Vec<Object<'a>>, Problem> {
    let Some(value) = properties.member(property) else {
        return Ok(Vec::new());
    };
    let path = properties.at(property);
    let items = value.as_array().ok_or_else(|| invalid(&path, "must be a list"))?;
    if items.len() > RULES_MAX {
        return Err(invalid(&path, &format!("has more than {RULES_MAX} rules")));
    }
    if value.to_string().len() > RULES_BYTES_MAX {
        return Err(invalid(&path, &format!("has more than {RULES_BYTES_MAX} bytes")));
    }
    let object = |(index, item)| Object::of(item, &format!("{path}[{index}]"), Strictness::Body);
    items.iter().enumerate().map(object).collect()
}

fn parse_match(object: &Object<'_>) -> Result<Match, Problem> {
    object.only(
        &[
            "name",
            "stage",
            "tags",
            "apiType",
            "endpointType",
            "source",
            "account",
            "region",
        ],
        &[],
    )?;
    if let Some(Value::Number(_)) = object.member("account") {
        let problem = "must be a string: put the account id in quotes to keep its zeros";
        return Err(invalid(&object.at("account"), problem));
    }
    let found = Match {
        name: glob(object, "name")?,
        stage: glob(object, "stage")?,
        tags: tags(object)?,
        api_type: word(object, "apiType", ApiType::ALL, ApiType::word)?,
        endpoint_type: word(object, "endpointType", EndpointType::ALL, EndpointType::word)?,
        source: glob(object, "source")?,
        account: glob(object, "account")?,
        region: glob(object, "region")?,
    };
    if found == Match::default() {
        return Err(invalid(&object.path, "is empty and would match everything"));
    }
    Ok(found)
}

fn glob(object: &Object<'_>, property: &str) -> Result<Option<Glob>, Problem> {
    let glob = object.text(property)?.map(Glob::parse);
    glob.transpose()
        .map_err(|error| invalid(&object.at(property), &error.to_string()))
}

fn tags(object: &Object<'_>) -> Result<BTreeMap<String, Glob>, Problem> {
    let Some(tags) = object.object("tags")? else {
        return Ok(BTreeMap::new());
    };
    if tags.members.len() > TAGS_MAX {
        return Err(invalid(&tags.path, &format!("has more than {TAGS_MAX} tags")));
    }
    let tag = |(key, value): (&String, &Value)| {
        let path = tags.at(&quote_name(key));
        if key.chars().count() > TAG_KEY_MAX {
            return Err(invalid(&path, &format!("has more than {TAG_KEY_MAX} characters")));
        }
        let text = value.as_str().ok_or_else(|| invalid(&path, "must be a string"))?;
        let glob = Glob::parse(text).map_err(|error| invalid(&path, &error.to_string()))?;
        Ok((key.clone(), glob))
    };
    tags.members.iter().map(tag).collect()
}

/// A word of the facts, in any case.
fn word<T: Copy, const N: usize>(
    object: &Object<'_>,
    property: &str,
    all: [T; N],
    word: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    let Some(text) = object.text(property)? else {
        return Ok(None);
    };
    let found = all.into_iter().find(|one| word(*one).eq_ignore_ascii_case(text));
    let words = all.map(&word).join(", ");
    found
        .map(Some)
        .ok_or_else(|| invalid(&object.at(property), &format!("must be one of {words}")))
}

fn map_rule(object: &Object<'_>) -> Result<MapRule, Problem> {
    object.only(&["when", "set", "default"], &[])?;
    let when = object.object("when")?;
    let rule = MapRule {
        when: when.as_ref().map(parse_match).transpose()?,
        set: templates(object, "set")?,
        default: templates(object, "default")?,
    };
    if rule.fields().next().is_none() {
        return Err(invalid(&object.path, "must set at least one field, in set or default"));
    }
    if rule.fields().count() > FIELDS_MAX {
        return Err(invalid(&object.path, &format!("has more than {FIELDS_MAX} fields")));
    }
    if let Some(field) = rule.set.keys().find(|field| rule.default.contains_key(field)) {
        let path = object.at(&format!("default.{field}"));
        return Err(invalid(&path, "is also in set"));
    }
    let is_of_stage = rule.when.as_ref().is_some_and(|when| when.stage.is_some());
    if let Some((field, _)) = rule.fields().find(|(field, _)| field.kind() == EntityKind::Api)
        && is_of_stage
    {
        let problem = format!("matches stages, but {field} is a field of the API, which may have several");
        return Err(invalid(&object.at("when.stage"), &problem));
    }
    Ok(rule)
}

fn templates(object: &Object<'_>, property: &str) -> Result<BTreeMap<MappedField, Template>, Problem> {
    let Some(fields) = object.object(property)? else {
        return Ok(BTreeMap::new());
    };
    let template = |(name, value): (&String, &Value)| {
        let path = fields.at(&quote_name(name));
        let field = MappedField::parse(name).map_err(|error| invalid(&path, &error.to_string()))?;
        if field.metadata().is_some_and(is_our_schema) {
            return Err(invalid(&path, "is this app's own metadata"));
        }
        let template = Template::parse(value).map_err(|error| invalid(&path, &error.to_string()))?;
        if field.kind() == EntityKind::Api && template.variables().contains(&&Variable::Stage) {
            return Err(invalid(
                &path,
                "has the variable ${stage}, but an API may have several stages",
            ));
        }
        Ok((field, template))
    };
    fields.members.iter().map(template).collect()
}
