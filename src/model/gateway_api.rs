//! The contents of Amazon API Gateway that matter to the app.

use std::fmt;

use super::{ApiId, ApiType, Format, Model, Route, SkipReason, is_blank};

/// Longest definition that API Center accepts inline, in bytes: 3 MiB (its command line refuses more).
pub const DEFINITION_MAX_BYTES: usize = 3 * 1024 * 1024;

/// An API of a gateway, from `GetRestApis` (API version 2015-07-09) or `GetApis` (2018-11-29).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayApi {
    /// Its kind.
    pub api_type: ApiType,
    /// Its id.
    pub id: ApiId,
    /// Its name; not unique, any characters.
    pub name: String,
    /// Its description; any length.
    pub description: Option<String>,
    /// Its free-text version. Without one, exports have a changing time stamp as `info.version`.
    pub version: Option<String>,
    /// How clients reach it.
    pub endpoint_type: EndpointType,
    /// The VPC endpoints of a private API.
    pub vpc_endpoint_ids: Vec<String>,
    /// Whether its `execute-api` URL is disabled, so that only custom domains reach it.
    pub execute_api_disabled: bool,
    /// Its tags by key, including those of AWS. A run holds ten thousand APIs with a few each, so this is no map.
    pub tags: Box<[(String, String)]>,
}

impl GatewayApi {
    /// The value of a tag: of this exact key, else of the only key that differs in case.
    ///
    /// A blank value counts as missing.
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<&str> {
        let mut tags = self.tags.iter().filter(|(_, value)| !is_blank(value));
        if let Some((_, value)) = tags.clone().find(|(found, _)| found == key) {
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

/// How clients reach an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointType {
    /// Through Amazon `CloudFront`.
    Edge,
    /// Within its region.
    Regional,
    /// Only from within VPC endpoints.
    Private,
}

impl EndpointType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Regional, Self::Edge, Self::Private];

    /// Its word in facts and rules.
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
    /// Its name: up to 128 case-sensitive characters of `[A-Za-z0-9_-]`; `$default` for the default stage of an HTTP
    /// API.
    pub name: String,
    /// The deployment it runs; empty without one.
    pub deployment_id: String,
    /// Its description.
    pub description: Option<String>,
    /// When it was last changed, seconds since 1970.
    pub last_updated: Option<i64>,
    /// The documentation version that its exports include.
    pub documentation_version: Option<String>,
    /// The deployment of its canary, if any.
    pub canary_deployment_id: Option<String>,
}

/// The definition of a stage as AWS returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageExport {
    /// An OpenAPI document, of a REST or HTTP API.
    OpenApi(Vec<u8>),
    /// The parts of a WebSocket API, which AWS does not export.
    WebSocket {
        /// Its routes.
        routes: Vec<Route>,
        /// Its models.
        models: Vec<Model>,
    },
    /// None, for a reason that lasts until the stage changes, in the words of AWS.
    Refused(String),
    /// Longer than this many bytes, where reading stopped.
    Endless(usize),
}

/// A definition, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Export {
    /// The definition.
    Document(Document),
    /// Unavailable, for a reason that lasts until the stage changes.
    Unavailable {
        /// `ExportRefused` or `DefinitionTooLarge`.
        reason: SkipReason,
        /// The words of AWS, or the document's fault.
        message: String,
    },
}

/// An OpenAPI or AsyncAPI document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its format.
    pub format: Format,
    /// The text: the export with replaced `servers`, or the generated document.
    pub text: String,
    /// Its `openapi` or `asyncapi` member, such as `3.0.1`.
    pub specification_version: String,
    /// SHA-256 of `text`, lower-case hex.
    pub content_digest: String,
    /// SHA-256 of the document without the parts that vary between exports, lower-case hex.
    pub canonical_digest: String,
    /// Same without the parts in which group members that share a definition may differ: `servers`, `info.title` and
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
