//! Plays lives: two real handlers between one pair of clouds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use sandbox::api_center::Author;
use sandbox::cloud::{Cloud, CloudOptions};
use sandbox::faults::{Fault, FaultRule, Matcher};
use sandbox::functions_host::{FunctionsHost, TimerKind};
use sandbox::record::Service;
use serde_json::{Value, json};

use super::amazon::Hidden;
use super::grounds::{ENVIRONMENTS, Grounds, INTEGRATIONS};
use super::known::Known;
use super::laws::{judge, to_be_held};
use super::ledger::holder;
use super::step::{Call, Document, Life, Query, Step, Trouble};
use crate::oracle::full_estate;
use crate::secrecy::secrets;
use crate::world::{Answer, answer, host_options};

/// Words of the documents of a `PUT`.
pub const MODES: [&str; 3] = ["always", "never", "ondemand"];
const LIFECYCLES: [&str; 3] = ["design", "production", "testing"];
const KEYS: [[&str; 2]; 2] = [
    ["aws-access-key", "aws-secret-access-key"],
    ["other-access-key", "other-secret-access-key"],
];
/// So many ends of a process make a host give up on it.
const ENDS: usize = 3;
/// A budget in which only the first few APIs start.
const NO_TIME: [(&str, &str); 2] = [
    ("HTTP_TIME_BUDGET_SECONDS", "0.001"),
    ("SYNC_TIME_BUDGET_SECONDS", "0.001"),
];

/// Two handlers and their clouds, for one life after another.
pub struct Player {
    pub cloud: Cloud,
    pub grounds: Grounds,
    hosts: Vec<FunctionsHost>,
    /// How many ends of its handler each host has seen.
    ends: [usize; 2],
    /// The logs of earlier hosts' handlers.
    output: String,
    client: reqwest::Client,
    /// All secrets of all lives so far.
    secrets: BTreeSet<String>,
}

impl Player {
    pub async fn start() -> Self {
        let mut options = CloudOptions::default().unthrottled();
        options.api_center.page_size = 3;
        options.api_gateway.page_size_max = 2;
        options.api_gateway.v2_page_size_max = 2;
        let cloud = Cloud::start(options).await.unwrap();
        let mut hosts = Vec::new();
        for handler in 0..2 {
            hosts.push(start_host(&cloud, handler).await);
        }
        let grounds = Grounds::new(cloud.api_center.clone(), cloud.api_gateway.clone());
        Self {
            cloud,
            grounds,
            hosts,
            ends: [0; 2],
            output: String::new(),
            client: reqwest::Client::new(),
            secrets: BTreeSet::new(),
        }
    }

    /// Plays a life; what is wrong in it is said.
    pub async fn play(&mut self, life: &Life) -> Result<(), String> {
        let mut known = self.begin(life);
        let result = self.live(life, &mut known).await;
        self.cloud.faults.clear();
        self.cloud.kill.clear();
        let kept = self.assert_secrets_kept(&known);
        result.and(kept)
    }

    async fn live(&mut self, life: &Life, known: &mut Known) -> Result<(), String> {
        for (number, step) in life.steps.iter().enumerate() {
            self.step(step, known)
                .await
                .map_err(|why| format!("in step {number}: {why}"))?;
        }
        self.settle(known).await.map_err(|why| format!("in the end: {why}"))
    }

    /// Resets both clouds to the start of a life.
    fn begin(&self, life: &Life) -> Known {
        let center = &self.cloud.api_center;
        center.clear();
        self.cloud.api_gateway.clear();
        self.cloud.record.clear();
        self.grounds.begin();
        let key = |name: &str| {
            (
                format!("{}{name}", self.cloud.aws_access_key_id),
                format!("{}{name}", self.cloud.aws_secret_access_key),
            )
        };
        let (id, secret) = key("OTHER");
        self.cloud.key_vault.set_secret(KEYS[1][0], &id);
        self.cloud.key_vault.set_secret(KEYS[1][1], &secret);
        let first = (
            self.cloud.aws_access_key_id.clone(),
            self.cloud.aws_secret_access_key.clone(),
        );
        self.cloud.api_gateway.set_credentials(vec![first, (id, secret)]);
        center.keep_journal();
        let team = json!({
            "schema": json!({ "type": "string", "title": "Team" }).to_string(),
            "assignedTo": [{ "entity": "api" }, { "entity": "environment" }, { "entity": "deployment" }],
        });
        center.put("metadataSchemas/team", team).unwrap();
        for name in &ENVIRONMENTS[..2] {
            let properties = json!({ "title": name, "kind": "testing", "customProperties": { "team": "theirs" } });
            center.put(&format!("environments/{name}"), properties).unwrap();
        }
        for seed in &life.seeds {
            self.grounds.add(seed);
        }
        let mut known = Known::default();
        for name in INTEGRATIONS {
            known.wishes.insert(name.to_owned(), vec![None]);
        }
        known
    }

