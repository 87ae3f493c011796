use serde_json::json;

use super::super::{Counts, Removals, Standing};
use super::api::changes;
use super::fixtures::{Source, api_path, definition_path, deployment_path, name, properties, source, version_path};
use super::world::{ALL, World, describe};
use crate::catalog::marker::ApiState;
use crate::model::{EntityPath, FieldPath, SkipReason};

fn by_hand() -> crate::model::Properties {
    properties(json!({"title": "by hand"}))
}

fn conflicts(world: &World, source: &Source) -> Vec<String> {
    let plan = world.plan(source);
    plan.conflicts.iter().map(|conflict| conflict.name.clone()).collect()
}

/// The stages that are left out of the catalog, and why.
fn skips(world: &World, source: &Source) -> Vec<(String, SkipReason)> {
    let skip = |skip: &crate::model::Skip| (skip.stage_name.clone().unwrap_or_default(), skip.reason);
    world.plan(source).skips.iter().map(skip).collect()
}

fn removals(world: &World, source: &Source) -> Vec<String> {
    let plan = world.plan(source);
    plan.removals
        .iter()
        .flat_map(|removal| &removal.writes)
        .map(describe)
        .collect()
}

#[test]
fn a_version_or_deployment_of_a_needed_name_that_is_not_ours_is_left_alone_with_its_stage() {
    let source = source(&[("dev", 0), ("prod", 0)]);
    let table = [
        vec![version_path("dev")],
        vec![deployment_path("dev")],
        vec![version_path("dev"), deployment_path("dev")],
    ];
    for strangers in table {
        let mut world = World::synced(&super::fixtures::source(&[]));
        for path in &strangers {
            world.entities.insert(path.clone(), by_hand());
        }
        world.settle(&source);
        let names: Vec<String> = strangers.iter().map(ToString::to_string).collect();
        assert_eq!(conflicts(&world, &source), names);
        assert_eq!(skips(&world, &source), [("dev".to_owned(), SkipReason::NameCollision)]);
        for path in [version_path("dev"), deployment_path("dev")] {
            let expected = strangers.contains(&path).then(by_hand);
            assert_eq!(world.entities.get(&path), expected.as_ref(), "{path}");
        }
        assert!(world.entities.contains_key(&deployment_path("prod")));
        let marker = world.owned(&source).unwrap().marker;
        assert_eq!(marker.versions, [name("prod")].into());
        // From the marker alone people are told why, and only a deep run looks whether it is still so.
        assert_eq!(
            (marker.record.state, marker.record.skipped.len()),
            (ApiState::Synced, 1)
        );
        assert!(marker.record.fingerprint.is_some());
        assert_eq!(world.run(&source, ALL, false).done.skips, marker.record.skipped);
    }
}

#[test]
fn the_marker_has_amazons_name_of_every_stage_whose_entity_has_another() {
    let both = source(&[("Prod", 0), ("prod", 0)]);
    let mut world = World::synced(&both);
    let names = |world: &World, source: &Source| -> Vec<String> {
        let marker = world.owned(source).unwrap().marker;
        assert!(
            marker
                .record
                .stage_names
                .keys()
                .all(|name| marker.versions.contains(name)),
            "{marker:?}"
        );
        marker.record.stage_names.into_values().collect()
    };
    assert_eq!(names(&world, &both), ["Prod"]);
    let one = source(&[("prod", 0)]);
    world.settle(&one);
    assert_eq!(names(&world, &one), Vec::<String>::new());
}

#[test]
fn a_conflict_ends_when_the_stranger_goes() {
    let source = source(&[("dev", 0)]);
    let mut world = World::synced(&super::fixtures::source(&[]));
    world.entities.insert(version_path("dev"), by_hand());
    world.settle(&source);
    world.remove(&version_path("dev"));
    world.settle(&source);
    assert_eq!(conflicts(&world, &source), Vec::<String>::new());
    assert!(world.entities.contains_key(&deployment_path("dev")));
}

#[test]
fn what_was_below_an_earlier_api_of_the_name_is_brought_in_line() {
    let source = source(&[("prod", 0)]);
    for killed_after in 0..12 {
        let mut world = World::default();
        world.entities.insert(version_path("dev"), by_hand());
        let version = properties(json!({"title": "by hand", "lifecycleStage": "testing"}));
        world.entities.insert(version_path("prod"), version);
        world.entities.insert(
            EntityPath::Definition(name("shop-a1"), name("dev"), name("theirs")),
            by_hand(),
        );
        world.entities.insert(deployment_path("dev"), by_hand());
        world.sync(&source, killed_after);
        world.settle(&source);
        assert_eq!(world, World::synced(&source), "killed after {killed_after}");
    }
}

