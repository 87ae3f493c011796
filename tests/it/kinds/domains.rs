//! Custom domains: what leads where, and what stays as it was while one cannot be read.

use sandbox::api_gateway::{AmazonError, DomainName, Mapping, RoutingMode, RoutingRule, V2Api, V2Stage};
use sandbox::record::Service;
use serde_json::{Value, json};

use super::denied;
use crate::world::{SHOP, World};

/// An HTTP API that only custom domains lead to.
const API: &str = "h0h0h0h0h0";
const ONE: &str = "one.example.com";
const TWO: &str = "two.example.com";

/// Two domains lead to the API, each with a key, and to its one stage.
async fn two_domains() -> World {
    let world = World::start().await;
    let gateway = &world.cloud.api_gateway;
    put_api(&world, API);
    for domain in [ONE, TWO] {
        gateway.put_domain(DomainName::regional(domain));
        gateway.put_mapping(domain, Mapping::new("m1", "shop", API, "live"));
    }
    world.put_shop().await;
    assert_eq!(
        uris(&world),
        json!(["https://one.example.com/shop", "https://two.example.com/shop"])
    );
    world
}

fn put_api(world: &World, id: &str) {
    let mut api = V2Api::http(id, "Baskets");
    api.disable_execute_api_endpoint = true;
    world.cloud.api_gateway.put_v2_api(api);
    let document = json!({ "openapi": "3.0.1", "info": { "title": "Baskets", "version": "1" }, "paths": { "/": {} } });
    world
        .cloud
        .api_gateway
        .put_v2_stage(id, V2Stage::new("live", "d1", document));
}

fn uris(world: &World) -> Value {
    let deployment = world.properties(&format!("apis/{SHOP}-{API}/deployments/live"));
    deployment["server"]["runtimeUri"].clone()
}

fn servers(world: &World) -> Value {
    let definition = &world.everything()[&format!("apis/{SHOP}-{API}/versions/live/definitions/openapi")];
    let document: Value = serde_json::from_str(definition["content"].as_str().unwrap()).unwrap();
    document["servers"].clone()
}

#[tokio::test]
async fn a_domain_that_cannot_be_read_keeps_its_urls_and_the_other_follows_amazon() {
    let world = two_domains().await;
    let broken = AmazonError::internal_failure();
    world.fail(Service::ApiGateway, None, "/v2/domainnames/one", None, broken.into());
    let gateway = &world.cloud.api_gateway;
    for domain in [ONE, TWO] {
        gateway.remove_mapping(domain, "m1");
        gateway.put_mapping(domain, Mapping::new("m2", "baskets", API, "live"));
    }
    // Another one that only the unreadable domain maps to: it waits.
    put_api(&world, "h1h1h1h1h1");
    gateway.put_mapping(ONE, Mapping::new("m3", "other", "h1h1h1h1h1", "live"));
    world.run_timer().await;
    assert_eq!(
        uris(&world),
        json!(["https://one.example.com/shop", "https://two.example.com/baskets"])
    );
    let report = world.last_sync().await;
    assert_eq!(report["skipped"][0]["reason"], "DomainUnknown", "{report:#}");
    assert_eq!(report["skipped"][0]["apiId"], "h1h1h1h1h1", "{report:#}");
    assert!(!world.has(&format!("apis/{SHOP}-h1h1h1h1h1/deployments/live")));

    world.cloud.faults.clear();
    world.run_timer().await;
    world.assert_in_line();
    assert_eq!(
        uris(&world),
        json!(["https://one.example.com/baskets", "https://two.example.com/baskets"])
    );
    assert_eq!(
        servers(&world),
        json!([{ "url": "https://one.example.com/baskets" }, { "url": "https://two.example.com/baskets" }])
    );
}

#[tokio::test]
async fn a_list_of_domains_that_cannot_be_read_leaves_all_urls() {
    let world = two_domains().await;
    let before = world.inventory();
    for fault in [denied(), AmazonError::internal_failure().into()] {
        world.fail(Service::ApiGateway, None, "^/domainnames", None, fault);
        world.cloud.record.clear();
        world.run_timer().await;
        assert_eq!(world.inventory(), before);
        assert_eq!(world.writes(), Vec::<String>::new());
        let message = world.last_sync().await["message"].to_string();
        assert!(message.contains("the custom domains could not be listed"), "{message}");
        world.cloud.faults.clear();
    }
}

