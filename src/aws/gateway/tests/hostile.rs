//! Answers that nobody should give.

use super::*;

/// A listing around these items.
fn items(items: &str) -> Vec<u8> {
    format!(r#"{{"item":[{items}]}}"#).into_bytes()
}

#[tokio::test]
async fn a_listing_of_another_form_is_an_error_of_few_words() {
    let nested = format!(r#"{{"item":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("nothing but a byte order mark", b"\xef\xbb\xbf".to_vec()),
        ("a byte order mark first", b"\xef\xbb\xbf{\"item\":[]}".to_vec()),
        (
            "no UTF-8",
            b"{\"item\":[{\"id\":\"a1\",\"name\":\"\xff\xfe\"}]}".to_vec(),
        ),
        ("half a surrogate", items(r#"{"id":"a1","name":"\ud800"}"#)),
        (
            "surrogates the wrong way round",
            items(r#"{"id":"a1","name":"\udc00\ud800"}"#),
        ),
        ("a number for a name", items(r#"{"id":"a1","name":1}"#)),
        ("an object for an id", items(r#"{"id":{},"name":"n"}"#)),
        ("an array of arrays", items("[]")),
        ("no array", br#"{"item":"a1"}"#.to_vec()),
        ("an array at the top", b"[]".to_vec()),
        ("a text at the top", br#""item""#.to_vec()),
        ("no end", br#"{"item":[{"id":"a1""#.to_vec()),
        ("two documents", br#"{"item":[]}{"item":[]}"#.to_vec()),
        ("a position of another type", br#"{"item":[],"position":{}}"#.to_vec()),
        ("a date that is none", items(r#"{"id":"a1","createdDate":"yesterday"}"#)),
        ("a date that is not finite", items(r#"{"id":"a1","createdDate":1e999}"#)),
        ("an empty id", items(r#"{"id":""}"#)),
        ("no id", items("{}")),
        ("depth", nested.into_bytes()),
        ("zeros", vec![0; 100_000]),
        ("markup", b"<html>login</html>".to_vec()),
    ];
    for (what, body) in table {
        let error = Bench::new(vec![answer(200, body)]).await.gateway.rest_apis().await;
        let error = error.map(|listing| format!("{what}: {listing:?}")).unwrap_err();
        assert!(matches!(error, GatewayError::Malformed { .. }), "{what}: {error:?}");
        assert!(error.to_string().len() < 800, "{what}: {error}");
    }
}

#[tokio::test]
async fn no_answer_at_all_is_no_empty_list() {
    let nothing = || answer(200, "");
    let first = answer(200, r#"{"item":[{"id":"a1"}],"position":"p"}"#);
    for answers in [vec![nothing()], vec![first, nothing()]] {
        let error = Bench::new(answers).await.gateway.rest_apis().await.unwrap_err();
        assert!(error.to_string().contains("the response is empty"), "{error}");
    }
    let bench = Bench::new(vec![nothing()]).await;
    assert!(bench.gateway.stages(&with_id("a1")).await.is_err());
    assert!(bench.gateway.check(&rest()).await.is_err());
}

#[tokio::test]
async fn an_empty_export_is_no_definition_and_no_error() {
    let bench = Bench::new(vec![answer(200, "")]).await;
    let export = bench.gateway.export(&api(), "prod").await.unwrap();
    assert_eq!(export, StageExport::OpenApi(Vec::new()));
}

#[tokio::test]
async fn odd_values_that_are_json_do_no_harm() {
    for item in [
        r#"{"id":"a1","name":"one","name":"two","id":"b2"}"#,
        r#"{"id":"a1","createdDate":1e308,"name":"far"}"#,
        r#"{"id":"a1","createdDate":-1e308}"#,
        r#"{"id":"a1","createdDate":0.99999999999999999999999999}"#,
        r#"{"id":"a1","unknown":[[[{"a":"\u0000"}]]],"binaryMediaTypes":[]}"#,
        r#"{"id":"a1","name":"","description":"","version":""}"#,
        r#"{"id":"a1","name":null,"endpointConfiguration":{"types":["NEW"],"vpcEndpointIds":null}}"#,
        r#"{"id":"a1","name":"\u0000\u202e\ud83d\ude00"}"#,
        r#"{"id":"a1","minimumCompressionSize":-2147483648}"#,
        r#"{"id":"../../apis/x?y=1#z"}"#,
    ] {
        let listing = Bench::new(vec![answer(200, items(item))])
            .await
            .gateway
            .rest_apis()
            .await;
        let listing = listing.unwrap_or_else(|error| panic!("{item}: {error}"));
        assert_eq!(listing.apis.len() + listing.unusable.len(), 1, "{item}");
    }
}

#[tokio::test]
async fn stages_of_another_form_are_an_error_and_absurd_dates_are_not() {
    for (item, fits) in [
        (r#"{"stageName":"prod","lastUpdatedDate":1e308}"#, true),
        (r#"{"stageName":"prod","lastUpdatedDate":-9223372036854775808}"#, true),
        (r#"{"stageName":"prod","lastUpdatedDate":1e999}"#, false),
        (r#"{"stageName":"\u0000"}"#, false),
        (r#"{"stageName":"\ud800"}"#, false),
        (r#"{"stageName":["prod"]}"#, false),
        (r#"{"stageName":".."}"#, false),
    ] {
        let stages = Bench::new(vec![answer(200, items(item))])
            .await
            .gateway
            .stages(&with_id("a1"))
            .await;
        assert_eq!(stages.is_ok(), fits, "{item}: {stages:?}");
    }
}

#[tokio::test]
async fn stage_names_stay_one_segment_of_the_path() {
    let bench = Bench::new(vec![answer(200, r#"{"openapi":"3.0.1"}"#)]).await;
    for name in [
        "a/b", "a/../b", "%2e%2e", "a?b=c", "a#b", "a\\b", "...", "日本", "$default", "a b",
    ] {
        bench.gateway.export(&api(), name).await.unwrap();
        let line = bench.requests().pop().unwrap();
        let segment = line
            .strip_prefix("GET /restapis/a1b2c3d4e5/stages/")
            .and_then(|rest| rest.strip_suffix("/exports/oas30"));
        let segment = segment.unwrap_or_else(|| panic!("{name}: {line}"));
        assert!(!segment.contains(['/', '?', '#', '\\', ' ']), "{name}: {line}");
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8().unwrap();
        assert_eq!(decoded, name);
    }
}

#[tokio::test]
async fn the_words_of_a_refusal_reach_nobody_as_they_are() {
    let words = format!("\u{1b}]0;owned\u{7}\r\nline\u{202e}txet{}", "x".repeat(1 << 20));
    let bench = Bench::new(vec![coded(403, "AccessDeniedException", &words)]).await;
    let error = bench.gateway.check(&rest()).await.unwrap_err().to_string();
    assert!(error.contains("\u{fffd}]0;owned\u{fffd} line\u{fffd}txet"), "{error}");
    assert!(error.len() < 800 && !error.contains(char::is_control), "{error}");
}

#[tokio::test]
async fn a_time_to_wait_beyond_all_bounds_is_given_up_at_once() {
    for seconds in [
        "18446744073709551615",
        "99999999999",
        "-1",
        "1e9",
        " 0 ",
        "18446744073709551616",
    ] {
        let throttle = Answer(429, vec![("retry-after", seconds.to_owned())], Vec::new());
        let bench = Bench::with_budget(vec![throttle], Duration::from_millis(900)).await;
        let problem = bench.gateway.check(&rest()).await.unwrap_err().problem();
        assert!(
            problem.retry_after.unwrap() <= Duration::from_hours(1),
            "{seconds}: {problem:?}"
        );
    }
}
