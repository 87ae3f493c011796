//! The options of a run.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::{ApiId, ApiType, Gateway, InvalidName, SourceKey};

/// The options of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncRequest {
    /// Import definitions even where that happens on demand only.
    pub definitions: bool,
    /// Compare everything below every API.
    pub deep: bool,
    /// Compare what is below the APIs with skips, because the integration's settings have changed.
    pub retry_skipped: bool,
    /// The ids of held deletions to confirm.
    pub confirm_deletions: BTreeSet<String>,
    /// Apply only this plan.
    pub plan_id: Option<String>,
    /// Synchronize only this API.
    pub api: Option<OneApi>,
}

/// The API of a run of one API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneApi {
    /// Its id in AWS.
    pub id: ApiId,
    /// Its gateway, if the id alone is ambiguous.
    pub gateway: Option<Gateway>,
}

impl OneApi {
    /// Parses an id, alone or as `account/region/id`.
    ///
    /// # Errors
    /// If it is neither.
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
    /// Whether everything is planned before the first write.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        !self.confirm_deletions.is_empty() || self.plan_id.is_some()
    }
}
