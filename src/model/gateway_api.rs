//! What Amazon API Gateway has, as far as it matters here.

use std::collections::BTreeMap;
use std::fmt;

use super::{ApiId, ApiType, Format, Model, Route, SkipReason, is_blank};

/// Longest definition that API Center takes inline, in bytes: 3 MiB (its command line refuses more).
pub const DEFINITION_MAX_BYTES: usize = 3 * 1024 * 1024;

/// An API of a gateway, from `GetRestApis` (API version 2015-07-09) or `GetApis` (2018-11-29).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayApi {
    /// What kind of API it is.
    pub api_type: ApiType,
    /// Its id.
    pub id: ApiId,
    /// Its name; not unique, any characters.
    pub name: String,
    /// Its description; any length.
    pub description: Option<String>,
    /// Its free-text version. Without one, exports carry a changing time stamp as `info.version`.
    pub version: Option<String>,
    /// How it can be reached.
    pub endpoint_type: EndpointType,
    /// The VPC endpoints that a private API is associated with.
    pub vpc_endpoint_ids: Vec<String>,
    /// Whether its `execute-api` URL is switched off, so that only custom domains reach it.
    pub execute_api_disabled: bool,
    /// Its tags, Amazon's own among them.
    pub tags: BTreeMap<String, String>,
}

impl GatewayApi {
    /// The value of a tag: of the key as it is written, else of the one key that differs in case only.
    ///
    /// A tag without anything to see is none.
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<&str> {
        let mut tags = self.tags.iter().filter(|(_, value)| !is_blank(value));
        if let Some((_, value)) = tags.clone().find(|(found, _)| *found == key) {
            return Some(value);
        }
        let folded = key.to_lowercase();
        let (_, value) = tags.find(|(found, _)| found.to_lowercase() == folded)?;
        tags.all(|(found, _)| found.to_lowercase() != folded).then_some(value)
    }
}

impl fmt::Display for GatewayApi {
    /// As in `REST API a1b2c3d4e5`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.api_type.title(), self.id)
    }
}

/// How an API can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointType {
    /// Through Amazon `CloudFront`.
    Edge,
    /// In its region.
    Regional,
    /// From within VPC endpoints only.
    Private,
}

impl EndpointType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Regional, Self::Edge, Self::Private];

    /// What facts and rules call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Edge => "Edge",
            Self::Regional => "Regional",
            Self::Private => "Private",
        }
    }
}

/// A stage of an API, from `GetStages`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name: up to 128 characters of `[A-Za-z0-9_-]`, and the case matters; `$default` where an HTTP API has one.
    pub name: String,
    /// The deployment it runs; empty while it runs none.
    pub deployment_id: String,
    /// Its description.
    pub description: Option<String>,
    /// When it was last changed, seconds since 1970.
    pub last_updated: Option<i64>,
    /// The documentation version that exports of it include.
    pub documentation_version: Option<String>,
    /// The deployment of its canary, when it has one.
    pub canary_deployment_id: Option<String>,
}

/// What Amazon gives of a stage when it is asked for its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageExport {
    /// An OpenAPI document, of a REST or an HTTP API.
    OpenApi(Vec<u8>),
    /// What a WebSocket API consists of; Amazon has no export of one.
    WebSocket {
        /// Its routes.
        routes: Vec<Route>,
        /// Its models.
        models: Vec<Model>,
    },
    /// None, for a reason that stays until the stage changes: Amazon's own words.
    Refused(String),
    /// It is longer than this many bytes, of which the rest was not read.
    Endless(usize),
}

/// A definition, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Export {
    /// The definition.
    Document(Document),
    /// There is none to be had, for a reason that stays until the stage changes.
    Unavailable {
        /// `ExportRefused` or `DefinitionTooLarge`.
        reason: SkipReason,
        /// Amazon's own words, or what is wrong with the document.
        message: String,
    },
}

/// An OpenAPI or AsyncAPI document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its format.
    pub format: Format,
    /// The text: as Amazon gave it, but for `servers`, or as it was generated.
    pub text: String,
    /// Its `openapi` or `asyncapi` member, such as `3.0.1`.
    pub specification_version: String,
    /// SHA-256 of `text`, lower-case hex.
    pub content_digest: String,
    /// SHA-256 of the document without what changes from one export to the next, lower-case hex.
    pub canonical_digest: String,
    /// The same without what members of a group may differ in and share a definition: `servers`, `info.title` and
    /// `info.description`.
    pub comparison_digest: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_as_written_or_else_in_the_only_other_case() {
        let api = |tags: &[(&str, &str)]| GatewayApi {
            api_type: ApiType::Rest,
            id: ApiId::parse("a1").unwrap(),
            name: "A".to_owned(),
            description: None,
            version: None,
            endpoint_type: EndpointType::Regional,
            vpc_endpoint_ids: Vec::new(),
            execute_api_disabled: false,
            tags: tags
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        };
        for (tags, expected) in [
            (&[("owner", "a")][..], Some("a")),
            (&[("Owner", "a")], Some("a")),
            (&[("Owner", "a"), ("OWNER", "b")], None),
            (&[("Owner", "a"), ("OWNER", "b"), ("owner", "c")], Some("c")),
            (&[("owner", ""), ("Owner", "a")], Some("a")),
            (&[("Owner", "a"), ("OWNER", " ")], Some("a")),
            (&[("owner", "")], None),
            (&[("owners", "a"), ("own", "b")], None),
            (&[], None),
        ] {
            assert_eq!(api(tags).tag("owner"), expected, "{tags:?}");
        }
        assert_eq!(
            api(&[("aws:cloudformation:stack-name", "s")]).tag("AWS:CloudFormation:stack-name"),
            Some("s")
        );
        assert_eq!(api(&[("BESITZERIN-Ä", "a")]).tag("besitzerin-ä"), Some("a"));
    }
}
