//! The import and export of definitions.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::{accepted, empty};
use super::operations::Progress;
use super::path::Address;
use super::query::Query;
use super::refusal::Refusal;
use super::state::State;
use crate::json;

/// Largest inline text, in bytes (Azure CLI `apic-extension`: "greater than 3 MB").
const INLINE_MAX_BYTES: usize = 3 * 1024 * 1024;

impl State {
    /// Inline content is stored at once; a link is fetched by an operation (recorded, 2024-03-01).
    pub(super) fn import(
        &mut self,
        definition: &Address,
        body: &Map<String, Value>,
        api_version: &str,
    ) -> Result<Response<Bytes>, Refusal> {
        self.existing(definition)?;
        if let Some(unknown) = body
            .keys()
            .find(|name| !["format", "value", "specification"].contains(&name.as_str()))
        {
            return Err(invalid(format!("'{unknown}' is not a known property")));
        }
        let specification = specification(body.get("specification"))?;
        let value = body.get("value").and_then(Value::as_str).unwrap_or_default();
        if value.is_empty() {
            return Err(invalid("'value' is required"));
        }
        match body.get("format").and_then(Value::as_str) {
            Some("inline") if value.len() > INLINE_MAX_BYTES => {
                Err(invalid("'value' is greater than 3 MB: use the format link"))
            }
            Some("inline") if self.defers_imports => {
                Ok(self.start_import(definition, specification, Ok(value.to_owned()), api_version))
            }
            Some("inline") => {
                self.catalog.set_content(definition, value.to_owned(), specification);
                Ok(empty(StatusCode::OK))
            }
            Some("link") => {
                let outcome = self
                    .documents
                    .get(value)
                    .cloned()
                    .ok_or_else(|| format!("the document at '{value}' cannot be fetched"));
                Ok(self.start_import(definition, specification, outcome, api_version))
            }
            _ => Err(invalid("'format' must be one of inline, link")),
        }
    }

    fn start_import(
        &mut self,
        definition: &Address,
        specification: Option<Value>,
        outcome: Result<String, String>,
        api_version: &str,
    ) -> Response<Bytes> {
        let id = self
            .operations
            .start(definition.clone(), specification, outcome, &self.unfinished);
        accepted(None, &self.location(definition, &id, api_version))
    }

    pub(super) fn export(&self, definition: &Address) -> Result<Response<Bytes>, Refusal> {
        match &self.existing(definition)?.content {
            Some(content) => {
                let body = json!({"format": "inline", "value": content});
                Ok(json::answer(StatusCode::OK, &body))
            }
            None => Err(Refusal::NotFound(String::new())),
        }
    }

    /// Answers a poll of an import; its content is stored once a poll reports success.
    pub(super) fn poll(&mut self, definition: &Address, id: &str, query: &Query) -> Result<Response<Bytes>, Refusal> {
        // The id in the answer lacks the workspace (recorded, 2024-03-01).
        let path = definition.path().replacen("/workspaces/default", "", 1);
        let resource_id = format!("{}{path}/operationResults/{id}", self.service.id);
        match self.operations.poll(id, query.get("s"), &resource_id) {
            None => Err(Refusal::NotFound(String::new())),
            Some(Progress::Unfinished(body)) => {
                let api_version = query.get("api-version").unwrap_or_default();
                Ok(accepted(Some(&body), &self.location(definition, id, api_version)))
            }
            Some(Progress::Finished { body, import }) => {
                if let Some(import) = import
                    && let Ok(content) = import.outcome
                {
                    self.catalog
                        .set_content(&import.definition, content, import.specification);
                }
                Ok(json::answer(StatusCode::OK, &body))
            }
        }
    }

    fn location(&self, definition: &Address, id: &str, api_version: &str) -> String {
        format!(
            "{}{}{}/operationResults/{id}?api-version={api_version}&{}",
            self.base_url,
            self.service.id,
            definition.path(),
            self.operations.location_query(id)
        )
    }
}

/// The specification according to the caller, stored unchanged (recorded, 2024-03-01).
fn specification(sent: Option<&Value>) -> Result<Option<Value>, Refusal> {
    let Some(sent) = sent.filter(|sent| !sent.is_null()) else {
        return Ok(None);
    };
    let members = sent
        .as_object()
        .ok_or_else(|| invalid("'specification' must be an object"))?;
    let fits = |(name, value): (&String, &Value)| ["name", "version"].contains(&name.as_str()) && value.is_string();
    if members.iter().all(fits) {
        Ok(Some(sent.clone()))
    } else {
        Err(invalid("'specification' must have a name and a version, both strings"))
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::invalid("ValidationError", message)
}
