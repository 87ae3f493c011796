//! Custom domains: version 2015-07-09 of the API lists them, 2018-11-29 has most mappings.
//!
//! The newer version's list is never used: for domains created with the older one, it has a date in a form that the SDK
//! cannot parse.

use aws_sdk_apigateway::types::{DomainName, EndpointConfiguration, EndpointType, RoutingMode, SecurityPolicy};
use aws_sdk_apigatewayv2::types::{RoutingRule, RoutingRuleMatchBasePaths};

use super::GatewayClient;
use super::error::GatewayError;
use super::listing::all_pages;
use super::v2::PAGE_SIZE;
use crate::aws::connection::Call;
use crate::model::{ApiId, Domain, Domains, Known, Mapping, is_host_name};

/// Most domains and most base path mappings per page (API version 2015-07-09).
const REST_PAGE_SIZE: i32 = 500;
/// Most routing rules per page (`ListRoutingRules`, API version 2018-11-29).
const RULES_PAGE_SIZE: i32 = 100;
/// Most domains, and most mappings of one, that are read: AWS allows 120 and 200 by default.
const ITEMS_MAX: usize = 10_000;
/// The older version's word for the root, and for a stage named by the caller.
const NONE: &str = "(none)";

impl GatewayClient {
    /// Reads all custom domains of the account, as far as possible.
    pub async fn domains(&self) -> Domains {
        let listed = match self.domain_names().await {
            Ok(listed) => listed,
            Err(error) => return Domains::Unknown(error.problem().message),
        };
        let mut domains = Vec::new();
        for item in listed {
            let name = item.domain_name().filter(|name| !name.is_empty());
            let Some(name) = name.map(str::to_ascii_lowercase) else {
                return Domains::Unknown("a custom domain has no name".to_owned());
            };
            // A wildcard such as `*.example.com` has no URL.
            if !is_host_name(&name) {
                continue;
            }
            domains.push(self.domain(name, &item).await);
        }
        Domains::Listed(domains)
    }

    async fn domain_names(&self) -> Result<Vec<DomainName>, GatewayError> {
        let call = Call {
            operation: "GetDomainNames",
            subject: format!("region {}", self.caller.connection.region),
        };
        let page = async |position: Option<String>| {
            let page = || {
                let page = self.rest.get_domain_names().limit(REST_PAGE_SIZE);
                page.set_position(position.clone()).send()
            };
            let page = self.caller.ask(&call, page).await?;
            Ok((page.items.unwrap_or_default(), page.position))
        };
        all_pages(&call, ITEMS_MAX, page).await
    }

    async fn domain(&self, name: String, item: &DomainName) -> Domain {
        let (mut mappings, known) = match item.routing_mode() {
            Some(RoutingMode::RoutingRuleOnly) => (Vec::new(), Known::All),
            _ => self.mappings(&name, item).await,
        };
        let has_rules = matches!(
            item.routing_mode(),
            Some(RoutingMode::RoutingRuleOnly | RoutingMode::RoutingRuleThenBasePathMapping)
        );
        if has_rules {
            match self.routing_rules(&name, item).await {
                Ok(rules) => mappings.extend(rules.iter().flat_map(mappings_of_rule)),
                Err(error) => {
                    return Domain {
                        name,
                        mappings: Vec::new(),
                        known: Known::Nothing(error.problem().message),
                    };
                }
            }
        }
        mappings.sort();
        mappings.dedup();
        Domain { name, mappings, known }
    }

    /// The mappings of a domain, and how complete they are.
    async fn mappings(&self, name: &str, item: &DomainName) -> (Vec<Mapping>, Known) {
        let error = if is_for_v2(item) {
            match self.v2_mappings(name).await {
                Ok(mappings) => return (mappings, Known::All),
                // In a region with REST APIs only, the older version has all mappings.
                Err(GatewayError::Refused { .. }) if self.lacks_v2().await => None,
                // The older version has at least the REST APIs. A 404 from the newer one proves nothing.
                Err(
                    error @ (GatewayError::Refused { .. }
                    | GatewayError::NotFound { .. }
                    | GatewayError::Unavailable { .. }),
                ) => Some(error),
                Err(error) => return (Vec::new(), Known::Nothing(error.problem().message)),
            }
        } else {
            None
        };
        match (self.base_path_mappings(name, item.domain_name_id()).await, error) {
            (Ok(mappings), None) => (mappings, Known::All),
            (Ok(mappings), Some(error)) => (mappings, Known::RestOnly(error.problem().message)),
            (Err(error), _) => (Vec::new(), Known::Nothing(error.problem().message)),
        }
    }

