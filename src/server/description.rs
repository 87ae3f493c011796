//! The description of this interface: an OpenAPI 3.1 document, its schemas those of the types that are answered.

mod operations;

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{ComponentsBuilder, RefOr, Schema};

use crate::model::{ErrorCode, Report};
use crate::sync::{ApiCondition, Condition, Examination, Explanation, IntegrationView, PlanView, Word};

use self::operations::{Answer, OPERATIONS, Operation, Parameter};
use super::route::{API_MAX_CHARACTERS, BasePath};

/// Statuses whose answers may say when to call again.
const RETRYABLE: [u16; 2] = [429, 503];

/// All integrations that were asked for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct IntegrationList {
    /// The integrations, by name.
    pub value: Vec<IntegrationView>,
}

/// A deletion that there was not enough time for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct UnfinishedDeletion {
    /// How many APIs are left.
    pub remaining: usize,
    /// What to do, for people.
    pub message: String,
}

/// Why a call cannot be done, in the shape of Azure Resource Manager's errors.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Error {
    /// The problem.
    error: ErrorBody,
}

/// The problem.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct ErrorBody {
    /// What kind of problem.
    #[schema(value_type = ErrorCode)]
    code: String,
    /// The problem, for people.
    message: String,
    /// The part of the request it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

/// The document for callers whose integrations are at this path.
#[must_use]
pub(super) fn document(base: &BasePath) -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = format!("{base}{}", operation.path);
        let path = paths.entry(path).or_insert_with(|| json!({}));
        path[operation.method] = described(operation);
        if operation.path.contains("{name}") {
            path["parameters"] = json!([{ "$ref": "#/components/parameters/name" }]);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Amazon API Gateway in Azure API Center",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Integrations keep the inventory of an API center true to what runs on Amazon API Gateway. \
                Words of paths are compared without case. A method that a path has not is answered with 405, and with \
                `Allow`. Parameters of a query that are not described are refused, but for `code`, `clientId` and \
                `api-version`.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "key": [] }, { "code": [] }],
        "paths": paths,
        "components": components(),
    })
}

fn components() -> Value {
    let mut schemas = Vec::new();
    add::<IntegrationList>(&mut schemas);
    add::<Report>(&mut schemas);
    add::<PlanView>(&mut schemas);
    add::<Examination>(&mut schemas);
    add::<Explanation>(&mut schemas);
    add::<UnfinishedDeletion>(&mut schemas);
    add::<Error>(&mut schemas);
    add::<ErrorCode>(&mut schemas);
    let mut components = json!(ComponentsBuilder::new().schemas_from_iter(schemas).build());
    components["parameters"] = json!({ "name": {
        "name": "name", "in": "path", "required": true,
        "description": "The integration's name.",
        "schema": { "type": "string", "pattern": "^[a-zA-Z0-9-]{3,64}$" },
        "example": "shop",
    } });
    components["securitySchemes"] = json!({
        "key": { "type": "apiKey", "in": "header", "name": "x-functions-key", "description": "A key of the function or of its host." },
        "code": { "type": "apiKey", "in": "query", "name": "code", "description": "The same, where no header can be sent." },
    });
    components["headers"] = json!({
        "Retry-After": { "description": "Seconds to wait before the next call.", "schema": { "type": "integer", "minimum": 0 } },
        "Allow": { "description": "The methods that there are.", "required": true, "schema": { "type": "string" } },
    });
    let mut refused = problems(405, &[ErrorCode::MethodNotAllowed]);
    refused["headers"] = json!({ "Allow": { "$ref": "#/components/headers/Allow" } });
    components["responses"] = json!({
        "MethodNotAllowed": refused,
        "NotFound": problems(404, &[ErrorCode::NotFound]),
        "Unauthorized": { "description": "The key is missing or wrong; the Functions host says that, without a body." },
    });
    components
}

/// Adds a type's schema and those that it refers to.
fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

fn described(operation: &Operation) -> Value {
    let mut responses = Map::new();
    for answer in operation.answers {
        responses.insert(answer.status.to_string(), good(answer));
    }
    responses.insert(
        "401".to_owned(),
        json!({ "$ref": "#/components/responses/Unauthorized" }),
    );
    let codes = operation.all_codes();
    for code in &codes {
        let status = code.status();
        let same: Vec<ErrorCode> = codes.iter().copied().filter(|other| other.status() == status).collect();
        responses
            .entry(status.to_string())
            .or_insert_with(|| problems(status, &same));
    }
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
        "responses": responses,
    });
    if !operation.parameters.is_empty() {
        described["parameters"] = operation.parameters.iter().map(|parameter| query(*parameter)).collect();
    }
    if operation.has_body {
        let schema = json!({ "$ref": "#/components/schemas/Integration" });
        described["requestBody"] = json!({
            "required": true,
            "description": "The integration. What a `GET` shows beside what can be set is ignored, anything else that is not \
                known is refused.",
            "content": { "application/json": { "schema": schema } },
        });
    }
    described
}

fn good(answer: &Answer) -> Value {
    let mut response = json!({ "description": answer.description });
    if let Some(schema) = answer.schema {
        let reference = match schema {
            "" => json!({ "type": "object", "required": ["openapi", "info", "paths"] }),
            schema => json!({ "$ref": format!("#/components/schemas/{schema}") }),
        };
        response["content"]["application/json"]["schema"] = reference;
    }
    for media_type in answer.also {
        response["content"][media_type]["schema"] = json!({ "type": "string" });
    }
    if answer.status == 202 {
        response["headers"] = json!({ "Retry-After": { "$ref": "#/components/headers/Retry-After" } });
    }
    response
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
        response["headers"] = json!({ "Retry-After": { "$ref": "#/components/headers/Retry-After" } });
    }
    response
}

fn query(parameter: Parameter) -> Value {
    let of = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema });
    let flag = || json!({ "type": "boolean", "default": false });
    let id = || json!({ "type": "string", "pattern": "^[0-9a-fA-F]+$" });
    match parameter {
        Parameter::Search => of("search", "Those that hold this text.", json!({ "type": "string" })),
        Parameter::Condition => of("state", "Those in this state.", one_of::<Condition>()),
        Parameter::ApiCondition => of(
            "state",
            "The APIs in this state; matters to the page only.",
            one_of::<ApiCondition>(),
        ),
        Parameter::Definitions => of(
            "definitions",
            "Import definitions, also where that is done on demand.",
            flag(),
        ),
        Parameter::Deep => of("deep", "Look below every API.", flag()),
        Parameter::ConfirmDeletions => of(
            "confirmDeletions",
            "The `deletionsId` of deletions to make although they are many.",
            id(),
        ),
        Parameter::PlanId => of("planId", "The `planId` of the only plan to apply.", id()),
        Parameter::Api => {
            let name = json!({ "type": "string", "minLength": 1, "maxLength": API_MAX_CHARACTERS, "pattern": r"\S" });
            let mut api = of("api", "The name or id of a REST API, or its name in the catalog.", name);
            api["required"] = json!(true);
            api
        }
    }
}

/// A state, or an empty text, which a form sends for any.
fn one_of<State: Word>() -> Value {
    let words: Vec<&str> = State::ALL.iter().map(|state| state.word()).chain([""]).collect();
    json!({ "type": "string", "enum": words })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::PartialSchema;

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
