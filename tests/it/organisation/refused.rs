//! Sources that cannot be: each is a clear 400, and writes nothing.

use sandbox::organizations::{ROOT, Unit};
use serde_json::{Value, json};

use super::{all_accounts, document, founded};
use crate::world::SHOP;

#[tokio::test]
async fn what_cannot_be_a_source_is_refused_by_name() {
    let (world, company) = founded().await;
    let table: [(&str, Value, &str); 9] = [
        ("accounts", json!([12_345_678_901_u64]), "put the account id in quotes"),
        ("accounts", json!(["12345678901"]), "a string of twelve digits"),
        ("accounts", json!(["111111111111", "111111111111"]), "is listed twice"),
        ("accounts", json!({ "organization": false }), "must be true"),
        (
            "regionNames",
            json!(["cn-north-1", "us-east-1"]),
            "another AWS partition",
        ),
        ("regionNames", json!(["us-east-1", "us-east-1"]), "is listed twice"),
        ("regionNames", json!([]), "non-empty"),
        ("name", json!("Prod"), "lower-case"),
        ("roleName", json!("arn:aws:iam::111111111111:role/x"), "is an ARN"),
    ];
    for (property, value, expected) in table {
        let mut document = document(&company, &all_accounts());
        document["properties"]["amazonApiGatewaySources"][0][property] = value.clone();
        if property == "regionNames" && value[0] == "cn-north-1" {
            document["properties"]["amazonApiGatewaySources"][0]["roleArn"] =
                json!("arn:aws-cn:iam::100000000002:role/apicenter-aws-sync-hub");
        }
        let answer = world.put(SHOP, document).await.expect(400);
        let told = answer.json()["error"].to_string();
        assert!(told.contains(expected), "{property} {value}: {told}");
    }
    let mut both = document(&company, &all_accounts());
    both["properties"]["amazonApiGatewaySource"] = world.document()["properties"]["amazonApiGatewaySource"].clone();
    world.put(SHOP, both).await.expect(400);
    let source = company.source("prod", &all_accounts());
    let twice = json!({ "properties": { "amazonApiGatewaySources": [source, source] } });
    world.put(SHOP, twice).await.expect(400);
    assert!(world.everything().keys().all(|path| !path.starts_with("environments/")));
}

#[tokio::test]
async fn an_account_keeps_the_zeros_at_its_beginning_and_one_that_can_be_read_is_enough() {
    let (world, company) = founded().await;
    let made = world
        .put(SHOP, document(&company, &json!(["012345678901", "111111111111"])))
        .await
        .expect(201)
        .json();
    let shown = &made["properties"]["amazonApiGatewaySources"][0];
    assert_eq!(shown["accounts"], json!(["012345678901", "111111111111"]));
    assert_eq!(made["properties"]["lastSync"]["outcome"], "succeeded", "{made:#}");
    // None of them can be read.
    let answer = world
        .put("other", document(&company, &json!(["012345678901"])))
        .await
        .expect(400);
    assert_eq!(answer.code(), "RoleNotAssumable");
    assert!(
        answer.json()["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("source prod: ")
    );
}

#[tokio::test]
async fn what_was_put_is_shown_and_can_be_put_again() {
    let (world, company) = founded().await;
    let accounts = json!({ "organization": true, "except": ["222222222222", "ou-ab12-34567890"] });
    world.cloud.organizations.put_unit(Unit {
        id: "ou-ab12-34567890".to_owned(),
        name: "Sandboxes".to_owned(),
        parent: ROOT.to_owned(),
    });
    let made = world.put(SHOP, document(&company, &accounts)).await.expect(201).json();
    let shown = made["properties"]["amazonApiGatewaySources"][0]["accounts"].clone();
    assert_eq!(shown, accounts);
    let again = world.get(SHOP).await.expect(200).json();
    world.put(SHOP, again).await.expect(200);
}
