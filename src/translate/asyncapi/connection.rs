//! How clients connect: servers, the parameters of the opening request, and its authorisation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::reference::Place;
use crate::model::Route;

/// The version of the WebSocket binding in the document.
const BINDING_VERSION: &str = "0.1.0";

/// A server for each URL, all with the same security schemes.
pub(super) fn servers(urls: &[String], schemes: &Map<String, Value>) -> Map<String, Value> {
    let urls: BTreeSet<&str> = urls.iter().map(|url| url.trim_end_matches('/')).collect();
    let addresses = urls.into_iter().filter_map(address);
    addresses
        .zip(1..)
        .map(|((host, path), number)| (format!("server-{number}"), server(host, path, schemes)))
        .collect()
}

/// The host of a URL, and its path if it has one.
fn address(url: &str) -> Option<(&str, Option<&str>)> {
    let address = url.strip_prefix("wss://")?;
    let (host, path) = match address.find('/') {
        Some(slash) => (&address[..slash], Some(&address[slash..])),
        None => (address, None),
    };
    (!host.is_empty()).then_some((host, path))
}

fn server(host: &str, path: Option<&str>, schemes: &Map<String, Value>) -> Value {
    let mut server = Map::new();
    server.insert("host".to_owned(), json!(host));
    server.extend(path.map(|path| ("pathname".to_owned(), json!(path))));
    server.insert("protocol".to_owned(), json!("wss"));
    if !schemes.is_empty() {
        let references = schemes
            .keys()
            .map(|key| Place::of(&["components", "securitySchemes", key]).reference());
        server.insert("security".to_owned(), references.collect());
    }
    Value::Object(server)
}

/// The security schemes of the opening request, by key.
///
/// AsyncAPI lets a client meet any one of a list. If API Gateway wants two, the second says so in its description.
pub(super) fn security_schemes(connect: &Route) -> Map<String, Value> {
    let mut schemes = Map::new();
    schemes.extend(authorization(connect));
    if connect.api_key_required {
        let description = "An API key of a usage plan, needed besides any other authorisation.";
        schemes.insert(
            "apiKey".to_owned(),
            json!({ "type": "httpApiKey", "name": "x-api-key", "in": "header", "description": description }),
        );
    }
    schemes
}

fn authorization(connect: &Route) -> Option<(String, Value)> {
    let (key, mut scheme, description) = match connect.authorization_type.as_deref() {
        None | Some("" | "NONE") => return None,
        Some("AWS_IAM") => (
            "awsIam",
            json!({ "type": "http", "scheme": "AWS4-HMAC-SHA256" }),
            "AWS Signature Version 4 of an identity that may call `execute-api:Invoke`.",
        ),
        Some("JWT") => (
            "jwt",
            json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" }),
            "A token that the authorizer of the API accepts.",
        ),
        // `CUSTOM`, and future types. A scheme must name a header, and routes do not say which.
        Some(_) => (
            "authorizer",
            json!({ "type": "httpApiKey", "name": "Authorization", "in": "header" }),
            "An authorizer of the API decides. It may read another header or a query parameter instead.",
        ),
    };
    let scopes: BTreeSet<&str> = connect.authorization_scopes.iter().map(String::as_str).collect();
    let scopes: Vec<&str> = scopes.into_iter().collect();
    scheme["description"] = if scopes.is_empty() {
        json!(description)
    } else {
        json!(format!(
            "{description} One of these scopes is needed: {}.",
            scopes.join(", ")
        ))
    };
    Some((key.to_owned(), scheme))
}

/// The binding with the parameters of the opening request, if any.
pub(super) fn bindings(connect: &Route) -> Option<Value> {
    let parameters = &connect.request_parameters;
    let query = parameters_in("route.request.querystring.", parameters);
    let headers = parameters_in("route.request.header.", parameters);
    if query.is_none() && headers.is_none() {
        return None;
    }
    let mut binding = Map::new();
    binding.extend(query.map(|query| ("query".to_owned(), query)));
    binding.extend(headers.map(|headers| ("headers".to_owned(), headers)));
    binding.insert("bindingVersion".to_owned(), json!(BINDING_VERSION));
    Some(json!({ "ws": binding }))
}

/// A schema of the parameters whose names begin with `prefix`, without it.
fn parameters_in(prefix: &str, parameters: &BTreeMap<String, bool>) -> Option<Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (parameter, is_required) in parameters {
        let Some(name) = parameter.strip_prefix(prefix) else {
            continue;
        };
        properties.insert(name.to_owned(), json!({ "type": "string" }));
        if *is_required {
            required.push(name);
        }
    }
    if properties.is_empty() {
        return None;
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    Some(schema)
}
