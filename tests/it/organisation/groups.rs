//! Groups: what is one API to people is one in the catalog, and moves there with what people wrote on it.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::api_gateway::{Definition, RestApi, Stage};
use sandbox::company::Company;
use sandbox::estate::{Estate, FullEstate};
use sandbox::faults::Fault;
use sandbox::organizations::Member;
use serde_json::{Value, json};

use super::{ACCOUNTS, all_accounts, document};
use crate::world::{SHOP, World};

/// The API of an account in a region: its id and its name.
type Api<'a> = (&'a str, &'a str);

fn stage() -> Stage {
    let document = json!({ "openapi": "3.0.1", "info": { "title": "Orders" }, "paths": {} });
    Stage::new("prod", "d1", Definition::from(document))
}

/// A REST API with the stage `prod` and this tag `service`.
fn tagged(id: &str, name: &str, service: &str) -> (RestApi, Vec<Stage>) {
    let api = RestApi {
        tags: BTreeMap::from([("service".to_owned(), service.to_owned())]),
        ..RestApi::new(id, name)
    };
    (api, vec![stage()])
}

/// A world with a company of these accounts, each with one API in us-east-1, and no integration.
async fn founded(apis: &[Api<'_>], service: &str) -> (World, Company) {
    let world = World::start().await;
    let company = Company {
        members: ACCOUNTS.map(|account| Member::new(account, account)).into(),
        regions: vec!["us-east-1".to_owned()],
        ..Company::default()
    };
    company.found(&world.cloud, |account, _| {
        let place = ACCOUNTS.iter().position(|known| *known == account);
        let api = place.and_then(|place| apis.get(place));
        let apis = api.map(|(id, name)| tagged(id, name, service));
        FullEstate::from(apis.into_iter().collect::<Estate>())
    });
    (world, company)
}

const ORDERS: [Api<'_>; 3] = [
    ("orders1111", "Orders"),
    ("orders2222", "Orders"),
    ("orders3333", "Orders"),
];

fn grouped(company: &Company, group_by: &str) -> Value {
    let mut document = document(company, &all_accounts());
    document["properties"]["groupBy"] = json!(group_by);
    document
}

/// The names of the integration's APIs in the catalog.
fn apis(world: &World) -> BTreeSet<String> {
    let prefix = format!("apis/{SHOP}-");
    let names = world.inventory().into_keys();
    let apis = names.filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned));
    apis.filter(|name| !name.contains('/')).collect()
}

/// The names of what is directly below an API.
fn below(world: &World, api: &str, kind: &str) -> Vec<String> {
    let prefix = format!("apis/{SHOP}-{api}/{kind}/");
    let names = world.inventory().into_keys();
    let below = names.filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned));
    below.filter(|name| !name.contains('/')).collect()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Runs until a run has nothing left to do; returns its report.
async fn settle(world: &World) -> Value {
    for _ in 0..5 {
        let report = world.sync("").await.json();
        if report["remaining"] == 0 {
            return report;
        }
    }
    panic!("it does not come to its end: {:#}", world.last_sync().await);
}

async fn nothing_is_left_to_write(world: &World) {
    let before = world.all_writes();
    let report = world.sync("").await.expect(200).json();
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(
        world.all_writes() - before,
        1,
        "nothing but the outcome: {:?}",
        world.writes()
    );
}

#[tokio::test]
async fn one_api_of_three_accounts_is_one_in_the_catalog_with_a_deployment_for_each() {
    let (world, company) = founded(&ORDERS, "orders").await;
    world.put(SHOP, grouped(&company, "tag:service")).await.expect(201);
    assert_eq!(apis(&world), set(&["orders"]));
    assert_eq!(below(&world, "orders", "versions"), ["prod"]);
    assert_eq!(below(&world, "orders", "deployments").len(), 3);
    let definitions = world
        .inventory()
        .into_keys()
        .filter(|path| path.contains("/definitions/"));
    assert_eq!(definitions.count(), 1, "the three documents are one");
    let accounts = &world.properties("apis/shop-orders")["customProperties"]["aws-account"];
    assert_eq!(*accounts, json!(ACCOUNTS));
    nothing_is_left_to_write(&world).await;
    assert_eq!(world.last_sync().await["unchanged"], 1);
}

