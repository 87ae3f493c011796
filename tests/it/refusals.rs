//! Every refusal: its code, and an unchanged catalog.

use reqwest::Method;
use reqwest::header::{ALLOW, HeaderMap, RETRY_AFTER};
use sandbox::api_gateway::AmazonError;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::world::{Answer, SHOP, World, answer, change_kept};

/// A refused call.
struct Refusal {
    what: &'static str,
    /// A change of the world before the call.
    prepare: fn(&World),
    method: Method,
    path: &'static str,
    /// A change of the usual document; without it, the call has no body.
    body: Option<fn(&mut Value)>,
    status: u16,
    code: &'static str,
}

impl Refusal {
    fn put(what: &'static str, prepare: fn(&World), body: fn(&mut Value), status: u16, code: &'static str) -> Self {
        let (method, path, body) = (Method::PUT, "integrations/new", Some(body));
        Self {
            what,
            prepare,
            method,
            path,
            body,
            status,
            code,
        }
    }

    /// An invalid document.
    fn invalid(what: &'static str, body: fn(&mut Value)) -> Self {
        Self::put(what, as_it_is, body, 400, "InvalidRequest")
    }

    fn to(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    fn call(what: &'static str, method: Method, path: &'static str, status: u16, code: &'static str) -> Self {
        let prepare = as_it_is;
        Self {
            what,
            prepare,
            method,
            path,
            body: None,
            status,
            code,
        }
    }
}

fn as_it_is(_: &World) {}

fn usual(_: &mut Value) {}

fn source(document: &mut Value) -> &mut Value {
    &mut document["properties"]["amazonApiGatewaySource"]
}

fn set_access_key(document: &mut Value, change: fn(&str) -> String) {
    let identifier = source(document)["accessKey"].as_str().unwrap().to_owned();
    source(document)["accessKey"] = json!(change(&identifier));
}

/// A refusal of Azure Resource Manager.
fn arm(status: u16, retry_after: Option<&str>) -> Fault {
    let mut headers = HeaderMap::new();
    headers.extend(retry_after.map(|seconds| (RETRY_AFTER, seconds.parse().unwrap())));
    let body = json!({ "error": { "code": "Refused", "message": "not now" } }).to_string();
    Fault::Answer {
        status: status.try_into().unwrap(),
        headers,
        body: body.into(),
    }
}

fn documents() -> Vec<Refusal> {
    vec![
        Refusal::invalid("no source", |it| it["properties"] = json!({})),
        Refusal::invalid("an unknown property", |it| it["properties"]["colour"] = json!("red")),
        Refusal::invalid("another kind of source", |it| {
            it["properties"]["apiSourceType"] = json!("AzureApiManagement");
        }),
        Refusal::invalid("an unknown mode", |it| {
            it["properties"]["importSpecification"] = json!("sometimes");
        }),
        Refusal::invalid("an unknown stage", |it| {
            it["properties"]["targetLifecycleStage"] = json!("later");
        }),
        Refusal::invalid("an environment elsewhere", |it| {
            it["properties"]["targetEnvironmentId"] = json!("/workspaces/other/environments/x");
        }),
        Refusal::invalid("a list", |it| *it = json!([1])),
        Refusal::put(
            "no identifier",
            as_it_is,
            |it| source(it)["accessKey"] = json!("AKIAEXAMPLE"),
            400,
            "InvalidSecretIdentifier",
        ),
        Refusal::put(
            "an identifier of a key",
            as_it_is,
            |it| set_access_key(it, |id| id.replace("/secrets/", "/keys/")),
            400,
            "InvalidSecretIdentifier",
        ),
        Refusal::put(
            "another vault",
            as_it_is,
            |it| source(it)["accessKey"] = json!("https://other.vault.azure.net/secrets/key"),
            400,
            "VaultNotAllowed",
        ),
        Refusal::put(
            "a secret that is not there",
            as_it_is,
            |it| set_access_key(it, |id| format!("{id}-2")),
            400,
            "SecretNotFound",
        ),
        Refusal::put(
            "no such region",
            as_it_is,
            |it| source(it)["regionName"] = json!("mars-east-1"),
            400,
            "UnknownRegion",
        ),
        Refusal::put(
            "a name with an underscore",
            as_it_is,
            usual,
            400,
            "InvalidIntegrationName",
        )
        .to("integrations/a_b"),
        Refusal::put(
            "a name that is too short",
            as_it_is,
            usual,
            400,
            "InvalidIntegrationName",
        )
        .to("integrations/ab"),
        Refusal::put(
            "another region",
            as_it_is,
            |it| source(it)["regionName"] = json!("eu-west-1"),
            409,
            "RegionImmutable",
        )
        .to("integrations/shop"),
        Refusal::put(
            "another region, over settings that nobody can read",
            |world| {
                world.edit("environments/shop", |environment| {
                    change_kept(environment, "aws-integration", "settings", |settings| {
                        *settings = json!([]);
                    });
                });
            },
            |it| source(it)["regionName"] = json!("eu-west-1"),
            409,
            "RegionImmutable",
        )
        .to("integrations/shop"),
        Refusal::put(
            "the environment of another integration",
            as_it_is,
            |it| it["properties"]["targetEnvironmentId"] = json!("/workspaces/default/environments/shop"),
            409,
            "EnvironmentInUse",
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn surroundings() -> Vec<Refusal> {
    let put = |what, prepare, status, code| Refusal::put(what, prepare, usual, status, code);
    let sync = |what, prepare, status, code| Refusal {
        prepare,
        ..Refusal::call(what, Method::POST, "integrations/shop/sync", status, code)
    };
    vec![
        put(
            "a disabled secret",
            |world| world.cloud.key_vault.set_enabled("aws-access-key", false),
            400,
            "SecretDisabled",
        ),
        put(
            "no role on the vault",
            |world| world.cloud.key_vault.set_forbidden(true),
            400,
            "SecretForbidden",
        ),
        put(
            "a key that Amazon does not know",
            |world| world.cloud.api_gateway.set_credentials(Vec::new()),
            400,
            "AwsAuthenticationFailed",
        ),
        put(
            "a key that may not",
            |world| {
                let denied = AmazonError::access_denied(
                    "arn:aws:iam::1:user/sync",
                    "apigateway:GET",
                    "arn:aws:apigateway:::/restapis",
                );
                fail_gateway(world, denied);
            },
            400,
            "AwsAccessDenied",
        ),
        put(
            "metadata that the organisation requires",
            |world| {
                let schema = json!({ "type": "string", "title": "Owner" }).to_string();
                let required = json!({ "schema": schema, "assignedTo": [{ "entity": "api", "required": true }] });
                world.catalog().put("metadataSchemas/owner", required).unwrap();
            },
            400,
            "MissingRequiredMetadata",
        ),
        put(
            "an environment of that name",
            |world| {
                world
                    .catalog()
                    .put("environments/new", json!({ "title": "Ours", "kind": "testing" }))
                    .unwrap();
            },
            409,
            "EnvironmentInUse",
        ),
        put(
            "an integration that is being deleted",
            begin_deletion,
            409,
            "IntegrationDeleting",
        )
        .to("integrations/shop"),
        sync(
            "an integration that is being deleted",
            begin_deletion,
            409,
            "IntegrationDeleting",
        ),
        put(
            "Amazon throttles",
            |world| fail_gateway(world, AmazonError::too_many_requests()),
            429,
            "TooManyRequests",
        ),
        put(
            "Amazon throttles and says for how long",
            |world| fail_gateway(world, AmazonError::too_many_requests().retry_after(900)),
            429,
            "TooManyRequests",
        ),
        put(
            "Azure throttles",
            |world| world.fail(Service::ApiCenter, None, ".", None, arm(429, Some("900"))),
            429,
            "TooManyRequests",
        ),
        put(
            "no role on the API center",
            |world| world.fail(Service::ApiCenter, None, ".", None, arm(403, None)),
            502,
            "ApiCenterForbidden",
        ),
        put(
            "no API center",
            |world| world.fail(Service::ApiCenter, None, ".", None, arm(404, None)),
            503,
            "ServiceUnavailable",
        ),
        put(
            "no room for its environment",
            |world| {
                let full = |number: usize| {
                    let properties = json!({ "title": "Somebody's", "kind": "testing" });
                    world.catalog().put(&format!("environments/other-{number}"), properties)
                };
                assert!((0..=20).map(full).any(|made| made.is_err()), "there is no end to them");
            },
            409,
            "CatalogFull",
        ),
        put(
            "a refusal of its environment for good",
            |world| refuse_environment(world, 400, "ValidationError"),
            400,
            "InvalidRequest",
        ),
        put(
            "a lock on the API center",
            |world| refuse_environment(world, 409, "ScopeLocked"),
            400,
            "InvalidRequest",
        ),
        put(
            "a condition that nobody set",
            |world| world.fail(Service::ApiCenter, None, ".", None, arm(412, None)),
            400,
            "InvalidRequest",
        ),
        put(
            "Azure is at something else",
            |world| refuse_environment(world, 409, "AnotherOperationInProgress"),
            503,
            "ServiceUnavailable",
        ),
        put(
            "Azure is down",
            |world| world.fail(Service::ApiCenter, None, ".", None, arm(503, Some("900"))),
            503,
            "ServiceUnavailable",
        ),
    ]
}

fn fail_gateway(world: &World, error: AmazonError) {
    world.fail(Service::ApiGateway, None, ".", None, error.into());
}

fn refuse_environment(world: &World, status: u16, code: &str) {
    let body = json!({ "error": { "code": code, "message": "not so, says Azure" } });
    world.refuse(Method::PUT, "/environments/new", status, &body);
}

fn begin_deletion(world: &World) {
    world.edit("environments/shop", |properties| {
        properties["customProperties"]["aws-integration"]["state"] = json!("deleting");
    });
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn calls() -> Vec<Refusal> {
    let call = Refusal::call;
    vec![
        call(
            "no such integration",
            Method::GET,
            "integrations/none",
            404,
            "IntegrationNotFound",
        ),
        call(
            "no such integration",
            Method::DELETE,
            "integrations/none",
            404,
            "IntegrationNotFound",
        ),
        call(
            "no such integration",
            Method::POST,
            "integrations/none/sync",
            404,
            "IntegrationNotFound",
        ),
        call(
            "no such integration",
            Method::GET,
            "integrations/none/plan",
            404,
            "IntegrationNotFound",
        ),
        call(
            "no such operation",
            Method::POST,
            "integrations/shop/dance",
            404,
            "NotFound",
        ),
        call(
            "a deletion of all",
            Method::DELETE,
            "integrations",
            405,
            "MethodNotAllowed",
        ),
        call(
            "a post to an integration",
            Method::POST,
            "integrations/shop",
            405,
            "MethodNotAllowed",
        ),
        call(
            "a sync that is read",
            Method::GET,
            "integrations/shop/sync",
            405,
            "MethodNotAllowed",
        ),
        call(
            "a plan that is posted",
            Method::POST,
            "integrations/shop/plan",
            405,
            "MethodNotAllowed",
        ),
        call(
            "an unknown parameter",
            Method::POST,
            "integrations/shop/sync?fast=true",
            400,
            "InvalidRequest",
        ),
        call(
            "a value that is none",
            Method::POST,
            "integrations/shop/sync?deep=maybe",
            400,
            "InvalidRequest",
        ),
        call(
            "another plan",
            Method::POST,
            "integrations/shop/sync?planId=0123",
            409,
            "PlanChanged",
        ),
        call(
            "deletions that are not there",
            Method::POST,
            "integrations/shop/sync?confirmDeletions=0123",
            409,
            "PlanChanged",
        ),
        call(
            "a name that is none",
            Method::GET,
            "integrations/a_b",
            400,
            "InvalidIntegrationName",
        ),
    ]
}

#[tokio::test]
async fn every_refusal_has_its_code_and_leaves_the_catalog_as_it_was() {
    for refusal in documents().into_iter().chain(surroundings()).chain(calls()) {
        let world = World::with(
            sandbox::cloud::CloudOptions::default().unthrottled(),
            &[("HTTP_TIME_BUDGET_SECONDS", "3")],
        )
        .await;
        world.cloud.fill_gateway(sandbox::estate::demo());
        world.put_shop().await;
        (refusal.prepare)(&world);
        let before = world.everything();
        let body = refusal.body.map(|change| {
            let mut document = world.document();
            change(&mut document);
            document
        });
        let answer = world.call(refusal.method, refusal.path, body).await;
        let (what, status) = (refusal.what, answer.status.as_u16());
        assert_eq!(
            (status, answer.code().as_str()),
            (refusal.status, refusal.code),
            "{what}: {}",
            answer.text
        );
        assert_is_for_people(what, &answer);
        assert_eq!(world.everything(), before, "{what}");
    }
}

fn assert_is_for_people(what: &str, answer: &Answer) {
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.len() > 15 && message.contains(' '), "{what}: {message}");
    match answer.status.as_u16() {
        405 => assert!(answer.headers.contains_key(ALLOW), "{what}"),
        429 | 503 => {
            let seconds: u64 = answer.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
            assert!(seconds <= 900, "{what}: {seconds}");
        }
        _ => assert!(!answer.headers.contains_key(RETRY_AFTER), "{what}: it stays"),
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_or_of_another_kind_is_refused() {
    let world = World::synchronized_demo().await;
    let before = world.everything();
    let url = format!("{}/api/integrations/{SHOP}", world.host.base_url());
    let put = || {
        reqwest::Client::new()
            .put(&url)
            .header("x-functions-key", world.host.function_key())
    };
    let table = [
        (
            put()
                .header("content-type", "application/json")
                .body(vec![b' '; 300_000]),
            413,
            "RequestTooLarge",
        ),
        (
            put().header("content-type", "text/yaml").body("a: 1"),
            415,
            "UnsupportedMediaType",
        ),
        (put().body("{}"), 415, "UnsupportedMediaType"),
        (
            put().header("content-type", "application/json").body("{"),
            400,
            "InvalidRequest",
        ),
        (
            put()
                .header("content-type", "application/json")
                .body("[".repeat(200_000)),
            400,
            "InvalidRequest",
        ),
        (
            put().header("content-type", "application/json").body(vec![0xff, 0xfe]),
            400,
            "InvalidRequest",
        ),
    ];
    for (request, status, code) in table {
        let refused = answer(request).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (status, code),
            "{}",
            refused.text
        );
    }
    assert_eq!(world.everything(), before);
}

#[tokio::test]
async fn without_the_function_key_the_host_lets_nobody_in() {
    let world = World::synchronized_demo().await;
    let url = format!("{}/api/integrations", world.host.base_url());
    let refused = answer(reqwest::Client::new().get(&url)).await;
    assert_eq!(refused.status, 401);
    assert!(!refused.text.contains(SHOP));
}

#[tokio::test]
async fn without_an_identity_nothing_is_written_and_the_reason_given() {
    let world = World::start().await;
    world
        .cloud
        .identity
        .set_missing(Some("The requested identity has not been assigned to this resource"));
    let before = world.everything();
    let refused = world.put(SHOP, world.document()).await.expect(503);
    assert_eq!(refused.code(), "ServiceUnavailable");
    assert!(
        refused.text.contains("identity has not been assigned"),
        "{}",
        refused.text
    );
    assert_eq!(world.everything(), before);
    assert!(!world.fire_timer().await.succeeded);
}