#[tokio::test]
async fn without_the_right_to_read_rules_urls_stay_hour_after_hour_and_nothing_is_looked_at() {
    let world = World::start().await;
    let gateway = &world.cloud.api_gateway;
    put_api(&world, API);
    let mut domain = DomainName::regional(ONE);
    domain.routing_mode = RoutingMode::RulesThenMappings;
    gateway.put_domain(domain);
    gateway.put_mapping(ONE, Mapping::new("m1", "shop", API, "live"));
    gateway.put_routing_rule(
        ONE,
        RoutingRule {
            base_paths: vec!["ruled".to_owned()],
            ..RoutingRule::new("r1", 1, API, "live")
        },
    );
    world.put_shop().await;
    let all = json!(["https://one.example.com/ruled", "https://one.example.com/shop"]);
    assert_eq!(uris(&world), all);

    world.fail(Service::ApiGateway, None, "/routingrules", None, denied());
    put_api(&world, "h1h1h1h1h1");
    world.run_timer().await;
    assert_eq!(world.last_sync().await["skipped"][0]["reason"], "DomainUnknown");
    for _ in 0..3 {
        world.cloud.record.clear();
        world.run_timer().await;
        assert_eq!(uris(&world), all);
        assert_eq!(world.writes(), Vec::<String>::new());
        assert_eq!(world.gateway_calls("/exports/"), 0);
        let report = world.last_sync().await;
        assert_eq!(report["outcome"], "partial", "{report:#}");
        assert!(
            report["gateways"][0]["message"].as_str().unwrap().contains(ONE),
            "{report:#}"
        );
    }
}

#[tokio::test]
async fn where_the_newer_version_does_not_tell_of_a_domain_the_older_one_is_asked() {
    for (status, code) in [(404, "NotFoundException"), (400, "BadRequestException")] {
        let world = two_domains().await;
        let gateway = &world.cloud.api_gateway;
        gateway.put_rest_api(sandbox::api_gateway::RestApi::new("a1a1a1a1a1", "Orders"));
        let document = json!({ "paths": { "/": {} } });
        gateway.put_stage("a1a1a1a1a1", sandbox::api_gateway::Stage::new("prod", "d1", document));
        gateway.put_mapping(ONE, Mapping::new("m2", "orders", "a1a1a1a1a1", "prod"));
        let answer = sandbox::faults::Fault::Answer {
            status: reqwest::StatusCode::from_u16(status).unwrap(),
            headers: reqwest::header::HeaderMap::from_iter([(
                reqwest::header::HeaderName::from_static("x-amzn-errortype"),
                code.parse().unwrap(),
            )]),
            body: r#"{"message":"Invalid domain name identifier specified"}"#.into(),
        };
        world.fail(Service::ApiGateway, None, "/v2/domainnames/one", None, answer);
        world.run_timer().await;
        // The older version's mappings count; it has none to HTTP APIs, which keep what they have.
        assert_eq!(
            uris(&world),
            json!(["https://one.example.com/shop", "https://two.example.com/shop"]),
            "{status}"
        );
        let deployment = world.properties(&format!("apis/{SHOP}-a1a1a1a1a1/deployments/prod"));
        let own = format!(
            "https://a1a1a1a1a1.execute-api.{}.amazonaws.com/prod",
            world.cloud.region
        );
        assert_eq!(
            deployment["server"]["runtimeUri"],
            json!(["https://one.example.com/orders", own]),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_url_that_is_too_long_is_left_out_and_named() {
    let world = two_domains().await;
    let key = "k".repeat(300);
    world
        .cloud
        .api_gateway
        .put_mapping(ONE, Mapping::new("m2", key, API, "live"));
    world.run_timer().await;
    assert_eq!(
        uris(&world),
        json!(["https://one.example.com/shop", "https://two.example.com/shop"])
    );
    let report = world.last_sync().await;
    assert_eq!(report["skipped"][0]["reason"], "NoInvokeUrl", "{report:#}");
    assert!(
        report["skipped"][0]["message"]
            .as_str()
            .unwrap()
            .contains("API Center stores 200"),
        "{report:#}"
    );
}

#[tokio::test]
async fn an_api_whose_last_domain_goes_has_no_url_and_says_so() {
    let world = two_domains().await;
    for domain in [ONE, TWO] {
        world.cloud.api_gateway.remove_domain(domain);
    }
    world.run_timer().await;
    assert_eq!((uris(&world), servers(&world)), (json!([]), json!([])));
    let report = world.last_sync().await;
    assert_eq!(report["skipped"][0]["reason"], "NoInvokeUrl", "{report:#}");
    assert_eq!(report["outcome"], "succeeded", "{report:#}");
}
