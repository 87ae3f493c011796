//! The Functions host, held against what the real one (4.1037) was recorded to send.

#![expect(clippy::unwrap_used, reason = "a test: it fails where something is not as expected")]

#[path = "functions_host/world.rs"]
mod world;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandbox::functions_host::{HttpMode, TimerKind};
use serde_json::{Value, json};
use world::{KEY, World, fixture, head, masked, send};

/// The request that made the host send an envelope, as far as the envelope tells.
fn request_of(envelope: &Value) -> Vec<u8> {
    let request = &envelope["Data"]["req"];
    let target = request["Url"]
        .as_str()
        .unwrap()
        .trim_start_matches("http://app.example.test");
    let headers = request["Headers"].as_object().unwrap();
    let mut text = format!("{} {target} HTTP/1.1\r\n", request["Method"].as_str().unwrap());
    for (name, values) in headers {
        for value in values.as_array().unwrap() {
            write!(text, "{name}: {}\r\n", value.as_str().unwrap()).unwrap();
        }
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    if headers.contains_key("Transfer-Encoding") {
        bytes.extend(b"2\r\n{}\r\n0\r\n\r\n");
    }
    let is_binary = headers
        .get("Content-Type")
        .is_some_and(|kind| kind[0] == "application/octet-stream");
    match request.get("Body").and_then(Value::as_str) {
        Some(body) if is_binary => bytes.extend(STANDARD.decode(body).unwrap()),
        Some(body) => bytes.extend(body.as_bytes()),
        None => (),
    }
    bytes
}

#[tokio::test]
async fn http_envelopes_are_those_of_the_real_host() {
    let world = World::new(HttpMode::Envelope).await;
    for name in [
        "get",
        "get-no-route-parts",
        "put-json",
        "put-chunked",
        "octet",
        "query",
        "headers",
        "percent2F",
        "unicode",
        "metadata-collision-body",
        "metadata-collision-query",
    ] {
        let (expected_head, body) = fixture(&format!("http-envelope-{name}"));
        let mut expected: Value = serde_json::from_slice(&body).unwrap();
        send(&world.host, &request_of(&expected)).await;
        let seen = world.handler.last();
        assert_eq!(head(&seen.head), head(&expected_head), "{name}");
        let (last, full) = seen.chunks.split_last().unwrap();
        assert!(full.iter().all(|length| *length == 1024) && *last <= 1024, "{name}");
        let mut envelope: Value = serde_json::from_slice(&seen.body).unwrap();
        for envelope in [&mut envelope, &mut expected] {
            // The real host rewrites a text that looks like a time; the stand-in does not.
            envelope["Metadata"].as_object_mut().unwrap().shift_remove("when");
        }
        assert_eq!(masked(envelope), masked(expected), "{name}");
    }
}

#[tokio::test]
async fn forwarded_requests_are_those_of_the_real_host() {
    let world = World::new(HttpMode::Forwarding).await;
    let (_, body) = fixture("http-forward-put-json");
    for (name, line, headers, body) in [
        (
            "get",
            "GET /api/integrations/foo/bar",
            "x-functions-key: KEY\r\n",
            Vec::new(),
        ),
        (
            "query",
            "GET /api/integrations/foo?a=1&a=2&A=3&b=&c&d=%20x%2By+z&e=%C3%BC&f[]=1&=v",
            "x-functions-key: KEY\r\n",
            Vec::new(),
        ),
        ("code", "GET /api/integrations/foo?code=KEY&x=1", "", Vec::new()),
        (
            "put-json",
            "PUT /api/integrations/foo",
            "x-functions-key: KEY\r\nContent-Type: application/json\r\nContent-Length: 60\r\n",
            body,
        ),
        (
            "headers",
            "GET /api/integrations/foo",
            "Accept: a/b\r\nAccept: c/d\r\nUser-Agent: probe/1.0 (test; x)\r\nCookie: a=1\r\nCookie: b=2; c=3\r\n\
             If-Match: \"abc\"\r\nx-functions-key: KEY\r\nX-CuStOm-CASE: MiXeD Value\r\nx-dup: 1\r\nx-dup: 2\r\n\
             x-dup: 3, 4\r\nX-Forwarded-For: 203.0.113.9:1234\r\n",
            Vec::new(),
        ),
    ] {
        let (expected_head, expected_body) = fixture(&format!("http-forward-{name}"));
        let request = format!("{line} HTTP/1.1\r\nHost: app.example.test\r\nConnection: close\r\n{headers}\r\n");
        send(&world.host, &[request.into_bytes(), body].concat()).await;
        let seen = world.handler.last();
        assert_eq!(head(&seen.head), head(&expected_head), "{name}");
        assert_eq!(seen.body, expected_body, "{name}");
    }
}

#[tokio::test]
async fn what_the_real_host_cannot_forward_fails_before_the_handler() {
    let world = World::new(HttpMode::Forwarding).await;
    let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    for rest in [chunked, "x-name: \u{fc}\r\n\r\n"] {
        let request = format!(
            "PUT /api/integrations/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx-functions-key: KEY\r\n{rest}"
        );
        let answer = send(&world.host, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    }
    assert_eq!(world.handler.count(), 0);
}

#[tokio::test]
async fn a_proxied_request_has_the_headers_of_the_proxy_and_keeps_its_query() {
    let world = World::new(HttpMode::Proxying).await;
    let request = "GET /api/integrations/foo?a=1&a=2 HTTP/1.1\r\nHost: app.example.test\r\nConnection: close\r\n\
                   x-functions-key: KEY\r\n\r\n";
    send(&world.host, request.as_bytes()).await;
    let seen = head(&world.handler.last().head);
    assert_eq!(seen[0], "GET /api/integrations/foo?a=1&a=2 HTTP/1.1");
    for header in [
        "host: 127.0.0.1:PORT",
        "x-forwarded-host: app.example.test",
        "x-forwarded-proto: http",
        "x-forwarded-for: 127.0.0.1",
        "x-functions-key: KEY",
        "x-ms-invocation-id: ID",
        "x-azure-functions-invocationid: ID",
        "x-azure-functions-hostversion: 4.1037.0.0",
    ] {
        assert!(seen.iter().any(|line| line == header), "{header} is not in {seen:?}");
    }
    assert!(!seen.iter().any(|line| line.starts_with("connection")), "{seen:?}");
}

#[tokio::test]
async fn answers_of_the_handler_are_passed_back_as_they_are() {
    for mode in [HttpMode::Forwarding, HttpMode::Proxying] {
        let world = World::new(mode).await;
        for (answer, status) in [
            ("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", 304),
            (
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
                307,
            ),
            (
                "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nslow",
                429,
            ),
        ] {
            world.handler.answer_raw(answer);
            let answered = world.get("/api/integrations/a").await;
            assert_eq!(answered.status(), status, "{mode:?}");
            let header = answer.lines().nth(1).unwrap().split_once(": ").unwrap();
            assert_eq!(answered.headers()[header.0], header.1, "{mode:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_in_an_envelope_becomes_a_response() {
    let world = World::new(HttpMode::Envelope).await;
    for (answer, status, body) in [
        (
            json!({ "Outputs": { "res": { "statusCode": "201", "body": "made" } } }),
            201,
            "made",
        ),
        (
            json!({ "Outputs": { "res": { "statusCode": 202, "body": "soon" } } }),
            202,
            "soon",
        ),
        (
            json!({ "Outputs": { "res": { "status": 404, "body": "x" } } }),
            200,
            "x",
        ),
        (
            json!({ "Outputs": { "res": { "body": { "a": 1 } } } }),
            200,
            "{\n  \"a\": 1\n}",
        ),
        (
            json!({ "Outputs": {}, "ReturnValue": { "statusCode": 500 } }),
            200,
            "{}",
        ),
        (json!({ "Outputs": null }), 204, ""),
        (json!({}), 204, ""),
        (json!({ "Outputs": { "res": { "headers": { "a": ["1"] } } } }), 500, ""),
        (json!({ "Outputs": { "res": { "statusCode": "many" } } }), 500, ""),
        (json!({ "Outputs": "res" }), 500, ""),
        (json!([]), 500, ""),
    ] {
        world.handler.answer(200, &answer);
        let answered = world.get("/api/integrations").await;
        assert_eq!(answered.status(), status, "{answer}");
        assert_eq!(answered.text().await.unwrap(), body, "{answer}");
    }
    let headers = json!({ "ETag": "\"7\"", "Content-Type": "application/problem+json" });
    world
        .handler
        .answer(200, &json!({ "Outputs": { "res": { "headers": headers } } }));
    let answered = world.get("/api/integrations").await;
    assert_eq!(answered.headers()["etag"], "\"7\"");
    assert_eq!(answered.headers()["content-type"], "application/problem+json");
    world
        .handler
        .answer(500, &json!({ "Outputs": { "res": { "statusCode": 200 } } }));
    assert_eq!(world.get("/api/integrations").await.status(), 500);
}

#[tokio::test]
async fn timer_runs_are_those_of_the_real_host() {
    let world = World::new(HttpMode::Proxying).await;
    world.assert_run(TimerKind::Manual, "timer-manual-before-any-run").await;
    world.assert_run(TimerKind::Scheduled, "timer-first-ever").await;
    world.assert_run(TimerKind::Scheduled, "timer-later").await;
    world.assert_run(TimerKind::Manual, "timer-manual-after-runs").await;
    world.assert_run(TimerKind::PastDue, "timer-past-due").await;
    let unmonitored = World::unmonitored().await;
    unmonitored.assert_run(TimerKind::Scheduled, "timer-no-monitor").await;
}

#[tokio::test]
async fn a_run_by_hand_is_accepted_at_once_and_arrives() {
    let world = World::new(HttpMode::Proxying).await;
    for (body, name) in [
        ("{}", "timer-manual-empty-object"),
        (r#"{"input":""}"#, "timer-manual-before-any-run"),
    ] {
        let before = world.handler.count();
        let answered = world
            .start_by_hand(world.host.master_key(), "application/json", body)
            .await;
        assert_eq!(answered, 202, "{body}");
        world.handler.wait_for(before + 1).await;
        world.assert_timer_request(name);
    }
}

#[tokio::test]
async fn a_run_by_hand_that_is_refused_never_arrives() {
    let world = World::new(HttpMode::Proxying).await;
    let (master, json) = (world.host.master_key(), "application/json");
    for (key, content_type, body, status) in [
        ("", json, "{}", 401),
        ("wrong", json, "{}", 401),
        (KEY, json, "{}", 401),
        (master, "text/plain", "{}", 415),
        (master, json, "null", 400),
        (master, json, "", 400),
        (master, json, r#"{"input":{}}"#, 400),
    ] {
        let answered = world.start_by_hand(key, content_type, body).await;
        assert_eq!(answered, status, "{key} {content_type} {body}");
    }
    assert_eq!(world.handler.count(), 0);
}

#[tokio::test]
async fn a_good_run_gives_its_logs_and_a_bad_one_does_not() {
    let world = World::new(HttpMode::Proxying).await;
    let answer = json!({ "Outputs": null, "Logs": ["one", "two"], "ReturnValue": null });
    world.handler.answer(200, &answer);
    let good = world.host.fire_timer(TimerKind::Scheduled).await.unwrap();
    assert!(good.succeeded && good.error.is_none());
    assert_eq!(good.logs, ["one", "two"]);
    let id = format!("x-azure-functions-invocationid: {}\r\n", good.invocation_id);
    assert!(world.handler.last().head.contains(&id));
    world.handler.answer(500, &answer);
    let bad = world.host.fire_timer(TimerKind::Scheduled).await.unwrap();
    assert!(!bad.succeeded && bad.logs.is_empty());
    assert_eq!(bad.status.unwrap(), 500);
    assert_eq!(
        bad.error.as_deref(),
        Some("the handler answered 500 Internal Server Error")
    );
}

#[tokio::test]
async fn an_empty_answer_is_waited_on_until_the_function_times_out() {
    let world = World::impatient().await;
    world.handler.answer_raw("HTTP/1.1 204 No Content\r\n\r\n");
    let outcome = world.host.fire_timer(TimerKind::Scheduled).await.unwrap();
    assert!(!outcome.succeeded);
    assert_eq!(outcome.status.unwrap(), 204);
    assert_eq!(
        outcome.error.as_deref(),
        Some("the function timed out; the handler was killed")
    );
}

#[tokio::test]
async fn a_schedule_that_is_not_set_disables_the_timer_but_not_runs_by_hand() {
    let world = World::without_a_schedule().await;
    assert!(world.host.fire_timer(TimerKind::Scheduled).await.is_err());
    assert!(world.host.fire_timer(TimerKind::Manual).await.unwrap().succeeded);
}

#[tokio::test]
async fn a_key_is_asked_for_and_passed_on() {
    let world = World::new(HttpMode::Proxying).await;
    world.handler.answer(200, &json!({}));
    let master = world.host.master_key().to_owned();
    for (key, status) in [("", 401), ("wrong", 401), (KEY, 200), (&master, 200)] {
        let in_header = world.get_with(key, "/api/integrations").await.status();
        assert_eq!(in_header, status, "{key}");
        let in_query = world
            .get_with("", &format!("/api/integrations?code={key}"))
            .await
            .status();
        assert_eq!(in_query, status, "{key}");
    }
    assert_eq!(world.handler.count(), 4);
    assert!(world.handler.last().head.contains(&format!("?code={master} ")));
}

#[tokio::test]
async fn only_what_a_function_is_for_reaches_the_handler() {
    let world = World::new(HttpMode::Proxying).await;
    for (method, path, status) in [
        ("GET", "/api/integrations/a/b/c", 404),
        ("GET", "/api//integrations", 404),
        ("GET", "/integrations", 404),
        ("PATCH", "/api/integrations", 404),
        ("GET", "/API/Integrations/a/", 200),
        ("GET", "/api/x/../integrations/./a", 200),
    ] {
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx-functions-key: KEY\r\n\r\n");
        let answer = send(&world.host, request.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{method} {path}: {answer}"
        );
    }
    assert_eq!(world.handler.count(), 2);
    assert!(
        world
            .handler
            .last()
            .head
            .starts_with("GET /api/integrations/a HTTP/1.1\r\n")
    );
}
