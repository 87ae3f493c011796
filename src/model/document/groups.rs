//! The grouping properties of an integration.

use std::collections::BTreeSet;

use super::object::{Object, invalid};
use crate::model::{GroupBy, Problem};

/// Most prefixes and suffixes to trim from names, and the longest of them, in bytes.
const TRIM_MAX: usize = 50;
const TRIM_LENGTH_MAX: usize = 100;
/// Longest key of a tag, in characters (AWS General Reference, tags).
const TAG_KEY_MAX: usize = 128;

/// The common property of a group's APIs; without it, nothing is grouped.
pub(super) fn group_by(properties: &Object<'_>) -> Result<GroupBy, Problem> {
    const PROPERTY: &str = "groupBy";
    let Some(text) = properties.text(PROPERTY)? else {
        return Ok(GroupBy::None);
    };
    let parsed = GroupBy::parse(text).filter(|group_by| match group_by {
        GroupBy::None | GroupBy::Name => true,
        GroupBy::Tag(key) => key.chars().count() <= TAG_KEY_MAX,
    });
    parsed.ok_or_else(|| {
        let problem = format!("must be none, name or tag:KEY, the key at most {TAG_KEY_MAX} characters long");
        invalid(&properties.at(PROPERTY), &problem)
    })
}

/// The prefixes and suffixes to trim from names before they are compared.
pub(super) fn group_trim(properties: &Object<'_>) -> Result<BTreeSet<String>, Problem> {
    const PROPERTY: &str = "groupTrim";
    let Some(value) = properties.member(PROPERTY) else {
        return Ok(BTreeSet::new());
    };
    let is_fit = |text: &&str| (1..=TRIM_LENGTH_MAX).contains(&text.len());
    let texts = value
        .as_array()
        .filter(|items| items.len() <= TRIM_MAX)
        .and_then(|items| {
            let texts = items.iter().map(|item| item.as_str().filter(is_fit).map(str::to_owned));
            texts.collect()
        });
    texts.ok_or_else(|| {
        let problem = format!("must be a list of at most {TRIM_MAX} texts of 1 to {TRIM_LENGTH_MAX} bytes");
        invalid(&properties.at(PROPERTY), &problem)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::object::Strictness;
    use super::*;

    fn parsed(properties: &Value) -> Result<(GroupBy, usize), Problem> {
        let object = Object::of(properties, "properties", Strictness::Body)?;
        Ok((group_by(&object)?, group_trim(&object)?.len()))
    }

    #[test]
    fn groups_are_by_nothing_by_name_or_by_a_tag() {
        for (properties, expected) in [
            (json!({}), (GroupBy::None, 0)),
            (json!({ "groupBy": null, "groupTrim": null }), (GroupBy::None, 0)),
            (json!({ "groupBy": "none", "groupTrim": ["dev-"] }), (GroupBy::None, 1)),
            (
                json!({ "groupBy": "name", "groupTrim": ["dev-", "-prod", "dev-"] }),
                (GroupBy::Name, 2),
            ),
            (json!({ "groupBy": "tag:a:b" }), (GroupBy::Tag("a:b".to_owned()), 0)),
        ] {
            let (group_by, trims) = parsed(&properties).unwrap();
            assert_eq!(GroupBy::parse(&group_by.to_string()), Some(group_by.clone()));
            assert_eq!((group_by, trims), expected, "{properties}");
        }
    }

    #[test]
    fn what_is_no_such_thing_is_refused_with_its_place() {
        let long = format!("tag:{}", "k".repeat(129));
        for (properties, target) in [
            (json!({ "groupBy": "tag:" }), "properties.groupBy"),
            (json!({ "groupBy": "tag: " }), "properties.groupBy"),
            (json!({ "groupBy": "Name" }), "properties.groupBy"),
            (json!({ "groupBy": long }), "properties.groupBy"),
            (json!({ "groupBy": 1 }), "properties.groupBy"),
            (json!({ "groupTrim": "dev-" }), "properties.groupTrim"),
            (json!({ "groupTrim": [""] }), "properties.groupTrim"),
            (json!({ "groupTrim": [1] }), "properties.groupTrim"),
            (json!({ "groupTrim": vec!["a"; 51] }), "properties.groupTrim"),
        ] {
            let problem = parsed(&properties).unwrap_err();
            assert_eq!(problem.target.as_deref(), Some(target), "{properties}");
        }
    }
}
