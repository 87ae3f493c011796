//! The doctor: each prerequisite broken in turn, and named every time; nothing is ever written.

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use sandbox::api_gateway::{RestApi, Stage};
use sandbox::cloud::CloudOptions;
use sandbox::estate::demo;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};

use crate::cli::{BOTH, Where, command, names};
use crate::keyless::{by_key, keyless};
use crate::world::{SHOP, World, change_kept};

/// The doctor's checks with their states.
async fn examine(world: &World, name: &str) -> Value {
    let path = format!("integrations/{name}/doctor");
    world.call(Method::GET, &path, None).await.expect(200).json()
}

/// The names of the checks in this state.
fn in_state(examination: &Value, state: &str) -> Vec<String> {
    let checks = examination["checks"].as_array().unwrap().iter();
    let those = checks.filter(|check| check["state"] == state);
    those.map(|check| check["name"].as_str().unwrap().to_owned()).collect()
}

/// Asserts that exactly this check failed, with a remedy and a message for people.
async fn assert_names(world: &World, wanted: &str, reason: &str) {
    let before = world.everything();
    let examination = examine(world, SHOP).await;
    assert_eq!(in_state(&examination, "failed"), [wanted], "{examination:#}");
    assert_eq!(examination["healthy"], false);
    let checks = examination["checks"].as_array().unwrap();
    let failed = checks.iter().find(|check| check["name"] == wanted).unwrap();
    assert!(failed["found"].as_str().unwrap().contains(reason), "{failed}");
    assert!(failed["remedy"].as_str().unwrap().len() > 20, "{failed}");
    let names = names(&world.cloud);
    let arguments = ["doctor", "-g", &names.group, "-n", &names.center, "-i", SHOP];
    let said = command(world, Where::App, &arguments).await.expect(3);
    assert!(said.out.contains(&format!("FAILED   {wanted}: ")), "{said:?}");
    assert_eq!(world.everything(), before, "nothing is written");
    world.cloud.faults.clear();
}

