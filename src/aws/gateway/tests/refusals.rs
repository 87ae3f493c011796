//! What AWS refuses, throttles and cannot answer, told apart by what helps.

use super::*;

#[tokio::test]
async fn every_form_of_429_is_waited_out_as_long_as_it_says() {
    let forms = vec![
        coded(429, "TooManyRequestsException", "Rate exceeded").with("retry-after", "0"),
        coded(429, "LimitExceededException", "Rate exceeded").with("retry-after", "0"),
        coded(429, "ThrottlingException", "Rate exceeded").with("retry-after", "0"),
        answer(429, "").with("retry-after", "0"),
        answer(429, "<html>slow down</html>").with("retry-after", "0"),
        answer(200, r#"{"item":[]}"#),
    ];
    let bench = Bench::new(forms).await;
    assert_eq!(bench.gateway.check(&rest()).await, Ok(()));
    assert_eq!((bench.attempts(), bench.traffic.throttles()), (6, 5));
}

#[tokio::test]
async fn a_throttle_of_another_status_that_the_sdk_tries_again_by_itself_counts_too() {
    let bench = Bench::new(vec![
        coded(400, "ThrottlingException", "Rate exceeded"),
        coded(400, "BadRequestException", "no such thing"),
    ])
    .await;
    let error = bench.gateway.check(&rest()).await.unwrap_err();
    assert!(matches!(error, GatewayError::Refused { .. }), "{error:?}");
    assert_eq!((bench.attempts(), bench.traffic.throttles()), (2, 1));
}

#[tokio::test]
async fn a_throttle_longer_than_the_budget_is_given_up_at_once() {
    for (answer, retry_after) in [
        (answer(429, "").with("retry-after", "120"), 120),
        (coded(429, "TooManyRequestsException", "Rate exceeded"), 1),
        (answer(429, "").with("retry-after", "soon"), 1),
    ] {
        let bench = Bench::with_budget(vec![answer], Duration::from_millis(900)).await;
        let error = bench.gateway.check(&rest()).await.unwrap_err();
        let GatewayError::Throttled { retry_after: found, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(*found, Some(Duration::from_secs(retry_after)));
        assert_eq!(error.problem().code, ErrorCode::TooManyRequests);
        assert_eq!(error.problem().retry_after, Some(Duration::from_secs(retry_after)));
        assert_eq!(bench.attempts(), 1);
    }
}

#[tokio::test]
async fn a_server_error_is_tried_again_and_every_attempt_counts() {
    let bench = Bench::new(vec![
        answer(500, ""),
        coded(503, "ServiceUnavailableException", "later"),
        answer(200, r#"{"item":[]}"#),
    ])
    .await;
    assert_eq!(bench.gateway.check(&rest()).await, Ok(()));
    assert_eq!((bench.attempts(), bench.traffic.throttles()), (3, 0));
    assert_eq!(bench.requests().len(), 3);
}

#[tokio::test]
async fn a_server_error_that_stays_is_unavailable() {
    let bench = Bench::new(vec![answer(503, "").with("retry-after", "7")]).await;
    let error = bench.gateway.check(&rest()).await.unwrap_err();
    assert!(matches!(error, GatewayError::Unavailable { .. }), "{error:?}");
    assert_eq!(error.problem().code, ErrorCode::ServiceUnavailable);
    assert_eq!(error.problem().retry_after, Some(Duration::from_secs(7)));
    assert_eq!(bench.attempts(), u64::from(ATTEMPTS));
}

#[tokio::test]
async fn refusals_of_the_key_and_of_access_are_told_apart() {
    for (answer, code) in [
        (coded(403, "AccessDeniedException", "m"), ErrorCode::AwsAccessDenied),
        (coded(401, "UnauthorizedException", "m"), ErrorCode::AwsAccessDenied),
        (answer(403, r#"{"message":"m"}"#), ErrorCode::AwsAccessDenied),
        (answer(403, ""), ErrorCode::AwsAccessDenied),
        (
            coded(403, "UnrecognizedClientException", "m"),
            ErrorCode::AwsAuthenticationFailed,
        ),
        (
            coded(403, "InvalidSignatureException", "m"),
            ErrorCode::AwsAuthenticationFailed,
        ),
        (
            coded(403, "SignatureDoesNotMatch", "m"),
            ErrorCode::AwsAuthenticationFailed,
        ),
        (coded(403, "ExpiredToken", "m"), ErrorCode::AwsAuthenticationFailed),
        (
            coded(403, "ExpiredTokenException", "m"),
            ErrorCode::AwsAuthenticationFailed,
        ),
        (
            coded(403, "InvalidClientTokenId", "m"),
            ErrorCode::AwsAuthenticationFailed,
        ),
        (
            coded(400, "IncompleteSignatureException", "m"),
            ErrorCode::AwsAuthenticationFailed,
        ),
        (
            coded(403, "MissingAuthenticationTokenException", "m"),
            ErrorCode::AwsAuthenticationFailed,
        ),
    ] {
        let bench = Bench::new(vec![answer.clone()]).await;
        let error = bench.gateway.check(&rest()).await.unwrap_err();
        assert_eq!(error.problem().code, code, "{answer:?}");
        assert_eq!(bench.attempts(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn an_expired_signature_hints_at_the_clock() {
    let words = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z";
    let bench = Bench::new(vec![coded(403, "InvalidSignatureException", words)]).await;
    let error = bench.gateway.check(&rest()).await.unwrap_err().to_string();
    assert!(error.contains(words) && error.contains("clock"), "{error}");
}

#[tokio::test]
async fn the_access_key_is_not_repeated() {
    let words = format!("Authorization=AWS4-HMAC-SHA256 Credential={KEY_ID}/20260101, {KEY}");
    let bench = Bench::new(vec![coded(403, "IncompleteSignatureException", &words)]).await;
    let error = bench.gateway.check(&rest()).await.unwrap_err();
    let texts = [
        error.to_string(),
        format!("{error:?}"),
        format!(
            "{:?} {}",
            bench.gateway.caller.credentials, bench.gateway.caller.credentials
        ),
    ];
    assert!(
        texts.iter().all(|text| !text.contains(KEY_ID) && !text.contains(KEY)),
        "{texts:?}"
    );
}

#[tokio::test]
async fn a_key_at_the_end_of_what_is_passed_on_and_signatures_are_not_repeated_either() {
    for before in 500..600 {
        let words = format!("{}{KEY_ID} Signature=0123456789abcdefABCDEF, {KEY}", "x".repeat(before));
        let bench = Bench::new(vec![coded(403, "IncompleteSignatureException", &words)]).await;
        let error = bench.gateway.check(&rest()).await.unwrap_err().to_string();
        assert!(
            !error.contains("AKIA") && !error.contains("wJalr") && !error.contains("=0123"),
            "{error}"
        );
    }
    let bench = Bench::new(vec![answer(200, "{}")]).await;
    let debug = format!("{:?}", bench.gateway);
    assert!(!debug.contains(KEY_ID) && !debug.contains(KEY), "{debug}");
}
