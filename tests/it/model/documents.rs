//! The URLs in definitions, and the messages of a WebSocket API.

use sandbox::api_gateway::{Protocol, V2Api};
use sandbox::estate::FullEstate;
use serde_json::{Value, json};

use super::amazon::DOMAINS;

/// The flaw of a definition's text, whose stage has these URLs.
pub fn flaw_of(estate: &FullEstate, api_id: &str, stage_is_default: bool, urls: &Value, text: &str) -> Option<String> {
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        return Some(format!("it is {text:?}"));
    };
    let v2 = estate.v2.iter().find(|(api, _)| api.id == api_id).map(|(api, _)| api);
    match v2.filter(|api| api.protocol == Protocol::Websocket) {
        Some(api) => flaw_of_websocket(api, urls, &document, text),
        None => flaw_of_servers(stage_is_default && v2.is_some(), urls, &document),
    }
}

/// The exported servers are not those that people call, where a custom domain leads to the stage, it has no URL of its own or
/// no name.
fn flaw_of_servers(is_default: bool, urls: &Value, document: &Value) -> Option<String> {
    let texts: Vec<&str> = urls.as_array()?.iter().filter_map(Value::as_str).collect();
    let is_custom = |url: &&str| DOMAINS.iter().any(|domain| url.contains(domain));
    let is_replaced = is_default || texts.is_empty() || texts.iter().any(is_custom);
    let servers: Vec<Value> = texts.iter().map(|url| json!({ "url": url })).collect();
    let is_wrong = is_replaced && document["servers"] != json!(servers);
    is_wrong.then(|| {
        format!(
            "its servers are {} and should be {}",
            document["servers"],
            json!(servers)
        )
    })
}

/// Every URL has a server, and what the routes take is described as the models have it now.
fn flaw_of_websocket(api: &V2Api, urls: &Value, document: &Value, text: &str) -> Option<String> {
    let servers = document["servers"].as_object().map_or(0, serde_json::Map::len);
    if servers != urls.as_array()?.len() {
        return Some(format!("its servers are {} and should be {urls}", document["servers"]));
    }
    let takes_model = api.routes.iter().any(|route| !route.request_models.is_empty());
    let schema: Value = serde_json::from_str(&api.models.first()?.schema).ok()?;
    let shape = schema["title"].as_str()?;
    (takes_model && !text.contains(shape)).then(|| format!("it does not speak of {shape}"))
}