    async fn v2_mappings(&self, name: &str) -> Result<Vec<Mapping>, GatewayError> {
        let call = Call {
            operation: "GetApiMappings",
            subject: format!("domain {name}"),
        };
        let page = async |token: Option<String>| {
            let page = || {
                let page = self.v2.get_api_mappings().domain_name(name).max_results(PAGE_SIZE);
                page.set_next_token(token.clone()).send()
            };
            let page = self.caller.ask(&call, page).await?;
            Ok((page.items.unwrap_or_default(), page.next_token))
        };
        let items = all_pages(&call, ITEMS_MAX, page).await?.into_iter();
        let mapping =
            |item: aws_sdk_apigatewayv2::types::ApiMapping| mapping(item.api_id, item.stage, item.api_mapping_key);
        Ok(items.filter_map(mapping).collect())
    }

    async fn base_path_mappings(&self, name: &str, domain_name_id: Option<&str>) -> Result<Vec<Mapping>, GatewayError> {
        let call = Call {
            operation: "GetBasePathMappings",
            subject: format!("domain {name}"),
        };
        let page = async |position: Option<String>| {
            let page = || {
                let page = self.rest.get_base_path_mappings().domain_name(name);
                let page = page
                    .set_domain_name_id(domain_name_id.map(str::to_owned))
                    .limit(REST_PAGE_SIZE);
                page.set_position(position.clone()).send()
            };
            let page = self.caller.ask(&call, page).await?;
            Ok((page.items.unwrap_or_default(), page.position))
        };
        let items = all_pages(&call, ITEMS_MAX, page).await?.into_iter();
        let mapping =
            |item: aws_sdk_apigateway::types::BasePathMapping| mapping(item.rest_api_id, item.stage, item.base_path);
        Ok(items.filter_map(mapping).collect())
    }

    async fn routing_rules(&self, name: &str, item: &DomainName) -> Result<Vec<RoutingRule>, GatewayError> {
        let call = Call {
            operation: "ListRoutingRules",
            subject: format!("domain {name}"),
        };
        let page = async |token: Option<String>| {
            let page = || {
                let page = self
                    .v2
                    .list_routing_rules()
                    .domain_name(name)
                    .max_results(RULES_PAGE_SIZE);
                let page = page.set_domain_name_id(item.domain_name_id().map(str::to_owned));
                page.set_next_token(token.clone()).send()
            };
            let page = self.caller.ask(&call, page).await?;
            Ok((page.routing_rules.unwrap_or_default(), page.next_token))
        };
        all_pages(&call, ITEMS_MAX, page).await
    }
}

/// Whether the newer version has the domain's mappings: regional domains with TLS 1.2 or later.
fn is_for_v2(item: &DomainName) -> bool {
    let mut types = item
        .endpoint_configuration()
        .into_iter()
        .flat_map(EndpointConfiguration::types);
    types.all(|found| *found == EndpointType::Regional)
        && !matches!(item.security_policy(), Some(SecurityPolicy::Tls10))
}

/// A mapping; `None` if its target cannot be an API here.
fn mapping(api_id: Option<String>, stage: Option<String>, key: Option<String>) -> Option<Mapping> {
    let told = |text: Option<String>| text.filter(|text| !text.is_empty() && text != NONE);
    Some(Mapping {
        api_id: ApiId::parse(&api_id?).ok()?,
        stage: told(stage),
        key: told(key).unwrap_or_default().trim_matches('/').to_owned(),
    })
}

/// The mappings of a rule without header conditions; one with conditions applies to some callers only.
fn mappings_of_rule(rule: &RoutingRule) -> Vec<Mapping> {
    let conditions = rule.conditions();
    if conditions.iter().any(|condition| condition.match_headers().is_some()) {
        return Vec::new();
    }
    let keys = conditions.iter().filter_map(|condition| condition.match_base_paths());
    let mut keys: Vec<Option<String>> = keys
        .flat_map(RoutingRuleMatchBasePaths::any_of)
        .cloned()
        .map(Some)
        .collect();
    if conditions.is_empty() {
        keys.push(None);
    }
    let targets = rule.actions().iter().filter_map(|action| action.invoke_api());
    targets
        .flat_map(|target| {
            let to = |key: &Option<String>| mapping(target.api_id.clone(), target.stage.clone(), key.clone());
            keys.iter().filter_map(to).collect::<Vec<Mapping>>()
        })
        .collect()
}
