use serde_json::json;

use super::super::version::VersionPlan;
use super::super::{ApiPlan, Preview, PreviewChange};
use super::fixtures::{REFUSED, key, source};
use super::world::World;
use crate::model::{Conflict, Skip, SkipReason, Skipped};

fn preview(plan: &ApiPlan) -> Preview {
    let mut preview = Preview {
        complete: true,
        skipped: plan.skips.iter().map(|skip| skipped(skip.clone())).collect(),
        conflicts: plan.conflicts.clone(),
        ..Preview::default()
    };
    preview.changes.extend(plan.opening.iter().map(PreviewChange::from));
    let stages = plan.versions.iter().flat_map(VersionPlan::preview);
    preview.changes.extend(stages.map(PreviewChange::from));
    let removals = plan.removals.iter().flat_map(|removal| &removal.writes);
    preview.changes.extend(removals.map(PreviewChange::from));
    preview
}

fn skipped(skip: Skip) -> Skipped {
    Skipped::of(skip, &key("a1"), "Title of a1")
}

/// A plan in which something is made, changed, deleted, skipped and left alone.
fn busy() -> Preview {
    let before = World::synced(&source(&[("prod", 0), ("test", 0)]));
    let mut source = source(&[("prod", 2), ("dev", 0), ("v1", 0)]);
    source.api.title = "Orders".to_owned();
    source.limits.deployments_per_api = 3;
    let mut preview = preview(&before.plan(&source));
    preview.conflicts.push(Conflict {
        name: "apis/shop-b1".to_owned(),
    });
    preview
}

#[test]
fn the_text_commands_no_terminal() {
    let mut preview = busy();
    for change in &mut preview.changes {
        for field in &mut change.fields {
            field.before = Some(json!({ "\u{9b}2J": ["\u{1b}[2J\u{202e}", "x".repeat(1_000_000)] }));
        }
    }
    let text = preview.sealed().to_text();
    let harmless = |character: char| character == '\n' || !(character.is_control() || character == '\u{202e}');
    assert!(text.chars().all(harmless) && text.len() < 500_000, "{}", text.len());
}

