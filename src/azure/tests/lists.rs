use super::*;

#[tokio::test(start_paused = true)]
async fn all_pages_make_one_list_in_which_every_name_is_once() {
    let links = [
        format!("{BASE_URL}{CENTER}/workspaces/default/apis?api-version=2024-03-01&$skipToken=2"),
        format!("{CENTER}/workspaces/default/apis?api-version=2024-03-01&$skipToken=3"),
    ];
    let bench = Bench::new([
        answer(200, page(&["one", "two"], Some(&links[0]))),
        answer(200, page(&["TWO", "three"], Some(&links[1]))),
        answer(200, page(&["four"], Some(""))),
    ]);
    let apis = bench.catalog.apis().await.unwrap();
    assert_eq!(names(&apis), ["one", "two", "three", "four"]);
    assert_eq!(
        bench.lines(),
        [
            "GET /apis",
            "GET /apis?api-version=2024-03-01&$skipToken=2",
            "GET /apis?api-version=2024-03-01&$skipToken=3"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn every_list_is_read_where_it_is() {
    let bench = Bench::new([answer(200, page(&["one"], None))]);
    let (catalog, api) = (&bench.catalog, name("shop-api"));
    for list in [
        catalog.environments().await,
        catalog.versions(&api).await,
        catalog.definitions(&api, &name("live")).await,
        catalog.deployments(&api).await,
    ] {
        assert_eq!(names(&list.unwrap()), ["one"]);
    }
    assert_eq!(
        bench.lines(),
        [
            "GET /environments",
            "GET /apis/shop-api/versions",
            "GET /apis/shop-api/versions/live/definitions",
            "GET /apis/shop-api/deployments"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn only_an_empty_value_is_an_empty_list() {
    let bench = Bench::new([answer(200, r#"{"value":[],"nextLink":null}"#)]);
    assert_eq!(bench.catalog.apis().await.unwrap(), []);
    assert_eq!(bench.catalog.metadata_schemas().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_list_is_an_error_on_every_page() {
    let first = page(&["one"], Some("?page=2")).to_string();
    for body in [
        "",
        "null",
        "[]",
        "\"value\"",
        "{}",
        "not json",
        r#"{"value":[{"name":"one","properties":{}}"#,
        r#"{"value":null}"#,
        r#"{"value":{}}"#,
        r#"{"Value":[]}"#,
        r#"{"error":{"code":"InternalError"}}"#,
        r#"{"value":[],"nextLink":5}"#,
        r#"{"value":[],"nextLink":{}}"#,
        r#"[[{"name":"one","properties":{}}],null]"#,
        r#"{"value":[5]}"#,
        r#"{"value":[null]}"#,
        r#"{"value":[{"properties":{}}]}"#,
        r#"{"value":[{"name":5,"properties":{}}]}"#,
        r#"{"value":[{"name":null,"properties":{}}]}"#,
        r#"{"value":[{"name":"one"}]}"#,
        r#"{"value":[{"name":"one","properties":null}]}"#,
        r#"{"value":[{"name":"one","properties":[]}]}"#,
    ] {
        for before in [None, Some(&first)] {
            let reactions = before.into_iter().map(|page| answer(200, page));
            let bench = Bench::new(reactions.chain([answer(200, body)]));
            let error = bench.catalog.apis().await.unwrap_err();
            assert_eq!(kind(&error), "malformed", "{body}");
        }
        let bench = Bench::new([answer(200, body)]);
        let error = bench.catalog.metadata_schemas().await.unwrap_err();
        assert_eq!(kind(&error), "malformed", "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_without_a_list_is_an_error() {
    for status in [201, 202, 204, 206] {
        let bench = Bench::new([answer(status, "")]);
        assert_eq!(kind(&bench.catalog.apis().await.unwrap_err()), "malformed", "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_that_lead_in_a_circle_are_an_error() {
    let own = format!("{CENTER}/workspaces/default/apis?api-version=2024-03-01");
    let second = format!("{own}&$skipToken=2");
    let circles = [
        (vec![own.clone()], 1),
        (vec![second.clone(), own], 2),
        (vec![second.clone(), second], 2),
    ];
    for (links, requests) in circles {
        let bench = Bench::new(links.iter().map(|link| answer(200, page(&["one"], Some(link)))));
        let error = bench.catalog.apis().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "GET workspaces/default/apis: the response cannot be parsed: its pages loop"
        );
        assert_eq!(bench.lines().len(), requests, "{links:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_page_is_asked_for_elsewhere() {
    for link in [
        "https://evil.test/apis",
        "//evil.test/apis",
        "http://arm.test/apis",
        "https://arm.test:8443/apis",
        "https://arm.test.evil.test/apis",
        "https://arm.test@evil.test/apis",
        "https://somebody:password@arm.test/apis",
        "\\\\evil.test/apis",
        "\t//evil.test/apis",
        "https://ａrm.test.evil.test/apis",
        "javascript:alert(1)",
        "file:///etc/passwd",
        &format!("/apis?{}", "x".repeat(100_000)),
        "https://",
        "data:text/plain,x",
    ] {
        let bench = Bench::new([answer(200, page(&["one"], Some(link)))]);
        let error = bench.catalog.apis().await.unwrap_err();
        assert_eq!(kind(&error), "malformed", "{link}");
        assert_eq!(bench.lines(), ["GET /apis"], "{link}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_without_end_are_given_up() {
    let endless = (0..9).map(|number| {
        let entity = json!({ "name": format!("api-{number}"), "properties": { "title": "x".repeat(20 << 20) } });
        answer(
            200,
            json!({ "value": [entity], "nextLink": format!("/more?page={number}") }),
        )
    });
    let bench = Bench::new(endless);
    let error = bench.catalog.apis().await.unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
    assert_eq!(bench.lines().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_would_grow_in_memory_is_not_taken_in() {
    let zeros = format!(r#"{{"value":[{}0]}}"#, "0,".repeat(5_000_000));
    let objects = format!(r#"{{"value":[{}0]}}"#, r#"{"":0},"#.repeat(1_000_000));
    let deep = format!(r#"{{"value":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for (body, words) in [(zeros, "too large"), (objects, "too large"), (deep, "nested too deep")] {
        let error = Bench::new([answer(200, body)])
            .catalog
            .apis()
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_ten_thousand_apis_on_one_page_is_taken_in() {
    let api = |number: usize| {
        let marker =
            json!({ "integration": "shop", "source": format!("-/us-east-1/id{number}"), "versions": "prod test" });
        let properties = json!({ "title": "T", "description": "d, ".repeat(300), "kind": "rest", "contacts": [{ "name": "n" }],
            "externalDocumentation": [], "license": {}, "customProperties": { "aws-sync": marker, "theirs": { "a": [1, 2] } } });
        json!({ "id": "/x", "name": format!("shop-id{number}"), "systemData": { "createdAt": "2026" }, "properties": properties })
    };
    let page = json!({ "value": (0..10_000).map(api).collect::<Vec<_>>() });
    let bench = Bench::new([answer(200, page)]);
    assert_eq!(bench.catalog.apis().await.unwrap().len(), 10_000);
}

#[tokio::test(start_paused = true)]
async fn an_entity_whose_name_none_of_ours_can_have_stops_nobody() {
    let long = "a".repeat(91);
    let bench = Bench::new([answer(
        200,
        page(&["one", "a_b", "ab", "", "naïve", &long, "two"], None),
    )]);
    assert_eq!(names(&bench.catalog.apis().await.unwrap()), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_is_an_error_and_no_part_of_a_list() {
    for (reaction, expected) in [
        (answer(403, r#"{"error":{"code":"AuthorizationFailed"}}"#), "forbidden"),
        (answer(404, MISSING), "not found"),
        (answer(500, ""), "unavailable"),
        (Reaction::Fail(ErrorKind::Io), "unavailable"),
        (Reaction::Hang, "unavailable"),
        (Reaction::Endless, "malformed"),
    ] {
        let bench = Bench::new([answer(200, page(&["one"], Some("?page=2"))), reaction]);
        assert_eq!(kind(&bench.catalog.apis().await.unwrap_err()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_below_something_missing_is_not_empty_but_not_found() {
    let cases = [
        (MISSING, "404: The API with the specified ID does not exist."),
        (r#"{"code":"404"}"#, "404"),
        ("", "no message"),
        (r#"{"error":{"code":"NotFound","message":"Gone."}}"#, "NotFound: Gone."),
        ("<html>404</html>", "<html>404</html>"),
    ];
    for (body, words) in cases {
        let bench = Bench::new([answer(404, body)]);
        let error = bench.catalog.versions(&name("shop-api")).await.unwrap_err();
        assert_eq!(kind(&error), "not found");
        assert_eq!(
            error.to_string(),
            format!("GET workspaces/default/apis/shop-api/versions: API Center does not find it: {words}")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_keeps_what_it_came_with() {
    let item = json!({
        "name": "one", "properties": { "z": 1, "a": { "kept": true } },
        "systemData": { "createdAt": "2026-01-01T00:00:00Z", "lastModifiedAt": "2026-01-02T00:00:00Z" },
    });
    let bench = Bench::new([answer(200, json!({ "value": [item] }))]);
    let apis = bench.catalog.apis().await.unwrap();
    assert_eq!(apis[0].properties, properties(json!({ "z": 1, "a": { "kept": true } })));
    assert_eq!(apis[0].system_data.created_at.as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(
        apis[0].system_data.last_modified_at.as_deref(),
        Some("2026-01-02T00:00:00Z")
    );
}

#[tokio::test(start_paused = true)]
async fn a_metadata_schema_is_read_from_text_and_from_json() {
    let schema = json!({ "type": "object" });
    for form in [json!(schema.to_string()), schema.clone()] {
        let assigned_to = json!([{ "entity": "api", "required": true }, { "required": true }]);
        let item = json!({ "name": "team", "properties": { "schema": form, "assignedTo": assigned_to } });
        let bench = Bench::new([answer(200, json!({ "value": [item] }))]);
        let read = bench.catalog.metadata_schemas().await.unwrap();
        let assignment = Assignment {
            entity: "api".to_owned(),
            required: true,
            deprecated: false,
        };
        let expected = MetadataSchema {
            name: "team".to_owned(),
            schema: schema.clone(),
            assigned_to: vec![assignment],
        };
        assert_eq!(read, [expected]);
    }
}
