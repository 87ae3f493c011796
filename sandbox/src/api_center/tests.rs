//! What the API center refuses, and what it does that surprises.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::{ApiCenter, ApiCenterOptions, Unfinished};
use crate::token::issue_token;

const ID: &str = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ApiCenter/services/center";
const AUDIENCE: &str = "https://management.azure.com";
const VERSION: &str = "api-version=2024-03-01";

fn options() -> ApiCenterOptions {
    ApiCenterOptions {
        reads: (1e6, 1e6),
        writes: (1e6, 1e6),
        deletes: (1e6, 1e6),
        ..ApiCenterOptions::new(ID)
    }
}

/// An API center with an environment `env`, an API `api`, its version `ver` and that version's definition `def`.
fn filled() -> ApiCenter {
    let center = ApiCenter::new(options());
    for (path, properties) in [
        ("environments/env", environment()),
        ("apis/api", api()),
        ("apis/api/versions/ver", version()),
        ("apis/api/versions/ver/definitions/def", json!({"title": "d"})),
    ] {
        center.put(path, properties).unwrap();
    }
    center
}

fn api() -> Value {
    json!({"title": "a", "kind": "rest"})
}

fn environment() -> Value {
    json!({"title": "e", "kind": "production"})
}

fn version() -> Value {
    json!({"title": "v", "lifecycleStage": "design"})
}

fn with(mut properties: Value, name: &str, value: Value) -> Value {
    properties[name] = value;
    properties
}

struct Call<'a> {
    method: &'a str,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: Option<Value>,
}

async fn call(center: &ApiCenter, call: Call<'_>) -> Response<Bytes> {
    let path = if call.path.starts_with("https://") || call.path.contains('?') {
        call.path.replacen("https://127.0.0.1", "", 1)
    } else {
        format!("{}?{VERSION}", call.path)
    };
    let token = issue_token(AUDIENCE, "someone", Duration::from_mins(1));
    let mut request = Request::builder()
        .method(call.method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    for (name, value) in call.headers {
        request = request.header(*name, *value);
    }
    let body = call.body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    center.answer(&request.body(body).unwrap()).await
}

async fn send(center: &ApiCenter, method: &str, path: &str, body: Option<Value>) -> Response<Bytes> {
    let path = match path.strip_prefix('/') {
        Some(_) => path.to_owned(),
        None if path.starts_with("https://") => path.to_owned(),
        None => format!("{ID}/workspaces/default/{path}"),
    };
    let headers = &[];
    let path = &path;
    call(
        center,
        Call {
            method,
            path,
            headers,
            body,
        },
    )
    .await
}

fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// Whether each of these properties is refused at its path, and the refusal says what is wrong.
fn assert_refused<'a>(table: impl IntoIterator<Item = (&'a str, Value, &'a str)>) {
    for (path, properties, named) in table {
        let error = filled().put(path, properties.clone()).unwrap_err();
        assert!(error.contains(named), "{path} {properties}: {error}");
    }
}

fn long(length: usize) -> Value {
    Value::from("x".repeat(length))
}

#[test]
fn properties_of_an_api_that_break_a_rule_are_refused_and_named() {
    assert_refused([
        ("apis/new", json!({"kind": "rest"}), "title"),
        ("apis/new", with(api(), "title", json!("")), "title"),
        ("apis/new", with(api(), "title", json!(7)), "title"),
        ("apis/new", with(api(), "title", long(51)), "title"),
        ("apis/new", with(api(), "title", Value::from("😀".repeat(26))), "title"),
        ("apis/new", json!({"title": "a"}), "kind"),
        ("apis/new", with(api(), "kind", json!("ftp")), "kind"),
        ("apis/new", with(api(), "description", long(1001)), "description"),
        ("apis/new", with(api(), "summary", long(201)), "summary"),
        ("apis/new", with(api(), "colour", json!("red")), "colour"),
        (
            "apis/new",
            with(api(), "termsOfService", json!({})),
            "termsOfService.url",
        ),
        (
            "apis/new",
            with(api(), "license", json!({"name": "x".repeat(51)})),
            "license.name",
        ),
        ("apis/new", with(api(), "license", json!({"url": "a b"})), "license.url"),
        (
            "apis/new",
            with(api(), "license", json!({"url": "x.org", "identifier": "MIT"})),
            "license",
        ),
        (
            "apis/new",
            with(api(), "contacts", json!([{"email": "nobody"}])),
            "contacts[0].email",
        ),
        (
            "apis/new",
            with(api(), "externalDocumentation", json!(vec![json!({"url": "x.org"}); 21])),
            "externalDocumentation",
        ),
        (
            "apis/new",
            with(api(), "customProperties", json!({"undeclared": 1})),
            "undeclared",
        ),
        ("apis/ab", api(), "ab"),
        ("apis/a_b", api(), "a_b"),
    ]);
}

