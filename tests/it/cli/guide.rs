//! The command line's help and manual page.

use std::io::Write;

use jsonschema::validator_for;
use sandbox::estate::demo;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{names, run};
use crate::world::World;

/// The examples in a text: its command lines, with continuations joined.
fn examples(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("apicenter-aws-sync "));
    lines.map(str::to_owned).collect()
}

fn guide() -> String {
    let guide = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/command-line.md");
    std::fs::read_to_string(guide).unwrap()
}

/// The help of every command.
async fn helps() -> String {
    let mut text = String::new();
    for command in [
        "",
        "integration create aws",
        "integration apply",
        "integration export",
        "integration schema",
        "integration list",
        "integration show",
        "integration plan",
        "integration sync",
        "integration delete",
        "doctor",
        "explain",
        "completion",
        "man",
    ] {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let said = run(&[], &arguments).await.expect(0);
        assert!(
            said.err.is_empty() && said.out.contains("Example"),
            "{command}: {said:?}"
        );
        text.push_str(&said.out);
    }
    text
}

#[tokio::test]
async fn every_example_of_the_helps_and_the_guide_runs() {
    let world = World::start().await;
    world.cloud.fill_gateway(demo());
    let names = names(&world.cloud);
    let guide = guide();
    let mut document = world.document();
    document["name"] = json!("shop");
    let mut file = NamedTempFile::new().unwrap();
    write!(file, "{document}").unwrap();
    let mut lines = examples(&helps().await);
    assert!(lines.len() > 12, "{lines:?}");
    let of_the_guide = examples(&guide);
    assert!(of_the_guide.len() > 5, "{of_the_guide:?}");
    lines.extend(of_the_guide);
    // Creations first and deletions last, so that everything in between finds an integration.
    lines.sort_by_key(|line| (line.contains(" delete "), !line.contains(" create ")));
    for line in &lines {
        let words = line
            .replace("https://my-vault.vault.azure.net", world.cloud.key_vault_url())
            .replace("https://my-app.azurewebsites.net", world.host.base_url())
            .replace(
                "arn:aws:iam::123456789012:role/apicenter-sync",
                sandbox::cloud::ROLE_ARN,
            )
            .replace("my-group", &names.group)
            .replace("my-center", &names.center)
            .replace("integration.yaml", file.path().to_str().unwrap());
        // A shell takes the quotation marks off, and what is printed.
        let words = words.split(" > ").next().unwrap().replace('"', "");
        let words: Vec<&str> = words.split_whitespace().skip(1).collect();
        let mut environment = world.cloud.unpaced_handler_environment();
        environment.retain(|(name, _)| name != "APICENTER_RESOURCE_ID");
        environment.push(("AZURE_SUBSCRIPTION_ID".to_owned(), names.subscription.clone()));
        environment.push(("FUNCTION_KEY".to_owned(), world.host.function_key().to_owned()));
        let said = run(&environment, &words).await;
        assert!(said.code == 0, "{line}: {said:?}");
        assert_eq!(said.out.is_empty(), line.contains(" delete "), "{line}");
    }
    assert!(!world.has("environments/shop"));
}

#[tokio::test]
async fn completions_and_the_manual_know_every_command_and_option() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = run(&[], &["completion", shell]).await.expect(0);
        for word in ["plan-id", "explain", "function-url", "aws-region-name"] {
            // Those for fish do not go as deep as `integration create aws`.
            let is_too_deep = shell == "fish" && word == "aws-region-name";
            assert!(said.out.contains(word) || is_too_deep, "{shell}: {word}");
        }
        assert!(!said.out.contains("service-name-name"), "{shell}");
    }
    let manual = run(&[], &["man"]).await.expect(0).out.replace("\\-", "-");
    for word in [
        "apicenter-aws-sync integration create aws",
        "--plan-id",
        "--exit-code",
        "Exit codes",
        "interrupted",
    ] {
        assert!(manual.contains(word), "{word}");
    }
}

/// The options of `az apic integration create aws` (its reference, 2026-08), and how it abbreviates them.
const OF_AZ: [(&str, &str); 13] = [
    ("--resource-group", "-g"),
    ("--service-name", "-n"),
    ("--integration-name", "-i"),
    ("--aws-access-key-reference", "-a"),
    ("--aws-secret-access-key-reference", "-s"),
    ("--aws-region-name", "-r"),
    ("--import-specification", ""),
    ("--msi-resource-id", ""),
    ("--target-environment-id", ""),
    ("--target-lifecycle-stage", ""),
    ("--output", "-o"),
    ("--query", ""),
    ("--subscription", ""),
];

#[tokio::test]
async fn every_option_of_az_is_one_here_and_stands_in_the_table_beside_it() {
    let help = run(&[], &["integration", "create", "aws", "--help"])
        .await
        .expect(0)
        .out;
    let guide = guide();
    for (long, short) in OF_AZ {
        let both = if short.is_empty() {
            format!("      {long} ")
        } else {
            format!("{short}, {long} ")
        };
        assert!(help.contains(&both), "{both}: {help}");
        let row = if short.is_empty() {
            format!("| `{long}` |")
        } else {
            format!("| `{long}`, `{short}` |")
        };
        assert!(guide.contains(&row), "{row}");
    }
}

#[tokio::test]
async fn the_files_in_the_guide_are_what_the_schema_takes() {
    let schema: Value = run(&[], &["integration", "schema"]).await.expect(0).json();
    let validator = validator_for(&schema).unwrap();
    let guide = guide();
    let files: Vec<&str> = guide
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!files.is_empty());
    for document in files.iter().flat_map(|file| file.split("---\n")) {
        let document: Value = serde_saphyr::from_str(document).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{document}");
    }
}
