//! What must hold of what the catalog keeps of integrations, whoever wrote it.

use std::slice::from_ref;

use serde_json::{Value, json};

use super::outcome::StoredOutcome;
use super::registry::{marker_fields, registrations};
use super::view::IntegrationView;
use crate::model::fuzzing::assert_tame_lines;
use crate::model::{ApiCenterId, Entity, Integration, Properties, SystemData, VaultHosts};

const CENTER: &str = "/subscriptions/1/resourceGroups/group/providers/Microsoft.ApiCenter/services/center";
/// Longest problem, in UTF-16 units.
const PROBLEM_MAX: usize = 4000;

/// What is read of an outcome is read again once it is written.
pub(crate) fn outcome(text: &str) -> bool {
    let Some(outcome) = StoredOutcome::read(text) else {
        return false;
    };
    let written = outcome.to_text();
    let again = StoredOutcome::read(&written);
    let rewritten = again.as_ref().map(StoredOutcome::to_text).unwrap_or_default();
    assert_eq!(without_time(&rewritten), without_time(&written));
    // The same moment may be written in another zone.
    let seconds = |outcome: &StoredOutcome| outcome.last_success_on.and_then(|on| on.replace_nanosecond(0).ok());
    assert_eq!(again.as_ref().and_then(seconds), seconds(&outcome));
    true
}

fn without_time(outcome: &str) -> Value {
    let mut outcome: Value = serde_json::from_str(outcome).unwrap_or_default();
    assert!(outcome.is_object(), "{outcome}");
    if let Value::Object(members) = &mut outcome {
        members.shift_remove("lastSuccessOn");
    }
    outcome
}

/// Whatever an environment holds, it is shown, and no vault is asked that is not allowed.
pub(crate) fn registration(environment: &Entity) -> bool {
    let Ok(center) = ApiCenterId::parse(CENTER) else {
        unreachable!("the id is a constant");
    };
    let mut is_usable = false;
    for registration in registrations(from_ref(environment), &VaultHosts::PublicClouds) {
        let view = IntegrationView::of(&center, &registration);
        assert_eq!(view.name, registration.name.to_string());
        match &registration.integration {
            Ok(integration) => {
                if let Some(secrets) = integration.authentication.secrets() {
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
            Err(problem) => assert_tame_lines(&problem.message, PROBLEM_MAX),
        }
    }
    is_usable
}

/// An integration is read as it was written, also from a list of the catalog's.
pub(crate) fn kept(integration: &Integration) {
    let mut properties = Properties::new();
    for (path, value) in marker_fields(integration, true, 1, "2026-11-23T12:00:00Z", None) {
        path.set(&mut properties, value);
    }
    let defaults = integration.default_custom_properties.environment.clone();
    if let Some(Value::Object(custom)) = properties.get_mut("customProperties") {
        custom.extend(defaults.into_iter().filter(|(name, _)| name != "aws-integration"));
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
    let read = registrations(from_ref(&environment), &VaultHosts::PublicClouds).pop();
    let read = read.map(|registration| registration.integration);
    assert_eq!(read, Some(Ok(integration.clone())));
}
