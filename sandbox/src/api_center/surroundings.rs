//! The resource manager's resources around an API center: the subscription, its tenant and its resource group.
//!
//! `az` asks for them before it gets to the API center.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::service::Service;
use crate::json;
use crate::token::TENANT_ID;

/// The API versions of the provider (`api-supported-versions` of recorded responses).
pub(super) const API_VERSIONS: [&str; 4] = [
    "2024-06-01-preview",
    "2024-03-15-preview",
    "2024-03-01",
    "2023-07-01-preview",
];

/// The cloud's endpoints for `az cloud register` and `ARM_CLOUD_METADATA_URL`, without a token.
pub(super) fn cloud_metadata(base_url: &str, api_version: Option<&str>) -> Response<Bytes> {
    let audiences = json!(["https://management.core.windows.net/", "https://management.azure.com/"]);
    let login = "https://login.microsoftonline.com";
    let body = if api_version.is_some_and(|version| version >= "2018") {
        json!([{
            "name": "AzureCloud",
            "resourceManager": base_url,
            "authentication": {
                "loginEndpoint": login,
                "audiences": audiences,
                "tenant": TENANT_ID,
                "identityProvider": "AAD",
            },
            "portal": "https://portal.azure.com",
            "graph": "https://graph.windows.net/",
            "microsoftGraphResourceId": "https://graph.microsoft.com/",
            "suffixes": {"keyVaultDns": "vault.azure.net"},
        }])
    } else {
        json!({
            "galleryEndpoint": "https://gallery.azure.com/",
            "graphEndpoint": "https://graph.windows.net/",
            "portalEndpoint": "https://portal.azure.com/",
            "authentication": {"loginEndpoint": login, "audiences": audiences},
        })
    };
    json::answer(StatusCode::OK, &body)
}

/// Answers a `GET` of something around the API center; `None` if unknown.
pub(super) fn answer(service: &Service, segments: &[&str]) -> Option<Result<Response<Bytes>, Refusal>> {
    let lower: Vec<String> = segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let body = match lower[..] {
        ["tenants"] => json!({"value": [tenant()]}),
        ["subscriptions"] => {
            json!({"value": [subscription(service)], "count": {"type": "Total", "value": 1}})
        }
        ["providers", "microsoft.apicenter", "operations"] => json!({"value": []}),
        ["subscriptions", subscription, ref rest @ ..] => {
            if !subscription.eq_ignore_ascii_case(service.subscription_id()) {
                return Some(Err(unknown_subscription(service, segments)));
            }
            return in_subscription(service, rest);
        }
        _ => return None,
    };
    Some(Ok(json::answer(StatusCode::OK, &body)))
}

fn in_subscription(service: &Service, rest: &[&str]) -> Option<Result<Response<Bytes>, Refusal>> {
    let body = match *rest {
        [] => subscription(service),
        ["locations"] => json!({"value": [location(service)]}),
        ["resourcegroups"] => json!({"value": [resource_group(service)]}),
        ["providers"] => json!({"value": [provider(service)]}),
        ["providers", "microsoft.apicenter"] => provider(service),
        ["providers", "microsoft.apicenter", "services"] => json!({"value": [service.body()]}),
        ["resourcegroups", group, ref rest @ ..] => {
            if !group.eq_ignore_ascii_case(service.resource_group()) {
                let message = format!("Resource group '{group}' could not be found.");
                let code = "ResourceGroupNotFound";
                return Some(Err(Refusal::gateway(StatusCode::NOT_FOUND, code, message)));
            }
            match *rest {
                [] => resource_group(service),
                ["providers", "microsoft.apicenter", "services"] => json!({"value": [service.body()]}),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(Ok(json::answer(StatusCode::OK, &body)))
}

fn unknown_subscription(service: &Service, segments: &[&str]) -> Refusal {
    let subscription = segments.get(1).copied().unwrap_or_else(|| service.subscription_id());
    Refusal::gateway(
        StatusCode::NOT_FOUND,
        "SubscriptionNotFound",
        format!("The subscription '{subscription}' could not be found."),
    )
}

fn subscription(service: &Service) -> Value {
    let id = service.subscription_id();
    json!({
        "id": format!("/subscriptions/{id}"),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": id,
        "tenantId": TENANT_ID,
        "displayName": "Sandbox",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    })
}

fn location(service: &Service) -> Value {
    json!({
        "id": format!("/subscriptions/{}/locations/eastus", service.subscription_id()),
        "name": "eastus",
        "displayName": "East US",
        "regionalDisplayName": "(US) East US",
    })
}

fn resource_group(service: &Service) -> Value {
    let name = service.resource_group();
    json!({
        "id": format!("/subscriptions/{}/resourceGroups/{name}", service.subscription_id()),
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": "eastus",
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    })
}

fn provider(service: &Service) -> Value {
    json!({
        "id": format!("/subscriptions/{}/providers/Microsoft.ApiCenter", service.subscription_id()),
        "namespace": "Microsoft.ApiCenter",
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": [{
            "resourceType": "services",
            "locations": ["East US"],
            "apiVersions": API_VERSIONS,
            "capabilities": "SupportsTags, SupportsLocation",
        }],
    })
}

fn tenant() -> Value {
    json!({
        "id": format!("/tenants/{TENANT_ID}"),
        "tenantId": TENANT_ID,
        "tenantCategory": "Home",
        "displayName": "Sandbox",
        "defaultDomain": "sandbox.example.com",
        "tenantType": "AAD",
        "domains": ["sandbox.example.com"],
    })
}
