//! Azure Key Vault: the data plane of secrets, behind its challenge.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::clock::{epoch_seconds, now};
use crate::json;
use crate::record::Service;
use crate::serve::StandIn;
use crate::token::{TENANT_ID, check_token};

/// The audience of tokens for a vault.
const AUDIENCE: &str = "https://vault.azure.net";
/// Secrets on a page of a list (Key Vault's own maximum).
const PAGE_SIZE: usize = 25;

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
    /// Its validity: shown to readers, but not enforced.
    not_before: Option<i64>,
    expires: Option<i64>,
}

impl KeyVault {
    /// A vault without secrets; its URL is the prefix of their ids.
    #[must_use]
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            state: Mutex::default(),
        }
    }

    /// Adds a version to a secret; returns its id.
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
        let mut state = self.state();
        let versions = state.secrets.get_mut(&name.to_ascii_lowercase());
        for version in versions.into_iter().flatten() {
            version.enabled = enabled;
        }
    }

    /// Enables or disables one version of a secret.
    pub fn set_version_enabled(&self, name: &str, version: &str, enabled: bool) {
        self.edit(name, Some(version), |version| version.enabled = enabled);
    }

    /// Sets the expiry of the newest version of a secret, in seconds since 1970.
    pub fn set_expires(&self, name: &str, expires: Option<i64>) {
        self.edit(name, None, |version| version.expires = expires);
    }

    /// Changes a version, the newest if none is named; returns whether it is there.
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

    /// Removes a secret.
    pub fn remove_secret(&self, name: &str) {
        self.state().secrets.remove(&name.to_ascii_lowercase());
    }

    /// Whether the identity may read secrets.
    pub fn set_forbidden(&self, forbidden: bool) {
        self.state().forbidden = forbidden;
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
            Some(version) => json::answer(StatusCode::OK, &self.bundle(name, version)),
        }
    }

    fn list(&self) -> Response<Bytes> {
        let state = self.state();
        let item = |(name, versions): (&String, &Vec<Version>)| {
            let version = versions.last()?;
            Some(json!({ "id": format!("{}/secrets/{name}", self.base_url), "attributes": attributes(version) }))
        };
        let items: Vec<Value> = state.secrets.iter().filter_map(item).take(PAGE_SIZE).collect();
        json::answer(StatusCode::OK, &json!({ "value": items, "nextLink": null }))
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
        json::answer(StatusCode::OK, &bundle)
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
        json::answer(StatusCode::OK, &json!({ "value": items, "nextLink": null }))
    }

    fn delete(&self, name: &str) -> Response<Bytes> {
        match self.state().secrets.remove(&name.to_ascii_lowercase()) {
            Some(_) => json::answer(
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

impl StandIn for KeyVault {
    const SERVICE: Service = Service::KeyVault;

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
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
}

/// Answers a call without a token with a challenge.
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
    /// Applies a caller's attributes.
    fn take(&mut self, attributes: &Value) {
        if let Some(enabled) = attributes["enabled"].as_bool() {
            self.enabled = enabled;
        }
        self.not_before = attributes["nbf"].as_i64().or(self.not_before);
        self.expires = attributes["exp"].as_i64().or(self.expires);
    }
}

fn attributes(version: &Version) -> Value {
    json::present(json!({
        "enabled": version.enabled,
        "created": version.created,
        "updated": version.updated,
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": 90,
        "nbf": version.not_before,
        "exp": version.expires,
    }))
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
    json::answer(status, &json!({ "error": error }))
}
