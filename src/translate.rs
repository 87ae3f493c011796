//! Translates the gateway's APIs into the catalog's terms: pure functions of values.

mod address;
mod asyncapi;
mod document;
mod fit;
mod group;
mod map;
mod select;
mod servers;
mod subject;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::address::{DEFAULT_STAGE, address};
pub use self::document::{Cut, definition};
use self::group::deployment_title;
pub use self::group::group_of;
use self::map::Mapping;
pub use self::map::{check_rules, environments_named, names_environments};
pub use self::select::{Selection, api_selection, listed_selection, stage_selection};
pub use self::subject::{Place, Subject};

use crate::model::{
    ApiType, Definition, DesiredApi, DesiredDeployment, DesiredMember, DesiredVersion, Domains, EntityKind, EntityName,
    EntityPath, Field, FieldPath, Fields, Format, Gateway, GatewayApi, ImportSpecification, Integration, InvalidName,
    MetadataTypes, Properties, Skip, SkipReason, SourceKey, Stage, digest, is_blank, one_line, some_lines,
    stage_entity_name,
};

/// Longest title of a catalog entity, in UTF-16 units (swagger of `Microsoft.ApiCenter` 2024-03-01).
const TITLE_MAX: usize = 50;
/// Longest description of an API, in UTF-16 units (the service's limit).
const API_DESCRIPTION_MAX: usize = 1000;
/// Longest description of a deployment, in UTF-16 units (the service's limit).
const DEPLOYMENT_DESCRIPTION_MAX: usize = 500;
/// The title of something without a visible name.
const UNTITLED: &str = "untitled";
/// The key of an API.
#[must_use]
pub fn source_key(gateway: &Gateway, api: &GatewayApi) -> SourceKey {
    SourceKey {
        gateway: gateway.clone(),
        api_type: api.api_type,
        api_id: api.id.clone(),
    }
}

/// An API's part of an entity, its group's or its own, without fields and versions.
///
/// # Errors
/// If it stands alone and the integration's name and its id do not form a valid entity name.
pub fn listed_api(integration: &Integration, place: Place<'_>, api: &GatewayApi) -> Result<DesiredApi, InvalidName> {
    let (name, is_group) = match group_of(integration, api) {
        Some(group) => (group, true),
        None => (EntityName::of_api(&integration.name, &api.id)?, false),
    };
    let source = integration.sources.iter().position(|source| source == place.source);
    let member = DesiredMember {
        key: source_key(place.gateway, api),
        source_order: source.unwrap_or_default(),
        title: api_title(api),
        fields: Fields::default(),
    };
    Ok(DesiredApi::of_member(name, is_group, member))
}

/// Fills in the fields of an entity that this API decides. Rules set them as their types allow.
pub fn add_fields(
    desired: &mut DesiredApi,
    integration: &Integration,
    place: Place<'_>,
    api: &GatewayApi,
    types: &MetadataTypes,
) {
    let gateway = place.gateway;
    let description = description(api.description.as_deref(), API_DESCRIPTION_MAX);
    let mut enforced = vec![
        field(&["title"], Some(json!(api_title(api)))),
        field(&["description"], description.map(Value::from)),
        field(&["kind"], Some(json!(kind(api.api_type)))),
    ];
    for fact in &integration.facts {
        // Leave what is unknown.
        if let Some(value) = fact.value(gateway, api) {
            enforced.push((fact.path(), Some(json!([value]))));
        }
    }
    let mut fields = Fields::new(enforced, metadata(&integration.default_custom_properties.api));
    let mapping = Mapping {
        rules: &integration.map,
        types,
        subject: Subject::of(place, api),
        stage_name: None,
        member: member(desired.is_group, gateway, api),
    };
    desired.skips.extend(mapping.fill(EntityKind::Api, &mut fields));
    let key = source_key(gateway, api);
    if let Some(member) = desired.members.iter_mut().find(|member| member.key == key) {
        member.fields = fields;
    }
}

/// The title of an API in the catalog.
#[must_use]
pub fn api_title(api: &GatewayApi) -> String {
    title(&api.name, api.id.as_str())
}

