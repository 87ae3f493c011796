//! The managed-identity endpoint of App Service and Functions (protocol version 2019-08-01).

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderValue;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;
use url::form_urlencoded;

use crate::clock::{epoch_seconds, now};
use crate::json;
use crate::record::Service;
use crate::serve::StandIn;
use crate::token::{CLIENT_ID, Claims, OBJECT_ID, TENANT_ID};

/// The version of the protocol.
const API_VERSION: &str = "2019-08-01";
/// The resources of every tenant.
const RESOURCES: [&str; 3] = [
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://vault.azure.net",
];
/// The application (client) id of the app registration behind a resource, the audience of tokens of version 2.0.
const RESOURCE_CLIENT_ID: &str = "44444444-4444-4444-8444-444444444444";
/// The lifetime of tokens: that of real managed identities.
const LIFETIME: Duration = Duration::from_hours(24);

/// The endpoint.
#[derive(Debug)]
pub struct Identity {
    header: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Why there is no identity, if so.
    missing: Option<String>,
    /// The tenant's resources, without slashes at the end.
    resources: HashSet<String>,
    /// The resources whose tokens are of version 2.0.
    second_version: HashSet<String>,
    lifetimes: HashMap<String, Duration>,
}

impl Identity {
    /// An endpoint that requires this `X-IDENTITY-HEADER`.
    #[must_use]
    pub fn new(identity_header: impl Into<String>) -> Self {
        Self {
            header: identity_header.into(),
            state: Mutex::new(State {
                resources: RESOURCES.map(str::to_owned).into(),
                ..State::default()
            }),
        }
    }

    /// Registers a resource with the tenant, like an app registration with its Application ID URI.
    pub fn know(&self, resource: &str) {
        self.state().resources.insert(bare(resource).to_owned());
    }

    /// Switches the tokens for this resource to version 2.0, as its app registration can.
    pub fn use_second_version(&self, resource: &str) {
        self.state().second_version.insert(bare(resource).to_owned());
    }

    /// Sets the lifetime of new tokens for this resource.
    pub fn set_lifetime(&self, resource: &str, lifetime: Duration) {
        self.state().lifetimes.insert(bare(resource).to_owned(), lifetime);
    }

    /// Removes the identity, or restores it: without it, every call is refused with this message.
    pub fn set_missing(&self, message: Option<&str>) {
        self.state().missing = message.map(str::to_owned);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StandIn for Identity {
    const SERVICE: Service = Service::Identity;

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.method() != Method::GET || request.uri().path() != "/msi/token" {
            return refusal(StatusCode::NOT_FOUND, "There is a token at GET /msi/token only");
        }
        let header = request.headers().get("x-identity-header").map(HeaderValue::as_bytes);
        if header != Some(self.header.as_bytes()) {
            return refusal(StatusCode::UNAUTHORIZED, "The X-IDENTITY-HEADER is missing or wrong");
        }
        let query: Vec<(String, String)> = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
        let parameter = |name: &str| {
            query
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.as_str())
        };
        if parameter("api-version") != Some(API_VERSION) {
            return refusal(StatusCode::BAD_REQUEST, "The api-version must be 2019-08-01");
        }
        let Some(resource) = parameter("resource").filter(|resource| !resource.is_empty()) else {
            return refusal(StatusCode::BAD_REQUEST, "The resource is missing");
        };
        let state = self.state();
        if let Some(message) = state.missing.as_deref() {
            return refusal(StatusCode::BAD_REQUEST, message);
        }
        if parameter("client_id").is_some_and(|id| !id.eq_ignore_ascii_case(CLIENT_ID)) {
            return refusal(
                StatusCode::BAD_REQUEST,
                "No User Assigned or Delegated Managed Identity found for specified ClientId",
            );
        }
        if !state.resources.contains(bare(resource)) {
            return refusal(StatusCode::BAD_REQUEST, &unknown_resource(resource));
        }
        let lifetime = state.lifetimes.get(bare(resource)).copied().unwrap_or(LIFETIME);
        let mut claims = Claims::new(resource, OBJECT_ID, lifetime);
        if state.second_version.contains(bare(resource)) {
            "2.0".clone_into(&mut claims.ver);
            claims.iss = format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0");
            RESOURCE_CLIENT_ID.clone_into(&mut claims.aud);
            claims.azp = Some(CLIENT_ID.to_owned());
        }
        let expires = epoch_seconds(now()) + i64::try_from(lifetime.as_secs()).unwrap_or_default();
        let token = json!({
            "access_token": claims.signed(),
            "expires_on": expires.to_string(),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": CLIENT_ID,
        });
        json::answer(StatusCode::OK, &token)
    }
}

