//! What the resource manager before the API center lets through.

use super::*;

#[tokio::test]
async fn the_resource_manager_lets_only_good_requests_through() {
    let center = filled();
    let apis = format!("{ID}/workspaces/default/apis");
    for (method, path, status, code) in [
        ("GET", format!("{apis}?x=1"), 400, "MissingApiVersionParameter"),
        (
            "GET",
            format!("{apis}?api-version=2020-01-01"),
            400,
            "NoRegisteredProviderFound",
        ),
        ("GET", format!("{apis}?api-version=2024-06-01-preview"), 200, ""),
        ("GET", ID.replace("center", "other"), 404, "ResourceNotFound"),
        ("GET", "/subscriptions/2".to_owned(), 404, "SubscriptionNotFound"),
        (
            "GET",
            "/subscriptions/1/resourceGroups/h".to_owned(),
            404,
            "ResourceGroupNotFound",
        ),
        ("GET", format!("{ID}/unknown/x"), 404, "InvalidResourceType"),
        (
            "GET",
            format!("{ID}/workspaces/default/apiSources"),
            404,
            "InvalidResourceType",
        ),
        ("POST", apis.clone(), 405, "MethodNotAllowed"),
        ("PATCH", format!("{apis}/api"), 405, "MethodNotAllowed"),
        ("PUT", format!("{ID}/workspaces/other"), 400, "QuotaExceeded"),
        ("GET", ID.to_uppercase(), 200, ""),
        ("GET", "/subscriptions".to_owned(), 200, ""),
        ("GET", "/tenants".to_owned(), 200, ""),
        ("GET", "/subscriptions/1/resourcegroups/G".to_owned(), 200, ""),
        (
            "GET",
            "/subscriptions/1/providers/Microsoft.ApiCenter/services".to_owned(),
            200,
            "",
        ),
    ] {
        let sent = (method == "PUT").then(|| json!({"properties": {"title": "x"}}));
        let response = send(&center, method, &path, sent).await;
        assert_eq!(response.status(), status, "{method} {path}");
        if !code.is_empty() {
            assert_eq!(body(&response)["error"]["code"], code, "{method} {path}");
        }
    }
    assert_eq!(
        body(&send(&center, "GET", "apis/none", None).await),
        json!({"code": "404"})
    );
    let head = send(&center, "HEAD", "apis/api", None).await;
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
    assert_eq!(send(&center, "HEAD", "apis/none", None).await.status(), 404);
}

#[tokio::test]
async fn a_body_must_be_json_and_have_only_known_members() {
    let center = filled();
    for (content_type, text, status) in [
        ("text/plain", "{}", 415),
        ("application/json", "{", 400),
        ("application/json", "[]", 400),
        ("application/json", "{}", 400),
        (
            "application/json",
            r#"{"properties":{"title":"a","kind":"rest"},"tags":{}}"#,
            400,
        ),
        (
            "application/json; charset=utf-8",
            r#"{"id":"x","properties":{"title":"a","kind":"rest"}}"#,
            200,
        ),
    ] {
        let token = issue_token(AUDIENCE, "someone", Duration::from_mins(1));
        let request = Request::put(format!("{ID}/workspaces/default/apis/api?{VERSION}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", content_type)
            .body(Bytes::from(text))
            .unwrap();
        assert_eq!(center.answer(&request).await.status(), status, "{content_type} {text}");
    }
}

#[tokio::test]
async fn a_request_without_a_good_token_is_challenged() {
    let center = filled();
    let foreign = issue_token("https://vault.azure.net", "someone", Duration::from_mins(1));
    let expired = issue_token(AUDIENCE, "someone", Duration::ZERO);
    for header in [
        None,
        Some("Basic eA==".to_owned()),
        Some(format!("Bearer {foreign}")),
        Some(format!("Bearer {expired}")),
    ] {
        let mut request = Request::get(format!("{ID}?{VERSION}"));
        if let Some(header) = &header {
            request = request.header("authorization", header);
        }
        let response = center.answer(&request.body(Bytes::new()).unwrap()).await;
        assert_eq!(response.status(), 401, "{header:?}");
        assert!(
            response.headers()["www-authenticate"]
                .to_str()
                .unwrap()
                .starts_with("Bearer ")
        );
        assert!(body(&response)["error"]["code"].is_string());
    }
    let request = Request::get("/metadata/endpoints?api-version=2022-09-01")
        .body(Bytes::new())
        .unwrap();
    assert_eq!(center.answer(&request).await.status(), 200);
}

#[tokio::test]
async fn each_kind_of_operation_has_its_own_budget() {
    let center = ApiCenter::new(ApiCenterOptions {
        reads: (0.001, 1.0),
        writes: (0.001, 2.0),
        deletes: (0.001, 1.0),
        ..ApiCenterOptions::new(ID)
    });
    let sent = || Some(json!({"properties": api()}));
    let response = send(&center, "PUT", "apis/one", sent()).await;
    assert_eq!(response.headers()["x-ms-ratelimit-remaining-subscription-writes"], "1");
    let export = "apis/one/versions/v/definitions/d/exportSpecification";
    assert_eq!(send(&center, "POST", export, None).await.status(), 404);
    assert_eq!(send(&center, "GET", "apis/one", None).await.status(), 200);
    assert_eq!(send(&center, "DELETE", "apis/one", None).await.status(), 204);
    for (method, path) in [
        ("PUT", "apis/one"),
        ("GET", "apis"),
        ("HEAD", "apis/one"),
        ("DELETE", "apis/one"),
    ] {
        let response = send(&center, method, path, sent()).await;
        assert_eq!(response.status(), 429, "{method}");
        let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=1000).contains(&seconds), "{seconds}");
    }
}

#[tokio::test]
async fn what_a_caller_may_do_is_told_to_who_asks_in_the_right_version() {
    let center = filled();
    let permissions = format!("{ID}/providers/Microsoft.Authorization/permissions");
    for (method, path, status, code) in [
        ("GET", permissions.clone(), 400, "NoRegisteredProviderFound"),
        ("GET", format!("{permissions}?x=1"), 400, "MissingApiVersionParameter"),
        (
            "PUT",
            format!("{permissions}?api-version=2022-04-01"),
            405,
            "MethodNotAllowed",
        ),
        ("GET", format!("{permissions}s?{VERSION}"), 404, "InvalidResourceType"),
    ] {
        let response = send(&center, method, &path, None).await;
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(body(&response)["error"]["code"], code, "{method} {path}");
    }
    center.set_permissions(vec![(vec!["*/read".to_owned()], vec!["a/read".to_owned()])]);
    let answer = send(&center, "GET", &format!("{permissions}?api-version=2022-04-01"), None).await;
    let expected = json!({"value": [
        {"actions": ["*/read"], "notActions": ["a/read"], "dataActions": [], "notDataActions": []}
    ]});
    assert_eq!((answer.status().as_u16(), body(&answer)), (200, expected));
}
