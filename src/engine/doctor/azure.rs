//! The checks on Azure's side: the identity, access to the API center, and room in it.

use serde::Deserialize;

use super::examination::{API_CENTER, Examination, IDENTITY, QUOTA, ROLE};
use crate::azure::{CatalogError, Permissions, Refusal};
use crate::catalog::OwnedApi;
use crate::catalog::settings::{Registration, find};
use crate::error_chain::error_chain;
use crate::model::{IntegrationName, claims, quote_message};
use crate::run::Session;

/// The actions that the handler calls on the API center: the published list behind the custom role.
const ACTIONS: &str = include_str!("../../../infra/api-center-actions.json");
/// Missing actions listed by name.
const NAMED_MAX: usize = 4;

/// The state of the API center.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Whether it could be read.
    pub is_read: bool,
    pub registration: Option<Registration>,
    /// The number of APIs that the plan allows, that exist, and that belong to this integration.
    room: Option<(usize, usize, usize)>,
}

/// Checks the identity and the API center.
pub(super) async fn examine(session: &Session, name: &IntegrationName, examination: &mut Examination) -> Seen {
    if !identity(session, examination).await {
        for check in [API_CENTER, ROLE] {
            examination.skipped(check, "fix the identity first");
        }
        return Seen::default();
    }
    let catalog = session.catalog();
    let (mut there, mut own) = (0, 0);
    let counted = catalog.each_api(|api| {
        there += 1;
        own += usize::from(OwnedApi::claim(name, &api).is_some());
    });
    let read = async {
        tokio::try_join!(
            catalog.limits(),
            catalog.environments(),
            counted,
            catalog.metadata_schemas()
        )
    };
    let (read, permissions) = tokio::join!(read, catalog.permissions());
    let seen = match read {
        Ok((limits, environments, (), _)) => {
            examination.ok(API_CENTER, &format!("it can be read, and has {there} APIs"));
            Seen {
                is_read: true,
                registration: find(
                    &environments,
                    name,
                    &session.clouds.resource_id,
                    &session.clouds.vault_hosts,
                ),
                room: Some((limits.apis, there, own)),
            }
        }
        Err(error) => {
            examination.failed(API_CENTER, &error_chain(&error), remedy(&error));
            Seen::default()
        }
    };
    role(permissions, examination);
    seen
}

/// Checks that there is an identity with a token for Azure.
async fn identity(session: &Session, examination: &mut Examination) -> bool {
    let settings = &session.clouds.settings;
    let kind = if settings.managed_identity {
        "the managed identity"
    } else {
        "the sign-in of this machine's developer tools"
    };
    let scope = format!("{}/.default", settings.resource_manager_url);
    let scopes = [scope.as_str()];
    let token = tokio::select! {
        token = session.clouds.credential.get_token(&scopes, None) => token.map_err(|error| error_chain(&error)),
        () = session.budget.spent() => Err("the time ran out".to_owned()),
    };
    match token {
        Ok(token) => {
            let who = format!("{kind}{}", claims::<Claims>(token.token.secret()).described());
            examination.ok(IDENTITY, &format!("{who}, has a token for Azure Resource Manager"));
            examination.identity = Some(who);
            true
        }
        Err(error) => {
            let found = format!("{kind} gives no token: {}", quote_message(&error));
            let remedy = if settings.managed_identity {
                "Give the function app a managed identity; if it is user-assigned, set AZURE_CLIENT_ID to its client id"
            } else {
                "Sign in with az login or azd auth login"
            };
            examination.failed(IDENTITY, &found, remedy);
            false
        }
    }
}

/// Whom a token is for: names, no secrets.
#[derive(Debug, Default, Deserialize)]
struct Claims {
    oid: Option<String>,
    appid: Option<String>,
    upn: Option<String>,
    unique_name: Option<String>,
}

impl Claims {
    fn described(&self) -> String {
        let text = quote_message;
        match (
            self.upn.as_deref().or(self.unique_name.as_deref()),
            &self.oid,
            &self.appid,
        ) {
            (Some(name), _, _) => format!(", {}", text(name)),
            (None, Some(oid), Some(appid)) => format!(", object id {}, client id {}", text(oid), text(appid)),
            (None, Some(id), None) | (None, None, Some(id)) => format!(", id {}", text(id)),
            (None, None, None) => String::new(),
        }
    }
}

fn remedy(error: &CatalogError) -> &'static str {
    match error {
        CatalogError::Forbidden { .. } => {
            "Give the identity the role \"Azure API Center Service Contributor\" on the API center, or the custom role of the \
             actions in infra/api-center-actions.json; new role assignments take a few minutes"
        }
        CatalogError::NotFound { .. } | CatalogError::NoCenter { .. } => {
            "Check that the API center exists, and that subscription, resource group and name (APICENTER_RESOURCE_ID) \
             are right"
        }
        CatalogError::NoToken { .. } => "Give the function app a managed identity, or sign in with az login",
        CatalogError::Throttled { .. } | CatalogError::OutOfTime { .. } => "Wait a few minutes and check again",
        CatalogError::Refused {
            refusal: Refusal::ForGood | Refusal::NoRoom,
            ..
        } => "A retry will not help: Azure's message names what to change",
        CatalogError::Refused { .. } | CatalogError::Unavailable { .. } | CatalogError::Malformed { .. } => {
            "Check that this host can reach Azure Resource Manager, and that AZURE_RESOURCE_MANAGER_URL is right"
        }
    }
}

/// Checks that the identity is allowed every action the app can call, without trying any.
fn role(permissions: Result<Permissions, CatalogError>, examination: &mut Examination) {
    let actions: Vec<String> = serde_json::from_str(ACTIONS).unwrap_or_default();
    let remedy = "Give the identity the role \"Azure API Center Service Contributor\" on the API center, or the custom role of \
                  the actions in infra/api-center-actions.json; new role assignments take a few minutes";
    match permissions {
        Ok(permissions) => {
            let missing = permissions.lacks(actions.iter().map(String::as_str));
            if missing.is_empty() {
                let found = format!("it allows all {} required actions", actions.len());
                return examination.ok(ROLE, &found);
            }
            let named = missing.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
            let more = missing.len().saturating_sub(NAMED_MAX);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            examination.failed(ROLE, &format!("missing: {named}{more}"), remedy);
        }
        Err(CatalogError::Forbidden { .. }) => {
            let found = "the identity may not ask what it may do (Microsoft.Authorization/permissions/read)";
            examination.warning(ROLE, found, remedy);
        }
        Err(error) => examination.skipped(ROLE, &error_chain(&error)),
    }
}

/// Checks that the gateway's APIs fit, if their number is known.
pub(super) fn room(seen: &Seen, gateway: Option<usize>, examination: &mut Examination) {
    let Some((limit, there, own)) = seen.room else {
        return examination.skipped(QUOTA, "fix the API center first");
    };
    let others = there - own;
    let needed = others + gateway.unwrap_or(own);
    let gateway = gateway
        .map(|apis| format!("; the gateway has {apis}"))
        .unwrap_or_default();
    let found = format!("the API center's plan allows {limit} APIs; it has {there}{gateway}");
    if needed > limit {
        let remedy = "Move the API center to the Standard plan, or delete APIs; the app skips what does not fit";
        examination.warning(QUOTA, &found, remedy);
    } else {
        examination.ok(QUOTA, &found);
    }
}
