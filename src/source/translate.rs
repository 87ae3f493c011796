//! What the gateway has, in the catalog's words: pure functions of values.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::model::{
    DesiredApi, DesiredDefinition, DesiredStage, EntityName, ImportSpecification, Integration, InvalidName, RestApi,
    Skip, SkipReason, Stage, digest, is_blank, one_line, some_lines, stage_entity_name,
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
/// The title of what has no name that can be seen.
const UNTITLED: &str = "untitled";
/// What a stage name may hold that means nothing else in a path; the rest is percent-encoded.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$');

/// The stages of an API as they shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranslatedStages {
    /// By stage name.
    pub stages: Vec<DesiredStage>,
    /// The stages that there is no name for.
    pub skips: Vec<Skip>,
}

/// The API entity of a REST API.
///
/// # Errors
/// When no entity name can be made of the integration's name and the REST API's id.
pub fn desired_api(integration: &Integration, api: &RestApi) -> Result<DesiredApi, InvalidName> {
    Ok(DesiredApi {
        name: EntityName::of_api(&integration.name, &api.id)?,
        rest_api_id: api.id.clone(),
        title: api_title(api),
        description: description(api.description.as_deref(), API_DESCRIPTION_MAX),
    })
}

/// What a REST API is called in the catalog.
#[must_use]
pub fn api_title(api: &RestApi) -> String {
    title(&api.name, api.id.as_str())
}

/// The versions, definitions and deployments of a REST API's stages, in whatever order Amazon lists them.
///
/// `with_definitions` is whether this sync was asked for them, which matters where they are imported on demand.
#[must_use]
pub fn desired_stages(
    integration: &Integration,
    api: &RestApi,
    stages: &[Stage],
    with_definitions: bool,
) -> TranslatedStages {
    let mut sorted: Vec<&Stage> = stages.iter().collect();
    // Names are unique on Amazon; the rest of the key only makes the outcome independent of the order if they were not.
    sorted.sort_by_key(|stage| (&stage.name, &stage.deployment_id, stage.last_updated));
    let mut taken = BTreeSet::new();
    let mut translated = TranslatedStages {
        stages: Vec::new(),
        skips: Vec::new(),
    };
    for stage in sorted {
        let name = stage_entity_name(&stage.name);
        if taken.insert(name.clone()) {
            let stage = desired_stage(integration, api, stage, name, with_definitions);
            translated.stages.push(stage);
        } else {
            translated.skips.push(Skip {
                rest_api_id: api.id.to_string(),
                title: None,
                stage_name: Some(stage.name.clone()),
                reason: SkipReason::NameCollision,
                message: format!("another stage of the API already has the entity name {name}"),
            });
        }
    }
    translated
}

fn desired_stage(
    integration: &Integration,
    api: &RestApi,
    stage: &Stage,
    name: EntityName,
    with_definitions: bool,
) -> DesiredStage {
    let revision = || DesiredDefinition::Revision(revision(api, stage));
    let definition = match integration.import_specification {
        ImportSpecification::Always => revision(),
        ImportSpecification::OnDemand if with_definitions => revision(),
        ImportSpecification::OnDemand => DesiredDefinition::Kept,
        ImportSpecification::Never => DesiredDefinition::Absent,
    };
    let (runtime_uri, skip) = runtime_uri(integration, api, &stage.name);
    DesiredStage {
        name,
        stage_name: stage.name.clone(),
        title: title(&stage.name, &stage.deployment_id),
        description: description(stage.description.as_deref(), DEPLOYMENT_DESCRIPTION_MAX),
        runtime_uri,
        deployment_id: stage.deployment_id.clone(),
        definition,
        skips: skip.into_iter().collect(),
    }
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
fn runtime_uri(integration: &Integration, api: &RestApi, stage_name: &str) -> (Vec<String>, Option<Skip>) {
    let skip = |message| {
        Some(Skip {
            rest_api_id: api.id.to_string(),
            title: None,
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
    let region = &integration.region;
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
