//! Many gateways in one integration: the accounts and regions of a company.

mod groups;
mod lives;
mod refused;
mod unread;

use std::collections::BTreeSet;

use sandbox::api_gateway::{Definition, RestApi, Stage};
use sandbox::company::Company;
use sandbox::estate::FullEstate;
use sandbox::faults::{FaultRule, Matcher};
use sandbox::organizations::{Member, OrganizationsError};
use sandbox::record::{Exchange, Service};
use sandbox::{inventory, scenario};
use serde_json::{Value, json};

use crate::world::{SHOP, World};

/// The accounts of the usual company, and its regions.
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// Two APIs with a stage each, with ids that no other gateway has.
fn estate(account: &str, region: &str) -> FullEstate {
    let place = REGIONS.iter().position(|known| *known == region).unwrap_or(9);
    let api = |number: usize| {
        let id = format!("{}{place}{number}api", &account[..3]);
        let stage = Stage::new(
            "prod",
            "d1",
            Definition::from(json!({ "openapi": "3.0.1", "info": { "title": "Orders" }, "paths": {} })),
        );
        (
            RestApi::new(&id, format!("Orders {number} of {account} in {region}")),
            vec![stage],
        )
    };
    vec![api(1), api(2)]
        .into_iter()
        .collect::<sandbox::estate::Estate>()
        .into()
}

/// A world with a company whose integration reads these accounts, or the organisation.
async fn company(accounts: Value) -> (World, Company) {
    let (world, company) = founded().await;
    world.put(SHOP, document(&company, &accounts)).await.expect(201);
    (world, company)
}

/// A world with a company, and no integration.
async fn founded() -> (World, Company) {
    let world = World::start().await;
    let company = Company::default();
    company.found(&world.cloud, estate);
    (world, company)
}

fn document(company: &Company, accounts: &Value) -> Value {
    json!({ "properties": { "amazonApiGatewaySources": [company.source("prod", accounts)] } })
}

fn all_accounts() -> Value {
    json!(ACCOUNTS)
}

fn organization() -> Value {
    json!({ "organization": true })
}

/// The ids of the APIs that are in the catalog.
fn in_catalog(world: &World) -> BTreeSet<String> {
    let prefix = format!("apis/{SHOP}-");
    let names = world.inventory().into_keys();
    let apis = names.filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned));
    apis.filter(|name| !name.contains('/')).collect()
}

/// The ids that the usual gateways of these accounts have.
fn ids(accounts: &[&str]) -> BTreeSet<String> {
    let places = accounts.iter().flat_map(|account| [0, 1].map(|place| (account, place)));
    places
        .flat_map(|(account, place)| [1, 2].map(|number| format!("{}{place}{number}api", &account[..3])))
        .collect()
}

/// The gateways of a report: `account/region state`.
fn states(report: &Value) -> Vec<String> {
    let gateways = report["gateways"].as_array().unwrap().iter();
    let told = gateways.map(|gateway| {
        let account = gateway["account"].as_str().unwrap_or("-");
        format!(
            "{account}/{} {}",
            gateway["region"].as_str().unwrap(),
            gateway["state"].as_str().unwrap()
        )
    });
    told.collect()
}

fn token_calls(world: &World) -> usize {
    world
        .cloud
        .record
        .count(|exchange: &Exchange| exchange.service == Service::Sts)
}

#[tokio::test]
async fn the_company_that_the_sandbox_shows_is_an_api_for_each_service_but_for_one_account() {
    let world = World::start().await;
    let report = scenario::found_company(&world.cloud, &world.host).await.unwrap();
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    let table = inventory::gateways(&report);
    let rows: Vec<String> = table
        .lines()
        .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    // Those that there is something to say of come first.
    assert_eq!(
        rows,
        [
            "ACCOUNT REGION STATE APIS",
            "222222222222 eu-west-1 denied",
            "222222222222 us-east-1 denied",
            "111111111111 eu-west-1 read 2",
            "111111111111 us-east-1 read 2",
            "333333333333 eu-west-1 read 2",
            "333333333333 us-east-1 read 2",
        ]
    );
    let mut catalog = world.cloud.api_center.snapshot();
    catalog.retain(|path, _| path.starts_with("apis/company-"));
    let table = inventory::table(&catalog);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect())
        .collect();
    let row = |name| vec![name, "rest", name.strip_prefix("company-").unwrap(), "live", "1", "4"];
    assert_eq!(rows, [row("company-orders"), row("company-payments")]);
}