    /// One step, and the judgement of every change that came of it.
    async fn step(&mut self, step: &Step, known: &mut Known) -> Result<(), String> {
        self.grounds.begin_step();
        known.end_holds(&full_estate(&self.cloud.api_gateway));
        known.begin_step();
        let answers = match step {
            Step::Change(change) => {
                self.grounds.make(change);
                Ok(())
            }
            Step::Calls(calls, trouble) => {
                known.moment.held = self.held(calls, trouble, known);
                known.moment.hidden = self.grounds.hidden();
                known.moment.disturbed |= calls.len() > 1 || !matches!(trouble, Trouble::None);
                self.hide(known.moment.hidden);
                let ended = self.make_trouble(trouble);
                let answers = self.call_all(calls, known, trouble).await;
                self.cloud.faults.clear();
                self.cloud.kill.clear();
                if ended.load(Ordering::Relaxed) {
                    self.replace_handlers(trouble).await;
                }
                answers
            }
        };
        self.judge(known)?;
        if let Step::Calls(calls, _) = step {
            known.begin_holds(calls);
        }
        known.end_holds(&full_estate(&self.cloud.api_gateway));
        answers
    }

    /// The integrations whose removals a call must hold; with other events, that depends on its timing.
    fn held(&self, calls: &[(usize, Call)], trouble: &Trouble, known: &Known) -> BTreeSet<String> {
        let confirms = |(_, call): &(usize, Call)| {
            matches!(
                call,
                Call::Sync {
                    query: Query::Confirm,
                    ..
                }
            )
        };
        if calls.len() > 1 || matches!(trouble, Trouble::Meanwhile { .. }) || calls.iter().any(confirms) {
            return BTreeSet::new();
        }
        let reads_all = matches!(trouble, Trouble::None | Trouble::Kill { .. });
        to_be_held(&known.ledger, &full_estate(&self.cloud.api_gateway), reads_all)
    }

    /// Fails the calls that would reveal hidden parts. Their rules come first: nothing gets past them.
    fn hide(&self, hidden: Option<Hidden>) {
        let Some((target, status)) = hidden.map(Hidden::calls) else {
            return;
        };
        self.cloud.faults.add(FaultRule {
            matcher: Matcher {
                service: Some(Service::ApiGateway),
                target: Some(target.parse().unwrap()),
                ..Matcher::default()
            },
            skip: 0,
            times: None,
            fault: Fault::Answer {
                status: status.try_into().unwrap(),
                headers: reqwest::header::HeaderMap::new(),
                body: br#"{"message":"hidden"}"#.as_slice().into(),
            },
        });
    }

    /// Judges all changes since the last time.
    pub fn judge(&self, known: &mut Known) -> Result<usize, String> {
        known.moment.estates = self.grounds.estates();
        let changes = self.cloud.api_center.changes(known.ledger.seen);
        for change in &changes {
            judge(&known.ledger, &known.moment, change)?;
            if change.author == Author::Caller && change.before.is_none() {
                known.moment.made.insert(change.path.clone());
            }
            let before = change.before.as_ref().and_then(holder).map(str::to_owned);
            known.ledger.add(change);
            let Some(integration) = before else { continue };
            if change.author == Author::Person {
                known.moment.taken.insert(integration.clone());
                known.lose_environment(&integration);
            } else if change.after.is_none() && known.moment.taken.contains(&integration) {
                known.lose_environment(&integration);
            }
        }
        Ok(changes.len())
    }

