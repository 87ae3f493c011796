//! Filters: the recorded part of OData's `$filter`.

use super::catalog::Entity;
use super::refusal::Refusal;

/// Conditions that must all hold: `name eq 'x'`, `kind eq 'rest'`, joined by `and`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filter(Vec<(Property, String)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Property {
    Name,
    Other(&'static str),
}

impl Filter {
    /// Reads a filter.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let invalid = || Refusal::invalid("InvalidFilter", format!("'{text}' is not a filter that is supported"));
        let mut conditions = Vec::new();
        let mut rest = text.trim();
        loop {
            let (property, after) = rest.split_once(char::is_whitespace).ok_or_else(invalid)?;
            let property = match property {
                "name" => Property::Name,
                "title" => Property::Other("title"),
                "kind" => Property::Other("kind"),
                _ => return Err(invalid()),
            };
            let after = after.trim_start().strip_prefix("eq").ok_or_else(invalid)?;
            let (literal, after) = literal(after.trim_start()).ok_or_else(invalid)?;
            conditions.push((property, literal));
            rest = after.trim();
            if rest.is_empty() {
                return Ok(Self(conditions));
            }
            rest = rest.strip_prefix("and").ok_or_else(invalid)?.trim_start();
        }
    }

    /// Whether an entity matches; case-sensitive (recorded for `kind`, 2024-03-01).
    pub fn fits(&self, entity: &Entity) -> bool {
        self.0.iter().all(|(property, wanted)| match property {
            Property::Name => entity.name == *wanted,
            Property::Other(name) => {
                entity.properties.get(*name).and_then(serde_json::Value::as_str) == Some(wanted.as_str())
            }
        })
    }
}

/// A text in single quotes, where two stand for one, and the rest.
fn literal(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut literal = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        literal.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                literal.push('\'');
                rest = after;
            }
            None => return Some((literal, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read() {
        let filter = Filter::parse("name eq 'it''s' and kind eq 'rest'").unwrap();
        assert_eq!(
            filter.0,
            [
                (Property::Name, "it's".to_owned()),
                (Property::Other("kind"), "rest".to_owned())
            ]
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "name",
            "name eq x",
            "name ne 'x'",
            "summary eq 'x'",
            "name eq 'x",
            "name eq 'x' or kind eq 'y'",
        ] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}
