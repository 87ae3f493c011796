//! Gateways that cannot be read: each is unknown for itself.

use std::time::Duration;

use sandbox::api_gateway::{AmazonError, Definition, RestApi, Stage};
use sandbox::cloud::CloudOptions;
use sandbox::company::Company;
use sandbox::estate::{Estate, FullEstate};
use sandbox::faults::{FaultRule, Matcher};
use sandbox::organizations::Member;
use sandbox::proxy::ForwardProxy;
use sandbox::record::{Exchange, Service};
use sandbox::security_token::StsError;
use serde_json::json;

use super::{ACCOUNTS, all_accounts, company, document, founded, ids, in_catalog, states, token_calls};
use crate::world::{SHOP, World};

#[tokio::test]
async fn an_account_that_loses_its_role_stays_as_it_is_and_the_others_go_on() {
    let (world, company) = company(all_accounts()).await;
    world.cloud.sts.remove_role(&company.member_role_arn("222222222222"));
    world
        .cloud
        .gateway("222222222222", "us-east-1")
        .remove_rest_api("22201api");
    world
        .cloud
        .gateway("333333333333", "us-east-1")
        .remove_rest_api("33301api");
    let report = world.sync("").await.expect(200).json();
    assert_eq!(report["outcome"], "partial", "{report:#}");
    assert_eq!(report["deleted"], 1);
    let denied: Vec<String> = states(&report)
        .into_iter()
        .filter(|state| state.ends_with("denied"))
        .collect();
    assert_eq!(
        denied,
        ["222222222222/eu-west-1 denied", "222222222222/us-east-1 denied"]
    );
    let mut expected = ids(&ACCOUNTS);
    expected.remove("33301api");
    assert_eq!(in_catalog(&world), expected);
}

#[tokio::test]
async fn a_run_that_can_read_no_gateway_names_them_all() {
    let (world, company) = company(all_accounts()).await;
    for account in ACCOUNTS {
        world.cloud.sts.remove_role(&company.member_role_arn(account));
        world.cloud.sts.end_sessions_of(account);
    }
    let problem = world.sync("").await.expect(400);
    assert_eq!(problem.code(), "RoleNotAssumable");
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "failed", "{report:#}");
    let denied: Vec<String> = ACCOUNTS
        .iter()
        .flat_map(|account| ["eu-west-1", "us-east-1"].map(|region| format!("{account}/{region} denied")))
        .collect();
    assert_eq!(states(&report), denied);
    let first = &report["gateways"][0];
    assert_eq!(first["source"], "prod");
    assert!(first["message"].as_str().unwrap().contains("role"), "{first:#}");
    let message = report["message"].as_str().unwrap();
    assert!(
        message.starts_with("none of 6 gateways can be read; the first is 111111111111/us-east-1: "),
        "{message}"
    );
    assert_eq!(in_catalog(&world), ids(&ACCOUNTS));
}

#[tokio::test]
async fn a_region_that_is_not_enabled_is_named_and_no_fault() {
    let (world, mut company) = founded().await;
    company.regions.push("me-south-1".to_owned());
    for account in ACCOUNTS {
        world.cloud.set_region_enabled(account, "me-south-1", false);
    }
    world.put(SHOP, document(&company, &all_accounts())).await.expect(201);
    let report = world.last_sync().await;
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
    let disabled = states(&report)
        .into_iter()
        .filter(|state| state.ends_with("me-south-1 notEnabled"));
    assert_eq!(disabled.count(), 3, "{report:#}");
    assert_eq!(in_catalog(&world), ids(&ACCOUNTS));
}

/// So many accounts, which differ in their first three digits.
fn accounts(count: usize) -> Vec<Member> {
    let numbers = (100..).take(count);
    numbers
        .map(|number| Member::new(format!("{number}000000000"), format!("Account {number}")))
        .collect()
}

fn one_api(id: &str) -> FullEstate {
    let stage = Stage::new("prod", "d1", Definition::from(json!({ "paths": {} })));
    FullEstate::from([(RestApi::new(id, id), vec![stage])].into_iter().collect::<Estate>())
}

