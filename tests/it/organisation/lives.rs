//! Lives of a company at random: APIs come, go and change their groups, accounts deny their roles, people write.
//!
//! After each sync, what is gone from the catalog must be gone from a gateway that could be read. In the end all
//! accounts can be read, what is held is confirmed, and the catalog must be what an oracle says that only knows the
//! gateways.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sandbox::api_gateway::{RestApi, Stage};
use sandbox::company::Company;
use sandbox::estate::{Estate, FullEstate};
use serde_json::{Value, json};

use super::{ACCOUNTS, REGIONS, all_accounts, document};
use crate::world::{SHOP, World};

/// Lives that a plain test run plays; more are read from `ORGANISATION_LIVES`.
const LIVES: u32 = 6;
/// The values of the grouping tag; an API with the last one stands alone.
const SERVICES: [&str; 4] = ["orders", "returns", "stock", ""];
const STAGES: [&str; 2] = ["prod", "test"];

/// A step of a life.
#[derive(Debug, Clone)]
enum Step {
    /// A gateway gets an API, or it has it already and its tag changes.
    Tag {
        place: usize,
        number: usize,
        service: usize,
    },
    /// It loses it.
    Remove { place: usize, number: usize },
    /// An API gets a stage.
    Deploy { place: usize, number: usize, stage: usize },
    /// An account denies its role, or no longer does.
    Deny { account: usize, denied: bool },
    /// A person edits an API or a deployment, or creates a deployment.
    Write { pick: usize, what: usize },
    /// The grouping changes.
    GroupBy { grouped: bool },
    /// The rest is synchronised.
    Sync,
}

fn step() -> impl Strategy<Value = Step> {
    let place = 0..ACCOUNTS.len() * REGIONS.len();
    let number = 0..2_usize;
    prop_oneof![
        4 => (place.clone(), number.clone(), 0..SERVICES.len())
            .prop_map(|(place, number, service)| Step::Tag { place, number, service }),
        1 => (place.clone(), number.clone()).prop_map(|(place, number)| Step::Remove { place, number }),
        1 => (place, number, 0..STAGES.len()).prop_map(|(place, number, stage)| Step::Deploy { place, number, stage }),
        2 => (0..ACCOUNTS.len(), any::<bool>()).prop_map(|(account, denied)| Step::Deny { account, denied }),
        2 => (any::<prop::sample::Index>(), 0..3_usize).prop_map(|(pick, what)| Step::Write { pick: pick.index(64), what }),
        1 => any::<bool>().prop_map(|grouped| Step::GroupBy { grouped }),
        4 => Just(Step::Sync),
    ]
}

/// The APIs on the gateways: by place and number, their service and stages.
type Apis = BTreeMap<(usize, usize), (usize, BTreeSet<usize>)>;

struct Player {
    world: World,
    company: Company,
    apis: Apis,
    denied: BTreeSet<usize>,
    grouped: bool,
    /// People's entities.
    theirs: BTreeSet<String>,
}

impl Player {
    async fn start() -> Self {
        let world = World::start().await;
        let company = Company::default();
        company.found(&world.cloud, |_, _| FullEstate::from(Estate::default()));
        let player = Self {
            world,
            company,
            apis: Apis::new(),
            denied: BTreeSet::new(),
            grouped: true,
            theirs: BTreeSet::new(),
        };
        assert!(player.put(true).await);
        player
    }

    /// Whether the `PUT` took effect: while too little can be read, it may be refused.
    async fn put(&self, grouped: bool) -> bool {
        let mut document = document(&self.company, &all_accounts());
        let group_by = if grouped { "tag:service" } else { "none" };
        document["properties"]["groupBy"] = json!(group_by);
        let answer = self.world.put(SHOP, document).await;
        assert!(!answer.status.is_server_error(), "{}", answer.text);
        answer.status.is_success()
    }

    async fn play(&mut self, step: &Step) {
        match *step {
            Step::Tag { place, number, service } => {
                let stages = self.apis.get(&(place, number)).map(|(_, stages)| stages.clone());
                let stages = stages.unwrap_or_else(|| BTreeSet::from([0]));
                self.apis.insert((place, number), (service, stages));
                self.show(place, number);
            }
            Step::Remove { place, number } => {
                if self.apis.remove(&(place, number)).is_some() {
                    self.gateway(place).remove_rest_api(&id(place, number));
                }
            }
            Step::Deploy { place, number, stage } => {
                if let Some((_, stages)) = self.apis.get_mut(&(place, number)) {
                    stages.insert(stage);
                    self.show(place, number);
                }
            }
            Step::Deny { account, denied } => {
                let role = self.company.member_role_arn(ACCOUNTS[account]);
                if denied && self.denied.insert(account) {
                    self.world.cloud.sts.remove_role(&role);
                } else if !denied && self.denied.remove(&account) {
                    self.company
                        .join(&self.world.cloud, self.company.members[account].clone());
                }
            }
            Step::Write { pick, what } => self.write(pick, what),
            Step::GroupBy { grouped } => {
                let before = self.urls();
                if self.put(grouped).await {
                    self.grouped = grouped;
                }
                self.judge(&before, "PUT");
            }
            Step::Sync => {
                let before = self.urls();
                let answer = self.world.sync("").await;
                self.judge(&before, &answer.text);
            }
        }
    }

    fn gateway(&self, place: usize) -> std::sync::Arc<sandbox::api_gateway::ApiGateway> {
        let (account, region) = (ACCOUNTS[place / REGIONS.len()], REGIONS[place % REGIONS.len()]);
        self.world.cloud.gateway(account, region)
    }

