//! Where gateways are among an integration's sources.

use std::collections::HashMap;

use super::gateways::Gateways;
use crate::model::{EntityName, Gateway, GatewayApi, Integration};
use crate::translate::{Place, Subject, group_of, listed_selection};

/// The source that each gateway is read for, by its place among the integration's, and the name of the account where its
/// organisation tells it.
#[derive(Debug, Default)]
pub struct Places(HashMap<Gateway, (usize, Option<String>)>);

impl Places {
    /// Those of the gateways of a run.
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

    /// Whether an API that is on a gateway is, by what it is now, a member of a group.
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
