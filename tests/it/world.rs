//! A world for one test: the clouds, a Functions host, and the real handler in it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Method, StatusCode};
use sandbox::api_center::ApiCenter;
use sandbox::cloud::{AUDIENCE, Cloud, CloudOptions, ROLE_ARN};
use sandbox::estate::{Estate, demo};
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::functions_host::{FunctionsHost, HostOptions, TimerKind, TimerOutcome};
use sandbox::keyring::USER_ARN;
use sandbox::record::{Exchange, Service};
use sandbox::security_token::{Role, Trust};
use sandbox::token::ISSUER;
use serde_json::{Value, json};

use crate::described::assert_described;
use crate::oracle::{actual, desired_full, full_estate};
use crate::secrecy::{Witness, leaks};

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
    /// Of hosts that were there before.
    former: Vec<Witness>,
    /// Everything the handler has said so far.
    said: Mutex<Vec<String>>,
    /// Whether this world's test has planted a secret where none is allowed.
    leaks: AtomicBool,
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
            former: Vec::new(),
            said: Mutex::default(),
            leaks: AtomicBool::new(false),
        };
        world.cloud.record.keep_cleared();
        world.cloud.kill.set(world.host.killer());
        world
    }

    /// Starts everything with these REST APIs on the gateway and a synchronized integration.
    pub async fn synchronized(estate: Estate) -> Self {
        let world = Self::start().await;
        world.cloud.fill_gateway(estate);
        world.put_shop().await;
        world.assert_in_line();
        world.cloud.record.clear();
        world
    }

    /// The same with a company's usual APIs.
    pub async fn synchronized_demo() -> Self {
        Self::synchronized(demo()).await
    }

    /// Replaces the handler with another one on the same clouds.
    pub async fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.move_to(host_options(&self.cloud, settings)).await;
    }

    /// Replaces the host and its handler.
    pub async fn move_to(&mut self, options: HostOptions) {
        self.former.push(Witness::of(&self.host));
        self.host = FunctionsHost::start(options).await.unwrap();
        self.cloud.kill.set(self.host.killer());
    }

    /// The catalog.
    pub fn catalog(&self) -> &ApiCenter {
        &self.cloud.api_center
    }

    /// Calls the handler through the host, with the function key.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let url = self.host.url(path);
        let mut request = self
            .client
            .request(method.clone(), url)
            .header("x-functions-key", self.host.function_key());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = answer(request).await;
        self.hear(&format!("{:?}", answer.headers));
        self.hear(&answer.text);
        assert_ne!(answer.code(), "InternalError", "{}", self.host.output());
        assert_described(&method, path, &answer);
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

    /// Everything in the catalog.
    pub fn everything(&self) -> BTreeMap<String, Value> {
        self.catalog().snapshot()
    }

    /// The APIs in the catalog, with everything below them.
    pub fn inventory(&self) -> BTreeMap<String, Value> {
        inventory_of(self.everything())
    }

    /// The properties of an entity in the catalog.
    pub fn properties(&self, path: &str) -> Value {
        self.everything().remove(path).unwrap_or_else(|| panic!("no {path}"))["properties"].take()
    }

    /// Whether the catalog has an entity.
    pub fn has(&self, path: &str) -> bool {
        self.everything().contains_key(path)
    }

    /// Edits an entity in the catalog, as a person in the portal would.
    pub fn edit(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut properties = self.properties(path);
        change(&mut properties);
        self.catalog().put(path, properties).unwrap();
    }

    /// Makes all deep checks due; otherwise none is, whatever the hour.
    pub fn let_deep_checks_be_due(&self) {
        let_deep_checks_be_due(&self.cloud);
    }

    /// Asserts that the catalog holds what the gateway's APIs call for, nothing more and nothing less.
    pub fn assert_in_line(&self) {
        let estate = full_estate(&self.cloud.api_gateway);
        let expected = desired_full(SHOP, &self.cloud.region, &estate);
        let found = actual(SHOP, &self.everything());
        for path in expected.keys().chain(found.keys()) {
            assert_eq!(found.get(path), expected.get(path), "{path}");
        }
    }

    /// Lets requests to a service whose method and target these are fail.
    pub fn fail(&self, service: Service, method: Option<Method>, target: &str, times: Option<usize>, fault: Fault) {
        self.cloud.faults.add(FaultRule {
            matcher: Matcher {
                service: Some(service),
                method,
                target: Some(target.parse().unwrap()),
                ..Matcher::default()
            },
            skip: 0,
            times,
            fault,
        });
    }

    /// Lets API Center answer requests whose method and path these are with nothing but this.
    pub fn refuse(&self, method: Method, path: &str, status: u16, body: &Value) {
        let answer = Fault::Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: reqwest::header::HeaderMap::default(),
            body: body.to_string().into(),
        };
        self.fail(Service::ApiCenter, Some(method), &format!("{path}\\?"), None, answer);
    }

    /// Lets writes to the catalog fail, after the first `skip` of them.
    pub fn fail_write(&self, skip: usize, times: Option<usize>, fault: Fault) {
        self.cloud.faults.add(FaultRule {
            matcher: Matcher {
                service: Some(Service::ApiCenter),
                writes_only: true,
                ..Matcher::default()
            },
            skip,
            times,
            fault,
        });
    }

    /// Lets the account's role trust this subject of the identity provider's and nobody else.
    pub fn trust_subject(&self, subject: &str) {
        self.trust(Trust::WebIdentity {
            issuer: ISSUER.to_owned(),
            audiences: Some(vec![AUDIENCE.to_owned()]),
            subjects: Some(vec![subject.to_owned()]),
        });
    }

    /// Lets the account's role trust the access key's user with this external id and nobody else.
    pub fn trust_user(&self, external_id: &str) {
        self.trust(Trust::Principal {
            arn: USER_ARN.to_owned(),
            external_id: Some(external_id.to_owned()),
        });
    }

    fn trust(&self, trust: Trust) {
        self.cloud.sts.put_role(Role::new(ROLE_ARN, vec![trust]));
    }

    /// Remembers what the handler said.
    pub fn hear(&self, text: &str) {
        self.said.lock().unwrap().push(text.to_owned());
    }

    /// The places with leaked secrets.
    pub fn leaks(&self) -> Vec<String> {
        leaks(&self.cloud, &self.witnesses(), &self.said.lock().unwrap())
    }

    fn witnesses(&self) -> Vec<Witness> {
        let now = Witness::of(&self.host);
        self.former.iter().cloned().chain([now]).collect()
    }

    /// Expects this world to leak secrets.
    pub fn expect_leaks(&self) {
        self.leaks.store(true, Ordering::Relaxed);
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

    /// The number of calls to AWS whose path and query contain `part`.
    pub fn gateway_calls(&self, part: &str) -> usize {
        self.cloud
            .record
            .count(|exchange| exchange.service == Service::ApiGateway && exchange.target.contains(part))
    }
}

