//! What the gateway has, in the catalog's words: pure functions of values.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::model::{
    ApiType, Definition, DesiredApi, DesiredDeployment, DesiredVersion, EntityName, EntityPath, Field, FieldPath,
    Fields, Gateway, ImportSpecification, Integration, InvalidName, Properties, RestApi, Skip, SkipReason, SourceKey,
    Stage, digest, is_blank, one_line, some_lines, stage_entity_name,
};

/// Longest title of a catalog entity, in UTF-16 units (swagger of `Microsoft.ApiCenter` 2024-03-01).
const TITLE_MAX: usize = 50;
/// Longest description of an API, in UTF-16 units (the service's limit).
const API_DESCRIPTION_MAX: usize = 1000;
/// Longest description of a deployment, in UTF-16 units (the service's limit).
const DEPLOYMENT_DESCRIPTION_MAX: usize = 500;
/// Longest item of `runtimeUri`, in characters (swagger of `Microsoft.ApiCenter` 2024-03-01, `SmallString`).
const RUNTIME_URI_MAX: usize = 200;
/// Longest part of a host name between dots, in characters (RFC 1035).
const HOST_LABEL_MAX: usize = 63;
/// What API Center calls the kind of REST APIs.
const KIND: &str = "rest";
/// The title of what has no name that can be seen.
const UNTITLED: &str = "untitled";
/// What a stage name may hold that means nothing else in a path; the rest is percent-encoded.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$');

/// The key of a REST API.
#[must_use]
pub fn source_key(gateway: &Gateway, api: &RestApi) -> SourceKey {
    SourceKey {
        gateway: gateway.clone(),
        api_type: ApiType::Rest,
        api_id: api.id.clone(),
    }
}

/// The API entity of a REST API, without its versions.
///
/// # Errors
/// When no entity name can be made of the integration's name and the REST API's id.
pub fn desired_api(integration: &Integration, gateway: &Gateway, api: &RestApi) -> Result<DesiredApi, InvalidName> {
    let title = api_title(api);
    let description = description(api.description.as_deref(), API_DESCRIPTION_MAX);
    Ok(DesiredApi {
        name: EntityName::of_api(&integration.name, &api.id)?,
        members: vec![source_key(gateway, api)],
        fields: Fields {
            enforced: vec![
                field(&["title"], Some(json!(title))),
                field(&["description"], description.map(Value::from)),
                field(&["kind"], Some(json!(KIND))),
            ],
            initial: metadata(&integration.default_custom_properties.api),
        },
        title,
        versions: Vec::new(),
        skips: Vec::new(),
    })
}

/// What a REST API is called in the catalog.
#[must_use]
pub fn api_title(api: &RestApi) -> String {
    title(&api.name, api.id.as_str())
}

/// Adds the versions, definitions and deployments of a REST API's stages, in whatever order Amazon lists them.
///
/// `with_definitions` is whether this sync was asked for them, which matters where they are imported on demand.
pub fn add_stages(
    desired: &mut DesiredApi,
    integration: &Integration,
    (gateway, api): (&Gateway, &RestApi),
    stages: &[Stage],
    with_definitions: bool,
) {
    let mut sorted: Vec<&Stage> = stages.iter().collect();
    // Names are unique on Amazon; the rest of the key only makes the outcome independent of the order if they were not.
    sorted.sort_by_key(|stage| (&stage.name, &stage.deployment_id, stage.last_updated));
    let mut taken = BTreeSet::new();
    for stage in sorted {
        let name = stage_entity_name(&stage.name);
        if taken.insert(name.clone()) {
            let version = desired_version(integration, (gateway, api), stage, name, with_definitions);
            desired.versions.push(version);
        } else {
            desired.skips.push(Skip {
                stage_name: Some(stage.name.clone()),
                reason: SkipReason::NameCollision,
                message: format!("another stage of the API already has the entity name {name}"),
            });
        }
    }
}

fn desired_version(
    integration: &Integration,
    (gateway, api): (&Gateway, &RestApi),
    stage: &Stage,
    name: EntityName,
    with_definitions: bool,
) -> DesiredVersion {
    let exported = || Definition::Exported(revision(api, stage));
    let definition = match integration.import_specification {
        ImportSpecification::Always => exported(),
        ImportSpecification::OnDemand if with_definitions => exported(),
        ImportSpecification::OnDemand => Definition::Kept,
        ImportSpecification::Never => Definition::Absent,
    };
    let (runtime_uri, skip) = runtime_uri(gateway, api, &stage.name);
    let title = title(&stage.name, &stage.deployment_id);
    let description = description(stage.description.as_deref(), DEPLOYMENT_DESCRIPTION_MAX);
    let environment = EntityPath::Environment(integration.environment.clone());
    let mut initial = vec![
        field(&["title"], Some(json!(title))),
        field(&["description"], description.map(Value::from)),
        field(&["state"], Some(json!("active"))),
    ];
    initial.extend(metadata(&integration.default_custom_properties.deployment));
    let deployment = DesiredDeployment {
        name: name.clone(),
        from: source_key(gateway, api),
        deployment_id: stage.deployment_id.clone(),
        fields: Fields {
            enforced: vec![
                field(&["server", "runtimeUri"], Some(json!(runtime_uri))),
                field(&["environmentId"], Some(json!(environment.scoped_id()))),
            ],
            initial,
        },
    };
    DesiredVersion {
        name,
        stage_name: stage.name.clone(),
        fields: Fields {
            enforced: vec![field(&["title"], Some(json!(title)))],
            initial: vec![field(&["lifecycleStage"], Some(json!(integration.lifecycle_stage)))],
        },
        definition,
        deployments: vec![deployment],
        skips: skip.into_iter().collect(),
    }
}

