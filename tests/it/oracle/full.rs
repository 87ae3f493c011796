//! The same for a gateway with APIs of every kind and custom domains.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::api_gateway::{
    ApiGateway, Definition, DomainName, Mapping, Protocol, RoutingMode, RoutingRule, V2Api, V2Stage,
};
use sandbox::estate::FullEstate;
use serde_json::{Value, json};

use super::{Wishes, cut, desired_by, entity_name, honest};

/// Longest URL that API Center stores.
const URL_MAX: usize = 200;

/// Everything that a gateway has.
pub fn full_estate(gateway: &ApiGateway) -> FullEstate {
    FullEstate {
        rest: gateway.estate(),
        v2: gateway.v2_estate(),
        domains: gateway.domain_estate(),
    }
}

/// The names of an API's stages, except those that run nothing; `None` if there is no such API.
pub fn stages_of<'a>(estate: &'a FullEstate, id: &str) -> Option<Vec<&'a str>> {
    let rest = estate.rest.iter().find(|(api, _)| api.id == id);
    if let Some((_, stages)) = rest {
        return Some(stages.iter().map(|stage| stage.name.as_str()).collect());
    }
    let (_, stages) = estate.v2.iter().find(|(api, _)| api.id == id)?;
    let deployed = stages.iter().filter(|stage| stage.deployment_id.is_some());
    Some(deployed.map(|stage| stage.name.as_str()).collect())
}

/// The desired catalog for everything on a gateway.
pub fn desired_full(integration: &str, region: &str, estate: &FullEstate) -> BTreeMap<String, Value> {
    let wishes = Wishes {
        integration,
        region,
        environment: integration,
        definitions: true,
    };
    desired_full_by(&wishes, estate)
}

/// The same for an integration that asks for something else than most do.
pub fn desired_full_by(wishes: &Wishes<'_>, estate: &FullEstate) -> BTreeMap<String, Value> {
    let integration = wishes.integration;
    let mut all = desired_by(wishes, &estate.rest);
    for (api, stages) in &estate.rest {
        for stage in stages {
            let name = format!("{integration}-{}", api.id).to_lowercase();
            let path = format!("apis/{name}/deployments/{}", entity_name(&stage.name));
            let Some(deployment) = all.get_mut(&path) else {
                continue;
            };
            let mut urls = on_domains(estate, "https", &api.id, &stage.name);
            let own = deployment["runtimeUri"].as_array().unwrap().clone();
            urls.extend(own.iter().map(|url| url.as_str().unwrap().to_owned()));
            deployment["runtimeUri"] = json!(urls);
        }
    }
    for (api, stages) in &estate.v2 {
        all.extend(desired_v2(wishes, estate, (api, stages)));
    }
    all
}

/// The messages of an `AsyncAPI` document: the route and the model of each.
pub fn messages(document: &Value) -> Value {
    let messages = document["channels"]["root"]["messages"].as_object().into_iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let messages = messages.flat_map(|messages| messages.values());
    let messages: BTreeSet<(String, String)> = messages
        .map(|message| (text(&message["name"]), text(&message["title"])))
        .collect();
    json!(messages)
}

/// The messages that the routes of a WebSocket API make.
fn messages_of(api: &V2Api) -> Value {
    let routes = api.routes.iter();
    let routes = routes.filter(|route| !["$connect", "$disconnect"].contains(&route.key.as_str()));
    let messages = routes.flat_map(|route| {
        let models: Vec<String> = route.request_models.values().cloned().collect();
        let models = if models.is_empty() { vec![String::new()] } else { models };
        models.into_iter().map(|model| (route.key.clone(), model))
    });
    json!(messages.collect::<BTreeSet<(String, String)>>())
}

