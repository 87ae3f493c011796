//! Integrations as stored in the custom metadata of environments.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::history::History;
use super::journal::Journal;
use super::marker::{metadata_path, text};
use super::ownership::integration_of;
use crate::model::document::{DocumentProperties, parse_settings};
use crate::model::{
    ApiCenterId, Entity, ErrorCode, Field, FieldPath, INTEGRATION_SCHEMA, Integration, IntegrationName,
    IntegrationState, Problem, Properties, Report, VaultHosts, digest,
};

/// The server type of an environment of Amazon API Gateway.
pub const SERVER_TYPE: &str = "AWS API Gateway";

/// A stored integration.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its name.
    pub name: IntegrationName,
    /// Its environment.
    pub environment: Entity,
    /// Earlier environments that still carry its marker.
    pub former: Vec<Entity>,
    /// Whether it is synchronized.
    pub state: IntegrationState,
    /// The integration, or why its stored settings are invalid.
    pub integration: Result<Integration, Problem>,
    /// The report of its last run.
    pub report: Option<Report>,
    /// Where the next run continues.
    pub journal: Journal,
    /// Its newest runs, including those before a move.
    pub history: History,
}

/// The integration in an environment's properties.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a>(&'a Properties);

impl<'a> Held<'a> {
    /// The integration in these properties, if they have a marker.
    #[must_use]
    pub fn of(properties: &'a Properties) -> Option<Self> {
        let marker = properties.get("customProperties")?.get(INTEGRATION_SCHEMA)?;
        marker.as_object().map(Self)
    }

    /// The integration's name, if valid.
    #[must_use]
    pub fn name(self) -> Option<IntegrationName> {
        IntegrationName::parse(text(self.0, "name")?).ok()
    }

    /// Whether the integration is synchronized.
    #[must_use]
    pub fn state(self) -> IntegrationState {
        match text(self.0, "state") {
            Some("deleting") => IntegrationState::Deleting,
            Some(_) | None => IntegrationState::Active,
        }
    }

    /// Its settings, as JSON text.
    #[must_use]
    pub fn settings(self) -> Option<&'a str> {
        text(self.0, "settings")
    }

    /// Whether the environment was created for it and is deleted with it.
    #[must_use]
    pub fn is_made(self) -> bool {
        self.0.get("madeEnvironment") == Some(&Value::Bool(true))
    }

    /// Where the next run continues.
    #[must_use]
    pub fn journal(self) -> Journal {
        text(self.0, "journal").map(Journal::read).unwrap_or_default()
    }

    /// The report of its last run.
    #[must_use]
    pub fn report(self) -> Option<Report> {
        serde_json::from_str(text(self.0, "lastSync")?).ok()
    }

    /// Its newest runs.
    #[must_use]
    pub fn history(self) -> History {
        text(self.0, "history").map(History::read).unwrap_or_default()
    }
}

impl Registration {
    /// Whether the environment was created for the integration.
    #[must_use]
    pub fn is_made(&self) -> bool {
        Held::of(&self.environment.properties).is_some_and(Held::is_made)
    }

    /// The integration's settings, as JSON text.
    #[must_use]
    pub fn settings(&self) -> &str {
        let held = Held::of(&self.environment.properties);
        held.and_then(Held::settings).unwrap_or_default()
    }
}

/// All integrations in the environments, by name.
#[must_use]
pub fn registrations(environments: &[Entity], center: &ApiCenterId, hosts: &VaultHosts) -> Vec<Registration> {
    let mut holders: BTreeMap<IntegrationName, Vec<&Entity>> = BTreeMap::new();
    for environment in environments {
        if let Some(name) = integration_of(environment) {
            holders.entry(name).or_default().push(environment);
        }
    }
    let generation = |environment: &Entity| {
        let held = Held::of(&environment.properties);
        held.map(|held| held.journal().generation)
    };
    holders
        .into_iter()
        .filter_map(|(name, mut environments)| {
            environments.sort_by_key(|environment| generation(environment));
            let environment = environments.pop()?;
            read(name, environment, &environments, center, hosts)
        })
        .collect()
}

