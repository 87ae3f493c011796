//! Writes of custom domain names, by both versions.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::call::Call;
use super::domain::{DomainEntry, DomainName, Mapping, key};
use super::errors::AmazonError;
use super::rest_api::EndpointType;
use super::state::State;
use super::v2_api::Protocol;
use crate::random;

/// Letters and digits of the id of a private domain name.
const DOMAIN_ID_LENGTH: usize = 10;
/// Letters and digits of a mapping's id.
const MAPPING_ID_LENGTH: usize = 6;
/// Most characters of a mapping's key (API Gateway quotas).
const KEY_MAX: usize = 300;

/// The body of `CreateDomainName`, in version 1.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewDomain {
    domain_name: String,
    #[serde(default)]
    endpoint_configuration: EndpointConfiguration,
    security_policy: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
struct EndpointConfiguration {
    #[serde(default)]
    types: Vec<String>,
}

/// The body of `CreateDomainName`, in version 2.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewV2Domain {
    domain_name: String,
    #[serde(default)]
    domain_name_configurations: Vec<Configuration>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    endpoint_type: Option<String>,
    security_policy: Option<String>,
}

/// The body of `CreateBasePathMapping`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewBasePathMapping {
    base_path: Option<String>,
    rest_api_id: String,
    stage: Option<String>,
}

/// The body of `CreateApiMapping`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewApiMapping {
    api_id: String,
    stage: String,
    #[serde(default)]
    api_mapping_key: String,
}

/// `CreateDomainName` of version 1: edge-optimized by default.
pub(super) fn create_domain(state: &mut State, call: &Call<'_>) -> Result<DomainName, AmazonError> {
    let new: NewDomain = call.json()?;
    let kind = match new.endpoint_configuration.types.first() {
        None => EndpointType::Edge,
        Some(word) => EndpointType::parse(word).ok_or_else(|| AmazonError::bad_request("Invalid endpoint type"))?,
    };
    let domain = match kind {
        EndpointType::Edge => DomainName::edge(new.domain_name),
        EndpointType::Regional => DomainName::regional(new.domain_name),
        EndpointType::Private => DomainName::private(new.domain_name, random::text(DOMAIN_ID_LENGTH)),
    };
    let security_policy = new.security_policy.unwrap_or_else(|| domain.security_policy.clone());
    insert(
        state,
        DomainName {
            security_policy,
            certificate_upload_date: call.now,
            tags: new.tags,
            ..domain
        },
    )
}

/// `CreateDomainName` of version 2: regional ones with TLS 1.2 only.
pub(super) fn create_v2_domain(state: &mut State, call: &Call<'_>) -> Result<DomainName, AmazonError> {
    let new: NewV2Domain = call.json()?;
    let [configuration] = new.domain_name_configurations.as_slice() else {
        return Err(AmazonError::bad_request(
            "Exactly one domain name configuration is required",
        ));
    };
    let is = |value: &Option<String>, word: &str| value.as_deref().is_none_or(|value| value == word);
    if !is(&configuration.endpoint_type, "REGIONAL") || !is(&configuration.security_policy, "TLS_1_2") {
        return Err(AmazonError::unmanaged_domain());
    }
    insert(
        state,
        DomainName {
            made_with_v1: false,
            certificate_upload_date: call.now,
            tags: new.tags,
            ..DomainName::regional(new.domain_name)
        },
    )
}

fn insert(state: &mut State, domain: DomainName) -> Result<DomainName, AmazonError> {
    if domain.name.is_empty() {
        return Err(AmazonError::bad_request("Domain name must not be empty"));
    }
    let key = domain.key();
    if state.domains.contains_key(&key) {
        return Err(AmazonError::bad_request("The domain name you provided already exists."));
    }
    state.domains.insert(key, DomainEntry::new(domain.clone()));
    Ok(domain)
}

/// `DeleteDomainName`, with all that is below it.
pub(super) fn delete_domain(state: &mut State, name: &str, id: Option<&str>) -> Result<(), AmazonError> {
    let removed = state.domains.remove(&key(name, id));
    removed.map(drop).ok_or_else(AmazonError::unknown_domain)
}

