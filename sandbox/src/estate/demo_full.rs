//! What a company might have besides REST APIs.

use std::collections::BTreeMap;

use super::demo::demo;
use super::document::{http_document, model_schema};
use super::full::FullEstate;
use crate::api_gateway::{DomainEstate, DomainName, Mapping, Model, Route, V2Api, V2Estate, V2Stage};

/// The HTTP API's id.
const BASKETS: &str = "g3h4i5j6k7";
/// The WebSocket API's id.
const TRACKING: &str = "h4i5j6k7l8";

/// The demo's twelve REST APIs with an HTTP API, a WebSocket API and two custom domain names.
///
/// The regional name leads to the HTTP API and, by a key of two levels, to a REST API; the edge-optimized one leads to the API
/// that nothing else leads to.
#[must_use]
pub fn demo_full() -> FullEstate {
    FullEstate {
        rest: demo(),
        v2: apis(),
        domains: domains(),
    }
}

fn apis() -> V2Estate {
    let mut latest = V2Stage::new("$default", "g3h4i0", http_document(&BASKET_ROUTES));
    latest.auto_deploy = true;
    latest.description = Some("Baskets, as they are being worked on".to_owned());
    let message = format!("Successfully deployed stage with deployment ID '{}'", "g3h4i0");
    latest.last_deployment_status_message = Some(message);
    // What runs for everyone is a route behind.
    let prod = V2Stage::new("prod", "g3h4i1", http_document(&BASKET_ROUTES[..3]));
    let live = V2Stage::of_websocket("live", "h4i5j0");
    vec![(baskets(), vec![latest, prod]), (tracking(), vec![live])]
}

/// The routes of the HTTP API.
const BASKET_ROUTES: [&str; 4] = [
    "GET /baskets/{id}",
    "POST /baskets",
    "DELETE /baskets/{id}",
    "ANY /vouchers/{code+}",
];

fn baskets() -> V2Api {
    let mut api = V2Api::http(BASKETS, "Baskets");
    api.description = Some("Fills and empties shopping baskets.".to_owned());
    api.tags = BTreeMap::from([("team".to_owned(), "checkout".to_owned())]);
    let routes = BASKET_ROUTES.iter().enumerate();
    api.routes = routes
        .map(|(place, key)| Route::new(format!("rg3h4i{place}"), *key))
        .collect();
    api
}

fn tracking() -> V2Api {
    let mut api = V2Api::websocket(TRACKING, "Parcel tracking");
    api.description = Some("Tells where parcels are while they move.".to_owned());
    api.version = Some("1.3".to_owned());
    let keys = ["$connect", "$disconnect", "$default", "follow", "report"];
    let routes = keys.iter().enumerate();
    api.routes = routes
        .map(|(place, key)| Route::new(format!("rh4i5j{place}"), *key))
        .collect();
    let [connect, _, _, follow, report] = &mut api.routes[..] else {
        return api;
    };
    "CUSTOM".clone_into(&mut connect.authorization_type);
    connect.authorizer_id = Some("ah4i5j".to_owned());
    connect.request_parameters = BTreeMap::from([("route.request.querystring.token".to_owned(), true)]);
    follow.operation_name = Some("FollowParcel".to_owned());
    follow.route_response_selection_expression = Some("$default".to_owned());
    follow.request_models = BTreeMap::from([("$default".to_owned(), "Follow".to_owned())]);
    report.operation_name = Some("ReportPosition".to_owned());
    report.api_key_required = true;
    report.request_models = BTreeMap::from([("$default".to_owned(), "Report".to_owned())]);
    let model = |id: &str, name: &str, properties| Model::new(id, name, model_schema(TRACKING, name, properties));
    api.models = vec![
        model("mh4i5a", "Follow", &[("action", "string"), ("parcel", "Parcel")]),
        model("mh4i5b", "Parcel", &[("number", "string"), ("insured", "boolean")]),
        model("mh4i5c", "Position", &[("latitude", "number"), ("longitude", "number")]),
        model(
            "mh4i5d",
            "Report",
            &[("action", "string"), ("parcel", "Parcel"), ("position", "Position")],
        ),
    ];
    api
}

fn domains() -> DomainEstate {
    let shop = vec![
        Mapping::new("mapbas", "baskets", BASKETS, "$default"),
        Mapping::new("mapord", "orders/v2", "a1b2c3d4e5", "prod"),
    ];
    let partners = vec![Mapping::new("mappar", "portal", "b8c9d0e1f2", "live")];
    vec![
        (DomainName::regional("api.shop.example.com"), shop, Vec::new()),
        (DomainName::edge("partners.example.com"), partners, Vec::new()),
    ]
}
