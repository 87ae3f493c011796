use super::*;
use crate::model::ErrorCode;

#[tokio::test(start_paused = true)]
async fn an_answer_without_end_is_given_up_and_not_asked_for_again() {
    let bench = Bench::new([Reaction::Endless]);
    let error = bench.catalog.apis().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET workspaces/default/apis: the response cannot be parsed: it is larger than 67108864 bytes"
    );
    assert_eq!(bench.script.parts.load(Ordering::Relaxed), 65);
    let bench = Bench::new([Reaction::Endless]);
    let error = bench
        .catalog
        .export_specification(&definition_path())
        .await
        .unwrap_err();
    assert_eq!(kind(&error), "malformed");
    assert_eq!(
        (bench.script.parts.load(Ordering::Relaxed), bench.lines().len()),
        (17, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_definition_of_the_largest_size_comes_through() {
    // Every character of it takes six in the answer.
    let text = "\u{1}".repeat(2 * 1024 * 1024);
    let bench = Bench::new([answer(200, json!({ "format": "inline", "value": text }))]);
    let exported = bench.catalog.export_specification(&definition_path()).await.unwrap();
    assert!(exported == Exported::Text(text));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_cut_to_what_people_can_use() {
    let bench = Bench::new([answer(400, "x".repeat(100_000))]);
    let error = bench.catalog.apis().await.unwrap_err().to_string();
    assert!(
        error.contains("status 400: xxx") && error.len() < 800,
        "{}",
        error.len()
    );
}

#[tokio::test(start_paused = true)]
async fn the_words_of_a_refusal_reach_nobody_as_they_are() {
    for body in [
        "{\"error\":{\"code\":\"\\u001b[2J\",\"message\":\"a\\r\\nb\\u202ec\"}}".to_owned(),
        format!("\u{1b}[2J: a\nb\u{202e}c{}", "[".repeat(10_000_000)),
        format!("[{}", "0,".repeat(10_000_000)),
        format!("{{\"error\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000)),
        r#"{"error":{"code":7,"message":["x"]}}"#.to_owned(),
        r#"{"error":"text"}"#.to_owned(),
        "\u{feff}".to_owned(),
    ] {
        let error = Bench::new([answer(400, &body)])
            .catalog
            .apis()
            .await
            .unwrap_err()
            .to_string();
        let harmless = |character: char| !character.is_control() && character != '\u{202e}';
        assert!(error.chars().all(harmless) && error.len() < 2100, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_are_told_what_helps() {
    let denied = r#"{"error":{"code":"AuthorizationFailed","message":"The client has no authorization."}}"#;
    let table = [
        (
            answer(403, denied),
            ErrorCode::ApiCenterForbidden,
            "Azure API Center Service Contributor",
        ),
        (
            answer(401, denied),
            ErrorCode::ApiCenterForbidden,
            "The client has no authorization.",
        ),
        (
            answer(404, MISSING),
            ErrorCode::ServiceUnavailable,
            "APICENTER_RESOURCE_ID",
        ),
        (answer(500, ""), ErrorCode::ServiceUnavailable, "status 500: no message"),
        (
            answer(200, "{}"),
            ErrorCode::ServiceUnavailable,
            "it is not a list with a `value`",
        ),
    ];
    for (reaction, code, words) in table {
        let bench = Bench::new([reaction]);
        let problem = bench.catalog.apis().await.unwrap_err().problem();
        assert_eq!(problem.code, code);
        assert!(problem.message.contains(words), "{}", problem.message);
        assert!(!problem.message.contains("token-"), "{}", problem.message);
    }
}

/// A refusal with this code and message.
fn refusing(status: u16, code: &str, message: &str) -> Reaction {
    answer(status, json!({ "error": { "code": code, "message": message } }))
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_stays_is_told_as_that_and_only_what_may_pass_says_when() {
    let (for_good, full, for_now) = (
        ErrorCode::InvalidRequest,
        ErrorCode::CatalogFull,
        ErrorCode::ServiceUnavailable,
    );
    let full_by_words = "The maximum number of environments is 20.";
    let table = [
        (
            refusing(400, "ValidationError", "The title is too long."),
            for_good,
            None,
        ),
        (refusing(405, "MethodNotAllowed", "No."), for_good, None),
        (refusing(409, "ScopeLocked", "The scope is locked."), for_good, None),
        (
            refusing(412, "PreconditionFailed", "The state is wrong."),
            for_good,
            None,
        ),
        (answer(413, ""), for_good, None),
        (refusing(400, "QuotaExceeded", "There are 20 already."), full, None),
        (refusing(409, "ResourceCountLimitExceeded", "Too many."), full, None),
        (refusing(400, "BadRequest", full_by_words), full, None),
        (refusing(409, "AnotherOperationInProgress", "Wait."), for_now, Some(10)),
        (refusing(409, "Conflict", "Somebody else writes."), for_now, Some(10)),
        (
            refusing(400, "Busy", "Later.").with("retry-after", "7"),
            for_now,
            Some(7),
        ),
        (answer(302, ""), for_now, Some(10)),
    ];
    for (reaction, code, seconds) in table {
        let error = Bench::new([reaction]).catalog.get(&api_path()).await.unwrap_err();
        let problem = error.problem();
        assert_eq!(
            (problem.code, problem.retry_after_seconds()),
            (code, seconds),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_404_speaks_of_what_was_not_found() {
    let missing = || Bench::new([answer(404, r#"{"code":"404","message":"There is no such thing."}"#)]);
    let entity = missing().catalog.update(&owned(api_path()), |_| ()).await.unwrap_err();
    let problem = entity.problem().message;
    assert!(problem.contains("GET workspaces/default/apis/shop-api: "), "{problem}");
    assert!(
        problem.contains("deleted meanwhile") && !problem.contains("APICENTER_RESOURCE_ID"),
        "{problem}"
    );

    let center = [
        missing().catalog.limits().await.unwrap_err(),
        missing().catalog.apis().await.unwrap_err(),
        missing().catalog.metadata_schemas().await.unwrap_err(),
    ];
    for error in center {
        let problem = error.problem().message;
        assert!(
            problem.contains("APICENTER_RESOURCE_ID") && problem.contains("no such thing"),
            "{problem}"
        );
    }

    let there = Bench::new([answer(404, ""), answer(200, super::entity("shop-api", json!({})))]);
    let problem = there
        .catalog
        .delete(&owned(api_path()))
        .await
        .unwrap_err()
        .problem()
        .message;
    assert!(
        problem.contains("still exists") && !problem.contains("APICENTER_RESOURCE_ID"),
        "{problem}"
    );
}

#[tokio::test(start_paused = true)]
async fn every_request_says_what_it_takes_and_who_sends_it() {
    let bench = Bench::new([answer(200, page(&[], None))]);
    bench.catalog.apis().await.unwrap();
    let seen = &bench.seen()[0];
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("authorization"), Some("Bearer token-1"));
    assert!(seen.header("x-ms-client-request-id").is_some());
    assert!(seen.header("user-agent").unwrap().contains("apicenter-aws-sync"));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_shown_to_tls_only() {
    let script = Bench::new([answer(200, page(&[], None))]).script;
    let center = ApiCenterId::parse(CENTER).unwrap();
    let rates = Rates {
        reads: 1e6,
        writes: 1e6,
        deletes: 1e6,
    };
    let client = Arc::<Script>::clone(&script);
    let center = ApiCenter::over(client, "http://arm.test", center, Arc::new(Tokens::default()), rates).unwrap();
    let budget = Budget::new(Duration::from_mins(1), CancellationToken::new());
    let error = center.catalog(budget, Arc::default()).apis().await.unwrap_err();
    assert!(error.to_string().contains("non-TLS"), "{error}");
    assert!(script.seen.lock().unwrap().is_empty());
}

#[test]
fn a_base_url_must_be_one() {
    let center = ApiCenterId::parse(CENTER).unwrap();
    let rates = Rates {
        reads: 1.0,
        writes: 1.0,
        deletes: 1.0,
    };
    let error = ApiCenter::new("not a url", center, Arc::new(Tokens::default()), rates).unwrap_err();
    assert_eq!(kind(&error), "malformed");
}
