use std::collections::BTreeSet;

use serde_json::json;

use super::super::{Event, Step};
use super::fixtures::{
    REFUSED, Source, api_path, definition_path, deployment_path, key, name, properties, source, version_path,
};
use super::world::{ALL, Run, World, all_removals};
use crate::catalog::OwnedApi;
use crate::model::{EntityName, EntityPath, FieldPath};

/// A catalog with two stages that are gone, and a run that has come to their removal.
fn going(source: &Source) -> World {
    let mut world = World::synced(&super::fixtures::source(&[("dev", 0), ("prod", 0), ("test", 0)]));
    let held = Source {
        held: true,
        ..source.clone()
    };
    world.sync(&held, ALL);
    world
}

/// Goes on to the removals; then these many are allowed, while AWS has these stages, and people make this meanwhile.
fn remove(world: &mut World, allowed: usize, back: &[&str], made: Option<EntityPath>) -> Run {
    let source = source(&[("prod", 0)]);
    let mut run = Run {
        left: ALL,
        ..Run::default()
    };
    let mut work = World::work(&source, world.standing(&source).unwrap(), true);
    let mut step = work.next(Event::Begin);
    while !matches!(step, Step::AwaitRemovals) {
        let event = world.carry_out(&source, step, &mut run).unwrap().unwrap();
        step = work.next(event);
    }
    assert_eq!(work.removals().len(), 2);
    if let Some(path) = made {
        world.entities.insert(path, properties(json!({"title": "by hand"})));
    }
    let allowed: BTreeSet<EntityName> = all_removals(&work).into_iter().take(allowed).collect();
    let is_any = !allowed.is_empty();
    let step = work.next(Event::Judged(allowed));
    assert_eq!(matches!(step, Step::ReadStages(_)), is_any);
    let event = match step {
        Step::ReadStages(_) => {
            let back = back.iter().map(|stage| name(stage)).collect();
            Some(Event::Stages([(key("a1"), back)].into()))
        }
        step => world.carry_out(&source, step, &mut run).unwrap(),
    };
    if let Some(event) = event {
        world.drive(&source, &mut work, event, &mut run).unwrap();
    }
    run.done = work.into_done();
    run
}

fn versions(world: &World) -> BTreeSet<String> {
    let names = ["dev", "prod", "test"].into_iter();
    names
        .filter(|stage| world.entities.contains_key(&version_path(stage)))
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_more_is_removed_than_is_allowed_and_the_rest_stays_listed() {
    let source = source(&[("prod", 0)]);
    for (allowed, left) in [
        (0, "dev prod test"),
        (1, "prod test"),
        (2, "prod"),
        (usize::MAX, "prod"),
    ] {
        let mut world = going(&source);
        let run = remove(&mut world, allowed, &["prod"], None);
        let left: BTreeSet<String> = left.split(' ').map(str::to_owned).collect();
        assert_eq!(versions(&world), left, "{allowed}");
        assert_eq!(run.done.removed.len(), 3 - left.len(), "{allowed}");
        let marker = world.owned(&source).unwrap().marker;
        assert_eq!(
            marker.versions,
            left.iter().map(|stage| name(stage)).collect(),
            "{allowed}"
        );
        assert_eq!(marker.record.fingerprint.is_some(), left.len() == 1, "{allowed}");
    }
}

#[test]
fn a_stage_that_is_on_amazon_after_all_stays() {
    let mut world = going(&source(&[("prod", 0)]));
    let run = remove(&mut world, usize::MAX, &["dev", "prod"], None);
    assert_eq!(versions(&world), ["dev", "prod"].map(str::to_owned).into());
    assert!(world.entities.contains_key(&deployment_path("dev")));
    assert_eq!(
        (run.done.removed.len(), run.done.failures.len()),
        (1, 1),
        "{:?}",
        run.done
    );
}

#[test]
fn a_version_in_which_somebody_makes_a_definition_before_it_goes_stays_with_it() {
    let mut world = going(&source(&[("prod", 0)]));
    let theirs = EntityPath::Definition(name("shop-a1"), name("dev"), name("theirs"));
    remove(&mut world, usize::MAX, &["prod"], Some(theirs.clone()));
    assert!(world.entities.contains_key(&theirs));
    assert_eq!(versions(&world), ["dev", "prod"].map(str::to_owned).into());
    assert!(!world.entities.contains_key(&definition_path("dev")));
    let marker = world.owned(&source(&[])).unwrap().marker;
    assert_eq!(marker.versions, [name("prod")].into(), "it is theirs from then on");
}

#[test]
fn only_a_deep_look_asks_amazon_again_for_what_it_refused() {
    let source = source(&[("prod", REFUSED)]);
    let world = World::synced(&source);
    for (deep, asks) in [(false, false), (true, true)] {
        let mut work = World::work(&source, world.standing(&source).unwrap(), deep);
        let mut step = work.next(Event::Begin);
        let mut asked = false;
        while !matches!(step, Step::Done) {
            asked |= matches!(step, Step::Export { .. });
            let mut world = world.clone();
            let mut run = Run::default();
            let event = world.carry_out(&source, step, &mut run).unwrap().unwrap();
            step = work.next(event);
        }
        assert_eq!(asked, asks, "{deep}");
    }
}

#[test]
fn an_api_that_has_lost_its_marker_is_ours_by_the_deployments_below_it() {
    let source = source(&[("prod", 0)]);
    let mut world = World::synced(&source);
    let below = world.below(&world.owned(&source).unwrap());
    let api = world.entities.get_mut(&api_path()).unwrap();
    FieldPath::new(&["customProperties"]).set(api, None);
    assert!(world.owned(&source).is_none());
    let entity = super::fixtures::entity("shop-a1", json!(world.entities[&api_path()]));
    let shop = &source.integration.name;
    let api = OwnedApi::reclaim(shop, &entity, &below.deployments).unwrap();
    assert_eq!(api.marker.versions, [name("prod")].into());
    assert_eq!(Some(&api.marker.members[0]), source.desired().key());
    assert!(api.deployment(&below.deployments[0]).is_some());
    assert_eq!(OwnedApi::reclaim(shop, &entity, &[]), None);
    let other = super::fixtures::integration("other").name;
    assert_eq!(OwnedApi::reclaim(&other, &entity, &below.deployments), None);
}