impl Drop for World {
    /// Whatever a test was about: no secret may have come out.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(deep_checks(&self.cloud));
        if !std::thread::panicking() && !self.leaks.load(Ordering::Relaxed) {
            assert_eq!(self.leaks(), Vec::<String>::new(), "secrets were told");
            self.witnesses().iter().for_each(Witness::assert_lines);
        }
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
    let deep_checks = deep_checks(cloud).display().to_string();
    environment.push(("APICENTER_AWS_SYNC_PLANTED_DEEP_CHECKS".to_owned(), deep_checks));
    options.environment.extend(environment);
    options
}

/// The file that says which deep checks are due. Ports are used again by later worlds; keys are not.
fn deep_checks(cloud: &Cloud) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    cloud.aws_secret_access_key.hash(&mut hasher);
    let name = format!("deep-checks-{}-{:016x}", std::process::id(), hasher.finish());
    std::env::temp_dir().join(name)
}

/// Lets every API have its turn to be looked into deeply.
pub fn let_deep_checks_be_due(cloud: &Cloud) {
    std::fs::write(deep_checks(cloud), "all").unwrap();
}

/// The bookkeeping in a marker: of an API, a deployment (`record`), or an integration (`journal`, `lastSync`).
pub fn kept(properties: &Value, schema: &str, property: &str) -> Value {
    let text = properties["customProperties"][schema][property].as_str();
    text.map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default()
}

/// Changes the bookkeeping in a marker.
pub fn change_kept(properties: &mut Value, schema: &str, property: &str, change: impl FnOnce(&mut Value)) {
    let mut value = kept(properties, schema, property);
    change(&mut value);
    properties["customProperties"][schema][property] = json!(value.to_string());
}

/// The APIs of a catalog, with everything below them.
pub fn inventory_of(mut everything: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    everything.retain(|path, _| path.starts_with("apis/"));
    everything
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
