//! Gateways as the accounts of a company have them.

use super::FullEstate;
use super::document::document;
use crate::api_gateway::{Definition, Estate, RestApi, Stage};

/// What an API is about: its name, the three letters that its id ends in, and its resources.
const SKETCHES: [(&str, &str, &[&str]); 3] = [
    ("orders", "ord", &["orders", "returns"]),
    ("payments", "pay", &["payments", "refunds"]),
    ("stock-internal", "stk", &["stock", "shelves"]),
];

/// What a team runs in this account and region: two services and what is of no interest to others. Each API names its service
/// in a tag, alike wherever it runs.
#[must_use]
pub fn team(account: &str, region: &str) -> FullEstate {
    let mut words = region.split('-');
    let (continent, side, number) = (words.next(), words.next().and_then(|side| side.get(..1)), words.next());
    let place: String = [account.get(..3), continent, side, number]
        .into_iter()
        .flatten()
        .collect();
    let api = |(name, letters, resources): (&str, &str, &[&str])| {
        let mut api = RestApi::new(format!("{place}{letters}"), name);
        api.tags.insert("service".to_owned(), name.to_owned());
        let definition = Definition::from(document(name, resources));
        (api, vec![Stage::new("live", "d1", definition)])
    };
    SKETCHES.into_iter().map(api).collect::<Estate>().into()
}
