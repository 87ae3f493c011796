use super::*;

fn read_write(properties: &Value) -> [Reaction; 2] {
    let read = answer(200, entity("shop-api", properties.clone())).with("etag", "c1000958-0000");
    [read, answer(200, entity("shop-api", properties.clone()))]
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_missing_in_both_shapes_of_the_404() {
    for body in ["", MISSING, r#"{"error":{"code":"NotFound","message":"Gone."}}"#] {
        let bench = Bench::new([answer(404, body)]);
        let catalog = &bench.catalog;
        assert_eq!(catalog.get(&api_path()).await, Ok(None));
        assert_eq!(catalog.delete(&owned(api_path())).await, Ok(()));
        assert_eq!(
            catalog.export_specification(&definition_path()).await,
            Ok(Exported::Nothing)
        );
        let error = catalog.update(&owned(api_path()), |_| ()).await.unwrap_err();
        assert_eq!(kind(&error), "not found");
    }
}

#[tokio::test(start_paused = true)]
async fn that_the_api_center_is_missing_says_nothing_of_what_is_in_it() {
    let body = r#"{"error":{"code":"ResourceNotFound","message":"The Resource 'Microsoft.ApiCenter/services/center' was not found."}}"#;
    let bench = Bench::new([answer(404, body).with("x-ms-failure-cause", "gateway")]);
    let catalog = &bench.catalog;
    let owned = owned(api_path());
    let errors = [
        catalog.get(&api_path()).await.unwrap_err(),
        catalog.delete(&owned).await.unwrap_err(),
        catalog.export_specification(&definition_path()).await.unwrap_err(),
        catalog.update(&owned, |_| ()).await.unwrap_err(),
        catalog.versions(&name("shop-api")).await.unwrap_err(),
        catalog.limits().await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(kind(&error), "no center");
        let message = error.problem().message;
        assert!(message.contains("ResourceNotFound: The Resource"), "{message}");
        assert!(message.contains("APICENTER_RESOURCE_ID"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_may_answer_200_or_201() {
    for status in [200, 201] {
        let body = entity("shop-api", json!({ "title": "Shop" }));
        let bench = Bench::new([answer(status, body).with("etag", "new")]);
        let sent = properties(json!({ "title": "Shop" }));
        let made = bench.catalog.create(&vacant(api_path()), &sent).await.unwrap();
        assert_eq!(
            (made.name, made.properties, made.etag),
            (name("shop-api"), sent, Some("new".to_owned()))
        );
        let seen = &bench.seen()[0];
        assert_eq!(seen.line, "PUT /apis/shop-api");
        assert_eq!(seen.json(), json!({ "properties": { "title": "Shop" } }));
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.header("if-match"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_overwrites_nothing() {
    let sent = || properties(json!({ "title": "Shop", "customProperties": { "ours": { "id": 1 } } }));
    let found = |found: Value| Bench::new([answer(412, ""), answer(200, entity("shop-api", found))]);

    let theirs = found(json!({ "title": "Shop", "customProperties": { "ours": { "id": 2 } } }));
    let error = theirs.catalog.create(&vacant(api_path()), &sent()).await.unwrap_err();
    assert!(matches!(error, CatalogError::Refused { status: 412, .. }), "{error}");
    assert_eq!(theirs.lines(), ["PUT /apis/shop-api", "GET /apis/shop-api"]);
    assert_eq!(theirs.seen()[0].header("if-none-match"), Some("*"));

    // A creation whose answer was lost is repeated, and finds itself.
    let own = json!({ "title": "Shop", "contacts": [], "customProperties": { "ours": { "id": 1, "more": true } } });
    let made = found(own.clone())
        .catalog
        .create(&vacant(api_path()), &sent())
        .await
        .unwrap();
    assert_eq!(made.properties, properties(own));

    let gone = Bench::new([answer(412, ""), answer(404, "")]);
    let error = gone.catalog.create(&vacant(api_path()), &sent()).await.unwrap_err();
    assert!(matches!(error, CatalogError::Refused { status: 412, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn only_a_write_tells_that_it_made_something() {
    let mut there = entity("shop-api", json!({ "title": "same" }));
    there["systemData"] = json!({ "createdAt": "2026-01-01T00:00:00Z" });
    let bench = Bench::new([answer(200, there)]);
    let unchanged = bench.catalog.update(&owned(api_path()), |_| ()).await.unwrap();
    assert_eq!(unchanged.system_data.created_at, None);
}

#[tokio::test(start_paused = true)]
async fn what_the_service_itself_puts_there_is_not_sent_back() {
    let (api, version) = (|| name("shop-api"), || name("live"));
    let table = [
        (EntityPath::Environment(name("shop")), &[][..]),
        (
            EntityPath::Api(api()),
            &["lifecycleStage", "sourceLifecycleStage", "apimSource"],
        ),
        (EntityPath::Version(api(), version()), &[]),
        (definition_path(), &["specification"]),
        (EntityPath::Deployment(api(), version()), &["recommended"]),
    ];
    let everything = json!({
        "title": "T", "lifecycleStage": "design", "sourceLifecycleStage": "design", "apimSource": "x",
        "specification": { "name": "openapi" }, "recommended": true, "customProperties": { "lifecycleStage": 1 },
    });
    for (path, read_only) in table {
        let mut expected = properties(everything.clone());
        expected.retain(|name, _| !read_only.contains(&name.as_str()));
        let bench = Bench::new(read_write(&everything));
        let set = |properties: &mut Properties| {
            properties.insert("title".to_owned(), json!("U"));
        };
        bench.catalog.update(&owned(path), set).await.unwrap();
        expected.insert("title".to_owned(), json!("U"));
        assert_eq!(bench.seen()[1].json(), json!({ "properties": expected }));
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_sends_back_byte_for_byte_what_people_wrote() {
    let written = r#"{"zeta":1.10,"alpha":{"b":-0.0,"a":"\u00e9 \/"},"title":"old","big":12345678901234567890123}"#;
    let read = format!(r#"{{"name":"shop-api","properties":{written}}}"#);
    let bench = Bench::new([
        answer(200, read).with("etag", "e1"),
        answer(200, entity("shop-api", json!({}))),
    ]);
    let set = |properties: &mut Properties| {
        properties.insert("title".to_owned(), json!("new"));
    };
    bench.catalog.update(&owned(api_path()), set).await.unwrap();
    let expected =
        r#"{"properties":{"zeta":1.10,"alpha":{"b":-0.0,"a":"é /"},"title":"new","big":12345678901234567890123}}"#;
    assert_eq!(bench.seen()[1].body, expected);
    assert_eq!(bench.seen()[1].header("if-match"), Some("e1"));
}

#[tokio::test(start_paused = true)]
async fn an_update_that_changes_nothing_writes_nothing() {
    let bench = Bench::new(read_write(&json!({ "title": "same" })));
    let set = |properties: &mut Properties| {
        properties.insert("title".to_owned(), json!("same"));
    };
    let entity = bench.catalog.update(&owned(api_path()), set).await.unwrap();
    assert_eq!(entity.text("title"), Some("same"));
    assert_eq!(bench.lines(), ["GET /apis/shop-api"]);
}

#[tokio::test(start_paused = true)]
async fn an_update_begins_anew_when_somebody_else_was_faster() {
    let bench = Bench::new([
        answer(200, entity("shop-api", json!({ "theirs": 1 }))).with("etag", "e1"),
        answer(412, ""),
        answer(200, entity("shop-api", json!({ "theirs": 2 }))).with("etag", "e2"),
        answer(200, entity("shop-api", json!({ "theirs": 2, "ours": true }))),
    ]);
    let set = |properties: &mut Properties| {
        properties.insert("ours".to_owned(), json!(true));
    };
    let entity = bench.catalog.update(&owned(api_path()), set).await.unwrap();
    assert_eq!(entity.properties, properties(json!({ "theirs": 2, "ours": true })));
    let seen = bench.seen();
    assert_eq!(seen[3].header("if-match"), Some("e2"));
    assert_eq!(seen[3].json(), json!({ "properties": { "theirs": 2, "ours": true } }));
}

#[tokio::test(start_paused = true)]
async fn an_update_gives_up_when_somebody_else_is_always_faster() {
    let round = || {
        [
            answer(200, entity("shop-api", json!({}))).with("etag", "e"),
            answer(412, ""),
        ]
    };
    let bench = Bench::new(std::iter::repeat_with(round).take(10).flatten());
    let set = |properties: &mut Properties| {
        properties.insert("ours".to_owned(), json!(true));
    };
    let error = bench.catalog.update(&owned(api_path()), set).await.unwrap_err();
    assert!(matches!(error, CatalogError::Refused { status: 412, .. }), "{error}");
    assert_eq!(bench.lines().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn an_update_makes_nothing_where_there_is_nothing() {
    let read = answer(200, entity("shop-api", json!({})));
    for reactions in [vec![answer(404, MISSING)], vec![read, answer(404, MISSING)]] {
        let (bench, requests) = (Bench::new(reactions.clone()), reactions.len());
        let set = |properties: &mut Properties| {
            properties.insert("ours".to_owned(), json!(true));
        };
        let error = bench.catalog.update(&owned(api_path()), set).await.unwrap_err();
        assert_eq!(kind(&error), "not found");
        assert!(
            error
                .to_string()
                .ends_with("The API with the specified ID does not exist.")
        );
        assert_eq!(bench.lines().len(), requests);
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_of_what_cannot_be_read_writes_nothing() {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"name":"shop-api"}"#,
        r#"{"name":"a b","properties":{}}"#,
        r#"{"name":"#,
    ] {
        let bench = Bench::new([answer(200, body)]);
        let set = |properties: &mut Properties| {
            properties.insert("ours".to_owned(), json!(true));
        };
        let error = bench.catalog.update(&owned(api_path()), set).await.unwrap_err();
        assert_eq!(kind(&error), "malformed", "{body}");
        assert_eq!(bench.lines(), ["GET /apis/shop-api"], "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_done_with_200_and_204() {
    for status in [200, 204] {
        let bench = Bench::new([answer(status, "")]);
        bench.catalog.delete(&owned(api_path())).await.unwrap();
        assert_eq!(bench.lines(), ["DELETE /apis/shop-api"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_plan_is_told_by_its_name_whatever_its_case() {
    for (service, apis) in [
        (json!({ "sku": { "name": "Free" } }), 200),
        (json!({ "sku": { "name": "FREE" } }), 200),
        (json!({ "sku": { "name": "Standard" } }), 10_000),
        (json!({}), 10_000),
    ] {
        let bench = Bench::new([answer(200, &service)]);
        assert_eq!(bench.catalog.limits().await.unwrap().apis, apis, "{service}");
        assert_eq!(bench.lines(), ["GET "]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_metadata_schema_is_sent_as_text() {
    let bench = Bench::new([answer(200, "{}")]);
    let schema = MetadataSchema {
        name: "aws-sync-stage".to_owned(),
        schema: json!({ "type": "object" }),
        assigned_to: vec![Assignment {
            entity: "deployment".to_owned(),
            required: false,
            deprecated: false,
        }],
    };
    bench.catalog.put_metadata_schema(&schema).await.unwrap();
    let seen = &bench.seen()[0];
    assert_eq!(seen.line, "PUT /metadataSchemas/aws-sync-stage");
    let assigned_to = json!([{ "entity": "deployment", "required": false, "deprecated": false }]);
    let expected = json!({ "properties": { "schema": r#"{"type":"object"}"#, "assignedTo": assigned_to } });
    assert_eq!(seen.json(), expected);
}
