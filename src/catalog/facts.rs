//! The metadata schemas of facts: arrays of an enumeration, which the developer portal offers as filters.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::Fact;

/// How an existing schema fits the values of a fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Fit {
    /// It takes all of them.
    Takes,
    /// It needs this JSON schema, which keeps everything else of it.
    Lacks(Value),
    /// It is somebody else's: not a list of texts.
    Other,
}

/// The JSON schema of a fact with these values and the predictable ones.
#[must_use]
pub fn fact_schema(fact: Fact, values: &BTreeSet<String>) -> Value {
    let choices: BTreeSet<String> = fact.known_values().union(values).cloned().collect();
    json!({
        "type": "array",
        "title": fact.title(),
        "items": { "type": "string", "enum": choices },
    })
}

/// Whether an existing JSON schema takes the values of a fact, or what it would need.
#[must_use]
pub fn fit(found: &Value, fact: Fact, values: &BTreeSet<String>) -> Fit {
    let is_list = found.get("type").and_then(Value::as_str) == Some("array");
    let of_texts = |items: &&Value| items.get("type").and_then(Value::as_str) == Some("string");
    let Some(items) = found.get("items").filter(of_texts).filter(|_| is_list) else {
        return Fit::Other;
    };
    let Some((word, choices)) = choices(items) else {
        // Without an enumeration, it takes any text.
        return Fit::Takes;
    };
    let has = |value: &String| choices.iter().any(|choice| text(choice) == Some(value));
    if values.iter().all(has) {
        return Fit::Takes;
    }
    let wanted: BTreeSet<String> = fact.known_values().union(values).cloned().collect();
    let mut extended = choices.clone();
    extended.extend(wanted.into_iter().filter(|value| !has(value)).map(|value| match word {
        ENUM => json!(value),
        _ => json!({ "const": value, "description": "" }),
    }));
    let mut schema = found.clone();
    schema["items"][word] = Value::Array(extended);
    Fit::Lacks(schema)
}

/// Where this app lists choices.
const ENUM: &str = "enum";
/// Where API Center's own metadata editor lists them, each with a description.
const ONE_OF: &str = "oneOf";

/// The choices of a text, and the keyword that lists them.
fn choices(items: &Value) -> Option<(&'static str, &Vec<Value>)> {
    let listed = |word: &'static str| Some((word, items.get(word)?.as_array()?));
    listed(ENUM).or_else(|| listed(ONE_OF))
}

fn text(choice: &Value) -> Option<&String> {
    match choice.get("const").unwrap_or(choice) {
        Value::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(values: &[&str]) -> BTreeSet<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn a_new_schema_takes_what_it_is_made_for_and_what_is_known() {
        let schema = fact_schema(Fact::Account, &values(&["012345678901"]));
        assert_eq!(
            schema,
            json!({ "type": "array", "title": "AWS account", "items": { "type": "string", "enum": ["012345678901"] } })
        );
        for fact in Fact::ALL {
            let all = fact.known_values();
            assert_eq!(
                fit(&fact_schema(fact, &values(&["new"])), fact, &all),
                Fit::Takes,
                "{fact:?}"
            );
        }
    }

    #[test]
    fn an_extension_keeps_values_order_and_all_that_people_wrote() {
        let found = json!({
            "type": "array", "title": "Konto", "x-note": 1,
            "items": { "type": "string", "enum": ["222222222222", "111111111111"], "maxLength": 12 },
        });
        let mut wanted = found.clone();
        wanted["items"]["enum"] = json!(["222222222222", "111111111111", "333333333333"]);
        let of = |account| fit(&found, Fact::Account, &values(&[account]));
        assert_eq!(of("333333333333"), Fit::Lacks(wanted));
        assert_eq!(of("111111111111"), Fit::Takes);
    }

    #[test]
    fn choices_that_the_portal_has_rewritten_are_extended_as_they_are() {
        let choice = |account: &str| json!({ "const": account, "description": "" });
        let schema = |choices: Vec<Value>| json!({ "type": "array", "items": { "type": "string", "oneOf": choices } });
        let found = schema(vec![choice("111111111111")]);
        let wanted = schema(vec![choice("111111111111"), choice("222222222222")]);
        assert_eq!(fit(&found, Fact::Account, &values(&["111111111111"])), Fit::Takes);
        assert_eq!(
            fit(&found, Fact::Account, &values(&["222222222222"])),
            Fit::Lacks(wanted)
        );
    }

    #[test]
    fn a_schema_without_choices_takes_any_text_and_another_type_is_somebody_elses() {
        let fit = |found: Value| fit(&found, Fact::Region, &values(&["us-east-1"]));
        assert_eq!(
            fit(json!({ "type": "array", "items": { "type": "string" } })),
            Fit::Takes
        );
        for other in [
            json!({ "type": "string", "enum": ["us-east-1"] }),
            json!({ "type": "array", "items": { "type": "number" } }),
            json!({ "type": "array" }),
            Value::Null,
        ] {
            assert_eq!(fit(other.clone()), Fit::Other, "{other}");
        }
    }
}
