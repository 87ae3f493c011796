//! Exports of HTTP APIs.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::super::call::Call;
use super::super::definition::Definition;
use super::super::errors::AmazonError;
use super::super::v2_api::{Protocol, V2Api};
use super::super::v2_entry::V2Entry;
use super::super::wire::empty_answer;
use crate::region::dns_suffix;

/// The version that AWS gives its exports.
const OPENAPI_VERSION: &str = "3.0.1";
/// What the names of AWS's extensions begin with.
const EXTENSION: &str = "x-amazon-apigateway-";

/// What is asked for.
struct Wanted<'a> {
    stage: Option<&'a str>,
    extensions: bool,
    content_type: &'static str,
}

/// The export of a stage, or of the latest configuration where none is named; `now` dates an API without a version.
pub(super) fn export(
    entry: &V2Entry,
    specification: &str,
    call: &Call<'_>,
    now: i64,
) -> Result<Response<Bytes>, AmazonError> {
    match entry.api.protocol {
        Protocol::Http => (),
        // AWS documents exports of HTTP APIs only; the refusal itself is not recorded.
        Protocol::Websocket => return Err(AmazonError::bad_request("Export is only supported for HTTP APIs")),
    }
    if specification != "OAS30" {
        return Err(AmazonError::bad_request(format!(
            "Invalid specification: must be OAS30, not {specification}"
        )));
    }
    let wanted = wanted(call)?;
    let definition = match wanted.stage {
        None => &entry.draft,
        Some(name) => {
            let stage = entry.stage(name)?;
            // What AWS says of a stage that runs no deployment is not recorded.
            stage.deployment_id.as_ref().ok_or_else(AmazonError::unknown_stage)?;
            &stage.definition
        }
    };
    let (content_type, bytes) = match definition {
        Definition::Refused(message) => return Err(AmazonError::bad_request(message.clone())),
        Definition::Raw { content_type, bytes } => (content_type.as_str(), bytes.clone()),
        Definition::OpenApi(document) => {
            let mut document = dressed(document, &entry.api, &wanted, now, call.region);
            if !wanted.extensions {
                strip(&mut document);
            }
            // JSON is YAML, too.
            (wanted.content_type, Bytes::from(document.to_string()))
        }
    };
    let mut response = empty_answer(StatusCode::OK).map(|_| bytes);
    let content_type = HeaderValue::from_str(content_type).map_err(|_| AmazonError::internal_failure())?;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    Ok(response)
}

fn wanted<'a>(call: &'a Call<'_>) -> Result<Wanted<'a>, AmazonError> {
    let content_type = match call.query("outputType") {
        Some("JSON") => "application/json",
        Some("YAML") => "application/yaml",
        None | Some(_) => return Err(AmazonError::bad_request("Invalid outputType: must be JSON or YAML")),
    };
    let extensions = match call.query("includeExtensions") {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(AmazonError::bad_request("Invalid includeExtensions")),
    };
    match call.query("exportVersion") {
        None | Some("1.0") => (),
        Some(_) => return Err(AmazonError::bad_request("Invalid exportVersion: must be 1.0")),
    }
    Ok(Wanted {
        stage: call.query("stageName"),
        extensions,
        content_type,
    })
}

/// The document with what AWS itself says: the latest configuration has no stage, and so no server.
fn dressed(document: &Value, api: &V2Api, wanted: &Wanted<'_>, now: i64, region: &str) -> Value {
    let mut info = Map::new();
    info.insert("title".to_owned(), json!(api.name));
    if let Some(description) = &api.description {
        info.insert("description".to_owned(), json!(description));
    }
    let version = api.version.clone().or_else(|| export_time(now));
    info.insert("version".to_owned(), json!(version));
    let mut dressed = Map::new();
    dressed.insert("openapi".to_owned(), json!(OPENAPI_VERSION));
    dressed.insert("info".to_owned(), Value::Object(info));
    if let Some(stage) = wanted.stage {
        let base_path = if stage == "$default" { "" } else { stage };
        let server = json!({
            "url": format!("https://{}.execute-api.{region}.{}/{{basePath}}", api.id, dns_suffix(region)),
            "variables": { "basePath": { "default": base_path } },
        });
        dressed.insert("servers".to_owned(), json!([server]));
    }
    let rest = document.as_object().into_iter().flatten();
    let rest = rest.filter(|(name, _)| !["openapi", "swagger", "info", "servers"].contains(&name.as_str()));
    dressed.extend(rest.map(|(name, value)| (name.clone(), value.clone())));
    dressed.insert(format!("{EXTENSION}importexport-version"), json!("1.0"));
    Value::Object(dressed)
}

/// A time as `2024-02-02 14:22:44UTC`.
fn export_time(seconds: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    let (date, (hour, minute, second)) = (time.date(), time.to_hms());
    Some(format!("{date} {hour:02}:{minute:02}:{second:02}UTC"))
}

/// Removes AWS's extensions, methods among them: a path that any method is for is left empty.
///
/// What AWS leaves of such a path is not documented.
fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with(EXTENSION));
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
