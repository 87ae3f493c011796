//! Custom domains of a gateway: the URLs that people really call.

use super::ApiId;

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
                "the custom domains could not be listed, so that their URLs stay: {why}"
            )],
            Self::Listed(domains) => {
                let gap = |domain: &Domain| match &domain.known {
                    Known::All => None,
                    Known::RestOnly(why) | Known::Nothing(why) => Some(format!(
                        "the custom domain {} could not be read, so that its URLs stay: {why}",
                        domain.name
                    )),
                };
                domains.iter().filter_map(gap).collect()
            }
        }
    }
}
