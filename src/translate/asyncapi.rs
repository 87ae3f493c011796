//! The AsyncAPI document of a WebSocket API, built from its routes and models because AWS does not export one.

mod connection;
mod key;
mod models;
mod reference;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use self::connection::{bindings, security_schemes, servers};
use self::models::Models;
use self::reference::{Place, escaped};
use crate::model::{Model, Route, is_blank};

/// The AsyncAPI version of the documents.
const SPECIFICATION_VERSION: &str = "3.0.0";
/// The title of an API without a visible name.
const UNTITLED: &str = "untitled";
/// The version of an API without one: AsyncAPI requires it, and this one never changes by itself.
const UNVERSIONED: &str = "1.0";
/// The content type of messages without a model. API Gateway selects their routes by a JSON member.
const CONTENT_TYPE: &str = "application/json";
/// The channel of every operation: a WebSocket connection has only one.
const CHANNEL: &str = "root";
/// The route called when a connection opens.
const CONNECT: &str = "$connect";
/// The route called after a connection has closed.
const DISCONNECT: &str = "$disconnect";
/// The route of all other messages.
const DEFAULT: &str = "$default";

/// The document's information about its API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info<'a> {
    /// The API's name.
    pub name: &'a str,
    /// Its description.
    pub description: Option<&'a str>,
    /// Its free-text version.
    pub version: Option<&'a str>,
}

/// The text of a valid AsyncAPI 3.0.0 document, independent of the order of routes, models and URLs.
///
/// `urls` are where clients connect, such as `wss://HOST/STAGE`. Each route is an operation that the API receives,
/// except `$connect` and `$disconnect`: AsyncAPI has no operation for opening and closing a connection, so the channel,
/// the servers and the security schemes describe them. Unusable parts of models are described in their place.
#[must_use]
pub fn asyncapi(info: Info<'_>, routes: &[Route], models: &[Model], urls: &[String]) -> String {
    let routes = Routes::of(routes);
    let models = Models::of(models);
    let schemes = routes.get(CONNECT).map(security_schemes).unwrap_or_default();
    let mut document = Map::new();
    let mut add = |name: &str, value: Value| document.insert(name.to_owned(), value);
    add("asyncapi", json!(SPECIFICATION_VERSION));
    add("info", info_object(info));
    let servers = servers(urls, &schemes);
    if !servers.is_empty() {
        add("servers", Value::Object(servers));
    }
    add("defaultContentType", json!(CONTENT_TYPE));
    add("channels", json!({ CHANNEL: channel(&routes, &models) }));
    add("operations", routes.operations().map(operation).collect());
    let components = components(&models, schemes);
    if !components.is_empty() {
        add("components", Value::Object(components));
    }
    format!("{:#}", Value::Object(document))
}

/// The routes of an API by key.
struct Routes<'a>(BTreeMap<&'a str, &'a Route>);

impl<'a> Routes<'a> {
    fn of(routes: &'a [Route]) -> Self {
        let mut known = BTreeMap::new();
        // Keys are unique in AWS; sorting only makes the result independent of the order if they were not.
        for route in routes.iter().collect::<BTreeSet<_>>() {
            known.entry(route.key.as_str()).or_insert(route);
        }
        Self(known)
    }

    fn get(&self, key: &str) -> Option<&'a Route> {
        self.0.get(key).copied()
    }

    /// The routes of messages.
    fn operations(&self) -> impl Iterator<Item = &'a Route> {
        let routes = self.0.values().copied();
        routes.filter(|route| ![CONNECT, DISCONNECT].contains(&route.key.as_str()))
    }
}

fn info_object(info: Info<'_>) -> Value {
    let visible = |text: &&str| !is_blank(text);
    let mut object = Map::new();
    object.insert(
        "title".to_owned(),
        json!(Some(info.name).filter(visible).unwrap_or(UNTITLED)),
    );
    let version = info.version.filter(visible).unwrap_or(UNVERSIONED);
    object.insert("version".to_owned(), json!(version));
    let description = info.description.filter(visible);
    object.extend(description.map(|text| ("description".to_owned(), json!(text))));
    Value::Object(object)
}