    pub async fn call_all(&self, calls: &[(usize, Call)], known: &mut Known, trouble: &Trouble) -> Result<(), String> {
        for (_, call) in calls {
            known.expect(call, self);
        }
        let answers = join_all(calls.iter().map(|(handler, call)| self.call(*handler, call, known))).await;
        let alone = calls.len() == 1;
        for ((_, call), answer) in calls.iter().zip(answers) {
            known.said.push_str(&answer.text);
            known.learn(call, &answer, self, alone, trouble)?;
        }
        Ok(())
    }

    async fn call(&self, handler: usize, call: &Call, known: &Known) -> Answer {
        let host = &self.hosts[handler];
        let (method, path, body) = match call {
            Call::Timer => {
                let outcome = host.fire_timer(TimerKind::Scheduled).await;
                let succeeded = outcome.as_ref().is_ok_and(|outcome| outcome.succeeded);
                return Answer {
                    status: if succeeded {
                        StatusCode::OK
                    } else {
                        StatusCode::INTERNAL_SERVER_ERROR
                    },
                    headers: reqwest::header::HeaderMap::new(),
                    text: format!("{outcome:?}"),
                };
            }
            Call::Put { name, document } => (
                Method::PUT,
                integration(*name).to_owned(),
                Some(self.document(document)),
            ),
            Call::Sync { name, query } => {
                let query = match query {
                    Query::Plain => String::new(),
                    Query::Deep => "?deep=true".to_owned(),
                    Query::Definitions => "?definitions=true".to_owned(),
                    Query::Confirm => {
                        let id = known
                            .held
                            .get(integration(*name))
                            .map_or("0123456789abcdef", String::as_str);
                        format!("?confirmDeletions={id}")
                    }
                };
                (Method::POST, format!("{}/sync{query}", integration(*name)), None)
            }
            Call::Delete { name } => (Method::DELETE, integration(*name).to_owned(), None),
            Call::Plan { name } => (Method::GET, format!("{}/plan", integration(*name)), None),
        };
        self.request(handler, method, &format!("/{path}"), body).await
    }

    /// A run of the timer in the handler that has time: whether it succeeded, and what is to be said of it.
    pub async fn timer(&self) -> (bool, String) {
        let answer = self.call(0, &Call::Timer, &Known::default()).await;
        (answer.status == StatusCode::OK, answer.text)
    }