fn answer(status: u16, body: &Value, headers: &[(&'static str, &str)]) -> Fault {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
    Fault::Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers.collect::<HeaderMap>(),
        body: body.to_string().into(),
    }
}

fn forbidden() -> Fault {
    let message = "The client does not have authorization to perform action over scope";
    answer(
        403,
        &json!({ "error": { "code": "AuthorizationFailed", "message": message } }),
        &[],
    )
}

fn denied() -> Fault {
    let message = "User: arn:aws:iam::123456789012:user/sync is not authorized to perform: apigateway:GET";
    answer(
        403,
        &json!({ "message": message }),
        &[("x-amzn-errortype", "AccessDeniedException")],
    )
}

#[tokio::test]
async fn where_nothing_is_missing_everything_is_looked_at_and_nothing_written() {
    let world = World::synchronized_demo().await;
    let examination = examine(&world, SHOP).await;
    assert_eq!(examination["healthy"], true);
    assert_eq!(examination["integration"], SHOP);
    assert_eq!(in_state(&examination, "skipped"), ["aws-role"], "{examination:#}");
    assert_eq!(
        in_state(&examination, "ok").len(),
        examination["checks"].as_array().unwrap().len() - 1
    );
    assert_eq!(world.all_writes(), 0);
    for place in BOTH {
        let names = names(&world.cloud);
        let arguments = ["doctor", "-g", &names.group, "-n", &names.center, "-i", SHOP];
        let said = command(&world, place, &arguments).await.expect(0);
        assert!(
            said.out.starts_with("Checked as the managed identity, object id 3333"),
            "{said:?}"
        );
        assert!(said.out.ends_with("Nothing is missing.\n"), "{said:?}");
    }
}

#[tokio::test]
async fn without_an_integration_the_general_prerequisites_are_looked_at() {
    let world = World::start().await;
    let examination = examine(&world, "nobody").await;
    assert_eq!(examination["healthy"], true);
    assert_eq!(examination.get("integration"), None);
    let expected = [
        "settings",
        "schedule",
        "identity",
        "api-center",
        "role-on-api-center",
        "quota",
    ];
    assert_eq!(in_state(&examination, "ok"), expected, "{examination:#}");
    let names = names(&world.cloud);
    for place in BOTH {
        let arguments = ["doctor", "-g", &names.group, "-n", &names.center, "-o", "tsv"];
        let said = command(&world, place, &arguments).await.expect(0);
        assert!(said.out.contains("\nintegration\tskipped\t"), "{said:?}");
    }
}

#[tokio::test]
async fn settings_and_schedule() {
    let mut world = World::synchronized_demo().await;
    world.restart_with(&[("ARM_WRITES_PER_SECOND", "many")]).await;
    assert_names(&world, "settings", "ARM_WRITES_PER_SECOND").await;
    for (schedule, reason) in [("0 * * * *", "5 fields"), ("", "missing")] {
        world.restart_with(&[("SYNC_SCHEDULE", schedule)]).await;
        assert_names(&world, "schedule", reason).await;
    }
}

#[tokio::test]
async fn identity_role_and_api_center() {
    let mut world = World::synchronized_demo().await;
    world.fail(
        Service::ApiCenter,
        Some(Method::GET),
        "services/[^/]*\\?",
        None,
        forbidden(),
    );
    assert_names(&world, "api-center", "Azure denies access").await;

    let reader = [
        "*/read",
        "Microsoft.ApiCenter/services/workspaces/apis/versions/definitions/exportSpecification/action",
    ];
    let reader = (reader.map(str::to_owned).to_vec(), Vec::new());
    world.catalog().set_permissions(vec![reader]);
    assert_names(
        &world,
        "role-on-api-center",
        "Microsoft.ApiCenter/services/metadataSchemas/write",
    )
    .await;
    let contributor = (vec!["*".to_owned()], Vec::new());
    world.catalog().set_permissions(vec![contributor]);
    assert_eq!(examine(&world, SHOP).await["healthy"], true);

    let missing = json!({ "error": { "code": "ResourceNotFound", "message": "was not found" } });
    let fault = answer(404, &missing, &[("x-ms-failure-cause", "gateway")]);
    world.fail(Service::ApiCenter, Some(Method::GET), "services/[^/]*\\?", None, fault);
    assert_names(&world, "api-center", "was not found").await;

    world
        .cloud
        .identity
        .set_missing(Some("No managed identity is assigned"));
    world.restart_with(&[]).await;
    assert_names(&world, "identity", "no token").await;
}

#[tokio::test]
async fn an_identity_that_may_not_ask_what_it_may_do_is_warned_of() {
    let world = World::synchronized_demo().await;
    world.fail(Service::ApiCenter, Some(Method::GET), "permissions", None, forbidden());
    let examination = examine(&world, SHOP).await;
    assert_eq!(in_state(&examination, "warning"), ["role-on-api-center"]);
    assert_eq!(examination["healthy"], true);
}

#[tokio::test]
async fn vault_and_secrets() {
    let world = World::synchronized_demo().await;
    let vault = &world.cloud.key_vault;
    vault.set_enabled("aws-access-key", false);
    assert_names(&world, "access-key-secret", "disabled").await;
    vault.set_enabled("aws-access-key", true);

    let secret = world.cloud.aws_secret_access_key.clone();
    vault.remove_secret("aws-secret-access-key");
    assert_names(&world, "secret-access-key-secret", "does not exist").await;
    vault.set_secret("aws-secret-access-key", " ");
    assert_names(&world, "secret-access-key-secret", "empty").await;
    vault.set_secret("aws-secret-access-key", &secret);

    world.fail(Service::KeyVault, None, "secrets/aws-access-key", None, forbidden());
    assert_names(&world, "access-key-secret", "may not be read").await;
    assert_eq!(examine(&world, SHOP).await["healthy"], true);
}

#[tokio::test]
async fn vaults_that_are_not_allowed_any_more() {
    let mut world = World::synchronized_demo().await;
    world
        .restart_with(&[("KEY_VAULT_HOSTS", "other.vault.azure.net")])
        .await;
    assert_names(&world, "access-key-secret", "vault").await;
}

#[tokio::test]
async fn credentials_and_what_they_may_do() {
    let world = World::synchronized_demo().await;
    let vault = &world.cloud.key_vault;
    let secret = world.cloud.aws_secret_access_key.clone();
    vault.set_secret("aws-secret-access-key", "another0another0another0another0another0");
    assert_names(&world, "aws-credentials", "rejects").await;
    vault.set_secret("aws-secret-access-key", &secret);

    for (check, target) in [
        ("aws-list-apis", "^/restapis\\?"),
        ("aws-read-api", "^/restapis/[a-z0-9]+$"),
        ("aws-list-stages", "/stages$"),
        ("aws-export", "/exports/"),
    ] {
        world.fail(Service::ApiGateway, None, target, None, denied());
        assert_names(&world, check, "denies access").await;
    }
}

#[tokio::test]
async fn the_region() {
    let world = World::synchronized_demo().await;
    world.fail(Service::ApiGateway, None, "", None, Fault::Refuse);
    assert_names(&world, "region", "cannot be reached").await;
    world.cloud.is_up().await;
    world.edit("environments/shop", |environment| {
        change_kept(environment, "aws-integration", "settings", |settings| {
            settings["amazonApiGatewaySource"]["regionName"] = json!("mars-1");
        });
    });
    assert_names(&world, "region", "mars-1").await;
}

#[tokio::test]
async fn the_role() {
    let mut world = World::start().await;
    world.cloud.fill_gateway(demo());
    for document in [by_key(&world), keyless(&world)] {
        world.put(SHOP, document).await;
        let examination = examine(&world, SHOP).await;
        assert!(
            in_state(&examination, "ok").contains(&"aws-role".to_owned()),
            "{examination:#}"
        );
        world.trust_subject("somebody-else");
        assert_names(&world, "aws-role", "AssumeRole").await;
        world.trust_user("an-external-id");
        if examination["checks"]
            .to_string()
            .contains("the integration has no access key")
        {
            world.trust_subject(sandbox::token::OBJECT_ID);
        } else {
            assert_names(&world, "aws-role", "AssumeRole").await;
            world.trust_subject(sandbox::token::OBJECT_ID);
        }
    }
    world.restart_with(&[("AWS_WEB_IDENTITY_AUDIENCE", "")]).await;
    assert_names(&world, "aws-role", "AWS_WEB_IDENTITY_AUDIENCE").await;
}

#[tokio::test]
async fn room_for_all_apis() {
    let mut options = CloudOptions::default().unthrottled();
    options.api_center.sku = "Free".to_owned();
    let world = World::with(options, &[]).await;
    let many = (0..210).map(|number| {
        (
            RestApi::new(format!("m{number:09}"), "One of many"),
            Vec::<Stage>::new(),
        )
    });
    world.put_shop().await;
    world.cloud.fill_gateway(many.collect());
    let examination = examine(&world, SHOP).await;
    assert_eq!(in_state(&examination, "warning"), ["quota"], "{examination:#}");
    assert_eq!(examination["healthy"], true);
}

#[tokio::test]
async fn an_integration_that_goes_away_is_named() {
    let world = World::synchronized_demo().await;
    world.edit("environments/shop", |environment| {
        environment["customProperties"]["aws-integration"]["state"] = json!("deleting");
    });
    assert_names(&world, "integration", "being deleted").await;
}
