//! The client over a transport that answers like a vault.

use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use azure_core::credentials::{AccessToken, TokenRequestOptions};
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{AsyncRawResponse, HttpClient, Request, StatusCode};
use azure_core::time::OffsetDateTime;
use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::model::{ErrorCode, VaultHosts};

type Answer<'a, T> = Pin<Box<dyn Future<Output = azure_core::Result<T>> + Send + 'a>>;

/// A vault that demands a token for `resource` and then answers `status` and `body`.
#[derive(Debug)]
struct FakeVault {
    resource: &'static str,
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    requests: Mutex<Vec<(String, Option<String>)>>,
}

impl HttpClient for FakeVault {
    fn execute_request<'s, 'r, 'a>(&'s self, request: &'r Request) -> Answer<'a, AsyncRawResponse>
    where
        's: 'a,
        'r: 'a,
        Self: 'a,
    {
        let token = request
            .headers()
            .get_optional_string(&HeaderName::from_static("authorization"));
        let mut requests = self.requests.lock().unwrap();
        requests.push((request.url().to_string(), token.clone()));
        let mut headers = Headers::new();
        if token.is_none() {
            let challenge = format!(
                r#"Bearer authorization="https://login/t", resource="{}""#,
                self.resource
            );
            headers.insert("www-authenticate", challenge);
            let response = AsyncRawResponse::from_bytes(StatusCode::Unauthorized, headers, Vec::new());
            return Box::pin(async move { Ok(response) });
        }
        for (name, value) in &self.headers {
            headers.insert(*name, *value);
        }
        let response = AsyncRawResponse::from_bytes(StatusCode::from(self.status), headers, self.body.clone());
        Box::pin(async move { Ok(response) })
    }
}

#[derive(Debug, Default)]
struct FakeCredential {
    tokens: AtomicUsize,
    broken: bool,
}

impl TokenCredential for FakeCredential {
    fn get_token<'s, 'l1, 'l2, 'l3, 'a>(
        &'s self,
        _scopes: &'l1 [&'l2 str],
        _options: Option<TokenRequestOptions<'l3>>,
    ) -> Answer<'a, AccessToken>
    where
        's: 'a,
        'l1: 'a,
        'l2: 'a,
        'l3: 'a,
        Self: 'a,
    {
        self.tokens.fetch_add(1, Ordering::Relaxed);
        let result = if self.broken {
            let words = "The requested identity has not been assigned to this resource";
            Err(azure_core::Error::with_message(
                azure_core::error::ErrorKind::Credential,
                words,
            ))
        } else {
            let expires = OffsetDateTime::from_unix_timestamp(32_503_680_000).unwrap();
            Ok(AccessToken::new("token", expires))
        };
        Box::pin(async move { result })
    }
}

fn fake(status: u16, body: &str) -> FakeVault {
    FakeVault {
        resource: "https://vault.azure.net",
        status,
        headers: Vec::new(),
        body: body.to_owned(),
        requests: Mutex::default(),
    }
}

fn vault(server: &Arc<FakeVault>, credential: FakeCredential) -> Vault {
    let server: Arc<dyn HttpClient> = Arc::<FakeVault>::clone(server);
    Vault::over(server, Arc::new(credential))
}

fn identifier(path: &str) -> SecretIdentifier {
    SecretIdentifier::parse(
        &format!("https://kv.vault.azure.net/secrets/{path}"),
        &VaultHosts::PublicClouds,
    )
    .unwrap()
}

fn budget() -> Budget {
    Budget::new(Duration::from_secs(20), CancellationToken::new())
}

async fn read(server: FakeVault) -> Result<SecretString, SecretError> {
    let server = Arc::new(server);
    vault(&server, FakeCredential::default())
        .read(&identifier("key"), &budget())
        .await
}

#[tokio::test]
async fn a_secret_is_read_with_and_without_a_version_and_trimmed() {
    let body = r#"{"value":" \thunter2\r\n","attributes":{"enabled":true,"exp":1000000000}}"#;
    let server = Arc::new(fake(200, body));
    let vault = vault(&server, FakeCredential::default());
    for path in ["key", "key/0123"] {
        let secret = vault.read(&identifier(path), &budget()).await.unwrap();
        assert_eq!(secret.expose_secret(), "hunter2");
        assert_eq!(format!("{secret:?}"), "SecretBox<str>([REDACTED])");
    }
    let requests = server.requests.lock().unwrap();
    let targets: Vec<_> = requests
        .iter()
        .map(|(url, token)| (url.split('?').next().unwrap(), token.is_some()))
        .collect();
    let current = "https://kv.vault.azure.net/secrets/key/";
    let pinned = "https://kv.vault.azure.net/secrets/key/0123";
    assert_eq!(targets, [(current, false), (current, true), (pinned, true)]);
}

