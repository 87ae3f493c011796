//! `Microsoft.Authorization/permissions` of the API center: what the caller's role assignments allow.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::json;

/// The API versions of `Microsoft.Authorization` for permissions (Permissions - List For Resource).
const API_VERSIONS: [&str; 3] = ["2022-04-01", "2018-07-01", "2015-07-01"];

/// The permission of a role assignment: its actions, and those it excludes.
pub type Permission = (Vec<String>, Vec<String>);

/// The built-in role "Azure API Center Service Contributor" (Azure built-in roles, 2024-11).
pub(super) fn contributor() -> Vec<Permission> {
    let actions = [
        "Microsoft.ApiCenter/services/*",
        "Microsoft.Authorization/*/read",
        "Microsoft.Insights/alertRules/*",
        "Microsoft.ResourceHealth/availabilityStatuses/read",
        "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    ];
    let excluded = "Microsoft.ApiCenter/services/workspaces/apis/versions/definitions/updateAnalysisState/action";
    vec![(actions.map(str::to_owned).to_vec(), vec![excluded.to_owned()])]
}

/// Answers requests to another provider about the API center; `None` for any other.
pub(super) fn answer(
    permissions: &[Permission],
    method: &Method,
    in_service: &[&str],
    api_version: &str,
) -> Option<Result<Response<Bytes>, Refusal>> {
    let [providers, provider, kind] = in_service else {
        return None;
    };
    let fixed = [
        (providers, "providers"),
        (provider, "Microsoft.Authorization"),
        (kind, "permissions"),
    ];
    if !fixed
        .iter()
        .all(|(found, expected)| found.eq_ignore_ascii_case(expected))
    {
        return None;
    }
    if !API_VERSIONS.contains(&api_version) {
        let message = format!(
            "No registered resource provider found for location '' and API version '{api_version}' for type 'permissions'. \
             The supported api-versions are '{}'.",
            API_VERSIONS.join(", ")
        );
        let code = "NoRegisteredProviderFound";
        return Some(Err(Refusal::gateway(StatusCode::BAD_REQUEST, code, message)));
    }
    if method != Method::GET {
        return Some(Err(Refusal::MethodNotAllowed("GET")));
    }
    let permissions: Vec<Value> = permissions
        .iter()
        .map(|(actions, excluded)| {
            json!({"actions": actions, "notActions": excluded, "dataActions": [], "notDataActions": []})
        })
        .collect();
    Some(Ok(json::answer(StatusCode::OK, &json!({"value": permissions}))))
}
