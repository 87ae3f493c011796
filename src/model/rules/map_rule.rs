//! Rules that set fields.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::field::MappedField;
use super::matching::Match;
use super::template::Template;

/// A rule that sets fields; of several for the same one, the last wins.
///
/// Fields are such as `api.summary`, `version.lifecycleStage` or `api.customProperties.NAME`. Values are JSON whose
/// texts may contain `${name}`, `${stage}`, `${account}`, `${accountName}`, `${region}`, `${apiId}`, `${apiType}` and
/// `${tag:KEY}`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MapRule {
    /// What the rule matches; defaults to everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Match>,
    /// Fields that every run corrects.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Option<Object>)]
    pub set: BTreeMap<MappedField, Template>,
    /// Fields set when an entity is created; from then on they belong to the user.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Option<Object>)]
    pub default: BTreeMap<MappedField, Template>,
}

impl MapRule {
    /// All its fields with their templates.
    pub fn fields(&self) -> impl Iterator<Item = (&MappedField, &Template)> {
        self.set.iter().chain(&self.default)
    }
}
