//! Azure Key Vault: the data plane of secrets, behind its challenge.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::clock::{epoch_seconds, now};
use crate::token::{TENANT_ID, check_token};

/// What tokens for a vault are for.
const AUDIENCE: &str = "https://vault.azure.net";
/// Secrets on a page of a list (Key Vault's own maximum).
const PAGE_SIZE: usize = 25;

/// How the vault is to be.
#[derive(Debug, Clone)]
pub struct KeyVaultOptions {
    /// Where it can be reached; the ids of its secrets start with it.
    pub base_url: String,
}

/// A vault.
#[derive(Debug)]
pub struct KeyVault {
    base_url: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The versions of each secret, the newest last.
    secrets: BTreeMap<String, Vec<Version>>,
    forbidden: bool,
}

#[derive(Debug, Clone)]
struct Version {
    id: String,
    value: String,
    enabled: bool,
    created: i64,
}

impl KeyVault {
    /// A vault without secrets.
    #[must_use]
    pub fn new(options: KeyVaultOptions) -> Self {
        Self {
            base_url: options.base_url,
            state: Mutex::default(),
        }
    }

    /// Gives a secret a new version; tells which.
    pub fn set_secret(&self, name: &str, value: &str) -> String {
        let version = Version {
            id: uuid::Uuid::new_v4().simple().to_string(),
            value: value.to_owned(),
            enabled: true,
            created: epoch_seconds(now()),
        };
        let id = version.id.clone();
        self.state()
            .secrets
            .entry(name.to_ascii_lowercase())
            .or_default()
            .push(version);
        id
    }

    /// Enables or disables all versions of a secret.
    pub fn set_enabled(&self, name: &str, enabled: bool) {
        for version in self
            .state()
            .secrets
            .get_mut(&name.to_ascii_lowercase())
            .into_iter()
            .flatten()
        {
            version.enabled = enabled;
        }
    }

    /// Takes a secret away.
    pub fn remove_secret(&self, name: &str) {
        self.state().secrets.remove(&name.to_ascii_lowercase());
    }

    /// Whether the identity may read secrets.
    pub fn set_forbidden(&self, forbidden: bool) {
        self.state().forbidden = forbidden;
    }

