//! Objects of a document, read property by property.

use serde_json::{Map, Value};

use crate::model::{ErrorCode, Problem, quote_name};

/// The author of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// A caller: unknown properties are refused, and read-only ones ignored.
    Body,
    /// A release of ours.
    Kept,
}

/// An object of the document and its path.
pub(super) struct Object<'a> {
    pub path: String,
    pub strictness: Strictness,
    pub members: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    pub fn of(value: &'a Value, path: &str, strictness: Strictness) -> Result<Self, Problem> {
        match value.as_object() {
            Some(members) => Ok(Self {
                path: path.to_owned(),
                strictness,
                members,
            }),
            None if path.is_empty() => Err(Problem::new(
                ErrorCode::InvalidRequest,
                "the body must be a JSON object",
            )),
            None => Err(invalid(path, "must be an object")),
        }
    }

    /// The path of a property.
    pub fn at(&self, member: &str) -> String {
        if self.path.is_empty() {
            member.to_owned()
        } else {
            format!("{}.{member}", self.path)
        }
    }

    /// Refuses unknown properties.
    pub fn only(&self, known: &[&str], ignored: &[&str]) -> Result<(), Problem> {
        if self.strictness == Strictness::Kept {
            return Ok(());
        }
        let is_known = |name: &str| known.contains(&name) || ignored.contains(&name);
        match self.members.keys().find(|name| !is_known(name)) {
            Some(unknown) => {
                let problem = format!("is unknown; expected one of {}", known.join(", "));
                Err(invalid(&self.at(&quote_name(unknown)), &problem))
            }
            None => Ok(()),
        }
    }

    pub fn member(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub fn object(&self, name: &str) -> Result<Option<Self>, Problem> {
        self.member(name)
            .map(|value| Self::of(value, &self.at(name), self.strictness))
            .transpose()
    }

    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Problem> {
        let text = |value: &'a Value| {
            value
                .as_str()
                .ok_or_else(|| invalid(&self.at(name), "must be a string"))
        };
        self.member(name).map(text).transpose()
    }
}

pub(super) fn missing(path: &str) -> Problem {
    invalid(path, "is missing")
}

pub(super) fn invalid(path: &str, problem: &str) -> Problem {
    Problem::new(ErrorCode::InvalidRequest, format!("{path} {problem}")).with_target(path)
}
