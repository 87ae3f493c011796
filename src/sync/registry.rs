//! Integrations as the catalog keeps them: in the custom metadata of environments.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::model::marker::{INTEGRATION_SCHEMA, metadata_path, text};
use crate::model::{
    AuthenticationParts, AwsAuthentication, DefaultCustomProperties, Entity, ErrorCode, ExternalId, FieldPath,
    ImportSpecification, Integration, IntegrationName, IntegrationState, InvalidSecretIdentifier, LifecycleStage,
    Problem, Properties, Region, RoleArn, SecretIdentifier, VaultHosts, integration_of,
};

use super::history::History;
use super::outcome::StoredOutcome;

/// What kind of server an environment of Amazon API Gateway shows.
pub(super) const SERVER_TYPE: &str = "AWS API Gateway";

/// What the marker's `options` text holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    import_specification: ImportSpecification,
    target_lifecycle_stage: LifecycleStage,
    #[serde(deserialize_with = "kept_defaults")]
    default_custom_properties: DefaultCustomProperties,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msi_resource_id: Option<String>,
    /// Grows with every move to another environment: of two that hold the integration, the later one counts.
    generation: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_on: Option<String>,
}

/// An integration as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Registration {
    pub name: IntegrationName,
    /// The environment that holds it.
    pub environment: Entity,
    /// Environments that held it before a move and still carry its marker.
    pub former: Vec<Entity>,
    pub state: IntegrationState,
    pub region_name: String,
    /// Why it cannot be used, when what is kept is not what it should be.
    pub integration: Result<Integration, Problem>,
    pub outcome: Option<StoredOutcome>,
    /// When its last good run ended.
    pub last_success_on: Option<OffsetDateTime>,
    /// Its newest runs, also those before a move.
    pub history: History,
    pub changed_on: Option<String>,
    pub generation: u64,
}

/// Whether an environment was made for the integration it holds, and goes with it.
pub(super) fn was_made(environment: &Entity) -> bool {
    environment
        .metadata(INTEGRATION_SCHEMA)
        .and_then(|marker| marker.get("madeEnvironment"))
        .is_some_and(|made| made == &Value::Bool(true))
}

/// The integration that an environment's properties hold, and its state.
pub(super) fn holder(properties: &Properties) -> Option<(IntegrationName, IntegrationState)> {
    let marker = properties
        .get("customProperties")?
        .get(INTEGRATION_SCHEMA)?
        .as_object()?;
    let name = IntegrationName::parse(&text(marker, "name")?).ok()?;
    Some((name, state(marker)))
}

/// When the last good run of the integration ended that an environment's properties hold.
pub(super) fn last_success(properties: &Properties) -> Option<OffsetDateTime> {
    let marker = properties
        .get("customProperties")?
        .get(INTEGRATION_SCHEMA)?
        .as_object()?;
    StoredOutcome::read(&text(marker, "lastSync")?)?.last_success_on
}

/// When the integration that an environment's properties hold was last put.
pub(super) fn changed_on(properties: &Properties) -> Option<String> {
    let text = metadata_path(INTEGRATION_SCHEMA, "options").get(properties)?.as_str()?;
    serde_json::from_str::<Options>(text).unwrap_or_default().changed_on
}

/// The newest runs of the integration that an environment's properties hold; `None` when it keeps none.
pub(super) fn history(properties: &Properties) -> Option<History> {
    let text = metadata_path(INTEGRATION_SCHEMA, "history").get(properties)?.as_str()?;
    Some(History::read(text))
}

fn state(marker: &Properties) -> IntegrationState {
    match text(marker, "state").as_deref() {
        Some("deleting") => IntegrationState::Deleting,
        Some(_) | None => IntegrationState::Active,
    }
}

/// All integrations that the environments hold, by name.
pub(super) fn registrations(environments: &[Entity], hosts: &VaultHosts) -> Vec<Registration> {
    let mut holders: BTreeMap<IntegrationName, Vec<&Entity>> = BTreeMap::new();
    for environment in environments {
        if let Some(name) = integration_of(environment) {
            holders.entry(name).or_default().push(environment);
        }
    }
    holders
        .into_iter()
        .filter_map(|(name, mut environments)| {
            environments.sort_by_key(|environment| generation(environment));
            let environment = environments.pop()?;
            Some(read(name, environment, environments, hosts))
        })
        .collect()
}

/// The integration of this name, if an environment holds it.
pub(super) fn find(environments: &[Entity], name: &IntegrationName, hosts: &VaultHosts) -> Option<Registration> {
    registrations(environments, hosts)
        .into_iter()
        .find(|registration| registration.name == *name)
}

