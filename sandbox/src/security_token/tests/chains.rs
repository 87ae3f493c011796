//! Roles in many accounts, and sessions that buy other sessions.

use std::time::Duration;

use aws_credential_types::Credentials;

use super::super::{OidcProvider, Role, StsError, Trust};
use super::{Answered, World, token};
use crate::cloud::{AUDIENCE, ROLE_ARN};
use crate::faults::{FaultRule, Matcher};
use crate::record::{Service, Subject};
use crate::token::{ISSUER, OBJECT_ID};

const MEMBER_ROLE: &str = "arn:aws:iam::210987654321:role/catalog/apicenter-aws-sync";
const CALLER: [(&str, &str); 2] = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];

fn trusted(role_arn: &str, principal: &str, external_id: Option<&str>) -> Role {
    let trust = Trust::Principal {
        arn: principal.to_owned(),
        external_id: external_id.map(str::to_owned),
    };
    Role::new(role_arn, vec![trust])
}

impl World {
    /// A session of the first account's role.
    async fn hub(&self) -> Credentials {
        self.by_token(&token(), &[]).await.credentials()
    }

    async fn chain(&self, hub: &Credentials, more: &[(&str, &str)]) -> Answered {
        self.chain_in(&self.cloud.region, hub, more).await
    }

    async fn chain_in(&self, region: &str, hub: &Credentials, more: &[(&str, &str)]) -> Answered {
        let usual = [
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", MEMBER_ROLE),
            ("RoleSessionName", "apicenter-shop"),
        ];
        self.ask_in(region, &[&usual, more].concat(), Some(hub)).await
    }
}

#[tokio::test]
async fn a_session_buys_one_of_a_role_that_trusts_its_role_or_its_account() {
    let world = World::new().await;
    let hub = world.hub().await;
    assert_eq!(world.chain(&hub, &[]).await.refusal(), (403, "AccessDenied"), "no role");
    for (principal, external_id, told, is_given) in [
        (ROLE_ARN, None, None, true),
        ("arn:aws:iam::123456789012:root", None, None, true),
        ("arn:aws:iam::333333333333:root", None, None, false),
        ("arn:aws:iam::123456789012:role/another", None, None, false),
        (ROLE_ARN, Some("shop:42"), Some("shop:42"), true),
        (ROLE_ARN, Some("shop:42"), Some("shop:43"), false),
        (ROLE_ARN, Some("shop:42"), None, false),
    ] {
        world.cloud.sts.put_role(trusted(MEMBER_ROLE, principal, external_id));
        let told: Vec<_> = told.iter().map(|told| ("ExternalId", *told)).collect();
        let answer = world.chain(&hub, &told).await;
        assert_eq!(answer.status == 200, is_given, "{principal} {told:?} {answer:?}");
        if !is_given {
            assert_eq!(
                answer.element("Message"),
                format!(
                    "User: arn:aws:sts::123456789012:assumed-role/apicenter-aws-sync/shop is not authorized to perform: \
                     sts:AssumeRole on resource: {MEMBER_ROLE}"
                )
            );
        }
    }
}

#[tokio::test]
async fn who_it_is_in_another_account_shows_no_path() {
    let world = World::new().await;
    world.cloud.sts.put_role(trusted(MEMBER_ROLE, ROLE_ARN, None));
    let member = world.chain(&world.hub().await, &[]).await.credentials();
    let who = world.ask(&CALLER, Some(&member)).await;
    assert_eq!(
        (who.element("Arn"), who.element("Account")),
        (
            "arn:aws:sts::210987654321:assumed-role/apicenter-aws-sync/apicenter-shop",
            "210987654321"
        )
    );
    // Its gateway is that of its own account.
    world
        .cloud
        .api_gateway
        .put_rest_api(crate::api_gateway::RestApi::new("first00001", "A"));
    assert_eq!(world.list_apis(&member).await, 200);
    let listed = world.cloud.record.exchanges().pop().unwrap();
    assert_eq!(listed.subject.account.as_deref(), Some("210987654321"));
    assert!(!String::from_utf8_lossy(&listed.response_body).contains("first00001"));
}

#[tokio::test]
async fn a_chained_session_lasts_an_hour_at_most() {
    let world = World::new().await;
    let mut role = trusted(MEMBER_ROLE, ROLE_ARN, None);
    role.session_max = Duration::from_hours(12);
    world.cloud.sts.put_role(role);
    let hub = world.hub().await;
    assert_eq!(world.chain(&hub, &[("DurationSeconds", "3600")]).await.status, 200);
    let longer = world.chain(&hub, &[("DurationSeconds", "3601")]).await;
    assert_eq!(longer.refusal(), (400, "ValidationError"));
    assert!(longer.element("Message").ends_with("role chaining."), "{longer:?}");
}

