//! Refused calls, and calls that are not even sent.

use reqwest::StatusCode;
use reqwest::header::HeaderName;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use super::{BOTH, Said, Where, command, names, run};
use crate::world::World;

#[tokio::test]
async fn another_api_center_than_the_apps_is_refused_before_anything_is_written() {
    let world = World::synchronized_demo().await;
    let names = names(&world.cloud);
    let before = world.everything();
    for (group, center) in [("other-group", names.center.as_str()), (&names.group, "other-center")] {
        for operation in ["delete", "sync", "show", "plan"] {
            let mut arguments = vec!["integration", operation, "-g", group, "-n", center, "-i", "shop"];
            arguments.extend((operation == "delete").then_some("--yes"));
            let refused = command(&world, Where::App, &arguments).await.expect(1);
            assert!(
                refused.err.contains("serves another API center") && refused.out.is_empty(),
                "{refused:?}"
            );
        }
    }
    assert_eq!(world.everything(), before);
    assert_eq!(world.all_writes(), 0);
}

#[tokio::test]
async fn what_is_no_app_of_ours_is_told_as_that_and_gets_no_write() {
    let world = World::start().await;
    let names = names(&world.cloud);
    let url = world.cloud.control_url().to_owned();
    let arguments = names.arguments("sync", "shop", &["--function-url", &url]);
    let refused = run(&[], &arguments).await.expect(1);
    assert!(refused.err.contains("is not this function app"), "{refused:?}");

    let app = world.host.base_url().to_owned();
    let key = [("FUNCTION_KEY".to_owned(), "not-the-key".to_owned())];
    let list = ["integration", "list", "--function-url", &app];
    let refused = run(&key, &list).await.expect(1);
    assert!(refused.err.contains("rejects the key"), "{refused:?}");
    assert!(!refused.err.contains("not-the-key"));
}

#[tokio::test]
async fn what_is_refused_is_said_with_its_code_and_nothing_on_standard_output() {
    for place in BOTH {
        let world = World::start().await;
        let names = names(&world.cloud);
        let show = names.arguments("show", "nobody", &[]);
        let refused = command(&world, place, &show).await.expect(1);
        assert_eq!(refused.out, "");
        assert_eq!(
            refused.err,
            "error: (IntegrationNotFound) there is no integration nobody\n"
        );

        let secret = world.cloud.secret_identifier("no-such-secret");
        let key = world.cloud.secret_identifier("aws-access-key");
        let create = [
            "integration",
            "create",
            "aws",
            "-g",
            &names.group,
            "-n",
            &names.center,
            "-i",
            "shop",
            "-a",
            &key,
            "-s",
            &secret,
            "-r",
            "us-east-1",
        ];
        let refused = command(&world, place, &create).await.expect(1);
        assert!(refused.err.starts_with("error: (SecretNotFound) "), "{refused:?}");
        assert!(!world.has("environments/shop"));
    }
}

#[tokio::test]
async fn arguments_that_cannot_be_used_end_with_64_and_nothing_is_sent() {
    let world = World::start().await;
    world.cloud.record.clear();
    let environment = world.cloud.unpaced_handler_environment();
    let table: [(&[&str], &str); 12] = [
        (&[], "Usage"),
        (&["integration"], "Usage"),
        (&["integration", "create"], "Usage"),
        (&["integration", "show"], "--integration-name"),
        (&["integration", "show", "-i", "a"], "invalid value"),
        (&["integration", "show", "-i", "shop", "-o", "xml"], "yaml"),
        (&["integration", "sync", "-i", "shop", "--plan-id", "x"], "not an id"),
        (
            &["integration", "create", "aws", "-i", "shop", "-r", "us-east-1"],
            "--aws-access-key-reference",
        ),
        (
            &["integration", "show", "-i", "shop", "--function-key", "hunter2hunter2"],
            "--function-url",
        ),
        (
            &[
                "integration",
                "show",
                "-i",
                "shop",
                "--function-url",
                "http://example.com",
            ],
            "https",
        ),
        (
            &[
                "integration",
                "show",
                "-i",
                "shop",
                "--function-url",
                "https://example.com?code=hunter2hunter2",
            ],
            "FUNCTION_KEY",
        ),
        (
            &[
                "integration",
                "show",
                "-i",
                "shop",
                "-g",
                "g",
                "-n",
                "n/o",
                "--subscription",
                "1",
            ],
            "not the id",
        ),
    ];
    for (arguments, word) in table {
        let said = run(&environment, arguments).await.expect(64);
        assert!(said.err.contains(word) && said.out.is_empty(), "{said:?}");
        assert!(!said.err.contains("hunter2"), "{said:?}");
    }
    assert_eq!(world.cloud.record.count(|_| true), 0);
}

