//! The end of a life: all is quiet, and after two runs the catalog is what it should be.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use sandbox::api_center::Author;
use sandbox::api_gateway::Definition;
use sandbox::estate::FullEstate;
use serde_json::{Value, json};

use super::documents::flaw_of;
use super::grounds::INTEGRATIONS;
use super::known::{Known, check_report};
use super::laws::to_be_held;
use super::ledger::{holder, marker};
use super::player::Player;
use super::step::{Call, Document, Trouble};
use crate::oracle::{Wishes, desired_full_by, entity_name, full_estate, source_owned};

impl Player {
    /// Makes two runs, one of them deep, and compares the catalog with its desired state.
    pub async fn settle(&mut self, known: &mut Known) -> Result<(), String> {
        self.grounds.show();
        self.grounds.begin_step();
        known.begin_step();
        known.moment.held = to_be_held(&known.ledger, &full_estate(&self.cloud.api_gateway), true);
        self.run(known).await?;
        self.rescue(known).await?;
        known.moment.held.clear();
        known.moment.unconfirmed.clear();
        self.confirm(known).await?;
        let present = self.present(known).await?;
        for (name, document) in &present {
            let definitions = if document["importSpecification"] == "ondemand" {
                "&definitions=true"
            } else {
                ""
            };
            let report = self.sync(name, &format!("deep=true{definitions}")).await?;
            ensure(report["outcome"] == "succeeded", || {
                format!("the deep run of {name} ended so: {report:#}")
            })?;
        }
        self.judge(known)?;
        self.compare(known, &present)?;
        self.run(known).await?;
        self.assert_nothing_new(known)
    }

    /// The timer's run, after which nothing is deleting any more.
    async fn run(&self, known: &mut Known) -> Result<(), String> {
        known.last_run = known.ledger.seen;
        let run = self.timer().await;
        self.judge(known)?;
        let lost = lost(known);
        ensure(run.0 == lost.is_empty(), || {
            format!(
                "the timer's run succeeded: {}, while {lost:?} have no environment: {}",
                run.0, run.1
            )
        })
    }

    /// Takes both ways out for the integrations that lost their environments.
    async fn rescue(&self, known: &mut Known) -> Result<(), String> {
        for lost in lost(known) {
            let name = INTEGRATIONS.iter().position(|name| *name == lost).unwrap();
            let (mode, lifecycle, environment, key) = (0, 0, 0, 0);
            let document = Document {
                mode,
                lifecycle,
                environment,
                key,
            };
            let call = if name == 0 {
                Call::Put { name, document }
            } else {
                Call::Delete { name }
            };
            self.call_all(&[(0, call)], known, &Trouble::None).await?;
            self.judge(known)?;
        }
        let lost = lost(known);
        ensure(lost.is_empty(), || format!("{lost:?} still have no environments"))
    }

    /// Confirms the deletions that are held.
    async fn confirm(&self, known: &mut Known) -> Result<(), String> {
        for name in INTEGRATIONS {
            let answer = self.request(0, Method::GET, &format!("/{name}"), None).await;
            if answer.status.as_u16() == 404 {
                continue;
            }
            let report = answer.expect(200).json()["properties"]["lastSync"].clone();
            if let Some(id) = report["deletionsId"].as_str() {
                check_report("held", &report)?;
                let report = self.sync(name, &format!("confirmDeletions={id}")).await?;
                ensure(report["outcome"] == "succeeded", || {
                    format!("the confirmed run of {name} ended so: {report:#}")
                })?;
                self.judge(known)?;
            }
        }
        Ok(())
    }

    async fn sync(&self, name: &str, query: &str) -> Result<Value, String> {
        let answer = self
            .request(0, Method::POST, &format!("/{name}/sync?{query}"), None)
            .await;
        ensure(answer.status.as_u16() == 200, || {
            format!(
                "the sync of {name} with {query} was answered {}: {}",
                answer.status, answer.text
            )
        })?;
        let report = answer.json();
        check_report(report["outcome"].as_str().unwrap_or_default(), &report)?;
        Ok(report)
    }

