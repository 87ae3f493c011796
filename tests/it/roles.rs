//! Roles that cannot be assumed: every failure, its code, and an unchanged catalog.

use futures::stream::{self, StreamExt};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use sandbox::cloud::{AUDIENCE, ROLE_ARN};
use sandbox::faults::Fault;
use sandbox::record::Service;
use sandbox::security_token::{OidcProvider, StsError};
use sandbox::token::{ISSUER, TENANT_ID};
use serde_json::{Value, json};

use crate::keyless::{by_key, hasty_world, keyless};
use crate::world::World;

/// Worlds at once: most of them wait for their time to end.
const SIDE_BY_SIDE: usize = 6;

/// A role that cannot be assumed.
struct Case {
    what: &'static str,
    /// Another value of `AWS_WEB_IDENTITY_AUDIENCE`.
    audience: Option<&'static str>,
    prepare: fn(&World),
    document: fn(&World) -> Value,
    status: u16,
    code: &'static str,
    /// Words that a person needs.
    words: &'static [&'static str],
}

impl Case {
    fn keyless(what: &'static str, prepare: fn(&World), words: &'static [&'static str]) -> Self {
        Self {
            what,
            audience: None,
            prepare,
            document: keyless,
            status: 400,
            code: "RoleNotAssumable",
            words,
        }
    }

    fn by_key(what: &'static str, prepare: fn(&World), words: &'static [&'static str]) -> Self {
        Self {
            document: by_key,
            ..Self::keyless(what, prepare, words)
        }
    }

    fn told(self, status: u16, code: &'static str) -> Self {
        Self { status, code, ..self }
    }
}

fn as_it_is(_: &World) {}

fn fail_sts(world: &World, fault: impl Into<Fault>) {
    world.fail(Service::Sts, None, ".", None, fault.into());
}

/// Fails only the requests for a token for AWS.
fn fail_identity(world: &World, fault: Fault) {
    world.fail(Service::Identity, None, "resource=api%3A", None, fault);
}

fn raw(status: u16, body: &'static str) -> Fault {
    Fault::Answer {
        status: status.try_into().unwrap(),
        headers: HeaderMap::new(),
        body: body.into(),
    }
}

fn with(mut document: Value, property: &str, value: &str) -> Value {
    document["properties"]["amazonApiGatewaySource"][property] = json!(value);
    document
}

fn misconfigured_without_a_key() -> Vec<Case> {
    vec![
        Case {
            audience: Some("api://nobody"),
            ..Case::keyless(
                "an audience that nobody registered",
                as_it_is,
                &["Azure refuses", "AADSTS500011", "AWS_WEB_IDENTITY_AUDIENCE"],
            )
        },
        Case {
            audience: Some("api://another"),
            ..Case::keyless(
                "an audience that the provider lacks",
                |world| world.cloud.identity.know("api://another"),
                &[
                    "Incorrect token audience",
                    "audience api://another",
                    "OpenID Connect provider",
                ],
            )
        },
        Case::keyless(
            "no identity provider",
            |world| world.cloud.sts.remove_provider(ISSUER),
            &["No OpenIDConnect provider found in your account", ISSUER],
        ),
        Case::keyless(
            "tokens of version 2",
            |world| world.cloud.identity.use_second_version(AUDIENCE),
            &["No OpenIDConnect provider", "/v2.0", "requestedAccessTokenVersion"],
        ),
        Case::keyless(
            "tokens of version 2 that the account knows",
            |world| {
                world.cloud.identity.use_second_version(AUDIENCE);
                world.cloud.sts.put_provider(OidcProvider {
                    issuer: format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0"),
                    client_ids: vec!["44444444-4444-4444-8444-444444444444".to_owned()],
                });
            },
            &["Incorrect token audience", "requestedAccessTokenVersion"],
        ),
        Case::keyless(
            "another subject",
            |world| world.trust_subject("somebody-else"),
            &[
                "Not authorized to perform sts:AssumeRoleWithWebIdentity",
                "trust policy",
                sandbox::token::OBJECT_ID,
            ],
        ),
        Case::keyless(
            "no such role",
            |world| world.cloud.sts.remove_role(ROLE_ARN),
            &["Not authorized", "the role must exist"],
        ),
        Case {
            document: |world| with(keyless(world), "roleArn", "arn:aws:iam::210987654321:role/sync"),
            ..Case::keyless("a role of another account", as_it_is, &["No OpenIDConnect provider"])
        },
        Case {
            document: |world| with(keyless(world), "roleArn", "arn:aws-cn:iam::123456789012:role/sync"),
            ..Case::keyless("a role of another partition", as_it_is, &["roleArn", "aws-cn"]).told(400, "InvalidRequest")
        },
        Case {
            document: |world| with(keyless(world), "externalId", "shop:42"),
            ..Case::keyless("an external id without a key", as_it_is, &["externalId", "accessKey"])
                .told(400, "InvalidRequest")
        },
        Case::keyless(
            "a token that is over",
            |world| world.cloud.identity.set_lifetime(AUDIENCE, std::time::Duration::ZERO),
            &["Token expired"],
        ),
        Case::keyless(
            "no such service in the region",
            |world| world.cloud.sts.set_region_disabled(true),
            &["RegionDisabledException", "activate AWS STS"],
        ),
    ]
}

fn misconfigured_with_a_key() -> Vec<Case> {
    vec![
        Case::by_key(
            "no external id where one is asked for",
            |world| world.trust_user("shop:42"),
            &["is not authorized to perform: sts:AssumeRole", "externalId"],
        ),
        Case {
            document: |world| with(by_key(world), "externalId", "shop:43"),
            ..Case::by_key(
                "another external id",
                |world| world.trust_user("shop:42"),
                &["externalId"],
            )
        },
        Case::by_key(
            "a user that the role does not trust",
            |world| world.trust_subject(sandbox::token::OBJECT_ID),
            &["sts:AssumeRole on resource", "trust policy"],
        ),
        Case::by_key(
            "a key that Amazon does not know",
            |world| world.cloud.api_gateway.set_credentials(Vec::new()),
            &["InvalidClientTokenId", "access key"],
        )
        .told(400, "AwsAuthenticationFailed"),
        Case::by_key(
            "a secret key that is another",
            |world| {
                world
                    .cloud
                    .key_vault
                    .set_secret("aws-secret-access-key", "of-another-key");
            },
            &["SignatureDoesNotMatch", "access key"],
        )
        .told(400, "AwsAuthenticationFailed"),
        Case::by_key(
            "a secret that is not there",
            |world| world.cloud.key_vault.remove_secret("aws-access-key"),
            &["aws-access-key"],
        )
        .told(400, "SecretNotFound"),
    ]
}

fn disturbed() -> Vec<Case> {
    let unavailable = |what, prepare, words| Case::keyless(what, prepare, words).told(503, "ServiceUnavailable");
    vec![
        Case::keyless(
            "a refusal without words",
            |world| fail_sts(world, raw(403, "")),
            &["HTTP 403"],
        ),
        Case::keyless(
            "a claim that Azure rejects",
            |world| fail_sts(world, StsError::idp_rejected_claim("The claim was revoked")),
            &["IDPRejectedClaim"],
        ),
        Case::keyless(
            "too many requests",
            |world| fail_sts(world, StsError::throttling()),
            &["too many requests"],
        )
        .told(429, "TooManyRequests"),
        unavailable(
            "an error inside",
            |world| fail_sts(world, StsError::internal_failure()),
            &["AssumeRoleWithWebIdentity"],
        ),
        unavailable(
            "no answer",
            |world| fail_sts(world, Fault::Hang),
            &["AssumeRoleWithWebIdentity", "time ran out"],
        ),
        unavailable(
            "no XML",
            |world| fail_sts(world, raw(200, "<html>hello")),
            &["cannot be parsed"],
        ),
        unavailable(
            "nothing",
            |world| fail_sts(world, raw(200, "")),
            &["Security Token Service"],
        ),
        unavailable(
            "half an answer",
            |world| fail_sts(world, Fault::Truncate),
            &["AssumeRoleWithWebIdentity"],
        ),
        unavailable(
            "a broken connection",
            |world| fail_sts(world, Fault::ResetBefore),
            &["AssumeRoleWithWebIdentity"],
        ),
        unavailable(
            "an identity provider that Amazon does not reach",
            |world| fail_sts(world, StsError::idp_communication()),
            &["AssumeRoleWithWebIdentity"],
        ),
        unavailable(
            "an identity endpoint that breaks off",
            |world| fail_identity(world, Fault::ResetBefore),
            &["AssumeRoleWithWebIdentity"],
        ),
        unavailable(
            "an identity endpoint that does not answer",
            |world| fail_identity(world, Fault::Hang),
            &["AssumeRoleWithWebIdentity"],
        ),
        Case::keyless(
            "an identity endpoint that says no without words",
            |world| fail_identity(world, raw(403, "no")),
            &["Azure refuses", "AWS_WEB_IDENTITY_AUDIENCE"],
        ),
    ]
}

#[tokio::test]
async fn a_role_that_cannot_be_taken_on_is_refused_with_what_helps() {
    let cases = misconfigured_without_a_key()
        .into_iter()
        .chain(misconfigured_with_a_key());
    stream::iter(cases).for_each_concurrent(SIDE_BY_SIDE, check).await;
}

#[tokio::test]
async fn a_service_that_is_disturbed_is_told_from_a_role_that_is_refused() {
    stream::iter(disturbed()).for_each_concurrent(SIDE_BY_SIDE, check).await;
}

async fn check(case: Case) {
    let settings: Vec<(&str, &str)> = case
        .audience
        .map(|audience| ("AWS_WEB_IDENTITY_AUDIENCE", audience))
        .into_iter()
        .collect();
    let world = hasty_world(&settings).await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    (case.prepare)(&world);
    let before = world.everything();
    let answer = world.put("new", (case.document)(&world)).await;
    let what = case.what;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (case.status, case.code),
        "{what}: {}",
        answer.text
    );
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    for words in case.words {
        assert!(message.contains(words), "{what}: {words:?} in {message}");
    }
    let waits = matches!(case.status, 429 | 503);
    assert_eq!(answer.headers.contains_key(RETRY_AFTER), waits, "{what}");
    assert_eq!(world.everything(), before, "{what}");
    assert_eq!(world.gateway_calls("/"), 0, "{what}");
}

/// A Functions host does not pass on Entra's reason, and says that it is to blame itself.
#[tokio::test]
async fn an_identity_endpoint_that_hides_the_reason_is_told_with_what_it_may_be() {
    const OPAQUE: &str = r#"{"statusCode":500,"message":"An unexpected error occured while fetching the AAD Token."}"#;
    let world = World::start().await;
    fail_identity(&world, raw(500, OPAQUE));
    let refused = world.put("new", keyless(&world)).await.expect(503);
    for words in [
        "fetching the AAD Token",
        "if this persists",
        "AWS_WEB_IDENTITY_AUDIENCE",
    ] {
        assert!(refused.text.contains(words), "{}", refused.text);
    }
}

#[tokio::test]
async fn an_outage_of_the_service_shorter_than_the_call_goes_unnoticed() {
    for fault in [
        Fault::from(StsError::internal_failure()),
        Fault::from(StsError::throttling()),
        Fault::from(StsError::idp_communication()),
        Fault::ResetBefore,
    ] {
        let world = World::start().await;
        world.fail(Service::Sts, None, ".", Some(1), fault);
        world.put("new", keyless(&world)).await.expect(201);
    }
}
