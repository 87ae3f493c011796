//! The OpenAPI 3.1 description of this interface.
//!
//! Operations are described where they are implemented, schemas are those of the response types. Refusals are added
//! here: they follow from the error codes of an operation.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::answer::ErrorAnswer;
use super::integrations;
use super::route::BasePath;
use crate::model::{ErrorCode, IntegrationName};

/// Statuses whose responses may have `Retry-After`.
const RETRYABLE: [u16; 2] = [429, 503];

/// All operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Amazon API Gateway in Azure API Center",
        description = "Integrations keep an API center in sync with Amazon API Gateway. Paths are case-insensitive. A \
                       method that a path does not support gets 405 and `Allow`. Query parameters that are not \
                       described are refused, except `code`, `clientId` and `api-version`.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/")),
    security(("key" = []), ("code" = [])),
    paths(
        integrations::list,
        describe,
        integrations::get,
        integrations::put,
        integrations::delete,
        integrations::synchronize,
        integrations::plan,
        integrations::examine,
        integrations::explain,
    ),
    components(schemas(ErrorAnswer)),
)]
struct Operations;

/// This description
///
/// An OpenAPI 3.1 document.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "describe",
    responses((status = 200, description = "The description.", body = Object)),
)]
pub(super) fn describe(base: &BasePath) -> Response {
    Json(document(base)).into_response()
}

/// Errors of any call.
const EVERYWHERE: &[ErrorCode] = &[
    ErrorCode::InvalidRequest,
    ErrorCode::MissingSetting,
    ErrorCode::ForwardingDisabled,
    ErrorCode::InternalError,
    ErrorCode::ServiceUnavailable,
];
/// Errors of a call that reads the catalog.
const CATALOG: &[ErrorCode] = &[ErrorCode::TooManyRequests, ErrorCode::ApiCenterForbidden];
/// Errors of a call with a name in its path.
const NAMED: &[ErrorCode] = &[ErrorCode::InvalidIntegrationName];
/// Errors of a call that needs an existing integration.
const EXISTING: &[ErrorCode] = &[ErrorCode::IntegrationNotFound];
/// Errors of a call that reads the gateway.
const GATEWAY: &[ErrorCode] = &[
    ErrorCode::InvalidSecretIdentifier,
    ErrorCode::VaultNotAllowed,
    ErrorCode::SecretNotFound,
    ErrorCode::SecretDisabled,
    ErrorCode::SecretForbidden,
    ErrorCode::AwsAuthenticationFailed,
    ErrorCode::AwsAccessDenied,
    ErrorCode::RoleNotAssumable,
    ErrorCode::UnknownRegion,
    ErrorCode::IntegrationDeleting,
];

/// Errors of a call that creates entities an integration cannot do without.
const MAKING: &[ErrorCode] = &[ErrorCode::CatalogFull];

/// All error codes of an operation.
fn codes(operation: &str) -> Vec<ErrorCode> {
    use ErrorCode::{
        AccountImmutable, ApiNotFound, DefinitionsDisabled, EnvironmentInUse, MissingRequiredMetadata, PlanChanged,
        RegionImmutable, RequestTooLarge, UnsupportedMediaType,
    };
    let own: &[&[ErrorCode]] = match operation {
        "listIntegrations" => &[CATALOG],
        "examine" => &[NAMED],
        "getIntegration" | "deleteIntegration" => &[CATALOG, NAMED, EXISTING],
        "putIntegration" => &[
            CATALOG,
            NAMED,
            GATEWAY,
            MAKING,
            &[
                MissingRequiredMetadata,
                EnvironmentInUse,
                RegionImmutable,
                AccountImmutable,
                RequestTooLarge,
                UnsupportedMediaType,
            ],
        ],
        "synchronize" => &[
            CATALOG,
            NAMED,
            EXISTING,
            GATEWAY,
            MAKING,
            &[ApiNotFound, PlanChanged, DefinitionsDisabled],
        ],
        "plan" => &[CATALOG, NAMED, EXISTING, GATEWAY, &[DefinitionsDisabled]],
        "explain" => &[CATALOG, NAMED, EXISTING, GATEWAY],
        // This description's own.
        _ => &[],
    };
    EVERYWHERE
        .iter()
        .chain(own.iter().copied().flatten())
        .copied()
        .collect()
}

