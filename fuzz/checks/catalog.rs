//! What must hold of what the catalog keeps of integrations, whoever wrote it.

use std::slice::from_ref;

use serde_json::{Value, json};

use super::history::History;
use super::journal::Journal;
use super::settings::{marker_fields, registrations};
use crate::fuzzing::model::assert_tame_lines;
use crate::model::{
    ApiCenterId, Entity, INTEGRATION_SCHEMA, Integration, Problem, Properties, Report, SystemData, VaultHosts,
};

const CENTER: &str = "/subscriptions/1/resourceGroups/group/providers/Microsoft.ApiCenter/services/center";

/// What is read of a journal is read again once it is written.
pub(crate) fn journal(text: &str) -> bool {
    let journal = Journal::read(text);
    assert_eq!(Journal::read(&journal.to_text()), journal);
    let is_told = [
        journal.cursor.is_some(),
        journal.held.is_some(),
        !journal.confirmed.is_empty(),
    ]
    .contains(&true);
    is_told || journal.generation > 0 || journal.last_success_on().is_some()
}

/// What is read of a history is read again once it is written, but for what there is no room for.
pub(crate) fn history(text: &str) -> bool {
    let history = History::read(text);
    let written = History::read(&history.to_text());
    assert_eq!(History::read(&written.to_text()), written);
    assert!(history.runs().ends_with(&written.runs()));
    written != History::default()
}

/// What is read of a report is read again once it is written, and stored again as it was stored.
pub(crate) fn report(text: &str) -> bool {
    let Ok(report) = serde_json::from_str::<Report>(text) else {
        return false;
    };
    let stored = report.for_storage();
    let again: Option<Report> = serde_json::from_str(&json!(stored).to_string()).ok();
    assert_eq!(again.as_ref(), Some(&stored));
    assert_eq!(stored.for_storage(), stored);
    true
}

/// Whatever an environment holds, it is told, and no vault is asked that is not allowed.
pub(crate) fn registration(environment: &Entity) -> bool {
    let Ok(center) = ApiCenterId::parse(CENTER) else {
        unreachable!("the id is a constant");
    };
    let mut is_usable = false;
    for registration in registrations(from_ref(environment), &center, &VaultHosts::PublicClouds) {
        match &registration.integration {
            Ok(integration) => {
                let secrets = integration
                    .sources
                    .iter()
                    .filter_map(|source| source.authentication.secrets());
                for secrets in secrets {
                    assert!(secrets.access_key.is_in_public_cloud(), "{}", secrets.access_key);
                    assert!(
                        secrets.secret_access_key.is_in_public_cloud(),
                        "{}",
                        secrets.secret_access_key
                    );
                }
                assert_eq!(integration.environment, environment.name);
                kept(integration);
                is_usable = true;
            }
            Err(problem) => assert_tame_lines(&problem.message, Problem::MESSAGE_MAX),
        }
    }
    is_usable
}

/// An integration is read as it was written, also from a list of the catalog's.
pub(crate) fn kept(integration: &Integration) {
    let Ok(center) = ApiCenterId::parse(CENTER) else {
        unreachable!("the id is a constant");
    };
    let mut properties = Properties::new();
    for (path, value) in marker_fields(integration, true, &Journal::default(), &History::default()) {
        path.set(&mut properties, value);
    }
    let defaults = integration.default_custom_properties.environment.clone();
    if let Some(Value::Object(custom)) = properties.get_mut("customProperties") {
        custom.extend(defaults.into_iter().filter(|(name, _)| name != INTEGRATION_SCHEMA));
    }
    let listed = json!({ "value": [{ "name": integration.environment, "properties": properties }] }).to_string();
    let mut listed: Value = serde_json::from_str(&listed).unwrap_or_default();
    let Some(Value::Object(properties)) = listed.pointer_mut("/value/0/properties").map(Value::take) else {
        unreachable!("it cannot be listed");
    };
    let environment = Entity {
        name: integration.environment.clone(),
        properties,
        etag: None,
        system_data: SystemData::default(),
    };
    let read = registrations(from_ref(&environment), &center, &VaultHosts::PublicClouds).pop();
    let read = read.map(|registration| registration.integration);
    assert_eq!(read, Some(Ok(integration.clone())));
}
