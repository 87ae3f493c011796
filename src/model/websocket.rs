//! The parts of a WebSocket API of Amazon API Gateway, which cannot be exported.

use std::collections::BTreeMap;

/// A route of a WebSocket API, from `GetRoutes`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// Its selector: `$connect`, `$disconnect`, `$default` or a key of the API's own, any characters.
    pub key: String,
    /// The name of its operation, if people gave one.
    pub operation_name: Option<String>,
    /// `NONE`, `AWS_IAM`, `CUSTOM` or `JWT`.
    pub authorization_type: Option<String>,
    /// The scopes that a token must have.
    pub authorization_scopes: Vec<String>,
    /// Whether a call needs an API key.
    pub api_key_required: bool,
    /// The names of its messages' models, by selector.
    pub request_models: BTreeMap<String, String>,
    /// Its parameters, such as `route.request.querystring.token`, with whether each is required.
    pub request_parameters: BTreeMap<String, bool>,
    /// Whether its integration's response goes back to the client.
    pub is_two_way: bool,
}

/// A model of a WebSocket API, from `GetModels`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Model {
    /// Its name, unique in its API.
    pub name: String,
    /// The content type that it describes.
    pub content_type: Option<String>,
    /// The text of its JSON Schema, draft-04; not guaranteed to be valid.
    pub schema: String,
}
