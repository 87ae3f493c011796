//! Custom domain names as version 1 shows them.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::call::Call;
use super::domain::{DomainEntry, DomainName, Mapping, key};
use super::domain_writes as writes;
use super::errors::AmazonError;
use super::paging::page;
use super::rest_api::EndpointType;
use super::state::State;
use super::wire::{empty_answer, json_answer, list};
use crate::json::present;

/// The hosted zone of every distribution of `CloudFront`.
const DISTRIBUTION_ZONE: &str = "Z2FDTNDATAQYW2";

/// Answers a call of `/domainnames` or `/domainnameaccessassociations`.
pub(super) fn answer(state: &mut State, call: &Call<'_>, segments: &[&str]) -> Result<Response<Bytes>, AmazonError> {
    let id = call.query("domainNameId");
    match (call.method, segments) {
        (&Method::GET, ["domainnames"]) => {
            let shown = owned(&state.domains, call)?;
            listed(&shown, "domainnames", call, |entry| domain(&entry.domain, call))
        }
        (&Method::POST, ["domainnames"]) => {
            let made = writes::create_domain(state, call)?;
            Ok(json_answer(StatusCode::CREATED, &domain(&made, call)))
        }
        (&Method::DELETE, ["domainnames", name]) => {
            writes::delete_domain(state, name, id)?;
            Ok(empty_answer(StatusCode::ACCEPTED))
        }
        (&Method::POST, ["domainnames", name, "basepathmappings"]) => {
            let made = writes::create_base_path_mapping(state, call, name)?;
            Ok(json_answer(StatusCode::CREATED, &base_path_mapping(&made)))
        }
        (&Method::DELETE, ["domainnames", name, "basepathmappings", base_path]) => {
            writes::delete_base_path_mapping(state, call, name, base_path)?;
            Ok(empty_answer(StatusCode::ACCEPTED))
        }
        (&Method::GET, ["domainnames", name]) => {
            let entry = entry_of(state, name, id)?;
            Ok(json_answer(StatusCode::OK, &domain(&entry.domain, call)))
        }
        (&Method::GET, ["domainnames", name, "basepathmappings"]) => {
            // What AWS says about a private one without its id is not recorded; it is taken for an unknown one.
            let entry = entry_of(state, name, id)?;
            let mappings = entry.mappings.values().filter(|mapping| is_listed(state, mapping));
            let mappings = mappings.map(|mapping| (mapping.key.clone(), mapping)).collect();
            listed(&mappings, &entry.domain.key(), call, |mapping| {
                base_path_mapping(mapping)
            })
        }
        (&Method::GET, ["domainnameaccessassociations"]) => {
            let associations = associations(owned(&state.domains, call)?, call);
            listed(&associations, "associations", call, Value::clone)
        }
        (method, _) => Err(AmazonError::unknown_operation(&format!("{method} of this path"))),
    }
}

/// The domain names of the requested owner; other accounts share none with this one.
fn owned<'a>(
    domains: &'a BTreeMap<String, DomainEntry>,
    call: &Call<'_>,
) -> Result<BTreeMap<String, &'a DomainEntry>, AmazonError> {
    match call.query("resourceOwner") {
        None | Some("SELF") => Ok(domains.iter().map(|(key, entry)| (key.clone(), entry)).collect()),
        Some("OTHER_ACCOUNTS") => Ok(BTreeMap::new()),
        Some(_) => Err(AmazonError::bad_request("Invalid resourceOwner")),
    }
}

fn entry_of<'a>(state: &'a State, name: &str, id: Option<&str>) -> Result<&'a DomainEntry, AmazonError> {
    let entry = state.domains.get(&key(name, id));
    entry.ok_or_else(AmazonError::unknown_domain)
}

/// Whether version 1 lists a mapping: whether AWS lists those that version 1 cannot make is not known.
fn is_listed(state: &State, mapping: &Mapping) -> bool {
    let could_be_made = !mapping.key.contains('/') && !state.v2_apis.contains_key(&mapping.api_id);
    could_be_made || state.v1_lists_all_mappings
}

fn listed<T>(
    items: &BTreeMap<String, T>,
    name: &str,
    call: &Call<'_>,
    shape: impl Fn(&T) -> Value,
) -> Result<Response<Bytes>, AmazonError> {
    let (page, position) = page(items, name, call)?;
    let items = page.into_iter().map(shape).collect();
    Ok(json_answer(StatusCode::OK, &list(items, position)))
}

fn domain(domain: &DomainName, call: &Call<'_>) -> Value {
    let certificate = call.arn("acm", "certificate/1");
    let (is_edge, is_regional) = match domain.endpoint_type {
        EndpointType::Edge => (true, false),
        EndpointType::Regional => (false, true),
        EndpointType::Private => (false, false),
    };
    let trusted = |uri: &String| json!({ "truststoreUri": uri });
    present(json!({
        "domainName": domain.name,
        "domainNameId": domain.id,
        "domainNameArn": domain.id.as_ref().map(|_| arn(domain, call)),
        "certificateArn": (!is_regional).then_some(&certificate),
        "certificateUploadDate": domain.certificate_upload_date,
        "regionalDomainName": is_regional.then(|| domain.host(call.region)),
        "regionalCertificateArn": is_regional.then_some(&certificate),
        "distributionDomainName": is_edge.then(|| domain.host(call.region)),
        "distributionHostedZoneId": is_edge.then_some(DISTRIBUTION_ZONE),
        "endpointConfiguration": { "types": [domain.endpoint_type.as_str()], "ipAddressType": "ipv4" },
        "domainNameStatus": domain.status,
        "securityPolicy": domain.security_policy,
        "mutualTlsAuthentication": domain.mutual_tls_truststore.as_ref().map(trusted),
        "routingMode": domain.routing_mode.v1(),
        "tags": domain.tags,
    }))
}

fn base_path_mapping(mapping: &Mapping) -> Value {
    let base_path = if mapping.key.is_empty() { "(none)" } else { &mapping.key };
    present(json!({
        "basePath": base_path,
        "restApiId": mapping.api_id,
        "stage": mapping.stage,
    }))
}

/// Access associations between VPC endpoints and private domain names.
fn associations(domains: BTreeMap<String, &DomainEntry>, call: &Call<'_>) -> BTreeMap<String, Value> {
    let mut associations = BTreeMap::new();
    for (key, entry) in domains {
        for endpoint in &entry.domain.vpc_endpoint_ids {
            let domain_arn = arn(&entry.domain, call);
            let name = format!(
                "/domainnameaccessassociations/domainname/{}/vpcesource/{endpoint}",
                entry.domain.name
            );
            let association = json!({
                "domainNameAccessAssociationArn": call.arn("apigateway", &name),
                "domainNameArn": domain_arn,
                "accessAssociationSourceType": "VPCE",
                "accessAssociationSource": endpoint,
                "tags": {},
            });
            associations.insert(format!("{key} {endpoint}"), association);
        }
    }
    associations
}

fn arn(domain: &DomainName, call: &Call<'_>) -> String {
    call.arn("apigateway", &format!("/domainnames/{}", domain.key()))
}