    /// A call of the API of a handler.
    pub async fn request(&self, handler: usize, method: Method, path: &str, body: Option<Value>) -> Answer {
        let host = &self.hosts[handler];
        let url = format!("{}/api/integrations{path}", host.base_url());
        let mut request = self
            .client
            .request(method, url)
            .header("x-functions-key", host.function_key());
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request).await
    }

    /// The document of a `PUT`.
    pub fn document(&self, document: &Document) -> Value {
        let [access_key, secret_access_key] = KEYS[document.key % KEYS.len()];
        let mut properties = json!({
            "amazonApiGatewaySource": {
                "accessKey": self.cloud.secret_identifier(access_key),
                "secretAccessKey": self.cloud.secret_identifier(secret_access_key),
                "regionName": self.cloud.region,
            },
            "importSpecification": MODES[document.mode % MODES.len()],
            "targetLifecycleStage": LIFECYCLES[document.lifecycle % LIFECYCLES.len()],
        });
        if let Some(environment) = document.environment.checked_sub(1) {
            let environment = ENVIRONMENTS[environment % ENVIRONMENTS.len()];
            properties["targetEnvironmentId"] = json!(format!("/workspaces/default/environments/{environment}"));
        }
        json!({ "properties": properties })
    }

    /// Tells the stand-ins what goes wrong; what is returned says whether a handler was ended.
    fn make_trouble(&self, trouble: &Trouble) -> Arc<AtomicBool> {
        let ended = Arc::new(AtomicBool::new(false));
        let rule = |service, writes_only, skip, times, fault| {
            self.cloud.faults.add(FaultRule {
                matcher: Matcher {
                    service,
                    writes_only,
                    ..Matcher::default()
                },
                skip,
                times: Some(times),
                fault,
            });
        };
        match trouble {
            Trouble::None => (),
            Trouble::Fault {
                service,
                fault,
                skip,
                times,
            } => rule(
                Some(*service),
                false,
                *skip,
                times_of(*fault, *times),
                self::fault(*fault),
            ),
            Trouble::Kill {
                handler,
                how,
                skip,
                writes_only,
            } => {
                let signal = if how % 3 == 2 { Signal::TERM } else { Signal::KILL };
                let pid = self.hosts[*handler].handler_pid().unwrap();
                let (pid, ended) = (Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Arc::clone(&ended));
                self.cloud.kill.set(move || {
                    kill_process(pid, signal).unwrap();
                    ended.store(true, Ordering::Relaxed);
                });
                let service = writes_only.then_some(Service::ApiCenter);
                let fault = match (signal, how % 2) {
                    (Signal::TERM, _) => Fault::Interject,
                    (_, 0) => Fault::KillBefore,
                    (_, _) => Fault::KillAfter,
                };
                rule(service, *writes_only, *skip, 1, fault);
            }
            Trouble::Meanwhile { skip, change } => {
                let (grounds, change) = (self.grounds.clone(), change.clone());
                self.cloud.kill.set(move || grounds.make(&change));
                rule(None, false, *skip, 1, Fault::Interject);
            }
        }
        ended
    }

    /// Waits for the handler that was ended to be up again; a host that has seen too many ends is replaced.
    async fn replace_handlers(&mut self, trouble: &Trouble) {
        let Trouble::Kill { handler, .. } = *trouble else {
            return;
        };
        self.ends[handler] += 1;
        self.hosts[handler].wait_for_exit(self.ends[handler]).await;
        if self.ends[handler] >= ENDS {
            self.output.push_str(&self.hosts[handler].output());
            self.hosts[handler] = start_host(&self.cloud, handler).await;
            self.ends[handler] = 0;
        }
        self.hosts[handler].ready().await.unwrap();
    }

    fn assert_secrets_kept(&mut self, known: &Known) -> Result<(), String> {
        for host in &self.hosts {
            self.secrets.extend(secrets(&self.cloud, host));
        }
        let catalog: String = self
            .cloud
            .api_center
            .snapshot()
            .values()
            .map(Value::to_string)
            .collect();
        match self
            .secrets
            .iter()
            .find(|secret| known.said.contains(*secret) || catalog.contains(*secret))
        {
            Some(secret) => Err(format!("the secret {secret} is told")),
            None => Ok(()),
        }
    }

    /// The handlers' logs.
    pub fn output(&self) -> String {
        let outputs = self.hosts.iter().map(FunctionsHost::output);
        [self.output.clone()]
            .into_iter()
            .chain(outputs)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Asserts that no log contains a secret.
    pub fn assert_logs_kept(&self) {
        let output = self.output();
        let told = self.secrets.iter().find(|secret| output.contains(*secret));
        assert_eq!(told, None, "a secret is in the logs");
    }
}

pub fn integration(name: usize) -> &'static str {
    INTEGRATIONS[name % INTEGRATIONS.len()]
}

async fn start_host(cloud: &Cloud, handler: usize) -> FunctionsHost {
    let settings: &[(&str, &str)] = if handler == 0 { &[] } else { &NO_TIME };
    FunctionsHost::start(host_options(cloud, settings)).await.unwrap()
}

/// The number of requests that a fault strikes. A retried one must finally pass, or the whole time budget would go by.
fn times_of(fault: usize, times: usize) -> usize {
    match self::fault(fault) {
        Fault::Answer { headers, .. } if headers.contains_key(RETRY_AFTER) => times.min(2),
        _ => times,
    }
}

/// Faults that pass quickly; slow ones are for other tests.
fn fault(pick: usize) -> Fault {
    let error = |status: u16, retry_after: Option<&str>| Fault::Answer {
        status: status.try_into().unwrap(),
        headers: retry_after
            .map(|seconds| (RETRY_AFTER, seconds.parse().unwrap()))
            .into_iter()
            .collect(),
        body: b"{\"error\":{\"code\":\"Trouble\",\"message\":\"as told\"}}"
            .as_slice()
            .into(),
    };
    let garbled = || Fault::Answer {
        status: StatusCode::OK,
        headers: reqwest::header::HeaderMap::new(),
        body: b"{\"value\":[{".as_slice().into(),
    };
    match pick % 12 {
        0 => error(429, Some("0")),
        1 => error(500, None),
        2 => error(503, Some("0")),
        3 => error(403, None),
        4 => error(409, None),
        5 => error(412, None),
        6 => error(400, None),
        7 => Fault::ResetBefore,
        8 => Fault::ResetAfter,
        9 => Fault::Truncate,
        10 => garbled(),
        _ => error(302, None),
    }
}
