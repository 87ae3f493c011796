//! Groups: which APIs of gateways are one API to people.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ApiType, EntityName, Gateway, GatewayApi, GroupBy, Integration, is_blank, one_line};

/// Longest title of a deployment, in UTF-16 units (swagger of `Microsoft.ApiCenter` 2024-03-01).
const TITLE_MAX: usize = 50;

/// The entity name of the group that an API with these tags is in; `None` where it stands alone.
#[must_use]
pub fn group_of(integration: &Integration, api: &GatewayApi, tags: &BTreeMap<String, String>) -> Option<EntityName> {
    let key = match &integration.group_by {
        GroupBy::None => None,
        GroupBy::Name => Some(trimmed(&api.name, &integration.group_trim)),
        GroupBy::Tag(key) => tag(tags, key),
    };
    let key = key.filter(|key| !is_blank(key))?;
    let is_websocket = api.api_type == ApiType::Websocket;
    Some(EntityName::of_group(&integration.name, key, is_websocket))
}

/// What tells a deployment from the others of its version: people see it beside the stage.
pub(super) fn deployment_title(source: Option<&str>, gateway: &Gateway) -> String {
    let region = &gateway.region;
    let title = source.map_or_else(|| region.to_string(), |source| format!("{source} {region}"));
    one_line(&title, TITLE_MAX)
}

/// The value of a tag: found as it is written, else without regard to case if exactly one fits.
fn tag<'a>(tags: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    if let Some(value) = tags.get(key) {
        return Some(value);
    }
    let mut alike = tags
        .iter()
        .filter(|(other, _)| other.to_lowercase() == key.to_lowercase());
    match (alike.next(), alike.next()) {
        (Some((_, value)), None) => Some(value),
        (_, _) => None,
    }
}

/// A name without the longest start and the longest end of these that it has; whole, if nothing would be left of it.
fn trimmed<'a>(name: &'a str, trim: &BTreeSet<String>) -> &'a str {
    let starts = trim.iter().filter_map(|start| name.strip_prefix(start.as_str()));
    let started = starts.min_by_key(|rest| rest.len()).unwrap_or(name);
    let started = if is_blank(started) { name } else { started };
    let ends = trim.iter().filter_map(|end| started.strip_suffix(end.as_str()));
    let ended = ends.min_by_key(|rest| rest.len()).unwrap_or(started);
    if is_blank(ended) { started } else { ended }
}
