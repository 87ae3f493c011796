//! The gateway's contents besides REST APIs, for tests to change.

use super::ApiGateway;
use super::domain::{DomainEntry, DomainEstate, DomainName, Mapping, RoutingRule};
use super::v2_api::{V2Api, V2Estate, V2Stage};
use super::v2_entry::V2Entry;
use crate::clock::{epoch_seconds, now};

impl ApiGateway {
    /// Adds or changes an HTTP or WebSocket API, keeping its stages.
    pub fn put_v2_api(&self, api: V2Api) {
        let mut state = self.state();
        if let Some(entry) = state.v2_apis.get_mut(&api.id) {
            entry.api = api;
        } else {
            state.v2_apis.insert(api.id.clone(), V2Entry::new(api));
        }
    }

    /// Adds or changes a stage of an existing HTTP or WebSocket API, with its deployment.
    pub fn put_v2_stage(&self, api_id: &str, stage: V2Stage) {
        if let Some(entry) = self.state().v2_apis.get_mut(api_id) {
            entry.put_stage(stage, epoch_seconds(now()));
        }
    }

    /// Removes an HTTP or a WebSocket API with all that is below it; mappings to it stay.
    pub fn remove_v2_api(&self, api_id: &str) {
        self.state().v2_apis.remove(api_id);
    }

    /// Removes a stage of an HTTP or a WebSocket API; mappings to it stay.
    pub fn remove_v2_stage(&self, api_id: &str, stage_name: &str) {
        if let Some(entry) = self.state().v2_apis.get_mut(api_id) {
            entry.stages.remove(stage_name);
        }
    }

    /// All HTTP and WebSocket APIs with their stages, by id and name.
    #[must_use]
    pub fn v2_estate(&self) -> V2Estate {
        let of = |entry: &V2Entry| (entry.api.clone(), entry.stages.values().cloned().collect());
        self.state().v2_apis.values().map(of).collect()
    }

    /// Sets whether the region has no HTTP APIs.
    ///
    /// Every call below `/v2/apis` is then refused in a body that is not JSON, and every one below `/v2/domainnames` as
    /// a bad request without more words, as both were reported.
    pub fn set_v2_missing(&self, missing: bool) {
        self.state().v2_missing = missing;
    }

    /// Adds or changes a custom domain name, keeping its mappings and rules.
    pub fn put_domain(&self, domain: DomainName) {
        let mut state = self.state();
        let key = domain.key();
        if let Some(entry) = state.domains.get_mut(&key) {
            entry.domain = domain;
        } else {
            state.domains.insert(key, DomainEntry::new(domain));
        }
    }

    /// Removes a domain name, by its key, with all that is below it.
    pub fn remove_domain(&self, domain_key: &str) {
        self.state().domains.remove(domain_key);
    }

    /// Adds or changes a mapping of an existing domain name.
    pub fn put_mapping(&self, domain_key: &str, mapping: Mapping) {
        if let Some(entry) = self.state().domains.get_mut(domain_key) {
            entry.mappings.insert(mapping.id.clone(), mapping);
        }
    }

    /// Removes a mapping.
    pub fn remove_mapping(&self, domain_key: &str, mapping_id: &str) {
        if let Some(entry) = self.state().domains.get_mut(domain_key) {
            entry.mappings.remove(mapping_id);
        }
    }

    /// Adds or changes a routing rule of an existing domain name.
    pub fn put_routing_rule(&self, domain_key: &str, rule: RoutingRule) {
        if let Some(entry) = self.state().domains.get_mut(domain_key) {
            entry.rules.insert(rule.id.clone(), rule);
        }
    }

    /// Removes a routing rule.
    pub fn remove_routing_rule(&self, domain_key: &str, rule_id: &str) {
        if let Some(entry) = self.state().domains.get_mut(domain_key) {
            entry.rules.remove(rule_id);
        }
    }

    /// All domain names with their mappings and rules, by key and id.
    #[must_use]
    pub fn domain_estate(&self) -> DomainEstate {
        let of = |entry: &DomainEntry| {
            let (mappings, rules) = (entry.mappings.values(), entry.rules.values());
            (
                entry.domain.clone(),
                mappings.cloned().collect(),
                rules.cloned().collect(),
            )
        };
        self.state().domains.values().map(of).collect()
    }

    /// Sets whether version 1 lists mappings that it could not have made: of keys with `/`, and to APIs of version 2.
    ///
    /// Whether AWS does is not known; it does not here unless told to.
    pub fn set_v1_lists_all_mappings(&self, all: bool) {
        self.state().v1_lists_all_mappings = all;
    }
}
