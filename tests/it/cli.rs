//! The command line: the real binary as a process, between the clouds by a sign-in of its own, and calling a deployed app.

use std::process::Stdio;

use reqwest::{Method, StatusCode};
use sandbox::cloud::Cloud;
use sandbox::estate::demo;
use sandbox::faults::Fault;
use sandbox::record::Service;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::world::World;

/// The API center of the sandbox, as its id has it.
struct Names {
    subscription: String,
    group: String,
    center: String,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The same, once it ended like this.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// What was printed, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

fn names(cloud: &Cloud) -> Names {
    let part = |index: usize| cloud.resource_id.split('/').nth(index).unwrap().to_owned();
    Names {
        subscription: part(2),
        group: part(4),
        center: part(8),
    }
}

/// Runs the binary without a terminal, in this environment and no other.
pub async fn run(environment: &[(String, String)], arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_handler"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Where a command lets the work be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Here,
    App,
}

pub const BOTH: [Where; 2] = [Where::Here, Where::App];

/// Runs a command of the person's, without the API center's whole id in the environment.
pub async fn command(world: &World, place: Where, arguments: &[&str]) -> Said {
    let url = world.host.base_url().to_owned();
    let mut arguments = arguments.to_vec();
    let mut environment = world.cloud.unpaced_handler_environment();
    match place {
        Where::Here => {
            environment.retain(|(name, _)| name != "APICENTER_RESOURCE_ID");
            environment.push(("AZURE_SUBSCRIPTION_ID".to_owned(), names(&world.cloud).subscription));
        }
        Where::App => {
            environment.retain(|(name, _)| name == "SSL_CERT_FILE");
            environment.push(("FUNCTION_KEY".to_owned(), world.host.function_key().to_owned()));
            arguments.extend(["--function-url", &url]);
        }
    }
    let said = run(&environment, &arguments).await;
    world.hear(&said.out);
    world.hear(&said.err);
    said
}

/// The APIs in the catalog.
fn apis(world: &World) -> Vec<String> {
    let paths = world.inventory().into_keys();
    // The sample is there from the start, as in real API centers.
    paths
        .filter(|path| path.matches('/').count() == 1 && path.starts_with("apis/shop-"))
        .collect()
}

/// A line with words in angle brackets filled in, after its first word.
fn filled<'a>(line: &'a str, names: &'a Names, world: &World) -> Vec<String> {
    let secret = |name: &str| world.cloud.secret_identifier(name);
    let words = line.split_whitespace().filter(|word| *word != "\\").skip(1);
    words
        .map(|word| match word {
            "<resource-group-name>" => names.group.clone(),
            "<api-center-name>" => names.center.clone(),
            "<aws-integration-name>" | "<integration-name>" => "shop".to_owned(),
            "<access-key-uri>" => secret("aws-access-key"),
            "<secret-access-key-uri>" => secret("aws-secret-access-key"),
            "<aws-region>" => world.cloud.region.clone(),
            other => other.to_owned(),
        })
        .collect()
}

/// The article's lines (Synchronize APIs from Amazon API Gateway, 2025-01-23), with the backslash that it forgets.
const ARTICLE: [&str; 2] = [
    r"az apic integration create aws \
    --resource-group <resource-group-name> \
    --service-name-name <api-center-name> \
    --integration-name <aws-integration-name> \
    --aws-access-key-reference <access-key-uri> \
    --aws-secret-access-key-reference <secret-access-key-uri> \
    --aws-region-name <aws-region>",
    r"az apic integration delete \
    --resource-group <resource-group-name> \
    --service-name <api-center-name> \
    --integration-name <integration-name>",
];

#[tokio::test]
async fn the_articles_lines_work_after_changing_their_first_words() {
    for place in BOTH {
        let world = World::start().await;
        world.cloud.fill_gateway(demo());
        let names = names(&world.cloud);
        let lines = ARTICLE.map(|line| filled(line, &names, &world));
        let [create, delete] = lines
            .each_ref()
            .map(|line| line[1..].iter().map(String::as_str).collect::<Vec<_>>());

        let created = command(&world, place, &create).await.expect(0).json();
        assert_eq!(created["name"], "shop");
        assert_eq!(created["properties"]["lastSync"]["outcome"], "succeeded");
        world.assert_in_line();

        // The article's program asks; where nobody can answer, only --yes is an answer.
        let refused = command(&world, place, &delete).await.expect(64);
        assert!(refused.err.contains("--yes") && refused.out.is_empty(), "{refused:?}");
        assert!(world.has("environments/shop"));
        let yes: Vec<&str> = delete.iter().copied().chain(["--yes"]).collect();
        let deleted = command(&world, place, &yes).await.expect(0);
        assert_eq!(deleted.out, "");
        assert_eq!(apis(&world), Vec::<String>::new());
        assert!(!world.has("environments/shop"));
    }
}

