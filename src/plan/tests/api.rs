use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::api::Finished;
use super::super::version::VersionPlan;
use super::super::{ApiPlan, Event, Preview};
use super::fixtures::{Source, api_path, deployment_path, name, properties, source, version_path};
use super::world::{ALL, World, describe};
use crate::catalog::marker::{ApiMarker, ApiState};
use crate::model::{Definition, EntityName, Field, FieldPath, Skip, SkipReason};

/// What came of the writes below an API of which only `dev` was to be removed.
fn finished(complete: bool, removed: bool) -> Finished {
    Finished {
        incomplete: !complete,
        removed: removed.then(|| name("dev")).into_iter().collect(),
        ..Finished::default()
    }
}

/// Every change of a plan in short, as far as it is known before the exports.
pub(super) fn changes(plan: &ApiPlan) -> Vec<String> {
    let stages = plan.versions.iter().flat_map(VersionPlan::preview);
    let stages = stages.map(|change| format!("{} {}", json!(change.action).as_str().unwrap(), change.path));
    let removals = plan.removals.iter().flat_map(|removal| &removal.writes).map(describe);
    plan.opening
        .iter()
        .map(describe)
        .chain(stages)
        .chain(removals)
        .collect()
}

fn marker(world: &World, source: &Source) -> ApiMarker {
    world.owned(source).unwrap().marker
}

fn set(world: &mut World, path: &crate::model::EntityPath, field: &[&str], value: Value) {
    FieldPath::new(field).set(world.entities.get_mut(path).unwrap(), Some(value));
}

#[test]
fn a_new_api_is_made_with_all_that_is_below_it() {
    let mut source = source(&[("prod", 0)]);
    source.integration.default_custom_properties.api = properties(json!({"team": "shop"}));
    source.integration.default_custom_properties.deployment = properties(json!({"tier": 1}));
    let world = World::synced(&source);
    let api = &world.entities[&api_path()];
    assert_eq!(
        (
            &api["title"],
            &api["description"],
            &api["kind"],
            &api["customProperties"]["team"]
        ),
        (
            &json!("Title of a1"),
            &json!("What it does"),
            &json!("rest"),
            &json!("shop")
        )
    );
    assert_eq!(
        json!(world.entities[&version_path("prod")]),
        json!({"title": "prod", "lifecycleStage": "testing"})
    );
    let mut deployment = world.entities[&deployment_path("prod")].clone();
    let custom = deployment.remove("customProperties").unwrap();
    assert_eq!(
        json!(deployment),
        json!({
            "title": "prod",
            "description": "The stage prod",
            "state": "active",
            "server": {"runtimeUri": ["https://a1.execute-api.us-east-1.amazonaws.com/prod"]},
            "environmentId": "/workspaces/default/environments/shop",
            "definitionId": "/workspaces/default/apis/shop-a1/versions/prod/definitions/openapi"
        })
    );
    assert_eq!(
        (&custom["tier"], &custom["aws-sync-stage"]["stage"]),
        (&json!(1), &json!("prod"))
    );
}

#[test]
fn an_api_without_stages_has_nothing_below_it() {
    let source = source(&[]);
    let world = World::synced(&source);
    assert_eq!(world.entities.len(), 1);
    let record = marker(&world, &source).record;
    assert_eq!(record.state, ApiState::Synced);
    assert!(record.fingerprint.is_some());
}