#[tokio::test]
async fn a_key_is_not_sent_on_to_where_an_answer_points() {
    let world = World::start().await;
    // The catalog's stand-in answers as a proxy might.
    let headers = [(reqwest::header::LOCATION, "https://127.0.0.1:1/".parse().unwrap())]
        .into_iter()
        .collect();
    let fault = Fault::Answer {
        status: StatusCode::FOUND,
        headers,
        body: "".into(),
    };
    world.fail(Service::ApiCenter, None, "/api/integrations", None, fault);
    let url = world.cloud.api_center_url().to_owned();
    let environment = [("SSL_CERT_FILE".to_owned(), world.cloud.ca_file().display().to_string())];
    let said = run(&environment, &["integration", "list", "--function-url", &url])
        .await
        .expect(1);
    assert!(said.err.contains("redirect"), "{said:?}");
}

/// Calls an app of this API center that gives this answer to everything.
async fn told_by_an_app(world: &World, answer: &Value, arguments: &[&str]) -> Said {
    world.cloud.faults.clear();
    let headers = [("x-api-center", world.cloud.resource_id.parse().unwrap())];
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value));
    let fault = Fault::Answer {
        status: StatusCode::OK,
        headers: headers.into_iter().collect(),
        body: answer.to_string().into(),
    };
    world.fail(Service::ApiCenter, None, "/api/integrations", None, fault);
    let url = world.cloud.api_center_url().to_owned();
    let environment = [("SSL_CERT_FILE".to_owned(), world.cloud.ca_file().display().to_string())];
    run(&environment, &[arguments, &["--function-url", &url]].concat()).await
}

#[tokio::test]
async fn answers_that_cannot_be_understood_are_told_as_that() {
    let world = World::start().await;
    let list = ["integration", "list"];
    for odd in [
        json!({}),
        json!({ "value": null }),
        json!({ "value": "shop" }),
        json!([1]),
        json!("shop"),
        json!(7),
        Value::Null,
    ] {
        let said = told_by_an_app(&world, &odd, &list).await.expect(1);
        assert!(
            said.err.contains("cannot parse the list") && said.out.is_empty(),
            "{odd}: {said:?}"
        );
    }
    let said = told_by_an_app(&world, &json!({ "value": [] }), &list).await.expect(0);
    assert_eq!(said.json(), json!([]));

    let create = [
        "integration",
        "create",
        "aws",
        "-i",
        "shop",
        "-a",
        "key",
        "-s",
        "secret",
        "-r",
        "us-east-1",
    ];
    for odd in [
        json!(null),
        json!("succeeded"),
        json!({ "outcome": "splendid", "remaining": 0 }),
    ] {
        let made = json!({ "name": "shop", "properties": { "lastSync": odd } });
        let said = told_by_an_app(&world, &made, &create).await.expect(1);
        assert!(said.err.contains("cannot parse the report"), "{odd}: {said:?}");
        assert_eq!(said.json(), made, "it was made");
    }
    let made = json!({ "name": "shop", "properties": {} });
    told_by_an_app(&world, &made, &create).await.expect(0);
}