#[tokio::test]
async fn sources_that_disagree_are_named_by_a_plan_and_nothing_changes_to_and_fro() {
    let (world, company) = founded(&ORDERS, "orders").await;
    let source = |name: &str, accounts: &[&str], stage: &str| {
        let mut source = company.source(name, &json!(accounts));
        source["targetLifecycleStage"] = json!(stage);
        source
    };
    let sources = [
        source("prod", &ACCOUNTS[2..], "production"),
        source("dev", &ACCOUNTS[..2], "development"),
    ];
    let document = json!({ "properties": { "amazonApiGatewaySources": sources, "groupBy": "tag:service" } });
    world.put(SHOP, document).await.expect(201);
    let version = world.properties("apis/shop-orders/versions/prod");
    assert_eq!(version["lifecycleStage"], "production", "the first source's");
    let plan = world.get(&format!("{SHOP}/plan")).await.expect(200).json();
    let told = plan["disagreements"].to_string();
    assert!(
        told.contains("lifecycleStage of apis/shop-orders/versions/prod: 111111111111/us-east-1/orders1111"),
        "{told}"
    );
    assert_eq!(plan["changes"], json!([]));
    nothing_is_left_to_write(&world).await;
}

#[tokio::test]
async fn starts_and_ends_of_names_are_taken_off_and_an_empty_tag_makes_no_group() {
    let apis_of = [
        ("orders1111", "dev-orders"),
        ("orders2222", "orders-prod"),
        ("orders3333", "orders"),
    ];
    let (world, company) = founded(&apis_of, "").await;
    let mut document = grouped(&company, "name");
    document["properties"]["groupTrim"] = json!(["dev-", "-prod"]);
    world.put(SHOP, document).await.expect(201);
    assert_eq!(apis(&world), set(&["orders"]));
    world.put("other", grouped(&company, "tag:service")).await.expect(201);
    let others = world
        .inventory()
        .into_keys()
        .filter(|path| path.starts_with("apis/other-"));
    let others: BTreeSet<String> = others.filter(|path| path.matches('/').count() == 1).collect();
    assert_eq!(others.len(), 3, "{others:?}");
}

/// Adds people's values to an API, its version and its deployment.
fn write_on(world: &World, api: &str, deployment: &str, author: &str) {
    world.edit(&format!("apis/{SHOP}-{api}"), |api| {
        api["summary"] = json!(format!("Summary {author}"));
        api["contacts"] = json!([{ "name": author }]);
    });
    world.edit(&format!("apis/{SHOP}-{api}/deployments/{deployment}"), |deployment| {
        deployment["description"] = json!(format!("Called by {author}"));
    });
}

#[tokio::test]
async fn a_group_takes_over_what_people_wrote_and_gives_it_back() {
    let (world, company) = founded(&ORDERS, "orders").await;
    world.put(SHOP, grouped(&company, "none")).await.expect(201);
    write_on(&world, "orders1111", "prod", "one");
    world.edit("apis/shop-orders2222/deployments/prod", |deployment| {
        deployment["description"] = json!("Called by two");
    });
    world.edit("apis/shop-orders1111/versions/prod", |version| {
        version["lifecycleStage"] = json!("production");
    });

    world.put(SHOP, grouped(&company, "tag:service")).await.expect(200);
    let report = world.last_sync().await;
    assert_eq!(
        apis(&world).len(),
        4,
        "each stays where it was until it has arrived: {report:#}"
    );
    let message = "3 APIs have moved to another API of the catalog: the next run removes what they left behind";
    assert_eq!(report["message"], message);
    let report = settle(&world).await;
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("succeeded"), &json!(3)),
        "{report:#}"
    );
    assert_eq!(apis(&world), set(&["orders"]));
    let orders = world.properties("apis/shop-orders");
    assert_eq!(
        (&orders["summary"], &orders["contacts"]),
        (&json!("Summary one"), &json!([{ "name": "one" }]))
    );
    let version = world.properties("apis/shop-orders/versions/prod");
    assert_eq!(version["lifecycleStage"], "production");
    let texts = || -> BTreeSet<String> {
        let deployments = below(&world, "orders", "deployments");
        let texts = deployments
            .iter()
            .map(|name| world.properties(&format!("apis/shop-orders/deployments/{name}")));
        texts
            .filter_map(|deployment| deployment["description"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(texts(), set(&["Called by one", "Called by two"]));
    nothing_is_left_to_write(&world).await;

    world.put(SHOP, grouped(&company, "none")).await.expect(200);
    let report = settle(&world).await;
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(apis(&world), set(&["orders1111", "orders2222", "orders3333"]));
    for (api, word) in [("orders1111", "one"), ("orders2222", "two")] {
        let deployment = world.properties(&format!("apis/shop-{api}/deployments/prod"));
        assert_eq!(deployment["description"], format!("Called by {word}"));
        let version = world.properties(&format!("apis/shop-{api}/versions/prod"));
        assert_eq!(
            version["lifecycleStage"], "production",
            "it was that of the whole group"
        );
        assert_eq!(world.properties(&format!("apis/shop-{api}"))["summary"], "Summary one");
    }
    nothing_is_left_to_write(&world).await;
}

#[tokio::test]
async fn what_people_wrote_and_finds_no_place_is_held_by_name() {
    let (world, company) = founded(&ORDERS, "orders").await;
    world.put(SHOP, grouped(&company, "none")).await.expect(201);
    write_on(&world, "orders1111", "prod", "one");
    write_on(&world, "orders2222", "prod", "two");
    world.put(SHOP, grouped(&company, "tag:service")).await.expect(200);
    let report = settle(&world).await;
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("held"), &json!(2)),
        "{report:#}"
    );
    let message = report["message"].as_str().unwrap();
    let named = "apis/shop-orders2222 has moved to apis/shop-orders, which still lacks its summary, contacts";
    assert!(message.contains(named), "{message}");
    assert_eq!(apis(&world), set(&["orders", "orders2222"]));
    assert_eq!(world.properties("apis/shop-orders2222")["summary"], "Summary two");
    // A person takes what is worth it along, and the rest goes.
    world.edit("apis/shop-orders2222", |api| {
        api["summary"] = json!("Summary one");
        api["contacts"] = json!([{ "name": "one" }]);
    });
    let report = settle(&world).await;
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("succeeded"), &json!(1)),
        "{report:#}"
    );
    assert_eq!(apis(&world), set(&["orders"]));
}

