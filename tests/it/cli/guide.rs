//! What the command line says of itself.

use sandbox::estate::demo;

use super::{names, run};
use crate::world::World;

/// The examples in a text: its lines that are commands, those that go on joined.
fn examples(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("apicenter-aws-sync "));
    lines.map(str::to_owned).collect()
}

/// The help of every command.
async fn helps() -> String {
    let mut text = String::new();
    for command in [
        "",
        "integration create aws",
        "integration list",
        "integration show",
        "integration plan",
        "integration sync",
        "integration delete",
        "doctor",
        "explain",
        "completions",
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
    let guide = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/command-line.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let mut lines = examples(&helps().await);
    assert!(lines.len() > 12, "{lines:?}");
    let of_the_guide = examples(&guide);
    assert!(of_the_guide.len() > 5, "{of_the_guide:?}");
    lines.extend(of_the_guide);
    // What creates comes first and what deletes last, and everything in between meets an integration.
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
            .replace("my-center", &names.center);
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
        let said = run(&[], &["completions", shell]).await.expect(0);
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
