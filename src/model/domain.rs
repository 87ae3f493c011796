//! Custom domains of a gateway: the URLs that people really call.

use super::ApiId;

/// Longest host name, in characters (RFC 1035).
const HOST_NAME_MAX: usize = 253;
/// Longest part of a host name between dots, in characters (RFC 1035).
const HOST_LABEL_MAX: usize = 63;

/// The custom domains of a gateway, as far as they could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domains {
    /// Their list, complete.
    Listed(Vec<Domain>),
    /// Nobody knows which there are, and why.
    Unknown(String),
}

/// A custom domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its name, in lower case. Two private ones may have the same.
    pub name: String,
    /// What it leads to.
    pub mappings: Vec<Mapping>,
    /// How far that is all.
    pub known: Known,
}

/// How far the mappings of a domain are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// All of them.
    All,
    /// Those to REST APIs whose key has one level, and why no others.
    RestOnly(String),
    /// None, and why.
    Nothing(String),
}

/// What a custom domain leads to below a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mapping {
    /// The API.
    pub api_id: ApiId,
    /// The stage; `None` where the caller names it after the key.
    pub stage: Option<String>,
    /// The first segments of the path; empty for all paths.
    pub key: String,
}

impl Domains {
    /// What could not be read of them, a sentence for each.
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

/// Whether a text is the name of a host, and not a number that stands for one.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    let is_one = text.len() <= HOST_NAME_MAX && text.split('.').all(is_host_label);
    // Numbers, and what begins with `xn--` and is no name, pass for one until a URL with it is read.
    is_one && matches!(url::Host::parse(text), Ok(url::Host::Domain(_)))
}

/// Whether a text stays within its place between the dots of a host name.
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
