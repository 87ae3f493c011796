//! Values with variables.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::model::quote_name;

/// Deepest nesting of objects and arrays.
const DEPTH_MAX: usize = 32;
/// Longest text of a template, in characters: as long as the longest field.
const TEXT_MAX: usize = 1000;

/// JSON that is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTemplate {
    /// An unknown variable.
    #[error("has the variable ${{{name}}}, which is unknown; expected one of {known}", name = .0, known = Variable::known())]
    UnknownVariable(String),
    /// A variable without an end.
    #[error("has a ${{ without its }}")]
    Unclosed,
    /// A text that is too long.
    #[error("has a text of more than {TEXT_MAX} characters")]
    TooLong,
    /// Values nested too deep.
    #[error("has more than {DEPTH_MAX} levels of values")]
    TooDeep,
    /// A null value.
    #[error("must not be null")]
    Null,
}

/// A variable in a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// The API's name.
    Name,
    /// The stage's name.
    Stage,
    /// The account.
    Account,
    /// The account's name in the organisation.
    AccountName,
    /// The region.
    Region,
    /// The API's id.
    ApiId,
    /// The API's kind, as in its fact.
    ApiType,
    /// The value of a tag of the API.
    Tag(String),
}

impl Variable {
    /// Those with a fixed name.
    const WORDS: [(&'static str, Self); 7] = [
        ("name", Self::Name),
        ("stage", Self::Stage),
        ("account", Self::Account),
        ("accountName", Self::AccountName),
        ("region", Self::Region),
        ("apiId", Self::ApiId),
        ("apiType", Self::ApiType),
    ];
    /// The prefix of a tag's key.
    const TAG: &'static str = "tag:";

    fn parse(text: &str) -> Option<Self> {
        if let Some(key) = text.strip_prefix(Self::TAG) {
            return (!key.is_empty()).then(|| Self::Tag(key.to_owned()));
        }
        let mut words = Self::WORDS.into_iter();
        words.find(|(word, _)| *word == text).map(|(_, variable)| variable)
    }

    fn known() -> String {
        let words = Self::WORDS.map(|(word, _)| word);
        format!("{}, {}KEY", words.join(", "), Self::TAG)
    }
}

impl fmt::Display for Variable {
    /// As in `${tag:owner}`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, Self::WORDS.iter().find(|(_, variable)| variable == self)) {
            (Self::Tag(key), _) => write!(formatter, "${{{}{key}}}", Self::TAG),
            (_, word) => write!(formatter, "${{{}}}", word.map_or("", |(word, _)| word)),
        }
    }
}

/// JSON whose texts may contain variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    written: Value,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Plain(Value),
    Text(Vec<Part>),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Plain(String),
    Variable(Variable),
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// If a variable is unknown or unclosed, or the value is null, too long or too deep.
    pub fn parse(value: &Value) -> Result<Self, InvalidTemplate> {
        if value.is_null() {
            return Err(InvalidTemplate::Null);
        }
        Ok(Self {
            written: value.clone(),
            root: node(value, DEPTH_MAX)?,
        })
    }

    /// Its variables.
    #[must_use]
    pub fn variables(&self) -> Vec<&Variable> {
        let mut variables = Vec::new();
        self.root.add_variables(&mut variables);
        variables
    }

    /// The value, if it has no variables.
    #[must_use]
    pub fn literal(&self) -> Option<&Value> {
        self.variables().is_empty().then_some(&self.written)
    }

    /// The value with the variables' values; `None` if one has none.
    #[must_use]
    pub fn filled(&self, value_of: &impl Fn(&Variable) -> Option<String>) -> Option<Value> {
        self.root.filled(value_of)
    }
}

impl Node {
    fn add_variables<'a>(&'a self, variables: &mut Vec<&'a Variable>) {
        match self {
            Self::Plain(_) => (),
            Self::Text(parts) => variables.extend(parts.iter().filter_map(|part| match part {
                Part::Plain(_) => None,
                Part::Variable(variable) => Some(variable),
            })),
            Self::Array(items) => items.iter().for_each(|item| item.add_variables(variables)),
            Self::Object(members) => members.iter().for_each(|(_, member)| member.add_variables(variables)),
        }
    }

    fn filled(&self, value_of: &impl Fn(&Variable) -> Option<String>) -> Option<Value> {
        Some(match self {
            Self::Plain(value) => value.clone(),
            Self::Text(parts) => {
                let text = parts.iter().map(|part| match part {
                    Part::Plain(text) => Some(text.clone()),
                    Part::Variable(variable) => value_of(variable),
                });
                Value::String(text.collect::<Option<String>>()?)
            }
            Self::Array(items) => items.iter().map(|item| item.filled(value_of)).collect::<Option<_>>()?,
            Self::Object(members) => {
                let members = members.iter();
                let filled = members.map(|(name, member)| Some((name.clone(), member.filled(value_of)?)));
                Value::Object(filled.collect::<Option<_>>()?)
            }
        })
    }
}