/// API Center's name for the kind.
fn kind(api_type: ApiType) -> &'static str {
    match api_type {
        ApiType::Rest | ApiType::Http => "rest",
        ApiType::Websocket => "websocket",
    }
}

/// The inputs of the translation of stages besides the API.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The integration.
    pub integration: &'a Integration,
    /// The place of the API.
    pub place: Place<'a>,
    /// The custom domains of the gateway.
    pub domains: &'a Domains,
    /// The types of the fields that rules set.
    pub types: &'a MetadataTypes,
    /// The recorded URLs of the deployments in the catalog.
    pub recorded: &'a BTreeMap<EntityName, Vec<String>>,
    /// Whether this sync asks for definitions, if they are imported on demand.
    pub with_definitions: bool,
}

/// Whether anything of a stage belongs in the catalog.
#[must_use]
pub fn is_deployed(api: &GatewayApi, stage: &Stage) -> bool {
    api.api_type == ApiType::Rest || !stage.deployment_id.is_empty()
}

/// Adds the versions, definitions and deployments of the selected stages, in any order, to an API's part of its entity:
/// group members are joined later.
pub fn add_stages(desired: &mut DesiredApi, around: Around<'_>, api: &GatewayApi, stages: &[Stage]) {
    let mut sorted: Vec<&Stage> = stages.iter().collect();
    // Names are unique in AWS; the rest of the key only makes the result independent of the order if they were not.
    sorted.sort_by_key(|stage| (&stage.name, &stage.deployment_id, stage.last_updated));
    let subject = Subject::of(around.place, api);
    sorted.retain(|stage| stage_selection(around.integration, subject, &stage.name).is_in());
    let mut taken = BTreeSet::new();
    for stage in sorted {
        let name = stage_entity_name(&stage.name);
        let version = if !is_deployed(api, stage) {
            Err((SkipReason::NotDeployed, "the stage runs no deployment".to_owned()))
        } else if taken.insert(name.clone()) {
            desired_version(around, (api, stage), name, desired.is_group)
        } else {
            let message = format!("another stage of the API already has the entity name {name}");
            Err((SkipReason::NameCollision, message))
        };
        match version {
            Ok(version) => desired.versions.push(version),
            Err((reason, message)) => desired.skips.push(Skip {
                member: member(desired.is_group, around.place.gateway, api),
                stage_name: Some(stage.name.clone()),
                reason,
                message,
            }),
        }
    }
}

/// The member that a skip is about, if it needs naming.
fn member(is_group: bool, gateway: &Gateway, api: &GatewayApi) -> Option<String> {
    is_group.then(|| source_key(gateway, api).to_string())
}

