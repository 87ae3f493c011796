//! Custom domain names as version 2 shows them: regional ones with TLS 1.2, and of the rest as little as AWS does.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::date::iso;
use super::super::domain::{DomainEntry, DomainName, Mapping, RoutingRule, key};
use super::super::domain_writes as writes;
use super::super::errors::AmazonError;
use super::super::paging::{v2_page, v2_page_of};
use super::super::rest_api::EndpointType;
use super::super::state::State;
use super::super::wire::{empty_answer, json_answer};
use super::wire;
use crate::json::present;

/// Most routing rules on a page, and as many as are asked for (`ListRoutingRules`).
const RULES_MAX: usize = 100;

/// Answers a call below `/v2/domainnames`.
pub(in super::super) fn answer(
    state: &mut State,
    call: &Call<'_>,
    rest: &[&str],
) -> Result<Response<Bytes>, AmazonError> {
    if state.v2_missing {
        return Err(AmazonError::bad_request("Bad Request"));
    }
    match (call.method, rest) {
        (&Method::GET, []) => {
            let shown = state.domains.iter().filter(|(_, entry)| is_public(entry));
            let shown = shown.map(|(key, entry)| (key.clone(), &entry.domain)).collect();
            listed(&shown, "v2/domainnames", call, |domain| self::domain(domain, call))
        }
        (&Method::POST, []) => {
            let made = writes::create_v2_domain(state, call)?;
            Ok(json_answer(StatusCode::CREATED, &domain(&made, call)))
        }
        (&Method::DELETE, [name]) => {
            public(state, name)?;
            writes::delete_domain(state, name, None)?;
            Ok(empty_answer(StatusCode::NO_CONTENT))
        }
        (&Method::POST, [name, "apimappings"]) => {
            managed(state, name)?;
            let made = writes::create_api_mapping(state, call, name)?;
            Ok(json_answer(StatusCode::CREATED, &mapping(&made)))
        }
        (&Method::DELETE, [name, "apimappings", id]) => {
            managed(state, name)?;
            writes::delete_api_mapping(state, name, id)?;
            Ok(empty_answer(StatusCode::NO_CONTENT))
        }
        (&Method::GET, [name]) => {
            let entry = public(state, name)?;
            Ok(json_answer(StatusCode::OK, &domain(&entry.domain, call)))
        }
        (&Method::GET, [name, "apimappings"]) => {
            let mappings = &managed(state, name)?.mappings;
            listed(mappings, &format!("v2/domainnames/{name}/apimappings"), call, mapping)
        }
        (&Method::GET, [name, "apimappings", id]) => {
            let unknown = || AmazonError::not_found("Invalid API mapping identifier specified");
            let found = managed(state, name)?.mappings.get(*id).ok_or_else(unknown)?;
            Ok(json_answer(StatusCode::OK, &mapping(found)))
        }
        (&Method::GET, [name, "routingrules"]) => {
            let key = key(name, call.query("domainNameId"));
            let entry = state.domains.get(&key).ok_or_else(AmazonError::unknown_domain)?;
            rules(entry, call)
        }
        (method, _) => Err(AmazonError::unknown_operation(&format!(
            "{method} of this path in version 2"
        ))),
    }
}

/// Version 2 knows no private domain names.
fn is_public(entry: &DomainEntry) -> bool {
    match entry.domain.endpoint_type {
        EndpointType::Edge | EndpointType::Regional => true,
        EndpointType::Private => false,
    }
}

fn public<'a>(state: &'a State, name: &str) -> Result<&'a DomainEntry, AmazonError> {
    let entry = state.domains.get(name).filter(|entry| is_public(entry));
    entry.ok_or_else(AmazonError::unknown_domain)
}

/// A domain name whose mappings version 2 shows and makes.
fn managed<'a>(state: &'a State, name: &str) -> Result<&'a DomainEntry, AmazonError> {
    let entry = public(state, name)?;
    let domain = &entry.domain;
    if domain.endpoint_type == EndpointType::Regional && domain.security_policy != "TLS_1_0" {
        return Ok(entry);
    }
    Err(AmazonError::unmanaged_domain())
}

