use serde_json::json;

use super::group::{
    Api, Group, REFUSED, api, base_path, definitions, deployment_path, group, group_name, key, named, own_path,
    version_path,
};
use super::world::{ALL, World};
use crate::catalog::OwnedApi;
use crate::model::{ApiType, EntityPath, Fact, SkipReason, SourceKey};

fn members(count: usize) -> Group {
    group((1..=count).map(|number| api(number, &[("prod", 0)])))
}

fn api_of(world: &World) -> &crate::model::Properties {
    &world.entities[&EntityPath::Api(group_name())]
}

fn skips(group: &Group, world: &World) -> Vec<(Option<String>, SkipReason)> {
    let skipped = group.owned(world).marker.record.skipped;
    skipped.into_iter().map(|skip| (skip.member, skip.reason)).collect()
}

#[test]
fn members_with_one_document_share_a_version_and_its_definition() {
    let mut group = members(3);
    group.members[1].region = "eu-west-1";
    let world = group.synced();
    assert_eq!(definitions(&world, "prod"), 1);
    assert_eq!(world.contents[&base_path("prod")], "document 0 of Orders 1");
    for number in 1..=3 {
        assert_eq!(named(&world, "prod", number), "base");
    }
    let api = api_of(&world);
    assert_eq!(api["title"], json!("Orders 1"));
    let facts = &api["customProperties"];
    assert_eq!(facts[Fact::ApiType.schema_name()], json!(["REST"]));
    assert_eq!(facts[Fact::Region.schema_name()], json!(["eu-west-1", "us-east-1"]));
    assert_eq!(facts[Fact::Account.schema_name()].as_array().unwrap().len(), 3);
    assert_eq!(world.entities[&version_path("prod")]["lifecycleStage"], json!("stage1"));
    let marker = group.owned(&world).marker;
    assert_eq!(marker.members, [key(1), key(2), key(3)]);
    assert_eq!(facts["aws-sync"]["source"].as_str().unwrap().split(' ').count(), 3);
}

#[test]
fn the_order_in_which_members_are_found_is_irrelevant() {
    let mut group = group([
        api(1, &[("prod", 0), ("dev", 2)]),
        api(2, &[("dev", 4)]),
        api(3, &[("prod", 6)]),
    ]);
    let desired = group.desired();
    let world = group.synced();
    group.members.rotate_left(1);
    assert_eq!(group.desired(), desired);
    group.members.swap(0, 1);
    assert_eq!(group.desired(), desired);
    assert_eq!(group.synced(), world);
}

#[test]
fn a_member_whose_document_differs_has_a_definition_of_its_own_until_it_does_no_longer() {
    let mut group = group([api(1, &[("prod", 0)]), api(2, &[("prod", 2)]), api(3, &[("prod", 2)])]);
    let mut world = group.synced();
    assert_eq!(
        definitions(&world, "prod"),
        3,
        "equal ones that differ from the first have one each"
    );
    assert_eq!(
        [1, 2, 3].map(|number| named(&world, "prod", number)),
        ["base", "own", "own"]
    );
    assert_eq!(world.contents[&own_path("prod", 3)], "document 1 of Orders 3");

    // The first one's document becomes that of the others: they are not exported again.
    group.members[0].stages[0].1 = 3;
    let run = group.run(&mut world);
    assert_eq!(run.exports, ["1/prod"]);
    assert_eq!(run.done.removed.len(), 0, "it is no removal that anybody counts");
    assert_eq!(definitions(&world, "prod"), 1);
    assert_eq!([1, 2, 3].map(|number| named(&world, "prod", number)), ["base"; 3]);
    group.settle(&mut world);

    group.members[2].stages[0].1 = 8;
    let run = group.run(&mut world);
    assert_eq!(run.exports, ["3/prod"]);
    assert_eq!(named(&world, "prod", 3), "own");
    group.settle(&mut world);
    assert!(group.owned(&world).marker.record.own_definitions.len() == 1);
}

