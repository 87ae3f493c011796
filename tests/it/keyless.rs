//! Without a long-lived key: a role that is taken on with a token of this app's identity.

use sandbox::cloud::ROLE_ARN;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::world::{SHOP, World};

/// The document of an integration without any key.
fn keyless(world: &World) -> Value {
    json!({ "properties": { "amazonApiGatewaySource": { "roleArn": ROLE_ARN, "regionName": world.cloud.region } } })
}

#[tokio::test]
async fn an_integration_without_a_key_is_created_and_synchronized() {
    let world = World::start().await;
    world.cloud.fill_gateway(sandbox::estate::demo());
    world.put(SHOP, keyless(&world)).await.expect(201);
    world.assert_in_line();
    assert_eq!(
        world
            .cloud
            .record
            .count(|exchange| exchange.service == Service::KeyVault),
        0
    );
    assert_eq!(world.cloud.record.count(|exchange| exchange.service == Service::Sts), 1);
}
