use serde_json::json;

use super::super::ApiPlan;
use super::super::definition::DefinitionPlan;
use super::super::fields::Write;
use super::super::stage::{Base, StagePlan, StageWrites};
use super::fixtures::{REFUSED, Source, api_path, definition_path, deployment_path, export, name, source};
use super::world::{ALL, World};
use crate::catalog::marker::DefinitionRecord;
use crate::model::{Definition, FieldPath, SkipReason};

/// Why the only stage's definition is exported, if it is.
fn export_reason(plan: &ApiPlan) -> Option<&'static str> {
    match &plan.versions[0].stages[0].definition {
        DefinitionPlan::Exported { reason, .. } => Some(reason),
        DefinitionPlan::Untouched { .. } | DefinitionPlan::Compared { .. } | DefinitionPlan::Removed(_) => None,
    }
}

/// What the API's record says of the only stage's definition.
fn recorded(world: &World, source: &Source) -> Option<DefinitionRecord> {
    let record = world.owned(source)?.marker.record;
    record.definitions.get(&name("prod")).cloned()
}

fn deployment_writes(plan: &StagePlan, writes: &StageWrites) -> Vec<Write> {
    plan.deployment_write(writes.link).into_iter().collect()
}

fn imports(made: &[String]) -> usize {
    made.iter().filter(|write| write.starts_with("import")).count()
}

fn refusals(world: &World, source: &Source) -> usize {
    let skips = world.plan(source).skips;
    skips
        .iter()
        .filter(|skip| skip.reason == SkipReason::ExportRefused)
        .count()
}

#[test]
fn a_definition_is_exported_when_it_is_new_or_out_of_date_or_damaged_or_gone() {
    type Change = fn(&mut World, &mut Source);
    let table: [(&str, Change, Option<&str>); 7] = [
        ("nothing", |_, _| {}, None),
        (
            "the whole API",
            |world, _| *world = World::default(),
            Some("the stage has no definition yet"),
        ),
        (
            "the revision",
            |_, source| source.stages[0].definition = Definition::Exported("2".to_owned()),
            Some("the stage was deployed or changed"),
        ),
        (
            "the text in the catalog",
            |world, _| {
                world.contents.insert(definition_path("prod"), "by hand".to_owned());
            },
            Some("the definition's content was changed"),
        ),
        (
            "the definition, removed by hand",
            |world, _| world.remove(&definition_path("prod")),
            Some("the definition is gone"),
        ),
        (
            "the wish, to what is there",
            |_, source| source.stages[0].definition = Definition::Kept,
            None,
        ),
        (
            "the wish, to none",
            |_, source| source.stages[0].definition = Definition::Absent,
            None,
        ),
    ];
    for (what, change, reason) in table {
        let mut source = source(&[("prod", 0)]);
        let mut world = World::synced(&source);
        change(&mut world, &mut source);
        assert_eq!(export_reason(&world.plan(&source)), reason, "{what}");
        world.settle(&source);
        assert_eq!(export_reason(&world.plan(&source)), None, "{what}");
    }
}

#[test]
fn an_export_that_says_the_same_is_recorded_but_not_imported() {
    let mut world = World::synced(&source(&[("prod", 0)]));
    for (revision, imported) in [(1, 0), (2, 1), (3, 0), (0, 1)] {
        let source = source(&[("prod", revision)]);
        let made = world.sync(&source, ALL);
        assert_eq!(imports(&made), imported, "{revision}");
        let record = recorded(&world, &source).unwrap();
        assert_eq!(record.revision, Some(revision.to_string()));
    }
}

#[test]
fn a_definition_of_which_nothing_is_recorded_is_imported_anew() {
    let source = source(&[("prod", 0)]);
    let mut world = World::synced(&source);
    let mut marker = world.owned(&source).unwrap().marker;
    // Without it nobody can tell that the text is another.
    marker.record.definitions.get_mut(&name("prod")).unwrap().content_digest = None;
    for (path, value) in marker.fields() {
        path.set(world.entities.get_mut(&api_path()).unwrap(), value);
    }
    world.contents.insert(definition_path("prod"), "by hand".to_owned());
    world.settle(&source);
    assert_eq!(world.contents[&definition_path("prod")], "document 0");
}

#[test]
fn a_definition_that_is_kept_is_neither_made_nor_removed() {
    let mut source = source(&[("prod", 0)]);
    source.stages[0].definition = Definition::Kept;
    let world = World::synced(&source);
    assert!(!world.entities.contains_key(&definition_path("prod")));
    assert!(!world.entities[&deployment_path("prod")].contains_key("definitionId"));

    let mut world = World::synced(&super::fixtures::source(&[("prod", 0)]));
    world.settle(&source);
    assert_eq!(world.contents[&definition_path("prod")], "document 0");
}

#[test]
fn a_definitions_title_is_put_right_without_an_export() {
    let source = source(&[("prod", 0)]);
    let mut world = World::synced(&source);
    let definition = world.entities.get_mut(&definition_path("prod")).unwrap();
    definition.insert("title".to_owned(), json!("by hand"));
    assert_eq!(export_reason(&world.plan(&source)), None);
    world.settle(&source);
    assert_eq!(world.entities[&definition_path("prod")]["title"], json!("OpenAPI"));
}

#[test]
fn the_last_good_definition_stays_when_amazon_refuses_and_the_skip_stays_with_it() {
    let mut world = World::synced(&source(&[("prod", 0)]));
    let refused = source(&[("prod", REFUSED)]);
    world.settle(&refused);
    assert_eq!(world.contents[&definition_path("prod")], "document 0");
    assert_eq!(refusals(&world, &refused), 1);
    assert_eq!(export_reason(&world.plan(&refused)), None);

    let repaired = source(&[("prod", 2)]);
    world.settle(&repaired);
    assert_eq!(refusals(&world, &repaired), 0);
    assert_eq!(world.contents[&definition_path("prod")], "document 1");
}

