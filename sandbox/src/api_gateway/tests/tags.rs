//! Tags by the resource's ARN, as boto3 reads and writes them.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{RestApi, V2Api, V2Stage};
use super::World;

/// Where the tags of an ARN are: boto3 encodes all of it.
fn of(prefix: &str, resource: &str) -> String {
    let arn = format!("arn:aws:apigateway:us-east-1::/{resource}");
    format!("{prefix}/tags/{}", arn.replace(':', "%3A").replace('/', "%2F"))
}

#[tokio::test]
async fn tags_of_both_versions_are_set_listed_and_taken_off() {
    let world = World::new().await;
    world
        .cloud
        .api_gateway
        .put_rest_api(RestApi::new("a1b2c3d4e5", "Orders"));
    world.cloud.api_gateway.put_v2_api(V2Api::http("b1b2c3d4e5", "Baskets"));
    let stage = V2Stage::new("prod", "dep1", json!({ "paths": {} }));
    world.cloud.api_gateway.put_v2_stage("b1b2c3d4e5", stage);
    for (prefix, resource, method, status) in [
        ("", "restapis/a1b2c3d4e5", Method::PUT, 204),
        ("/v2", "apis/b1b2c3d4e5", Method::POST, 201),
        ("/v2", "apis/b1b2c3d4e5/stages/prod", Method::POST, 201),
    ] {
        let target = of(prefix, resource);
        let body = json!({ "tags": { "Owner": "shop", "pii": "true" } });
        assert_eq!(
            world.call(method.clone(), &target, &body).await.status,
            status,
            "{target}"
        );
        let taken = world
            .call(Method::DELETE, &format!("{target}?tagKeys=pii&tagKeys=x"), &Value::Null)
            .await;
        assert_eq!(taken.status, 204);
        assert_eq!(world.get(&target).await.body, json!({ "tags": { "Owner": "shop" } }));
        let own = json!({ "tags": { "aws:stack": "shop" } });
        assert_eq!(world.call(method, &target, &own).await.refusal().0, 400);
    }
    assert_eq!(
        world.get("/restapis").await.body["item"][0]["tags"],
        json!({ "Owner": "shop" })
    );
    assert_eq!(
        world.get("/v2/apis").await.body["items"][0]["tags"],
        json!({ "Owner": "shop" })
    );
    assert_eq!(world.get(&of("", "restapis/nothing")).await.refusal().0, 404);
    assert_eq!(
        world
            .get(&of("", "restapis/a1b2c3d4e5").replace("east", "west"))
            .await
            .refusal()
            .0,
        400
    );
}