#[tokio::test]
async fn each_failure_has_its_code_and_names_the_secret() {
    let disabled = r#"{"error":{"code":"Forbidden","message":"Operation get is not allowed on a disabled secret.",
        "innererror":{"code":"SecretDisabled"}}}"#;
    let forbidden = r#"{"error":{"code":"Forbidden","message":"Caller is not authorized","innererror":{"code":"ForbiddenByRbac"}}}"#;
    for (status, body, code, words) in [
        (
            404,
            r#"{"error":{"code":"SecretNotFound","message":"was not found in this key vault"}}"#,
            ErrorCode::SecretNotFound,
            "was not found in this key vault",
        ),
        (403, disabled, ErrorCode::SecretDisabled, "is disabled"),
        (
            200,
            r#"{"value":"v","attributes":{"enabled":false}}"#,
            ErrorCode::SecretDisabled,
            "is disabled",
        ),
        (
            403,
            forbidden,
            ErrorCode::SecretForbidden,
            "Caller is not authorized (grant this app's identity",
        ),
        (403, "<html>", ErrorCode::SecretForbidden, "Key Vault Secrets User"),
        (200, r#"{"value":" \n"}"#, ErrorCode::SecretNotFound, "is empty"),
        (200, "{}", ErrorCode::SecretNotFound, "is empty"),
        (
            200,
            r#"{"value":"Access key ID,Secret access key\r\nAKIA,hunter2\r\n"}"#,
            ErrorCode::AwsAuthenticationFailed,
            "/secrets/key has 2 lines: it must hold one half of the access key and nothing else",
        ),
        (
            200,
            r#"{"value":"\"hunter2\""}"#,
            ErrorCode::AwsAuthenticationFailed,
            "has quotation marks",
        ),
        (200, "hunter2", ErrorCode::ServiceUnavailable, "not a secret"),
        (400, "", ErrorCode::ServiceUnavailable, "HTTP 400"),
        (302, "", ErrorCode::ServiceUnavailable, "HTTP 302"),
    ] {
        let problem = read(fake(status, body)).await.unwrap_err().problem();
        assert_eq!(problem.code, code, "{}", problem.message);
        assert!(
            problem.message.contains("https://kv.vault.azure.net/secrets/key"),
            "{}",
            problem.message
        );
        assert!(problem.message.contains(words), "{}", problem.message);
        assert!(!problem.message.contains("hunter2"));
    }
}