fn listed<T>(
    items: &BTreeMap<String, T>,
    list: &str,
    call: &Call<'_>,
    shape: impl Fn(&T) -> Value,
) -> Result<Response<Bytes>, AmazonError> {
    let (page, next_token) = v2_page(items, list, call)?;
    let items = page.into_iter().map(shape).collect();
    Ok(json_answer(StatusCode::OK, &wire::list("items", items, next_token)))
}

/// `ListRoutingRules`, whose `maxResults` is a number with a most, in the order in which the rules are tried.
fn rules(entry: &DomainEntry, call: &Call<'_>) -> Result<Response<Bytes>, AmazonError> {
    let limit = match call.query("maxResults") {
        None => call.page_size_default,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=RULES_MAX).contains(limit))
            .ok_or_else(|| AmazonError::bad_request("Invalid maxResults: must be between 1 and 100"))?,
    };
    let key = entry.domain.key();
    let in_order = |rule: &RoutingRule| format!("{:07} {}", rule.priority, rule.id);
    let ordered = entry.rules.values().map(|rule| (in_order(rule), rule)).collect();
    let list = format!("v2/domainnames/{key}/routingrules");
    let (page, next_token) = v2_page_of(&ordered, &list, limit.min(call.page_size_max), call)?;
    let rules = page.into_iter().map(|rule| self::rule(rule, &key, call)).collect();
    let body = wire::list("routingRules", rules, next_token);
    Ok(json_answer(StatusCode::OK, &body))
}

fn domain(domain: &DomainName, call: &Call<'_>) -> Value {
    // Text by AWS's model, a number for a domain name that version 1 made: clients that go by the model fail on it.
    let date = if domain.made_with_v1 {
        json!(domain.certificate_upload_date)
    } else {
        json!(iso(domain.certificate_upload_date))
    };
    let certificate = call.arn("acm", "certificate/1");
    let trusted = |uri: &String| json!({ "truststoreUri": uri });
    present(json!({
        "apiMappingSelectionExpression": "$request.basepath",
        "domainName": domain.name,
        "domainNameConfigurations": [{
            "apiGatewayDomainName": domain.host(call.region),
            "certificateArn": certificate,
            "certificateUploadDate": date,
            "domainNameStatus": domain.status,
            "endpointType": domain.endpoint_type.as_str(),
            "ipAddressType": "ipv4",
            "securityPolicy": domain.security_policy,
        }],
        "mutualTlsAuthentication": domain.mutual_tls_truststore.as_ref().map(trusted),
        "routingMode": domain.routing_mode.v2(),
        "tags": domain.tags,
    }))
}

/// A mapping. What AWS gives as the stage of one that version 1 made without a stage is not recorded.
fn mapping(mapping: &Mapping) -> Value {
    present(json!({
        "apiId": mapping.api_id,
        "apiMappingId": mapping.id,
        "apiMappingKey": mapping.key,
        "stage": mapping.stage,
    }))
}

fn rule(rule: &RoutingRule, domain_key: &str, call: &Call<'_>) -> Value {
    let mut conditions = Vec::new();
    if !rule.headers.is_empty() {
        let headers = rule.headers.iter();
        let headers: Vec<Value> = headers
            .map(|(header, glob)| json!({ "header": header, "valueGlob": glob }))
            .collect();
        conditions.push(json!({ "matchHeaders": { "anyOf": headers } }));
    }
    if !rule.base_paths.is_empty() {
        conditions.push(json!({ "matchBasePaths": { "anyOf": rule.base_paths } }));
    }
    let path = format!("/domainnames/{domain_key}/routingrules/{}", rule.id);
    json!({
        "actions": [{ "invokeApi": {
            "apiId": rule.api_id,
            "stage": rule.stage,
            "stripBasePath": rule.strip_base_path,
        } }],
        "conditions": conditions,
        "priority": rule.priority,
        "routingRuleArn": call.arn("apigateway", &path),
        "routingRuleId": rule.id,
    })
}