fn field(path: &[&str], value: Option<Value>) -> Field {
    (FieldPath::new(path), value)
}

/// The organisation's own metadata with the values that the integration gives.
fn metadata(defaults: &Properties) -> Vec<Field> {
    let values = defaults.iter();
    values
        .map(|(name, value)| field(&["customProperties", name], Some(value.clone())))
        .collect()
}

/// Everything that an export of the stage depends on, as a JSON array: unambiguous whatever the parts hold, and short.
///
/// | part | why |
/// |---|---|
/// | deployment | an export is of the snapshot that the stage runs |
/// | last change of the stage | a rollback and return, or a changed setting, is noticed even if the deployment is the same |
/// | documentation version | exports merge the documentation parts of that version |
/// | canary's deployment | promoting a canary makes its snapshot the stage's |
/// | name, description and version of the API | exports tell them in `info`, whatever is deployed |
fn revision(api: &RestApi, stage: &Stage) -> String {
    // Without a version, `info` has a time stamp that does not count as a change.
    let version = api.version.as_deref().filter(|version| !version.is_empty());
    json!([
        stage.deployment_id,
        stage.last_updated,
        stage.documentation_version,
        stage.canary_deployment_id,
        digest(json!([api.name, api.description, version]).to_string().as_bytes()),
    ])
    .to_string()
}

/// Where the stage is called, and what is to be said if that cannot all be stored.
fn runtime_uri(gateway: &Gateway, api: &RestApi, stage_name: &str) -> (Vec<String>, Option<Skip>) {
    let skip = |message| {
        Some(Skip {
            stage_name: Some(stage_name.to_owned()),
            reason: SkipReason::NoInvokeUrl,
            message,
        })
    };
    if api.execute_api_disabled {
        let message = format!(
            "the execute-api endpoint of the API is switched off: only a custom domain with a base path mapping to stage \
             {stage_name} of REST API {} reaches it",
            api.id
        );
        return (Vec::new(), skip(message));
    }
    let stage_segment = utf8_percent_encode(stage_name, PATH_SEGMENT);
    let labels = labels(api);
    if let Some(label) = labels.iter().find(|label| !is_host_label(label)) {
        let label = one_line(label, TITLE_MAX);
        return (
            Vec::new(),
            skip(format!("{label:?} is no part of a host name, so that there is no URL")),
        );
    }
    let region = &gateway.region;
    let (fit, too_long): (Vec<String>, Vec<String>) = labels
        .iter()
        .map(|label| {
            format!(
                "https://{label}.execute-api.{region}.{}/{stage_segment}",
                region.dns_suffix()
            )
        })
        .partition(|uri| uri.len() <= RUNTIME_URI_MAX);
    let skip = too_long.first().and_then(|uri| {
        skip(format!(
            "{uri} has {} characters; API Center stores {RUNTIME_URI_MAX}",
            uri.len()
        ))
    });
    (fit, skip)
}

/// The first labels of an API's hosts: its own, or for a private one a label for each of its VPC endpoints, if it has any,
/// since its own resolves only where private DNS is on.
fn labels(api: &RestApi) -> Vec<String> {
    let endpoints: BTreeSet<&String> = api.vpc_endpoint_ids.iter().collect();
    if api.private && !endpoints.is_empty() {
        let label = |endpoint: &String| format!("{}-{endpoint}", api.id);
        return endpoints.into_iter().map(label).collect();
    }
    vec![api.id.to_string()]
}

/// Whether it stays within its place in a host name, wherever an id in it came from.
fn is_host_label(label: &str) -> bool {
    label.len() <= HOST_LABEL_MAX && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A title is required, and one without anything to see would look like none.
fn title(name: &str, otherwise: &str) -> String {
    let texts = [name, otherwise, UNTITLED];
    let text = texts.into_iter().find(|text| !is_blank(text)).unwrap_or(UNTITLED);
    one_line(text, TITLE_MAX)
}

fn description(text: Option<&str>, limit: usize) -> Option<String> {
    let text = text.filter(|text| !is_blank(text))?;
    Some(some_lines(text, limit))
}

#[cfg(test)]
mod tests;
