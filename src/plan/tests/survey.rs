use std::collections::BTreeSet;

use serde_json::json;

use super::super::{RequiredMetadata, Survey, SurveyInput, Task, survey};
use super::fixtures::{desired, entity, integration, listed, marked, name, source};
use crate::model::{DesiredApi, Entity, Integration, SkipReason};

/// Takes a survey of a catalog that has room for as many APIs.
fn take(integration: &Integration, gateway: &[DesiredApi], catalog: &[Entity], room: usize, resume: &str) -> Survey {
    let mut limits = source(&[]).limits;
    limits.apis = room;
    let resume_at = (!resume.is_empty()).then(|| name(resume));
    let input = SurveyInput {
        integration,
        desired: gateway,
        limits,
        required: &RequiredMetadata::default(),
        resume_at: resume_at.as_ref(),
        again: &BTreeSet::new(),
    };
    survey(&input, listed(integration, catalog))
}

fn order(survey: &Survey) -> Vec<String> {
    let tell = |task: &Task| match task {
        Task::New(api, vacant) => format!("new {} at {}", api.rest_api_id, vacant.path()),
        Task::Existing {
            desired, differs: true, ..
        } => format!("differs {}", desired.rest_api_id),
        Task::Existing { desired, .. } => format!("same {}", desired.rest_api_id),
    };
    survey.tasks.iter().map(tell).collect()
}

fn skipped(survey: &Survey) -> Vec<(String, SkipReason)> {
    survey
        .skips
        .iter()
        .map(|skip| (skip.rest_api_id.clone(), skip.reason))
        .collect()
}

fn same(id: &str) -> Entity {
    marked("shop", id, &format!("Title of {id}"), Some("f"))
}

#[test]
fn each_api_is_new_ours_somebody_elses_or_gone() {
    let other = Entity {
        name: name("shop-a2"),
        ..marked("other", "a2", "Title of a2", None)
    };
    let renamed = Entity {
        name: name("renamed"),
        ..same("a1")
    };
    let unfinished = marked("shop", "a1", "Title of a1", None);
    //    the catalog → tasks, gone, conflicts
    let table = [
        ("none", vec![], "new a1 at apis/shop-a1", 0, 0),
        ("the same", vec![same("a1")], "same a1", 0, 0),
        (
            "changed",
            vec![marked("shop", "a1", "By hand", Some("f"))],
            "differs a1",
            0,
            0,
        ),
        ("unfinished", vec![unfinished], "same a1", 0, 0),
        (
            "in another case",
            vec![marked("SHOP", "A1", "Title of a1", Some("f"))],
            "same a1",
            0,
            0,
        ),
        ("by hand", vec![entity("shop-a1", json!({"title": "x"}))], "", 0, 1),
        (
            "another's of our name",
            vec![Entity {
                name: name("shop-a1"),
                ..marked("other", "a1", "x", None)
            }],
            "",
            0,
            1,
        ),
        ("ours under another name", vec![renamed], "new a1 at apis/shop-a1", 0, 0),
        (
            "one that is gone",
            vec![same("a0"), other],
            "new a1 at apis/shop-a1",
            1,
            0,
        ),
    ];
    for (what, catalog, tasks, gone, conflicts) in table {
        let survey = take(&integration("shop"), &[desired("a1")], &catalog, 10, "");
        assert_eq!(order(&survey).join(", "), tasks, "{what}");
        assert_eq!((survey.gone.len(), survey.conflicts.len()), (gone, conflicts), "{what}");
    }
}

#[test]
fn an_api_is_different_when_a_listed_field_of_the_source_is() {
    let api = |title: &str, description: serde_json::Value, kind: &str| {
        let mut api = same("a1");
        api.properties.insert("title".to_owned(), json!(title));
        api.properties.insert("description".to_owned(), description);
        api.properties.insert("kind".to_owned(), json!(kind));
        api
    };
    let none = DesiredApi {
        description: None,
        ..desired("a1")
    };
    let some = desired("a1");
    let table = [
        (&some, api("Title of a1", json!("What it does"), "rest"), false),
        (&some, api("Title of a1", json!("What it does"), "REST"), false),
        (&some, api("Title of a1", json!("What it does"), "soap"), true),
        (&some, api("title of a1", json!("What it does"), "rest"), true),
        (&some, api("Title of a1", json!(""), "rest"), true),
        (&none, api("Title of a1", json!(""), "rest"), false),
        (&none, api("Title of a1", json!(null), "rest"), false),
        (&none, api("Title of a1", json!("By hand"), "rest"), true),
    ];
    for (wanted, current, differs) in table {
        let survey = take(
            &integration("shop"),
            std::slice::from_ref(wanted),
            std::slice::from_ref(&current),
            10,
            "",
        );
        let Some(Task::Existing {
            current,
            differs: found,
            ..
        }) = survey.tasks.first()
        else {
            panic!("{survey:?}")
        };
        let current = current.unfolded();
        assert_eq!(*found, differs, "{:?}", current.entity);
        let write = super::super::plan_listed_fields(wanted, &current);
        assert_eq!(write.is_some(), differs, "{write:?}");
    }
}