    /// Answers a request.
    #[expect(
        clippy::unused_async,
        reason = "all stand-ins are called alike, and others have something to wait for"
    )]
    pub async fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if let Err(challenge) = authenticate(request) {
            return challenge;
        }
        let has_version = request.uri().query().is_some_and(|query| {
            url::form_urlencoded::parse(query.as_bytes())
                .any(|(name, value)| name == "api-version" && !value.is_empty())
        });
        if !has_version {
            let message = "The api-version query parameter is missing";
            return refusal(StatusCode::BAD_REQUEST, "BadParameter", message, None);
        }
        if self.state().forbidden {
            let message = "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny \
                           assignments or role definitions were changed recently, please observe propagation time.";
            return refusal(StatusCode::FORBIDDEN, "Forbidden", message, Some("ForbiddenByRbac"));
        }
        let segments: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
        match (request.method(), segments.as_slice()) {
            (&Method::GET, ["secrets"]) => self.list(),
            (&Method::GET, ["secrets", name]) => self.get(name, None),
            (&Method::GET, ["secrets", name, version]) => self.get(name, Some(version)),
            (&Method::PUT, ["secrets", name]) => self.put(name, request.body()),
            (&Method::DELETE, ["secrets", name]) => self.delete(name),
            _ => refusal(
                StatusCode::NOT_FOUND,
                "NotFound",
                "The sandbox's vault has secrets only",
                None,
            ),
        }
    }

    fn get(&self, name: &str, wanted: Option<&str>) -> Response<Bytes> {
        let state = self.state();
        let versions = state.secrets.get(&name.to_ascii_lowercase());
        let version = versions.and_then(|versions| match wanted {
            Some(id) => versions.iter().find(|version| version.id.eq_ignore_ascii_case(id)),
            None => versions.last(),
        });
        match version {
            None => not_found(name),
            Some(version) if !version.enabled => {
                let message = "Operation get is not allowed on a disabled secret.";
                refusal(StatusCode::FORBIDDEN, "Forbidden", message, Some("SecretDisabled"))
            }
            Some(version) => answer(StatusCode::OK, &self.bundle(name, version)),
        }
    }

    fn list(&self) -> Response<Bytes> {
        let state = self.state();
        let item = |(name, versions): (&String, &Vec<Version>)| {
            let version = versions.last()?;
            Some(json!({ "id": format!("{}/secrets/{name}", self.base_url), "attributes": attributes(version) }))
        };
        let items: Vec<Value> = state.secrets.iter().filter_map(item).take(PAGE_SIZE).collect();
        answer(StatusCode::OK, &json!({ "value": items, "nextLink": null }))
    }

    fn put(&self, name: &str, body: &Bytes) -> Response<Bytes> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(value) = body["value"].as_str() else {
            return refusal(
                StatusCode::BAD_REQUEST,
                "BadParameter",
                "The parameter value is required",
                None,
            );
        };
        self.set_secret(name, value);
        self.get(name, None)
    }

    fn delete(&self, name: &str) -> Response<Bytes> {
        match self.state().secrets.remove(&name.to_ascii_lowercase()) {
            Some(_) => answer(
                StatusCode::OK,
                &json!({ "id": format!("{}/secrets/{name}", self.base_url) }),
            ),
            None => not_found(name),
        }
    }

    fn bundle(&self, name: &str, version: &Version) -> Value {
        json!({
            "value": version.value,
            "id": format!("{}/secrets/{name}/{}", self.base_url, version.id),
            "attributes": attributes(version),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call without a token is told where to get one.
#[expect(clippy::result_large_err, reason = "the refusal is the answer that goes out")]
fn authenticate(request: &Request<Bytes>) -> Result<(), Response<Bytes>> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer "));
    let why = match token {
        None => "AKV10000: Request is missing a Bearer or PoP token.".to_owned(),
        Some(token) => match check_token(token, &[AUDIENCE]) {
            Ok(_) => return Ok(()),
            Err(why) => format!("AKV10022: {why}"),
        },
    };
    let mut response = refusal(StatusCode::UNAUTHORIZED, "Unauthorized", &why, None);
    let challenge =
        format!("Bearer authorization=\"https://login.microsoftonline.com/{TENANT_ID}\", resource=\"{AUDIENCE}\"");
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    Err(response)
}

fn attributes(version: &Version) -> Value {
    json!({
        "enabled": version.enabled,
        "created": version.created,
        "updated": version.created,
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": 90,
    })
}

fn not_found(name: &str) -> Response<Bytes> {
    let message = format!(
        "A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you may be \
         able to recover it using the correct recovery command."
    );
    refusal(StatusCode::NOT_FOUND, "SecretNotFound", &message, None)
}

fn refusal(status: StatusCode, code: &str, message: &str, inner: Option<&str>) -> Response<Bytes> {
    let mut error = json!({ "code": code, "message": message });
    if let Some(inner) = inner {
        error["innererror"] = json!({ "code": inner });
    }
    answer(status, &json!({ "error": error }))
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
    use std::time::Duration;

    use super::*;
    use crate::token::issue_token;

    fn request(path: &str, audience: Option<&str>) -> Request<Bytes> {
        let mut request = Request::builder().uri(format!("{path}?api-version=7.6"));
        if let Some(audience) = audience {
            let token = issue_token(audience, "someone", Duration::from_mins(1));
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        request.body(Bytes::new()).unwrap()
    }

    async fn ask(vault: &KeyVault, path: &str, audience: Option<&str>) -> (u16, Value, bool) {
        let response = vault.answer(&request(path, audience)).await;
        let challenged = response.headers().contains_key(WWW_AUTHENTICATE);
        (
            response.status().as_u16(),
            serde_json::from_slice(response.body()).unwrap(),
            challenged,
        )
    }

    #[tokio::test]
    async fn only_a_token_for_vaults_opens_it() {
        let vault = KeyVault::new(KeyVaultOptions {
            base_url: "https://vault".to_owned(),
        });
        let old = vault.set_secret("Key", "old");
        vault.set_secret("key", "new");
        assert_eq!(ask(&vault, "/secrets/key", None).await.0, 401);
        let (status, _, challenged) = ask(&vault, "/secrets/key", Some("https://management.azure.com")).await;
        assert_eq!((status, challenged), (401, true));
        let (status, secret, _) = ask(&vault, "/secrets/key", Some(AUDIENCE)).await;
        assert_eq!((status, &secret["value"]), (200, &json!("new")));
        let (_, secret, _) = ask(&vault, &format!("/secrets/key/{old}"), Some(AUDIENCE)).await;
        assert_eq!(secret["value"], "old");
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_told_apart() {
        let vault = KeyVault::new(KeyVaultOptions {
            base_url: "https://vault".to_owned(),
        });
        let (status, error, _) = ask(&vault, "/secrets/key", Some(AUDIENCE)).await;
        assert_eq!((status, &error["error"]["code"]), (404, &json!("SecretNotFound")));
        vault.set_secret("key", "value");
        vault.set_enabled("key", false);
        let (status, error, _) = ask(&vault, "/secrets/key", Some(AUDIENCE)).await;
        assert_eq!(
            (status, &error["error"]["innererror"]["code"]),
            (403, &json!("SecretDisabled"))
        );
        vault.set_forbidden(true);
        let (status, error, _) = ask(&vault, "/secrets/key", Some(AUDIENCE)).await;
        assert_eq!(
            (status, &error["error"]["innererror"]["code"]),
            (403, &json!("ForbiddenByRbac"))
        );
    }
}
