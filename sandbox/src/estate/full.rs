//! Complete estates.

use crate::api_gateway::{ApiGateway, DomainEstate, Estate, V2Estate};

/// APIs of every kind, and custom domain names.
#[derive(Debug, Clone, Default)]
pub struct FullEstate {
    /// REST APIs.
    pub rest: Estate,
    /// HTTP and WebSocket APIs.
    pub v2: V2Estate,
    /// Custom domain names.
    pub domains: DomainEstate,
}

impl From<Estate> for FullEstate {
    fn from(rest: Estate) -> Self {
        Self {
            rest,
            ..Self::default()
        }
    }
}

impl FullEstate {
    /// Puts everything into a gateway, keeping what it has.
    pub fn fill(self, gateway: &ApiGateway) {
        for (api, stages) in self.rest {
            let id = api.id.clone();
            gateway.put_rest_api(api);
            for stage in stages {
                gateway.put_stage(&id, stage);
            }
        }
        for (api, stages) in self.v2 {
            let id = api.id.clone();
            gateway.put_v2_api(api);
            for stage in stages {
                gateway.put_v2_stage(&id, stage);
            }
        }
        for (domain, mappings, rules) in self.domains {
            let key = domain.key();
            gateway.put_domain(domain);
            for mapping in mappings {
                gateway.put_mapping(&key, mapping);
            }
            for rule in rules {
                gateway.put_routing_rule(&key, rule);
            }
        }
    }
}
