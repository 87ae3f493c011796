//! Integrations as callers see them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::catalog::marker::ApiMarker;
use crate::catalog::settings::Registration;

use crate::model::document::{DocumentProperties, SourceProperties};
use crate::model::{
    ApiCenterId, EntityName, EntityPath, IntegrationName, IntegrationState, Outcome, PastRun, Report, rfc3339,
};

/// The kind of every integration.
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
    /// Its settings and state.
    pub properties: IntegrationProperties,
}

/// The settings and state of an integration.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationProperties {
    /// Its settings.
    #[serde(flatten)]
    pub document: DocumentProperties,
    /// Its state.
    #[schema(read_only)]
    pub link_state: LinkState,
    /// The report of its last run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub last_sync: Option<Report>,
    /// Its newest runs, oldest first.
    #[schema(read_only, max_items = 24)]
    pub history: Vec<PastRun>,
    /// When its last successful run ended, RFC 3339.
    #[serde(skip)]
    pub last_success_on: Option<String>,
    /// How many APIs it has in the catalog, where the call counts them.
    #[serde(skip)]
    pub apis: Option<usize>,
}

/// The state of an integration.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkState {
    /// The state in one word.
    pub state: LinkWord,
    /// A message for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When the state was determined, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated_on: Option<String>,
}

/// The state of an integration in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkWord {
    /// It has had no run.
    Initializing,
    /// It is in sync, according to its last report.
    Syncing,
    /// It is not in sync.
    Error,
    /// It is being deleted.
    Deleting,
}

/// The rest of an integration whose environment is gone.
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
            last_sync: registration.report.clone(),
            history: registration.history.runs(),
            last_success_on: registration.journal.last_success_on().map(rfc3339),
            apis: None,
        };
        Self::new(center, &registration.name, &registration.environment.name, properties)
    }

    pub(super) fn of_orphan(center: &ApiCenterId, orphan: &Orphan) -> Self {
        let properties = IntegrationProperties {
            document: DocumentProperties::of_source(SourceProperties {
                region_name: orphan.region_name.clone(),
                ..SourceProperties::default()
            }),
            link_state: LinkState {
                state: LinkWord::Error,
                message: Some(orphan.message()),
                last_updated_on: None,
            },
            last_sync: None,
            history: Vec::new(),
            last_success_on: None,
            apis: Some(orphan.apis),
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

impl Orphan {
    /// What happened to it, and how to resolve it.
    pub fn message(&self) -> String {
        format!(
            "orphaned: its environment is gone, {} of its APIs remain; PUT it again to adopt them, or DELETE it",
            self.apis
        )
    }
}

/// The integrations that markers name but no environment holds.
#[derive(Debug, Default)]
pub(super) struct Orphans(BTreeMap<IntegrationName, Orphan>);

impl Orphans {
    /// Adds an API, unless its integration is known.
    pub fn add(&mut self, name: IntegrationName, api: &ApiMarker, known: &[Registration]) {
        if known.iter().any(|known| known.name == name) {
            return;
        }
        let region = api.members.first().map(|member| member.gateway.region.to_string());
        let orphan = self.0.entry(name.clone()).or_insert_with(|| Orphan {
            name,
            region_name: region.unwrap_or_default(),
            apis: 0,
        });
        orphan.apis += 1;
    }

    /// The one of this name.
    pub fn get(&self, name: &IntegrationName) -> Option<&Orphan> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Orphan> {
        self.0.values()
    }
}

/// The stored settings of an invalid integration, as they are.
fn raw_properties(registration: &Registration) -> DocumentProperties {
    let settings: Value = serde_json::from_str(registration.settings()).unwrap_or_default();
    let kept = |name: &str| Some(settings["amazonApiGatewaySource"][name].as_str()?.to_owned());
    let environment = EntityPath::Environment(registration.environment.name.clone());
    let source = SourceProperties {
        access_key: kept("accessKey"),
        secret_access_key: kept("secretAccessKey"),
        role_arn: kept("roleArn"),
        region_name: kept("regionName").unwrap_or_default(),
        ..SourceProperties::default()
    };
    DocumentProperties {
        target_environment_id: Some(environment.scoped_id()),
        ..DocumentProperties::of_source(source)
    }
}

fn link_state(registration: &Registration) -> LinkState {
    let report = registration.report.as_ref();
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
    let message = match (message, registration.journal.last_success_on()) {
        (Some(message), Some(on)) if !is_good => {
            Some(format!("{message}. The last successful run ended on {}", rfc3339(on)))
        }
        (message, _) => message,
    };
    LinkState {
        state,
        message,
        last_updated_on: report
            .map(|report| report.finished_on.clone())
            .or_else(|| registration.journal.changed_on.clone()),
    }
}