#[test]
fn only_what_differs_is_written() {
    type Change = fn(&mut World, &mut Source);
    let table: [(&str, Change, &[&str]); 9] = [
        ("nothing", |_, _| {}, &[]),
        (
            "the API's title",
            |world, _| set(world, &api_path(), &["title"], json!("x")),
            &["update apis/shop-a1"],
        ),
        (
            "the API's summary",
            |world, _| set(world, &api_path(), &["summary"], json!("x")),
            &[],
        ),
        (
            "a version's title",
            |world, _| set(world, &version_path("prod"), &["title"], json!("x")),
            &["update apis/shop-a1", "update apis/shop-a1/versions/prod"],
        ),
        (
            "a version's lifecycle stage",
            |world, _| set(world, &version_path("prod"), &["lifecycleStage"], json!("retired")),
            &[],
        ),
        (
            "a deployment's URL",
            |world, _| set(world, &deployment_path("prod"), &["server", "runtimeUri"], json!(["x"])),
            &["update apis/shop-a1", "update apis/shop-a1/deployments/prod"],
        ),
        (
            "a deployment's title, description and state",
            |world, _| {
                for field in ["title", "description", "state"] {
                    set(world, &deployment_path("prod"), &[field], json!("inactive"));
                }
            },
            &[],
        ),
        (
            "the environment",
            |_, source| source.integration.environment = name("elsewhere"),
            &["update apis/shop-a1", "update apis/shop-a1/deployments/prod"],
        ),
        (
            "the lifecycle stage of new versions",
            |_, source| source.integration.lifecycle_stage = crate::model::LifecycleStage::Retired,
            &[],
        ),
    ];
    for (what, change, expected) in table {
        let mut source = source(&[("prod", 0)]);
        let mut world = World::synced(&source);
        change(&mut world, &mut source);
        let plan = world.plan(&source);
        assert_eq!(changes(&plan), expected, "{what}");
        assert_eq!(plan.has_changes(), !expected.is_empty(), "{what}");
    }
}

#[test]
fn a_description_that_the_source_no_longer_has_is_removed() {
    let mut source = source(&[("prod", 0)]);
    let mut world = World::synced(&source);
    source.api.description = None;
    world.settle(&source);
    assert!(!world.entities[&api_path()].contains_key("description"));
}

#[test]
fn the_opening_lists_what_is_about_to_be_ours_and_the_closing_says_that_it_is_done() {
    let source = source(&[("prod", 0), ("dev", 0)]);
    let mut world = World::synced(&super::fixtures::source(&[("prod", 0)]));
    let settled = marker(&world, &source).record;
    world.sync(&source, 1);
    let opened = marker(&world, &source);
    assert_eq!(opened.versions, ["dev", "prod"].map(name).into());
    assert_eq!(opened.record.deployments, opened.versions);
    assert_eq!(
        (opened.record.state, opened.record.fingerprint),
        (ApiState::Updating, None)
    );
    world.sync(&source, ALL);
    let closed = marker(&world, &source).record;
    assert_eq!(closed.state, ApiState::Synced);
    assert!(closed.fingerprint.is_some() && closed.fingerprint != settled.fingerprint);
}

#[test]
fn a_new_api_counts_as_being_made_until_it_is_done() {
    let source = source(&[("prod", 0)]);
    let mut world = World::default();
    world.sync(&source, 1);
    let opened = marker(&world, &source).record;
    assert_eq!((opened.state, opened.fingerprint), (ApiState::Creating, None));
}

#[test]
fn a_new_api_that_could_not_be_finished_keeps_what_it_lists_and_nothing_else() {
    let source = source(&[("prod", 0)]);
    let mut world = World::synced(&super::fixtures::source(&[("prod", 0), ("dev", 0)]));
    world.remove(&api_path());
    world.sync(&source, 1);
    let api = world.owned(&source).unwrap();
    assert_eq!(api.marker.record.state, ApiState::Creating);
    let plan = world.plan(&source);
    let closing = |complete, removed| plan.closing(&api, &finished(complete, removed));
    let both: BTreeSet<EntityName> = ["dev", "prod"].map(name).into();
    let table = [
        ("the guard holds", closing(true, false), both.clone()),
        ("an export failed", closing(false, true), [name("prod")].into()),
        ("both", closing(false, false), both.clone()),
        ("an error ended it", plan.disclaiming(&api), both),
    ];
    for (what, write, listed) in table {
        let mut entity = api.entity.clone();
        write.unwrap().change().apply_to(&mut entity.properties);
        let marker = ApiMarker::read(&entity).unwrap();
        assert_eq!(marker.record.deployments, marker.versions, "{what}");
        let left = (marker.record.state, marker.record.fingerprint, marker.versions);
        assert_eq!(left, (ApiState::Updating, None, listed), "{what}");
    }
}

#[test]
fn an_api_that_is_not_being_made_has_nothing_to_disclaim() {
    let mut world = World::synced(&source(&[("prod", 0)]));
    let source = source(&[("prod", 2)]);
    world.sync(&source, 1);
    let api = world.owned(&source).unwrap();
    assert_eq!(world.plan(&source).disclaiming(&api), None);
}

