//! Values that the tests start from.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{CatalogLimits, Observation, RequiredMetadata, Rules};
use crate::catalog::marker::ApiMarker;
use crate::model::{
    AccessKeySecrets, ApiId, ApiList, ApiType, AwsAuthentication, DefaultCustomProperties, Definition, DesiredApi,
    DesiredDeployment, DesiredMember, DesiredVersion, Document, Entity, EntityName, EntityPath, Export, Field,
    FieldPath, Fields, Format, Gateway, GroupBy, ImportSpecification, Integration, IntegrationName, LifecycleStage,
    MetadataTypes, Properties, Region, SecretIdentifier, Skip, SkipReason, SourceKey, SystemData, VaultHosts,
    stage_entity_name,
};

/// What the gateway has of one API, and what the catalog has room for.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub integration: Integration,
    pub api: Api,
    pub stages: Vec<Stage>,
    pub skips: Vec<Skip>,
    pub limits: CatalogLimits,
    pub required: RequiredMetadata,
    /// Fields of the API that rules set.
    pub ruled: Vec<Field>,
    /// Whether the guard holds deletions.
    pub held: bool,
    /// Whether AWS denies every export.
    pub failing: bool,
}

/// An API of the gateway.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub id: ApiId,
    pub title: String,
    pub description: Option<String>,
}

/// A stage of an API.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub name: String,
    pub title: String,
    pub runtime_uri: Vec<String>,
    pub deployment_id: String,
    pub definition: Definition,
    pub skips: Vec<Skip>,
}

impl Source {
    /// What plans go by.
    pub fn rules(&self) -> Rules {
        Rules {
            integration: self.integration.name.clone(),
            limits: self.limits,
            required: self.required.clone(),
            types: MetadataTypes::default(),
            on_demand: false,
        }
    }

    /// The API as it must be, fields as translation gives them.
    pub fn desired(&self) -> DesiredApi {
        let api = &self.api;
        let by_rules = self.ruled.iter().cloned();
        let rules = self
            .ruled
            .iter()
            .map(|(path, _)| (path.clone(), "map[0].set".to_owned()));
        let own = [
            field(&["title"], Some(json!(api.title))),
            field(&["description"], api.description.as_ref().map(|text| json!(text))),
            field(&["kind"], Some(json!("rest"))),
        ];
        let mut versions: Vec<DesiredVersion> = self.stages.iter().map(|stage| self.version(stage)).collect();
        versions.sort_by(|one, other| one.stage_name.cmp(&other.stage_name));
        let member = DesiredMember {
            key: key(api.id.as_str()),
            source_order: 0,
            title: api.title.clone(),
            fields: Fields {
                enforced: own.into_iter().chain(by_rules).collect(),
                initial: metadata(&self.integration.default_custom_properties.api),
                rules: rules.collect(),
            },
        };
        DesiredApi {
            versions,
            skips: self.skips.clone(),
            ..DesiredApi::of_member(
                EntityName::of_api(&self.integration.name, &api.id).unwrap(),
                false,
                member,
            )
        }
    }

    fn version(&self, stage: &Stage) -> DesiredVersion {
        let environment = EntityPath::Environment(self.integration.environment.clone());
        let mut initial = vec![
            field(&["title"], Some(json!(stage.title))),
            field(&["description"], Some(json!(format!("The stage {}", stage.name)))),
            field(&["state"], Some(json!("active"))),
        ];
        initial.extend(metadata(&self.integration.default_custom_properties.deployment));
        let name = stage_entity_name(&stage.name);
        let deployment = DesiredDeployment {
            name: name.clone(),
            from: key(self.api.id.as_str()),
            deployment_id: stage.deployment_id.clone(),
            fields: Fields {
                enforced: vec![
                    field(&["server", "runtimeUri"], Some(json!(stage.runtime_uri))),
                    field(&["environmentId"], Some(json!(environment.scoped_id()))),
                ],
                initial,
                ..Fields::default()
            },
            urls: stage.runtime_uri.clone(),
            servers: None,
            version: Fields {
                enforced: vec![field(&["title"], Some(json!(stage.title)))],
                initial: vec![field(
                    &["lifecycleStage"],
                    Some(json!(self.integration.lifecycle_stage)),
                )],
                ..Fields::default()
            },
            definition: stage.definition.clone(),
            skips: stage.skips.clone(),
        };
        DesiredVersion {
            name,
            stage_name: stage.name.clone(),
            format: Format::OpenApi,
            deployments: vec![deployment],
        }
    }
}

fn field(path: &[&str], value: Option<Value>) -> Field {
    (FieldPath::new(path), value)
}

fn metadata(values: &Properties) -> Vec<Field> {
    let values = values.iter();
    values
        .map(|(name, value)| field(&["customProperties", name], Some(value.clone())))
        .collect()
}

pub(super) fn gateway() -> Gateway {
    Gateway {
        account: None,
        region: Region::parse("us-east-1").unwrap(),
    }
}

pub(super) fn key(id: &str) -> SourceKey {
    SourceKey {
        gateway: gateway(),
        api_type: ApiType::Rest,
        api_id: ApiId::parse(id).unwrap(),
    }
}

pub(super) fn name(text: &str) -> EntityName {
    EntityName::parse(text).unwrap()
}

