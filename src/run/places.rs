//! The sources of gateways.

use std::collections::HashMap;

use super::gateways::Gateways;
use crate::model::{EntityName, Gateway, GatewayApi, Integration};
use crate::translate::{Place, Subject, group_of, listed_selection};

/// The source of each gateway, as an index into the integration's sources, and the account's name if its organisation
/// gives one.
#[derive(Debug, Default)]
pub struct Places(HashMap<Gateway, (usize, Option<String>)>);

impl Places {
    /// The places of a run's gateways.
    pub fn of(gateways: &Gateways) -> Self {
        let reached = gateways.all.iter();
        let places = reached.map(|reach| (reach.gateway.clone(), (reach.source, reach.account_name.clone())));
        Self(places.collect())
    }

    /// The place of a gateway.
    pub fn place<'a>(&'a self, integration: &'a Integration, gateway: &'a Gateway) -> Place<'a> {
        let known = self.0.get(gateway);
        Place {
            // There is at least one.
            source: &integration.sources[known.map_or(0, |(index, _)| *index)],
            account_name: known.and_then(|(_, name)| name.as_deref()),
            gateway,
        }
    }

    /// Whether an API on a gateway is currently a member of a group.
    pub fn is_member(
        &self,
        integration: &Integration,
        gateway: &Gateway,
        api: &GatewayApi,
        group: &EntityName,
    ) -> bool {
        let subject = Subject::of(self.place(integration, gateway), api);
        integration.api_types.contains(&api.api_type)
            && listed_selection(integration, subject).is_in()
            && group_of(integration, api).as_ref() == Some(group)
    }
}