fn node(value: &Value, levels: usize) -> Result<Node, InvalidTemplate> {
    let below = || levels.checked_sub(1).ok_or(InvalidTemplate::TooDeep);
    Ok(match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Node::Plain(value.clone()),
        Value::String(text) => Node::Text(parts(text)?),
        Value::Array(items) => {
            let levels = below()?;
            Node::Array(items.iter().map(|item| node(item, levels)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let levels = below()?;
            let members = members.iter();
            let members = members.map(|(name, member)| Ok((name.clone(), node(member, levels)?)));
            Node::Object(members.collect::<Result<_, _>>()?)
        }
    })
}

fn parts(text: &str) -> Result<Vec<Part>, InvalidTemplate> {
    if text.chars().count() > TEXT_MAX {
        return Err(InvalidTemplate::TooLong);
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}').ok_or(InvalidTemplate::Unclosed)?;
        let parsed = Variable::parse(variable);
        let parsed = parsed.ok_or_else(|| InvalidTemplate::UnknownVariable(quote_name(variable)))?;
        parts.extend((!before.is_empty()).then(|| Part::Plain(before.to_owned())));
        parts.push(Part::Variable(parsed));
        rest = after;
    }
    parts.extend((!rest.is_empty()).then(|| Part::Plain(rest.to_owned())));
    Ok(parts)
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn filled(template: &Value) -> Option<Value> {
        Template::parse(template).unwrap().filled(&|variable| match variable {
            Variable::Name => Some("${stage}".to_owned()),
            Variable::Tag(key) if key == "a b" => Some("ä".to_owned()),
            Variable::Tag(_) | Variable::AccountName => None,
            Variable::Stage => Some("prod".to_owned()),
            Variable::Account => Some("012345678901".to_owned()),
            Variable::Region => Some("eu-west-1".to_owned()),
            Variable::ApiId => Some("a1".to_owned()),
            Variable::ApiType => Some("REST".to_owned()),
        })
    }

    #[test]
    fn variables_are_filled_in_texts_wherever_they_stand_and_once() {
        for (template, expected) in [
            (json!("${name}"), json!("${stage}")),
            (json!("$name {stage} $"), json!("$name {stage} $")),
            (json!(""), json!("")),
            (
                json!("${account}/${region}/${apiId} (${apiType}, ${stage})"),
                json!("012345678901/eu-west-1/a1 (REST, prod)"),
            ),
            (
                json!([{ "name": "${tag:a b}!", "${name}": [1.50, true, null] }]),
                json!([{ "name": "ä!", "${name}": [1.50, true, null] }]),
            ),
        ] {
            assert_eq!(filled(&template), Some(expected), "{template}");
        }
    }

    #[test]
    fn nothing_is_filled_where_a_variable_has_no_value() {
        for template in [json!("a${tag:other}"), json!([{ "a": "${accountName}" }, "b"])] {
            assert_eq!(filled(&template), None, "{template}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        let nested = |levels: usize| (0..levels).fold(json!("${name}"), |value, _| json!([value]));
        assert!(Template::parse(&nested(32)).is_ok());
        for (value, error) in [
            (Value::Null, InvalidTemplate::Null),
            (json!("${owner}"), InvalidTemplate::UnknownVariable("owner".to_owned())),
            (json!(["${Name}"]), InvalidTemplate::UnknownVariable("Name".to_owned())),
            (json!("${}"), InvalidTemplate::UnknownVariable(String::new())),
            (json!("${tag:}"), InvalidTemplate::UnknownVariable("tag:".to_owned())),
            (json!({ "a": "x${name" }), InvalidTemplate::Unclosed),
            (json!("x".repeat(1001)), InvalidTemplate::TooLong),
            (nested(33), InvalidTemplate::TooDeep),
        ] {
            assert_eq!(Template::parse(&value), Err(error), "{value}");
        }
        let error = Template::parse(&json!("${owner}")).unwrap_err().to_string();
        assert_eq!(
            error,
            "has the variable ${owner}, which is unknown; expected one of name, stage, account, accountName, region, \
            apiId, \
             apiType, tag:KEY"
        );
    }

    proptest! {
        #[test]
        fn every_text_is_a_template_or_is_refused(text in "([${}a:]|tag:|name|\\PC){0,20}") {
            if let Ok(template) = Template::parse(&json!(text)) {
                let again: String = match &template.root {
                    Node::Text(parts) => parts.iter().map(|part| match part {
                        Part::Plain(text) => text.clone(),
                        Part::Variable(variable) => variable.to_string(),
                    }).collect(),
                    other => unreachable!("{other:?}"),
                };
                prop_assert_eq!(&again, &text);
                let constant = template.filled(&|variable| Some(variable.to_string()));
                prop_assert_eq!(constant, Some(json!(text)));
                prop_assert_eq!(template.literal().is_some(), template.variables().is_empty());
            }
        }
    }
}