fn desired_version(
    around: Around<'_>,
    (api, stage): (&GatewayApi, &Stage),
    name: EntityName,
    is_group: bool,
) -> Result<DesiredVersion, (SkipReason, String)> {
    let Around { integration, place, .. } = around;
    let Place { source, gateway, .. } = place;
    let from = source_key(gateway, api);
    let deployment = if is_group { name.of_member(&from) } else { name.clone() };
    let recorded = around.recorded.get(&deployment);
    let address = address((gateway, api), &stage.name, around.domains, recorded);
    if let Some(why) = address.unknown {
        return Err((SkipReason::DomainUnknown, why));
    }
    let replaces_servers = address.has_domain || api.execute_api_disabled || stage.name == DEFAULT_STAGE;
    let servers = (replaces_servers || api.api_type == ApiType::Websocket).then(|| address.urls.clone());
    let exported = || Definition::Exported(revision(api, stage, servers.as_deref()));
    let definition = match integration.import_specification {
        ImportSpecification::Always => exported(),
        ImportSpecification::OnDemand if around.with_definitions => exported(),
        ImportSpecification::OnDemand => Definition::Kept,
        ImportSpecification::Never => Definition::Absent,
    };
    let gap = address.gap.map(|message| Skip {
        member: member(is_group, gateway, api),
        stage_name: Some(stage.name.clone()),
        reason: SkipReason::NoInvokeUrl,
        message,
    });
    let mut skips: Vec<Skip> = gap.into_iter().collect();
    let mapping = Mapping {
        rules: &integration.map,
        types: around.types,
        subject: Subject::of(place, api),
        stage_name: Some(&stage.name),
        member: member(is_group, gateway, api),
    };
    let title = title(&stage.name, &stage.deployment_id);
    let its_title = if is_group {
        deployment_title(place)
    } else {
        title.clone()
    };
    let description = description(stage.description.as_deref(), DEPLOYMENT_DESCRIPTION_MAX);
    let environment = integration.environment_of(source);
    let mut initial = vec![
        field(&["title"], Some(json!(its_title))),
        field(&["description"], description.map(Value::from)),
        field(&["state"], Some(json!("active"))),
    ];
    initial.extend(metadata(&integration.default_custom_properties.deployment));
    let mut enforced = vec![field(&["server", "runtimeUri"], Some(json!(address.urls)))];
    if around.types.lacks_environment(environment) {
        skips.push(Skip {
            member: member(is_group, gateway, api),
            stage_name: Some(stage.name.clone()),
            reason: SkipReason::EnvironmentMissing,
            message: format!("there is no environment {environment}: the deployment keeps its own, if any"),
        });
    } else {
        let environment = EntityPath::Environment(environment.clone());
        enforced.push(field(&["environmentId"], Some(json!(environment.scoped_id()))));
    }
    let mut fields = Fields::new(enforced, initial);
    skips.extend(mapping.fill(EntityKind::Deployment, &mut fields));
    let stage_title = field(&["title"], Some(json!(title)));
    let lifecycle_stage = field(&["lifecycleStage"], Some(json!(integration.lifecycle_stage_of(source))));
    let mut version = Fields::new(vec![stage_title], vec![lifecycle_stage]);
    skips.extend(mapping.fill(EntityKind::Version, &mut version));
    let deployment = DesiredDeployment {
        name: deployment,
        from,
        deployment_id: stage.deployment_id.clone(),
        servers,
        version,
        fields,
        urls: address.urls,
        definition,
        skips,
    };
    Ok(DesiredVersion {
        name,
        stage_name: stage.name.clone(),
        format: match api.api_type {
            ApiType::Rest | ApiType::Http => Format::OpenApi,
            ApiType::Websocket => Format::AsyncApi,
        },
        deployments: vec![deployment],
    })
}

fn field(path: &[&str], value: Option<Value>) -> Field {
    (FieldPath::new(path), value)
}

/// The organisation's own metadata with the integration's values.
fn metadata(defaults: &Properties) -> Vec<Field> {
    let values = defaults.iter();
    values
        .map(|(name, value)| field(&["customProperties", name], Some(value.clone())))
        .collect()
}

/// Everything that an export of the stage depends on, as a JSON array: unambiguous and short.
///
/// | part | why |
/// |---|---|
/// | deployment | an export shows the snapshot that the stage runs |
/// | last change of the stage | detects a rollback and return, or a changed setting, with the same deployment |
/// | documentation version | exports merge the documentation parts of that version |
/// | canary's deployment | promoting a canary makes its snapshot the stage's |
/// | name, description and version of the API | `info` in exports, whatever is deployed |
/// | servers | written into the document where they replace the exported ones |
fn revision(api: &GatewayApi, stage: &Stage, servers: Option<&[String]>) -> String {
    // Without a version, `info` has a time stamp, which does not count as a change.
    let version = api.version.as_deref().filter(|version| !version.is_empty());
    json!([
        stage.deployment_id,
        stage.last_updated,
        stage.documentation_version,
        stage.canary_deployment_id,
        digest(json!([api.name, api.description, version]).to_string().as_bytes()),
        servers.map(|servers| digest(json!(servers).to_string().as_bytes())),
    ])
    .to_string()
}

/// A title is required, and an invisible one would look missing.
fn title(name: &str, otherwise: &str) -> String {
    let texts = [name, otherwise, UNTITLED];
    let text = texts.into_iter().find(|text| !is_blank(text)).unwrap_or(UNTITLED);
    one_line(text, TITLE_MAX)
}

fn description(text: Option<&str>, limit: usize) -> Option<String> {
    let text = text.filter(|text| !is_blank(text))?;
    Some(some_lines(text, limit))
}
