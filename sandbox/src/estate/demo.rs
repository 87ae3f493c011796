//! A gateway as a company might have it.

use super::document::document;
use crate::api_gateway::{Definition, EndpointType, Estate, RestApi, Stage};

/// What an API is about: its id, name, description, resources and stages.
type Sketch = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const SKETCHES: &[Sketch] = &[
    (
        "a1b2c3d4e5",
        "Orders",
        "Places, changes and tracks orders.",
        &["orders", "returns"],
        &["prod", "staging", "v1"],
    ),
    (
        "b2c3d4e5f6",
        "Payments",
        "Takes payments and refunds.",
        &["payments", "refunds"],
        &["prod", "staging"],
    ),
    (
        "c3d4e5f6a7",
        "Catalogue",
        "Products, prices and pictures.",
        &["products", "categories"],
        &["Prod", "prod"],
    ),
    (
        "d4e5f6a7b8",
        "Customers",
        "Who our customers are, and what they allow us.",
        &["customers", "consents"],
        &["prod", "test"],
    ),
    (
        "e5f6a7b8c9",
        "Shipping",
        "Labels, carriers and parcels on their way.",
        &["parcels", "carriers"],
        &["prod"],
    ),
    (
        "f6a7b8c9d0",
        "Warehouse (internal)",
        "Stock, by shelf and by day.",
        &["stock", "shelves"],
        &["prod"],
    ),
    (
        "a7b8c9d0e1",
        "Loyalty",
        "Points, tiers and vouchers.",
        &["members", "vouchers"],
        &["prod", "dev_2"],
    ),
    (
        "b8c9d0e1f2",
        "Partner portal",
        "What resellers may see.",
        &["partners"],
        &["live"],
    ),
    (
        "c9d0e1f2a3",
        "Legacy reports",
        "Made long ago; its models are not JSON.",
        &["reports"],
        &["prod"],
    ),
    (
        "d0e1f2a3b4",
        "Search",
        "Finds everything, sometimes.",
        &["search", "suggestions"],
        &["prod", "canary"],
    ),
    ("e1f2a3b4c5", "Invoices", "", &["invoices"], &["prod"]),
    ("f2a3b4c5d6", "Experiments", "Not deployed yet.", &["experiments"], &[]),
];

/// Twelve APIs: one private, one behind a custom domain only, one that cannot be exported, one without a stage.
#[must_use]
pub fn demo() -> Estate {
    SKETCHES.iter().map(api).collect()
}

fn api(&(id, name, description, resources, stages): &Sketch) -> (RestApi, Vec<Stage>) {
    let mut api = RestApi::new(id, name);
    api.description = Some(description).filter(|text| !text.is_empty()).map(str::to_owned);
    match name {
        "Warehouse (internal)" => {
            api.endpoint_type = EndpointType::Private;
            api.vpc_endpoint_ids = vec!["vpce-0123456789abcdef0".to_owned()];
        }
        "Partner portal" => api.disable_execute_api_endpoint = true,
        "Orders" => api.version = Some("2.4.0".to_owned()),
        _ => (),
    }
    let definition = || match name {
        "Legacy reports" => Definition::Refused(
            "Only found non-JSON body models for the requested export; such models cannot be exported".to_owned(),
        ),
        _ => Definition::from(document(name, resources)),
    };
    let stage = |(place, stage): (usize, &&str)| {
        let mut made = Stage::new(*stage, format!("{}{place}", &id[..5]), definition());
        made.description = Some(format!("{name}, as it runs in {stage}"));
        made
    };
    (api, stages.iter().enumerate().map(stage).collect())
}
