//! Long-running operations, and the two that move definitions.

use std::time::Duration;

use azure_core::http::{Method, Url};
use serde_json::{Value, json};

use super::catalog::Catalog;
use super::error::{Call, CatalogError};
use super::transport::{Answer, Message, Reply};
use crate::model::{EntityPath, Owned};

/// Between polls when Azure does not say: operations here were recorded to take seconds.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The name that definitions' specifications have here.
const SPECIFICATION: &str = "openapi";

/// What an export of a definition gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// The text.
    Text(String),
    /// Where the text is to be had for a few minutes.
    Link(String),
    /// The definition holds nothing.
    Nothing,
}

impl Catalog {
    /// Puts a text into a definition.
    ///
    /// # Errors
    /// When it is not taken, or does not get through in time.
    pub async fn import_specification(
        &self,
        definition: &Owned,
        text: &str,
        specification_version: &str,
    ) -> Result<(), CatalogError> {
        let body = json!({
            "format": "inline",
            "value": text,
            "specification": { "name": SPECIFICATION, "version": specification_version },
        });
        let path = format!("{}/importSpecification", self.entity_path(definition.path()));
        let message = self.message(Method::Post, &path, Some(body.to_string().into_bytes()))?;
        let answer = self.success(&message).await?;
        self.finish(answer).await.map(|_| ())
    }

    /// Takes the text out of a definition, as it is.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn export_specification(&self, definition: &EntityPath) -> Result<Exported, CatalogError> {
        let path = format!("{}/exportSpecification", self.entity_path(definition));
        let message = self.message(Method::Post, &path, None)?;
        let answer = match self.reply(&message).await? {
            Reply::Success(answer) => answer,
            Reply::NotFound(_) => return Ok(Exported::Nothing),
            Reply::Changed(call) => return Err(unexpected_precondition(call)),
        };
        let answer = self.finish(answer).await?;
        if answer.body.is_empty() {
            return Ok(Exported::Nothing);
        }
        let result = answer.json()?;
        let value = result
            .get("value")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let is_link = result
            .get("format")
            .and_then(Value::as_str)
            .is_some_and(|format| format.eq_ignore_ascii_case("link"));
        Ok(match (value.is_empty(), is_link) {
            (true, _) => Exported::Nothing,
            (false, true) => Exported::Link(value),
            (false, false) => Exported::Text(value),
        })
    }

    /// Follows a long-running operation to its end, always at the newest `Location`.
    pub(super) async fn finish(&self, mut answer: Answer) -> Result<Answer, CatalogError> {
        let mut location = None;
        while answer.status == 202 {
            location = answer.location().or(location);
            let Some(location) = &location else {
                // Nothing to follow: it was taken, and that is all there is to know.
                return Ok(answer);
            };
            let call = Call {
                method: "GET",
                path: format!("the operation of {}", answer.call),
            };
            let url = self.same_host(&call, location)?;
            if !self.budget().wait(answer.retry_after().unwrap_or(POLL_INTERVAL)).await {
                return Err(CatalogError::OutOfTime { call: answer.call });
            }
            let message = Message {
                call: answer.call.clone(),
                method: Method::Get,
                url,
                body: None,
                if_match: None,
            };
            answer = self.success(&message).await?;
        }
        if location.is_some() {
            check_operation(&answer)?;
        }
        Ok(answer)
    }

    /// A link of an answer, if it leads to where the token belongs.
    pub(super) fn same_host(&self, call: &Call, link: &str) -> Result<Url, CatalogError> {
        let base = self.base_url();
        match base.join(link) {
            Ok(url) if url.origin() == base.origin() => Ok(url),
            Ok(_) | Err(_) => Err(CatalogError::Malformed {
                call: call.clone(),
                message: "it leads to another host".to_owned(),
            }),
        }
    }
}

/// An operation can fail with status 200: then its body says so.
fn check_operation(answer: &Answer) -> Result<(), CatalogError> {
    let Ok(operation) = answer.json() else { return Ok(()) };
    let status = operation.get("status").and_then(Value::as_str).unwrap_or("Succeeded");
    if !["Failed", "Canceled"]
        .iter()
        .any(|failed| failed.eq_ignore_ascii_case(status))
    {
        return Ok(());
    }
    let error = operation
        .get("error")
        .or_else(|| operation.get("properties"))
        .cloned()
        .unwrap_or_default();
    Err(CatalogError::Refused {
        call: answer.call.clone(),
        status: answer.status,
        message: format!(
            "the operation ended as {status}: {}",
            super::wire::refusal_text(error.to_string().as_bytes())
        ),
    })
}

pub(super) fn unexpected_precondition(call: Call) -> CatalogError {
    CatalogError::Refused {
        call,
        status: 412,
        message: "a condition failed that was not set".to_owned(),
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value, CatalogError> {
        serde_json::from_slice(&self.body).map_err(|error| CatalogError::Malformed {
            call: self.call.clone(),
            message: error.to_string(),
        })
    }

    /// A header as text.
    pub fn header(&self, name: &'static str) -> Option<String> {
        self.headers.get_optional_str(&name.into()).map(str::to_owned)
    }

    fn location(&self) -> Option<String> {
        self.header("location")
    }

    fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
    }
}
