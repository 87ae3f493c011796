//! Exports: a stage's deployment as an OpenAPI document.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, Response};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::date;
use super::definition::Definition;
use super::errors::{AmazonError, REQUEST_ID, request_id};
use super::rest_api::{RestApi, Stage};
use crate::region::dns_suffix;

/// The version that AWS gives its exports.
const OPENAPI_VERSION: &str = "3.0.1";

/// The export of a stage.
pub(super) fn export(
    api: &RestApi,
    stage: &Stage,
    kind: &str,
    call: &Call<'_>,
) -> Result<Response<Bytes>, AmazonError> {
    if kind != "oas30" {
        return Err(AmazonError::bad_request(format!(
            "The sandbox exports oas30, not {kind}"
        )));
    }
    let accept = call
        .headers
        .get("accept")
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or("application/json");
    if !accept.contains("application/json") && !accept.contains("*/*") {
        return Err(AmazonError::bad_request(format!(
            "The sandbox exports application/json, not {accept}"
        )));
    }
    let kept = Extensions::parse(call.query("extensions").unwrap_or_default())?;
    let (content_type, bytes) = match &stage.definition {
        Definition::Refused(message) => return Err(AmazonError::bad_request(message.clone())),
        Definition::Raw { content_type, bytes } => (content_type.clone(), bytes.clone()),
        Definition::OpenApi(document) => {
            let mut document = dressed(document, api, stage, call.now, call.region);
            kept.strip(&mut document);
            ("application/json".to_owned(), Bytes::from(document.to_string()))
        }
    };
    let mut response = Response::new(bytes);
    let headers = response.headers_mut();
    let unprintable = |_| AmazonError::internal_failure();
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&content_type).map_err(unprintable)?);
    let name = format!("attachment; filename=\"{}-{}-oas30.json\"", api.id, stage.name);
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(unprintable)?);
    headers.insert(REQUEST_ID, request_id());
    Ok(response)
}

/// The document with what AWS itself says: an API without a version is exported with the time of the export.
fn dressed(document: &Value, api: &RestApi, stage: &Stage, now: i64, region: &str) -> Value {
    let mut info = Map::new();
    info.insert("title".to_owned(), json!(api.name));
    if let Some(description) = &api.description {
        info.insert("description".to_owned(), json!(description));
    }
    info.insert(
        "version".to_owned(),
        json!(api.version.clone().or_else(|| date::iso(now))),
    );
    let server = json!({
        "url": format!("https://{}.execute-api.{region}.{}/{{basePath}}", api.id, dns_suffix(region)),
        "variables": { "basePath": { "default": format!("/{}", stage.name) } },
    });
    let mut dressed = Map::new();
    dressed.insert("openapi".to_owned(), json!(OPENAPI_VERSION));
    dressed.insert("info".to_owned(), Value::Object(info));
    dressed.insert("servers".to_owned(), json!([server]));
    let rest = document.as_object().into_iter().flatten();
    let rest = rest.filter(|(name, _)| !["openapi", "swagger", "info", "servers"].contains(&name.as_str()));
    dressed.extend(rest.map(|(name, value)| (name.clone(), value.clone())));
    Value::Object(dressed)
}

/// The extensions of AWS that an export keeps; without being asked it keeps none.
#[derive(Debug, Clone, Copy)]
struct Extensions {
    all: bool,
    integrations: bool,
    authorizers: bool,
}

impl Extensions {
    /// Parses `integrations`, `authorizers`, `apigateway` and `postman`, with commas between them.
    fn parse(text: &str) -> Result<Self, AmazonError> {
        let mut kept = Self {
            all: false,
            integrations: false,
            authorizers: false,
        };
        for word in text.split(',').filter(|_| !text.is_empty()) {
            match word.trim() {
                "apigateway" => kept.all = true,
                "integrations" => kept.integrations = true,
                "authorizers" => kept.authorizers = true,
                "postman" => (),
                other => return Err(AmazonError::bad_request(format!("Invalid export extension: {other}"))),
            }
        }
        Ok(kept)
    }

    fn keeps(self, name: &str) -> bool {
        match name.strip_prefix("x-amazon-apigateway-") {
            // A method, not an annotation: an export has it in any case.
            None | Some("any-method") => true,
            Some(rest) => {
                self.all
                    || (self.integrations && rest.starts_with("integration"))
                    || (self.authorizers && rest.starts_with("auth"))
            }
        }
    }

    fn strip(self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, _| self.keeps(name));
                members.values_mut().for_each(|member| self.strip(member));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.strip(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
        }
    }
}
