//! The status page, through the Functions host.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use sandbox::api_gateway::AmazonError;
use sandbox::api_gateway::{RestApi, Stage};
use sandbox::cloud::CloudOptions;
use sandbox::estate::{Estate, demo, large};
use sandbox::record::Service;
use sandbox::scenario;
use serde_json::json;

use crate::world::{Answer, SHOP, World, answer};

/// Chromium's `Accept` header.
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
            assert!(page.text.contains(&stage.name), "{title}: {}", stage.name);
        }
    }
    // No stage by the name that its entities have, which is another where AWS's is none that API Center takes.
    assert!(page.text.contains("<b>Prod</b>"), "{}", page.text);
    for readable in ["prod-", "dev-2-"] {
        assert!(!page.text.contains(readable), "{readable}: {}", page.text);
    }
    let todo = page.text.split("What to do").nth(1).unwrap();
    assert!(
        todo.contains("Legacy reports <span class=\"quiet\"><code>c9d0e1f2a3</code></span>"),
        "{todo}"
    );
    let found = browse(&world, Method::GET, "integrations/shop?search=ORDERS&state=")
        .await
        .expect(200);
    assert!(found.text.contains("<caption>1 of "), "{}", found.text);
    for (path, text) in [
        ("integrations/shop/plan", "No changes: the catalog is up to date."),
        ("integrations/shop/explain?api=Orders", "badge synced"),
    ] {
        let page = browse(&world, Method::GET, path).await.expect(200);
        assert_page(&page);
        assert!(page.text.contains(text), "{path}: {}", page.text);
    }
    // Programs get what they always got.
    let json = world.get(SHOP).await.expect(200);
    assert_common(&json.headers);
    assert_eq!(json.headers["content-type"], "application/json");
}

#[tokio::test]
async fn the_sandbox_tells_the_address_of_the_page_before_all_calls() {
    let world = World::synchronized_demo().await;
    let calls = scenario::calls(&world.cloud, &world.host);
    let (what, rest) = calls.split_once('\n').unwrap();
    assert_eq!(what, "# the status page, for a browser");
    let page = reqwest::Client::new()
        .get(rest.lines().next().unwrap())
        .header("accept", BROWSER);
    assert_page(&answer(page).await.expect(200));
}

/// How many APIs the page shows in a state, and the page.
async fn in_state(world: &World, state: &str) -> (String, String) {
    let page = browse(world, Method::GET, &format!("integrations/shop?state={state}"))
        .await
        .expect(200)
        .text;
    let apis = page.split("Table of APIs").nth(1).unwrap();
    let caption = apis
        .split("<caption>")
        .nth(1)
        .unwrap()
        .split("</caption>")
        .next()
        .unwrap();
    (caption.to_owned(), page)
}

/// An API for each reason for which something of it stays out of the catalog until somebody does something about it.
#[tokio::test]
async fn what_stays_out_for_good_is_skipped_and_not_unfinished() {
    let mut free = CloudOptions::default().unthrottled();
    free.api_center.sku = "Free".to_owned();
    let world = World::with(free, &[]).await;
    let document = json!({ "openapi": "3.0.1", "paths": {} });
    let api = |id: &str, name: &str, stages: &[&str]| {
        let stages = stages.iter().map(|name| Stage::new(*name, "dep1", document.clone()));
        (RestApi::new(id, name), stages.collect::<Vec<_>>())
    };
    let many = ["one", "two", "three", "four", "five", "six", "seven"];
    let good = || api("d1d1d1d1d1", "Good", &["prod"]);
    let before: Estate = vec![
        api("a1a1a1a1a1", "Many", &many),
        api("b1b1b1b1b1", "Taken", &["prod"]),
        api("c1c1c1c1c1", "Lacking", &["prod"]),
        good(),
    ];
    world.cloud.fill_gateway(before);
    world.put_shop().await;
    let by_hand = json!({ "title": "by hand", "lifecycleStage": "design" });
    world
        .catalog()
        .put("apis/shop-b1b1b1b1b1/versions/late", by_hand)
        .unwrap();
    let required = json!({
        "schema": json!({ "type": "string", "title": "Cost centre" }).to_string(),
        "assignedTo": [{ "entity": "deployment", "required": true }],
    });
    world.catalog().put("metadataSchemas/cost-centre", required).unwrap();
    let after: Estate = vec![
        api("a1a1a1a1a1", "Many", &many),
        api("b1b1b1b1b1", "Taken", &["late", "prod"]),
        api("c1c1c1c1c1", "Lacking", &["late", "prod"]),
        good(),
    ];
    world.cloud.fill_gateway(after);
    for _ in 0..2 {
        world.run_timer().await;
        let report = world.last_sync().await;
        assert_eq!(report["outcome"], "succeeded", "{report:#}");
        let (skipped, page) = in_state(&world, "skipped").await;
        assert_eq!(skipped, "3 of 4 APIs", "{page}");
        for text in [
            "Many",
            "Taken",
            "Lacking",
            "cost-centre",
            "allows 5 versions",
            "versions/late",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert_eq!(in_state(&world, "unfinished").await.0, "0 of 4 APIs");
        assert_eq!(in_state(&world, "synced").await.0, "1 of 4 APIs");
    }
}

#[tokio::test]
async fn more_failures_than_a_report_keeps_are_not_taken_for_all() {
    let world = World::synchronized(large(25)).await;
    let refused = AmazonError::bad_request("no");
    world.fail(Service::ApiGateway, None, "/stages", None, refused.into());
    world.run_timer().await;
    let (failed, page) = in_state(&world, "failed").await;
    assert_eq!(failed, "20 of 25 APIs", "{page}");
    assert!(page.contains("5 more APIs failed in the last run"), "{page}");
    assert!(page.contains("<li>and 5 more</li>"), "{page}");
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
    world.fail(Service::ApiGateway, None, "^/(restapis|v2/apis)", None, denied.into());
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
