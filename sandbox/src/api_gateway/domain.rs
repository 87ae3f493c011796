//! Custom domain names with their mappings. Both versions see the same ones.

use std::collections::BTreeMap;

use super::date::USUAL_DATE;
use super::rest_api::EndpointType;
use crate::region::dns_suffix;

/// Domain names, each with its mappings and its routing rules.
pub type DomainEstate = Vec<(DomainName, Vec<Mapping>, Vec<RoutingRule>)>;

/// A custom domain name.
#[derive(Debug, Clone)]
pub struct DomainName {
    /// The name, which may begin with `*.`.
    pub name: String,
    /// The id that tells private domain names of one name apart; others have none.
    pub id: Option<String>,
    /// Its endpoint type.
    pub endpoint_type: EndpointType,
    /// `TLS_1_0`, `TLS_1_2` or one of the newer policies.
    pub security_policy: String,
    /// `AVAILABLE`, `UPDATING`, `PENDING` and so on.
    pub status: String,
    /// Its routing mode.
    pub routing_mode: RoutingMode,
    /// The URI of the trust store for client certificates.
    pub mutual_tls_truststore: Option<String>,
    /// The VPC endpoints of a private domain name.
    pub vpc_endpoint_ids: Vec<String>,
    /// Whether version 1 created it, so that version 2 returns the date of its certificate as a number.
    pub made_with_v1: bool,
    /// When its certificate was uploaded, seconds since 1970.
    pub certificate_upload_date: i64,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl DomainName {
    /// A regional name with TLS 1.2.
    #[must_use]
    pub fn regional(name: impl Into<String>) -> Self {
        Self::new(name, EndpointType::Regional, "TLS_1_2")
    }

    /// An edge-optimized name with TLS 1.2.
    #[must_use]
    pub fn edge(name: impl Into<String>) -> Self {
        Self::new(name, EndpointType::Edge, "TLS_1_2")
    }

    /// A private name with TLS 1.2.
    #[must_use]
    pub fn private(name: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            ..Self::new(name, EndpointType::Private, "TLS_1_2")
        }
    }

    fn new(name: impl Into<String>, endpoint_type: EndpointType, security_policy: &str) -> Self {
        Self {
            name: name.into(),
            id: None,
            endpoint_type,
            security_policy: security_policy.to_owned(),
            status: "AVAILABLE".to_owned(),
            routing_mode: RoutingMode::Mappings,
            mutual_tls_truststore: None,
            vpc_endpoint_ids: Vec::new(),
            made_with_v1: true,
            certificate_upload_date: USUAL_DATE,
            tags: BTreeMap::new(),
        }
    }

    /// Its key: its name, and for a private one its name, `+` and its id.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.name, self.id.as_deref())
    }

    /// AWS's own host behind it, always the same for a name.
    pub(super) fn host(&self, region: &str) -> String {
        let fold = |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte));
        let digits = self.name.bytes().fold(7, fold) % (1 << 40);
        match self.endpoint_type {
            EndpointType::Edge => format!("d{digits:010x}.cloudfront.net"),
            EndpointType::Regional | EndpointType::Private => {
                format!("d-{digits:010x}.execute-api.{region}.{}", dns_suffix(region))
            }
        }
    }
}

/// The key of a domain name with this name and id.
pub(super) fn key(name: &str, id: Option<&str>) -> String {
    match id {
        None => name.to_owned(),
        Some(id) => format!("{name}+{id}"),
    }
}

/// How a domain name routes to APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutingMode {
    /// Mappings only.
    Mappings,
    /// Routing rules only.
    Rules,
    /// Routing rules, then mappings.
    RulesThenMappings,
}

impl RoutingMode {
    /// The word of version 1.
    pub(super) fn v1(self) -> &'static str {
        match self {
            Self::Mappings => "BASE_PATH_MAPPING_ONLY",
            Self::Rules => "ROUTING_RULE_ONLY",
            Self::RulesThenMappings => "ROUTING_RULE_THEN_BASE_PATH_MAPPING",
        }
    }

    /// The word of version 2.
    pub(super) fn v2(self) -> &'static str {
        match self {
            Self::Mappings => "API_MAPPING_ONLY",
            Self::Rules => "ROUTING_RULE_ONLY",
            Self::RulesThenMappings => "ROUTING_RULE_THEN_API_MAPPING",
        }
    }
}

/// A mapping of a key to a stage of an API.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Its id.
    pub id: String,
    /// The API, which may be gone.
    pub api_id: String,
    /// The stage, which may be gone; none if the caller names it after the key.
    pub stage: Option<String>,
    /// The key: empty for the root; with `/` in it, only version 2 can have created it.
    pub key: String,
}

impl Mapping {
    /// A mapping of a key to a stage.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        key: impl Into<String>,
        api_id: impl Into<String>,
        stage: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            api_id: api_id.into(),
            stage: Some(stage.into()),
            key: key.into(),
        }
    }
}

/// A routing rule; all of its conditions must hold.
#[derive(Debug, Clone)]
pub struct RoutingRule {
    /// Its id.
    pub id: String,
    /// Its place among the rules: the lowest is tried first.
    pub priority: u32,
    /// The base paths that it matches; any if there are none.
    pub base_paths: Vec<String>,
    /// The headers, with patterns of their values, that it matches; any if there are none.
    pub headers: Vec<(String, String)>,
    /// The API it leads to.
    pub api_id: String,
    /// The stage it leads to.
    pub stage: String,
    /// Whether the base path is stripped before the API sees the request.
    pub strip_base_path: bool,
}

impl RoutingRule {
    /// A rule that matches everything, to a stage that sees the whole path.
    #[must_use]
    pub fn new(id: impl Into<String>, priority: u32, api_id: impl Into<String>, stage: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            priority,
            base_paths: Vec::new(),
            headers: Vec::new(),
            api_id: api_id.into(),
            stage: stage.into(),
            strip_base_path: false,
        }
    }
}

/// A domain name and everything below it.
#[derive(Debug, Clone)]
pub(super) struct DomainEntry {
    /// The domain name itself.
    pub domain: DomainName,
    /// Its mappings by id.
    pub mappings: BTreeMap<String, Mapping>,
    /// Its routing rules by id.
    pub rules: BTreeMap<String, RoutingRule>,
}

impl DomainEntry {
    /// A domain name with nothing below it.
    pub fn new(domain: DomainName) -> Self {
        Self {
            domain,
            mappings: BTreeMap::new(),
            rules: BTreeMap::new(),
        }
    }
}
