//! The managed-identity endpoint of App Service and Functions (protocol version 2019-08-01).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::clock::{epoch_seconds, now};
use crate::token::{CLIENT_ID, issue_token};

/// The version of the protocol.
const API_VERSION: &str = "2019-08-01";
/// The object id of the identity.
const OBJECT_ID: &str = "33333333-3333-4333-8333-333333333333";
/// How long tokens are good for: as long as those of real managed identities.
const LIFETIME: Duration = Duration::from_hours(24);

/// The endpoint.
#[derive(Debug)]
pub struct Identity {
    header: String,
    /// Why there is no identity to give tokens for.
    missing: Mutex<Option<String>>,
}

impl Identity {
    /// An endpoint whose callers have to send this as `X-IDENTITY-HEADER`.
    #[must_use]
    pub fn new(identity_header: impl Into<String>) -> Self {
        Self {
            header: identity_header.into(),
            missing: Mutex::default(),
        }
    }

    /// Takes the identity away, or gives it back: without it, every call is refused with this message.
    pub fn set_missing(&self, message: Option<&str>) {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = message.map(str::to_owned);
    }

    /// Answers a request.
    #[expect(
        clippy::unused_async,
        reason = "all stand-ins are called alike, and others have something to wait for"
    )]
    pub async fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
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
        if let Some(message) = self.missing.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
            return refusal(StatusCode::BAD_REQUEST, message);
        }
        if parameter("client_id").is_some_and(|id| !id.eq_ignore_ascii_case(CLIENT_ID)) {
            return refusal(
                StatusCode::BAD_REQUEST,
                "No User Assigned or Delegated Managed Identity found for specified ClientId",
            );
        }
        let expires = epoch_seconds(now()) + i64::try_from(LIFETIME.as_secs()).unwrap_or_default();
        let token = json!({
            "access_token": issue_token(resource, OBJECT_ID, LIFETIME),
            "expires_on": expires.to_string(),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": CLIENT_ID,
        });
        answer(StatusCode::OK, &token)
    }
}

fn refusal(status: StatusCode, message: &str) -> Response<Bytes> {
    answer(
        status,
        &json!({ "statusCode": status.as_u16(), "message": message, "correlationId": uuid::Uuid::new_v4().to_string() }),
    )
}

fn answer(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::check_token;

    async fn ask(identity: &Identity, header: &str, query: &str) -> (u16, Value) {
        let request = Request::builder()
            .uri(format!("/msi/token?{query}"))
            .header("x-identity-header", header);
        let response = identity.answer(&request.body(Bytes::new()).unwrap()).await;
        (
            response.status().as_u16(),
            serde_json::from_slice(response.body()).unwrap(),
        )
    }

    #[tokio::test]
    async fn whoever_knows_the_header_gets_a_token_for_what_it_asks() {
        let identity = Identity::new("secret");
        let query = "api-version=2019-08-01&resource=https://vault.azure.net";
        let (status, token) = ask(&identity, "secret", query).await;
        assert_eq!(status, 200);
        assert!(check_token(token["access_token"].as_str().unwrap(), &["https://vault.azure.net"]).is_ok());
        assert_eq!(ask(&identity, "guess", query).await.0, 401);
        assert_eq!(ask(&identity, "secret", "api-version=2019-08-01").await.0, 400);
        assert_eq!(
            ask(&identity, "secret", "resource=https://vault.azure.net").await.0,
            400
        );
        assert_eq!(
            ask(&identity, "secret", &format!("{query}&client_id=somebody-else"))
                .await
                .0,
            400
        );
        identity.set_missing(Some("there is none"));
        assert_eq!(ask(&identity, "secret", query).await.0, 400);
    }
}