#[tokio::test]
async fn a_throttled_read_is_tried_again_within_reason() {
    for (headers, tries) in [(vec![("retry-after", "0")], 3), (vec![("retry-after", "60")], 1)] {
        let server = Arc::new(FakeVault {
            headers,
            ..fake(429, "")
        });
        let vault = vault(&server, FakeCredential::default());
        let error = vault.read(&identifier("key"), &budget()).await.unwrap_err();
        assert_eq!(error.problem().code, ErrorCode::TooManyRequests);
        let requests = server.requests.lock().unwrap();
        assert_eq!(requests.iter().filter(|(_, token)| token.is_some()).count(), tries);
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_had_is_said() {
    let server = Arc::new(fake(200, "{}"));
    let credential = FakeCredential {
        broken: true,
        ..FakeCredential::default()
    };
    let error = vault(&server, credential)
        .read(&identifier("key"), &budget())
        .await
        .unwrap_err();
    assert!(matches!(error, SecretError::NoToken { .. }), "{error:?}");
    assert!(
        error.to_string().contains("has not been assigned to this resource"),
        "{error}"
    );
}

#[tokio::test]
async fn no_token_is_given_to_a_public_vault_that_wants_one_for_something_else() {
    let server = Arc::new(FakeVault {
        resource: "https://management.azure.com",
        ..fake(200, r#"{"value":"v"}"#)
    });
    let error = vault(&server, FakeCredential::default())
        .read(&identifier("key"), &budget())
        .await
        .unwrap_err();
    assert!(matches!(error, SecretError::Unavailable { .. }), "{error:?}");
    assert!(server.requests.lock().unwrap().iter().all(|(_, token)| token.is_none()));
}

#[tokio::test]
async fn a_listed_vault_outside_the_public_clouds_may_be_an_address() {
    let server = Arc::new(fake(200, r#"{"value":"v"}"#));
    let hosts = VaultHosts::Listed(vec!["127.0.0.1:8443".to_owned()]);
    let identifier = SecretIdentifier::parse("https://127.0.0.1:8443/secrets/key", &hosts).unwrap();
    let secret = vault(&server, FakeCredential::default())
        .read(&identifier, &budget())
        .await;
    assert_eq!(secret.unwrap().expose_secret(), "v");
}

#[tokio::test]
async fn no_vault_gets_a_token_for_anything_but_vaults() {
    let hosts = VaultHosts::Listed(vec!["127.0.0.1:8443".to_owned(), "kv.vault.cloud.example".to_owned()]);
    for (host, resource, given) in [
        ("127.0.0.1:8443", "https://vault.azure.net", true),
        ("127.0.0.1:8443", "https://vault.azure.net/", true),
        ("127.0.0.1:8443", "https://management.azure.com", false),
        ("127.0.0.1:8443", "https://vault.azure.net/../", false),
        ("127.0.0.1:8443", "https://vault.azure.net@management.azure.com", false),
        (
            "127.0.0.1:8443",
            "https://management.azure.com?https://vault.azure.net",
            false,
        ),
        ("127.0.0.1:8443", "", false),
        ("kv.vault.cloud.example", "https://vault.cloud.example", true),
        ("kv.vault.cloud.example", "https://cloud.example", false),
        ("kv.vault.cloud.example", "https://graph.microsoft.com", false),
    ] {
        let server = Arc::new(FakeVault {
            resource,
            ..fake(200, r#"{"value":"v"}"#)
        });
        let identifier = SecretIdentifier::parse(&format!("https://{host}/secrets/key"), &hosts).unwrap();
        let secret = vault(&server, FakeCredential::default())
            .read(&identifier, &budget())
            .await;
        assert_eq!(secret.is_ok(), given, "{host} {resource}: {secret:?}");
        let tokens = server
            .requests
            .lock()
            .unwrap()
            .iter()
            .filter(|(_, token)| token.is_some())
            .count();
        assert_eq!(tokens > 0, given, "{host} {resource}");
    }
}

#[tokio::test]
async fn a_challenge_of_another_authority_or_of_no_form_gives_nothing_away() {
    for resource in [
        "https://vault.azure.net\" authorization=\"https://evil.example",
        "a\", resource=\"b",
        "\u{7f}",
    ] {
        let server = Arc::new(FakeVault {
            resource,
            ..fake(200, r#"{"value":"v"}"#)
        });
        let secret = vault(&server, FakeCredential::default())
            .read(&identifier("key"), &budget())
            .await;
        let shown = server
            .requests
            .lock()
            .unwrap()
            .iter()
            .any(|(url, token)| token.is_some() && !url.starts_with("https://kv.vault.azure.net/"));
        assert!(!shown, "{secret:?}");
    }
}

#[tokio::test]
async fn an_answer_longer_than_any_secret_is_given_up() {
    let long = format!(r#"{{"value":"{}"}}"#, "v".repeat(2 * 1024 * 1024));
    let error = read(fake(200, &long)).await.unwrap_err().to_string();
    assert!(
        error.contains("larger than 1048576 bytes") && error.len() < 1000,
        "{error}"
    );
    let refusal = format!(r#"{{"error":{{"message":"\u001b[31m{}"}}}}"#, "x".repeat(100_000));
    let error = read(fake(403, &refusal)).await.unwrap_err().to_string();
    assert!(error.contains("\u{fffd}[31mxxx") && error.len() < 1000, "{error}");
}

#[tokio::test]
async fn clients_of_vaults_that_are_read_no_more_are_not_kept_for_ever() {
    let server = Arc::new(fake(200, r#"{"value":"v"}"#));
    let vault = vault(&server, FakeCredential::default());
    for number in 0..3 * CLIENTS_MAX {
        let text = format!("https://kv{number}.vault.azure.net/secrets/key");
        let identifier = SecretIdentifier::parse(&text, &VaultHosts::PublicClouds).unwrap();
        assert_eq!(vault.read(&identifier, &budget()).await.unwrap().expose_secret(), "v");
    }
    assert_eq!(vault.clients.count(), CLIENTS_MAX);
}

#[tokio::test]
async fn nothing_is_read_without_time() {
    let server = Arc::new(fake(200, r#"{"value":"v"}"#));
    let spent = Budget::new(Duration::ZERO, CancellationToken::new());
    let error = vault(&server, FakeCredential::default())
        .read(&identifier("key"), &spent)
        .await;
    assert!(matches!(error, Err(SecretError::Unavailable { .. })), "{error:?}");
}
