//! Long-running operations, and the import and export of definitions.

use std::time::Duration;

use azure_core::http::{Method, Url};
use serde_json::{Value, json};

use super::api_center::Catalog;
use super::error::{Call, CatalogError, Refusal, unexpected_precondition};
use super::transport::{Answer, Message, Reply};
use crate::catalog::Owned;
use crate::model::{Document, EntityPath};

/// Default poll interval: recorded operations took seconds.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Longest link to follow, in bytes: no server accepts a longer one.
const LINK_MAX: usize = 64 * 1024;
/// Most memory for a response, or all pages of a list together: twice the longest page. The largest useful list, ten
/// thousand APIs, has a third of this.
pub(super) const WEIGHT_MAX: usize = 128 * 1024 * 1024;

/// The result of exporting a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// The text.
    Text(String),
    /// A link to the text, valid for a few minutes.
    Link(String),
    /// The definition is empty.
    Nothing,
}

impl Catalog {
    /// Imports a text into a definition.
    ///
    /// # Errors
    /// If it is refused, or the time runs out.
    pub async fn import_specification(&self, definition: &Owned, document: &Document) -> Result<(), CatalogError> {
        let path = format!("{}/importSpecification", self.entity_path(definition.path()));
        let message = self.message(Method::Post, &path, Some(import_body(document)))?;
        let answer = self.success(&message).await?;
        self.finish(answer).await.map(|_| ())
    }

    /// Exports the text of a definition unchanged.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn export_specification(&self, definition: &EntityPath) -> Result<Exported, CatalogError> {
        let path = format!("{}/exportSpecification", self.entity_path(definition));
        let message = self.message(Method::Post, &path, None)?;
        let answer = match self.reply(&message).await? {
            Reply::Success(answer) => answer,
            Reply::NotFound(..) => return Ok(Exported::Nothing),
            Reply::Changed(call) => return Err(unexpected_precondition(call)),
        };
        let answer = self.finish(answer).await?;
        if answer.body.is_empty() {
            return Ok(Exported::Nothing);
        }
        let result = answer.json()?;
        let text = match result.get("value") {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::String(_) | Value::Null) => return Ok(Exported::Nothing),
            Some(_) | None => return Err(answer.malformed("it has no `value`")),
        };
        let format = result.get("format").and_then(Value::as_str).unwrap_or_default();
        if format.eq_ignore_ascii_case("link") {
            Ok(Exported::Link(text))
        } else {
            Ok(Exported::Text(text))
        }
    }

    /// Follows a long-running operation to its end, always at the newest `Location`, or without one at the newest
    /// `Azure-AsyncOperation`.
    pub(super) async fn finish(&self, mut answer: Answer) -> Result<Answer, CatalogError> {
        let mut location: Option<String> = None;
        while answer.status == 202 || is_under_way(&answer)? {
            let newest = answer
                .header("location")
                .or_else(|| answer.header("azure-asyncoperation"));
            location = newest.map(str::to_owned).or(location);
            let Some(location) = &location else {
                // Nothing to follow: it was accepted, and no more is known.
                return Ok(answer);
            };
            let url = self.same_host(&answer.call, location)?;
            if !self.budget().wait(answer.retry_after().unwrap_or(POLL_INTERVAL)).await {
                return Err(CatalogError::OutOfTime { call: answer.call });
            }
            let message = Message {
                call: answer.call.clone(),
                method: Method::Get,
                url,
                body: None,
                if_match: None,
                if_absent: false,
            };
            answer = self.success(&message).await?;
        }
        Ok(answer)
    }

    /// A link in a response, if it points to the token's host.
    pub(super) fn same_host(&self, call: &Call, link: &str) -> Result<Url, CatalogError> {
        let base = self.base_url();
        // Credentials in a link would be sent along with the token.
        let is_plain = |url: &Url| url.username().is_empty() && url.password().is_none();
        match base.join(link) {
            Ok(url) if url.origin() == base.origin() && is_plain(&url) && link.len() <= LINK_MAX => Ok(url),
            Ok(_) | Err(_) => Err(CatalogError::Malformed {
                call: call.clone(),
                message: "it points to another host, or nowhere".to_owned(),
            }),
        }
    }
}

/// The body of an import; the text is not copied a second time during the request.
fn import_body(document: &Document) -> Vec<u8> {
    json!({
        "format": "inline",
        "value": document.text,
        "specification": { "name": document.format.name(), "version": document.specification_version },
    })
    .to_string()
    .into_bytes()
}

/// Whether an operation is still running, according to the body of a response with status 200.
///
/// It can also fail with status 200. A response without a status is that of a finished operation.
fn is_under_way(answer: &Answer) -> Result<bool, CatalogError> {
    if answer.body.is_empty() {
        return Ok(false);
    }
    let operation = answer.json()?;
    let Some(status) = operation.get("status").and_then(Value::as_str) else {
        return Ok(false);
    };
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(status));
    if !is(&["Failed", "Canceled"]) {
        return Ok(!is(&["Succeeded"]));
    }
    let error = operation
        .get("error")
        .or_else(|| operation.get("properties"))
        .cloned()
        .unwrap_or_default();
    let words = super::wire::refusal_text(error.to_string().as_bytes());
    Err(CatalogError::Refused {
        call: answer.call.clone(),
        status: answer.status,
        refusal: Refusal::ForGood,
        message: format!("the operation ended with status {status}: {words}"),
    })
}

/// The memory that a JSON text may take: its own bytes, and 32 more for a value, five times that for an object. Two
/// bytes of text can become a hundred in memory, and seven several hundred. Characters in strings count, too.
fn weight(json: &[u8]) -> usize {
    let weight = |byte: &u8| match byte {
        b'{' => 1 + 5 * 32,
        b',' | b'[' => 1 + 32,
        _ => 1,
    };
    json.iter().map(weight).sum()
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value, CatalogError> {
        self.json_within(&mut { WEIGHT_MAX })
    }

    /// The body as JSON, if it weighs no more than `room`, which shrinks by its weight.
    pub fn json_within(&self, room: &mut usize) -> Result<Value, CatalogError> {
        *room = room
            .checked_sub(weight(&self.body))
            .ok_or_else(|| self.malformed("it is too large"))?;
        // The parser's own message does not help people, and could quote the text.
        serde_json::from_slice(&self.body).map_err(|_| self.malformed("it is not JSON, or nested too deep to be read"))
    }

    /// The error of a malformed response.
    pub fn malformed(&self, fault: &str) -> CatalogError {
        CatalogError::Malformed {
            call: self.call.clone(),
            message: fault.to_owned(),
        }
    }
}
