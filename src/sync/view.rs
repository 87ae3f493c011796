//! Integrations as callers see them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::model::document::render_properties;
use crate::model::marker::{INTEGRATION_SCHEMA, text};
use crate::model::{ApiCenterId, EntityName, EntityPath, IntegrationName, IntegrationState, Outcome, OwnedApi};

use super::clock::rfc3339;
use super::registry::Registration;

/// What every integration here links to.
const API_SOURCE_TYPE: &str = "AmazonApiGateway";

/// An integration as callers see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntegrationView {
    /// The ARM id of the environment that holds it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `AmazonApiGateway`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it was made with, its `linkState` and its `lastSync`.
    pub properties: Map<String, Value>,
}

/// What is left of an integration whose environment is gone.
#[derive(Debug)]
pub(super) struct Orphan {
    pub name: IntegrationName,
    pub region_name: String,
    pub apis: usize,
}

impl IntegrationView {
    pub(super) fn of(center: &ApiCenterId, registration: &Registration) -> Self {
        let mut properties = match &registration.integration {
            Ok(integration) => render_properties(integration),
            Err(_) => raw_properties(registration),
        };
        properties.insert("linkState".to_owned(), link_state(registration));
        if let Some(outcome) = &registration.outcome {
            properties.insert("lastSync".to_owned(), json!(outcome.report));
        }
        Self::new(center, &registration.name, &registration.environment.name, properties)
    }

    pub(super) fn of_orphan(center: &ApiCenterId, orphan: &Orphan) -> Self {
        let message = format!(
            "orphaned: its environment is gone, {} of its APIs are still there; PUT it again to adopt them, or DELETE it",
            orphan.apis
        );
        let properties = json!({
            "apiSourceType": API_SOURCE_TYPE,
            "amazonApiGatewaySource": { "regionName": orphan.region_name },
            "linkState": { "state": "error", "message": message },
        });
        let properties = properties.as_object().cloned().unwrap_or_default();
        Self::new(center, &orphan.name, orphan.name.entity_name(), properties)
    }

    fn new(
        center: &ApiCenterId,
        name: &IntegrationName,
        environment: &EntityName,
        properties: Map<String, Value>,
    ) -> Self {
        let path = EntityPath::Environment(environment.clone()).scoped_id();
        Self {
            id: format!("{center}{path}"),
            name: name.to_string(),
            kind: API_SOURCE_TYPE,
            properties,
        }
    }
}

/// The integrations that APIs name and no environment holds.
pub(super) fn orphans(apis: &[crate::model::Entity], registrations: &[Registration]) -> Vec<Orphan> {
    let mut orphans: Vec<Orphan> = Vec::new();
    for api in apis {
        let Some(marker) = crate::model::marker::ApiMarker::read(api) else {
            continue;
        };
        let Ok(name) = IntegrationName::parse(&marker.integration) else {
            continue;
        };
        if OwnedApi::claim(&name, api).is_none() || registrations.iter().any(|known| known.name == name) {
            continue;
        }
        match orphans.iter_mut().find(|orphan| orphan.name == name) {
            Some(orphan) => orphan.apis += 1,
            None => orphans.push(Orphan {
                name,
                region_name: marker.region_name,
                apis: 1,
            }),
        }
    }
    orphans.sort_by(|one, other| one.name.cmp(&other.name));
    orphans
}

/// What is kept of an integration that cannot be read as one, as it is.
fn raw_properties(registration: &Registration) -> Map<String, Value> {
    let marker = registration.environment.metadata(INTEGRATION_SCHEMA);
    let kept = |property: &str| marker.and_then(|marker| text(marker, property));
    let environment = EntityPath::Environment(registration.environment.name.clone());
    let properties = json!({
        "apiSourceType": API_SOURCE_TYPE,
        "amazonApiGatewaySource": {
            "accessKey": kept("accessKey"),
            "secretAccessKey": kept("secretAccessKey"),
            "roleArn": kept("roleArn"),
            "regionName": kept("regionName"),
        },
        "targetEnvironmentId": environment.scoped_id(),
    });
    properties.as_object().cloned().unwrap_or_default()
}

fn link_state(registration: &Registration) -> Value {
    let report = registration.outcome.as_ref().map(|outcome| &outcome.report);
    let (state, message) = match (registration.state, &registration.integration, report) {
        (IntegrationState::Deleting, _, _) => ("deleting", None),
        (IntegrationState::Active, Err(problem), _) => ("error", Some(problem.message.clone())),
        (IntegrationState::Active, Ok(_), None) => ("initializing", None),
        (IntegrationState::Active, Ok(_), Some(report)) => match report.outcome {
            Outcome::Failed => ("error", report.message.clone()),
            Outcome::Succeeded | Outcome::Partial | Outcome::Held => ("syncing", report.message.clone()),
        },
    };
    let is_good = report.is_some_and(|report| report.outcome == Outcome::Succeeded);
    let message = match (message, registration.last_success_on) {
        (Some(message), Some(on)) if !is_good => Some(format!("{message}. The last good run ended on {}", rfc3339(on))),
        (message, _) => message,
    };
    let mut link_state = Map::new();
    link_state.insert("state".to_owned(), json!(state));
    link_state.extend(message.map(|message| ("message".to_owned(), json!(message))));
    let updated = report
        .map(|report| report.finished_on.clone())
        .or_else(|| registration.changed_on.clone());
    link_state.extend(updated.map(|updated| ("lastUpdatedOn".to_owned(), json!(updated))));
    Value::Object(link_state)
}
