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
    let place: String = account.chars().take(3).chain(region.chars().take(4)).collect();
    let place = place.replace('-', "");
    let api = |(name, letters, resources): (&str, &str, &[&str])| {
        let mut api = RestApi::new(format!("{place}{letters}1"), name);
        api.tags.insert("service".to_owned(), name.to_owned());
        let definition = Definition::from(document(name, resources));
        (api, vec![Stage::new("live", "d1", definition)])
    };
    SKETCHES.into_iter().map(api).collect::<Estate>().into()
}
