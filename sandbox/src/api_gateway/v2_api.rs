//! HTTP and WebSocket APIs, with their stages, routes and models.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::date::USUAL_DATE;
use super::definition::Definition;

/// HTTP and WebSocket APIs, each with its stages.
pub type V2Estate = Vec<(V2Api, Vec<V2Stage>)>;

/// An HTTP or a WebSocket API.
#[derive(Debug, Clone)]
pub struct V2Api {
    /// Its id; AWS's are ten lower-case letters and digits.
    pub id: String,
    /// Its name, not unique.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Its free-text version.
    pub version: Option<String>,
    /// What it speaks.
    pub protocol: Protocol,
    /// When it was created, seconds since 1970.
    pub created_date: i64,
    /// Whether its `execute-api` URL is disabled.
    pub disable_execute_api_endpoint: bool,
    /// What selects a route.
    pub route_selection_expression: String,
    /// The CORS settings of an HTTP API, as on the wire.
    pub cors_configuration: Option<Value>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its routes, as they are configured now.
    pub routes: Vec<Route>,
    /// Its models, as they are configured now; only WebSocket APIs have any.
    pub models: Vec<Model>,
}

impl V2Api {
    /// An HTTP API with nothing but an id and a name.
    #[must_use]
    pub fn http(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(id, name, Protocol::Http, "$request.method $request.path")
    }

    /// A WebSocket API with nothing but an id and a name; `action` in a message selects the route.
    #[must_use]
    pub fn websocket(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(id, name, Protocol::Websocket, "$request.body.action")
    }

    fn new(id: impl Into<String>, name: impl Into<String>, protocol: Protocol, selection: &str) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            description: None,
            version: None,
            protocol,
            created_date: USUAL_DATE,
            disable_execute_api_endpoint: false,
            route_selection_expression: selection.to_owned(),
            cors_configuration: None,
            tags: BTreeMap::new(),
            routes: Vec::new(),
            models: Vec::new(),
        }
    }
}

/// What an API of version 2 speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP.
    Http,
    /// WebSocket.
    Websocket,
}

impl Protocol {
    /// The protocol that a word on the wire means.
    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Http, Self::Websocket]
            .into_iter()
            .find(|protocol| protocol.as_str() == word)
    }

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Websocket => "WEBSOCKET",
        }
    }

    /// The scheme of its URLs.
    pub(super) fn scheme(self) -> &'static str {
        match self {
            Self::Http => "https",
            Self::Websocket => "wss",
        }
    }
}

/// A stage of an HTTP or a WebSocket API.
#[derive(Debug, Clone)]
pub struct V2Stage {
    /// Its name: up to 128 characters of `[A-Za-z0-9_-]`, or `$default`; the case matters.
    pub name: String,
    /// The deployment it runs, if anything was deployed to it.
    pub deployment_id: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// When it was created, seconds since 1970.
    pub created_date: i64,
    /// When it was last changed, seconds since 1970.
    pub last_updated_date: i64,
    /// Whether each change of the API is deployed at once.
    pub auto_deploy: bool,
    /// What became of the last automatic deployment.
    pub last_deployment_status_message: Option<String>,
    /// Its variables.
    pub variables: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The snapshot that its deployment took; a WebSocket API has no export that could show it.
    pub definition: Definition,
}

impl V2Stage {
    /// A stage with nothing but a name and a deployment.
    #[must_use]
    pub fn new(name: impl Into<String>, deployment_id: impl Into<String>, definition: impl Into<Definition>) -> Self {
        Self {
            deployment_id: Some(deployment_id.into()),
            definition: definition.into(),
            ..Self::undeployed(name)
        }
    }

    /// A stage of a WebSocket API, which has no definition.
    #[must_use]
    pub fn of_websocket(name: impl Into<String>, deployment_id: impl Into<String>) -> Self {
        Self {
            deployment_id: Some(deployment_id.into()),
            ..Self::undeployed(name)
        }
    }

    /// A stage that nothing was deployed to.
    #[must_use]
    pub fn undeployed(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            deployment_id: None,
            description: None,
            created_date: USUAL_DATE,
            last_updated_date: USUAL_DATE,
            auto_deploy: false,
            last_deployment_status_message: None,
            variables: BTreeMap::new(),
            tags: BTreeMap::new(),
            definition: Definition::from(json!({ "paths": {} })),
        }
    }
}

/// A route: for HTTP such as `GET /orders`, for WebSocket such as `$connect` or a word of the caller's.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its id.
    pub id: String,
    /// Its key.
    pub key: String,
    /// Its operation name.
    pub operation_name: Option<String>,
    /// `NONE`, `AWS_IAM`, `CUSTOM` or `JWT`.
    pub authorization_type: String,
    /// Its authorizer.
    pub authorizer_id: Option<String>,
    /// The scopes that a token must have.
    pub authorization_scopes: Vec<String>,
    /// Whether a caller must send an API key.
    pub api_key_required: bool,
    /// The names of models by what selects them.
    pub request_models: BTreeMap<String, String>,
    /// Parameters such as `route.request.querystring.x`, and whether each is required.
    pub request_parameters: BTreeMap<String, bool>,
    /// What selects a response: `$default` for a route that answers.
    pub route_response_selection_expression: Option<String>,
}

impl Route {
    /// An open route with nothing but an id and a key.
    #[must_use]
    pub fn new(id: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            key: key.into(),
            operation_name: None,
            authorization_type: "NONE".to_owned(),
            authorizer_id: None,
            authorization_scopes: Vec::new(),
            api_key_required: false,
            request_models: BTreeMap::new(),
            request_parameters: BTreeMap::new(),
            route_response_selection_expression: None,
        }
    }
}

/// A model of a WebSocket API.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The content type that it describes.
    pub content_type: String,
    /// JSON Schema draft-04, as text.
    pub schema: String,
}

impl Model {
    /// A model of JSON.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>, schema: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            content_type: "application/json".to_owned(),
            schema: schema.into(),
        }
    }
}
