//! What the work on every API of a run has in common.

use std::collections::HashMap;
use std::sync::Arc;

use super::observe::Sides;
use super::places::Places;
use super::request::SyncRequest;
use crate::model::{DesiredApi, Domains, Gateway, GatewayApi, Integration, SourceKey};
use crate::plan::Rules;
use crate::translate;

/// The run's data that work on every API needs.
#[derive(Debug)]
pub struct Ground {
    /// The integration.
    pub integration: Integration,
    /// The custom domains of each gateway.
    pub domains: HashMap<Gateway, Domains>,
    /// The sources of the gateways.
    pub places: Places,
    /// The rules for planning.
    pub rules: Arc<Rules>,
    /// Whether the rules for the desired state are those of the last complete run.
    pub has_same_rules: bool,
    /// Whether this sync requested definitions.
    pub with_definitions: bool,
}

impl Ground {
    /// Takes the ground of a run from what was observed.
    pub fn of(integration: &Integration, sides: &mut Sides, request: &SyncRequest) -> Self {
        Self {
            integration: integration.clone(),
            domains: std::mem::take(&mut sides.domains),
            places: Places::of(&sides.gateways),
            rules: Arc::clone(&sides.rules),
            has_same_rules: sides.observed.has_same_rules,
            with_definitions: request.definitions,
        }
    }

    /// Fills in an API's fields. A run holds its APIs without them, to save memory.
    pub fn add_fields<'a>(&self, desired: &mut DesiredApi, api: impl Fn(&SourceKey) -> Option<&'a GatewayApi>) {
        let keys: Vec<SourceKey> = desired.members.iter().map(|member| member.key.clone()).collect();
        for key in keys {
            if let Some(api) = api(&key) {
                let place = self.places.place(&self.integration, &key.gateway);
                translate::add_fields(desired, &self.integration, place, api, &self.rules.types);
            }
        }
    }
}