#[tokio::test]
async fn a_hub_session_that_is_over_buys_nothing_and_leaves_what_it_bought() {
    let world = World::new().await;
    world.cloud.sts.put_role(trusted(MEMBER_ROLE, ROLE_ARN, None));
    let hub = world.hub().await;
    let member = world.chain(&hub, &[]).await.credentials();
    world.cloud.sts.end_sessions_of("123456789012");
    assert_eq!(world.chain(&hub, &[]).await.refusal(), (403, "ExpiredToken"));
    assert_eq!(world.ask(&CALLER, Some(&member)).await.status, 200);
    world.cloud.sts.end_sessions_of("210987654321");
    assert_eq!(world.ask(&CALLER, Some(&member)).await.refusal(), (403, "ExpiredToken"));
}

#[tokio::test]
async fn it_serves_every_region_that_both_accounts_have_enabled() {
    let world = World::new().await;
    world.cloud.sts.put_role(trusted(MEMBER_ROLE, ROLE_ARN, None));
    let hub = world.hub().await;
    assert_eq!(world.chain_in("eu-west-1", &hub, &[]).await.status, 200);
    let asked = world.cloud.record.exchanges().pop().unwrap();
    let subject = Subject {
        account: Some("210987654321".to_owned()),
        region: Some("eu-west-1".to_owned()),
        operation: Some("AssumeRole".to_owned()),
    };
    assert_eq!(asked.subject, subject);

    world.cloud.set_region_enabled("210987654321", "eu-west-1", false);
    let refused = world.chain_in("eu-west-1", &hub, &[]).await;
    assert_eq!(refused.refusal(), (403, "RegionDisabledException"));
    assert!(refused.element("Message").contains("210987654321"), "{refused:?}");
    world.cloud.set_region_enabled("123456789012", "eu-west-1", false);
    let unknown = world.chain_in("eu-west-1", &hub, &[]).await;
    assert_eq!(unknown.refusal(), (403, "InvalidClientTokenId"));
}

#[tokio::test]
async fn a_role_is_asked_for_in_its_own_partition() {
    let world = World::new().await;
    let hub = world.hub().await;
    let elsewhere = MEMBER_ROLE.replace("arn:aws:", "arn:aws-cn:");
    let refused = world.chain(&hub, &[("RoleArn", &elsewhere)]).await;
    assert_eq!(refused.refusal(), (400, "ValidationError"));

    world.cloud.sts.put_provider_of(
        "210987654321",
        OidcProvider {
            issuer: ISSUER.to_owned(),
            client_ids: vec![AUDIENCE.to_owned()],
        },
    );
    let by_token = Trust::WebIdentity {
        issuer: ISSUER.to_owned(),
        audiences: None,
        subjects: Some(vec![OBJECT_ID.to_owned()]),
    };
    world.cloud.sts.put_role(Role::new(MEMBER_ROLE, vec![by_token]));
    let session = world.by_token(&token(), &[("RoleArn", MEMBER_ROLE)]).await;
    assert!(
        session.element("Provider").starts_with("arn:aws:iam::210987654321:"),
        "{session:?}"
    );
}

#[tokio::test]
async fn a_fault_strikes_one_operation_for_one_account() {
    let world = World::new().await;
    world.cloud.sts.put_role(trusted(MEMBER_ROLE, ROLE_ARN, None));
    let hub = world.hub().await;
    for (error, status) in [
        (StsError::throttling(), (400, "Throttling")),
        (StsError::idp_communication(), (400, "IDPCommunicationError")),
        (StsError::no_verification_key(), (400, "InvalidIdentityToken")),
    ] {
        world.cloud.faults.add(FaultRule {
            matcher: Matcher {
                service: Some(Service::Sts),
                operation: Some("AssumeRole".to_owned()),
                account: Some("210987654321".to_owned()),
                ..Matcher::default()
            },
            skip: 0,
            times: Some(1),
            fault: error.into(),
        });
        assert_eq!(world.ask(&CALLER, Some(&hub)).await.status, 200);
        assert_eq!(world.chain(&hub, &[]).await.refusal(), status);
        assert_eq!(world.chain(&hub, &[]).await.status, 200);
    }
}