#[test]
fn members_that_say_otherwise_than_the_first_are_named() {
    let group = group([api(1, &[("prod", 0)]), api(2, &[("prod", 0)])]);
    let found = crate::plan::disagreement::disagreements(&group.desired());
    let [title, lifecycle] = &found[..] else {
        panic!("{found:?}")
    };
    let expected = "title of apis/shop-orders: 000000000002/us-east-1/api02 says \"Orders 2\", \
                    and \"Orders 1\" of 000000000001/us-east-1/api01 counts";
    assert_eq!(title, expected);
    assert!(
        lifecycle.starts_with("lifecycleStage of apis/shop-orders/versions/prod: "),
        "{lifecycle}"
    );
}

#[test]
fn an_export_of_a_member_that_says_the_same_moves_nothing() {
    let mut group = members(3);
    let mut world = group.synced();
    group.members[1].stages[0].1 = 1;
    let run = group.run(&mut world);
    assert_eq!(run.exports, ["2/prod"]);
    assert!(
        run.made.iter().all(|write| !write.contains("definitions")),
        "{:?}",
        run.made
    );
    group.settle(&mut world);
}

#[test]
fn more_than_five_definitions_are_a_skip_by_name() {
    let group = group((1..=7).map(|number| api(number, &[("prod", u8::try_from(number * 2).unwrap())])));
    let world = group.synced();
    assert_eq!(definitions(&world, "prod"), 5);
    let found: Vec<&str> = (1..=7).map(|number| named(&world, "prod", number)).collect();
    assert_eq!(found, ["base", "own", "own", "own", "own", "none", "none"]);
    let expected = [6, 7].map(|number| (Some(key(number).to_string()), SkipReason::TooManyDefinitions));
    assert_eq!(skips(&group, &world), expected);
    let mut same = world.clone();
    assert_eq!(group.run_until(&mut same, ALL, true).exports, Vec::<String>::new());
    assert_eq!(same, world);
}

#[test]
fn ten_members_of_which_another_one_is_unknown_every_time_change_nothing() {
    let mut group = group((1..=10).map(|number| api(number, &[("prod", u8::try_from(number % 3 * 2).unwrap())])));
    group.members[4].region = "eu-west-1";
    let world = group.synced();
    for number in 0..10 {
        for unknown in [true, false] {
            group.members[number].unknown = unknown;
            for deep in [false, true] {
                let mut same = world.clone();
                let run = group.run_until(&mut same, ALL, deep);
                assert_eq!(
                    (run.exports, run.made),
                    (Vec::new(), Vec::new()),
                    "{number} deep: {deep}"
                );
                assert_eq!(run.done.failures, Vec::<String>::new());
                assert_eq!(same, world);
            }
        }
    }
}

#[test]
fn while_the_first_member_is_unknown_the_others_go_on_and_its_words_stay() {
    let mut group = members(3);
    let mut world = group.synced();
    group.members[0].unknown = true;
    group.members[1].stages[0].1 = 4;
    group.members[1].title = "Other".to_owned();
    let run = group.run(&mut world);
    assert_eq!(run.exports, ["2/prod"]);
    assert_eq!(api_of(&world)["title"], json!("Orders 1"));
    assert_eq!(world.contents[&base_path("prod")], "document 0 of Orders 1");
    assert_eq!(
        [1, 2, 3].map(|number| named(&world, "prod", number)),
        ["base", "own", "base"]
    );
    assert_eq!(group.run(&mut world).made, Vec::<String>::new());
    group.members[0].unknown = false;
    assert_eq!(group.run(&mut world).made, Vec::<String>::new());
}