pub(super) fn integration(integration: &str) -> Integration {
    let secret = |name: &str| {
        let identifier = format!("https://kv.vault.azure.net/secrets/{name}");
        SecretIdentifier::parse(&identifier, &VaultHosts::PublicClouds).unwrap()
    };
    Integration {
        name: IntegrationName::parse(integration).unwrap(),
        sources: vec![crate::model::Source {
            name: None,
            regions: vec![Region::parse("us-east-1").unwrap()],
            authentication: AwsAuthentication::AccessKey(AccessKeySecrets {
                access_key: secret("id"),
                secret_access_key: secret("key"),
            }),
            accounts: crate::model::Accounts::Own,
            account: None,
            environment: None,
            lifecycle_stage: None,
            msi_resource_id: None,
        }],
        api_types: [ApiType::Rest].into(),
        facts: BTreeSet::new(),
        import_specification: ImportSpecification::Always,
        environment: name(integration),
        lifecycle_stage: LifecycleStage::Testing,
        default_custom_properties: DefaultCustomProperties::default(),
        include: Vec::new(),
        exclude: Vec::new(),
        map: Vec::new(),
        group_by: GroupBy::None,
        group_trim: BTreeSet::new(),
    }
}

/// An API of a list, without its versions.
pub(super) fn desired(id: &str) -> DesiredApi {
    let source = Source {
        api: api(id),
        ..source(&[])
    };
    source.desired()
}

fn api(id: &str) -> Api {
    Api {
        id: ApiId::parse(id).unwrap(),
        title: format!("Title of {id}"),
        description: Some("What it does".to_owned()),
    }
}

/// A stage whose definition is the export of a revision.
pub(super) fn stage(stage_name: &str, revision: u8) -> Stage {
    Stage {
        name: stage_name.to_owned(),
        title: stage_name.to_owned(),
        runtime_uri: vec![format!("https://a1.execute-api.us-east-1.amazonaws.com/{stage_name}")],
        deployment_id: format!("dep{revision}"),
        definition: Definition::Exported(revision.to_string()),
        skips: Vec::new(),
    }
}

pub(super) fn source(stages: &[(&str, u8)]) -> Source {
    Source {
        integration: integration("shop"),
        api: api("a1"),
        stages: stages
            .iter()
            .map(|(stage_name, revision)| stage(stage_name, *revision))
            .collect(),
        skips: Vec::new(),
        limits: CatalogLimits {
            apis: 200,
            versions_per_api: 5,
            deployments_per_api: 10,
        },
        required: RequiredMetadata::default(),
        ruled: Vec::new(),
        held: false,
        failing: false,
    }
}

/// A revision whose export AWS refuses.
pub(super) const REFUSED: u8 = 9;

/// What the export of a revision gives: two revisions in a row give the same document.
pub(super) fn export(revision: &str) -> Export {
    let number: u8 = revision.parse().unwrap();
    if number == REFUSED {
        return Export::Unavailable {
            reason: SkipReason::ExportRefused,
            message: "no".to_owned(),
        };
    }
    let text = format!("document {}", number / 2);
    let digest = crate::model::digest(text.as_bytes());
    Export::Document(Document {
        format: Format::OpenApi,
        canonical_digest: format!("canonical {digest}"),
        comparison_digest: format!("comparison {digest}"),
        content_digest: digest,
        specification_version: "3.0.1".to_owned(),
        text,
    })
}

pub(super) fn properties(value: Value) -> Properties {
    let Value::Object(properties) = value else {
        panic!("{value} is no object")
    };
    properties
}

pub(super) fn entity(entity: &str, value: Value) -> Entity {
    Entity {
        name: name(entity),
        properties: properties(value),
        etag: None,
        system_data: SystemData::default(),
    }
}

/// An API of the catalog that carries the marker of an integration.
pub(super) fn marked(integration: &str, id: &str, title: &str, fingerprint: Option<&str>) -> Entity {
    let mut api = entity(
        &format!("{integration}-{id}"),
        json!({ "title": title, "description": "What it does", "kind": "REST" }),
    );
    let mut marker = ApiMarker::new(integration.to_owned(), &api.name);
    marker.members = vec![key(id)];
    marker.record.fingerprint = fingerprint.map(str::to_owned);
    for (path, value) in marker.fields() {
        path.set(&mut api.properties, value);
    }
    api
}

pub(super) fn api_path() -> EntityPath {
    EntityPath::Api(name("shop-a1"))
}

pub(super) fn version_path(stage: &str) -> EntityPath {
    EntityPath::Version(name("shop-a1"), stage_entity_name(stage))
}

pub(super) fn deployment_path(stage: &str) -> EntityPath {
    EntityPath::Deployment(name("shop-a1"), stage_entity_name(stage))
}

pub(super) fn definition_path(stage: &str) -> EntityPath {
    EntityPath::Definition(
        name("shop-a1"),
        stage_entity_name(stage),
        EntityName::definition(Format::OpenApi),
    )
}

/// A gateway whose list of REST APIs has these, or could not be read.
pub(super) fn observation(apis: Option<Vec<DesiredApi>>) -> Observation {
    Observation {
        lists: apis.iter().map(|_| ApiList::Rest).collect(),
        apis: apis.unwrap_or_default(),
        excluded: std::collections::BTreeMap::new(),
    }
}

/// The APIs of a catalog as a survey is given them.
pub(super) fn listed(integration: &Integration, catalog: &[Entity]) -> super::super::CatalogApis {
    let mut apis = super::super::CatalogApis::default();
    for api in catalog {
        apis.add(&integration.name, api);
    }
    apis
}