fn broken() -> Fault {
    Fault::Answer {
        status: reqwest::StatusCode::INTERNAL_SERVER_ERROR,
        headers: reqwest::header::HeaderMap::default(),
        body: "{}".into(),
    }
}

#[tokio::test]
async fn a_move_that_fails_at_any_write_is_ended_by_the_next_runs_and_loses_nothing() {
    for skip in 0..14 {
        let (world, company) = founded(&ORDERS[..2], "orders").await;
        world.put(SHOP, grouped(&company, "none")).await.expect(201);
        write_on(&world, "orders1111", "prod", "one");
        world.fail_write(skip, Some(4), broken());
        world.put(SHOP, grouped(&company, "tag:service")).await;
        world.call(reqwest::Method::POST, "integrations/shop/sync", None).await;
        world.cloud.faults.clear();
        world.put(SHOP, grouped(&company, "tag:service")).await;
        let report = settle(&world).await;
        assert_eq!(report["outcome"], "succeeded", "{skip}: {report:#}");
        assert_eq!(apis(&world), set(&["orders"]), "{skip}");
        assert_eq!(below(&world, "orders", "deployments").len(), 2, "{skip}");
        assert_eq!(world.properties("apis/shop-orders")["summary"], "Summary one", "{skip}");
        nothing_is_left_to_write(&world).await;
    }
}

#[tokio::test]
async fn retagging_moves_one_member_to_another_group() {
    let (world, company) = founded(&ORDERS, "orders").await;
    world.put(SHOP, grouped(&company, "tag:service")).await.expect(201);
    world.edit("apis/shop-orders", |api| api["summary"] = json!("All orders"));
    let gateway = world.cloud.gateway(ACCOUNTS[2], "us-east-1");
    gateway.put_rest_api(tagged(ORDERS[2].0, "Orders", "returns").0);
    // A sync of this API alone begins with it, and a whole run ends it.
    world.sync(&format!("api={}", ORDERS[2].0)).await;
    assert_eq!(below(&world, "returns", "deployments").len(), 1);
    assert_eq!(below(&world, "orders", "deployments").len(), 3);
    let report = settle(&world).await;
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(apis(&world), set(&["orders", "returns"]));
    assert_eq!(below(&world, "orders", "deployments").len(), 2);
    assert_eq!(below(&world, "returns", "deployments").len(), 1);
    assert_eq!(world.properties("apis/shop-returns")["summary"], "All orders");
    assert_eq!(
        world.properties("apis/shop-orders")["customProperties"]["aws-account"],
        json!(ACCOUNTS[..2])
    );
    nothing_is_left_to_write(&world).await;
}

#[tokio::test]
async fn a_member_that_cannot_be_read_every_other_run_changes_nothing() {
    let (mut world, company) = founded(&ORDERS, "orders").await;
    world.put(SHOP, grouped(&company, "tag:service")).await.expect(201);
    world.restart_with(&[]).await;
    let before = world.inventory();
    for account in [0, 1, 2] {
        let role = company.member_role_arn(ACCOUNTS[account]);
        world.cloud.sts.remove_role(&role);
        let report = world.sync("").await.expect(200).json();
        assert_eq!(report["outcome"], "partial", "{report:#}");
        assert_eq!(world.inventory(), before, "{account}");
        company.join(&world.cloud, Member::new(ACCOUNTS[account], ACCOUNTS[account]));
        nothing_is_left_to_write(&world).await;
        assert_eq!(world.inventory(), before, "{account}");
    }
}