#[test]
fn a_member_that_goes_takes_what_is_its_own_along_and_the_next_one_takes_over() {
    let mut group = group([
        api(1, &[("prod", 0), ("old", 0)]),
        api(2, &[("prod", 0)]),
        api(3, &[("prod", 4)]),
    ]);
    let mut world = group.synced();
    group.members.remove(0);
    group.source.held = true;
    let held = group.run(&mut world);
    assert_eq!(held.done.removed.len(), 0);
    assert_eq!(api_of(&world)["title"], json!("Orders 1"), "its removal is held");
    assert_eq!(world.contents[&base_path("prod")], "document 0 of Orders 1");

    group.source.held = false;
    let run = group.run(&mut world);
    assert_eq!(run.done.removed.len(), 1, "a member is one removal");
    for path in [
        deployment_path("prod", 1),
        deployment_path("old", 1),
        version_path("old"),
    ] {
        assert!(!world.entities.contains_key(&path), "{path}");
    }
    group.settle(&mut world);
    assert_eq!(api_of(&world)["title"], json!("Orders 2"));
    assert_eq!(world.contents[&base_path("prod")], "document 0 of Orders 2");
    assert_eq!([2, 3].map(|number| named(&world, "prod", number)), ["base", "own"]);
    let marker = group.owned(&world).marker;
    assert_eq!((marker.members, marker.versions.len()), (vec![key(2), key(3)], 1));

    group.members.remove(0);
    group.settle(&mut world);
    assert_eq!(world.contents[&base_path("prod")], "document 2 of Orders 3");
    assert_eq!((definitions(&world, "prod"), named(&world, "prod", 3)), (1, "base"));
    assert_eq!(group.owned(&world).marker.record.own_definitions.len(), 0);
    let facts = &api_of(&world)["customProperties"];
    assert_eq!(facts[Fact::Account.schema_name()], json!(["000000000003"]));
}

#[test]
fn a_member_that_is_back_right_before_its_removal_stays() {
    let mut group = members(2);
    let mut world = group.synced();
    let mut without = group.clone();
    without.members.remove(1);
    // The list lacks it, and AWS still has it.
    let mut work = crate::plan::Work::new(
        std::sync::Arc::new(group.source.rules()),
        without.desired(),
        group.standing(&world),
        false,
        false,
    );
    let mut run = super::world::Run {
        left: ALL,
        ..super::world::Run::default()
    };
    let mut exports = Vec::new();
    group.drive(&mut world, &mut work, &mut run, &mut exports);
    let done = work.into_done();
    assert_eq!((done.removed.len(), done.failures.len()), (0, 1));
    assert!(world.entities.contains_key(&deployment_path("prod", 2)));
    group.members[0].stages[0].1 = 0;
    group.settle(&mut world);
    assert_eq!(named(&world, "prod", 2), "base");
}

#[test]
fn a_stage_that_goes_takes_its_version_along_only_with_the_last_member_that_has_it() {
    let mut group = group([api(1, &[("dev", 0), ("prod", 0)]), api(2, &[("dev", 2), ("prod", 0)])]);
    let mut world = group.synced();
    for (number, there) in [(1, true), (0, false)] {
        group.members[number].stages.remove(0);
        let run = group.run(&mut world);
        assert_eq!(run.done.removed.len(), 1);
        assert_eq!(world.entities.contains_key(&version_path("dev")), there);
        group.settle(&mut world);
    }
    assert_eq!((definitions(&world, "dev"), definitions(&world, "prod")), (0, 1));
}

#[test]
fn what_is_there_keeps_its_place_and_a_member_fits_wholly_or_stays_out_by_name() {
    let mut group = group((2..=10).map(|number| api(number, &[("prod", 0)])));
    let before = group.synced();
    let mut world = before.clone();
    // Nine of ten places are taken.
    group.members.push(api(1, &[("dev", 0), ("prod", 0)]));
    group.settle(&mut world);
    let out = (Some(key(1).to_string()), SkipReason::TooManyDeployments);
    assert_eq!(skips(&group, &world), std::slice::from_ref(&out));
    assert_eq!(api_of(&world)["title"], json!("Orders 2"));
    let account = Fact::Account.schema_name();
    assert_eq!(
        api_of(&world)["customProperties"][account],
        api_of(&before)["customProperties"][account]
    );
    assert_eq!(world.entities.len(), before.entities.len());

    group.members.push(api(11, &[("prod", 0)]));
    group.settle(&mut world);
    assert_eq!(named(&world, "prod", 11), "base");
    assert_eq!(skips(&group, &world), std::slice::from_ref(&out));
    // Unknown or not, no one flaps.
    for number in [0, 9, 10] {
        group.members[number].unknown = true;
        assert_eq!(group.run(&mut world.clone()).made, Vec::<String>::new(), "{number}");
        group.members[number].unknown = false;
        assert_eq!(group.run(&mut world.clone()).made, Vec::<String>::new(), "{number}");
    }

    group.members.retain(|api| api.number != 5 && api.number != 6);
    group.settle(&mut world);
    assert_eq!(skips(&group, &world), []);
    assert_eq!(api_of(&world)["title"], json!("Orders 1"));
    assert_eq!(
        [("dev", 1), ("prod", 1), ("prod", 2)].map(|(stage, number)| named(&world, stage, number)),
        ["base"; 3]
    );
}