#[test]
fn stages_beyond_the_room_for_versions_are_skipped_by_name() {
    //    the room, strangers → skipped
    let table: [(usize, usize, &[&str]); 5] = [
        (3, 0, &[]),
        (2, 0, &["v3x"]),
        (3, 1, &["v3x"]),
        (1, 0, &["v2x", "v3x"]),
        (0, 1, &["v1x", "v2x", "v3x"]),
    ];
    for (room, strangers, left_out) in table {
        let mut source = source(&[("v3x", 0), ("v1x", 0), ("v2x", 0)]);
        source.limits.versions_per_api = room;
        let mut world = World::synced(&super::fixtures::source(&[]));
        for number in 0..strangers {
            world.entities.insert(version_path(&format!("hand{number}")), by_hand());
        }
        world.settle(&source);
        let expected: Vec<_> = left_out
            .iter()
            .map(|stage| ((*stage).to_owned(), SkipReason::TooManyVersions))
            .collect();
        assert_eq!(skips(&world, &source), expected, "{room}");
        for stage in ["v1x", "v2x", "v3x"] {
            let there = world.entities.contains_key(&deployment_path(stage));
            assert_eq!(there, !left_out.contains(&stage), "{room} {stage}");
        }
    }
}

#[test]
fn what_is_there_stays_when_there_is_too_little_room() {
    let mut source = source(&[("v1x", 0), ("v2x", 0)]);
    let mut world = World::synced(&super::fixtures::source(&[("v2x", 0)]));
    source.limits.versions_per_api = 1;
    source.limits.deployments_per_api = 1;
    world.settle(&source);
    assert_eq!(
        skips(&world, &source),
        [("v1x".to_owned(), SkipReason::TooManyVersions)]
    );
    assert!(world.entities.contains_key(&deployment_path("v2x")));
}

#[test]
fn a_stage_without_room_for_its_deployment_has_a_version_and_a_definition() {
    let mut source = source(&[("v1x", 0), ("v2x", 0)]);
    source.limits.deployments_per_api = 1;
    let mut world = World::default();
    world.settle(&source);
    assert_eq!(
        skips(&world, &source),
        [("v2x".to_owned(), SkipReason::TooManyDeployments)]
    );
    assert!(world.contents.contains_key(&definition_path("v2x")));
    assert!(!world.entities.contains_key(&deployment_path("v2x")));
    let record = &world.owned(&source).unwrap().marker.record.definitions[&name("v2x")];
    assert_eq!(record.revision.as_deref(), Some("0"));

    source.limits.deployments_per_api = 2;
    let made = world.sync(&source, ALL);
    assert!(made.iter().all(|write| !write.starts_with("import")), "{made:?}");
    assert!(world.entities.contains_key(&deployment_path("v2x")));
}

#[test]
fn a_deployment_that_lacks_required_metadata_is_skipped_until_there_are_values() {
    let mut source = source(&[("prod", 0)]);
    source.required.deployment.insert("tier".to_owned());
    let mut world = World::default();
    world.settle(&source);
    assert_eq!(
        skips(&world, &source),
        [("prod".to_owned(), SkipReason::MissingMetadata)]
    );
    assert!(world.contents.contains_key(&definition_path("prod")));
    source
        .integration
        .default_custom_properties
        .deployment
        .insert("tier".to_owned(), json!("gold"));
    world.settle(&source);
    assert_eq!(skips(&world, &source), []);
    let tier = &world.entities[&deployment_path("prod")]["customProperties"]["tier"];
    assert_eq!(tier, &json!("gold"));
}

#[test]
fn a_stage_that_is_gone_takes_what_is_ours_with_it() {
    let all = [
        "delete apis/shop-a1/deployments/dev",
        "delete apis/shop-a1/versions/dev/definitions/openapi",
        "delete apis/shop-a1/versions/dev",
    ];
    let theirs = EntityPath::Definition(name("shop-a1"), name("dev"), name("theirs"));
    //    removed by hand, made by hand → the deletions
    let table = [
        (None, None, &all[..]),
        (None, Some(theirs.clone()), &all[..2]),
        (None, Some(version_path("hand")), &all[..]),
        (None, Some(deployment_path("hand")), &all[..]),
        (Some(deployment_path("dev")), None, &all[1..]),
        (Some(definition_path("dev")), None, &[all[0], all[2]]),
        (Some(version_path("dev")), None, &all[..1]),
    ];
    let source = source(&[("prod", 0)]);
    for (removed, made, expected) in table {
        let mut world = World::synced(&super::fixtures::source(&[("prod", 0), ("dev", 0)]));
        if let Some(path) = &removed {
            world.remove(path);
        }
        if let Some(path) = &made {
            world.entities.insert(path.clone(), by_hand());
        }
        assert_eq!(removals(&world, &source), expected, "{removed:?} {made:?}");
        world.settle(&source);
        assert!(made.iter().all(|path| world.entities.contains_key(path)), "{made:?}");
        let listed = world.owned(&source).unwrap().marker.versions;
        assert_eq!(listed, [name("prod")].into(), "{removed:?} {made:?}");
    }
}