#[tokio::test]
async fn every_account_in_every_region_is_in_the_catalog_and_a_second_run_writes_its_outcome_only() {
    let (world, _) = company(all_accounts()).await;
    assert_eq!(in_catalog(&world), ids(&ACCOUNTS));
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    let read: Vec<String> = ACCOUNTS
        .iter()
        .flat_map(|account| ["eu-west-1", "us-east-1"].map(|region| format!("{account}/{region} read")))
        .collect();
    assert_eq!(states(&report), read);
    assert_eq!(report["gateways"][0]["source"], "prod");
    let source = world.properties("apis/shop-11101api")["customProperties"]["aws-sync"]["source"].clone();
    assert_eq!(source, "111111111111/us-east-1/11101api");

    world.cloud.record.clear();
    world.run_timer().await;
    assert_eq!((world.writes(), world.all_writes()), (Vec::new(), 1));
    // The hub's session, and one for each account.
    assert_eq!(token_calls(&world), 1 + ACCOUNTS.len());
    // Each gateway: three lists, and the stages of two APIs.
    assert_eq!(world.gateway_calls(""), 6 * 5);
}

#[tokio::test]
async fn the_accounts_of_an_organisation_are_read_but_for_those_that_are_not_active() {
    let (world, company) = founded().await;
    company.join(
        &world.cloud,
        Member {
            state: Some("CLOSED".to_owned()),
            status: None,
            ..Member::new("444444444444", "Old")
        },
    );
    company.join(
        &world.cloud,
        Member {
            state: None,
            status: None,
            ..Member::new("555555555555", "Strange")
        },
    );
    world.put(SHOP, document(&company, &organization())).await.expect(201);
    assert_eq!(in_catalog(&world), ids(&ACCOUNTS));
    let report = world.last_sync().await;
    // The management account and the hub have no member role; the catalog has nothing of theirs.
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    let states = states(&report);
    for (gateway, state) in [
        ("100000000001/eu-west-1", "denied"),
        ("100000000002/us-east-1", "denied"),
        ("444444444444/us-east-1", "inactive"),
        ("555555555555/eu-west-1", "inactive"),
        ("333333333333/eu-west-1", "read"),
    ] {
        assert!(
            states.contains(&format!("{gateway} {state}")),
            "{gateway} {state}: {states:?}"
        );
    }
    let doctor = world.call(reqwest::Method::GET, "integrations/shop/doctor", None).await;
    let doctor = doctor.expect(200).json();
    let told = doctor["checks"].to_string();
    assert!(
        told.contains("StackSets never deploy to the management account"),
        "{told}"
    );
}

#[tokio::test]
async fn an_account_that_left_departs_and_is_deleted_once_that_is_confirmed() {
    let (world, company) = company(all_accounts()).await;
    let left = json!(["111111111111", "333333333333"]);
    world.put(SHOP, document(&company, &left)).await.expect(200);
    world.run_timer().await;
    assert_eq!(in_catalog(&world), ids(&ACCOUNTS), "nothing is deleted unasked");
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "held", "{report:#}");
    let gateways = report["gateways"].as_array().unwrap();
    let departed: Vec<&Value> = gateways
        .iter()
        .filter(|gateway| gateway["state"] == "departed")
        .collect();
    assert_eq!(departed.len(), 2, "{report:#}");
    assert!(
        departed
            .iter()
            .all(|gateway| gateway["account"] == "222222222222" && gateway["held"] == 2)
    );
    let message = report["message"].as_str().unwrap();
    assert!(
        message.contains("no longer reads 222222222222/eu-west-1: 2 deletions"),
        "{message}"
    );

    // The id of one gateway is about that one alone.
    let one = departed[0]["deletionsId"].as_str().unwrap();
    let report = world.sync(&format!("confirmDeletions={one}")).await.expect(200).json();
    assert_eq!(
        (&report["deleted"], &report["outcome"]),
        (&json!(2), &json!("held")),
        "{report:#}"
    );
    assert_eq!(
        world.sync(&format!("confirmDeletions={one}")).await.expect(409).code(),
        "PlanChanged"
    );
    let rest = report["deletionsId"].as_str().unwrap();
    let report = world.sync(&format!("confirmDeletions={rest}")).await.expect(200).json();
    assert_eq!(
        (&report["deleted"], &report["outcome"]),
        (&json!(2), &json!("succeeded")),
        "{report:#}"
    );
    assert_eq!(in_catalog(&world), ids(&["111111111111", "333333333333"]));
}

#[tokio::test]
async fn an_account_that_left_the_organisation_departs_and_a_list_that_is_cut_short_says_nothing_of_it() {
    let (mut world, _) = company(organization()).await;
    world.restart_with(&[("HTTP_TIME_BUDGET_SECONDS", "12")]).await;
    world.cloud.organizations.set_page_size(2);
    world.cloud.organizations.remove_account("222222222222");
    let cut = OrganizationsError::too_many_requests();
    // The second page is throttled for good.
    world.cloud.faults.add(FaultRule {
        matcher: Matcher {
            service: Some(Service::Organizations),
            ..Matcher::default()
        },
        skip: 1,
        times: None,
        fault: cut.into(),
    });
    let report = world.sync("").await.expect(200).json();
    assert_eq!(report["outcome"], "partial", "{report:#}");
    let message = report["message"].as_str().unwrap();
    assert!(
        message.contains("source prod could not be listed completely"),
        "{message}"
    );
    assert_eq!(report["deleted"], 0);
    assert_eq!(
        states(&report).iter().filter(|state| state.ends_with(" read")).count(),
        6
    );

    world.cloud.faults.clear();
    let report = world.sync("").await.expect(200).json();
    assert_eq!(report["outcome"], "held", "{report:#}");
    assert_eq!(
        states(&report)
            .iter()
            .filter(|state| state.ends_with(" departed"))
            .count(),
        2
    );
    assert_eq!(in_catalog(&world), ids(&ACCOUNTS));
}