    /// The existing integrations: each matches one of its possible states, and none is unexpected.
    async fn present(&self, known: &Known) -> Result<BTreeMap<String, Value>, String> {
        let list = self.request(0, Method::GET, "", None).await.expect(200).json();
        let listed: Vec<&Value> = list["value"].as_array().unwrap().iter().collect();
        let mut present = BTreeMap::new();
        for name in INTEGRATIONS {
            let shown = listed.iter().find(|shown| shown["name"] == name);
            let environments = known.ledger.environments_of(name);
            let apis = known.ledger.below("apis/").filter(|(path, _)| {
                path.split('/').count() == 2 && known.ledger.owner(path).is_some_and(|(owner, _)| owner == name)
            });
            let (held, apis) = (environments.len(), apis.count());
            let wishes = &known.wishes[name];
            ensure(held <= 1, || format!("{name} is in {held} environments"))?;
            let Some(shown) = shown else {
                ensure(held == 0 && apis == 0, || {
                    format!("{name} is not listed and has {apis} APIs in {held} environments")
                })?;
                ensure(wishes.contains(&None), || format!("{name} is gone; it was {wishes:?}"))?;
                continue;
            };
            if held == 0 {
                let state = &shown["properties"]["linkState"];
                ensure(state["state"] == "error", || {
                    format!("{name} is orphaned and shows itself as {state}")
                })?;
                ensure(known.orphans.contains(name), || {
                    format!("{name} left {apis} APIs behind")
                })?;
                continue;
            }
            let fits = |wish: &Value| fits(name, wish, &shown["properties"]);
            ensure(wishes.iter().flatten().any(fits), || {
                format!("{name} is {shown:#}; it was {wishes:?}")
            })?;
            present.insert(name.to_owned(), shown["properties"].clone());
        }
        Ok(present)
    }

    /// Compares what each integration holds with what it should hold.
    fn compare(&self, known: &Known, present: &BTreeMap<String, Value>) -> Result<(), String> {
        let everything = self.cloud.api_center.snapshot();
        let estate = full_estate(&self.cloud.api_gateway);
        for (name, properties) in present {
            let target = properties["targetEnvironmentId"].as_str().unwrap();
            let environment = target.rsplit('/').next().unwrap();
            let path = format!("environments/{environment}");
            let found = everything.get(&path).ok_or_else(|| format!("{path} is gone"))?;
            ensure(holder(found) == Some(name), || format!("{path} does not hold {name}"))?;
            if marker(found, "aws-integration")["madeEnvironment"] == Value::Bool(true) {
                ensure(found["properties"]["server"]["type"] == "AWS API Gateway", || {
                    format!("{path} is {found:#}")
                })?;
            }
            let wishes = Wishes {
                integration: name,
                region: &self.cloud.region,
                environment,
                definitions: properties["importSpecification"] != "never",
            };
            Self::compare_apis(known, &wishes, &estate, &everything)?;
        }
        Ok(())
    }

    fn compare_apis(
        known: &Known,
        wishes: &Wishes<'_>,
        estate: &FullEstate,
        everything: &BTreeMap<String, Value>,
    ) -> Result<(), String> {
        let name = wishes.integration;
        let desired = desired_full_by(wishes, estate);
        let ours = |api: &str| known.ledger.owner(api).is_some_and(|(owner, _)| owner == name);
        let refused = refused(name, estate);
        for (path, wanted) in &desired {
            let (api, stage) = split(path);
            let strange = |kind: &str| known.ledger.is_strange(&api, &format!("{api}/{kind}/{stage}"));
            let in_the_way = everything.contains_key(&api) && !ours(&api);
            if in_the_way || !stage.is_empty() && (strange("versions") || strange("deployments")) {
                continue;
            }
            let found = everything.get(path).ok_or_else(|| format!("{path} is missing"))?;
            let mut wanted = source_owned(path, wanted.clone());
            let definition = format!("{api}/versions/{stage}/definitions/openapi");
            if path.contains("/deployments/") && refused.contains(&definition) {
                // The last good definition stays, if there was one.
                let there = everything.contains_key(&definition) && wishes.definitions;
                wanted["definitionId"] = if there {
                    json!(format!("/workspaces/default/{definition}"))
                } else {
                    Value::Null
                };
            }
            let found = source_owned(path, crate::oracle::what_matters(path, found));
            ensure(found == wanted, || {
                format!("{path} is {found:#} and should be {wanted:#}")
            })?;
            if path.contains("/definitions/") && !refused.contains(path) {
                let urls = &desired[&format!("{api}/deployments/{stage}")]["runtimeUri"];
                let (id, is_default) = (&api[6 + name.len()..], stage == entity_name("$default"));
                let text = everything[path]["content"].as_str().unwrap_or_default();
                let flaw = flaw_of(estate, id, is_default, urls, text);
                ensure(flaw.is_none(), || format!("{path}: {}", flaw.unwrap_or_default()))?;
            }
        }
        for path in everything.keys() {
            let (api, _) = split(path);
            if !ours(&api) || desired.contains_key(path) {
                continue;
            }
            ensure(is_allowed(known, path, &refused), || {
                format!("{path} is left: {:#}", everything[path])
            })?;
        }
        Ok(())
    }