#[test]
fn the_text_shows_every_change_with_deletions_last() {
    insta::assert_snapshot!(busy().sealed().to_text(), @r#"
    plan b9a38b0a3ed358ef754b54fa540da10c
    5 to create, 3 to update, 3 to delete

    ~ apis/shop-a1 (what is below it changes)
        title: "Title of a1" -> "Orders"
        customProperties.aws-sync.versions: "prod test" -> "dev prod test v1-3bfc269594ef6492"
        customProperties.aws-sync.record: "{\"format\":1,\"name\":\"shop-a1\",\"state\":\"synced\",\"fingerprint\":\"6d624d5fa28abeded0864a6011886f45b35e9d4d405854571626d93eafea1139\",\"deployments\":[\"prod\",\"test\"],\"urls\":{\"prod\":[\"https://a1.execute-api.us-east-1.amazonaws.com/prod\"],\"test\":[\"https://a1.execute-api.us-east-1.amazonaws.com/test\"]},\"written\":[\"5bf8e0dd\",\"65f30b95\",\"6caad1a9\",\"8119b349\",\"828ee2fc\",\"92012bf9\",\"a853ae2c\",\"bace680a\",\"d13aca3d\",\"da575d03\",\"fe451c84\"],\"definitions\":{\"prod\":{\"revision\":\"0\",\"contentDigest\":\"19e6bd2cd5bf609698c0c4a92280ad54d614eca1576244d9c9916b3721560278\",\"canonicalDigest\":\"canonical 19e6bd2cd5bf609698c0c4a92280ad54d614eca1576244d9c9916b3721560278\"},\"test\":{\"revision\":\"0\",\"contentDigest\":\"19e6bd2cd5bf609698c0c4a92280ad54d614eca1576244d9c9916b3721560278\",\"canonicalDigest\":\"canonical 19e6bd2cd5bf609698c0c4a92280ad54d614eca1576244d9c9916b3721560278\"}}}" -> "{\"format\":1,\"name\":\"shop-a1\",\"state\":\"updating\",\"deployments\":[\"dev\",\"prod\",\"test\"],\"stageNames\":{\"v1-3bfc269594ef6492\":\"v1\"},\"urls\":{\"dev\":[\"https://a1.execute-api.us-east-1.amazonaws.com/dev\"],\"prod\":[\"https://a1.execute-api.us-east-1.amazonaws.com/prod\"],\"test\":[\"https://a1.execute-api.us-east-1.amazonaws.com/test\"],\"v1-3bfc269594ef6492\":[\"https://a1.execute-api.us-east-1.amazonaws.com/v1\"]},\"written\":[\"317ab752\",\"3b05a243\",\"5bf8e0dd\",\"65f30b95\",\"6caad1a9\",\"8119b349\",\"828ee2fc\",\"a853ae2c\",\"d13aca3d\",\"d4863258\",\"da575d03\",\"e448e929\",\"eba21791\"],\"definitions\":{\"test\":{\"revision\":\"0\",\"contentDigest\":\"19e6bd2cd5bf609698c0c4a92280ad54d614eca1576244d9c9916b3721560278\",\"canonicalDigest\":\"canonical 19e6bd2cd5bf609698c0c4a92280ad54d614eca1576244d9c9916b3721560278\"}}}"
    + apis/shop-a1/deployments/dev (the stage is new)
        title: "dev"
        description: "The stage dev"
        state: "active"
        server.runtimeUri: ["https://a1.execute-api.us-east-1.amazonaws.com/dev"]
        environmentId: "/workspaces/default/environments/shop"
        definitionId: "/workspaces/default/apis/shop-a1/versions/dev/definitions/openapi"
        customProperties.aws-sync-stage.stage: "dev"
        customProperties.aws-sync-stage.deploymentId: "dep0"
        customProperties.aws-sync-stage.record: "{\"format\":1,\"integration\":\"shop\",\"api\":\"shop-a1\",\"name\":\"dev\",\"source\":\"-/us-east-1/a1\",\"apiType\":\"REST\",\"version\":\"dev\"}"
    ~ apis/shop-a1/deployments/prod (the stage changed)
        customProperties.aws-sync-stage.deploymentId: "dep0" -> "dep2"
    + apis/shop-a1/versions/dev (the stage is new)
        title: "dev"
        lifecycleStage: "testing"
    + apis/shop-a1/versions/dev/definitions/openapi (the stage has no definition yet)
        title: "OpenAPI"
    ~ apis/shop-a1/versions/prod/definitions/openapi (the stage was deployed or changed)
        content: "0" -> "2"
    + apis/shop-a1/versions/v1-3bfc269594ef6492 (the stage is new)
        title: "v1"
        lifecycleStage: "testing"
    + apis/shop-a1/versions/v1-3bfc269594ef6492/definitions/openapi (the stage has no definition yet)
        title: "OpenAPI"
    - apis/shop-a1/deployments/test (the stage is gone)
    - apis/shop-a1/versions/test (the stage is gone)
    - apis/shop-a1/versions/test/definitions/openapi (the stage is gone)

    ! skipped Title of a1 (a1) stage v1: TooManyDeployments: an API has at most 3 deployments
    ! left alone, not this integration's: apis/shop-b1
    "#);
}

#[test]
fn the_text_says_when_there_is_nothing_to_do_and_when_it_is_not_all() {
    let source = source(&[("prod", 0)]);
    let nothing = preview(&World::synced(&source).plan(&source)).sealed();
    insta::assert_snapshot!(nothing.to_text(), @"
    plan 4f53cda18c2baa0c0354bb5f9a3ecbe5
    no changes
    ");
    let partial = Preview {
        complete: false,
        remaining: 3,
        held: true,
        deletions_id: Some("0123456789abcdef".to_owned()),
        ..nothing
    };
    insta::assert_snapshot!(partial.to_text(), @"
    plan 4f53cda18c2baa0c0354bb5f9a3ecbe5
    no changes
    ! deletions would be held until confirmed with confirmDeletions=0123456789abcdef
    ! incomplete: 3 APIs were not checked
    ");
}

#[test]
fn the_order_in_which_changes_were_found_is_irrelevant() {
    let mut turned = busy();
    turned.changes.reverse();
    turned.skipped.reverse();
    turned.conflicts.reverse();
    assert_eq!(turned.sealed(), busy().sealed());
}

#[test]
fn the_id_names_the_changes_and_nothing_else() {
    let id = |change: fn(&mut Preview)| {
        let mut preview = busy();
        change(&mut preview);
        preview.sealed().plan_id
    };
    let same = id(|_| {});
    assert_eq!(id(|preview| preview.changes[0].reason = "another".to_owned()), same);
    assert_eq!(id(|preview| preview.conflicts.clear()), same);
    assert_eq!(id(|preview| preview.remaining = 7), same);
    let skip = |preview: &mut Preview| {
        preview.skipped.push(skipped(Skip {
            member: None,
            stage_name: None,
            reason: SkipReason::TooManyApis,
            message: String::new(),
        }));
    };
    assert_eq!(id(skip), same);
    assert_ne!(id(|preview| preview.changes.truncate(1)), same);
    assert_ne!(id(|preview| preview.changes[0].name.push('x')), same);
    assert_ne!(id(|preview| preview.changes[0].fields.clear()), same);
}

#[test]
fn a_preview_of_an_unchanged_catalog_is_the_same_every_time() {
    let source = source(&[("prod", 0), ("dev", REFUSED)]);
    let before = World::synced(&super::fixtures::source(&[("prod", 2)]));
    let one = preview(&before.plan(&source)).sealed();
    assert_eq!(one, preview(&before.plan(&source)).sealed());
    assert!(!one.changes.is_empty());
}
