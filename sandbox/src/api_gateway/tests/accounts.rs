//! Many accounts and regions behind one address.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{AmazonError, RestApi};
use super::{Answered, Signer, World, ids};
use crate::cloud::CloudOptions;
use crate::faults::{FaultRule, Matcher};
use crate::record::{Service, Subject};
use crate::throttle::UNLIMITED;

const OTHER: &str = "210987654321";

/// Who signs for the other account in this region.
fn other(world: &World, region: &str) -> Signer {
    let user = format!("arn:aws:iam::{OTHER}:user/sync");
    let (access_key_id, secret) = world.cloud.add_access_key(&user);
    Signer {
        access_key_id,
        secret,
        region: region.to_owned(),
        ..world.signer()
    }
}

async fn list(world: &World, signer: &Signer) -> Answered {
    world.call_as(signer, Method::GET, "/restapis", &Value::Null).await
}

#[tokio::test]
async fn each_account_has_its_own_gateway_in_each_region() {
    let world = World::new().await;
    world.cloud.api_gateway.put_rest_api(RestApi::new("first00001", "A"));
    let there = world.cloud.gateway(OTHER, "eu-west-1");
    there.put_rest_api(RestApi::new("second0001", "B"));
    assert_eq!(ids(&world.get("/restapis").await.body), ["first00001"]);
    let (ireland, paris) = (other(&world, "eu-west-1"), other(&world, "eu-west-3"));
    assert_eq!(ids(&list(&world, &ireland).await.body), ["second0001"]);
    // Nobody has made that one: every account has a gateway in every region, which is empty.
    let empty = list(&world, &paris).await;
    assert_eq!((empty.status.as_u16(), ids(&empty.body)), (200, Vec::new()));

    let subjects: Vec<Subject> = world
        .cloud
        .record
        .exchanges()
        .into_iter()
        .map(|it| it.subject)
        .collect();
    let subject = |account: &str, region: &str| Subject {
        account: Some(account.to_owned()),
        region: Some(region.to_owned()),
        operation: None,
    };
    assert_eq!(
        subjects,
        [
            subject("123456789012", "us-east-1"),
            subject(OTHER, "eu-west-1"),
            subject(OTHER, "eu-west-3")
        ]
    );
}

#[tokio::test]
async fn no_key_of_an_account_is_known_in_a_region_that_it_has_not_enabled_or_of_another_partition() {
    let world = World::new().await;
    let (ireland, paris, beijing) = (
        other(&world, "eu-west-1"),
        other(&world, "eu-west-3"),
        other(&world, "cn-north-1"),
    );
    world.cloud.set_region_enabled(OTHER, "eu-west-3", false);
    for signer in [&paris, &beijing] {
        let refused = list(&world, signer).await;
        assert_eq!(refused.refusal(), (403, "UnrecognizedClientException"));
        assert_eq!(
            refused.message(),
            "The security token included in the request is invalid."
        );
    }
    assert_eq!(list(&world, &ireland).await.status, 200);
    let first = Signer {
        region: "eu-west-3".to_owned(),
        ..world.signer()
    };
    assert_eq!(
        list(&world, &first).await.status,
        200,
        "the first account has enabled it"
    );
    world.cloud.set_region_enabled(OTHER, "eu-west-3", true);
    assert_eq!(list(&world, &paris).await.status, 200);
}

#[tokio::test]
async fn each_gateway_has_its_own_budget() {
    let mut options = CloudOptions::default().unthrottled();
    options.api_gateway.rate = (0.001, 1.0);
    let world = World::with(options).await;
    let (ireland, paris) = (other(&world, "eu-west-1"), other(&world, "eu-west-3"));
    assert_eq!(list(&world, &ireland).await.status, 200);
    assert_eq!(
        list(&world, &ireland).await.refusal(),
        (429, "TooManyRequestsException")
    );
    assert_eq!(list(&world, &paris).await.status, 200);
    world.cloud.gateway(OTHER, "eu-west-1").set_rate(UNLIMITED);
    for _ in 0..3 {
        assert_eq!(list(&world, &ireland).await.status, 200);
    }
}

#[tokio::test]
async fn a_fault_strikes_one_account_or_one_region() {
    let world = World::new().await;
    let (ireland, paris) = (other(&world, "eu-west-1"), other(&world, "eu-west-3"));
    let strike = |account: Option<&str>, region: Option<&str>| FaultRule {
        matcher: Matcher {
            service: Some(Service::ApiGateway),
            account: account.map(str::to_owned),
            region: region.map(str::to_owned),
            ..Matcher::default()
        },
        skip: 0,
        times: None,
        fault: AmazonError::service_unavailable().into(),
    };
    world.cloud.faults.add(strike(Some(OTHER), None));
    assert_eq!(list(&world, &ireland).await.status, 503);
    assert_eq!(world.get("/restapis").await.status, 200);
    world.cloud.faults.clear();
    world.cloud.faults.add(strike(None, Some("eu-west-1")));
    assert_eq!(list(&world, &ireland).await.status, 503);
    assert_eq!(list(&world, &paris).await.status, 200);
}

#[tokio::test]
async fn what_names_an_account_names_the_gateways_own() {
    let world = World::new().await;
    let signer = other(&world, "eu-west-1");
    let unknown = world
        .call_as(&signer, Method::GET, "/restapis/absent0000", &Value::Null)
        .await;
    assert!(unknown.message().contains("210987654321:absent0000"), "{unknown:?}");
    let body = json!({ "domainName": "api.example.com", "certificateArn": "arn:aws:acm:us-east-1:210987654321:certificate/1" });
    let made = world.call_as(&signer, Method::POST, "/domainnames", &body).await;
    assert_eq!(
        made.body["certificateArn"], "arn:aws:acm:eu-west-1:210987654321:certificate/1",
        "{made:?}"
    );
    let shown = world
        .call_as(&signer, Method::GET, "/v2/domainnames", &Value::Null)
        .await;
    let certificate = &shown.body["items"][0]["domainNameConfigurations"][0]["certificateArn"];
    assert_eq!(*certificate, made.body["certificateArn"], "{shown:?}");
}
