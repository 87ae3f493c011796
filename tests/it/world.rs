//! A world for one test: the clouds, a Functions host, and the real handler in it.

use std::path::Path;

use reqwest::{Method, StatusCode};
use sandbox::api_center::ApiCenter;
use sandbox::cloud::{Cloud, CloudOptions};
use sandbox::functions_host::{FunctionsHost, HostOptions, TimerKind, TimerOutcome};
use sandbox::record::{Exchange, Service};
use serde_json::{Value, json};

/// The integration that tests make unless they need another.
pub const SHOP: &str = "shop";

/// An answer of the handler, as its caller sees it.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of an ARM-shaped error.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        body["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The same answer, once its status is this one.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

/// The clouds and the handler.
pub struct World {
    pub cloud: Cloud,
    pub host: FunctionsHost,
    client: reqwest::Client,
}

impl World {
    /// Starts everything, with budgets that no test runs into.
    pub async fn start() -> Self {
        Self::with(CloudOptions::default().unthrottled(), &[]).await
    }

    /// Starts everything with these settings on top.
    pub async fn with(options: CloudOptions, settings: &[(&str, &str)]) -> Self {
        let cloud = Cloud::start(options).await.unwrap();
        let host = FunctionsHost::start(host_options(&cloud, settings)).await.unwrap();
        let world = Self {
            cloud,
            host,
            client: reqwest::Client::new(),
        };
        world.cloud.kill.set(world.host.killer());
        world
    }

    /// Starts another handler on the same clouds instead of the one that runs.
    pub async fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.host = FunctionsHost::start(host_options(&self.cloud, settings)).await.unwrap();
        self.cloud.kill.set(self.host.killer());
    }

    /// The catalog.
    pub fn catalog(&self) -> &ApiCenter {
        &self.cloud.api_center
    }

    /// Calls the handler through the host, with the function key.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}/api/{path}", self.host.base_url());
        let mut request = self
            .client
            .request(method, url)
            .header("x-functions-key", self.host.function_key());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = answer(request).await;
        assert_ne!(answer.code(), "InternalError", "{}", self.host.output());
        answer
    }

    /// The document of an integration of this gateway.
    pub fn document(&self) -> Value {
        json!({ "properties": { "amazonApiGatewaySource": {
            "accessKey": self.cloud.secret_identifier("aws-access-key"),
            "secretAccessKey": self.cloud.secret_identifier("aws-secret-access-key"),
            "regionName": self.cloud.region,
        } } })
    }

    /// Creates an integration, or replaces it.
    pub async fn put(&self, name: &str, document: Value) -> Answer {
        self.call(Method::PUT, &format!("integrations/{name}"), Some(document))
            .await
    }

    /// Creates the integration that most tests use.
    pub async fn put_shop(&self) -> Answer {
        self.put(SHOP, self.document()).await.expect(201)
    }

    /// Reads an integration.
    pub async fn get(&self, name: &str) -> Answer {
        self.call(Method::GET, &format!("integrations/{name}"), None).await
    }

    /// The last outcome of the integration that most tests use.
    pub async fn last_sync(&self) -> Value {
        self.get(SHOP).await.expect(200).json()["properties"]["lastSync"].clone()
    }

    /// Synchronizes the integration that most tests use; `query` goes after the question mark.
    pub async fn sync(&self, query: &str) -> Answer {
        self.call(Method::POST, &format!("integrations/{SHOP}/sync?{query}"), None)
            .await
    }

    /// Deletes an integration.
    pub async fn delete(&self, name: &str) -> Answer {
        self.call(Method::DELETE, &format!("integrations/{name}"), None).await
    }

    /// Lets the timer fire and the run end.
    pub async fn fire_timer(&self) -> TimerOutcome {
        self.host.fire_timer(TimerKind::Scheduled).await.unwrap()
    }

    /// Lets the timer fire and its run succeed.
    pub async fn run_timer(&self) {
        let outcome = self.fire_timer().await;
        assert!(outcome.succeeded, "{:?} {}", outcome.error, self.host.output());
    }

    /// Writes to the catalog so far, but those of outcomes.
    pub fn writes(&self) -> Vec<String> {
        let exchanges = self.cloud.record.exchanges();
        let writes = exchanges
            .iter()
            .filter(|exchange| is_catalog_write(exchange) && !is_outcome(exchange));
        writes
            .map(|exchange| format!("{} {}", exchange.method, short(exchange.path())))
            .collect()
    }

    /// All writes to the catalog so far.
    pub fn all_writes(&self) -> usize {
        self.cloud.record.count(is_catalog_write)
    }

    /// Calls to Amazon so far whose path and query hold `part`.
    pub fn gateway_calls(&self, part: &str) -> usize {
        self.cloud
            .record
            .count(|exchange| exchange.service == Service::ApiGateway && exchange.target.contains(part))
    }
}

/// The options of a host that runs the handler under test from the repository's own application files.
pub fn host_options(cloud: &Cloud, settings: &[(&str, &str)]) -> HostOptions {
    let mut options = HostOptions::new(env!("CARGO_MANIFEST_DIR"));
    options.executable = Some(Path::new(env!("CARGO_BIN_EXE_handler")).to_owned());
    let mut environment = cloud.unpaced_handler_environment();
    for &(name, value) in settings {
        environment.retain(|(other, _)| other != name);
        environment.push((name.to_owned(), value.to_owned()));
    }
    options.environment.extend(environment);
    options
}

/// Sends a request and reads its whole answer.
pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    Answer {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

fn is_catalog_write(exchange: &Exchange) -> bool {
    exchange.service == Service::ApiCenter && exchange.is_write()
}

/// The one write that a run without changes may make: its environment, with the outcome.
fn is_outcome(exchange: &Exchange) -> bool {
    exchange.method == Method::PUT
        && short(exchange.path()).starts_with("environments/")
        && String::from_utf8_lossy(&exchange.request_body).contains("lastSync")
}

/// A path without the workspace it is in.
fn short(path: &str) -> &str {
    path.rsplit_once("/workspaces/default/")
        .map_or(path, |(_, short)| short)
}
