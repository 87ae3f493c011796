//! What is refused, and how.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::Request;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::AmazonError;
use super::super::signature::verify;
use super::{Answered, Signer, World, document};
use crate::clock::now;
use crate::cloud::CloudOptions;
use crate::faults::{FaultRule, Matcher};
use crate::keyring::{Credential, Keyring, Session, USER_ARN};

async fn list_as(world: &World, change: impl FnOnce(&mut Signer)) -> Answered {
    let mut signer = world.signer();
    change(&mut signer);
    world.call_as(&signer, Method::GET, "/restapis", &Value::Null).await
}

/// The list, with the request changed after it was signed.
async fn list_after(world: &World, change: impl FnOnce(&mut reqwest::Request)) -> Answered {
    let mut request = world.signed(
        &world.signer(),
        Method::GET,
        "/restapis",
        "application/json",
        Vec::new(),
    );
    change(&mut request);
    world.send(request).await
}

fn authorization(request: &reqwest::Request) -> String {
    request.headers()["authorization"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_unsigned_request_is_told_that_a_token_is_missing() {
    let world = World::new().await;
    let answer = list_after(&world, |request| drop(request.headers_mut().remove("authorization"))).await;
    assert_eq!(answer.refusal(), (403, "MissingAuthenticationTokenException"));
    assert_eq!(answer.message(), "Missing Authentication Token");
}

#[tokio::test]
async fn the_refusals_of_credentials_are_told_apart() {
    let world = World::new().await;
    let unknown = list_as(&world, |signer| signer.access_key_id = "AKIAUNKNOWN".to_owned()).await;
    assert_eq!(unknown.refusal(), (403, "UnrecognizedClientException"));
    let wrong_secret = list_as(&world, |signer| signer.secret.push('x')).await;
    assert_eq!(wrong_secret.refusal(), (403, "InvalidSignatureException"));
    assert!(
        wrong_secret
            .message()
            .contains("does not match the signature you provided")
    );
    let wrong_region = list_as(&world, |signer| signer.region = "eu-west-9".to_owned()).await;
    assert_eq!(wrong_region.refusal(), (403, "InvalidSignatureException"));
    assert!(wrong_region.message().contains("'eu-west-9'"));
    let wrong_service = list_as(&world, |signer| signer.service = "execute-api".to_owned()).await;
    assert_eq!(wrong_service.refusal(), (403, "InvalidSignatureException"));
    assert!(wrong_service.message().contains("correct service: 'apigateway'"));
}

#[tokio::test]
async fn a_session_token_does_not_go_with_a_key_that_lasts() {
    let world = World::new().await;
    let answer = list_as(&world, |signer| {
        signer.session_token = Some("of some session".to_owned());
    })
    .await;
    assert_eq!(answer.refusal(), (403, "UnrecognizedClientException"));
}

#[test]
fn a_temporary_key_needs_the_token_of_its_session() {
    let known = Keyring::default();
    known.add(Credential {
        access_key_id: "ASIAEXAMPLE".to_owned(),
        secret: "secret".to_owned(),
        principal: "arn:aws:sts::123456789012:assumed-role/sync/shop".to_owned(),
        session: Some(Session {
            token: "session".to_owned(),
            ends: at_noon() + Duration::from_secs(1),
            role_arn: "arn:aws:iam::123456789012:role/sync".to_owned(),
        }),
    });
    let code_at = |token: Option<&str>, now| {
        let mut request = Request::get("/restapis")
            .header("host", "localhost")
            .header("x-amz-date", "20260301T120000Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/20260301/us-east-1/apigateway/aws4_request, \
                 SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=0",
            );
        if let Some(token) = token {
            request = request.header("x-amz-security-token", token);
        }
        let refusal = verify(&request.body(Bytes::new()).unwrap(), &known, "us-east-1", now).unwrap_err();
        refusal.code
    };
    let code = |token| code_at(token, at_noon());
    assert_eq!(code(None), Some("UnrecognizedClientException"));
    assert_eq!(code(Some("of another session")), Some("UnrecognizedClientException"));
    // The right one leads on to the signature.
    assert_eq!(code(Some("session")), Some("InvalidSignatureException"));
    let over = at_noon() + Duration::from_secs(1);
    assert_eq!(code_at(Some("session"), over), Some("ExpiredTokenException"));
}

#[tokio::test]
async fn the_clock_of_a_caller_may_be_five_minutes_off() {
    let world = World::new().await;
    let almost = Duration::from_mins(4);
    let too_much = Duration::from_mins(6);
    for time in [now() - almost, now() + almost] {
        assert_eq!(list_as(&world, |signer| signer.time = time).await.status, 200);
    }
    let late = list_as(&world, |signer| signer.time = now() - too_much).await;
    assert_eq!(late.refusal(), (403, "InvalidSignatureException"));
    assert!(late.message().starts_with("Signature expired: "), "{}", late.message());
    let early = list_as(&world, |signer| signer.time = now() + too_much).await;
    assert_eq!(early.refusal(), (403, "InvalidSignatureException"));
    assert!(
        early.message().starts_with("Signature not yet current: "),
        "{}",
        early.message()
    );
}

#[tokio::test]
async fn what_was_changed_after_signing_is_refused() {
    let world = World::new().await;
    let path = list_after(&world, |request| request.url_mut().set_path("/restapis/orders0001")).await;
    assert_eq!(path.refusal(), (403, "InvalidSignatureException"));
    let query = list_after(&world, |request| request.url_mut().set_query(Some("limit=1"))).await;
    assert_eq!(query.refusal(), (403, "InvalidSignatureException"));
    let body = list_after(&world, |request| *request.body_mut() = Some("{}".into())).await;
    assert_eq!(body.refusal(), (403, "InvalidSignatureException"));
    let method = list_after(&world, |request| *request.method_mut() = Method::DELETE).await;
    assert_eq!(method.refusal(), (403, "InvalidSignatureException"));
}

#[tokio::test]
async fn a_signature_covers_all_headers_of_amazon() {
    let world = World::new().await;
    let unsigned = |name: &'static str| {
        list_after(&world, move |request| {
            request.headers_mut().insert(name, "1".parse().unwrap());
        })
    };
    assert_eq!(unsigned("x-ours").await.status, 200);
    let answer = unsigned("x-amz-target").await;
    assert_eq!(answer.refusal(), (403, "InvalidSignatureException"));
    assert!(answer.message().starts_with("'x-amz-target' must be a 'SignedHeader'"));
    for name in ["host", "x-amz-date"] {
        let answer = list_after(&world, |request| {
            let header = authorization(request)
                .replace(&format!("{name};"), "")
                .replace(&format!(";{name}"), "");
            request.headers_mut().insert("authorization", header.parse().unwrap());
        })
        .await;
        assert_eq!(answer.refusal(), (403, "InvalidSignatureException"), "{name}");
        assert!(
            answer.message().starts_with(&format!("'{name}' must")),
            "{}",
            answer.message()
        );
    }
}

#[tokio::test]
async fn an_authorization_that_lacks_something_is_incomplete() {
    let world = World::new().await;
    for (part, replacement) in [
        ("AWS4-HMAC-SHA256", "Bearer"),
        ("Credential=", "Credentials="),
        ("SignedHeaders=", "Headers="),
        (", Signature=", ", Sign="),
        ("/aws4_request", ""),
    ] {
        let answer = list_after(&world, |request| {
            let header = authorization(request).replace(part, replacement);
            request.headers_mut().insert("authorization", header.parse().unwrap());
        })
        .await;
        assert_eq!(answer.refusal(), (403, "IncompleteSignatureException"), "{part}");
    }
    let answer = list_after(&world, |request| drop(request.headers_mut().remove("x-amz-date"))).await;
    assert_eq!(answer.refusal(), (403, "IncompleteSignatureException"));
}

fn at_noon() -> std::time::SystemTime {
    // 2026-03-01T12:00:00Z
    UNIX_EPOCH + Duration::from_hours(492_324)
}

/// Worked out with nothing but HMAC and SHA-256, after "Create a signed AWS API request".
#[test]
fn a_signature_made_elsewhere_is_good_for_its_request_only() {
    let known = Keyring::default();
    known.add_lasting(USER_ARN, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let verified = |limit: u8| {
        let request = Request::get(format!("/restapis/abc/stages?limit={limit}&deploymentId=x%2Fy"))
            .header("host", "apigateway.us-east-1.amazonaws.com")
            .header("accept", "application/json")
            .header("x-amz-date", "20260301T120000Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/us-east-1/apigateway/aws4_request, \
                 SignedHeaders=accept;host;x-amz-date, \
                 Signature=b17c4dbd41e819e08d58033dbd1701ad6045788165c4b466d6284990ae990b5d",
            );
        verify(&request.body(Bytes::new()).unwrap(), &known, "us-east-1", at_noon())
    };
    assert!(verified(5).is_ok());
    assert_eq!(verified(6).unwrap_err().code, Some("InvalidSignatureException"));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::with_an_api(document(json!({}))).await;
    for (method, target) in [
        (Method::GET, "/restapis/absent0000"),
        (Method::GET, "/restapis/absent0000/stages"),
        (Method::DELETE, "/restapis/absent0000"),
        (Method::GET, "/restapis/orders0001/stages/PROD"),
        (Method::DELETE, "/restapis/orders0001/stages/test"),
        (Method::GET, "/restapis/orders0001/stages/test/exports/oas30"),
    ] {
        let answer = world.call(method.clone(), target, &Value::Null).await;
        assert_eq!(answer.refusal(), (404, "NotFoundException"), "{method} {target}");
        assert!(!answer.message().is_empty());
    }
}

#[tokio::test]
async fn an_operation_that_is_left_out_is_told_apart_from_what_is_not_found() {
    let world = World::with_an_api(document(json!({}))).await;
    for target in [
        "/usageplans",
        "/restapis/orders0001/resources",
        "/v2/vpclinks",
        "/v2",
        "//restapis",
    ] {
        let answer = world.get(target).await;
        assert_eq!(answer.refusal(), (404, "UnknownOperationException"), "{target}");
    }
}

#[tokio::test]
async fn calls_beyond_the_burst_are_refused_and_those_of_strangers_do_not_count() {
    let mut options = CloudOptions::default();
    options.api_gateway.rate = (0.001, 3.0);
    let world = World::with(options).await;
    // A call that is not signed by a known key costs the account nothing.
    let unknown = list_as(&world, |signer| signer.access_key_id = "AKIAUNKNOWN".to_owned()).await;
    assert_eq!(unknown.status, 403);
    for _ in 0..3 {
        assert_eq!(world.get("/restapis").await.status, 200);
    }
    let answer = world.get("/restapis").await;
    assert_eq!(answer.refusal(), (429, "TooManyRequestsException"));
    assert_eq!(answer.header("retry-after"), None);
}

#[tokio::test]
async fn a_fault_reaches_the_caller_in_the_form_that_was_chosen() {
    let world = World::new().await;
    for (fault, refusal, retry_after) in [
        (
            AmazonError::too_many_requests().retry_after(3),
            (429, "TooManyRequestsException"),
            Some("3"),
        ),
        (AmazonError::too_many_requests().without_code(), (429, "no code"), None),
        (AmazonError::limit_exceeded(), (429, "LimitExceededException"), None),
        (AmazonError::expired_token(), (403, "ExpiredTokenException"), None),
        (AmazonError::internal_failure(), (500, "InternalFailure"), None),
        (
            AmazonError::service_unavailable(),
            (503, "ServiceUnavailableException"),
            None,
        ),
    ] {
        world.cloud.faults.add(FaultRule {
            matcher: Matcher::default(),
            skip: 0,
            times: Some(1),
            fault: fault.into(),
        });
        let answer = world.get("/restapis").await;
        assert_eq!(answer.refusal(), refusal);
        assert_eq!(answer.header("retry-after"), retry_after);
        assert_eq!(world.get("/restapis").await.status, 200);
    }
}

#[tokio::test]
async fn who_is_denied_is_told_who_they_are_in_a_capital_message() {
    let world = World::new().await;
    let user = "arn:aws:iam::123456789012:user/sync";
    world.cloud.faults.add(FaultRule {
        matcher: Matcher::default(),
        skip: 0,
        times: None,
        fault: AmazonError::access_denied(user, "apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis").into(),
    });
    let answer = world.get("/restapis").await;
    assert_eq!(answer.refusal(), (403, "AccessDeniedException"));
    assert!(answer.body["Message"].as_str().unwrap().contains(user));
    assert_eq!(answer.body.get("message"), None);
}
