//! Integrations that live in files.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use sandbox::estate::demo;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::{BOTH, Said, Where, command, names, run_with_input};
use crate::world::World;

async fn apply(world: &World, place: Where, file: &Path, more: &[&str]) -> Said {
    let names = names(&world.cloud);
    let start = [
        "integration",
        "apply",
        "-g",
        &names.group,
        "-n",
        &names.center,
        "-f",
        file.to_str().unwrap(),
    ];
    command(world, place, &[&start, more].concat()).await
}

async fn export(world: &World, place: Where, which: &[&str]) -> String {
    let names = names(&world.cloud);
    let start = ["integration", "export", "-g", &names.group, "-n", &names.center];
    command(world, place, &[&start, which].concat()).await.expect(0).out
}

/// A file with these integrations of the world's gateway, each with a property more.
fn write(world: &World, file: &Path, integrations: &[(&str, &str, Value)]) {
    let documents = integrations.iter().map(|(name, property, value)| {
        let mut document = world.document();
        document["name"] = json!(name);
        document["properties"][property] = value.clone();
        format!("---\n{document}\n")
    });
    std::fs::write(file, documents.collect::<String>()).unwrap();
}

#[tokio::test]
async fn what_is_applied_exported_and_applied_again_changes_nothing() {
    for place in BOTH {
        let world = World::start().await;
        world.cloud.fill_gateway(demo());
        let folder = tempdir().unwrap();
        let (written, exported) = (folder.path().join("written.yaml"), folder.path().join("exported.yaml"));
        let rest = json!(["rest"]);
        write(
            &world,
            &written,
            &[
                ("shop", "apiTypes", rest),
                ("other", "importSpecification", json!("never")),
            ],
        );

        let created = apply(&world, place, &written, &[]).await.expect(0);
        assert!(
            created.out.starts_with("shop: created\nshop: succeeded. "),
            "{created:?}"
        );
        assert!(
            created.out.contains("\nother: created\nother: succeeded. "),
            "{created:?}"
        );

        let there = world.everything();
        let all = export(&world, place, &["--all"]).await;
        for text in ["linkState", "lastSync", "history", "account:", "targetEnvironmentId"] {
            assert!(!all.contains(text), "{text}: {all}");
        }
        std::fs::write(&exported, &all).unwrap();
        for file in [&exported, &written] {
            let again = apply(&world, place, file, &[]).await.expect(0);
            let mut lines: Vec<&str> = again.out.lines().collect();
            lines.sort_unstable();
            assert_eq!(lines, ["other: unchanged", "shop: unchanged"]);
        }
        assert_eq!(world.everything(), there);
        assert_eq!(export(&world, place, &["--all"]).await, all);
        let one = export(&world, place, &["-i", "shop"]).await;
        assert!(one.starts_with("---\nname: shop\n") && all.contains(&one), "{one}");

        // One that the file does not name stays.
        write(&world, &written, &[("shop", "importSpecification", json!("never"))]);
        let updated = apply(&world, place, &written, &["-o", "json"]).await.expect(0).json();
        assert_eq!(
            (&updated[0]["name"], &updated[0]["result"]),
            (&json!("shop"), &json!("updated"))
        );
        assert_eq!(updated[0]["lastSync"]["outcome"], "succeeded");
        assert!(world.has("environments/other"));
        let now = world.get("shop").await.expect(200).json();
        assert_eq!(
            now["properties"]["apiTypes"],
            json!(["REST", "HTTP", "WEBSOCKET"]),
            "it is replaced"
        );

        // Elsewhere, or after a loss, the same file gives the same result.
        for name in ["shop", "other"] {
            world.delete(name).await.expect(204);
        }
        let created = apply(&world, place, &exported, &["--query", "[].result", "-o", "tsv"])
            .await
            .expect(0);
        assert_eq!(created.out, "created\ncreated\n");
        assert_eq!(export(&world, place, &["--all"]).await, all);
    }
}

#[tokio::test]
async fn a_file_comes_from_standard_input_too() {
    let world = World::start().await;
    let folder = tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    write(&world, &file, &[("shop", "facts", json!([]))]);
    let input = Stdio::from(File::open(&file).unwrap());
    let environment = world.cloud.unpaced_handler_environment();
    let said = run_with_input(&environment, &["integration", "apply", "-f", "-", "-o", "tsv"], input).await;
    assert_eq!(said.expect(0).out, "shop\tcreated\tsucceeded\n");
}

#[tokio::test]
async fn one_that_is_refused_does_not_stop_the_others() {
    for place in BOTH {
        let world = World::start().await;
        let folder = tempdir().unwrap();
        let file = folder.path().join("shop.yaml");
        let stage = json!("nonsense");
        write(
            &world,
            &file,
            &[("bad", "targetLifecycleStage", stage), ("shop", "facts", json!([]))],
        );
        let said = apply(&world, place, &file, &[]).await.expect(1);
        assert!(said.out.starts_with("bad: failed\nshop: created\n"), "{said:?}");
        assert!(
            said.err
                .contains("error: bad: (InvalidRequest) properties.targetLifecycleStage"),
            "{said:?}"
        );
        assert!(!world.has("environments/bad") && world.has("environments/shop"));

        std::fs::write(&file, "name: shop\nname: shop\n").unwrap();
        let before = world.all_writes();
        apply(&world, place, &file, &[]).await.expect(64);
        apply(&world, place, &folder.path().join("missing.yaml"), &[])
            .await
            .expect(64);
        assert_eq!(world.all_writes(), before);
    }
}