#[tokio::test]
async fn a_member_whose_account_left_is_held_and_its_deployment_goes_once_that_is_confirmed() {
    let (world, company) = founded(&ORDERS, "orders").await;
    world.put(SHOP, grouped(&company, "tag:service")).await.expect(201);
    let mut fewer = document(&company, &json!(ACCOUNTS[..2]));
    fewer["properties"]["groupBy"] = json!("tag:service");
    world.put(SHOP, fewer).await.expect(200);
    let report = settle(&world).await;
    assert_eq!(report["outcome"], "held", "{report:#}");
    assert_eq!(
        below(&world, "orders", "deployments").len(),
        3,
        "nothing is deleted unasked"
    );
    let gateways = report["gateways"].as_array().unwrap();
    let held: Vec<&Value> = gateways.iter().filter(|gateway| gateway["held"] == 1).collect();
    assert_eq!(held.len(), 1, "{report:#}");
    assert_eq!(
        (&held[0]["account"], &held[0]["state"]),
        (&json!(ACCOUNTS[2]), &json!("departed"))
    );
    let id = report["deletionsId"].as_str().unwrap();
    let report = world.sync(&format!("confirmDeletions={id}")).await.expect(200).json();
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(below(&world, "orders", "deployments").len(), 2);
    assert_eq!(
        world.properties("apis/shop-orders")["customProperties"]["aws-account"],
        json!(ACCOUNTS[..2])
    );
    nothing_is_left_to_write(&world).await;
}

#[tokio::test]
async fn a_member_that_is_gone_takes_its_deployment_along_and_the_last_one_the_api() {
    let (world, company) = founded(&ORDERS, "orders").await;
    world.put(SHOP, grouped(&company, "tag:service")).await.expect(201);
    world
        .cloud
        .gateway(ACCOUNTS[0], "us-east-1")
        .remove_rest_api(ORDERS[0].0);
    // A gateway without any of its APIs is suspicious, whatever group they are in.
    let report = settle(&world).await;
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    assert_eq!(below(&world, "orders", "deployments").len(), 2);
    nothing_is_left_to_write(&world).await;
    for account in [1, 2] {
        let gateway = world.cloud.gateway(ACCOUNTS[account], "us-east-1");
        gateway.remove_rest_api(ORDERS[account].0);
    }
    let report = settle(&world).await;
    assert_eq!(report["outcome"], "held", "{report:#}");
    let id = report["deletionsId"].as_str().unwrap();
    world.sync(&format!("confirmDeletions={id}")).await.expect(200);
    assert_eq!(apis(&world), BTreeSet::new());
}

#[tokio::test]
async fn the_eleventh_deployment_finds_no_place_and_its_api_stays_true_where_it_was() {
    let world = World::start().await;
    let company = Company {
        members: (1..=11)
            .map(|number| Member::new(format!("{number:012}"), format!("Account {number}")))
            .collect(),
        regions: vec!["us-east-1".to_owned()],
        ..Company::default()
    };
    company.found(&world.cloud, |account, _| {
        let id = format!("orders{}", &account[8..]);
        FullEstate::from([tagged(&id, "Orders", "orders")].into_iter().collect::<Estate>())
    });
    let accounts: Vec<String> = company.members.iter().map(|member| member.id.clone()).collect();
    let document = |group_by: &str| {
        let mut document = document(&company, &json!(accounts));
        document["properties"]["groupBy"] = json!(group_by);
        document
    };
    world.put(SHOP, document("none")).await.expect(201);
    assert_eq!(apis(&world).len(), 11);
    world.put(SHOP, document("tag:service")).await.expect(200);
    let report = settle(&world).await;
    assert_eq!(apis(&world), set(&["orders", "orders0011"]), "{report:#}");
    assert_eq!(below(&world, "orders", "deployments").len(), 10);
    assert_eq!(report["skipped"][0]["reason"], "TooManyDeployments", "{report:#}");
    world
        .cloud
        .gateway(&accounts[10], "us-east-1")
        .put_stage("orders0011", Stage::new("new", "d2", json!({})));
    settle(&world).await;
    assert_eq!(below(&world, "orders0011", "versions"), ["new", "prod"]);
    nothing_is_left_to_write(&world).await;
    // With a place of its own it goes there.
    world
        .cloud
        .gateway(&accounts[0], "us-east-1")
        .remove_rest_api("orders0001");
    world
        .cloud
        .gateway(&accounts[10], "us-east-1")
        .remove_stage("orders0011", "new");
    settle(&world).await;
    settle(&world).await;
    assert_eq!(apis(&world), set(&["orders"]));
}
