//! The desired catalog for an estate, computed independently of the code under test.

mod full;

use std::collections::BTreeMap;

use sandbox::api_gateway::{Definition, RestApi, Stage};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use full::{desired_full, desired_full_by, full_estate, stages_of};

/// All REST APIs of a gateway and their stages.
pub type Estate = Vec<(RestApi, Vec<Stage>)>;

/// The settings of an integration.
#[derive(Debug, Clone, Copy)]
pub struct Wishes<'a> {
    pub integration: &'a str,
    pub region: &'a str,
    pub environment: &'a str,
    pub definitions: bool,
}

/// The relevant part of every desired entity, by path.
pub fn desired(integration: &str, region: &str, estate: &Estate) -> BTreeMap<String, Value> {
    let wishes = Wishes {
        integration,
        region,
        environment: integration,
        definitions: true,
    };
    desired_by(&wishes, estate)
}

/// The same for an integration that asks for something else than most do.
pub fn desired_by(wishes: &Wishes<'_>, estate: &Estate) -> BTreeMap<String, Value> {
    let integration = wishes.integration;
    let mut desired = BTreeMap::new();
    for (api, stages) in estate {
        let name = format!("{integration}-{}", api.id).to_lowercase();
        let title = if api.name.trim().is_empty() { &api.id } else { &api.name };
        desired.insert(
            format!("apis/{name}"),
            json!({ "title": cut(&honest(title, ""), 50), "description": description(api), "kind": "rest" }),
        );
        let mut stages: Vec<&Stage> = stages.iter().collect();
        stages.sort_by(|one, other| one.name.cmp(&other.name));
        for (place, stage) in stages.into_iter().enumerate() {
            desired.extend(desired_stage(wishes, &name, api, stage, place < 10));
        }
    }
    desired
}

/// The same of what the catalog does hold; fields that belong to users are left out.
pub fn actual(integration: &str, snapshot: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let prefix = format!("apis/{integration}-");
    let ours = snapshot.iter().filter(|(path, _)| path.starts_with(&prefix));
    ours.map(|(path, entity)| (path.clone(), what_matters(path, entity)))
        .collect()
}

fn desired_stage(
    wishes: &Wishes<'_>,
    api_name: &str,
    api: &RestApi,
    stage: &Stage,
    has_room_for_deployment: bool,
) -> BTreeMap<String, Value> {
    let mut desired = BTreeMap::new();
    let name = entity_name(&stage.name);
    let version = format!("apis/{api_name}/versions/{name}");
    let definition = format!("{version}/definitions/openapi");
    desired.insert(
        version,
        json!({ "title": cut(&stage.name, 50), "lifecycleStage": "design" }),
    );
    let document = document(stage).filter(|_| wishes.definitions);
    let definition_id = document.as_ref().map(|_| format!("/workspaces/default/{definition}"));
    if let Some(paths) = document {
        desired.insert(
            definition,
            json!({ "title": "OpenAPI", "specification": "openapi", "paths": paths }),
        );
    }
    if has_room_for_deployment {
        desired.insert(
            format!("apis/{api_name}/deployments/{name}"),
            json!({
                "title": cut(&stage.name, 50),
                "state": "active",
                "environmentId": format!("/workspaces/default/environments/{}", wishes.environment),
                "definitionId": definition_id,
                "runtimeUri": runtime_uri(wishes.region, api, stage),
            }),
        );
    }
    desired
}

/// The part that the source owns, so that every run corrects it.
pub fn source_owned(path: &str, mut matters: Value) -> Value {
    let theirs: &[&str] = match (path.contains("/deployments/"), path.split('/').count()) {
        (true, _) => &["title", "state"],
        (false, 4) => &["lifecycleStage"],
        (false, _) => &[],
    };
    if let Some(matters) = matters.as_object_mut() {
        matters.retain(|name, _| !theirs.contains(&name.as_str()));
    }
    matters
}

