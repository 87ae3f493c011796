//! Groups: which gateway APIs people see as one API.

use std::collections::BTreeSet;

use super::subject::Place;
use crate::model::{ApiType, EntityName, GatewayApi, GroupBy, Integration, is_blank, one_line};

/// Longest title of a deployment, in UTF-16 units (swagger of `Microsoft.ApiCenter` 2024-03-01).
const TITLE_MAX: usize = 50;

/// The entity name of an API's group; `None` if it stands alone.
#[must_use]
pub fn group_of(integration: &Integration, api: &GatewayApi) -> Option<EntityName> {
    let key = match &integration.group_by {
        GroupBy::None => None,
        GroupBy::Name => Some(trimmed(&api.name, &integration.group_trim)),
        GroupBy::Tag(key) => api.tag(key),
    };
    let key = key.filter(|key| !is_blank(key))?;
    let is_websocket = api.api_type == ApiType::Websocket;
    Some(EntityName::of_group(&integration.name, key, is_websocket))
}

/// The title that tells a deployment from the others of its version, next to the stage.
pub(super) fn deployment_title(place: Place<'_>) -> String {
    let region = &place.gateway.region;
    let source = place.source.name.as_ref();
    let title = source.map_or_else(|| region.to_string(), |source| format!("{source} {region}"));
    one_line(&title, TITLE_MAX)
}

/// A name without the longest of these prefixes and suffixes; unchanged if nothing would be left.
fn trimmed<'a>(name: &'a str, trim: &BTreeSet<String>) -> &'a str {
    let starts = trim.iter().filter_map(|start| name.strip_prefix(start.as_str()));
    let started = starts.min_by_key(|rest| rest.len()).unwrap_or(name);
    let started = if is_blank(started) { name } else { started };
    let ends = trim.iter().filter_map(|end| started.strip_suffix(end.as_str()));
    let ended = ends.min_by_key(|rest| rest.len()).unwrap_or(started);
    if is_blank(ended) { started } else { ended }
}
