//! A client for a deployed function app.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use azure_core::Bytes;
use azure_core::http::{HttpClient, Method, Request, Url, new_http_client};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::center::Wanted;
use super::failure::Failure;
use crate::engine::SyncRequest;
use crate::error_chain::error_chain;
use crate::limits::Bounded;
use crate::model::{ApiCenterId, IntegrationName};
use crate::trust::check_trust;

/// Header with the app's API center.
const API_CENTER: &str = "x-api-center";
/// Its value while the app's settings are invalid.
const NO_API_CENTER: &str = "unknown";
/// Azure cuts HTTP calls after 230 seconds.
const CALL_TIMEOUT: Duration = Duration::from_mins(4);
/// Longest response, in bytes: a plan of 10,000 new APIs has some tens of millions.
const ANSWER_MAX_BYTES: usize = 256 * 1024 * 1024;

/// The app, and the API center that it must serve.
#[derive(Debug)]
pub struct App {
    client: Arc<dyn HttpClient>,
    /// The URL of all integrations.
    base: Url,
    key: Option<SecretString>,
    wanted: Wanted,
    stop: CancellationToken,
}

/// A response of the app.
#[derive(Debug)]
pub struct Answer {
    /// Its status, 200 to 299.
    pub status: u16,
    /// Its body; null without one.
    pub body: Value,
}

impl App {
    /// The app at an address.
    ///
    /// # Errors
    /// If the address must not receive a key, or there is no trusted certificate.
    pub fn new(url: &str, key: Option<SecretString>, wanted: Wanted, stop: CancellationToken) -> Result<Self, Failure> {
        let base = base_url(url).map_err(|why| Failure::usage(format!("--function-url {why}")))?;
        check_trust()?;
        Ok(Self {
            client: Arc::new(Bounded::new(new_http_client(None), ANSWER_MAX_BYTES, ANSWER_MAX_BYTES)),
            base,
            key,
            wanted,
            stop,
        })
    }

    /// Cancels all calls.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Checks before any change that the server is this app and serves the right API center.
    ///
    /// # Errors
    /// If not.
    pub async fn check(&self, name: &IntegrationName) -> Result<(), Failure> {
        // Only the header matters, not the answer.
        self.raw(Method::Get, self.url(Some(name), None), None)
            .await
            .map(|_| ())
    }

