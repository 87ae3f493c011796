//! A gateway of any size with APIs of all kinds, for measuring: of ten APIs, seven are REST, two HTTP and one WebSocket.

use serde_json::json;

use super::full::FullEstate;
use super::large::{STAGES, documents, estate, length_of};
use crate::api_gateway::{Model, Route, V2Api, V2Estate, V2Stage};

/// Of a hundred APIs, the one with this number changes; of the next hundred, the one with the next: REST, HTTP, WebSocket.
const CHANGING: [usize; 3] = [14, 17, 19];
/// Routes of a WebSocket API besides AWS's three, each with a model.
const ROUTES: usize = 5;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rest,
    Http,
    Websocket,
}

impl Kind {
    fn of(number: usize) -> Self {
        match number % 10 {
            7 | 8 => Self::Http,
            9 => Self::Websocket,
            _ => Self::Rest,
        }
    }
}

/// `count` APIs with two stages each; always the same ones. Those that are REST APIs are the same as in
/// the large estate.
#[must_use]
pub fn large_mixed(count: usize) -> FullEstate {
    mixed(&(0..count).collect::<Vec<_>>(), "")
}

/// One of a hundred of these APIs, with other definitions, newly deployed.
#[must_use]
pub fn large_mixed_redeployed(count: usize) -> FullEstate {
    let changes = |number: &usize| number % 100 == CHANGING[(number / 100) % CHANGING.len()];
    mixed(&(0..count).filter(changes).collect::<Vec<_>>(), "next")
}

fn mixed(numbers: &[usize], edition: &str) -> FullEstate {
    let of = |kind| numbers.iter().copied().filter(move |number| Kind::of(*number) == kind);
    let documents = documents(edition);
    let mut v2: V2Estate = Vec::new();
    for number in of(Kind::Http) {
        let stage = |(place, name): (usize, &&str)| {
            let deployment = format!("d{number}x{place}{edition}");
            V2Stage::new(*name, deployment, documents[length_of(number)].clone())
        };
        let mut api = V2Api::http(id(number), format!("Service {number}"));
        described(&mut api, number);
        v2.push((api, STAGES.iter().enumerate().map(stage).collect()));
    }
    for number in of(Kind::Websocket) {
        let stage = |(place, name): (usize, &&str)| V2Stage::of_websocket(*name, format!("d{number}x{place}{edition}"));
        v2.push((
            websocket(number, edition),
            STAGES.iter().enumerate().map(stage).collect(),
        ));
    }
    FullEstate {
        rest: estate(of(Kind::Rest), edition),
        v2,
        ..FullEstate::default()
    }
}

fn id(number: usize) -> String {
    format!("n{number:05}perf")
}

fn described(api: &mut V2Api, number: usize) {
    api.description = Some(format!("What service {number} offers to the others."));
    api.version = number.is_multiple_of(2).then(|| format!("1.{number}"));
}

fn websocket(number: usize, edition: &str) -> V2Api {
    let mut api = V2Api::websocket(id(number), format!("Service {number}"));
    described(&mut api, number);
    for key in ["$connect", "$disconnect", "$default"] {
        api.routes.push(Route::new(format!("r{}", &key[1..]), key));
    }
    for place in 0..ROUTES {
        let name = format!("Message{place}{edition}");
        let mut route = Route::new(format!("r{place}"), format!("send{place}"));
        route.request_models.insert("$default".to_owned(), name.clone());
        api.routes.push(route);
        let schema = json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": name,
            "type": "object",
            "properties": { "action": { "type": "string" }, "text": { "type": "string" } },
        });
        api.models
            .push(Model::new(format!("m{place}"), name, schema.to_string()));
    }
    api
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_apis_are_of_all_kinds_and_one_of_each_hundred_changes() {
        let estate = large_mixed(100);
        assert_eq!((estate.rest.len(), estate.v2.len()), (70, 30));
        let websockets = estate.v2.iter().filter(|(api, _)| !api.models.is_empty());
        assert_eq!(websockets.count(), 10);
        let changed = large_mixed_redeployed(300);
        assert_eq!((changed.rest.len(), changed.v2.len()), (1, 2));
        assert_eq!(changed.v2[0].0.id, "n00117perf");
        assert_ne!(changed.v2[1].0.models[0].name, "Message0");
    }
}