/// The marker's properties that keep an integration, with the values they shall have; the last outcome is not among them.
pub(super) fn marker_fields(
    integration: &Integration,
    made: bool,
    generation: u64,
    changed_on: &str,
    known: Option<&Entity>,
) -> Vec<(FieldPath, Option<Value>)> {
    let optional = |name: &str, value: Option<Value>| (metadata_path(INTEGRATION_SCHEMA, name), value);
    let field = |name: &str, value: Value| optional(name, Some(value));
    let authentication = &integration.authentication;
    let secrets = authentication.secrets();
    let options = Options {
        external_id: authentication.external_id().map(|id| id.as_str().to_owned()),
        import_specification: integration.import_specification,
        target_lifecycle_stage: integration.lifecycle_stage,
        default_custom_properties: integration.default_custom_properties.clone(),
        msi_resource_id: integration.msi_resource_id.clone(),
        generation,
        changed_on: Some(changed_on.to_owned()),
    };
    vec![
        field("name", json!(integration.name)),
        field("regionName", json!(integration.region)),
        optional("accessKey", secrets.map(|secrets| json!(secrets.access_key))),
        optional(
            "secretAccessKey",
            secrets.map(|secrets| json!(secrets.secret_access_key)),
        ),
        optional("roleArn", authentication.role().map(|role| json!(role))),
        field("options", json!(merged_options(&options, known))),
        field("state", json!(IntegrationState::Active)),
        field("madeEnvironment", json!(made)),
        // There from the first write on: so that a run knows that its schema has it.
        field(
            "history",
            json!(
                known
                    .and_then(|known| history(&known.properties))
                    .unwrap_or_default()
                    .to_text()
            ),
        ),
    ]
}

/// Takes the integration out of an environment that stays, if it is still in it.
pub(super) fn remove_marker(name: &IntegrationName, properties: &mut Properties) {
    if is_held_by(name, properties) {
        FieldPath::new(&["customProperties", INTEGRATION_SCHEMA]).set(properties, None);
    }
}

/// Marks the integration in an environment as being deleted, if it is still in it.
pub(super) fn mark_deleting(name: &IntegrationName, properties: &mut Properties) {
    if is_held_by(name, properties) {
        metadata_path(INTEGRATION_SCHEMA, "state").set(properties, Some(json!(IntegrationState::Deleting)));
    }
}

fn is_held_by(name: &IntegrationName, properties: &Properties) -> bool {
    holder(properties).is_some_and(|(holder, _)| holder == *name)
}

/// The options as text; what another release of ours keeps beside those known here stays.
fn merged_options(options: &Options, known: Option<&Entity>) -> String {
    let kept = known
        .and_then(options_text)
        .and_then(|text| serde_json::from_str::<serde_json::Map<String, Value>>(&text).ok());
    let mut merged = kept.unwrap_or_default();
    merged.shift_remove("externalId");
    merged.shift_remove("msiResourceId");
    if let Value::Object(options) = json!(options) {
        merged.extend(options);
    }
    Value::Object(merged).to_string()
}

/// What the `options` text says; the defaults where there is none.
fn options(environment: &Entity) -> Result<Options, serde_json::Error> {
    options_text(environment).map_or_else(|| Ok(Options::default()), |text| serde_json::from_str(&text))
}

/// The generation that the `options` text tells, also where something else of it cannot be used.
fn generation(environment: &Entity) -> u64 {
    let options = options_text(environment).and_then(|text| serde_json::from_str::<Value>(&text).ok());
    options
        .and_then(|options| options.get("generation")?.as_u64())
        .unwrap_or_default()
}

fn options_text(environment: &Entity) -> Option<String> {
    text(environment.metadata(INTEGRATION_SCHEMA)?, "options")
}

/// The organisation's own metadata as it is kept: what another release keeps beside it is no fault there.
fn kept_defaults<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DefaultCustomProperties, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Kept {
        api: Properties,
        environment: Properties,
        deployment: Properties,
    }
    Kept::deserialize(deserializer).map(|kept| DefaultCustomProperties {
        api: kept.api,
        environment: kept.environment,
        deployment: kept.deployment,
    })
}

fn read(name: IntegrationName, environment: &Entity, former: Vec<&Entity>, hosts: &VaultHosts) -> Registration {
    let marker = environment.metadata(INTEGRATION_SCHEMA);
    let property = |property: &str| marker.and_then(|marker| text(marker, property)).unwrap_or_default();
    let options = options(environment);
    let holders: Vec<&Properties> = former
        .iter()
        .chain([&environment])
        .map(|holder| &holder.properties)
        .collect();
    let last_success_on = holders.iter().filter_map(|holder| last_success(holder)).max();
    let histories = holders.iter().filter_map(|holder| history(holder));
    Registration {
        state: marker.map_or(IntegrationState::Active, state),
        region_name: property("regionName"),
        changed_on: options.as_ref().ok().and_then(|options| options.changed_on.clone()),
        generation: generation(environment),
        integration: integration(&name, environment, options, &property, hosts),
        outcome: StoredOutcome::read(&property("lastSync")),
        last_success_on,
        history: histories.fold(History::default(), History::merged),
        former: former.into_iter().cloned().collect(),
        environment: environment.clone(),
        name,
    }
}

