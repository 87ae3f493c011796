//! The status page, through the Functions host.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use sandbox::api_gateway::AmazonError;
use sandbox::estate::demo;
use sandbox::record::Service;

use crate::world::{Answer, SHOP, World, answer};

/// What Chromium sends.
const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";

/// Calls the handler as a browser does: with the key in the query.
pub async fn browse(world: &World, method: Method, path: &str) -> Answer {
    let mark = if path.contains('?') { '&' } else { '?' };
    let url = format!("{}{mark}code={}", world.host.url(path), world.host.function_key());
    let request = reqwest::Client::new().request(method, url).header("accept", BROWSER);
    answer(request).await
}

fn assert_page(page: &Answer) {
    let header = |name: &str| {
        page.headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    assert_eq!(header("content-type"), Some("text/html; charset=utf-8"));
    let policy = header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_common(&page.headers);
    assert!(
        page.text.starts_with("<!DOCTYPE html>") && !page.text.contains("<script"),
        "{}",
        page.text
    );
}

fn assert_common(headers: &HeaderMap) {
    for (name, value) in [
        ("vary", "Accept"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(headers.get(name).unwrap(), value, "{name}");
    }
}

#[tokio::test]
async fn a_browser_sees_every_integration_and_its_apis() {
    let world = World::synchronized_demo().await;
    let list = browse(&world, Method::GET, "integrations").await.expect(200);
    assert_page(&list);
    let key = world.host.function_key();
    let encoded: String = reqwest::Url::parse_with_params("http://x/", [("code", key)])
        .unwrap()
        .query()
        .unwrap()
        .to_owned();
    assert!(
        list.text.contains(&format!("/api/integrations/shop?{encoded}")),
        "{}",
        list.text
    );
    assert!(list.text.contains("1 of 1 integrations") && list.text.contains("badge succeeded"));

    let page = browse(&world, Method::GET, "integrations/shop").await.expect(200);
    assert_page(&page);
    for (api, stages) in demo() {
        let title = api.name.replace('&', "&amp;");
        assert!(page.text.contains(&title), "{title}");
        assert!(
            page.text
                .contains(&format!("/apigateway/main/apis/{}/resources", api.id)),
            "{title}"
        );
        for stage in stages {
            // What is shown is the name that the stage has in the catalog.
            let readable = stage.name.to_lowercase().replace('_', "-");
            assert!(page.text.contains(&readable), "{title}: {readable}");
        }
    }
    let found = browse(&world, Method::GET, "integrations/shop?search=ORDERS&state=")
        .await
        .expect(200);
    assert!(found.text.contains("<caption>1 of "), "{}", found.text);
    // Programs get what they always got.
    let json = world.get(SHOP).await.expect(200);
    assert_common(&json.headers);
    assert_eq!(json.headers["content-type"], "application/json");
}

#[tokio::test]
async fn what_cannot_be_done_is_a_page_with_the_same_status() {
    let world = World::start().await;
    for (method, path, status, text) in [
        (Method::GET, "integrations/none", 404, "IntegrationNotFound"),
        (Method::GET, "integrations/a.b", 400, "InvalidIntegrationName"),
        (Method::GET, "integrations?state=good", 400, "must be one of"),
        (Method::PATCH, "integrations/shop", 405, "MethodNotAllowed"),
    ] {
        let page = browse(&world, method, path).await.expect(status);
        assert_page(&page);
        assert!(page.text.contains(text), "{}", page.text);
        assert_eq!(page.headers.contains_key("allow"), status == 405);
    }
}

#[tokio::test]
async fn what_is_held_is_told_with_the_call_that_confirms_it() {
    let world = World::synchronized_demo().await;
    world.cloud.api_gateway.clear();
    world.run_timer().await;
    let id = world.last_sync().await["deletionsId"].as_str().unwrap().to_owned();
    for path in ["integrations", "integrations/shop", "integrations?state=held"] {
        let page = browse(&world, Method::GET, path).await.expect(200);
        assert!(
            page.text.contains(&format!("shop/sync?confirmDeletions={id}")),
            "{}",
            page.text
        );
    }
    let others = world
        .call(Method::GET, "integrations?state=succeeded", None)
        .await
        .expect(200);
    assert_eq!(others.json()["value"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn the_key_of_a_browser_is_in_no_log() {
    let world = World::synchronized_demo().await;
    let denied = AmazonError::access_denied("arn:aws:iam::1:user/sync", "apigateway:GET", "arn:aws:apigateway");
    world.fail(Service::ApiGateway, None, "/restapis", None, denied.into());
    for path in [
        "integrations",
        "integrations/shop",
        "integrations/none",
        "integrations/shop/plan",
        "nowhere",
    ] {
        browse(&world, Method::GET, path).await;
    }
    assert!(!world.host.output().contains(world.host.function_key()));
}

#[tokio::test]
async fn the_description_is_served_whatever_the_case_of_its_path() {
    let world = World::start().await;
    for path in ["integrations/openapi.json", "Integrations/OpenAPI.json"] {
        let document = world.call(Method::GET, path, None).await.expect(200).json();
        assert_eq!(document, apicenter_aws_sync::server::openapi_document());
        assert_eq!(document["openapi"], "3.1.0");
    }
    let refused = world
        .call(Method::PUT, "integrations/openapi.json", Some(world.document()))
        .await
        .expect(405);
    assert_eq!(refused.headers["allow"], "GET");
}
