//! Matches of rules.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::glob::Glob;
use crate::model::{ApiType, EndpointType};

/// The APIs, or their stages, that a rule matches: all given properties must match.
///
/// Texts are globs: `*` matches any characters, `?` matches one, `\` escapes; case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Match {
    /// The API's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "*-internal")]
    pub name: Option<Glob>,
    /// The stage's name; with it, the rule matches stages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "prod*")]
    pub stage: Option<Glob>,
    /// Values of the API's tags. Keys match exactly, else the only key that differs in case.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub tags: BTreeMap<String, Glob>,
    /// `REST`, `HTTP` or `WebSocket`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "api_type_word")]
    #[schema(value_type = Option<String>, example = "REST")]
    pub api_type: Option<ApiType>,
    /// `Regional`, `Edge` or `Private`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "endpoint_type_word")]
    #[schema(value_type = Option<String>, example = "Private")]
    pub endpoint_type: Option<EndpointType>,
    /// The name of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub source: Option<Glob>,
    /// The account's twelve digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub account: Option<Glob>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "eu-*")]
    pub region: Option<Glob>,
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference to the field"
)]
fn api_type_word<S: Serializer>(api_type: &Option<ApiType>, serializer: S) -> Result<S::Ok, S::Error> {
    api_type.map(ApiType::word).serialize(serializer)
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference to the field"
)]
fn endpoint_type_word<S: Serializer>(endpoint_type: &Option<EndpointType>, serializer: S) -> Result<S::Ok, S::Error> {
    endpoint_type.map(EndpointType::word).serialize(serializer)
}