#[tokio::test]
async fn short_options_and_all_others_of_az_reach_the_integration() {
    for place in BOTH {
        let world = World::start().await;
        let names = names(&world.cloud);
        let [key, secret] = ["aws-access-key", "aws-secret-access-key"].map(|name| world.cloud.secret_identifier(name));
        let created = command(
            &world,
            place,
            &[
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
                &world.cloud.region,
                "--import-specification",
                "OnDemand",
                "--msi-resource-id",
                "/an/identity",
                "--target-environment-id",
                "/workspaces/default/environments/aws",
                "--target-lifecycle-stage",
                "production",
                "--subscription",
                &names.subscription,
                "-o",
                "json",
            ],
        )
        .await
        .expect(0)
        .json();
        let mut properties = created["properties"].clone();
        for changing in ["lastSync", "linkState"] {
            properties.as_object_mut().unwrap().remove(changing);
        }
        let expected = json!({
            "apiSourceType": "AmazonApiGateway",
            "amazonApiGatewaySource": {
                "accessKey": key, "secretAccessKey": secret, "regionName": world.cloud.region, "msiResourceId": "/an/identity",
            },
            "importSpecification": "ondemand",
            "targetEnvironmentId": "/workspaces/default/environments/aws",
            "targetLifecycleStage": "production",
        });
        assert_eq!(properties, expected);
    }
}

#[tokio::test]
async fn every_format_shows_the_same_integrations() {
    let world = World::synchronized_demo().await;
    let names = names(&world.cloud);
    for place in BOTH {
        let list = async |format: &'static str| {
            let arguments = [
                "integration",
                "list",
                "-g",
                &names.group,
                "-n",
                &names.center,
                "-o",
                format,
            ];
            command(&world, place, &arguments).await.expect(0).out
        };
        let json: Value = serde_json::from_str(&list("json").await).unwrap();
        assert_eq!(
            json,
            world.call(Method::GET, "integrations", None).await.expect(200).json()["value"]
        );
        assert_eq!(list("jsonc").await, list("json").await);
        let yaml = list("yaml").await;
        assert!(
            yaml.starts_with("- id: ") && yaml.contains("\n  name: shop\n"),
            "{yaml}"
        );
        let finished = json[0]["properties"]["lastSync"]["finishedOn"].as_str().unwrap();
        assert_eq!(
            list("tsv").await,
            format!("shop\tsyncing\tus-east-1\tsucceeded\t{finished}\n")
        );
        let table = list("table").await.replace(finished, "2026-01-01T00:00:00Z");
        let table: Vec<&str> = table.lines().map(str::trim_end).collect();
        assert!(
            table[0].starts_with("Name  State    Region     LastOutcome  LastRun"),
            "{table:?}"
        );
        assert!(
            table[2].starts_with("shop  syncing  us-east-1  succeeded    2026-01-01"),
            "{table:?}"
        );
    }
}

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
                refused.err.contains("keeps another API center") && refused.out.is_empty(),
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
    let arguments = [
        "integration",
        "sync",
        "-g",
        &names.group,
        "-n",
        &names.center,
        "-i",
        "shop",
        "--function-url",
        &url,
    ];
    let refused = run(&[], &arguments).await.expect(1);
    assert!(refused.err.contains("is no function app of this kind"), "{refused:?}");

    let app = world.host.base_url().to_owned();
    let key = [("FUNCTION_KEY".to_owned(), "not-the-key".to_owned())];
    let list = ["integration", "list", "--function-url", &app];
    let refused = run(&key, &list).await.expect(1);
    assert!(refused.err.contains("does not accept the key"), "{refused:?}");
    assert!(!refused.err.contains("not-the-key"));
}