#[test]
fn a_removal_killed_halfway_gives_a_version_to_those_who_have_a_definition_in_it() {
    let source = source(&[("prod", 0)]);
    let theirs = EntityPath::Definition(name("shop-a1"), name("dev"), name("theirs"));
    for killed_after in 0..6 {
        let mut world = World::synced(&super::fixtures::source(&[("prod", 0), ("dev", 0)]));
        world.entities.insert(theirs.clone(), by_hand());
        world.sync(&source, killed_after);
        world.settle(&source);
        let listed = world.owned(&source).unwrap().marker.versions;
        assert_eq!(listed, [name("prod")].into(), "killed after {killed_after}");
    }
}

#[test]
fn a_held_removal_claims_no_version_that_was_made_by_hand() {
    let mut source = source(&[]);
    let mut world = World::synced(&super::fixtures::source(&[("dev", 0)]));
    world.remove(&version_path("dev"));
    let field = FieldPath::new(&["customProperties", "aws-sync", "versions"]);
    field.set(world.entities.get_mut(&api_path()).unwrap(), Some(json!("")));
    world.entities.insert(version_path("dev"), by_hand());
    source.held = true;
    world.sync(&source, ALL);
    source.held = false;
    world.settle(&source);
    assert_eq!(world.entities.get(&version_path("dev")), Some(&by_hand()));
    assert!(!world.entities.contains_key(&deployment_path("dev")));
}

#[test]
fn held_removals_wait_and_stay_listed_while_the_rest_is_applied() {
    let mut source = source(&[("prod", 2)]);
    source.held = true;
    let mut world = World::synced(&super::fixtures::source(&[("prod", 0), ("dev", 0)]));
    world.sync(&source, ALL);
    let marker = world.owned(&source).unwrap().marker;
    assert_eq!(
        (marker.record.state, marker.record.fingerprint),
        (ApiState::Updating, None)
    );
    assert_eq!(marker.versions, ["dev", "prod"].map(name).into());
    assert_eq!(world.contents[&definition_path("prod")], "document 1");
    assert_eq!(removals(&world, &source).len(), 3);
}

#[test]
fn the_guard_counts_what_is_of_stages_that_are_gone_but_not_what_an_api_finds_when_it_is_made() {
    let source = source(&[("prod", 0)]);
    let world = World::synced(&super::fixtures::source(&[("prod", 0), ("dev", 0), ("test", 0)]));
    let plan = world.plan(&source);
    let mut removals = Removals::default();
    for removal in &plan.removals {
        removals.add_below(&name("shop-a1"), removal);
    }
    let counts = |number| Counts {
        versions: number,
        deployments: number,
    };
    assert_eq!((removals.stages.len(), removals.below), (2, counts(2)));

    let mut remade = world.clone();
    remade.remove(&api_path());
    remade.sync(&source, 1);
    let api = Box::new(remade.owned(&source).unwrap());
    let below = remade.below(&api);
    // In a later run, it may be somebody's who made it since.
    for (standing, counted) in [(Standing::Made(api.clone()), 0), (Standing::Owned(api), 2)] {
        let plan = super::world::plan(&source, &standing, &below);
        let mut removals = Removals::default();
        for removal in &plan.removals {
            removals.add_below(&name("shop-a1"), removal);
        }
        assert_eq!((removals.stages.len(), removals.below), (2, counts(counted)));
    }
}

#[test]
fn a_deployment_that_carries_our_marker_under_another_name_is_not_ours() {
    let source = source(&[]);
    let mut world = World::synced(&super::fixtures::source(&[("dev", 0)]));
    let copy = world.entities[&deployment_path("dev")].clone();
    world.settle(&source);
    world.entities.insert(deployment_path("copy"), copy);
    assert_eq!(changes(&world.plan(&source)), Vec::<String>::new());
}
