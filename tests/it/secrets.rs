//! Secrets that hold something else than half of an access key.

use reqwest::Method;
use reqwest::header::HeaderValue;
use sandbox::record::Service;
use serde_json::json;

use crate::world::{Answer, SHOP, World};

const ID_SECRET: &str = "aws-access-key";
const KEY_SECRET: &str = "aws-secret-access-key";

/// Mistaken values of secrets, and the message about each.
const MISSHAPEN: &[(&str, &str)] = &[
    (
        "Id,Value\r\nAKIAQWERTYUIOPASDFGH,kJhGfDsAqWeRtYuIoPzXcVbNm",
        "has 2 lines",
    ),
    (
        "{\n    \"Key\": {\n        \"Id\": \"AKIAQWERTYUIOPASDFGH\"\n    }\n}",
        "has 5 lines",
    ),
    ("kJhGfDsAqWeRtY\nuIoPzXcVbNm", "has 2 lines"),
    ("kJhGfDsAqWeRtY\ruIoPzXcVbNm", "has 2 lines"),
    ("\"kJhGfDsAqWeRtYuIoPzXcVbNm\"", "has quotation marks"),
    ("'AKIAQWERTYUIOPASDFGH'", "has quotation marks"),
    ("AKIA QWERTYUIOPASDFGH", "has white space inside"),
    ("AKIA\tQWERTYUIOPASDFGH", "has white space inside"),
    (
        "\u{feff}AKIAQWERTYUIOPASDFGH",
        "has characters that are not visible ASCII",
    ),
    ("AKIA\u{0}QWERTYUIOPASDFGH", "has characters that are not visible ASCII"),
    ("ÄKIAQWERTYUIOPASDFGH", "has characters that are not visible ASCII"),
];

/// Asserts that a call is refused for the shape of this secret. The world checks that its value is not revealed.
fn assert_refused(answer: Answer, secret: &str, words: &str) {
    let answer = answer.expect(400);
    assert_eq!(answer.code(), "AwsAuthenticationFailed", "{}", answer.text);
    let named = format!("/secrets/{secret} {words}");
    assert!(answer.text.contains(&named), "{}", answer.text);
}

#[tokio::test]
async fn a_secret_that_is_not_one_line_of_visible_ascii_is_refused_by_every_call_before_it_is_used() {
    let world = World::synchronized_demo().await;
    let vault = &world.cloud.key_vault;
    let before = world.inventory();
    for secret in [ID_SECRET, KEY_SECRET] {
        let good = match secret {
            ID_SECRET => world.cloud.aws_access_key_id.clone(),
            _ => world.cloud.aws_secret_access_key.clone(),
        };
        for (value, words) in MISSHAPEN {
            vault.set_secret(secret, value);
            let put = world.put(SHOP, world.document()).await;
            assert_refused(put, secret, words);
            let plan = format!("integrations/{SHOP}/plan");
            assert_refused(world.call(Method::GET, &plan, None).await, secret, words);
            assert_refused(world.sync("").await, secret, words);
        }
        vault.set_secret(secret, &good);
    }
    assert_eq!(world.gateway_calls(""), 0);
    assert_eq!(world.cloud.record.count(|exchange| exchange.service == Service::Sts), 0);
    assert_eq!(world.inventory(), before);
    world.run_timer().await;
    world.assert_in_line();
}

#[tokio::test]
async fn the_doctor_and_the_outcome_name_a_secret_of_several_lines() {
    let world = World::synchronized_demo().await;
    let (value, words) = MISSHAPEN[0];
    world.cloud.key_vault.set_secret(KEY_SECRET, value);
    let doctor = format!("integrations/{SHOP}/doctor");
    let examination = world.call(Method::GET, &doctor, None).await.expect(200).json();
    let checks = examination["checks"].as_array().unwrap().iter();
    let failed: Vec<_> = checks.filter(|check| check["state"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{examination:#}");
    assert_eq!(failed[0]["name"], "secret-access-key-secret");
    assert!(failed[0]["found"].as_str().unwrap().contains(words), "{failed:?}");
    assert!(
        failed[0]["remedy"].as_str().unwrap().contains("nothing else"),
        "{failed:?}"
    );

    assert!(!world.fire_timer().await.succeeded);
    let message = world.last_sync().await["message"].clone();
    assert!(message.as_str().unwrap().contains(words), "{message}");
}

#[tokio::test]
async fn a_body_with_a_byte_order_mark_makes_an_integration_and_one_in_utf_16_is_refused() {
    let world = World::start().await;
    let send = |body: Vec<u8>| {
        let url = format!("{}/api/integrations/{SHOP}", world.host.base_url());
        let request = reqwest::Client::new()
            .put(url)
            .header("x-functions-key", world.host.function_key())
            .header("content-type", HeaderValue::from_static("application/json"));
        crate::world::answer(request.body(body))
    };
    let document = format!("\u{feff}{}", json!(world.document()));
    let utf_16 = document.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let refused = send(utf_16).await.expect(400);
    assert!(refused.text.contains("UTF-16"), "{}", refused.text);
    send(document.into_bytes()).await.expect(201);
}
