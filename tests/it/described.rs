//! Every response of the handler matches its own description.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use apicenter_aws_sync::server::openapi_document;
use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::Answer;

/// The description, and its compiled schemas.
struct Description {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

fn description() -> &'static Description {
    static DESCRIPTION: OnceLock<Description> = OnceLock::new();
    DESCRIPTION.get_or_init(|| Description {
        document: openapi_document(),
        validators: Mutex::default(),
    })
}

impl Description {
    /// The path as the description has it.
    fn template(&self, path: &str) -> Option<&str> {
        let path = path.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let fits = |template: &&String| {
            let own: Vec<&str> = template.trim_start_matches("/api/").split('/').collect();
            let mut pairs = own.iter().zip(&segments);
            own.len() == segments.len()
                && pairs.all(|(own, segment)| own.starts_with('{') || own.eq_ignore_ascii_case(segment))
        };
        let paths = self.document["paths"].as_object().unwrap();
        let mut found: Vec<&String> = paths.keys().filter(fits).collect();
        found.sort_by_key(|template| template.contains('{'));
        found.first().map(|template| template.as_str())
    }

    fn validator(&self, pointer: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let validator = validators.entry(pointer.to_owned()).or_insert_with(|| {
            let mut schema = self.document.clone();
            let reference = pointer.replace('{', "%7B").replace('}', "%7D");
            schema["$ref"] = json!(format!("#{reference}"));
            Arc::new(jsonschema::validator_for(&schema).unwrap())
        });
        Arc::clone(validator)
    }
}

/// Asserts that the description has such an answer to such a call.
pub fn assert_described(method: &Method, path: &str, answer: &Answer) {
    let status = answer.status.as_u16();
    // Those are the Functions host's own.
    if status >= 400 && serde_json::from_str::<Value>(&answer.text).is_err() {
        return;
    }
    let description = description();
    let responses = match (description.template(path), status) {
        (_, 405) => "/components/responses/MethodNotAllowed".to_owned(),
        (None, _) => "/components/responses/NotFound".to_owned(),
        (Some(template), status) => {
            let (path, method) = (template.replace('/', "~1"), method.as_str().to_ascii_lowercase());
            format!("/paths/{path}/{method}/responses/{status}")
        }
    };
    let call = format!("{method} {path}: {status} {}", answer.text);
    let response = description.document.pointer(&responses);
    let response = response.unwrap_or_else(|| panic!("this is not described: {call}"));
    let content = response["content"].as_object().cloned().unwrap_or_default();
    if content.is_empty() {
        assert_eq!(answer.text, "", "{call}");
        return;
    }
    let media_type = answer.headers["content-type"].to_str().unwrap();
    let media_type = media_type.split(';').next().unwrap();
    assert!(
        content.contains_key(media_type),
        "{media_type} is not described: {call}"
    );
    if media_type == "application/json" {
        let pointer = format!("{responses}/content/application~1json/schema");
        let validator = description.validator(&pointer);
        let body = answer.json();
        let errors: Vec<String> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{call}\n{errors:#?}");
    }
    for header in response["headers"].as_object().into_iter().flatten() {
        let (name, header) = header;
        let is_required = header["$ref"] == "#/components/headers/Allow";
        assert!(
            !is_required || answer.headers.contains_key(name.as_str()),
            "{name}: {call}"
        );
    }
}
