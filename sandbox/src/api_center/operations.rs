//! Long-running operations: imports from a link, polled at their `Location`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::path::Address;
use crate::clock::{epoch_seconds, now};

/// The status of an unfinished operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// `NotStarted`, without a start time.
    NotStarted,
    /// `InProgress`, with a start time.
    InProgress,
}

/// An import from a link.
#[derive(Debug, Clone)]
pub(super) struct Import {
    pub definition: Address,
    pub specification: Option<Value>,
    /// The document, or the link's fault.
    pub outcome: Result<String, String>,
    /// The remaining statuses before the end, last first.
    unfinished: Vec<Unfinished>,
    started_at: String,
    ended_at: Option<String>,
    /// Its `Location` is signed: this part must come back unchanged.
    signature: String,
}

/// The progress of an operation.
pub(super) enum Progress {
    Unfinished(Value),
    /// It finished with this poll or before.
    Finished {
        body: Value,
        /// The import, with the first such poll.
        import: Option<Box<Import>>,
    },
}

#[derive(Debug, Default)]
pub(super) struct Operations(HashMap<String, Import>);

impl Operations {
    /// Starts an import and returns its id.
    pub fn start(
        &mut self,
        definition: Address,
        specification: Option<Value>,
        outcome: Result<String, String>,
        unfinished: &[Unfinished],
    ) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let import = Import {
            definition,
            specification,
            outcome,
            unfinished: unfinished.iter().rev().copied().collect(),
            started_at: offset_time(),
            ended_at: None,
            signature: uuid::Uuid::new_v4().simple().to_string(),
        };
        self.0.insert(id.clone(), import);
        id
    }

    /// The query of an operation's `Location`: signed, and as long as real ones (over 2 kB).
    pub fn location_query(&self, id: &str) -> String {
        let signature = self.0.get(id).map_or("", |import| import.signature.as_str());
        format!(
            "t={}&c={}&s={signature}&h={signature}",
            epoch_seconds(now()),
            "MII".repeat(700)
        )
    }

    /// Answers a poll; `None` if there is no such operation or the signature differs.
    pub fn poll(&mut self, id: &str, signature: Option<&str>, resource_id: &str) -> Option<Progress> {
        let import = self
            .0
            .get_mut(id)
            .filter(|import| signature == Some(import.signature.as_str()))?;
        let mut body = Map::new();
        body.insert("id".to_owned(), Value::from(resource_id));
        body.insert("name".to_owned(), Value::from(id));
        let status = match (import.unfinished.pop(), &import.outcome) {
            (Some(Unfinished::NotStarted), _) => {
                body.insert("status".to_owned(), Value::from("NotStarted"));
                return Some(Progress::Unfinished(Value::Object(body)));
            }
            (Some(Unfinished::InProgress), _) => {
                body.insert("status".to_owned(), Value::from("InProgress"));
                body.insert("startTime".to_owned(), Value::from(import.started_at.clone()));
                return Some(Progress::Unfinished(Value::Object(body)));
            }
            (None, Ok(_)) => "Succeeded",
            (None, Err(_)) => "Failed",
        };
        let first = import.ended_at.is_none();
        let ended_at = import.ended_at.get_or_insert_with(offset_time).clone();
        body.insert("status".to_owned(), Value::from(status));
        body.insert("startTime".to_owned(), Value::from(import.started_at.clone()));
        body.insert("endTime".to_owned(), Value::from(ended_at));
        if let Err(comment) = &import.outcome {
            body.insert("properties".to_owned(), json!({"comment": comment}));
        }
        Some(Progress::Finished {
            body: Value::Object(body),
            import: first.then(|| Box::new(import.clone())),
        })
    }
}

/// The time in operations: with an offset, unlike entities.
fn offset_time() -> String {
    super::catalog::now_text().replace('Z', "+00:00")
}