#[test]
fn a_new_api_without_stages_takes_one_write() {
    let source = source(&[]);
    let mut world = World::default();
    world.sync(&source, 1);
    assert_eq!(marker(&world, &source).record.state, ApiState::Synced);
    assert_eq!(world, World::synced(&source));
}

#[test]
fn an_api_is_done_only_when_all_was_written_and_removed() {
    let source = source(&[("prod", 0)]);
    let mut world = World::synced(&super::fixtures::source(&[("prod", 0), ("dev", 0)]));
    let plan = world.plan(&source);
    world.sync(&source, 1);
    let api = world.owned(&source).unwrap();
    //    everything written, removed → state, versions, with a fingerprint
    let both: BTreeSet<EntityName> = ["dev", "prod"].map(name).into();
    let one: BTreeSet<EntityName> = [name("prod")].into();
    let table = [
        (true, true, ApiState::Synced, one.clone()),
        (true, false, ApiState::Updating, both.clone()),
        (false, true, ApiState::Updating, one),
        (false, false, ApiState::Updating, both),
    ];
    for (complete, removed, state, versions) in table {
        let mut entity = api.entity.clone();
        if let Some(closing) = plan.closing(&api, &finished(complete, removed)) {
            closing.change().apply_to(&mut entity.properties);
        }
        let closed = ApiMarker::read(&entity).unwrap();
        assert_eq!(
            (closed.record.state, &closed.versions),
            (state, &versions),
            "{complete} {removed}"
        );
        assert_eq!(
            closed.record.fingerprint.is_some(),
            state == ApiState::Synced,
            "{complete} {removed}"
        );
    }
}