#[tokio::test]
async fn an_api_is_asked_for_on_the_gateway_that_has_it() {
    let (world, _) = company(all_accounts()).await;
    world.cloud.record.clear();
    world.sync("api=22211api").await.expect(200);
    let asked = world.cloud.record.exchanges();
    let gateways: BTreeSet<&str> = asked
        .iter()
        .filter(|exchange| exchange.service == Service::ApiGateway)
        .filter_map(|exchange| exchange.subject.account.as_deref())
        .collect();
    assert_eq!(gateways, BTreeSet::from(["222222222222"]));
    world.sync("api=222222222222/eu-west-1/22211api").await.expect(200);
    assert_eq!(
        world
            .sync("api=222222222222/us-east-1/22211api")
            .await
            .expect(200)
            .json()["unchanged"],
        0
    );
    assert_eq!(world.sync("api=nowhere000").await.expect(404).code(), "ApiNotFound");
}

#[tokio::test]
async fn sources_put_their_deployments_where_they_say() {
    let (world, company) = founded().await;
    let mut dev = company.source("dev", &json!(["111111111111"]));
    dev["targetEnvironmentId"] = json!("/workspaces/default/environments/dev");
    dev["targetLifecycleStage"] = json!("development");
    let prod = company.source("prod", &all_accounts());
    let sources = json!({ "properties": { "amazonApiGatewaySources": [dev, prod] } });
    let refused = world.put(SHOP, sources.clone()).await.expect(400);
    assert!(refused.text.contains("there is no environment dev"), "{}", refused.text);
    world
        .catalog()
        .put("environments/dev", json!({ "title": "Dev", "kind": "development" }))
        .unwrap();
    world.put(SHOP, sources).await.expect(201);
    for (api, environment, stage) in [("11101api", "dev", "development"), ("22201api", SHOP, "design")] {
        let deployment = world.properties(&format!("apis/shop-{api}/deployments/prod"));
        let id = deployment["environmentId"].as_str().unwrap();
        assert!(id.ends_with(&format!("/environments/{environment}")), "{id}");
        let version = world.properties(&format!("apis/shop-{api}/versions/prod"));
        assert_eq!(version["lifecycleStage"], stage);
    }
    // The account that both name is read once, for the first of them.
    let report = world.last_sync().await;
    assert_eq!(states(&report).len(), 6, "{report:#}");
}

#[tokio::test]
async fn what_rules_leave_out_opts_out_when_it_changed_itself_and_departs_when_they_changed() {
    let (world, company) = founded().await;
    let document = |rules: Value| {
        let mut document = document(&company, &all_accounts());
        let properties = document["properties"].as_object_mut().unwrap();
        properties.extend(rules.as_object().unwrap().clone());
        document
    };
    let exclude = json!({ "exclude": [{ "tags": { "internal": "yes" } }] });
    world.put(SHOP, document(exclude.clone())).await.expect(201);
    world.run_timer().await;
    // A team puts a tag on its API.
    let gateway = world.cloud.gateway("111111111111", "us-east-1");
    let tag = |id: &str| {
        let mut api = RestApi::new(id, "Orders");
        api.tags.insert("internal".to_owned(), "yes".to_owned());
        gateway.put_rest_api(api);
    };
    tag("11101api");
    let report = world.sync("").await.expect(200).json();
    assert_eq!(
        (&report["deleted"], &report["outcome"]),
        (&json!(1), &json!("succeeded")),
        "{report:#}"
    );
    let explained = world
        .call(reqwest::Method::GET, "integrations/shop/explain?api=11101api", None)
        .await;
    let explained = explained.expect(200).json()["apis"][0].clone();
    assert_eq!(explained["verdict"], "skipped", "{explained:#}");
    assert!(
        explained["message"]
            .as_str()
            .unwrap()
            .contains("leave it out: exclude[0] fits it"),
        "{explained:#}"
    );
    // The platform team changes what it wants.
    let exclude = json!({ "exclude": [{ "account": "222222222222" }, { "tags": { "internal": "yes" } }] });
    world.put(SHOP, document(exclude)).await.expect(200);
    let report = world.last_sync().await;
    assert_eq!(
        (&report["deleted"], &report["outcome"]),
        (&json!(0), &json!("held")),
        "{report:#}"
    );
    let message = report["message"].as_str().unwrap();
    assert!(message.contains("rules changed, and exclude[0] fits it"), "{message}");
}