/// The integration of this name, if an environment has it.
#[must_use]
pub fn find(
    environments: &[Entity],
    name: &IntegrationName,
    center: &ApiCenterId,
    hosts: &VaultHosts,
) -> Option<Registration> {
    let mut all = registrations(environments, center, hosts).into_iter();
    all.find(|registration| registration.name == *name)
}

fn read(
    name: IntegrationName,
    environment: &Entity,
    former: &[&Entity],
    center: &ApiCenterId,
    hosts: &VaultHosts,
) -> Option<Registration> {
    let held = Held::of(&environment.properties)?;
    let before = || former.iter().filter_map(|former| Held::of(&former.properties));
    let mut journal = held.journal();
    for former in before() {
        journal.succeeded_on(former.journal().last_success_on());
    }
    let history = before().fold(held.history(), |history, former| history.merged(former.history()));
    Some(Registration {
        state: held.state(),
        integration: integration(&name, environment, held, center, hosts),
        report: held.report(),
        journal,
        history,
        former: former.iter().map(|&former| former.clone()).collect(),
        environment: environment.clone(),
        name,
    })
}

fn integration(
    name: &IntegrationName,
    environment: &Entity,
    held: Held<'_>,
    center: &ApiCenterId,
    hosts: &VaultHosts,
) -> Result<Integration, Problem> {
    let broken = |code: ErrorCode, why: String| {
        let message = format!(
            "environment {} holds the integration {name} with invalid settings: {why}; PUT the integration again",
            environment.name
        );
        Problem::new(code, message)
    };
    let settings = held.settings().unwrap_or_default();
    let value: Value =
        serde_json::from_str(settings).map_err(|error| broken(ErrorCode::InvalidRequest, error.to_string()))?;
    let integration =
        parse_settings(&value, name, center, hosts).map_err(|problem| broken(problem.code, problem.message))?;
    Ok(Integration {
        // Its actual environment counts, whatever its settings say.
        environment: environment.name.clone(),
        ..integration
    })
}

/// The stored settings of an integration, which its `GET` shows.
#[must_use]
pub fn settings_text(integration: &Integration) -> String {
    json!(DocumentProperties::from(integration)).to_string()
}

/// The digest of an integration's selection: gateways, kinds and APIs.
#[must_use]
pub fn rules_digest(integration: &Integration) -> String {
    const RULES: [&str; 7] = [
        "amazonApiGatewaySource",
        "amazonApiGatewaySources",
        "apiTypes",
        "include",
        "exclude",
        "groupBy",
        "groupTrim",
    ];
    let settings = json!(DocumentProperties::from(integration));
    let rules = RULES.map(|name| &settings[name]);
    digest(json!(rules).to_string().as_bytes())
}

/// The properties that store an integration, without the last report.
#[must_use]
pub fn marker_fields(integration: &Integration, made: bool, journal: &Journal, history: &History) -> Vec<Field> {
    let field = |name: &str, value: Value| (metadata_path(INTEGRATION_SCHEMA, name), Some(value));
    vec![
        field("name", json!(integration.name)),
        field("state", json!(IntegrationState::Active)),
        field("madeEnvironment", json!(made)),
        field("settings", json!(settings_text(integration))),
        field("journal", json!(journal.to_text())),
        field("history", json!(history.to_text())),
    ]
}

/// Stores the report of a run.
pub fn set_report(properties: &mut Properties, report: &Report) {
    let report = json!(report.for_storage()).to_string();
    metadata_path(INTEGRATION_SCHEMA, "lastSync").set(properties, Some(json!(report)));
}