#[test]
fn the_closing_records_every_skip_in_one_order() {
    let mut source = source(&[("prod", 0)]);
    let skip = |stage: &str, reason| Skip {
        member: None,
        stage_name: Some(stage.to_owned()),
        reason,
        message: String::new(),
    };
    source.skips = vec![skip("zeta", SkipReason::NameCollision)];
    source.stages[0].skips = vec![skip("prod", SkipReason::NoInvokeUrl)];
    let mut world = World::default();
    world.sync(&source, 2);
    let api = world.owned(&source).unwrap();
    let refused = skip("prod", SkipReason::ExportRefused);
    let finished = Finished {
        skips: vec![refused.clone(), refused],
        ..Finished::default()
    };
    let mut entity = api.entity.clone();
    let closing = world.plan(&source).closing(&api, &finished).unwrap();
    closing.change().apply_to(&mut entity.properties);
    let reasons: Vec<SkipReason> = ApiMarker::read(&entity)
        .unwrap()
        .record
        .skipped
        .iter()
        .map(|skip| skip.reason)
        .collect();
    let expected = [
        SkipReason::ExportRefused,
        SkipReason::NoInvokeUrl,
        SkipReason::NameCollision,
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn what_the_markers_keep_for_another_release_survives() {
    let source = source(&[("prod", 0)]);
    let mut world = World::synced(&source);
    let field = |schema| FieldPath::new(&["customProperties", schema, "future"]);
    for (path, schema) in [(api_path(), "aws-sync"), (deployment_path("prod"), "aws-sync-stage")] {
        field(schema).set(world.entities.get_mut(&path).unwrap(), Some(json!("kept")));
    }
    world.settle(&super::fixtures::source(&[("prod", 2)]));
    for (path, schema) in [(api_path(), "aws-sync"), (deployment_path("prod"), "aws-sync-stage")] {
        assert_eq!(
            field(schema).get(&world.entities[&path]),
            Some(&json!("kept")),
            "{path}"
        );
    }
}

#[test]
fn definitions_that_are_not_wanted_are_removed_and_named_by_no_deployment() {
    let mut source = source(&[("prod", 0)]);
    let mut world = World::synced(&source);
    source.stages[0].definition = Definition::Absent;
    assert_eq!(
        changes(&world.plan(&source)),
        [
            "update apis/shop-a1",
            "delete apis/shop-a1/versions/prod/definitions/openapi",
            "update apis/shop-a1/deployments/prod"
        ]
    );
    world.settle(&source);
    assert!(!world.entities[&deployment_path("prod")].contains_key("definitionId"));
}

#[test]
fn an_api_that_lacks_required_metadata_is_skipped_with_the_names_and_nothing_is_written() {
    let required = ["owner", "team"].map(str::to_owned);
    //    the values, whether the API is there → the names
    let table = [
        (json!({}), false, Some("owner, team")),
        (json!({}), true, Some("owner, team")),
        (json!({"team": null, "owner": "me"}), false, Some("team")),
        (json!({"team": null, "owner": "me"}), true, Some("team")),
        (json!({"team": "t", "owner": "me"}), false, None),
        (json!({"team": "t", "owner": "me"}), true, None),
    ];
    for (defaults, is_there, named) in table {
        let mut source = source(&[("prod", 0)]);
        let mut world = if is_there {
            World::synced(&source)
        } else {
            World::default()
        };
        source.integration.default_custom_properties.api = properties(defaults);
        source.required.api = required.clone().into();
        source.api.title = "Orders".to_owned();
        let run = world.run(&source, ALL, false);
        let messages: Vec<&str> = run.done.skips.iter().map(|skip| skip.message.as_str()).collect();
        let expected = named.map(|named| {
            format!("the organisation requires the metadata {named}: give values in defaultCustomProperties.api")
        });
        assert_eq!(messages, expected.iter().collect::<Vec<_>>());
        assert_eq!(run.made.is_empty(), named.is_some(), "{:?}", run.made);
        if named.is_none() {
            assert_eq!(world.entities[&api_path()]["customProperties"]["team"], json!("t"));
        }
    }
}

#[test]
fn required_metadata_that_a_rule_gives_is_not_missing() {
    let mut source = source(&[("prod", 0)]);
    source.required.api = ["team".to_owned()].into();
    source.ruled = vec![team("core")];
    let world = World::synced(&source);
    assert_eq!(world.entities[&api_path()]["customProperties"]["team"], json!("core"));
}

#[test]
fn a_field_that_no_rule_sets_any_more_keeps_its_value_and_is_the_user_s() {
    let mut source = source(&[("prod", 0)]);
    source.ruled = vec![team("core")];
    let mut world = World::synced(&source);
    let by_hand = |world: &mut World| set(world, &api_path(), &["customProperties", "team"], json!("by hand"));
    let found = |world: &World| world.entities[&api_path()]["customProperties"]["team"].clone();
    by_hand(&mut world);
    world.settle(&source);
    assert_eq!(found(&world), "core", "the rule sets it");
    source.ruled.clear();
    world.settle(&source);
    assert_eq!(found(&world), "core", "nobody has changed it");
    by_hand(&mut world);
    world.settle(&source);
    assert_eq!(found(&world), "by hand");
}

#[test]
fn a_plan_tells_the_rule_that_sets_a_field() {
    let mut source = source(&[("prod", 0)]);
    let world = World::synced(&source);
    source.ruled = vec![team("core")];
    let mut work = World::work(&source, world.standing(&source).unwrap(), false);
    let below = world.below(&world.owned(&source).unwrap());
    work.next(Event::Begin);
    let step = work.next(Event::Below(below));
    let mut preview = Preview::default();
    work.add_to(&mut preview, &step);
    let text = preview.sealed().to_text();
    assert!(
        text.contains("    customProperties.team: \"core\" (map[0].set)\n"),
        "{text}"
    );
}

#[test]
fn a_value_that_a_rule_could_not_give_is_told_in_the_words_of_today() {
    let skip = |message: &str| Skip {
        member: None,
        stage_name: None,
        reason: SkipReason::MappingFailed,
        message: message.to_owned(),
    };
    let mut source = source(&[("prod", 0)]);
    source.skips = vec![skip("\"bronze\" is none of \"gold\"")];
    let mut world = World::synced(&source);
    source.skips = vec![skip("\"tin\" is none of \"gold\"")];
    world.settle(&source);
    assert_eq!(marker(&world, &source).record.skipped, source.skips);
}

fn team(value: &str) -> Field {
    (FieldPath::new(&["customProperties", "team"]), Some(json!(value)))
}
