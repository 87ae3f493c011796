//! What must hold of every group, wherever runs were killed and whichever gateways could not be read.

use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::RngSeed;

use super::group::{Api, Group, REFUSED, api, group};
use super::world::{ALL, World};
use crate::model::EntityPath;

const STAGES: [&str; 3] = ["Prod", "dev", "test"];

fn any_api(number: usize) -> impl Strategy<Value = Api> {
    let stages = subsequence(&STAGES[..], 0..=STAGES.len());
    let revisions = prop::collection::vec(prop_oneof![9 => 0..6_u8, 1 => Just(REFUSED)], STAGES.len());
    let odds = (prop::bool::weighted(0.2), prop::bool::weighted(0.1));
    (stages, revisions, odds).prop_map(move |(stages, revisions, (unknown, failing))| {
        let stages: Vec<(&'static str, u8)> = stages.into_iter().zip(revisions).collect();
        Api {
            unknown,
            failing,
            ..api(number, &stages)
        }
    })
}

/// Some of eight members, at least one of which can be read.
fn any_group() -> impl Strategy<Value = Group> {
    let apis: Vec<_> = (1..=8).map(any_api).collect();
    let chosen = subsequence((0..8_usize).collect::<Vec<_>>(), 1..=8);
    (
        apis,
        chosen,
        1..12_usize,
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(apis, chosen, room, held, never)| {
            let mut group = group(chosen.into_iter().map(|place| apis[place].clone()));
            group.members[0].unknown &= group.members.iter().any(|api| !api.unknown);
            if group.members.iter().all(|api| api.unknown) {
                group.members[0].unknown = false;
            }
            group.source.limits.deployments_per_api = room;
            group.source.held = held;
            group.never = never;
            group
        })
}

fn readable(group: &Group) -> Group {
    let mut group = group.clone();
    group.source.held = false;
    for api in &mut group.members {
        (api.unknown, api.failing) = (false, false);
    }
    group
}

/// What is below a member that is unknown.
fn of_unknown(group: &Group, world: &World) -> Vec<(EntityPath, crate::model::Properties, Option<String>)> {
    let unknown = group.members.iter().filter(|api| api.unknown);
    let digests: Vec<String> = unknown
        .map(|api| super::group::key(api.number).short_digest())
        .collect();
    let entities = world.entities.iter();
    entities
        .filter(|(path, _)| digests.iter().any(|digest| path.to_string().ends_with(digest)))
        .map(|(path, properties)| (path.clone(), properties.clone(), world.contents.get(path).cloned()))
        .collect()
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_241_107),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn every_group_converges_and_what_is_of_unknown_members_stays(
        rounds in prop::collection::vec((any_group(), prop_oneof![Just(ALL), 0..30_usize]), 1..5),
    ) {
        let mut world = World::default();
        for (group, writes) in &rounds {
            let before = of_unknown(group, &world);
            group.run_until(&mut world, *writes, false);
            prop_assert_eq!(before, of_unknown(group, &world));
        }
        let last = readable(&rounds.last().unwrap().0);
        last.settle(&mut world);
        // Then members come and go from sight, and nothing moves.
        for place in 0..last.members.len() {
            let mut blind = last.clone();
            blind.members[place].unknown = blind.members.len() > 1;
            let mut same = world.clone();
            let run = blind.run(&mut same);
            prop_assert_eq!((run.made, run.exports), (Vec::new(), Vec::new()));
        }
    }

    #[test]
    fn removing_a_member_touches_only_what_is_its_own(group in any_group(), place in any::<prop::sample::Index>()) {
        let mut group = readable(&group);
        group.source.limits.deployments_per_api = 24;
        prop_assume!(group.members.len() > 1);
        let mut world = World::default();
        group.settle(&mut world);
        let gone = group.members.remove(1 + place.index(group.members.len() - 1));
        let run = group.run(&mut world);
        let digest = super::group::key(gone.number).short_digest();
        let deleted = run.made.iter().filter(|write| write.starts_with("delete"));
        for write in deleted {
            let had_alone = gone.stages.iter().any(|(stage, _)| {
                let version = crate::model::stage_entity_name(stage);
                let others = group.members.iter().any(|api| api.stages.iter().any(|(other, _)| other == stage));
                !others && write.contains(&format!("versions/{version}"))
            });
            // Where it came first, the next one's document takes its place.
            let is_taken_over = gone.stages.iter().any(|(stage, _)| {
                let version = crate::model::stage_entity_name(stage);
                write.contains(&format!("versions/{version}/definitions/"))
            });
            prop_assert!(write.ends_with(&digest) || had_alone || is_taken_over, "{write}");
        }
    }
}

proptest! {
    // Each case is as many runs as there are writes.
    #![proptest_config(cases(16))]

    #[test]
    fn a_run_over_a_group_killed_before_any_of_its_writes_is_made_good(first in any_group(), second in any_group()) {
        let (first, mut second) = (readable(&first), readable(&second));
        second.source.limits.deployments_per_api = 24;
        let mut before = World::default();
        first.run(&mut before);
        let mut whole = before.clone();
        let writes = second.run(&mut whole).made.len();
        second.settle(&mut whole);
        for killed_after in 0..writes {
            let mut world = before.clone();
            second.run_until(&mut world, killed_after, false);
            second.settle(&mut world);
            prop_assert_eq!(world.entities.keys().collect::<Vec<_>>(), whole.entities.keys().collect::<Vec<_>>());
            prop_assert_eq!(&world.contents, &whole.contents, "killed after {}", killed_after);
        }
    }
}