fn channel(routes: &Routes<'_>, models: &Models<'_>) -> Value {
    let connect = routes.get(CONNECT);
    let messages = routes.operations().flat_map(messages);
    let messages: Map<String, Value> = messages
        .map(|message| (message.key(), message.object(models)))
        .collect();
    let mut channel = Map::new();
    channel.insert("address".to_owned(), json!("/"));
    channel.insert("description".to_owned(), json!(channel_description(routes)));
    channel.insert("messages".to_owned(), Value::Object(messages));
    let bindings = connect.and_then(bindings);
    channel.extend(bindings.map(|bindings| ("bindings".to_owned(), bindings)));
    Value::Object(channel)
}

fn channel_description(routes: &Routes<'_>) -> String {
    let mut description = "All messages go over one WebSocket connection.".to_owned();
    if routes.get(CONNECT).is_some() {
        description.push_str(" Opening it calls the route `$connect`, which can refuse it.");
    }
    if routes.get(DISCONNECT).is_some() {
        description.push_str(" Closing it calls the route `$disconnect`.");
    }
    description
}

fn operation(route: &Route) -> (String, Value) {
    let mut operation = Map::new();
    operation.insert("action".to_owned(), json!("receive"));
    let channel = Place::of(&["channels", CHANNEL]);
    operation.insert("channel".to_owned(), channel.reference());
    let title = route.operation_name.as_deref().filter(|name| !is_blank(name));
    operation.extend(title.map(|title| ("title".to_owned(), json!(title))));
    let description = operation_description(route);
    operation.extend(description.map(|text| ("description".to_owned(), json!(text))));
    let messages = messages(route);
    let references = messages.map(|message| Place::of(&["channels", CHANNEL, "messages", &message.key()]).reference());
    operation.insert("messages".to_owned(), references.collect());
    (route.key.clone(), Value::Object(operation))
}

fn operation_description(route: &Route) -> Option<String> {
    let sentences = [
        (route.key == DEFAULT).then_some("Takes the messages that no other operation takes."),
        route
            .is_two_way
            .then_some("The answer comes back over the same connection."),
        route.api_key_required.then_some("An API key is needed."),
    ];
    let sentences: Vec<&str> = sentences.into_iter().flatten().collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// One of the messages of a route.
struct Message<'a> {
    route: &'a Route,
    /// The selection key, if the route has several.
    selection: Option<&'a str>,
    model: Option<&'a str>,
}

/// The messages of a route: one for each of its models, or one unknown.
fn messages(route: &Route) -> impl Iterator<Item = Message<'_>> {
    let models = &route.request_models;
    let unknown = models.is_empty().then_some(Message {
        route,
        selection: None,
        model: None,
    });
    let known = models.iter().map(move |(selection, model)| Message {
        route,
        selection: (models.len() > 1).then_some(selection),
        model: Some(model),
    });
    known.chain(unknown)
}

impl Message<'_> {
    /// Unique among messages: only a selected one has a `/`.
    fn key(&self) -> String {
        let route = escaped(&self.route.key);
        match self.selection {
            Some(selection) => format!("{route}/{}", escaped(selection)),
            None => route,
        }
    }

    fn object(&self, models: &Models<'_>) -> Value {
        let mut message = Map::new();
        message.insert("name".to_owned(), json!(self.route.key));
        if let Some(model) = self.model {
            message.insert("title".to_owned(), json!(model));
            let content_type = models.content_type(model);
            message.extend(content_type.map(|text| ("contentType".to_owned(), json!(text))));
            message.insert("payload".to_owned(), models.payload(model));
        }
        Value::Object(message)
    }
}

fn components(models: &Models<'_>, schemes: Map<String, Value>) -> Map<String, Value> {
    let parts = [("schemas", models.components()), ("securitySchemes", schemes)];
    let filled = parts.into_iter().filter(|(_, part)| !part.is_empty());
    filled
        .map(|(name, part)| (name.to_owned(), Value::Object(part)))
        .collect()
}

#[cfg(test)]
mod tests;
