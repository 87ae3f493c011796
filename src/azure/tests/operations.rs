use super::*;

const RESULT: &str = "https://arm.test/operationResults/";

async fn import(bench: &Bench) -> Result<(), CatalogError> {
    let definition = owned(definition_path());
    bench.catalog.import_specification(&definition, &document()).await
}

fn accepted(location: &str) -> Reaction {
    answer(202, "").with("location", location)
}

fn ended(status: &str) -> Value {
    json!({ "id": "…", "status": status, "endTime": "2026-01-01T00:00:00Z" })
}

#[tokio::test(start_paused = true)]
async fn an_import_that_is_done_at_once_is_one_request() {
    for reaction in [answer(200, ""), answer(202, ""), answer(200, ended("Succeeded"))] {
        let bench = Bench::new([reaction]);
        import(&bench).await.unwrap();
        let seen = bench.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!(
            seen[0].line,
            "POST /apis/shop-api/versions/live/definitions/openapi/importSpecification"
        );
        let specification = json!({ "name": "openapi", "version": "3.0.1" });
        let expected = json!({ "format": "inline", "value": "openapi: 3.0.1", "specification": specification });
        assert_eq!(seen[0].json(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_followed_at_its_newest_location_when_it_says() {
    let running = answer(202, ended("InProgress"));
    let bench = Bench::new([
        accepted(&format!("{RESULT}1")).with("retry-after", 5),
        running
            .clone()
            .with("location", "/operationResults/2")
            .with("retry-after", 10),
        running.clone(),
        answer(200, ended("InProgress")).with("location", format!("{RESULT}3")),
        answer(200, ended("Succeeded")),
    ]);
    import(&bench).await.unwrap();
    let polls = ["1", "2", "2", "3"].map(|number| format!("GET {RESULT}{number}"));
    assert_eq!(bench.lines()[1..], polls);
    assert_eq!(bench.seconds(), [0.0, 5.0, 15.0, 16.0, 17.0]);
    assert!(
        bench
            .seen()
            .iter()
            .all(|seen| seen.header("authorization") == Some("Bearer token-1"))
    );
}

#[tokio::test(start_paused = true)]
async fn an_operation_can_fail_with_status_200() {
    let error = json!({ "code": "InvalidSpec", "message": "It is no OpenAPI." });
    let comment = json!({ "comment": "It is no OpenAPI." });
    for (body, words) in [
        (
            json!({ "status": "Failed", "error": error }),
            "Failed: InvalidSpec: It is no OpenAPI.",
        ),
        (
            json!({ "status": "failed", "properties": comment }),
            r#"failed: {"comment":"It is no OpenAPI."}"#,
        ),
        (json!({ "status": "Canceled" }), "Canceled: null"),
    ] {
        for before in [vec![], vec![accepted("/operationResults/1")]] {
            let bench = Bench::new(before.into_iter().chain([answer(200, &body)]));
            let error = import(&bench).await.unwrap_err();
            assert_eq!(kind(&error), "refused");
            assert!(
                error
                    .to_string()
                    .ends_with(&format!("the operation ended with status {words}")),
                "{error}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_whose_end_cannot_be_known_is_an_error() {
    for (reaction, expected) in [
        (answer(200, "{\"status\":"), "malformed"),
        (answer(404, MISSING), "not found"),
        (answer(403, ""), "forbidden"),
        (answer(500, ""), "unavailable"),
    ] {
        let bench = Bench::new([accepted("/operationResults/1"), reaction]);
        assert_eq!(kind(&import(&bench).await.unwrap_err()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_location_the_azure_async_operation_is_followed() {
    let operation = |number: u32| format!("{RESULT}{number}");
    let bench = Bench::new([
        answer(202, "").with("azure-asyncoperation", operation(1)),
        answer(200, ended("InProgress")),
        answer(200, ended("InProgress")).with("azure-asyncoperation", operation(2)),
        answer(200, ended("Succeeded")),
    ]);
    import(&bench).await.unwrap();
    let polls = [1, 1, 2].map(|number| format!("GET {RESULT}{number}"));
    assert_eq!(bench.lines()[1..], polls);
    let both = Bench::new([
        accepted("/operationResults/3").with("azure-asyncoperation", operation(4)),
        answer(200, ended("Succeeded")),
    ]);
    import(&both).await.unwrap();
    assert_eq!(both.lines()[1], format!("GET {RESULT}3"));
    let elsewhere = Bench::new([answer(202, "").with("azure-asyncoperation", "https://evil.test/1")]);
    assert_eq!(kind(&import(&elsewhere).await.unwrap_err()), "malformed");
    assert_eq!(elsewhere.lines().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_not_followed_elsewhere() {
    for location in [
        "https://evil.test/operationResults/1",
        "http://arm.test/1",
        "//evil.test/1",
    ] {
        let bench = Bench::new([accepted(location)]);
        assert_eq!(kind(&import(&bench).await.unwrap_err()), "malformed");
        assert_eq!(bench.lines().len(), 1, "{location}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_goes_on_is_left_when_there_is_no_time() {
    let reaction = accepted("/operationResults/1").with("retry-after", 7);
    let bench = Bench::within(Duration::from_secs(20), [reaction]);
    assert_eq!(kind(&import(&bench).await.unwrap_err()), "out of time");
    assert_eq!(bench.seconds(), [0.0, 7.0, 14.0]);
    assert!(bench.elapsed_time() <= Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_takes_time_is_followed_to_its_end() {
    let bench = Bench::new([accepted("/operationResults/1"), answer(204, "")]);
    bench.catalog.delete(&owned(api_path())).await.unwrap();
    assert_eq!(bench.lines().len(), 2);
    let failed = Bench::new([accepted("/operationResults/1"), answer(200, ended("Failed"))]);
    let error = failed.catalog.delete(&owned(api_path())).await.unwrap_err();
    assert_eq!(kind(&error), "refused");
}

#[tokio::test(start_paused = true)]
async fn an_export_gives_a_text_or_a_link_or_nothing() {
    let text = || Exported::Text("openapi: \"3\"\r\n".to_owned());
    let link = || Exported::Link("https://blob.test/1".to_owned());
    for (body, expected) in [
        (r#"{"format":"inline","value":"openapi: \"3\"\r\n"}"#, text()),
        (r#"{"format":"Inline","value":"openapi: \"3\"\r\n"}"#, text()),
        (r#"{"value":"openapi: \"3\"\r\n"}"#, text()),
        (r#"{"format":"link","value":"https://blob.test/1"}"#, link()),
        (r#"{"format":"LINK","value":"https://blob.test/1"}"#, link()),
        (r#"{"format":"inline","value":""}"#, Exported::Nothing),
        (r#"{"format":"inline","value":null}"#, Exported::Nothing),
        ("", Exported::Nothing),
    ] {
        for before in [vec![], vec![accepted("/operationResults/1")]] {
            let bench = Bench::new(before.into_iter().chain([answer(200, body)]));
            assert_eq!(
                bench.catalog.export_specification(&definition_path()).await.unwrap(),
                expected
            );
            let first = &bench.seen()[0];
            assert_eq!(
                first.line,
                "POST /apis/shop-api/versions/live/definitions/openapi/exportSpecification"
            );
            assert_eq!((first.body.as_str(), first.header("content-length")), ("", Some("0")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_export_that_cannot_be_understood_is_not_an_empty_definition() {
    for body in ["{}", "[]", "{", r#"{"value":5}"#, r#"{"value":{"openapi":"3.0.1"}}"#] {
        let bench = Bench::new([answer(200, body)]);
        let error = bench
            .catalog
            .export_specification(&definition_path())
            .await
            .unwrap_err();
        assert_eq!(kind(&error), "malformed", "{body}");
    }
}