/// The document for an app with this path.
#[must_use]
pub(super) fn document(base: &BasePath) -> Value {
    let mut document = json!(Operations::openapi());
    let mut paths = Map::new();
    for (path, mut item) in document["paths"].as_object().cloned().unwrap_or_default() {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            add_refusals(operation);
        }
        if path.contains("{name}") {
            item["parameters"] = json!([{ "$ref": "#/components/parameters/name" }]);
        }
        paths.insert(format!("{base}{path}"), item);
    }
    document["paths"] = Value::Object(paths);
    let components = &mut document["components"];
    components["parameters"] = json!({ "name": {
        "name": "name", "in": "path", "required": true,
        "description": "The integration's name.",
        "schema": { "type": "string", "pattern": IntegrationName::PATTERN },
        "example": "shop",
    } });
    components["securitySchemes"] = json!({
        "key": { "type": "apiKey", "in": "header", "name": "x-functions-key", "description": "A key of the function or of its host." },
        "code": { "type": "apiKey", "in": "query", "name": "code", "description": "The same, for clients that cannot \
                                                                                   send a header." },
    });
    components["headers"] = json!({
        "Retry-After": { "description": "Seconds to wait before the next call.", "schema": { "type": "integer", "minimum": 0 } },
        "Allow": { "description": "The supported methods.", "required": true, "schema": { "type": "string" } },
    });
    let mut refused = problems(405, &[ErrorCode::MethodNotAllowed]);
    refused["headers"] = json!({ "Allow": { "$ref": "#/components/headers/Allow" } });
    components["responses"] = json!({
        "MethodNotAllowed": refused,
        "NotFound": problems(404, &[ErrorCode::NotFound]),
        "Unauthorized": { "description": "The key is missing or wrong. The Functions host answers, without a body." },
    });
    document
}

/// Adds an operation's refusals, and the headers of an unfinished answer.
fn add_refusals(operation: &mut Value) {
    let codes = codes(operation["operationId"].as_str().unwrap_or_default());
    let responses = &mut operation["responses"];
    if let Some(unfinished) = responses.get_mut("202") {
        unfinished["headers"] = retry_after();
    }
    responses["401"] = json!({ "$ref": "#/components/responses/Unauthorized" });
    for code in &codes {
        let status = code.status();
        let same: Vec<ErrorCode> = codes.iter().copied().filter(|other| other.status() == status).collect();
        responses[status.to_string()] = problems(status, &same);
    }
}

fn problems(status: u16, codes: &[ErrorCode]) -> Value {
    let words: Vec<String> = codes.iter().map(ToString::to_string).collect();
    let schema = json!({ "allOf": [
        { "$ref": "#/components/schemas/Error" },
        { "properties": { "error": { "properties": { "code": { "enum": words } } } } },
    ] });
    let mut response = json!({
        "description": words.join(", "),
        "content": { "application/json": { "schema": schema }, "text/html": { "schema": { "type": "string" } } },
    });
    if RETRYABLE.contains(&status) {
        response["headers"] = retry_after();
    }
    response
}

fn retry_after() -> Value {
    json!({ "Retry-After": { "$ref": "#/components/headers/Retry-After" } })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::PartialSchema;

    use super::super::query::API_MAX_CHARACTERS;
    use super::super::route::tests::all;
    use super::*;

    #[test]
    fn every_route_is_described_and_no_other() {
        let document = document(&BasePath::default());
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
                described.insert((path.clone(), method.to_ascii_uppercase()));
            }
        }
        let mut routes = BTreeSet::new();
        for (path, methods) in all() {
            routes.extend(methods.split(", ").map(|method| (path.to_owned(), method.to_owned())));
        }
        assert_eq!(described, routes);
    }

    #[test]
    fn a_plan_has_the_parameters_that_it_takes() {
        let plan = &document(&BasePath::default())["paths"]["/api/integrations/{name}/plan"]["get"];
        let parameters: Vec<&Value> = plan["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parameter| &parameter["name"])
            .collect();
        assert_eq!(parameters, [&json!("definitions"), &json!("deep")]);
    }

    #[test]
    fn an_api_that_is_asked_for_has_the_length_that_is_taken() {
        let explain = &document(&BasePath::default())["paths"]["/api/integrations/{name}/explain"]["get"];
        assert_eq!(explain["parameters"][0]["schema"]["maxLength"], API_MAX_CHARACTERS);
    }

    #[test]
    fn every_error_code_is_described() {
        let document = document(&BasePath::default());
        let codes = json!(ErrorCode::schema())["enum"].clone();
        let codes: Vec<&str> = codes.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(codes.len() > 25, "{codes:?}");
        let answers = format!("{}{}", document["paths"], document["components"]["responses"]);
        for code in codes {
            assert!(answers.contains(&format!("{code:?}")), "{code}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document(&BasePath::default());
        let text = document.to_string();
        let references: BTreeSet<&str> = text
            .split(r##""$ref":"#"##)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(references.len() > 15, "{references:?}");
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