    /// Right after a clean run, another one writes nothing but its outcome.
    fn assert_nothing_new(&self, known: &Known) -> Result<(), String> {
        let all = self.cloud.api_center.changes(0);
        let last = &all[known.last_run..];
        let is_outcome = |change: &&sandbox::api_center::Change| {
            let rest = |value: &Option<Value>| {
                let mut value = value.clone().unwrap_or_default();
                for kept in ["lastSync", "history", "journal"] {
                    value["properties"]["customProperties"]["aws-integration"][kept].take();
                }
                value
            };
            change.path.starts_with("environments/") && rest(&change.before) == rest(&change.after)
        };
        match last.iter().find(|change| !is_outcome(change)) {
            Some(change) => Err(format!("a run after a clean one writes {}: {:#?}", change.path, change)),
            None => Ok(()),
        }
    }
}

/// The integrations that markers name and no environment holds.
fn lost(known: &Known) -> BTreeSet<String> {
    let apis = known
        .ledger
        .below("apis/")
        .filter(|(path, _)| path.split('/').count() == 2);
    let owners = apis.filter_map(|(path, _)| Some(known.ledger.owner(path)?.0));
    owners
        .filter(|owner| known.ledger.environments_of(owner).is_empty())
        .collect()
}

fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// The API of a path, and the name of the stage's entities below it.
fn split(path: &str) -> (String, String) {
    let mut parts = path.split('/');
    let api = parts.by_ref().take(2).collect::<Vec<_>>().join("/");
    (api, parts.nth(1).unwrap_or_default().to_owned())
}

/// Whether an integration shows the requested settings.
fn fits(name: &str, wish: &Value, shown: &Value) -> bool {
    let of = |properties: &Value, pointer: &str| properties.pointer(pointer).cloned().unwrap_or_default();
    let own = json!(format!("/workspaces/default/environments/{name}"));
    let environment = wish.get("targetEnvironmentId").unwrap_or(&own);
    let same = [
        "/importSpecification",
        "/targetLifecycleStage",
        "/amazonApiGatewaySource/accessKey",
    ];
    shown["targetEnvironmentId"] == *environment && same.iter().all(|pointer| of(wish, pointer) == of(shown, pointer))
}

/// The definitions of stages that cannot be exported.
fn refused(integration: &str, estate: &FullEstate) -> BTreeSet<String> {
    let is_refused = |definition: &Definition| matches!(definition, Definition::Refused(_));
    let rest = estate.rest.iter().flat_map(|(api, stages)| {
        let refused = stages.iter().filter(|stage| is_refused(&stage.definition));
        refused.map(|stage| (api.id.as_str(), stage.name.as_str()))
    });
    let v2 = estate.v2.iter().flat_map(|(api, stages)| {
        let refused = stages.iter().filter(|stage| is_refused(&stage.definition));
        refused.map(|stage| (api.id.as_str(), stage.name.as_str()))
    });
    let path = |(id, stage): (&str, &str)| {
        let name = entity_name(stage);
        format!("apis/{integration}-{id}/versions/{name}/definitions/openapi")
    };
    rest.chain(v2).map(path).collect()
}

/// Whether something may exist below an API without the source.
fn is_allowed(known: &Known, path: &str, refused: &BTreeSet<String>) -> bool {
    let (api, _) = split(path);
    if refused.contains(path) || known.ledger.is_strange(&api, path) {
        return true;
    }
    let Some(entry) = known.ledger.get(path) else {
        return false;
    };
    // A version stays with a person's definitions in it, and is theirs from then on.
    let kept = |path: &str| {
        known
            .ledger
            .below(&format!("{path}/"))
            .any(|(_, entry)| entry.made_by == Author::Person)
    };
    entry.made_by == Author::Person && path.contains("/definitions/") || kept(path)
}