/// The relevant part of an entity.
pub fn what_matters(path: &str, entity: &Value) -> Value {
    let properties = &entity["properties"];
    let of = |name: &str| properties[name].clone();
    if path.contains("/definitions/") {
        let content: Value = entity["content"]
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let specification = properties["specification"]["name"].clone();
        let paths = if specification == "asyncapi" {
            full::messages(&content)
        } else {
            content["paths"].clone()
        };
        json!({ "title": of("title"), "specification": specification, "paths": paths })
    } else if path.contains("/deployments/") {
        json!({
            "title": of("title"),
            "state": of("state"),
            "environmentId": of("environmentId"),
            "definitionId": of("definitionId"),
            "runtimeUri": properties["server"]["runtimeUri"],
        })
    } else if path.contains("/versions/") {
        json!({ "title": of("title"), "lifecycleStage": of("lifecycleStage") })
    } else {
        let kind = properties["kind"].as_str().unwrap_or_default().to_lowercase();
        json!({ "title": of("title"), "description": of("description"), "kind": kind })
    }
}

/// The paths of what an export should hold, if there is anything to be had that fits.
fn document(stage: &Stage) -> Option<Value> {
    const LARGEST: usize = 3 * 1024 * 1024;
    match &stage.definition {
        Definition::OpenApi(document) if document.to_string().len() < LARGEST => Some(document["paths"].clone()),
        Definition::OpenApi(_) | Definition::Refused(_) | Definition::Raw { .. } => None,
    }
}

fn runtime_uri(region: &str, api: &RestApi, stage: &Stage) -> Value {
    if api.disable_execute_api_endpoint {
        return json!([]);
    }
    let uri = |host: String| format!("https://{host}.execute-api.{region}.amazonaws.com/{}", stage.name);
    if api.vpc_endpoint_ids.is_empty() {
        return json!([uri(api.id.clone())]);
    }
    let mut endpoints = api.vpc_endpoint_ids.clone();
    endpoints.sort();
    json!(
        endpoints
            .iter()
            .map(|endpoint| uri(format!("{}-{endpoint}", api.id)))
            .collect::<Vec<_>>()
    )
}

fn description(api: &RestApi) -> Value {
    match api.description.as_deref().map(str::trim) {
        None | Some("") => Value::Null,
        Some(_) => json!(cut(
            &honest(api.description.as_deref().unwrap_or_default(), "\n\t"),
            1000
        )),
    }
}

/// The name of a stage's version and deployment.
pub fn entity_name(stage: &str) -> String {
    let letters: Vec<char> = stage.chars().collect();
    let plain = |character: &char| character.is_ascii_lowercase() || character.is_ascii_digit() || *character == '-';
    let hex = |character: &char| character.is_ascii_digit() || ('a'..='f').contains(character);
    let looks_made =
        letters.len() > 16 && letters[letters.len() - 17] == '-' && letters[letters.len() - 16..].iter().all(hex);
    if (3..=64).contains(&letters.len()) && letters.iter().all(plain) && !looks_made {
        return stage.to_owned();
    }
    let lowered = stage.to_lowercase();
    let readable: String = lowered
        .chars()
        .map(|letter| if plain(&letter) { letter } else { '-' })
        .skip_while(|letter| *letter == '-')
        .take(64)
        .collect();
    let digest = Sha256::digest(stage.as_bytes());
    let number = u64::from_be_bytes(digest[..8].try_into().unwrap());
    format!("{readable}-{number:016x}")
}

/// A text in which what commands a terminal or turns the direction of reading is seen; white space other than `kept` is
/// a space.
fn honest(text: &str, kept: &str) -> String {
    let turning: Vec<char> = (0x202a..=0x202e)
        .chain(0x2066..=0x2069)
        .filter_map(char::from_u32)
        .collect();
    let seen = |letter: char| {
        if kept.contains(letter) {
            letter
        } else if "\t\n\r\u{b}\u{c}\u{85}\u{2028}\u{2029}".contains(letter) {
            ' '
        } else if turning.contains(&letter) || letter.is_control() {
            '\u{fffd}'
        } else {
            letter
        }
    };
    text.chars().map(seen).collect()
}

/// At most `most` UTF-16 units, with a horizontal ellipsis when something was cut.
fn cut(text: &str, most: usize) -> String {
    let units = |text: &str| text.encode_utf16().count();
    if units(text) <= most {
        return text.to_owned();
    }
    let mut short = text.to_owned();
    while units(&short) > most - 1 {
        short.pop();
    }
    short + "\u{2026}"
}