#[tokio::test]
async fn a_region_that_does_not_answer_costs_seconds_and_takes_nothing_away() {
    let proxy = ForwardProxy::start().await.unwrap();
    let options = CloudOptions {
        amazon_over_tls: true,
        ..CloudOptions::default().unthrottled()
    };
    let url = proxy.base_url();
    let world = World::with(options, &[("HTTPS_PROXY", url), ("HTTP_PROXY", url)]).await;
    world.cloud.is_behind(&proxy);
    let regions = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"];
    let company = Company {
        members: accounts(10),
        regions: regions.map(str::to_owned).into(),
        ..Company::default()
    };
    company.found(&world.cloud, |account, region| {
        let place = regions.iter().position(|known| *known == region).unwrap();
        one_api(&format!("{}{place}api", &account[..3]))
    });
    let ids: Vec<&str> = company.members.iter().map(|member| member.id.as_str()).collect();
    world.put(SHOP, document(&company, &json!(ids))).await.expect(201);
    assert_eq!(in_catalog(&world).len(), 40);

    proxy.swallow("apigateway\\.eu-west-1\\.".parse().unwrap());
    let gateway = world.cloud.gateway(ids[0], "us-east-1");
    gateway.put_rest_api(RestApi::new("another000", "Another"));
    let started = std::time::Instant::now();
    let report = world.sync("").await.expect(200).json();
    assert_eq!(
        (&report["outcome"], &report["created"], &report["deleted"]),
        (&json!("partial"), &json!(1), &json!(0)),
        "{report:#}"
    );
    // A report has twenty gateways, failed ones first.
    let unavailable = states(&report)
        .into_iter()
        .filter(|state| state.ends_with("eu-west-1 unavailable"));
    assert_eq!(unavailable.count(), 10, "{report:#}");
    assert_eq!(in_catalog(&world).len(), 41);
    // Two tries of three seconds each, side by side; far less than a minute on a busy machine.
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_gateway_that_is_throttled_for_good_leaves_the_others_their_time() {
    let (mut world, _) = company(all_accounts()).await;
    world.restart_with(&[("HTTP_TIME_BUDGET_SECONDS", "12")]).await;
    world.cloud.faults.add(FaultRule {
        matcher: Matcher {
            service: Some(Service::ApiGateway),
            account: Some("222222222222".to_owned()),
            region: Some("eu-west-1".to_owned()),
            ..Matcher::default()
        },
        skip: 0,
        times: None,
        fault: AmazonError::too_many_requests().into(),
    });
    world
        .cloud
        .gateway("333333333333", "us-east-1")
        .remove_rest_api("33301api");
    let report = world.sync("").await.expect(200).json();
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("partial"), &json!(1)),
        "{report:#}"
    );
    let unavailable: Vec<String> = states(&report)
        .into_iter()
        .filter(|state| !state.ends_with(" read"))
        .collect();
    assert_eq!(unavailable, ["222222222222/eu-west-1 unavailable"], "{report:#}");
}

#[tokio::test]
async fn a_throttled_token_service_is_waited_for() {
    let world = World::start().await;
    let company = Company {
        members: accounts(40),
        regions: vec!["us-east-1".to_owned()],
        ..Company::default()
    };
    company.found(&world.cloud, |account, _| one_api(&format!("{}api", &account[..3])));
    let ids: Vec<&str> = company.members.iter().map(|member| member.id.as_str()).collect();
    world.fail(Service::Sts, None, ".", Some(3), StsError::throttling().into());
    world.put(SHOP, document(&company, &json!(ids))).await.expect(201);
    assert_eq!(in_catalog(&world).len(), 40);
    // Three were throttled; PUT and its run share the sessions.
    assert_eq!(token_calls(&world), 3 + 1 + 40);
}

#[tokio::test]
async fn a_verification_key_that_is_missing_once_is_no_failure() {
    let (world, company) = founded().await;
    world.fail(Service::Sts, None, ".", Some(1), StsError::no_verification_key().into());
    world.put(SHOP, document(&company, &all_accounts())).await.expect(201);
    assert_eq!(world.last_sync().await["outcome"], "succeeded");
}

#[tokio::test]
async fn sessions_that_end_in_the_middle_are_renewed() {
    let (world, _) = company(all_accounts()).await;
    for account in ACCOUNTS {
        world.cloud.sts.end_sessions_of(account);
    }
    assert_eq!(world.sync("").await.expect(200).json()["outcome"], "succeeded");
}

#[tokio::test]
async fn a_source_whose_secret_is_disabled_loses_nothing_while_the_others_go_on() {
    let (world, company) = founded().await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    let own = json!({
        "name": "own",
        "regionNames": [world.cloud.region],
        "accessKey": world.cloud.secret_identifier("aws-access-key"),
        "secretAccessKey": world.cloud.secret_identifier("aws-secret-access-key"),
    });
    let sources = json!([own, company.source("prod", &all_accounts())]);
    world
        .put(SHOP, json!({ "properties": { "amazonApiGatewaySources": sources } }))
        .await
        .expect(201);
    let before = in_catalog(&world);
    world.cloud.key_vault.set_enabled("aws-access-key", false);
    let report = world.sync("").await.expect(200).json();
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("partial"), &json!(0)),
        "{report:#}"
    );
    assert!(
        states(&report).contains(&format!("123456789012/{} unauthorized", world.cloud.region)),
        "{report:#}"
    );
    assert_eq!(in_catalog(&world), before);

    // Its secrets now hold a key of another account.
    let (id, key) = world.cloud.add_access_key("arn:aws:iam::999999999999:user/other");
    world.cloud.key_vault.set_secret("aws-access-key", &id);
    world.cloud.key_vault.set_secret("aws-secret-access-key", &key);
    let report = world.sync("").await.expect(200).json();
    assert_eq!(
        (&report["outcome"], &report["deleted"]),
        (&json!("held"), &json!(0)),
        "{report:#}"
    );
    let message = report["message"].as_str().unwrap();
    assert!(
        message.contains("999999999999") && message.contains("123456789012"),
        "{message}"
    );
    assert_eq!(in_catalog(&world), before);
}

#[tokio::test]
async fn one_session_serves_all_regions_and_is_asked_for_at_an_enabled_one() {
    let (world, mut company) = founded().await;
    company.regions = vec!["me-south-1".to_owned(), "eu-west-1".to_owned()];
    world.put(SHOP, document(&company, &all_accounts())).await.expect(201);
    let exchanges = world.cloud.record.exchanges();
    let assumed: Vec<&Exchange> = exchanges
        .iter()
        .filter(|exchange| exchange.subject.operation.as_deref() == Some("AssumeRole"))
        .collect();
    assert_eq!(assumed.len(), ACCOUNTS.len());
    let regions: Vec<Option<&str>> = assumed
        .iter()
        .map(|exchange| exchange.subject.region.as_deref())
        .collect();
    assert!(regions.iter().all(|region| *region == Some("eu-west-1")), "{regions:?}");
}
