use super::*;

/// Statuses, how many tries they are worth, and what they come to.
const STATUSES: &[(u16, usize, &str)] = &[
    (301, 1, "refused"),
    (302, 1, "refused"),
    (307, 1, "refused"),
    (308, 1, "refused"),
    (400, 1, "refused"),
    (401, 2, "forbidden"),
    (403, 1, "forbidden"),
    (408, 3, "unavailable"),
    (409, 1, "refused"),
    (413, 1, "refused"),
    (500, 3, "unavailable"),
    (501, 1, "unavailable"),
    (502, 3, "unavailable"),
    (503, 4, "unavailable"),
    (504, 3, "unavailable"),
];

#[tokio::test(start_paused = true)]
async fn every_status_has_its_tries_and_its_meaning() {
    for &(status, tries, expected) in STATUSES {
        let reaction = answer(status, r#"{"error":{"code":"SomeCode","message":"Some words."}}"#);
        let bench = Bench::new([reaction.with("location", "https://evil.test/")]);
        let error = bench.catalog.apis().await.unwrap_err();
        assert_eq!(kind(&error), expected, "{status}");
        assert!(error.to_string().ends_with("SomeCode: Some words."), "{error}");
        assert_eq!(bench.lines(), vec!["GET /apis"; tries], "{status}");
        assert_eq!(bench.traffic.requests(), tries as u64, "{status}");
        assert_eq!(bench.traffic.throttles(), 0, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn writes_and_deletions_are_tried_again_with_their_whole_body() {
    let bench = Bench::new([
        answer(500, ""),
        answer(503, ""),
        answer(200, entity("shop-api", json!({}))),
    ]);
    let sent = properties(json!({ "title": "Shop" }));
    bench.catalog.create(&vacant(api_path()), &sent).await.unwrap();
    let bodies: Vec<Value> = bench.seen().iter().map(Seen::json).collect();
    assert_eq!(bodies, vec![json!({ "properties": sent }); 3]);
    let bench = Bench::new([Reaction::Fail(ErrorKind::Io), answer(404, MISSING)]);
    bench.catalog.delete(&owned(api_path())).await.unwrap();
    // What is not found is looked for, before it is taken for deleted.
    assert_eq!(
        bench.lines(),
        ["DELETE /apis/shop-api", "DELETE /apis/shop-api", "GET /apis/shop-api"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_accepted_is_renewed_once() {
    let bench = Bench::new([answer(401, ""), answer(200, page(&[], None))]);
    bench.catalog.apis().await.unwrap();
    bench.catalog.apis().await.unwrap();
    let seen = bench.seen();
    let tokens: Vec<_> = seen.iter().map(|seen| seen.header("authorization").unwrap()).collect();
    assert_eq!(tokens, ["Bearer token-1", "Bearer token-2", "Bearer token-2"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_sent() {
    let tokens = Tokens {
        refuses: true,
        ..Tokens::default()
    };
    let bench = Bench::with([answer(200, "{}")], Duration::from_mins(1), tokens);
    let error = bench.catalog.apis().await.unwrap_err();
    assert_eq!(kind(&error), "no token");
    assert!(error.to_string().contains("no managed identity here"), "{error}");
    assert_eq!(bench.lines(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_made_anew_twice() {
    for broken in [ErrorKind::Io, ErrorKind::Connection] {
        let fail = || Reaction::Fail(broken.clone());
        let bench = Bench::new([fail(), fail(), answer(200, page(&["one"], None))]);
        assert_eq!(bench.catalog.apis().await.unwrap().len(), 1);
        assert_eq!(bench.seconds(), [0.0, 0.5, 1.5]);
        let bench = Bench::new([fail()]);
        let error = bench.catalog.apis().await.unwrap_err();
        assert_eq!(kind(&error), "unavailable");
        assert!(error.to_string().contains("the connection broke"), "{error}");
        assert_eq!(bench.lines().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let bench = Bench::new([Reaction::Hang, answer(200, page(&[], None))]);
    bench.catalog.apis().await.unwrap();
    assert_eq!(bench.seconds(), [0.0, 60.5]);
    let bench = Bench::new([Reaction::Hang]);
    assert_eq!(kind(&bench.catalog.apis().await.unwrap_err()), "unavailable");
    assert_eq!(bench.elapsed(), "181.5");
}

#[tokio::test(start_paused = true)]
async fn a_request_ends_soon_after_the_budget_and_none_is_begun_after_it() {
    let bench = Bench::within(Duration::from_secs(10), [Reaction::Hang]);
    assert_eq!(kind(&bench.catalog.apis().await.unwrap_err()), "out of time");
    assert_eq!(bench.elapsed(), "12.0");
    assert_eq!(kind(&bench.catalog.apis().await.unwrap_err()), "out of time");
    assert_eq!((bench.elapsed().as_str(), bench.lines().len()), ("12.0", 1));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_answered_right_after_the_budget_counts() {
    let bench = Bench::within(
        Duration::from_secs(1),
        [answer(500, ""), answer(200, page(&["one"], None))],
    );
    assert_eq!(bench.catalog.apis().await.unwrap().len(), 1);
    let broken = Bench::within(
        Duration::from_secs(1),
        [answer(500, ""), answer(500, ""), answer(200, page(&["one"], None))],
    );
    assert_eq!(broken.catalog.apis().await.unwrap().len(), 1);
    assert_eq!(broken.elapsed(), "1.5");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_every_wait() {
    let waits = [
        Reaction::Hang,
        answer(429, "").with("retry-after", 60),
        answer(503, "").with("retry-after", 60),
    ];
    for reaction in waits {
        let bench = Bench::new([reaction.clone()]);
        let stop = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            bench.stop.cancel();
        };
        let (result, ()) = tokio::join!(bench.catalog.apis(), stop);
        assert!(result.is_err(), "{reaction:?}");
        assert!(bench.elapsed_time() <= Duration::from_millis(5010), "{reaction:?}");
        assert_eq!(bench.lines().len(), 1, "{reaction:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_available_is_asked_again_when_it_says() {
    let table = [
        (answer(503, "").with("retry-after", 7), [0.0, 7.0, 14.0, 21.0]),
        (answer(503, ""), [0.0, 1.0, 3.0, 7.0]),
        (answer(503, "").with("retry-after", "soon"), [0.0, 1.0, 3.0, 7.0]),
    ];
    for (reaction, times) in table {
        let bench = Bench::new([reaction]);
        let error = bench.catalog.apis().await.unwrap_err();
        assert_eq!(kind(&error), "unavailable");
        assert_eq!(bench.seconds(), times);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_for_more_time_than_there_is_says_when() {
    let bench = Bench::within(Duration::from_secs(30), [answer(503, "").with("retry-after", 31)]);
    let error = bench.catalog.apis().await.unwrap_err();
    let after = Some(Duration::from_secs(31));
    assert!(
        matches!(&error, CatalogError::Unavailable { retry_after, .. } if *retry_after == after),
        "{error}"
    );
    assert_eq!((bench.elapsed().as_str(), error.problem().retry_after), ("0.0", after));
}

#[tokio::test(start_paused = true)]
async fn throttling_is_waited_for() {
    let table = [
        (
            answer(429, "").with("retry-after", 17),
            [0.0, 17.0, 34.0, 51.0, 68.0, 85.0, 102.0],
        ),
        (answer(429, ""), [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 47.0]),
        (
            answer(429, "").with("retry-after", 0),
            [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 47.0],
        ),
        (
            answer(429, "").with("retry-after", -1),
            [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 47.0],
        ),
    ];
    for (reaction, times) in table {
        let reactions = std::iter::repeat_n(reaction, 6).chain([answer(200, page(&["one"], None))]);
        let bench = Bench::new(reactions);
        assert_eq!(bench.catalog.apis().await.unwrap().len(), 1);
        assert_eq!(bench.seconds(), times);
        assert_eq!((bench.traffic.requests(), bench.traffic.throttles()), (7, 6));
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_past_the_budget_is_an_error_at_once_for_all_requests_of_its_kind() {
    let bench = Bench::within(
        Duration::from_secs(30),
        [answer(429, "").with("retry-after", 40), answer(200, page(&[], None))],
    );
    let error = bench.catalog.apis().await.unwrap_err();
    let after = Some(Duration::from_secs(40));
    assert!(
        matches!(&error, CatalogError::Throttled { retry_after, .. } if *retry_after == after),
        "{error}"
    );
    assert_eq!(error.problem().retry_after, after);
    tokio::time::advance(Duration::from_secs(9)).await;
    let error = bench.catalog.environments().await.unwrap_err();
    let after = Some(Duration::from_secs(31));
    assert!(
        matches!(&error, CatalogError::Throttled { retry_after, .. } if *retry_after == after),
        "{error}"
    );
    assert_eq!(bench.lines(), ["GET /apis"]);
    // The next run waits, since it has the time.
    let budget = Budget::new(Duration::from_mins(1), CancellationToken::new());
    bench.center.catalog(budget, Arc::default()).apis().await.unwrap();
    assert_eq!(bench.seconds(), [0.0, 40.0]);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_throttled_holds_all_of_its_kind_back_and_nobody_else() {
    let bench = Bench::new([answer(429, "").with("retry-after", 20), answer(200, page(&[], None))]);
    let later = |wait_seconds| {
        let catalog = &bench.catalog;
        async move {
            tokio::time::sleep(Duration::from_secs(wait_seconds)).await;
            catalog.apis().await.unwrap();
        }
    };
    let deletion = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        bench.catalog.delete(&owned(api_path())).await.unwrap();
    };
    let schema = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        bench
            .catalog
            .create(&vacant(api_path()), &Properties::new())
            .await
            .unwrap_err();
    };
    tokio::join!(later(0), later(1), later(5), later(19), later(30), deletion, schema);
    let seen = bench.seen();
    let arrivals: Vec<(&str, f64)> = seen
        .iter()
        .map(|seen| (seen.line.as_str(), round(seen.after)))
        .collect();
    assert_eq!(
        arrivals,
        [
            ("GET /apis", 0.0),
            ("DELETE /apis/shop-api", 2.0),
            ("PUT /apis/shop-api", 3.0),
            ("GET /apis", 20.0),
            ("GET /apis", 20.0),
            ("GET /apis", 20.0),
            ("GET /apis", 20.0),
            ("GET /apis", 30.0),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_within_the_pipeline_is_held_back_too() {
    let bench = Bench::new([
        answer(500, ""),
        answer(429, "").with("retry-after", 20),
        answer(200, page(&[], None)),
    ]);
    let other = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bench.catalog.apis().await.unwrap();
    };
    let (first, ()) = tokio::join!(bench.catalog.apis(), other);
    first.unwrap();
    assert_eq!(bench.seconds(), [0.0, 0.1, 20.1, 20.1]);
}

#[tokio::test(start_paused = true)]
async fn the_count_of_a_run_is_its_own() {
    let bench = Bench::new([answer(200, page(&[], None))]);
    let other = Arc::<Traffic>::default();
    let budget = Budget::new(Duration::from_mins(1), CancellationToken::new());
    bench.center.catalog(budget, Arc::clone(&other)).apis().await.unwrap();
    bench.catalog.apis().await.unwrap();
    bench.catalog.apis().await.unwrap();
    assert_eq!((other.requests(), bench.traffic.requests()), (1, 2));
}
