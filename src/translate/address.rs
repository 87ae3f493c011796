//! The URLs of a stage: on custom domains, then its own.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::{
    ApiType, Domain, Domains, EndpointType, Gateway, GatewayApi, Known, Mapping, is_host_label, is_host_name, one_line,
};

/// Longest item of `runtimeUri`, in characters (swagger of `Microsoft.ApiCenter` 2024-03-01, `SmallString`).
const URL_MAX: usize = 200;
/// Most items of `runtimeUri` (API Center limits, 2024-11).
const URLS_MAX: usize = 200;
/// The stage of an HTTP API whose name is not part of its URL.
pub(super) const DEFAULT_STAGE: &str = "$default";
/// Longest URL in a message, in UTF-16 units.
const SHOWN_MAX: usize = 100;
/// The characters of a stage name that need no percent-encoding in a path.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$');
/// Same for a mapping's key, which has several segments.
const PATH: &AsciiSet = &PATH_SEGMENT
    .remove(b'/')
    .remove(b'+')
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b',');

/// The URLs of a stage.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Address {
    /// Its URLs: those on custom domains in order, then its own.
    pub urls: Vec<String>,
    /// Whether a custom domain maps to it.
    pub has_domain: bool,
    /// A note about missing URLs.
    pub gap: Option<String>,
    /// Why it is unknown whether there is a URL.
    pub unknown: Option<String>,
}

/// The URLs of a stage. `recorded` are those of an earlier run, if the stage is in the catalog: they stay where domains
/// cannot be read.
pub(super) fn address(
    (gateway, api): (&Gateway, &GatewayApi),
    stage_name: &str,
    domains: &Domains,
    recorded: Option<&Vec<String>>,
) -> Address {
    let mut on_domains: BTreeSet<String> = match domains {
        Domains::Unknown(_) => BTreeSet::new(),
        Domains::Listed(domains) => domains
            .iter()
            .flat_map(|domain| mapped(domain, api, stage_name))
            .collect(),
    };
    let stays = |url: &&String| stays(url, domains, api);
    on_domains.extend(recorded.into_iter().flatten().filter(stays).cloned());
    let has_domain = !on_domains.is_empty();
    let (own, mut gap) = match own_urls(gateway, api, stage_name) {
        Ok(urls) => (urls, None),
        Err(_) if has_domain => (Vec::new(), None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let (mut urls, too_long): (Vec<String>, Vec<String>) = on_domains
        .into_iter()
        .chain(own)
        .partition(|url| url.chars().count() <= URL_MAX);
    if let Some(url) = too_long.first() {
        let (shown, length) = (one_line(url, SHOWN_MAX), url.chars().count());
        let others = too_long.len() - 1;
        gap = Some(match others {
            0 => format!("{shown} has {length} characters; API Center stores {URL_MAX}"),
            _ => format!(
                "{shown} has {length} characters, and {others} others are too long; API Center stores {URL_MAX}"
            ),
        });
    }
    if urls.len() > URLS_MAX {
        gap = Some(format!("it has {} URLs; API Center stores {URLS_MAX}", urls.len()));
        urls.truncate(URLS_MAX);
    }
    let is_new = recorded.is_none();
    Address {
        unknown: doubt(domains).filter(|_| is_new && urls.is_empty() && too_long.is_empty()),
        urls,
        has_domain,
        gap,
    }
}

/// The URLs on a domain that map to a stage.
fn mapped(domain: &Domain, api: &GatewayApi, stage_name: &str) -> Vec<String> {
    if !is_host_name(&domain.name) {
        return Vec::new();
    }
    let leads_here = |mapping: &&Mapping| {
        let stage = mapping.stage.as_deref();
        mapping.api_id.as_str().eq_ignore_ascii_case(api.id.as_str()) && stage.is_none_or(|stage| stage == stage_name)
    };
    let url = |mapping: &Mapping| {
        let key = utf8_percent_encode(&mapping.key, PATH).to_string();
        // Without a stage, the caller's path names it.
        let stage = mapping.stage.is_none().then(|| segment(stage_name));
        let path = [Some(key).filter(|key| !key.is_empty()), stage];
        let origin = format!("{}://{}", scheme(api), domain.name);
        path.into_iter()
            .flatten()
            .fold(origin, |url, part| format!("{url}/{part}"))
    };
    domain.mappings.iter().filter(leads_here).map(url).collect()
}

/// Whether a recorded URL is on a domain that may still map there.
fn stays(url: &str, domains: &Domains, api: &GatewayApi) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        return false;
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if is_own(host, api) {
        return false;
    }
    let is_unread = |domain: &Domain| match domain.known {
        Known::All => false,
        Known::RestOnly(_) => api.api_type != ApiType::Rest || path.contains('/'),
        Known::Nothing(_) => true,
    };
    match domains {
        Domains::Unknown(_) => true,
        Domains::Listed(domains) => domains.iter().any(|domain| domain.name == host && is_unread(domain)),
    }
}

/// Why a domain may map to a stage although none is known to.
fn doubt(domains: &Domains) -> Option<String> {
    domains.gaps().into_iter().next()
}

/// The `execute-api` URLs, or why there are none.
fn own_urls(gateway: &Gateway, api: &GatewayApi, stage_name: &str) -> Result<Vec<String>, String> {
    if api.execute_api_disabled {
        return Err(format!(
            "the execute-api endpoint of {api} is disabled, and no custom domain maps to its stage {stage_name}"
        ));
    }
    let labels = labels(api);
    if let Some(label) = labels.iter().find(|label| !is_host_label(label)) {
        let label = one_line(label, SHOWN_MAX);
        return Err(format!("{label:?} is not a valid host label, so there is no URL"));
    }
    let region = &gateway.region;
    let path = match (api.api_type, stage_name) {
        (ApiType::Http, DEFAULT_STAGE) => String::new(),
        (_, stage) => format!("/{}", segment(stage)),
    };
    let url = |label: &String| {
        format!(
            "{}://{label}.execute-api.{region}.{}{path}",
            scheme(api),
            region.dns_suffix()
        )
    };
    Ok(labels.iter().map(url).collect())
}

/// The first labels of an API's hosts: its own, or for a private one with VPC endpoints a label for each, since its own
/// resolves only with private DNS.
fn labels(api: &GatewayApi) -> Vec<String> {
    let endpoints: BTreeSet<&String> = api.vpc_endpoint_ids.iter().collect();
    if api.endpoint_type == EndpointType::Private && !endpoints.is_empty() {
        let label = |endpoint: &String| format!("{}-{endpoint}", api.id);
        return endpoints.into_iter().map(label).collect();
    }
    vec![api.id.to_string()]
}

/// Whether a host belongs to the API's own URLs.
fn is_own(host: &str, api: &GatewayApi) -> bool {
    let rest = host.strip_prefix(api.id.as_str()).unwrap_or_default();
    rest.contains(".execute-api.")
}

fn scheme(api: &GatewayApi) -> &'static str {
    match api.api_type {
        ApiType::Rest | ApiType::Http => "https",
        ApiType::Websocket => "wss",
    }
}

fn segment(stage_name: &str) -> String {
    utf8_percent_encode(stage_name, PATH_SEGMENT).to_string()
}
