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
    updated: i64,
    /// From when on, and until when, it is meant to be used: told to readers, and no obstacle to them.
    not_before: Option<i64>,
    expires: Option<i64>,
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
        let now = epoch_seconds(now());
        let version = Version {
            id: uuid::Uuid::new_v4().simple().to_string(),
            value: value.to_owned(),
            enabled: true,
            created: now,
            updated: now,
            not_before: None,
            expires: None,
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

    /// Enables or disables one version of a secret.
    pub fn set_version_enabled(&self, name: &str, version: &str, enabled: bool) {
        self.edit(name, Some(version), |version| version.enabled = enabled);
    }

    /// Says until when the newest version of a secret is meant to be used, in seconds since 1970.
    pub fn set_expires(&self, name: &str, expires: Option<i64>) {
        self.edit(name, None, |version| version.expires = expires);
    }

    /// Changes a version, the newest if none is named; tells whether it is there.
    fn edit(&self, name: &str, wanted: Option<&str>, change: impl FnOnce(&mut Version)) -> bool {
        let mut state = self.state();
        let versions = state.secrets.get_mut(&name.to_ascii_lowercase());
        let found = versions.and_then(|versions| match wanted {
            Some(id) => versions.iter_mut().find(|version| version.id.eq_ignore_ascii_case(id)),
            None => versions.last_mut(),
        });
        let Some(version) = found else {
            return false;
        };
        change(version);
        version.updated = epoch_seconds(now());
        true
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
            (&Method::GET, ["secrets", name, "versions"]) => self.versions(name),
            (&Method::GET, ["secrets", name, version]) => self.get(name, Some(version)),
            (&Method::PUT, ["secrets", name]) => self.put(name, request.body()),
            (&Method::PATCH, ["secrets", name]) => self.patch(name, None, request.body()),
            (&Method::PATCH, ["secrets", name, version]) => self.patch(name, Some(version), request.body()),
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
        match versions.and_then(|versions| version(versions, wanted)) {
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
        let version = self.set_secret(name, value);
        self.edit(name, Some(&version), |version| version.take(&body["attributes"]));
        self.shown(name, Some(&version), true)
    }

    fn patch(&self, name: &str, version: Option<&str>, body: &Bytes) -> Response<Bytes> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        self.edit(name, version, |version| version.take(&body["attributes"]));
        self.shown(name, version, false)
    }

    /// A version, whether it is enabled or not, as the answer to its change.
    fn shown(&self, name: &str, wanted: Option<&str>, with_value: bool) -> Response<Bytes> {
        let state = self.state();
        let versions = state.secrets.get(&name.to_ascii_lowercase());
        let Some(version) = versions.and_then(|versions| version(versions, wanted)) else {
            return not_found(name);
        };
        let mut bundle = self.bundle(name, version);
        if !with_value && let Some(members) = bundle.as_object_mut() {
            members.shift_remove("value");
        }
        answer(StatusCode::OK, &bundle)
    }

    fn versions(&self, name: &str) -> Response<Bytes> {
        let state = self.state();
        let Some(versions) = state.secrets.get(&name.to_ascii_lowercase()) else {
            return not_found(name);
        };
        let item = |version: &Version| {
            let id = format!("{}/secrets/{name}/{}", self.base_url, version.id);
            json!({ "id": id, "attributes": attributes(version) })
        };
        let items: Vec<Value> = versions.iter().map(item).take(PAGE_SIZE).collect();
        answer(StatusCode::OK, &json!({ "value": items, "nextLink": null }))
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

/// The version of this id, the newest if none is asked for: Key Vault gives no older one for one that is disabled.
fn version<'a>(versions: &'a [Version], wanted: Option<&str>) -> Option<&'a Version> {
    match wanted {
        Some(id) => versions.iter().find(|version| version.id.eq_ignore_ascii_case(id)),
        None => versions.last(),
    }
}

impl Version {
    /// Takes over what a caller says of it.
    fn take(&mut self, attributes: &Value) {
        if let Some(enabled) = attributes["enabled"].as_bool() {
            self.enabled = enabled;
        }
        self.not_before = attributes["nbf"].as_i64().or(self.not_before);
        self.expires = attributes["exp"].as_i64().or(self.expires);
    }
}

fn attributes(version: &Version) -> Value {
    let mut attributes = json!({
        "enabled": version.enabled,
        "created": version.created,
        "updated": version.updated,
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": 90,
    });
    for (name, time) in [("nbf", version.not_before), ("exp", version.expires)] {
        if let Some(time) = time {
            attributes[name] = json!(time);
        }
    }
    attributes
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

    async fn send(vault: &KeyVault, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let mut asked = request(path, Some(AUDIENCE)).map(|_| Bytes::from(body.to_string()));
        *asked.method_mut() = method;
        let response = vault.answer(&asked).await;
        let body = serde_json::from_slice(response.body()).unwrap();
        (response.status().as_u16(), body)
    }

    #[tokio::test]
    async fn each_version_is_enabled_and_ends_by_itself() {
        let vault = KeyVault::new(KeyVaultOptions {
            base_url: "https://vault".to_owned(),
        });
        let old = vault.set_secret("key", "old");
        let past = json!({ "value": "new", "attributes": { "exp": 1, "nbf": 0 } });
        assert_eq!(send(&vault, Method::PUT, "/secrets/key", &past).await.0, 200);
        let (status, secret, _) = ask(&vault, "/secrets/key", Some(AUDIENCE)).await;
        assert_eq!(
            (status, &secret["value"]),
            (200, &json!("new")),
            "an expired secret is given out"
        );
        assert_eq!(
            (&secret["attributes"]["exp"], &secret["attributes"]["nbf"]),
            (&json!(1), &json!(0))
        );
        let off = json!({ "attributes": { "enabled": false } });
        let (status, shown) = send(&vault, Method::PATCH, "/secrets/key", &off).await;
        assert_eq!((status, &shown["value"]), (200, &Value::Null));
        assert_eq!(
            ask(&vault, "/secrets/key", Some(AUDIENCE)).await.0,
            403,
            "no older version takes its place"
        );
        let (_, secret, _) = ask(&vault, &format!("/secrets/key/{old}"), Some(AUDIENCE)).await;
        assert_eq!(secret["value"], "old");
        let (_, versions, _) = ask(&vault, "/secrets/key/versions", Some(AUDIENCE)).await;
        let enabled: Vec<&Value> = versions["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["attributes"]["enabled"])
            .collect();
        assert_eq!(enabled, [true, false]);
        vault.set_version_enabled("key", &old, false);
        assert_eq!(ask(&vault, &format!("/secrets/key/{old}"), Some(AUDIENCE)).await.0, 403);
        assert_eq!(send(&vault, Method::PATCH, "/secrets/none", &off).await.0, 404);
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