/// Entra makes no difference between a resource with a slash at its end and one without.
fn bare(resource: &str) -> &str {
    resource.trim_end_matches('/')
}

/// Entra's words for a resource that nobody in the tenant has registered.
fn unknown_resource(resource: &str) -> String {
    format!(
        "AADSTS500011: The resource principal named {resource} was not found in the tenant named {TENANT_ID}. This can \
         happen if the application has not been installed by the administrator of the tenant or consented to by any user in \
         the tenant. You might have sent your authentication request to the wrong tenant."
    )
}

fn refusal(status: StatusCode, message: &str) -> Response<Bytes> {
    json::answer(
        status,
        &json!({ "statusCode": status.as_u16(), "message": message, "correlationId": uuid::Uuid::new_v4().to_string() }),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::token::check_token;

    fn ask(identity: &Identity, header: &str, query: &str) -> (u16, Value) {
        let request = Request::builder()
            .uri(format!("/msi/token?{query}"))
            .header("x-identity-header", header);
        let response = identity.answer(&request.body(Bytes::new()).unwrap());
        (
            response.status().as_u16(),
            serde_json::from_slice(response.body()).unwrap(),
        )
    }

    #[test]
    fn a_resource_that_nobody_registered_is_refused_in_entras_words() {
        let identity = Identity::new("secret");
        let query = "api-version=2019-08-01&resource=api://somewhere";
        let (status, error) = ask(&identity, "secret", query);
        assert_eq!((status, &error["statusCode"]), (400, &json!(400)));
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("AADSTS500011: The resource principal named api://somewhere "),
            "{message}"
        );
        identity.know("api://somewhere/");
        let (status, token) = ask(&identity, "secret", query);
        assert_eq!(status, 200);
        let claims = check_token(token["access_token"].as_str().unwrap(), &["api://somewhere"]).unwrap();
        assert_eq!(
            (claims.iss.as_str(), claims.sub.as_str()),
            (crate::token::ISSUER, OBJECT_ID)
        );
        identity.use_second_version("api://somewhere");
        let (_, token) = ask(&identity, "secret", query);
        let claims = check_token(token["access_token"].as_str().unwrap(), &[RESOURCE_CLIENT_ID]).unwrap();
        assert!(
            claims.iss.ends_with("/v2.0") && claims.azp.as_deref() == Some(CLIENT_ID),
            "{claims:?}"
        );
    }

    #[test]
    fn whoever_knows_the_header_gets_a_token_for_what_it_asks() {
        let identity = Identity::new("secret");
        let query = "api-version=2019-08-01&resource=https://vault.azure.net";
        let (status, token) = ask(&identity, "secret", query);
        assert_eq!(status, 200);
        assert!(check_token(token["access_token"].as_str().unwrap(), &["https://vault.azure.net"]).is_ok());
        assert_eq!(ask(&identity, "guess", query).0, 401);
        assert_eq!(ask(&identity, "secret", "api-version=2019-08-01").0, 400);
        assert_eq!(ask(&identity, "secret", "resource=https://vault.azure.net").0, 400);
        assert_eq!(
            ask(&identity, "secret", &format!("{query}&client_id=somebody-else")).0,
            400
        );
        identity.set_missing(Some("there is none"));
        assert_eq!(ask(&identity, "secret", query).0, 400);
    }
}
