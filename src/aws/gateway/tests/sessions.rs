//! Sessions that end, and regions that do not know good credentials.

use super::*;
use crate::aws::security_token::{AssumedRole, Proof};
use crate::model::{IntegrationName, RoleArn};

fn session(number: u32) -> Answer {
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>secret{number}</SecretAccessKey>\
         <SessionToken>token{number}</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>"
    );
    answer(200, body)
}

/// What Security Token Service says of the account.
fn identity() -> Answer {
    answer(
        200,
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
    )
}

fn role(connection: &AwsConnection) -> AwsCredentials {
    let role = RoleArn::parse("arn:aws:iam::123456789012:role/sync", &connection.region).unwrap();
    let key = AccessKey::new(KEY_ID.into(), KEY.into());
    let proof = Proof::AccessKey { key, external_id: None };
    AwsCredentials::Role(AssumedRole::new(
        connection,
        role,
        &IntegrationName::parse("shop").unwrap(),
        proof,
    ))
}

const TIME: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_session_that_ends_in_the_middle_is_renewed_once_and_nothing_is_refused() {
    let ended = || {
        coded(
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        )
    };
    let answers = vec![session(1), ended(), session(2), answer(200, r#"{"item":[]}"#)];
    let bench = Bench::of(answers, TIME, "us-east-1", role).await;
    assert_eq!(bench.gateway.check(&rest()).await, Ok(()));
    let list = "GET /restapis?limit=500";
    assert_eq!(bench.requests(), ["POST /", list, "POST /", list]);
    assert_eq!(bench.gateway.refusal(), None);

    let bench = Bench::of(vec![session(1), ended(), session(2), ended()], TIME, "us-east-1", role).await;
    let error = bench.gateway.check(&rest()).await.unwrap_err();
    assert!(matches!(error, GatewayError::AuthenticationFailed { .. }), "{error}");
    assert_eq!(bench.attempts(), 4);
}

#[tokio::test]
async fn a_region_that_does_not_know_good_credentials_is_not_enabled() {
    let unknown = || {
        coded(
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid",
        )
    };
    let key = |_: &AwsConnection| credentials();
    for (region, is_role, answers, is_disabled, attempts) in [
        ("me-south-1", true, vec![session(1), unknown()], true, 2),
        ("us-east-1", true, vec![session(1), unknown()], false, 2),
        ("me-south-1", false, vec![unknown(), identity()], true, 2),
        (
            "me-south-1",
            false,
            vec![unknown(), coded(403, "InvalidClientTokenId", "no")],
            false,
            2,
        ),
        ("us-east-1", false, vec![unknown()], false, 1),
        (
            "me-south-1",
            false,
            vec![coded(403, "AccessDeniedException", "no")],
            false,
            1,
        ),
    ] {
        let bench = if is_role {
            Bench::of(answers, TIME, region, role).await
        } else {
            Bench::of(answers, TIME, region, key).await
        };
        let error = bench.gateway.check(&rest()).await.unwrap_err();
        assert_eq!(
            bench.gateway.is_region_disabled(&error).await,
            is_disabled,
            "{region} {error}"
        );
        assert_eq!(bench.attempts(), attempts, "{region} {error}");
    }
}