#[test]
fn new_ones_come_first_then_different_and_unfinished_ones_then_the_rest_from_where_the_last_run_stopped() {
    let gateway: Vec<DesiredApi> = ["a6", "a5", "a4", "a3", "a2", "a1"].map(desired).to_vec();
    let catalog = [
        same("a1"),
        marked("shop", "a2", "By hand", Some("f")),
        same("a3"),
        marked("shop", "a4", "Title of a4", None),
        same("a5"),
    ];
    let first = ["new a6 at apis/shop-a6", "differs a2", "same a4"];
    let table = [
        ("", ["same a1", "same a3", "same a5"], 0),
        ("shop-a0", ["same a1", "same a3", "same a5"], 0),
        ("shop-a3", ["same a3", "same a5", "same a1"], 1),
        ("SHOP-A4", ["same a5", "same a1", "same a3"], 2),
        ("shop-a9", ["same a1", "same a3", "same a5"], 3),
    ];
    for (resume, rest, carried) in table {
        let survey = take(&integration("shop"), &gateway, &catalog, 10, resume);
        assert_eq!(order(&survey), [first, rest].concat(), "{resume}");
        assert_eq!((survey.carried, survey.owned), (carried, 5), "{resume}");
    }
}

#[test]
fn what_a_run_failed_with_comes_before_what_it_was_carried_past() {
    let gateway = ["a1", "a2", "a3", "a4"].map(desired);
    let integration = integration("shop");
    let input = SurveyInput {
        integration: &integration,
        desired: &gateway,
        limits: source(&[]).limits,
        required: &RequiredMetadata::default(),
        resume_at: Some(&name("shop-a4")),
        again: &["SHOP-A2", "shop-a9"].map(name).into(),
    };
    let survey = survey(&input, listed(&integration, &["a1", "a2", "a3", "a4"].map(same)));
    assert_eq!(order(&survey), ["same a2", "same a4", "same a1", "same a3"]);
    assert_eq!(survey.carried, 2);
}

#[test]
fn what_the_catalog_has_no_room_for_is_skipped_in_the_order_of_names() {
    let gateway = ["a3", "a2", "a1"].map(desired);
    let catalog = [same("a2"), entity("by-hand", json!({}))];
    let reasons = |ids: &[&str]| -> Vec<(String, SkipReason)> {
        ids.iter()
            .map(|id| ((*id).to_owned(), SkipReason::TooManyApis))
            .collect()
    };
    let table: [(usize, &[&str]); 4] = [(1, &["a1", "a3"]), (2, &["a1", "a3"]), (3, &["a3"]), (4, &[])];
    for (room, left_out) in table {
        let survey = take(&integration("shop"), &gateway, &catalog, room, "");
        assert_eq!(skipped(&survey), reasons(left_out), "{room}");
        assert_eq!(survey.tasks.len(), 3 - left_out.len(), "{room}");
        assert!(order(&survey).contains(&"same a2".to_owned()), "what is there stays");
    }
}

#[test]
fn a_creation_that_lacks_required_metadata_is_skipped_and_names_it() {
    let required = RequiredMetadata {
        api: ["owner", "team"].map(str::to_owned).into(),
        ..RequiredMetadata::default()
    };
    let table = [
        (json!({}), Some("owner, team")),
        (json!({"team": null, "owner": "me"}), Some("team")),
        (json!({"team": "t", "owner": "me"}), None),
    ];
    for (defaults, named) in table {
        let mut integration = integration("shop");
        integration.default_custom_properties.api = super::fixtures::properties(defaults);
        let input = SurveyInput {
            integration: &integration,
            desired: &[desired("a1"), desired("a2")],
            limits: source(&[]).limits,
            required: &required,
            resume_at: None,
            again: &BTreeSet::new(),
        };
        let survey = survey(&input, listed(&integration, &[same("a2")]));
        let messages: Vec<&str> = survey.skips.iter().map(|skip| skip.message.as_str()).collect();
        let expected = named.map(|named| {
            format!("the organisation requires the metadata {named}: give values in defaultCustomProperties.api")
        });
        assert_eq!(messages, expected.iter().collect::<Vec<_>>());
        assert_eq!(order(&survey).last().map(String::as_str), Some("same a2"));
        assert_eq!(survey.tasks.len() + survey.skips.len(), 2);
    }
}

#[test]
fn of_two_rest_apis_with_one_entity_name_the_later_is_skipped() {
    let upper = DesiredApi {
        rest_api_id: crate::model::RestApiId::parse("A1").unwrap(),
        ..desired("a1")
    };
    for gateway in [[desired("a1"), upper.clone()], [upper.clone(), desired("a1")]] {
        let survey = take(&integration("shop"), &gateway, &[], 10, "");
        assert_eq!(skipped(&survey), [("a1".to_owned(), SkipReason::NameCollision)]);
        assert_eq!(order(&survey), ["new A1 at apis/shop-a1"]);
    }
}