fn integration(
    name: &IntegrationName,
    environment: &Entity,
    options: Result<Options, serde_json::Error>,
    property: &impl Fn(&str) -> String,
    hosts: &VaultHosts,
) -> Result<Integration, Problem> {
    let broken = |code: ErrorCode, what: &str, why: String| {
        let message = format!(
            "environment {} holds the integration {name} with an unusable {what}: {why}; PUT the integration again",
            environment.name
        );
        Problem::new(code, message)
    };
    let region = Region::parse(&property("regionName"))
        .map_err(|error| broken(ErrorCode::UnknownRegion, "regionName", error.to_string()))?;
    // With the defaults in their place, what shall never be imported would be.
    let options = options.map_err(|error| broken(ErrorCode::InvalidRequest, "options", error.to_string()))?;
    Ok(Integration {
        name: name.clone(),
        authentication: authentication(&region, options.external_id.as_deref(), property, hosts, &broken)?,
        region,
        import_specification: options.import_specification,
        environment: environment.name.clone(),
        lifecycle_stage: options.target_lifecycle_stage,
        default_custom_properties: options.default_custom_properties,
        msi_resource_id: options.msi_resource_id,
    })
}

fn authentication(
    region: &Region,
    external_id: Option<&str>,
    property: &impl Fn(&str) -> String,
    hosts: &VaultHosts,
    broken: &impl Fn(ErrorCode, &str, String) -> Problem,
) -> Result<AwsAuthentication, Problem> {
    let kept = |what: &str| Some(property(what)).filter(|text| !text.is_empty());
    let secret = |what: &str| {
        let secret = kept(what).map(|text| SecretIdentifier::parse(&text, hosts));
        secret.transpose().map_err(|error| {
            let code = match error {
                InvalidSecretIdentifier::Malformed(_) => ErrorCode::InvalidSecretIdentifier,
                InvalidSecretIdentifier::VaultNotAllowed(_) => ErrorCode::VaultNotAllowed,
            };
            broken(code, what, error.to_string())
        })
    };
    let role = kept("roleArn").map(|text| RoleArn::parse(&text, region));
    let external_id = external_id.map(ExternalId::parse);
    let invalid = |what: &str, why: String| broken(ErrorCode::InvalidRequest, what, why);
    let parts = AuthenticationParts {
        access_key: secret("accessKey")?,
        secret_access_key: secret("secretAccessKey")?,
        role: role
            .transpose()
            .map_err(|error| invalid("roleArn", error.to_string()))?,
        external_id: external_id
            .transpose()
            .map_err(|error| invalid("externalId", error.to_string()))?,
    };
    AwsAuthentication::of_parts(parts).map_err(|error| invalid(error.property(), error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SystemData;

    /// What an environment with this `options` text holds.
    fn registration(options: Option<&str>) -> Registration {
        let mut marker = json!({
            "name": "shop",
            "regionName": "us-east-1",
            "accessKey": "https://vault.vault.azure.net/secrets/key",
            "secretAccessKey": "https://vault.vault.azure.net/secrets/secret",
        });
        if let Some(options) = options {
            marker["options"] = json!(options);
        }
        let mut properties = Properties::new();
        FieldPath::new(&["customProperties", INTEGRATION_SCHEMA]).set(&mut properties, Some(marker));
        let environment = Entity {
            name: IntegrationName::parse("shop").unwrap().entity_name().clone(),
            properties,
            etag: None,
            system_data: SystemData::default(),
        };
        registrations(&[environment], &VaultHosts::PublicClouds).pop().unwrap()
    }

    #[test]
    fn options_that_cannot_be_read_are_told_of_and_never_taken_for_the_defaults() {
        for broken in [
            "",
            "never",
            r#"{"importSpecification":"never""#,
            r#"{"importSpecification":"sometimes","generation":7}"#,
            r#"{"defaultCustomProperties":{"api":1},"generation":7}"#,
        ] {
            let registration = registration(Some(broken));
            let problem = registration.integration.unwrap_err();
            assert_eq!(problem.code, ErrorCode::InvalidRequest, "{broken}");
            assert!(problem.message.contains("unusable options"), "{problem}");
            let generation = if broken.contains("generation") { 7 } else { 0 };
            assert_eq!(registration.generation, generation, "{broken}");
        }
        let none = registration(None).integration.unwrap();
        assert_eq!(none.import_specification, ImportSpecification::Always);
    }

    #[test]
    fn options_that_another_release_has_added_to_are_read() {
        let later = r#"{"later":1,"importSpecification":"never","defaultCustomProperties":{"api":{"a":1},"later":{}}}"#;
        let integration = registration(Some(later)).integration.unwrap();
        assert_eq!(integration.import_specification, ImportSpecification::Never);
        assert_eq!(integration.default_custom_properties.api.len(), 1);
    }
}