#[test]
fn a_new_member_that_comes_first_takes_over_without_another_export() {
    let mut group = group([api(2, &[("prod", 0)]), api(3, &[("prod", 2)])]);
    let mut world = group.synced();
    group.members.push(api(1, &[("prod", 2)]));
    let run = group.run(&mut world);
    assert_eq!(run.exports[0], "1/prod");
    group.settle(&mut world);
    assert_eq!(world.contents[&base_path("prod")], "document 1 of Orders 1");
    assert_eq!(
        [1, 2, 3].map(|number| named(&world, "prod", number)),
        ["base", "own", "base"]
    );
    assert_eq!(world.contents[&own_path("prod", 2)], "document 0 of Orders 2");
}

#[test]
fn a_member_that_amazon_refuses_keeps_what_it_has_and_is_named() {
    let mut group = group([api(1, &[("prod", 0)]), api(2, &[("prod", 2)]), api(3, &[("prod", 0)])]);
    let mut world = group.synced();
    for number in 0..3 {
        let mut refused = group.clone();
        refused.members[number].stages[0].1 = REFUSED;
        let mut world = world.clone();
        refused.settle(&mut world);
        let expected = (Some(key(number + 1).to_string()), SkipReason::ExportRefused);
        assert_eq!(skips(&refused, &world), [expected]);
        assert_eq!(
            [1, 2, 3].map(|number| named(&world, "prod", number)),
            ["base", "own", "base"]
        );
    }
    group.never = true;
    group.settle(&mut world);
    assert_eq!(definitions(&world, "prod"), 0);
    assert_eq!([1, 2, 3].map(|number| named(&world, "prod", number)), ["none"; 3]);
}

#[test]
fn an_export_that_fails_for_now_leaves_the_others_as_they_are() {
    let mut group = group([api(1, &[("prod", 0)]), api(2, &[("prod", 2)]), api(3, &[("prod", 0)])]);
    let mut world = group.synced();
    group.members[0].stages[0].1 = 6;
    group.members[0].failing = true;
    let run = group.run(&mut world);
    assert_eq!((run.exports.len(), run.done.failures.len()), (1, 1));
    assert_eq!(
        [1, 2, 3].map(|number| named(&world, "prod", number)),
        ["base", "own", "base"]
    );
    group.members[0].failing = false;
    let run = group.run(&mut world);
    assert_eq!(run.exports.first().map(String::as_str), Some("1/prod"));
    group.settle(&mut world);
    assert_eq!(
        [1, 2, 3].map(|number| named(&world, "prod", number)),
        ["base", "own", "own"]
    );
}

#[test]
fn what_people_made_below_a_group_stays_and_is_named() {
    let group = group([api(1, &[("prod", 0)]), api(2, &[("prod", 2)]), api(3, &[("prod", 0)])]);
    let by_hand = super::fixtures::properties(json!({ "title": "by hand" }));
    let mut world = group_of_one(&group);
    for path in [own_path("prod", 2), deployment_path("prod", 3)] {
        world.entities.insert(path, by_hand.clone());
    }
    group.settle(&mut world);
    for path in [own_path("prod", 2), deployment_path("prod", 3)] {
        assert_eq!(world.entities[&path], by_hand);
    }
    let expected = [2, 3].map(|number| (Some(key(number).to_string()), SkipReason::NameCollision));
    let mut found = skips(&group, &world);
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(named(&world, "prod", 2), "none");
}

fn group_of_one(whole: &Group) -> World {
    let first: Api = whole.members[0].clone();
    Group {
        members: vec![first],
        ..whole.clone()
    }
    .synced()
}

#[test]
fn a_definition_that_a_persons_deployment_names_stays() {
    let mut group = group([api(1, &[("prod", 0)]), api(2, &[("prod", 2)])]);
    let mut world = group.synced();
    let theirs = EntityPath::Deployment(group_name(), super::fixtures::name("theirs"));
    let names = super::fixtures::properties(json!({ "definitionId": own_path("prod", 2).scoped_id() }));
    world.entities.insert(theirs.clone(), names);
    group.members[1].stages[0].1 = 0;
    group.settle(&mut world);
    assert_eq!((definitions(&world, "prod"), named(&world, "prod", 2)), (2, "base"));
    world.remove(&theirs);
    group.run_until(&mut world, ALL, true);
    assert_eq!(definitions(&world, "prod"), 1);
}

