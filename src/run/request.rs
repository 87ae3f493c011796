//! What a run is asked to do beside what every run does.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::{ApiId, ApiType, Gateway, InvalidName, SourceKey};

/// What a run is asked to do beside what every run does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncRequest {
    /// Import definitions even where that happens on demand only.
    pub definitions: bool,
    /// Look below every API.
    pub deep: bool,
    /// Look below the APIs of which something was skipped: what the integration says has changed.
    pub retry_skipped: bool,
    /// The ids of deletions to make although they are held.
    pub confirm_deletions: BTreeSet<String>,
    /// The only plan to apply.
    pub plan_id: Option<String>,
    /// The only API to look at.
    pub api: Option<OneApi>,
}

/// The only API that a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneApi {
    /// Its id on Amazon.
    pub id: ApiId,
    /// The gateway that it is on, where the id alone does not tell.
    pub gateway: Option<Gateway>,
}

impl OneApi {
    /// Reads an id, alone or as `account/region/id`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        match SourceKey::parse(text, ApiType::Rest) {
            Some(key) => Ok(Self {
                id: key.api_id,
                gateway: Some(key.gateway),
            }),
            None => Ok(Self {
                id: ApiId::parse(text)?,
                gateway: None,
            }),
        }
    }
}

impl fmt::Display for OneApi {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.gateway {
            Some(gateway) => write!(formatter, "{gateway}/{}", self.id),
            None => write!(formatter, "{}", self.id),
        }
    }
}

impl SyncRequest {
    /// Whether all of it is planned before anything is written.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        !self.confirm_deletions.is_empty() || self.plan_id.is_some()
    }
}