/// Stores the outcome of a run.
pub fn set_outcome(properties: &mut Properties, report: &Report, journal: &Journal, history: &History) {
    set_report(properties, report);
    metadata_path(INTEGRATION_SCHEMA, "history").set(properties, Some(json!(history.to_text())));
    set_journal(properties, journal);
}

/// Stores the journal.
pub fn set_journal(properties: &mut Properties, journal: &Journal) {
    metadata_path(INTEGRATION_SCHEMA, "journal").set(properties, Some(json!(journal.to_text())));
}

/// Removes the integration from an environment that stays, if still there.
pub fn remove_marker(name: &IntegrationName, properties: &mut Properties) {
    if is_held_by(name, properties) {
        FieldPath::new(&["customProperties", INTEGRATION_SCHEMA]).set(properties, None);
    }
}

/// Marks the integration in an environment as being deleted, if still there.
pub fn mark_deleting(name: &IntegrationName, properties: &mut Properties) {
    if is_held_by(name, properties) {
        metadata_path(INTEGRATION_SCHEMA, "state").set(properties, Some(json!(IntegrationState::Deleting)));
    }
}

fn is_held_by(name: &IntegrationName, properties: &Properties) -> bool {
    Held::of(properties).and_then(Held::name).as_ref() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, ImportSpecification, SystemData};

    const CENTER: &str = "/subscriptions/1/resourceGroups/group/providers/Microsoft.ApiCenter/services/center";

    /// The integration of an environment with this `settings` text.
    fn registration(settings: Option<&str>) -> Registration {
        let mut marker = json!({ "name": "shop", "journal": r#"{"generation":7}"# });
        if let Some(settings) = settings {
            marker["settings"] = json!(settings);
        }
        let mut properties = Properties::new();
        FieldPath::new(&["customProperties", INTEGRATION_SCHEMA]).set(&mut properties, Some(marker));
        let environment = Entity {
            name: IntegrationName::parse("shop").unwrap().entity_name().clone(),
            properties,
            etag: None,
            system_data: SystemData::default(),
        };
        let center = ApiCenterId::parse(CENTER).unwrap();
        registrations(&[environment], &center, &VaultHosts::PublicClouds)
            .pop()
            .unwrap()
    }

    fn settings(more: &Value) -> String {
        let mut settings = json!({ "amazonApiGatewaySource": {
            "accessKey": "https://vault.vault.azure.net/secrets/key",
            "secretAccessKey": "https://vault.vault.azure.net/secrets/secret",
            "regionName": "us-east-1",
            "account": "012345678901",
        } });
        settings
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        settings.to_string()
    }

    #[test]
    fn settings_that_cannot_be_read_are_told_of_and_never_taken_for_the_defaults() {
        for broken in [
            None,
            Some(String::new()),
            Some("never".to_owned()),
            Some(settings(&json!({ "importSpecification": "sometimes" }))),
            Some(settings(&json!({ "defaultCustomProperties": { "api": 1 } }))),
        ] {
            let registration = registration(broken.as_deref());
            let problem = registration.integration.unwrap_err();
            assert_eq!(problem.code, ErrorCode::InvalidRequest, "{broken:?}");
            assert!(problem.message.contains("invalid settings"), "{problem}");
            assert_eq!(registration.journal.generation, 7, "{broken:?}");
        }
    }

    #[test]
    fn settings_that_another_release_has_added_to_are_read() {
        let text = settings(&json!({ "later": 1, "importSpecification": "never", "linkState": {} }));
        let integration = registration(Some(&text)).integration.unwrap();
        assert_eq!(integration.import_specification, ImportSpecification::Never);
        assert_eq!(
            integration.sources[0].account.as_ref().map(AccountId::as_str),
            Some("012345678901")
        );
    }

    #[test]
    fn what_is_kept_is_what_was_put() {
        let integration = registration(Some(&settings(&json!({})))).integration.unwrap();
        let again = registration(Some(&settings_text(&integration))).integration.unwrap();
        assert_eq!(again, integration);
    }
}