fn desired_v2(
    wishes: &Wishes<'_>,
    estate: &FullEstate,
    (api, stages): (&V2Api, &[V2Stage]),
) -> BTreeMap<String, Value> {
    let Wishes {
        integration, region, ..
    } = wishes;
    let name = format!("{integration}-{}", api.id);
    let title = if api.name.trim().is_empty() { &api.id } else { &api.name };
    let description = api.description.as_deref().filter(|text| !text.trim().is_empty());
    let description = description.map(|text| cut(&honest(text, "\n\t"), 1000));
    let (kind, scheme, format) = match api.protocol {
        Protocol::Http => ("rest", "https", ("openapi", "OpenAPI")),
        Protocol::Websocket => ("websocket", "wss", ("asyncapi", "AsyncAPI")),
    };
    let mut all = BTreeMap::from([(
        format!("apis/{name}"),
        json!({ "title": cut(&honest(title, ""), 50), "description": description, "kind": kind }),
    )]);
    for stage in stages.iter().filter(|stage| stage.deployment_id.is_some()) {
        let stage_name = entity_name(&stage.name);
        let version = format!("apis/{name}/versions/{stage_name}");
        let title = cut(&stage.name, 50);
        all.insert(version.clone(), json!({ "title": title, "lifecycleStage": "design" }));
        let paths = match (&stage.definition, api.protocol) {
            (_, Protocol::Websocket) => Some(messages_of(api)),
            (Definition::OpenApi(document), Protocol::Http) => Some(without_extensions(&document["paths"])),
            (Definition::Refused(_) | Definition::Raw { .. }, Protocol::Http) => None,
        };
        let paths = paths.filter(|_| wishes.definitions);
        let definition = format!("{version}/definitions/{}", format.0);
        let definition_id = paths.as_ref().map(|_| format!("/workspaces/default/{definition}"));
        if let Some(paths) = paths {
            let entity = json!({ "title": format.1, "specification": format.0, "paths": paths });
            all.insert(definition, entity);
        }
        let mut urls = on_domains(estate, scheme, &api.id, &stage.name);
        if !api.disable_execute_api_endpoint {
            let path = if stage.name == "$default" {
                String::new()
            } else {
                format!("/{}", stage.name)
            };
            urls.push(format!(
                "{scheme}://{}.execute-api.{region}.amazonaws.com{path}",
                api.id
            ));
        }
        let deployment = json!({
            "title": title,
            "state": "active",
            "environmentId": format!("/workspaces/default/environments/{}", wishes.environment),
            "definitionId": definition_id,
            "runtimeUri": urls,
        });
        all.insert(format!("apis/{name}/deployments/{stage_name}"), deployment);
    }
    all
}

/// A document without AWS's extensions.
fn without_extensions(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let others = members.iter().filter(|(name, _)| !name.starts_with("x-amazon-"));
            others
                .map(|(name, member)| (name.clone(), without_extensions(member)))
                .collect()
        }
        Value::Array(items) => items.iter().map(without_extensions).collect(),
        other => other.clone(),
    }
}

/// The URLs on custom domains that lead to a stage, in order.
fn on_domains(estate: &FullEstate, scheme: &str, api_id: &str, stage: &str) -> Vec<String> {
    let mut urls: Vec<String> = estate
        .domains
        .iter()
        .filter(|(domain, ..)| !domain.name.starts_with('*'))
        .flat_map(|(domain, mappings, rules)| {
            let keys = keys(domain, mappings, rules, api_id, stage);
            keys.into_iter().map(|key| match key.as_str() {
                "" => format!("{scheme}://{}", domain.name),
                key => format!("{scheme}://{}/{key}", domain.name),
            })
        })
        .filter(|url| url.len() <= URL_MAX)
        .collect();
    urls.sort();
    urls.dedup();
    urls
}

/// The first parts of the paths on a domain that lead to a stage.
fn keys(domain: &DomainName, mappings: &[Mapping], rules: &[RoutingRule], api_id: &str, stage: &str) -> Vec<String> {
    let mut keys = Vec::new();
    if domain.routing_mode != RoutingMode::Rules {
        for mapping in mappings.iter().filter(|mapping| mapping.api_id == api_id) {
            match &mapping.stage {
                Some(named) if named == stage => keys.push(mapping.key.clone()),
                None if mapping.key.is_empty() => keys.push(stage.to_owned()),
                None => keys.push(format!("{}/{stage}", mapping.key)),
                Some(_) => (),
            }
        }
    }
    if domain.routing_mode != RoutingMode::Mappings {
        for rule in rules {
            if rule.api_id == api_id && rule.stage == stage && rule.headers.is_empty() {
                keys.extend(rule.base_paths.iter().cloned());
            }
        }
    }
    keys
}