#[test]
fn a_definition_that_is_gone_and_refused_leaves_no_digest_behind() {
    let mut world = World::synced(&source(&[("prod", 0)]));
    world.remove(&definition_path("prod"));
    let refused = source(&[("prod", REFUSED)]);
    world.settle(&refused);
    let record = recorded(&world, &refused).unwrap();
    assert_eq!((record.revision.as_deref(), record.content_digest), (Some("9"), None));
}

#[test]
fn a_refusal_is_in_every_report_wherever_the_run_that_met_it_was_killed() {
    let refused = source(&[("prod", REFUSED)]);
    let before = World::synced(&source(&[("prod", 0)]));
    for killed_after in 0..4 {
        let mut world = before.clone();
        world.sync(&refused, killed_after);
        world.settle(&refused);
        assert_eq!(refusals(&world, &refused), 1, "killed after {killed_after}");
    }
}

#[test]
fn a_refusal_is_forgotten_wherever_the_run_that_repaired_it_was_killed() {
    let mut before = World::synced(&source(&[("prod", 0)]));
    before.settle(&source(&[("prod", REFUSED)]));
    let repaired = source(&[("prod", 2)]);
    for killed_after in 0..5 {
        let mut world = before.clone();
        world.sync(&repaired, killed_after);
        world.settle(&repaired);
        assert_eq!(refusals(&world, &repaired), 0, "killed after {killed_after}");
    }
}

#[test]
fn a_definition_that_was_gone_never_stays_empty_wherever_the_run_was_killed() {
    let source = source(&[("prod", 0)]);
    let mut before = World::synced(&source);
    before.remove(&definition_path("prod"));
    for killed_after in 0..5 {
        let mut world = before.clone();
        world.sync(&source, killed_after);
        world.settle(&source);
        let content = world.contents.get(&definition_path("prod"));
        assert_eq!(
            content.map(String::as_str),
            Some("document 0"),
            "killed after {killed_after}"
        );
    }
}

#[test]
fn a_damaged_definition_that_amazon_refuses_to_give_again_is_not_asked_for_every_time() {
    let refused = source(&[("prod", REFUSED)]);
    let mut world = World::synced(&source(&[("prod", 0)]));
    world.contents.insert(definition_path("prod"), "by hand".to_owned());
    world.settle(&refused);
    assert_eq!(refusals(&world, &refused), 1);
}

#[test]
fn without_an_answer_nothing_but_the_deployments_own_fields_is_written() {
    let world = World::synced(&source(&[("prod", 0)]));
    let plan = world.plan(&source(&[("prod", 2)]));
    let writes = plan.versions[0].stages[0].finish(None, &Base::default());
    assert_eq!((&writes.definition, writes.import, &writes.skip), (&None, false, &None));
    // The opening has taken the record off: what the definition holds is not vouched for.
    assert_eq!(writes.record, None);
    let deployments = deployment_writes(&plan.versions[0].stages[0], &writes);
    let fields: Vec<String> = deployments[0]
        .change()
        .fields
        .iter()
        .map(|field| field.path.to_string())
        .collect();
    assert_eq!(fields, ["customProperties.aws-sync-stage.deploymentId"]);
}

#[test]
fn of_a_definition_that_is_refused_nothing_is_recorded_and_its_deployment_names_it_if_it_is_there() {
    let mut world = World::synced(&source(&[("prod", 0)]));
    let there = world.plan(&source(&[("prod", 2)]));
    world.remove(&definition_path("prod"));
    let gone = world.plan(&source(&[("prod", 0)]));
    let unwanted = {
        let mut never = source(&[("prod", 0)]);
        never.stages[0].definition = Definition::Absent;
        World::synced(&source(&[("prod", 0)])).plan(&never)
    };
    //    the plan, whether the definition was made → whether the deployment names it
    let table = [
        (&there, false, true),
        (&gone, false, false),
        (&gone, true, true),
        (&unwanted, false, true),
    ];
    let field = FieldPath::new(&["definitionId"]);
    for (plan, made, named) in table {
        let writes = plan.versions[0].stages[0].refused(made);
        assert_eq!((&writes.definition, writes.import, &writes.skip), (&None, false, &None));
        assert_eq!(
            writes.record.clone().and_then(|record| record.revision),
            None,
            "{plan:?}"
        );
        let mut deployment = world.entities[&deployment_path("prod")].clone();
        for write in deployment_writes(&plan.versions[0].stages[0], &writes) {
            write.change().apply_to(&mut deployment);
        }
        assert_eq!(field.get(&deployment).is_some(), named, "{plan:?}");
    }
}

#[test]
fn a_definition_that_is_made_is_named_by_its_deployment_only_when_there_is_a_document() {
    let plan = World::default().plan(&source(&[("prod", 0)]));
    let field = FieldPath::new(&["definitionId"]);
    for (revision, named) in [("0", true), ("9", false)] {
        let writes = plan.versions[0].stages[0].finish(Some(&export(revision)), &Base::default());
        assert_eq!((writes.definition.is_some(), writes.import), (named, named));
        assert_eq!(writes.skip.is_none(), named);
        let deployments = deployment_writes(&plan.versions[0].stages[0], &writes);
        assert_eq!(
            deployments[0].change().fields.iter().any(|change| change.path == field),
            named
        );
    }
}
