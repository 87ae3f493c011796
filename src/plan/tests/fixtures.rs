//! Values that the tests start from.

use serde_json::{Value, json};

use super::super::{CatalogLimits, RequiredMetadata};
use crate::model::{
    AccessKeySecrets, AwsAuthentication, DefaultCustomProperties, DesiredApi, DesiredDefinition, DesiredStage, Entity,
    EntityName, EntityPath, Export, ImportSpecification, Integration, IntegrationName, LifecycleStage, Region,
    RestApiId, SecretIdentifier, Skip, SkipReason, SystemData, VaultHosts, stage_entity_name,
};
use crate::model::{Document, Properties};

/// What the gateway has of one API, and what the catalog has room for.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub integration: Integration,
    pub api: DesiredApi,
    pub stages: Vec<DesiredStage>,
    pub skips: Vec<Skip>,
    pub limits: CatalogLimits,
    pub required: RequiredMetadata,
    /// Whether the guard holds deletions.
    pub held: bool,
    /// Whether Amazon denies every export.
    pub failing: bool,
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
        region: Region::parse("us-east-1").unwrap(),
        authentication: AwsAuthentication::AccessKey(AccessKeySecrets {
            access_key: secret("id"),
            secret_access_key: secret("key"),
        }),
        import_specification: ImportSpecification::Always,
        environment: name(integration),
        lifecycle_stage: LifecycleStage::Testing,
        default_custom_properties: DefaultCustomProperties::default(),
        msi_resource_id: None,
    }
}

pub(super) fn desired(id: &str) -> DesiredApi {
    let rest_api_id = RestApiId::parse(id).unwrap();
    DesiredApi {
        name: EntityName::of_api(&integration("shop").name, &rest_api_id).unwrap(),
        rest_api_id,
        title: format!("Title of {id}"),
        description: Some("What it does".to_owned()),
    }
}

/// A stage whose definition is the export of a revision.
pub(super) fn stage(stage_name: &str, revision: u8) -> DesiredStage {
    DesiredStage {
        name: stage_entity_name(stage_name),
        stage_name: stage_name.to_owned(),
        title: stage_name.to_owned(),
        description: Some(format!("The stage {stage_name}")),
        runtime_uri: vec![format!("https://a1.execute-api.us-east-1.amazonaws.com/{stage_name}")],
        deployment_id: format!("dep{revision}"),
        definition: DesiredDefinition::Revision(revision.to_string()),
        skips: Vec::new(),
    }
}

pub(super) fn source(stages: &[(&str, u8)]) -> Source {
    Source {
        integration: integration("shop"),
        api: desired("a1"),
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
        held: false,
        failing: false,
    }
}

/// A revision whose export Amazon refuses.
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
        canonical_digest: format!("canonical {digest}"),
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
    let marker = json!({"integration": integration, "restApiId": id, "fingerprint": fingerprint});
    entity(
        &format!("{integration}-{id}"),
        json!({
            "title": title,
            "description": "What it does",
            "kind": "REST",
            "customProperties": {"aws-rest-api": marker}
        }),
    )
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
    EntityPath::Definition(name("shop-a1"), stage_entity_name(stage), EntityName::definition())
}

/// The APIs of a catalog as a survey is given them.
pub(super) fn listed(integration: &Integration, catalog: &[Entity]) -> super::super::CatalogApis {
    let mut apis = super::super::CatalogApis::default();
    for api in catalog {
        apis.add(&integration.name, api);
    }
    apis
}
