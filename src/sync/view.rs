//! Integrations as callers see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::document::{DocumentProperties, SourceProperties};
use crate::model::marker::{INTEGRATION_SCHEMA, text};
use crate::model::{
    ApiCenterId, EntityName, EntityPath, IntegrationName, IntegrationState, Outcome, OwnedApi, PastRun, Report,
};

use super::clock::rfc3339;
use super::registry::Registration;

/// What every integration here links to.
const KIND: &str = "AmazonApiGateway";

/// An integration as callers see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Integration)]
pub struct IntegrationView {
    /// The ARM id of the environment that holds it.
    #[schema(read_only)]
    pub id: String,
    /// Its name.
    #[schema(read_only)]
    pub name: String,
    /// `AmazonApiGateway`.
    #[serde(rename = "type")]
    #[schema(read_only)]
    pub kind: &'static str,
    /// What it was made with, and how it is.
    pub properties: IntegrationProperties,
}

/// What an integration was made with, and how it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationProperties {
    /// What it was made with.
    #[serde(flatten)]
    pub document: DocumentProperties,
    /// How it is.
    #[schema(read_only)]
    pub link_state: LinkState,
    /// The report of its last run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub last_sync: Option<Report>,
    /// Its newest runs, the oldest first.
    #[schema(read_only, max_items = 24)]
    pub history: Vec<PastRun>,
    /// When its last good run ended, RFC 3339.
    #[serde(skip)]
    pub last_success_on: Option<String>,
}

/// How an integration is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkState {
    /// In a word.
    pub state: LinkWord,
    /// What a person should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When that was found, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated_on: Option<String>,
}

/// How an integration is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkWord {
    /// It has had no run.
    Initializing,
    /// It is kept up to date, as far as its last report says.
    Syncing,
    /// It is not.
    Error,
    /// It is going away.
    Deleting,
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
        let properties = IntegrationProperties {
            document: match &registration.integration {
                Ok(integration) => integration.into(),
                Err(_) => raw_properties(registration),
            },
            link_state: link_state(registration),
            last_sync: registration.outcome.as_ref().map(|outcome| outcome.report.clone()),
            history: registration.history.runs(),
            last_success_on: registration.last_success_on.map(rfc3339),
        };
        Self::new(center, &registration.name, &registration.environment.name, properties)
    }

    pub(super) fn of_orphan(center: &ApiCenterId, orphan: &Orphan) -> Self {
        let message = format!(
            "orphaned: its environment is gone, {} of its APIs are still there; PUT it again to adopt them, or DELETE it",
            orphan.apis
        );
        let properties = IntegrationProperties {
            document: DocumentProperties::of_source(SourceProperties {
                region_name: orphan.region_name.clone(),
                ..SourceProperties::default()
            }),
            link_state: LinkState {
                state: LinkWord::Error,
                message: Some(message),
                last_updated_on: None,
            },
            last_sync: None,
            history: Vec::new(),
            last_success_on: None,
        };
        Self::new(center, &orphan.name, orphan.name.entity_name(), properties)
    }

    fn new(
        center: &ApiCenterId,
        name: &IntegrationName,
        environment: &EntityName,
        properties: IntegrationProperties,
    ) -> Self {
        let path = EntityPath::Environment(environment.clone()).scoped_id();
        Self {
            id: format!("{center}{path}"),
            name: name.to_string(),
            kind: KIND,
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
fn raw_properties(registration: &Registration) -> DocumentProperties {
    let marker = registration.environment.metadata(INTEGRATION_SCHEMA);
    let kept = |property: &str| marker.and_then(|marker| text(marker, property));
    let environment = EntityPath::Environment(registration.environment.name.clone());
    let source = SourceProperties {
        access_key: kept("accessKey"),
        secret_access_key: kept("secretAccessKey"),
        role_arn: kept("roleArn"),
        region_name: registration.region_name.clone(),
        ..SourceProperties::default()
    };
    DocumentProperties {
        target_environment_id: Some(environment.scoped_id()),
        ..DocumentProperties::of_source(source)
    }
}

fn link_state(registration: &Registration) -> LinkState {
    let report = registration.outcome.as_ref().map(|outcome| &outcome.report);
    let (state, message) = match (registration.state, &registration.integration, report) {
        (IntegrationState::Deleting, _, _) => (LinkWord::Deleting, None),
        (IntegrationState::Active, Err(problem), _) => (LinkWord::Error, Some(problem.message.clone())),
        (IntegrationState::Active, Ok(_), None) => (LinkWord::Initializing, None),
        (IntegrationState::Active, Ok(_), Some(report)) => match report.outcome {
            Outcome::Failed => (LinkWord::Error, report.message.clone()),
            Outcome::Succeeded | Outcome::Partial | Outcome::Held => (LinkWord::Syncing, report.message.clone()),
        },
    };
    let is_good = report.is_some_and(|report| report.outcome == Outcome::Succeeded);
    let message = match (message, registration.last_success_on) {
        (Some(message), Some(on)) if !is_good => Some(format!("{message}. The last good run ended on {}", rfc3339(on))),
        (message, _) => message,
    };
    LinkState {
        state,
        message,
        last_updated_on: report
            .map(|report| report.finished_on.clone())
            .or_else(|| registration.changed_on.clone()),
    }
}
