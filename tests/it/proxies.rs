//! Behind a proxy: both clouds are called through it, and the identity endpoint never is.

use std::collections::BTreeSet;

use sandbox::cloud::CloudOptions;
use sandbox::estate::demo;
use sandbox::proxy::ForwardProxy;
use sandbox::record::Service;

use crate::keyless::by_key;
use crate::world::{SHOP, World};

const GATEWAY: &str = "apigateway.us-east-1.amazonaws.com:443";
const TOKEN_SERVICE: &str = "sts.us-east-1.amazonaws.com:443";

/// A world where AWS has its real names, which only the proxy can resolve.
async fn behind(proxy: &ForwardProxy, settings: &[(&str, &str)]) -> World {
    let options = CloudOptions {
        amazon_over_tls: true,
        ..CloudOptions::default().unthrottled()
    };
    let url = proxy.base_url();
    let mut all = vec![
        ("HTTPS_PROXY", url),
        ("HTTP_PROXY", url),
        (
            "AWS_ENDPOINT_URL_API_GATEWAY",
            "https://apigateway.us-east-1.amazonaws.com",
        ),
        (
            "AWS_ENDPOINT_URL_APIGATEWAYV2",
            "https://apigateway.us-east-1.amazonaws.com",
        ),
        ("AWS_ENDPOINT_URL_STS", "https://sts.us-east-1.amazonaws.com"),
    ];
    all.extend(settings);
    let world = World::with(options, &all).await;
    let (gateway, token_service) = world.cloud.amazon_ports();
    proxy.route(GATEWAY, gateway);
    proxy.route(TOKEN_SERVICE, token_service);
    world.cloud.fill_gateway(demo());
    world
}

/// The `host:port` of a URL of the sandbox's.
fn authority(url: &str) -> String {
    let rest = url.split_once("://").unwrap().1;
    rest.split('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn both_clouds_are_called_through_the_proxy_and_the_identity_endpoint_never() {
    let proxy = ForwardProxy::start().await.unwrap();
    let world = behind(&proxy, &[]).await;
    world.put(SHOP, by_key(&world)).await.expect(201);
    world.assert_in_line();
    let expected = [
        authority(world.cloud.api_center_url()),
        world.cloud.key_vault_host(),
        GATEWAY.to_owned(),
        TOKEN_SERVICE.to_owned(),
    ];
    let asked_for: BTreeSet<String> = proxy.asked_for().into_iter().collect();
    assert_eq!(asked_for, BTreeSet::from(expected));
    let of_identity = |exchange: &sandbox::record::Exchange| exchange.service == Service::Identity;
    assert!(world.cloud.record.count(of_identity) > 0);
}

#[tokio::test]
async fn what_no_proxy_names_is_called_directly_on_both_sides() {
    let proxy = ForwardProxy::start().await.unwrap();
    let world = behind(&proxy, &[("NO_PROXY", "localhost,127.0.0.0/8")]).await;
    world.put(SHOP, by_key(&world)).await.expect(201);
    world.assert_in_line();
    let asked_for: BTreeSet<String> = proxy.asked_for().into_iter().collect();
    assert_eq!(
        asked_for,
        BTreeSet::from([GATEWAY.to_owned(), TOKEN_SERVICE.to_owned()])
    );

    // Without the proxy, AWS is unreachable: its names mean nothing here.
    let proxy = ForwardProxy::start().await.unwrap();
    let world = behind(&proxy, &[("NO_PROXY", "127.0.0.1,.us-east-1.amazonaws.com")]).await;
    let refused = world.put(SHOP, world.document()).await.expect(503);
    assert_eq!(refused.code(), "ServiceUnavailable");
    assert_eq!(proxy.asked_for(), Vec::<String>::new());
}
