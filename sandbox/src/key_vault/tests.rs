//! Tests of the vault.

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

fn ask(vault: &KeyVault, path: &str, audience: Option<&str>) -> (u16, Value, bool) {
    let response = vault.answer(&request(path, audience));
    let challenged = response.headers().contains_key(WWW_AUTHENTICATE);
    (
        response.status().as_u16(),
        serde_json::from_slice(response.body()).unwrap(),
        challenged,
    )
}

#[test]
fn only_a_token_for_vaults_opens_it() {
    let vault = KeyVault::new("https://vault");
    let old = vault.set_secret("Key", "old");
    vault.set_secret("key", "new");
    assert_eq!(ask(&vault, "/secrets/key", None).0, 401);
    let (status, _, challenged) = ask(&vault, "/secrets/key", Some("https://management.azure.com"));
    assert_eq!((status, challenged), (401, true));
    let (status, secret, _) = ask(&vault, "/secrets/key", Some(AUDIENCE));
    assert_eq!((status, &secret["value"]), (200, &json!("new")));
    let (_, secret, _) = ask(&vault, &format!("/secrets/key/{old}"), Some(AUDIENCE));
    assert_eq!(secret["value"], "old");
}

fn send(vault: &KeyVault, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let mut asked = request(path, Some(AUDIENCE)).map(|_| Bytes::from(body.to_string()));
    *asked.method_mut() = method;
    let response = vault.answer(&asked);
    let body = serde_json::from_slice(response.body()).unwrap();
    (response.status().as_u16(), body)
}

#[test]
fn each_version_is_enabled_and_ends_by_itself() {
    let vault = KeyVault::new("https://vault");
    let old = vault.set_secret("key", "old");
    let past = json!({ "value": "new", "attributes": { "exp": 1, "nbf": 0 } });
    assert_eq!(send(&vault, Method::PUT, "/secrets/key", &past).0, 200);
    let (status, secret, _) = ask(&vault, "/secrets/key", Some(AUDIENCE));
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
    let (status, shown) = send(&vault, Method::PATCH, "/secrets/key", &off);
    assert_eq!((status, &shown["value"]), (200, &Value::Null));
    assert_eq!(
        ask(&vault, "/secrets/key", Some(AUDIENCE)).0,
        403,
        "no older version takes its place"
    );
    let (_, secret, _) = ask(&vault, &format!("/secrets/key/{old}"), Some(AUDIENCE));
    assert_eq!(secret["value"], "old");
    let (_, versions, _) = ask(&vault, "/secrets/key/versions", Some(AUDIENCE));
    let enabled: Vec<&Value> = versions["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["attributes"]["enabled"])
        .collect();
    assert_eq!(enabled, [true, false]);
    vault.set_version_enabled("key", &old, false);
    assert_eq!(ask(&vault, &format!("/secrets/key/{old}"), Some(AUDIENCE)).0, 403);
    assert_eq!(send(&vault, Method::PATCH, "/secrets/none", &off).0, 404);
}

#[test]
fn what_cannot_be_read_is_told_apart() {
    let vault = KeyVault::new("https://vault");
    let (status, error, _) = ask(&vault, "/secrets/key", Some(AUDIENCE));
    assert_eq!((status, &error["error"]["code"]), (404, &json!("SecretNotFound")));
    vault.set_secret("key", "value");
    vault.set_enabled("key", false);
    let (status, error, _) = ask(&vault, "/secrets/key", Some(AUDIENCE));
    assert_eq!(
        (status, &error["error"]["innererror"]["code"]),
        (403, &json!("SecretDisabled"))
    );
    vault.set_forbidden(true);
    let (status, error, _) = ask(&vault, "/secrets/key", Some(AUDIENCE));
    assert_eq!(
        (status, &error["error"]["innererror"]["code"]),
        (403, &json!("ForbiddenByRbac"))
    );
}
