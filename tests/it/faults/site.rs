//! The site of fault tests: one pair of clouds and one handler, reset between attempts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use sandbox::api_center::{Change, Checkpoint};
use sandbox::api_gateway::{Definition, DomainName, Mapping, RestApi, RoutingMode, RoutingRule, Stage, V2Api, V2Stage};
use sandbox::cloud::{Cloud, CloudOptions, ROLE_ARN};
use sandbox::estate::{DomainEstate, FullEstate};
use sandbox::functions_host::{FunctionsHost, TimerKind};
use serde_json::{Value, json};

use crate::oracle::{actual, desired_full};
use crate::world::{SHOP, answer, host_options, let_deep_checks_be_due};

/// So short that hanging calls are soon given up: work that has started gets ten seconds more, and the epilogue fifteen
/// of its own.
const LITTLE_TIME: [(&str, &str); 2] = [("HTTP_TIME_BUDGET_SECONDS", "1"), ("SYNC_TIME_BUDGET_SECONDS", "1")];
/// So many calls without time for everything are as if they never had any.
pub const CALLS_AT_MOST: usize = 20;
/// Other people's entities in the catalog, with their properties.
const UNOWNED: [(&str, &str); 6] = [
    ("environments/people", r#"{"title":"Theirs","kind":"testing"}"#),
    ("apis/handmade", r#"{"title":"By hand","kind":"rest"}"#),
    (
        "apis/handmade/versions/prod",
        r#"{"title":"prod","lifecycleStage":"production"}"#,
    ),
    (
        "apis/handmade/versions/prod/definitions/openapi",
        r#"{"title":"By hand"}"#,
    ),
    (
        "apis/handmade/deployments/prod",
        r#"{"title":"prod","environmentId":"/workspaces/default/environments/people","server":{"runtimeUri":["https://example.com"]}}"#,
    ),
    // Its name is that of an API of ours, but it has no marker.
    ("apis/shop-handmade00", r#"{"title":"Not the shop's","kind":"rest"}"#),
];

/// What goes on when a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// An integration is created.
    Create,
    /// The same, with imports as long-running operations.
    Deferred,
    /// The same, with a role assumed with the access key.
    RoleByKey,
    /// The same, with a role assumed with a token.
    RoleByToken,
    /// The timer runs after changes in AWS.
    Timer,
    /// The integration is deleted.
    Delete,
}

impl Scene {
    /// Whether all its kinds of calls are tried, not only those particular to it.
    pub fn is_about_all(self) -> bool {
        matches!(self, Self::Create | Self::Timer | Self::Delete)
    }

    /// The gateway's contents at the last synchronization; `None` before the first.
    fn before(self) -> Option<FullEstate> {
        match self {
            Self::Create | Self::Deferred | Self::RoleByKey | Self::RoleByToken => None,
            Self::Timer => Some(FullEstate {
                rest: vec![
                    api("changed000", "Changed", &[("prod", "first"), ("staging", "first")]),
                    api("removed000", "Removed", &[("prod", "first")]),
                    api("unchanged0", "Unchanged", &[("prod", "first")]),
                ],
                v2: vec![
                    http("httpgone00", "first"),
                    http("httpapi000", "first"),
                    websocket("first"),
                ],
                domains: domains("changed000", "first"),
            }),
            Self::Delete => Some(two()),
        }
    }

    /// The estate for the catalog in the end.
    pub fn goal(self) -> FullEstate {
        if self == Self::Delete {
            FullEstate::default()
        } else {
            self.now()
        }
    }

    /// The gateway's current contents.
    fn now(self) -> FullEstate {
        match self {
            Self::Create | Self::Deferred | Self::RoleByKey | Self::RoleByToken | Self::Delete => two(),
            Self::Timer => FullEstate {
                rest: vec![
                    api("added00000", "Added", &[("prod", "first")]),
                    api("changed000", "Renamed", &[("prod", "second"), ("v1", "first")]),
                    api("unchanged0", "Unchanged", &[("prod", "first")]),
                ],
                v2: vec![http("httpapi000", "second"), websocket("second")],
                domains: domains("changed000", "second"),
            },
        }
    }
}

fn two() -> FullEstate {
    FullEstate {
        rest: vec![
            api("first00000", "First", &[("prod", "first"), ("staging", "first")]),
            api("second0000", "Second", &[("prod", "first")]),
        ],
        v2: vec![http("httpapi000", "first"), websocket("first")],
        domains: domains("first00000", "first"),
    }
}

/// An HTTP API with one stage, which runs this deployment.
fn http(id: &str, deployment: &str) -> (V2Api, Vec<V2Stage>) {
    let document = json!({ "openapi": "3.0.1", "info": { "title": id }, "paths": { format!("/{deployment}"): {} } });
    let stage = V2Stage::new("$default", deployment, Definition::from(document));
    (V2Api::http(id, "Over HTTP"), vec![stage])
}

/// A WebSocket API with one stage, which runs this deployment.
fn websocket(deployment: &str) -> (V2Api, Vec<V2Stage>) {
    let api = V2Api::websocket("websocket0", "Over WebSocket");
    (api, vec![V2Stage::of_websocket("live", deployment)])
}

/// A domain for each way to read one, all of them below this key to the stage `prod` of a REST API.
fn domains(api_id: &str, key: &str) -> DomainEstate {
    let mapping = Mapping::new("m1", key, api_id, "prod");
    let mut ruled = DomainName::regional("ruled.example.com");
    ruled.routing_mode = RoutingMode::Rules;
    let rule = RoutingRule {
        base_paths: vec![key.to_owned()],
        ..RoutingRule::new("r1", 1, api_id, "prod")
    };
    vec![
        (
            DomainName::regional("regional.example.com"),
            vec![mapping.clone()],
            Vec::new(),
        ),
        (DomainName::edge("edge.example.com"), vec![mapping], Vec::new()),
        (ruled, Vec::new(), vec![rule]),
    ]
}

/// An API with these stages, each with the deployment it runs.
fn api(id: &str, name: &str, stages: &[(&str, &str)]) -> (RestApi, Vec<Stage>) {
    let stage = |(stage, deployment): &(&str, &str)| {
        let document =
            json!({ "openapi": "3.0.1", "info": { "title": name }, "paths": { format!("/{deployment}"): {} } });
        Stage::new(*stage, *deployment, Definition::from(document))
    };
    (RestApi::new(id, name), stages.iter().map(stage).collect())
}

/// The outcome of a call.
#[derive(Debug)]
pub struct Said {
    /// Its status; `None` for a run of the timer that came to nothing.
    pub status: Option<u16>,
    pub text: String,
    pub took: Duration,
}

impl Said {
    /// Whether the outcome is good; a 404 is good for a deletion.
    pub fn is_good(&self) -> bool {
        self.status.is_some_and(|status| matches!(status, 200..=299 | 404))
    }

    /// Whether the time ran out, which happens on a busy machine.
    pub fn lacks_time(&self) -> bool {
        ["time ran out", "no time to "]
            .iter()
            .any(|words| self.text.contains(words))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// The clouds and the handler.
pub struct Site {
    pub cloud: Cloud,
    pub host: FunctionsHost,
    pub scene: Scene,
    client: reqwest::Client,
    seed: Checkpoint,
    /// The output of earlier handlers.
    output: String,
}

impl Site {
    /// Starts everything, with the catalog as it is before the scene.
    pub async fn build(scene: Scene) -> Self {
        let cloud = Cloud::start(CloudOptions::default().unthrottled()).await.unwrap();
        let host = FunctionsHost::start(host_options(&cloud, &LITTLE_TIME)).await.unwrap();
        cloud.api_center.set_deferred_imports(scene == Scene::Deferred);
        for (path, properties) in UNOWNED {
            cloud
                .api_center
                .put(path, serde_json::from_str(properties).unwrap())
                .unwrap();
        }
        let definition = "apis/handmade/versions/prod/definitions/openapi";
        cloud.api_center.set_definition(definition, r#"{"openapi":"3.0.1"}"#);
        let mut site = Self {
            seed: cloud.api_center.checkpoint(),
            output: String::new(),
            client: reqwest::Client::new(),
            cloud,
            host,
            scene,
        };
        if let Some(estate) = scene.before() {
            estate.clone().fill(&site.cloud.api_gateway);
            let mut made = site.put().await;
            for _ in 0..CALLS_AT_MOST {
                if !made.lacks_time() {
                    break;
                }
                made = site.put().await;
            }
            assert!(made.is_good(), "{}", made.text);
            assert_eq!(site.differences(&estate), "", "{}", made.text);
            if scene == Scene::Timer {
                let_deep_checks_be_due(&site.cloud);
            }
        }
        site.cloud.api_center.keep_journal();
        site.seed = site.cloud.api_center.checkpoint();
        site
    }

    /// Sets everything back to before the scene.
    pub fn set_back(&self) {
        self.cloud.faults.clear();
        self.cloud.api_center.restore(&self.seed);
        self.cloud.api_gateway.clear();
        self.scene.now().fill(&self.cloud.api_gateway);
        self.cloud.record.clear();
    }

    /// Plays the scene.
    pub async fn play(&self) -> Said {
        match self.scene {
            Scene::Create | Scene::Deferred | Scene::RoleByKey | Scene::RoleByToken => self.put().await,
            Scene::Timer => self.timer().await,
            Scene::Delete => self.call(Method::DELETE, None).await,
        }
    }

    /// The call that leads to the desired state without further faults.
    pub async fn play_on(&self) -> Said {
        let is_kept = self.cloud.api_center.snapshot().contains_key("environments/shop");
        match self.scene {
            Scene::Create | Scene::Deferred | Scene::RoleByKey | Scene::RoleByToken if !is_kept => self.put().await,
            Scene::Create | Scene::Deferred | Scene::RoleByKey | Scene::RoleByToken | Scene::Timer => {
                self.timer().await
            }
            Scene::Delete => self.call(Method::DELETE, None).await,
        }
    }

    async fn put(&self) -> Said {
        let keys = json!({
            "accessKey": self.cloud.secret_identifier("aws-access-key"),
            "secretAccessKey": self.cloud.secret_identifier("aws-secret-access-key"),
        });
        let mut source = if self.scene == Scene::RoleByToken {
            json!({})
        } else {
            keys
        };
        source["regionName"] = json!(self.cloud.region);
        if matches!(self.scene, Scene::RoleByKey | Scene::RoleByToken) {
            source["roleArn"] = json!(ROLE_ARN);
        }
        let document = json!({ "properties": { "amazonApiGatewaySource": source } });
        self.call(Method::PUT, Some(document)).await
    }

    async fn timer(&self) -> Said {
        let began = Instant::now();
        let outcome = self.host.fire_timer(TimerKind::Scheduled).await.unwrap();
        Said {
            status: outcome.succeeded.then_some(200),
            text: String::from_utf8_lossy(&outcome.body).into_owned(),
            took: began.elapsed(),
        }
    }

    async fn call(&self, method: Method, document: Option<Value>) -> Said {
        let began = Instant::now();
        let url = format!("{}/api/integrations/{SHOP}", self.host.base_url());
        let mut request = self
            .client
            .request(method, url)
            .header("x-functions-key", self.host.function_key());
        if let Some(document) = document {
            request = request.json(&document);
        }
        let answer = answer(request).await;
        Said {
            status: Some(answer.status.as_u16()),
            text: answer.text,
            took: began.elapsed(),
        }
    }

    /// Starts another handler, which knows nothing of what was before.
    pub async fn restart(&mut self) {
        self.output.push_str(&self.host.output());
        self.host = FunctionsHost::start(host_options(&self.cloud, &LITTLE_TIME))
            .await
            .unwrap();
    }

    /// Every change of the catalog since it was set back.
    pub fn changes(&self) -> Vec<Change> {
        self.cloud.api_center.changes(0)
    }

    /// The differences between the catalog and the desired state for an estate.
    pub fn differences(&self, estate: &FullEstate) -> String {
        let snapshot = self.cloud.api_center.snapshot();
        let found: BTreeMap<String, Value> = actual(SHOP, &snapshot)
            .into_iter()
            .filter(|(path, _)| !is_unowned(path))
            .collect();
        let wanted = desired_full(SHOP, &self.cloud.region, estate);
        let paths = found.keys().chain(wanted.keys());
        let differing = paths.filter(|path| found.get(*path) != wanted.get(*path));
        let mut differing: Vec<&str> = differing.map(String::as_str).collect();
        differing.sort_unstable();
        differing.dedup();
        if snapshot.contains_key("environments/shop") == wanted.is_empty() {
            differing.push("environments/shop");
        }
        differing.join(", ")
    }

    /// Our hidden leftovers.
    pub fn leftovers(&self) -> Vec<String> {
        let leftovers = self.cloud.api_center.leftovers().into_keys();
        leftovers.filter(|path| path.starts_with("apis/shop-")).collect()
    }

    /// Asserts that neither outcome nor output contains a lasting secret.
    pub fn assert_secrets_kept(&self, said: &str) {
        let cloud = &self.cloud;
        let output = self.host.output();
        for secret in [
            &cloud.aws_access_key_id,
            &cloud.aws_secret_access_key,
            &cloud.identity_header,
        ] {
            for text in [said, &self.output, &output] {
                assert!(!text.contains(secret), "a secret is told");
            }
        }
    }
}

/// Whether an entity is other people's.
pub fn is_unowned(path: &str) -> bool {
    !path.starts_with("metadataSchemas/")
        && (UNOWNED.iter().any(|(unowned, _)| *unowned == path) || !path.contains("/shop"))
}
