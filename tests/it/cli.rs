//! The command line: the real binary as a process, between the clouds by a sign-in of its own, and calling a deployed app.

mod declarations;
mod guide;
mod refusals;
mod runs;

use std::process::Stdio;

use reqwest::Method;
use sandbox::cloud::Cloud;
use sandbox::estate::demo;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::world::World;

/// The API center of the sandbox, as its id has it.
pub struct Names {
    pub subscription: String,
    pub group: String,
    pub center: String,
}

impl Names {
    /// The arguments that have a command do something with one integration.
    pub fn arguments<'a>(&'a self, verb: &'a str, integration: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let one = [
            "integration",
            verb,
            "-g",
            &self.group,
            "-n",
            &self.center,
            "-i",
            integration,
        ];
        [&one[..], more].concat()
    }
}

/// The output of a command, and its exit code.
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

    /// The output, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

pub fn names(cloud: &Cloud) -> Names {
    let part = |index: usize| cloud.resource_id.split('/').nth(index).unwrap().to_owned();
    Names {
        subscription: part(2),
        group: part(4),
        center: part(8),
    }
}

/// Runs the binary without a terminal, in this environment and no other.
pub async fn run(environment: &[(String, String)], arguments: &[&str]) -> Said {
    run_with_input(environment, arguments, Stdio::null()).await
}

/// The same, with this on standard input.
pub async fn run_with_input(environment: &[(String, String)], arguments: &[&str], input: Stdio) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_apicenter-aws-sync"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().cloned())
        .stdin(input)
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

/// Who does a command's work.
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
    // New API centers have the sample, like real ones.
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
                "--api-types",
                "http",
                "REST",
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
        for changing in ["history", "lastSync", "linkState"] {
            properties.as_object_mut().unwrap().remove(changing);
        }
        let expected = json!({
            "apiSourceType": "AmazonApiGateway",
            "amazonApiGatewaySource": {
                "accessKey": key, "secretAccessKey": secret, "account": "123456789012", "regionName": world.cloud.region, "msiResourceId": "/an/identity",
            },
            "apiTypes": ["REST", "HTTP"],
            "facts": ["apiType", "endpointType", "account", "region"],
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
        assert_eq!(list("none").await, "");
        let yaml = list("yaml").await;
        assert_eq!(list("yamlc").await, yaml);
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
            table[1].starts_with("shop  syncing  us-east-1  succeeded    2026-01-01"),
            "{table:?}"
        );
    }
}
