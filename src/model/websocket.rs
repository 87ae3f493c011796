//! What a WebSocket API of Amazon API Gateway is described by, which has no export.

use std::collections::BTreeMap;

/// A route of a WebSocket API, from `GetRoutes`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// What selects it: `$connect`, `$disconnect`, `$default` or a key of the API's own, any characters.
    pub key: String,
    /// The name that people gave to its operation.
    pub operation_name: Option<String>,
    /// `NONE`, `AWS_IAM`, `CUSTOM` or `JWT`.
    pub authorization_type: Option<String>,
    /// The scopes that a token needs.
    pub authorization_scopes: Vec<String>,
    /// Whether a call needs an API key.
    pub api_key_required: bool,
    /// The names of the models of its messages, by what selects each.
    pub request_models: BTreeMap<String, String>,
    /// Its parameters, such as `route.request.querystring.token`, and whether each is required.
    pub request_parameters: BTreeMap<String, bool>,
    /// Whether the answer of its integration goes back to the client.
    pub is_two_way: bool,
}

/// A model of a WebSocket API, from `GetModels`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Model {
    /// Its name, unique in its API.
    pub name: String,
    /// The content type of what it describes.
    pub content_type: Option<String>,
    /// The text of its JSON Schema, draft-04. Nobody promises that it is one.
    pub schema: String,
}