    /// Calls the app; `body` is sent as JSON.
    ///
    /// # Errors
    /// If it does not answer, refuses, or serves another API center.
    pub async fn call(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Answer, Failure> {
        let (status, text) = self.raw(method, url, body).await?;
        let parsed: Option<Value> = serde_json::from_slice(&text).ok();
        if !(200..300).contains(&status) {
            return Err(refusal(status, &parsed.unwrap_or_default()));
        }
        if text.is_empty() {
            let body = Value::Null;
            return Ok(Answer { status, body });
        }
        let body = parsed.ok_or_else(|| Failure::new("the function app's response is not JSON"))?;
        Ok(Answer { status, body })
    }

    /// The URL of an integration, or of all, and of an operation.
    pub fn url(&self, name: Option<&IntegrationName>, operation: Option<&str>) -> Url {
        let mut url = self.base.clone();
        let parts = name.map(IntegrationName::as_str).into_iter().chain(operation);
        let path = parts.fold(url.path().to_owned(), |path, part| format!("{path}/{part}"));
        url.set_path(&path);
        url
    }

    /// The URL of a sync or a plan.
    pub fn request_url(&self, name: &IntegrationName, operation: &str, request: &SyncRequest) -> Url {
        let mut url = self.url(Some(name), Some(operation));
        let flag = |name: &'static str, set: bool| set.then(|| (name, "true".to_owned()));
        let parameters = [
            flag("definitions", request.definitions),
            flag("deep", request.deep),
            request.plan_id.clone().map(|id| ("planId", id)),
            (!request.confirm_deletions.is_empty()).then(|| {
                let ids: Vec<&str> = request.confirm_deletions.iter().map(String::as_str).collect();
                ("confirmDeletions", ids.join(","))
            }),
            request.api.as_ref().map(|id| ("api", id.to_string())),
        ];
        for (name, value) in parameters.into_iter().flatten() {
            url.query_pairs_mut().append_pair(name, &value);
        }
        url
    }

    async fn raw(&self, method: Method, url: Url, body: Option<&Value>) -> Result<(u16, Bytes), Failure> {
        let mut request = Request::new(url, method);
        request.insert_header("accept", "application/json");
        if let Some(key) = &self.key {
            request.insert_header("x-functions-key", key.expose_secret().to_owned());
        }
        if let Some(body) = body {
            request.insert_header("content-type", "application/json");
            request.set_body(body.to_string());
        } else if matches!(method, Method::Post | Method::Put | Method::Delete) {
            request.insert_header("content-length", "0");
        }
        let sent = timeout(CALL_TIMEOUT, self.send(&request));
        let late = |_| Failure::new(format!("no response within {} seconds", CALL_TIMEOUT.as_secs()));
        tokio::select! {
            answer = sent => answer.map_err(late)?,
            () = self.stop.cancelled() => Err(Failure::interrupted()),
        }
    }

    async fn send(&self, request: &Request) -> Result<(u16, Bytes), Failure> {
        let unreachable = |error: azure_core::Error| {
            Failure::new(format!("calling the function app failed: {}", error_chain(&error)))
        };
        let answer = self.client.execute_request(request).await.map_err(unreachable)?;
        let (status, headers, body) = answer.deconstruct();
        let status = u16::from(status);
        let served = headers.get_optional_str(&API_CENTER.into()).map(str::to_owned);
        self.judge(status, served.as_deref())?;
        Ok((status, body.collect().await.map_err(unreachable)?))
    }

    /// Checks that a response is from this app and for the right API center.
    fn judge(&self, status: u16, served: Option<&str>) -> Result<(), Failure> {
        let Some(served) = served else {
            return Err(Failure::new(match status {
                300..=399 => {
                    "the address redirects, and redirects are not followed because they would receive the key. Give \
                     the function app's own address"
                        .to_owned()
                }
                401 | 403 => "the function app rejects the key: set FUNCTION_KEY to its function key".to_owned(),
                _ => format!(
                    "the server at {} (status {status}) is not this function app, or an older version of it",
                    self.base
                ),
            }));
        };
        if served == NO_API_CENTER {
            // Then it only answers what is wrong with its settings.
            return Ok(());
        }
        let served = percent_decode_str(served).decode_utf8_lossy();
        let Ok(served) = ApiCenterId::parse(&served) else {
            return Err(Failure::new(
                "the server is not this function app: it names no API center",
            ));
        };
        self.wanted.check(&served)
    }
}

/// The refusal of the app, or of a server in between.
fn refusal(status: u16, body: &Value) -> Failure {
    let part = |name: &str| body.pointer(&format!("/error/{name}")).and_then(Value::as_str);
    match (part("code"), part("message")) {
        (Some(code), Some(message)) => Failure::of_problem(code, message, part("target")),
        _ => Failure::new(format!("the function app answered with status {status} and no message")),
    }
}

/// The URL of all integrations, from that of the app, of its prefix, or of the integrations. Errors do not repeat the
/// text, since it may contain a key.
fn base_url(text: &str) -> Result<Url, &'static str> {
    let mut url = Url::parse(text.trim()).map_err(|_| "is not a URL such as https://my-app.azurewebsites.net")?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("must be only the address: the key belongs in FUNCTION_KEY");
    }
    match url.scheme() {
        "https" => (),
        "http" if is_loopback(&url) => (),
        _ => return Err("must be https: a key is sent there"),
    }
    let path = match url.path().trim_end_matches('/') {
        "" => "/api/integrations".to_owned(),
        path if path.to_ascii_lowercase().ends_with("/integrations") => path.to_owned(),
        prefix => format!("{prefix}/integrations"),
    };
    url.set_path(&path);
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::base_url;

    #[test]
    fn an_address_is_https_unless_it_is_this_machine_and_holds_nothing_else() {
        for (good, base) in [
            ("https://app.azurewebsites.net", "/api/integrations"),
            ("https://app.azurewebsites.net/", "/api/integrations"),
            ("https://app.azurewebsites.net/api/integrations", "/api/integrations"),
            ("http://127.0.0.1:7071", "/api/integrations"),
            ("http://localhost:7071/api", "/api/integrations"),
            ("http://[::1]:7071", "/api/integrations"),
            ("https://app.azurewebsites.net/integrations/", "/integrations"),
            ("https://app.azurewebsites.net/v1/X/", "/v1/X/integrations"),
            ("https://app.azurewebsites.net/v1/X/Integrations", "/v1/X/Integrations"),
        ] {
            assert_eq!(
                base_url(good).map(|url| url.path().to_owned()),
                Ok(base.to_owned()),
                "{good}"
            );
        }
        for bad in [
            "app.azurewebsites.net",
            "http://app.azurewebsites.net",
            "http://127.0.0.1.example.com",
            "https://key@app.azurewebsites.net",
            "https://app.azurewebsites.net/?code=key",
            "https://app.azurewebsites.net/#key",
            "ftp://127.0.0.1",
        ] {
            let why = base_url(bad).unwrap_err();
            assert!(!why.contains("key@") && !why.contains("code="), "{bad}: {why}");
        }
    }
}