#[test]
fn a_group_without_its_marker_is_ours_again_with_its_own_definitions() {
    let group = group([api(1, &[("prod", 0)]), api(2, &[("prod", 2)])]);
    let mut world = group.synced();
    let path = EntityPath::Api(group_name());
    let below = group.below(&world);
    world.entities.get_mut(&path).unwrap().remove("customProperties");
    let entity = world.entity(&path).unwrap();
    let api = OwnedApi::reclaim(&group.source.integration.name, &entity, &below.deployments).unwrap();
    assert_eq!(api.marker.members, [key(1), key(2)]);
    assert_eq!(api.marker.record.own_definitions.len(), 1);
    for (path, value) in api.marker.fields() {
        path.set(world.entities.get_mut(&EntityPath::Api(group_name())).unwrap(), value);
    }
    group.settle(&mut world);
    assert_eq!(world, group.synced());
}

#[test]
fn damage_to_a_members_own_definition_is_put_right_by_a_deep_run() {
    let group = group([api(1, &[("prod", 0)]), api(2, &[("prod", 2)])]);
    let whole = group.synced();
    for path in [base_path("prod"), own_path("prod", 2)] {
        let mut world = whole.clone();
        world.contents.insert(path.clone(), "by hand".to_owned());
        assert_eq!(group.run_until(&mut world, ALL, true).exports.len(), 1, "{path}");
        assert_eq!(world, whole, "{path}");
        world.remove(&path);
        group.run_until(&mut world, ALL, true);
        group.settle(&mut world);
        assert_eq!(world.contents, whole.contents, "{path}");
    }
}

#[test]
fn a_survey_joins_what_gateways_have_of_a_group_and_knows_whom_it_could_not_read() {
    use super::super::{CatalogApis, Moves, Observed, Scope, survey};
    use super::fixtures::observation;

    let group = members(3);
    let world = group.synced();
    let mut catalog = CatalogApis::default();
    let entity = world.entity(&EntityPath::Api(group_name())).unwrap();
    catalog.add(&group.source.integration.name, &entity);
    let read = |number: usize| {
        let one = Group {
            members: vec![group.members[number - 1].clone()],
            ..group.clone()
        };
        observation(Some(vec![one.desired()]))
    };
    let unread = || observation(None);
    // Every gateway by whether it could be read and has the API; the unknown members, and whether the title differs.
    for (third, unknown, departed) in [
        (Some(read(3)), vec![], vec![]),
        (Some(unread()), vec![key(3)], vec![]),
        (Some(observation(Some(vec![]))), vec![], vec![]),
        (None, vec![], vec![key(3)]),
    ] {
        let third = third.map(|third| (3, third));
        let gateways = [(1, read(1)), (2, read(2))].into_iter().chain(third);
        let gateways = gateways.map(|(number, observation)| (key(number).gateway, observation));
        let observed = Observed {
            gateways: gateways.collect(),
            has_all_gateways: true,
            has_same_rules: true,
            api_types: [ApiType::Rest].into(),
            catalog: catalog.clone(),
            moves: Moves::new(),
            scope: Scope::All,
        };
        let agenda = survey(
            &group.source.rules(),
            observed,
            None,
            &std::collections::BTreeSet::new(),
            |_| (),
        );
        let [job] = &agenda.jobs[..] else { panic!("{agenda:?}") };
        assert!(job.desired.members.iter().map(|member| &member.key).is_sorted());
        assert_eq!(job.desired.unknown.iter().cloned().collect::<Vec<_>>(), unknown);
        let gone: Vec<SourceKey> = job.desired.leaving.keys().cloned().collect();
        assert_eq!(gone, departed);
        assert_eq!(
            (agenda.skips.len(), agenda.leaving.len(), agenda.conflicts.len()),
            (0, 0, 0)
        );
        assert!(!job.comes_first || unknown.is_empty() && departed.is_empty() && job.desired.members.len() == 2);
    }
}