#[tokio::test]
async fn a_sync_tells_how_it_went_and_ends_accordingly() {
    for place in BOTH {
        let world = World::synchronized_demo().await;
        let names = names(&world.cloud);
        let sync = async |more: &[&str]| {
            let mut arguments = vec![
                "integration",
                "sync",
                "-g",
                &names.group,
                "-n",
                &names.center,
                "-i",
                "shop",
            ];
            arguments.extend(more);
            command(&world, place, &arguments).await
        };
        let good = sync(&[]).await.expect(0);
        assert!(
            good.out
                .starts_with("shop: succeeded. 0 created, 0 updated, 0 deleted, "),
            "{good:?}"
        );
        assert_eq!(sync(&["-o", "json"]).await.expect(0).json()["outcome"], "succeeded");

        let all: Vec<String> = world
            .cloud
            .api_gateway
            .estate()
            .into_iter()
            .map(|(api, _)| api.id)
            .collect();
        for id in &all {
            world.cloud.api_gateway.remove_rest_api(id);
        }
        let held = sync(&["-o", "json"]).await.expect(3).json();
        let id = held["deletionsId"].as_str().unwrap();
        assert_eq!(held["outcome"], "held");
        let wrong = sync(&["--confirm-deletions", "00"]).await.expect(1);
        assert!(wrong.err.contains("PlanChanged"), "{wrong:?}");
        sync(&["--confirm-deletions", id]).await.expect(0);
        assert_eq!(apis(&world), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_sync_that_takes_several_calls_is_called_again_until_it_is_done() {
    for place in BOTH {
        let mut world = World::start().await;
        world.put_shop().await;
        world.cloud.fill_gateway(demo());
        let budget = [("HTTP_TIME_BUDGET_SECONDS", "0.001")];
        world.restart_with(&budget).await;
        let names = names(&world.cloud);
        let arguments = [
            "integration",
            "sync",
            "-g",
            &names.group,
            "-n",
            &names.center,
            "-i",
            "shop",
            "-o",
            "json",
        ];
        let said = match place {
            Where::App => command(&world, place, &arguments).await,
            Where::Here => {
                let mut environment = world.cloud.unpaced_handler_environment();
                environment.push(("HTTP_TIME_BUDGET_SECONDS".to_owned(), "0.001".to_owned()));
                run(&environment, &arguments).await
            }
        };
        let report = said.expect(0).json();
        assert_eq!(
            (&report["remaining"], &report["outcome"]),
            (&json!(0), &json!("succeeded"))
        );
        let apis = world.cloud.api_gateway.estate().len();
        assert_eq!(report["created"], apis);
        world.assert_in_line();
    }
}

#[tokio::test]
async fn a_plan_gates_and_is_applied_exactly_or_not_at_all() {
    for place in BOTH {
        let world = World::synchronized_demo().await;
        let names = names(&world.cloud);
        let on = ["-g", &names.group, "-n", &names.center, "-i", "shop"];
        let say = async |words: &[&str], more: &[&str]| command(&world, place, &[words, &on[..], more].concat()).await;
        let (plan, sync) = (["integration", "plan"], ["integration", "sync"]);
        let nothing = say(&plan, &["--exit-code"]).await.expect(0);
        assert!(nothing.out.contains("no changes"), "{nothing:?}");

        let (id, _) = rename_one(&world, "Renamed once");
        say(&plan, &[]).await.expect(0);
        let planned = say(&plan, &["--detailed-exitcode", "-o", "json"])
            .await
            .expect(2)
            .json();
        let plan_id = planned["planId"].as_str().unwrap().to_owned();
        let text = say(&plan, &[]).await.expect(0).out;
        assert!(
            text.contains(&format!("--plan-id {plan_id}")) && text.contains("Renamed once"),
            "{text}"
        );

        world.cloud.record.clear();
        rename_one(&world, "Renamed twice");
        let refused = say(&sync, &["--plan-id", &plan_id]).await.expect(1);
        assert!(refused.err.contains("PlanChanged"), "{refused:?}");
        assert_eq!(world.all_writes(), 0);

        rename_one(&world, "Renamed once");
        let applied = say(&sync, &["--plan-id", &plan_id, "-o", "json"])
            .await
            .expect(0)
            .json();
        assert_eq!(applied["planId"], plan_id);
        assert_eq!(world.properties(&format!("apis/shop-{id}"))["title"], "Renamed once");
    }
}

/// Gives the first REST API another name.
fn rename_one(world: &World, name: &str) -> (String, String) {
    let (mut api, stages) = world.cloud.api_gateway.estate().into_iter().next().unwrap();
    let id = api.id.clone();
    let former = std::mem::replace(&mut api.name, name.to_owned());
    world.cloud.fill_gateway(vec![(api, stages)]);
    (id, former)
}

#[tokio::test]
async fn what_is_refused_is_said_with_its_code_and_nothing_on_standard_output() {
    for place in BOTH {
        let world = World::start().await;
        let names = names(&world.cloud);
        let show = [
            "integration",
            "show",
            "-g",
            &names.group,
            "-n",
            &names.center,
            "-i",
            "nobody",
        ];
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
