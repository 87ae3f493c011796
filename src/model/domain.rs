//! Custom domains of a gateway: the URLs that clients really call.

use super::ApiId;

/// Longest host name, in characters (RFC 1035).
const HOST_NAME_MAX: usize = 253;
/// Longest part of a host name between dots, in characters (RFC 1035).
const HOST_LABEL_MAX: usize = 63;

/// The custom domains of a gateway, as far as they are readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domains {
    /// The complete list.
    Listed(Vec<Domain>),
    /// Unknown, for this reason.
    Unknown(String),
}

/// A custom domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its name, in lower case. Two private ones may have the same.
    pub name: String,
    /// Its mappings.
    pub mappings: Vec<Mapping>,
    /// How complete the mappings are.
    pub known: Known,
}

/// How complete a domain's mappings are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Complete.
    All,
    /// Only those to REST APIs with a key of one level, for this reason.
    RestOnly(String),
    /// Empty, for this reason.
    Nothing(String),
}

/// The target of a custom domain below a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mapping {
    /// The API.
    pub api_id: ApiId,
    /// The stage; `None` if the caller names it after the key.
    pub stage: Option<String>,
    /// The first segments of the path; empty for all paths.
    pub key: String,
}

impl Domains {
    /// What could not be read of them, one sentence each.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        match self {
            Self::Unknown(why) => vec![format!(
                "the custom domains could not be listed, so their URLs stay: {why}"
            )],
            Self::Listed(domains) => {
                let gap = |domain: &Domain| match &domain.known {
                    Known::All => None,
                    Known::RestOnly(why) | Known::Nothing(why) => Some(format!(
                        "the custom domain {} could not be read, so its URLs stay: {why}",
                        domain.name
                    )),
                };
                domains.iter().filter_map(gap).collect()
            }
        }
    }
}

/// Whether a text is a host name rather than a number that stands for an address.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    let is_one = text.len() <= HOST_NAME_MAX && text.split('.').all(is_host_label);
    // Numbers, and invalid names that begin with `xn--`, look like one until a URL parser reads them.
    is_one && matches!(url::Host::parse(text), Ok(url::Host::Domain(_)))
}

/// Whether a text is a valid label of a host name.
#[must_use]
pub fn is_host_label(text: &str) -> bool {
    (1..=HOST_LABEL_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_has_parts_and_no_number_stands_for_one() {
        let long = format!("{}.com", "a".repeat(63));
        for name in [
            "api.example.com",
            "xn--bcher-kva.example",
            "API.Example.COM",
            "1.2.3.a",
            "localhost",
            &long,
        ] {
            assert!(is_host_name(name), "{name}");
        }
        let (longer, longest) = (format!("{}.com", "a".repeat(64)), "a.".repeat(126) + "com");
        for name in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a.",
            "*.example.com",
            "a_b.example.com",
            "a/b",
            "a@b",
            "a:1",
            "127.0.0.1",
            "a.1",
            "0x7f",
            "xn--a.example",
            "bücher.example",
            &longer,
            &longest,
        ] {
            assert!(!is_host_name(name), "{name}");
        }
    }
}