    /// Makes a gateway's API what it is.
    fn show(&self, place: usize, number: usize) {
        let (service, stages) = &self.apis[&(place, number)];
        let gateway = self.gateway(place);
        gateway.put_rest_api(RestApi {
            tags: BTreeMap::from([("service".to_owned(), SERVICES[*service].to_owned())]),
            ..RestApi::new(id(place, number), format!("Api {number}"))
        });
        for stage in stages {
            let document = json!({ "openapi": "3.0.1", "info": { "title": "Api" }, "paths": {} });
            gateway.put_stage(&id(place, number), Stage::new(STAGES[*stage], "d1", document));
        }
    }

    fn write(&mut self, pick: usize, what: usize) {
        let paths: Vec<String> = self.world.inventory().into_keys().collect();
        let kind = if what == 0 { "/deployments/" } else { "apis/" };
        let is_meant = |path: &&String| match what {
            0 => path.contains(kind) && !self.theirs.contains(*path),
            _ => path.matches('/').count() == 1,
        };
        let meant: Vec<&String> = paths.iter().filter(is_meant).collect();
        let Some(path) = (!meant.is_empty()).then(|| meant[pick % meant.len()].clone()) else {
            return;
        };
        match what {
            0 => self.world.edit(&path, |deployment| {
                deployment["description"] = json!(format!("by hand {pick}"));
            }),
            1 => self.world.edit(&path, |api| {
                api["summary"] = json!(format!("by hand {pick}"));
            }),
            _ => {
                let theirs = format!("{path}/deployments/by-hand-{pick}");
                let properties = json!({ "title": "By hand", "server": { "runtimeUri": ["https://example.test"] } });
                if self.world.catalog().put(&theirs, properties).is_ok() {
                    self.theirs.insert(theirs);
                }
            }
        }
    }

    /// The URLs of the deployments that are the integration's, with the names of their APIs.
    fn urls(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut urls: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (path, entity) in self.world.inventory() {
            let Some((api, _)) = path.split_once("/deployments/") else {
                continue;
            };
            if !self.theirs.contains(&path) {
                let url = entity["properties"]["server"]["runtimeUri"][0].as_str().unwrap();
                urls.entry(url.to_owned()).or_default().insert(api.to_owned());
            }
        }
        urls
    }

    /// Checks that nothing that may be in AWS was removed, and nothing of people's.
    fn judge(&self, before: &BTreeMap<String, BTreeSet<String>>, answer: &str) {
        let after = self.urls();
        let there: BTreeSet<String> = self.expected().into_values().flatten().collect();
        for url in before.keys().filter(|url| !after.contains_key(*url)) {
            assert!(!there.contains(url), "{url} is gone, and Amazon has it: {answer}");
            let is_denied = self
                .denied
                .iter()
                .any(|account| url.contains(&format!("//{}", &ACCOUNTS[*account][..3])));
            assert!(!is_denied, "{url} is gone, and nobody could look: {answer}");
        }
        for path in &self.theirs {
            assert!(self.world.has(path), "{path} was a person's: {answer}");
        }
    }

    /// The desired URLs of the deployments, by API.
    fn expected(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((place, number), (service, stages)) in &self.apis {
            let is_grouped = self.grouped && !SERVICES[*service].is_empty();
            let key = if is_grouped {
                SERVICES[*service].to_owned()
            } else {
                id(*place, *number)
            };
            let region = REGIONS[place % REGIONS.len()];
            let urls = stages.iter().map(|stage| {
                let id = id(*place, *number);
                format!("https://{id}.execute-api.{region}.amazonaws.com/{}", STAGES[*stage])
            });
            expected.entry(format!("apis/{SHOP}-{key}")).or_default().extend(urls);
        }
        expected
    }

    /// Lets everything be read and confirmed, and compares.
    async fn settle(&mut self) {
        for account in 0..ACCOUNTS.len() {
            self.play(&Step::Deny { account, denied: false }).await;
        }
        let mut report = Value::Null;
        for _ in 0..10 {
            let query = match report["deletionsId"].as_str() {
                Some(id) => format!("confirmDeletions={id}"),
                None => String::new(),
            };
            report = self.world.sync(&query).await.json();
            if report["outcome"] == "succeeded" {
                break;
            }
        }
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (url, apis) in self.urls() {
            for api in apis {
                found.entry(api).or_default().insert(url.clone());
            }
        }
        let mut expected = self.expected();
        // Ten places, some of which people take.
        let is_full = report["skipped"].as_array().is_some_and(|skipped| !skipped.is_empty());
        if is_full {
            return;
        }
        expected.retain(|_, urls| !urls.is_empty());
        assert_eq!(found, expected, "{report:#}");
        let before = self.world.all_writes();
        self.world.sync("").await;
        assert_eq!(self.world.all_writes() - before, 1, "{:?}", self.world.writes());
        for path in &self.theirs {
            assert!(self.world.has(path), "{path} was a person's");
        }
    }
}

/// An id that identifies the account.
fn id(place: usize, number: usize) -> String {
    format!("{}api{place}{number}aa", &ACCOUNTS[place / REGIONS.len()][..3])
}

#[test]
fn whatever_happens_in_a_company_its_groups_are_right_once_all_is_quiet() {
    #[expect(clippy::disallowed_methods, reason = "the extent of a test is no setting of the app")]
    let lives = std::env::var("ORGANISATION_LIVES").ok();
    let config = ProptestConfig {
        cases: lives.map_or(LIVES, |lives| lives.parse().unwrap()),
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_241_128),
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in prop::collection::vec(step(), 10..30))| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut player = Player::start().await;
            for step in &steps {
                player.play(step).await;
            }
            player.settle().await;
        });
    });
}