#[test]
fn properties_of_other_entities_that_break_a_rule_are_refused_and_named() {
    let uri = |length: usize| format!("https://x/{}", "y".repeat(length - 10));
    assert_refused([
        ("apis/api/versions/new", json!({"title": "v"}), "lifecycleStage"),
        (
            "apis/api/versions/new",
            with(version(), "lifecycleStage", json!("Design")),
            "lifecycleStage",
        ),
        (
            "environments/new",
            with(environment(), "kind", json!("Production")),
            "kind",
        ),
        (
            "environments/new",
            with(environment(), "description", long(1001)),
            "description",
        ),
        (
            "environments/new",
            with(environment(), "server", json!({"type": "Amazon"})),
            "server.type",
        ),
        (
            "environments/new",
            with(
                environment(),
                "server",
                json!({"managementPortalUri": ["x.org", "y.org"]}),
            ),
            "server.managementPortalUri",
        ),
        (
            "apis/api/deployments/new",
            json!({"environmentId": "/workspaces/default/environments/no1"}),
            "environmentId",
        ),
        (
            "apis/api/deployments/new",
            json!({"environmentId": "env"}),
            "environmentId",
        ),
        (
            "apis/api/deployments/new",
            json!({"definitionId": "/workspaces/default/environments/env"}),
            "definitionId",
        ),
        ("apis/api/deployments/new", json!({"server": {}}), "server.runtimeUri"),
        (
            "apis/api/deployments/new",
            json!({"server": {"runtimeUri": ["x.org"]}}),
            "server.runtimeUri[0]",
        ),
        (
            "apis/api/deployments/new",
            json!({"server": {"runtimeUri": [uri(201)]}}),
            "server.runtimeUri[0]",
        ),
        ("apis/api/deployments/new", json!({"state": "on"}), "state"),
        (
            "apis/api/deployments/new",
            json!({"description": "x".repeat(501)}),
            "description",
        ),
        ("metadataSchemas/new", json!({"schema": "{"}), "schema"),
        ("metadataSchemas/new", json!({"schema": "{}"}), "schema"),
        (
            "metadataSchemas/new",
            json!({"schema": r#"{"type":"array"}"#}),
            "schema",
        ),
        (
            "metadataSchemas/new",
            json!({"schema": r#"{"type":"string","pattern":"("}"#}),
            "schema",
        ),
        (
            "metadataSchemas/new",
            json!({"schema": r#"{"type":"string"}"#, "assignedTo": [{"entity": "version"}]}),
            "assignedTo[0].entity",
        ),
    ]);
}

#[test]
fn properties_at_their_limits_are_taken() {
    let deployment = json!({
        "title": "x".repeat(50),
        "description": "x".repeat(500),
        "environmentId": "/workspaces/default/environments/ENV",
        "definitionId": format!("{ID}/workspaces/default/apis/api/versions/ver/definitions/def"),
        "state": "active",
        "server": {"runtimeUri": []},
        "customProperties": {},
        "recommended": true,
    });
    for (path, properties) in [
        ("apis/new", with(api(), "title", Value::from("😀".repeat(25)))),
        ("apis/new", with(api(), "kind", json!("REST"))),
        ("apis/new", with(api(), "lifecycleStage", json!("ignored"))),
        ("apis/new", with(api(), "summary", Value::Null)),
        ("apis/api/deployments/new", deployment),
        (
            "metadataSchemas/new",
            json!({"schema": r#"{"type":"array","items":{"type":"string"}}"#}),
        ),
    ] {
        assert_eq!(filled().put(path, properties.clone()), Ok(()), "{path} {properties}");
    }
}

#[test]
fn custom_properties_must_fit_their_schemas() {
    let center = filled();
    let schema = json!({
        "schema": r#"{"type":"object","properties":{"size":{"type":"integer"}}}"#,
        "assignedTo": [{"entity": "api", "required": true}, {"entity": "environment"}],
    });
    center.put("metadataSchemas/extra", schema).unwrap();
    let custom = |value| with(api(), "customProperties", value);
    for (properties, fault) in [
        (api(), "is required"),
        (custom(json!({"extra": 1})), "does not fit"),
        (custom(json!({"extra": {"size": "big"}})), "does not fit"),
        (custom(json!({"Extra": {"size": 1}})), "is required"),
        (custom(json!({"extra": {"size": 1}, "more": 1})), "is not defined"),
    ] {
        let error = center.put("apis/api", properties.clone()).unwrap_err();
        assert!(error.contains(fault), "{properties}: {error}");
    }
    center.put("apis/api", custom(json!({"extra": {"size": 1}}))).unwrap();
    center.put("environments/env", environment()).unwrap();
    let deployment = json!({"customProperties": {"extra": {"size": 1}}});
    assert!(center.put("apis/api/deployments/new", deployment).is_err());
}

#[tokio::test]
async fn metadata_in_use_keeps_its_type_and_stays() {
    let center = filled();
    let schema = |kind: &str| json!({"schema": format!(r#"{{"type":"{kind}"}}"#), "assignedTo": [{"entity": "api"}]});
    center.put("metadataSchemas/extra", schema("string")).unwrap();
    center.put("metadataSchemas/extra", schema("number")).unwrap();
    center
        .put("apis/api", with(api(), "customProperties", json!({"extra": 1.5})))
        .unwrap();
    assert!(center.put("metadataSchemas/extra", schema("string")).is_err());
    let path = format!("{ID}/metadataSchemas/extra");
    assert_eq!(send(&center, "DELETE", &path, None).await.status(), 400);
    center.put("apis/api", api()).unwrap();
    assert_eq!(send(&center, "DELETE", &path, None).await.status(), 204);
}

#[test]
fn an_object_of_metadata_has_at_most_ten_members() {
    let schema = |members: usize| {
        let members: serde_json::Map<_, _> = (0..members)
            .map(|n| (format!("m{n}"), json!({"type": "string"})))
            .collect();
        json!({"schema": json!({"type": "object", "properties": members}).to_string()})
    };
    let center = ApiCenter::new(options());
    assert_eq!(center.put("metadataSchemas/ten", schema(10)), Ok(()));
    assert!(center.put("metadataSchemas/eleven", schema(11)).is_err());
}

#[test]
fn quotas_hold_for_each_plan() {
    let quota = |sku: &str, prefix: &str, properties: &Value| {
        let center = filled();
        center.state().service.sku = sku.to_owned();
        (0..20_000)
            .take_while(|index| center.put(&format!("{prefix}{index:05}"), properties.clone()).is_ok())
            .count()
    };
    let metadata = json!({"schema": r#"{"type":"string"}"#, "assignedTo": [{"entity": "deployment"}]});
    for (prefix, properties, free, standard) in [
        // The sample and the API that is there already count too.
        ("apis/", api(), 198, 9_998),
        ("apis/api/versions/", version(), 4, 99),
        ("apis/api/versions/ver/definitions/", json!({"title": "d"}), 4, 4),
        ("apis/api/deployments/", json!({}), 10, 10),
        ("environments/", environment(), 19, 19),
        ("metadataSchemas/", metadata, 10, 20),
    ] {
        assert_eq!(quota("Free", prefix, &properties), free, "{prefix}");
        assert_eq!(quota("Standard", prefix, &properties), standard, "{prefix}");
    }
}

#[tokio::test]
async fn a_put_replaces_and_names_are_compared_without_case() {
    let center = filled();
    let described = with(api(), "description", json!("gone soon"));
    let response = send(&center, "PUT", "apis/API", Some(json!({"properties": described}))).await;
    assert_eq!(body(&response)["name"], "api");
    assert!(body(&response)["systemData"].get("createdAt").is_none());
    send(&center, "PUT", "apis/api", Some(json!({"properties": api()}))).await;
    let properties = &center.snapshot()["apis/api"]["properties"];
    assert!(properties.get("description").is_none());
    // What the service itself put there stays.
    assert_eq!(properties["lifecycleStage"], "design");
}

#[tokio::test]
async fn what_was_below_a_deleted_api_is_there_again_with_it() {
    let center = filled();
    assert_eq!(send(&center, "DELETE", "apis/api", None).await.status(), 204);
    for path in ["apis/api", "apis/api/versions", "apis/api/versions/ver"] {
        assert_eq!(send(&center, "GET", path, None).await.status(), 404, "{path}");
    }
    assert_eq!(
        send(&center, "DELETE", "apis/api/versions/ver", None).await.status(),
        404
    );
    assert!(center.put("apis/api/versions/other", version()).is_err());
    assert!(!center.snapshot().contains_key("apis/api/versions/ver"));
    assert!(center.leftovers().contains_key("apis/api/versions/ver"));
    center.put("apis/Api", api()).unwrap();
    assert_eq!(send(&center, "GET", "apis/api/versions/ver", None).await.status(), 200);
    assert!(center.snapshot().contains_key("apis/api/versions/ver/definitions/def"));
}

#[tokio::test]
async fn an_environment_can_go_although_deployments_name_it() {
    let center = filled();
    let deployment = json!({"environmentId": "/workspaces/default/environments/env"});
    center.put("apis/api/deployments/dep", deployment.clone()).unwrap();
    assert_eq!(send(&center, "DELETE", "environments/env", None).await.status(), 204);
    assert_eq!(
        send(&center, "GET", "apis/api/deployments/dep", None).await.status(),
        200
    );
    assert!(center.put("apis/api/deployments/dep", deployment).is_err());
}

#[tokio::test]
async fn what_is_missing_is_deleted_without_complaint() {
    let center = filled();
    for path in [
        "apis/none",
        "apis/api/versions/none",
        "environments/none",
        "apis/api/versions/ver/definitions/none",
    ] {
        assert_eq!(send(&center, "DELETE", path, None).await.status(), 204, "{path}");
    }
    let definition = "apis/api/versions/ver/definitions/def";
    assert_eq!(send(&center, "DELETE", definition, None).await.status(), 200);
}

#[tokio::test]
async fn conditions_on_the_etag_are_honoured() {
    let center = filled();
    let path = &format!("{ID}/workspaces/default/apis/api");
    let read = send(&center, "GET", "apis/api", None).await;
    let etag = read.headers()["etag"].to_str().unwrap();
    let put = |condition: &'static str, value: String| {
        let center = &center;
        async move {
            let headers = &[(condition, value.as_str())];
            let body = Some(json!({"properties": api()}));
            let method = "PUT";
            call(
                center,
                Call {
                    method,
                    path,
                    headers,
                    body,
                },
            )
            .await
            .status()
        }
    };
    assert_eq!(put("if-none-match", "*".to_owned()).await, 412);
    assert_eq!(put("if-match", format!("\"{etag}\"")).await, 200);
    assert_eq!(put("if-match", etag.to_owned()).await, 412);
    assert_eq!(put("if-match", "*".to_owned()).await, 200);
    let headers = &[("if-match", etag)];
    let method = "DELETE";
    let body = None;
    assert_eq!(
        call(
            &center,
            Call {
                method,
                path,
                headers,
                body
            }
        )
        .await
        .status(),
        412
    );
}

#[tokio::test]
async fn lists_come_in_pages_that_are_followed_by_their_links() {
    let center = ApiCenter::new(ApiCenterOptions {
        page_size: 2,
        ..options()
    });
    for name in ["one", "two", "three", "four"] {
        center.put(&format!("apis/{name}"), api()).unwrap();
    }
    let mut link = "apis".to_owned();
    let mut sizes = Vec::new();
    let mut names = Vec::new();
    loop {
        let page = body(&send(&center, "GET", &link, None).await);
        let value = page["value"].as_array().unwrap();
        sizes.push(value.len());
        names.extend(value.iter().map(|entity| entity["name"].as_str().unwrap().to_owned()));
        let Some(next) = page.get("nextLink") else { break };
        link = next.as_str().unwrap().to_owned();
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(names, ["four", "one", "swagger-petstore", "three", "two"]);
    let kinds = format!("{ID}/workspaces/default/apis?{VERSION}&$filter=kind%20eq%20%27rest%27");
    let first = body(&send(&center, "GET", &kinds, None).await);
    let second = body(&send(&center, "GET", first["nextLink"].as_str().unwrap(), None).await);
    assert_eq!(second["value"].as_array().unwrap().len(), 2);
    assert!(second.get("nextLink").is_none());
    let unknown = format!("{ID}/workspaces/default/apis?{VERSION}&$filter=summary%20eq%20%27x%27");
    assert_eq!(send(&center, "GET", &unknown, None).await.status(), 400);
}

#[tokio::test]
async fn an_import_is_checked_and_kept_word_for_word() {
    let center = filled();
    let definition = "apis/api/versions/ver/definitions/def";
    let import = format!("{definition}/importSpecification");
    let export = format!("{definition}/exportSpecification");
    assert_eq!(send(&center, "POST", &export, None).await.status(), 404);
    for (refused, status) in [
        (json!({"format": "inline"}), 400),
        (json!({"format": "file", "value": "x"}), 400),
        (
            json!({"format": "inline", "value": "x", "specification": "openapi"}),
            400,
        ),
        (
            json!({"format": "inline", "value": "x", "specification": {"name": 3}}),
            400,
        ),
        (
            json!({"format": "inline", "value": "x".repeat(3 * 1024 * 1024 + 1)}),
            400,
        ),
        (json!({"format": "inline", "value": "x".repeat(4 * 1024 * 1024)}), 413),
    ] {
        assert_eq!(send(&center, "POST", &import, Some(refused)).await.status(), status);
    }
    let text = "openapi: 3.0.1\r\n";
    let request = json!({"format": "inline", "value": text, "specification": {"name": "openapi", "version": "3.0.1"}});
    assert_eq!(send(&center, "POST", &import, Some(request)).await.status(), 200);
    assert_eq!(body(&send(&center, "POST", &export, None).await)["value"], text);
    center.put(definition, json!({"title": "changed"})).unwrap();
    let entry = &center.snapshot()[definition];
    assert_eq!(entry["content"], text);
    assert_eq!(entry["properties"]["specification"]["version"], "3.0.1");
    center.set_definition(definition, "by hand");
    assert_eq!(body(&send(&center, "POST", &export, None).await)["value"], "by hand");
}

#[tokio::test]
async fn an_import_from_a_link_is_followed_at_its_newest_location() {
    let center = filled();
    center.add_linked_document("https://x.org/openapi.json", "{}");
    center.set_unfinished_polls(&[Unfinished::NotStarted, Unfinished::InProgress]);
    let import = "apis/api/versions/ver/definitions/def/importSpecification";
    for (link, outcome) in [
        ("https://x.org/openapi.json", "Succeeded"),
        ("https://x.org/none", "Failed"),
    ] {
        let request = json!({"format": "link", "value": link});
        let mut response = send(&center, "POST", import, Some(request)).await;
        let mut statuses = Vec::new();
        while response.status() == 202 {
            let location = response.headers()["location"].to_str().unwrap().to_owned();
            let tampered = location.replace("&s=", "&s=0");
            assert_eq!(send(&center, "GET", &tampered, None).await.status(), 404);
            response = send(&center, "GET", &location, None).await;
            statuses.push(body(&response)["status"].as_str().unwrap().to_owned());
        }
        assert_eq!(statuses, ["NotStarted", "InProgress", outcome]);
    }
    assert_eq!(
        center.snapshot()["apis/api/versions/ver/definitions/def"]["content"],
        "{}"
    );
}

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