/// `CreateBasePathMapping`: to REST APIs only, and not beside a mapping to another kind of API.
pub(super) fn create_base_path_mapping(state: &mut State, call: &Call<'_>, name: &str) -> Result<Mapping, AmazonError> {
    let new: NewBasePathMapping = call.json()?;
    let api = state.apis.get(&new.rest_api_id);
    let api = api.ok_or_else(|| AmazonError::unknown_api(call.account, &new.rest_api_id))?;
    if let Some(stage) = &new.stage {
        api.stage(stage)?;
    }
    let (domains, v2_apis) = (&mut state.domains, &state.v2_apis);
    let entry = domains.get_mut(&key(name, call.query("domainNameId")));
    let entry = entry.ok_or_else(AmazonError::unknown_domain)?;
    if entry
        .mappings
        .values()
        .any(|mapping| v2_apis.contains_key(&mapping.api_id))
    {
        return Err(AmazonError::bad_request(
            "Domain names with mappings to HTTP APIs are managed by version 2",
        ));
    }
    let key = new.base_path.filter(|path| path != "(none)").unwrap_or_default();
    if key.contains('/') {
        return Err(AmazonError::bad_request("Base path must not contain '/'"));
    }
    add_mapping(
        entry,
        Mapping {
            id: random::text(MAPPING_ID_LENGTH),
            api_id: new.rest_api_id,
            stage: new.stage,
            key,
        },
    )
}

/// `DeleteBasePathMapping`.
pub(super) fn delete_base_path_mapping(
    state: &mut State,
    call: &Call<'_>,
    name: &str,
    base_path: &str,
) -> Result<(), AmazonError> {
    let entry = state.domains.get_mut(&key(name, call.query("domainNameId")));
    let entry = entry.ok_or_else(AmazonError::unknown_domain)?;
    let wanted = if base_path == "(none)" { "" } else { base_path };
    let before = entry.mappings.len();
    entry.mappings.retain(|_, mapping| mapping.key != wanted);
    if entry.mappings.len() == before {
        return Err(AmazonError::not_found("Invalid base path mapping identifier specified"));
    }
    Ok(())
}

/// `CreateApiMapping`, of a domain name that version 2 manages: WebSocket APIs share one with their like only.
pub(super) fn create_api_mapping(state: &mut State, call: &Call<'_>, name: &str) -> Result<Mapping, AmazonError> {
    let new: NewApiMapping = call.json()?;
    let stage_is_there = match (state.apis.get(&new.api_id), state.v2_apis.get(&new.api_id)) {
        (Some(api), _) => api.stages.contains_key(&new.stage),
        (None, Some(api)) => api.stages.contains_key(&new.stage),
        (None, None) => return Err(AmazonError::unknown_api(call.account, &new.api_id)),
    };
    if !stage_is_there {
        return Err(AmazonError::unknown_stage());
    }
    let (domains, v2_apis) = (&mut state.domains, &state.v2_apis);
    let is_websocket = |id: &str| {
        v2_apis
            .get(id)
            .is_some_and(|api| api.api.protocol == Protocol::Websocket)
    };
    let entry = domains.get_mut(name).ok_or_else(AmazonError::unknown_domain)?;
    let others = entry.mappings.values();
    if others
        .map(|mapping| is_websocket(&mapping.api_id))
        .any(|other| other != is_websocket(&new.api_id))
    {
        return Err(AmazonError::bad_request(
            "WebSocket APIs cannot be mapped to the same domain name as REST or HTTP APIs",
        ));
    }
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"$-_.+!*'()/".contains(&byte);
    if new.api_mapping_key.len() > KEY_MAX || !new.api_mapping_key.bytes().all(fit) {
        return Err(AmazonError::bad_request("Invalid API mapping key specified"));
    }
    let id = random::text(MAPPING_ID_LENGTH);
    add_mapping(entry, Mapping::new(id, new.api_mapping_key, new.api_id, new.stage))
}

/// `DeleteApiMapping`.
pub(super) fn delete_api_mapping(state: &mut State, name: &str, id: &str) -> Result<(), AmazonError> {
    let entry = state.domains.get_mut(name).ok_or_else(AmazonError::unknown_domain)?;
    let removed = entry.mappings.remove(id);
    let unknown = || AmazonError::not_found("Invalid API mapping identifier specified");
    removed.map(drop).ok_or_else(unknown)
}

fn add_mapping(entry: &mut DomainEntry, mapping: Mapping) -> Result<Mapping, AmazonError> {
    if entry.mappings.values().any(|other| other.key == mapping.key) {
        return Err(AmazonError::conflict("Base path already exists for this domain name"));
    }
    entry.mappings.insert(mapping.id.clone(), mapping.clone());
    Ok(mapping)
}
