//! REST APIs with everything below them.

use std::collections::BTreeMap;

use super::date::USUAL_DATE;
use super::definition::Definition;
use super::errors::AmazonError;

/// REST APIs, each with its stages.
pub type Estate = Vec<(RestApi, Vec<Stage>)>;

/// A REST API.
#[derive(Debug, Clone)]
pub struct RestApi {
    /// Its id; AWS's are ten lower-case letters and digits.
    pub id: String,
    /// Its name, not unique.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Its free-text version.
    pub version: Option<String>,
    /// When it was created, seconds since 1970.
    pub created_date: i64,
    /// How it can be reached.
    pub endpoint_type: EndpointType,
    /// The VPC endpoints that a private API is associated with.
    pub vpc_endpoint_ids: Vec<String>,
    /// Whether its `execute-api` URL is disabled.
    pub disable_execute_api_endpoint: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl RestApi {
    /// A regional API with nothing but an id and a name.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            description: None,
            version: None,
            created_date: USUAL_DATE,
            endpoint_type: EndpointType::Regional,
            vpc_endpoint_ids: Vec::new(),
            disable_execute_api_endpoint: false,
            tags: BTreeMap::new(),
        }
    }
}

/// How an API can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointType {
    /// Through `CloudFront`, which is what AWS takes by default.
    Edge,
    /// In its region.
    Regional,
    /// From within VPC endpoints only.
    Private,
}

impl EndpointType {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "EDGE",
            Self::Regional => "REGIONAL",
            Self::Private => "PRIVATE",
        }
    }

    /// The type that a word on the wire means.
    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Edge, Self::Regional, Self::Private]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// A stage of a REST API.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its name: up to 128 characters of `[A-Za-z0-9_-]`; the case matters.
    pub name: String,
    /// The deployment it runs.
    pub deployment_id: String,
    /// Its description.
    pub description: Option<String>,
    /// When it was created, seconds since 1970.
    pub created_date: i64,
    /// When it was last changed, seconds since 1970.
    pub last_updated_date: i64,
    /// The documentation version that its exports include.
    pub documentation_version: Option<String>,
    /// Its canary.
    pub canary: Option<Canary>,
    /// Its variables.
    pub variables: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The snapshot that its deployment took.
    pub definition: Definition,
}

impl Stage {
    /// A stage with nothing but a name and a deployment.
    #[must_use]
    pub fn new(name: impl Into<String>, deployment_id: impl Into<String>, definition: impl Into<Definition>) -> Self {
        Self {
            name: name.into(),
            deployment_id: deployment_id.into(),
            description: None,
            created_date: USUAL_DATE,
            last_updated_date: USUAL_DATE,
            documentation_version: None,
            canary: None,
            variables: BTreeMap::new(),
            tags: BTreeMap::new(),
            definition: definition.into(),
        }
    }
}

/// A deployment that gets a part of a stage's traffic.
#[derive(Debug, Clone)]
pub struct Canary {
    /// The deployment.
    pub deployment_id: String,
    /// Its part of the traffic, in percent.
    pub percent_traffic: f64,
}

/// A deployment.
#[derive(Debug, Clone)]
pub(super) struct Deployment {
    /// Its id.
    pub id: String,
    /// Its description.
    pub description: Option<String>,
    /// When it was created, seconds since 1970.
    pub created_date: i64,
    /// The snapshot.
    pub definition: Definition,
}

/// A REST API and everything below it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The API itself.
    pub api: RestApi,
    /// The snapshot for the next deployment.
    pub draft: Definition,
    /// Its deployments by id.
    pub deployments: BTreeMap<String, Deployment>,
    /// Its stages by name.
    pub stages: BTreeMap<String, Stage>,
}

impl Entry {
    /// An API with nothing below it.
    pub fn new(api: RestApi, draft: Definition) -> Self {
        Self {
            api,
            draft,
            deployments: BTreeMap::new(),
            stages: BTreeMap::new(),
        }
    }

    /// A stage, which must be there.
    pub fn stage(&self, name: &str) -> Result<&Stage, AmazonError> {
        self.stages.get(name).ok_or_else(AmazonError::unknown_stage)
    }

    /// Deploys a definition under an id.
    pub fn deploy(&mut self, id: &str, description: Option<String>, definition: Definition, now: i64) {
        let deployment = Deployment {
            id: id.to_owned(),
            description,
            created_date: now,
            definition,
        };
        self.deployments.insert(id.to_owned(), deployment);
    }
}
