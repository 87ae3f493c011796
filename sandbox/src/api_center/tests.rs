//! What the API center refuses, and what it does that surprises.

mod resource_manager;
mod rules;

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
    ApiCenterOptions::new(ID).unthrottled()
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

async fn call(
    center: &ApiCenter,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Response<Bytes> {
    let path = if path.starts_with("https://") || path.contains('?') {
        path.replacen("https://127.0.0.1", "", 1)
    } else {
        format!("{path}?{VERSION}")
    };
    let token = issue_token(AUDIENCE, "someone", Duration::from_mins(1));
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    center.answer(&request.body(body).unwrap()).await
}

async fn send(center: &ApiCenter, method: &str, path: &str, body: Option<Value>) -> Response<Bytes> {
    let path = match path.strip_prefix('/') {
        Some(_) => path.to_owned(),
        None if path.starts_with("https://") => path.to_owned(),
        None => format!("{ID}/workspaces/default/{path}"),
    };
    call(center, method, &path, &[], body).await
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
            let body = Some(json!({"properties": api()}));
            let headers = &[(condition, value.as_str())];
            call(center, "PUT", path, headers, body).await.status()
        }
    };
    assert_eq!(put("if-none-match", "*".to_owned()).await, 412);
    assert_eq!(put("if-match", format!("\"{etag}\"")).await, 200);
    assert_eq!(put("if-match", etag.to_owned()).await, 412);
    assert_eq!(put("if-match", "*".to_owned()).await, 200);
    let refused = call(&center, "DELETE", path, &[("if-match", etag)], None).await;
    assert_eq!(refused.status(), 412);
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
