use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::api::plan_listed_fields;
use super::super::{
    Agenda, Current, Job, MoveProgress, Moves, Observation, Observed, Scope, Why, judge, removals, survey,
};
use super::fixtures::{desired, entity, gateway, integration, key, listed, marked, name, observation, source};
use crate::catalog::marker::ApiMarker;
use crate::model::{
    AccountId, ApiId, ApiList, ApiType, Cursor, DesiredApi, Entity, Gateway, Region, SkipReason, SourceKey,
};

/// Compares a list with a catalog that has room for as many APIs.
fn take(apis: &[DesiredApi], catalog: &[Entity], room: usize, resume: &str) -> Agenda {
    let cursor = (!resume.is_empty()).then(|| cursor("shop-a0", resume));
    let mut source = source(&[]);
    source.limits.apis = room;
    survey(
        &source.rules(),
        observed(Some(apis.to_vec()), catalog, Scope::All),
        cursor.as_ref(),
        &BTreeSet::new(),
        |_| (),
    )
}

fn observed(apis: Option<Vec<DesiredApi>>, catalog: &[Entity], scope: Scope) -> Observed {
    Observed {
        gateways: [(gateway(), observation(apis))].into(),
        catalog: listed(&integration("shop"), catalog),
        moves: Moves::new(),
        scope,
        has_all_gateways: true,
        has_same_rules: true,
        api_types: [ApiType::Rest].into(),
    }
}

fn cursor(from: &str, at: &str) -> Cursor {
    Cursor {
        from: name(from),
        at: name(at),
        deep: false,
        definitions: false,
    }
}

fn order(agenda: &Agenda) -> Vec<String> {
    let tell = |job: &Job| match (&job.current, job.comes_first) {
        (Current::Missing(vacant), _) => format!("new {} at {}", job.key().api_id, vacant.path()),
        (Current::Owned(_), true) => format!("first {}", job.key().api_id),
        (Current::Owned(_), false) => format!("same {}", job.key().api_id),
    };
    agenda.jobs.iter().map(tell).collect()
}

fn passed(agenda: &Agenda) -> usize {
    agenda.jobs.iter().filter(|job| job.is_passed).count()
}

fn owned(agenda: &Agenda) -> usize {
    agenda.owned.values().map(|owned| owned.read + owned.unread).sum()
}

fn skipped(agenda: &Agenda) -> Vec<(String, SkipReason)> {
    let skips = agenda.skips.iter();
    skips.map(|skip| (skip.api_id.clone(), skip.reason)).collect()
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
            "first a1",
            0,
            0,
        ),
        ("unfinished", vec![unfinished], "first a1", 0, 0),
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
        let survey = take(&[desired("a1")], &catalog, 10, "");
        assert_eq!(order(&survey).join(", "), tasks, "{what}");
        assert_eq!(
            (survey.leaving.len(), survey.conflicts.len()),
            (gone, conflicts),
            "{what}"
        );
        assert_eq!(passed(&survey), 0, "{what}");
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
    let mut none = source(&[]);
    none.api.description = None;
    let none = none.desired();
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
        let survey = take(std::slice::from_ref(wanted), std::slice::from_ref(&current), 10, "");
        let Some(Job {
            current: Current::Owned(current),
            comes_first,
            ..
        }) = survey.jobs.first()
        else {
            panic!("{survey:?}")
        };
        let current = current.unfolded();
        assert_eq!(*comes_first, differs, "{:?}", current.entity);
        let write = plan_listed_fields(&source(&[]).rules(), wanted, &current);
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
    let first = ["new a6 at apis/shop-a6", "first a2", "first a4"];
    let table = [
        ("", ["same a1", "same a3", "same a5"], 0),
        ("shop-a0", ["same a1", "same a3", "same a5"], 0),
        ("shop-a3", ["same a3", "same a5", "same a1"], 1),
        ("SHOP-A4", ["same a5", "same a1", "same a3"], 2),
        ("shop-a9", ["same a1", "same a3", "same a5"], 3),
    ];
    for (resume, rest, carried) in table {
        let survey = take(&gateway, &catalog, 10, resume);
        assert_eq!(order(&survey), [first, rest].concat(), "{resume}");
        assert_eq!((passed(&survey), owned(&survey)), (carried, 5), "{resume}");
    }
}

#[test]
fn what_a_run_failed_with_comes_before_what_it_was_carried_past() {
    let apis = ["a1", "a2", "a3", "a4"];
    let survey = survey(
        &source(&[]).rules(),
        observed(Some(apis.map(desired).into()), &apis.map(same), Scope::All),
        Some(&cursor("shop-a1", "shop-a4")),
        &["a2", "a9"].map(str::to_owned).into(),
        |_| (),
    );
    assert_eq!(order(&survey), ["first a2", "same a4", "same a1", "same a3"]);
    assert_eq!(passed(&survey), 2);
}

#[test]
fn a_pass_that_went_around_the_end_has_passed_what_is_outside() {
    let apis = ["a1", "a2", "a3", "a4"];
    let survey = survey(
        &source(&[]).rules(),
        observed(Some(apis.map(desired).into()), &apis.map(same), Scope::All),
        Some(&cursor("shop-a3", "shop-a2")),
        &BTreeSet::new(),
        |_| (),
    );
    let order: Vec<(String, bool)> = order(&survey)
        .into_iter()
        .zip(survey.jobs.iter().map(|job| job.is_passed))
        .collect();
    let expected = [
        ("same a2", false),
        ("same a3", true),
        ("same a4", true),
        ("same a1", true),
    ];
    assert_eq!(order, expected.map(|(api, is_passed)| (api.to_owned(), is_passed)));
}

#[test]
fn nothing_is_gone_when_not_everything_was_looked_at() {
    let catalog = [same("a1"), same("a2")];
    let other = Gateway {
        account: AccountId::parse("012345678901"),
        region: Region::parse("eu-west-1").unwrap(),
    };
    let look = |apis: Option<Vec<DesiredApi>>, scope: Scope, unread: bool| {
        let mut observed = observed(apis, &catalog, scope);
        if unread {
            observed.gateways.insert(other.clone(), observation(None));
        }
        survey(&source(&[]).rules(), observed, None, &BTreeSet::new(), |_| ())
    };
    let found = || Some(vec![desired("a1")]);
    let only = || Scope::Only(vec![key("a1")]);
    //    the list, the scope, whether another gateway is unread → jobs, gone
    let table = [
        (found(), Scope::All, false, 1, 1),
        (found(), Scope::All, true, 1, 1),
        (None, Scope::All, false, 0, 0),
        (found(), only(), false, 1, 0),
        (Some(Vec::new()), only(), false, 0, 0),
    ];
    for (apis, scope, unread, jobs, gone) in table {
        let what = format!("{scope:?} {unread} {}", apis.is_some());
        let survey = look(apis, scope, unread);
        assert_eq!((survey.jobs.len(), survey.leaving.len()), (jobs, gone), "{what}");
    }
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
        let survey = take(&gateway, &catalog, room, "");
        assert_eq!(skipped(&survey), reasons(left_out), "{room}");
        assert_eq!(survey.jobs.len(), 3 - left_out.len(), "{room}");
        assert!(order(&survey).contains(&"same a2".to_owned()), "what is there stays");
    }
}

#[test]
fn of_two_rest_apis_with_one_entity_name_the_later_is_skipped() {
    let mut upper = desired("a1");
    upper.members[0].key.api_id = ApiId::parse("A1").unwrap();
    for gateway in [[desired("a1"), upper.clone()], [upper.clone(), desired("a1")]] {
        let survey = take(&gateway, &[], 10, "");
        assert_eq!(skipped(&survey), [("a1".to_owned(), SkipReason::NameCollision)]);
        assert_eq!(order(&survey), ["new A1 at apis/shop-a1"]);
    }
}

/// An API of the catalog's that is of a kind.
fn of_type(api_type: ApiType, id: &str) -> Entity {
    let mut api = same(id);
    let mut marker = ApiMarker::read(&api).unwrap();
    marker.members = vec![SourceKey { api_type, ..key(id) }];
    for (path, value) in marker.fields() {
        path.set(&mut api.properties, value);
    }
    api
}

/// An API of the catalog's whose list of members was broken by hand.
fn broken(id: &str) -> Entity {
    let mut api = same(id);
    let source = crate::catalog::marker::metadata_path("aws-sync", "source");
    source.set(&mut api.properties, Some(json!("?")));
    api
}

/// Compares a gateway that has none of them with the APIs of a catalog.
fn without(lists: &[ApiList], api_types: &[ApiType], catalog: &[Entity]) -> Agenda {
    let observation = Observation {
        lists: lists.iter().copied().collect(),
        apis: Vec::new(),
        excluded: BTreeMap::new(),
    };
    let observed = Observed {
        api_types: api_types.iter().copied().collect(),
        has_all_gateways: true,
        has_same_rules: true,
        gateways: [(gateway(), observation)].into(),
        catalog: listed(&integration("shop"), catalog),
        moves: Moves::new(),
        scope: Scope::All,
    };
    survey(&source(&[]).rules(), observed, None, &BTreeSet::new(), |_| ())
}

#[test]
fn an_api_is_gone_only_when_its_own_list_was_read_and_its_kind_is_wanted() {
    use ApiList::{HttpAndWebSocket, Rest};
    use ApiType::{Http, Websocket};
    type Row<'a> = (&'a [ApiList], &'a [ApiType], &'a [&'a str], &'a [&'a str], usize);
    let catalog = [
        of_type(ApiType::Rest, "r1"),
        of_type(Http, "h1"),
        of_type(Websocket, "w1"),
        broken("b1"),
    ];
    let all = &ApiType::ALL[..];
    //    the lists that were read, the kinds → what is gone, what departed, how many nobody knows of
    let table: [Row<'_>; 9] = [
        (&[Rest, HttpAndWebSocket], all, &["b1", "h1", "r1", "w1"], &[], 0),
        (&[Rest], all, &["r1"], &[], 3),
        (&[HttpAndWebSocket], all, &["h1", "w1"], &[], 2),
        (&[], all, &[], &[], 4),
        (&[Rest], &[ApiType::Rest], &["r1"], &["b1", "h1", "w1"], 0),
        (&[HttpAndWebSocket], &[Http], &["h1"], &["b1", "r1", "w1"], 0),
        (&[HttpAndWebSocket], &[Websocket], &["w1"], &["b1", "h1", "r1"], 0),
        (
            &[Rest, HttpAndWebSocket],
            &[ApiType::Rest, Http],
            &["b1", "h1", "r1"],
            &["w1"],
            0,
        ),
        (
            &[Rest, HttpAndWebSocket],
            &[ApiType::Rest, Websocket],
            &["r1", "w1"],
            &["b1", "h1"],
            0,
        ),
    ];
    for (lists, api_types, gone, departed, unread) in table {
        let agenda = without(lists, api_types, &catalog);
        let of = |is_departure: bool| -> Vec<String> {
            let leaving = agenda.leaving.iter();
            let found = leaving.filter(|leaving| leaving.is_departure() == is_departure);
            found.map(|leaving| leaving.api.proof.api_id()).collect()
        };
        assert_eq!(
            (of(false), of(true)),
            (texts(gone), texts(departed)),
            "{lists:?} {api_types:?}"
        );
        let owned = agenda.owned.get(&gateway());
        assert_eq!(owned.map_or(0, |owned| owned.unread), unread, "{lists:?} {api_types:?}");
    }
}

fn texts(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn what_is_on_a_gateway_that_is_wanted_no_longer_departed() {
    let elsewhere = |has_all_gateways: bool| {
        let observed = Observed {
            gateways: [(
                Gateway {
                    account: AccountId::parse("012345678901"),
                    region: Region::parse("eu-west-1").unwrap(),
                },
                observation(Some(Vec::new())),
            )]
            .into(),
            has_all_gateways,
            ..observed(None, &[same("a1")], Scope::All)
        };
        survey(&source(&[]).rules(), observed, None, &BTreeSet::new(), |_| ())
    };
    let agenda = elsewhere(true);
    assert_eq!(agenda.leaving[0].gateway, gateway());
    let why = Why::Departed("the integration no longer reads -/us-east-1".to_owned());
    assert_eq!(agenda.leaving[0].why, why);
    assert!(agenda.owned.is_empty(), "{:?}", agenda.owned);
    // Where a list of accounts was cut short, nobody knows whether it is wanted.
    let agenda = elsewhere(false);
    assert_eq!((agenda.leaving.len(), agenda.owned[&gateway()].unread), (0, 1));
}

#[test]
fn what_rules_leave_out_has_opted_out_while_they_are_the_same_and_departed_when_they_changed() {
    let surveyed = |has_same_rules: bool| {
        let mut observation = observation(Some(Vec::new()));
        let key = (ApiType::Rest, ApiId::parse("a1").unwrap());
        observation.excluded.insert(key, "exclude[0] fits it".to_owned());
        let observed = Observed {
            gateways: [(gateway(), observation)].into(),
            has_same_rules,
            ..observed(None, &[same("a1"), same("a2")], Scope::All)
        };
        let agenda = survey(&source(&[]).rules(), observed, None, &BTreeSet::new(), |_| ());
        let leaving = agenda.leaving.into_iter();
        leaving.map(|leaving| leaving.why).collect::<Vec<Why>>()
    };
    let opted_out = "the API changed, and exclude[0] fits it".to_owned();
    assert_eq!(surveyed(true), [Why::OptedOut(opted_out), Why::Gone]);
    let departed = "the integration's rules changed, and exclude[0] fits it".to_owned();
    assert_eq!(surveyed(false), [Why::Departed(departed), Why::Gone]);
}

#[test]
fn an_api_of_an_account_that_was_not_known_is_of_the_only_gateway_that_it_may_be_on_or_of_none() {
    let known = |account: &str| Gateway {
        account: AccountId::parse(account),
        ..gateway()
    };
    let surveyed = |accounts: &[&str]| {
        let gateways = accounts
            .iter()
            .map(|account| (known(account), observation(Some(Vec::new()))));
        let observed = Observed {
            gateways: gateways.collect(),
            ..observed(None, &[same("a1")], Scope::All)
        };
        let agenda = survey(&source(&[]).rules(), observed, None, &BTreeSet::new(), |_| ());
        let leaving = agenda.leaving.into_iter();
        leaving
            .map(|leaving| (leaving.gateway, leaving.why))
            .collect::<Vec<_>>()
    };
    let one = "111111111111";
    assert_eq!(surveyed(&[one]), [(known(one), Why::Gone)]);
    assert_eq!(
        surveyed(&[one, "222222222222"]),
        [],
        "nobody knows which of them it is of"
    );
}

#[test]
fn of_two_apis_with_one_name_the_one_that_the_catalog_has_keeps_it() {
    let other = |region: &str| {
        let mut api = desired("a1");
        api.members[0].key.gateway.region = Region::parse(region).unwrap();
        api
    };
    // Sorted by gateways, ap-east-1 comes before us-east-1, which the catalog has.
    let agenda = take(&[other("ap-east-1"), other("us-east-1")], &[same("a1")], 9, "");
    assert_eq!(agenda.jobs[0].key().gateway, gateway());
    assert_eq!(skipped(&agenda), [("a1".to_owned(), SkipReason::NameCollision)]);
    let agenda = take(&[other("us-east-1"), other("ap-east-1")], &[], 9, "");
    assert_eq!(agenda.jobs[0].key().gateway.region.as_str(), "ap-east-1");
}

#[test]
fn an_api_that_is_part_of_another_entity_now_stays_where_it_was_until_it_has_arrived() {
    let mut group = desired("a1");
    (group.name, group.is_group) = (name("shop-orders"), true);
    let mut observed = observed(Some(vec![group.clone()]), &[same("a1")], Scope::All);
    observed.moves = observed.moves();
    let rules = source(&[]).rules();
    let agenda = survey(&rules, observed.clone(), None, &BTreeSet::new(), |_| ());
    let jobs: Vec<(&str, bool, usize)> = agenda
        .jobs
        .iter()
        .map(|job| (job.desired.name.as_str(), job.desired.is_group, job.predecessors.len()))
        .collect();
    assert_eq!(jobs, [("shop-orders", true, 1), ("shop-a1", false, 0)]);
    assert_eq!(agenda.jobs[0].desired.predecessors, [name("shop-a1")].into());
    assert_eq!(agenda.leaving, []);
    let departed = "apis/shop-a1 has moved to apis/shop-orders, which still lacks its summary, contacts";
    for (lost, why) in [
        (vec![], Why::Moved(name("shop-orders"))),
        (
            vec!["summary".to_owned(), "contacts".to_owned()],
            Why::Departed(departed.to_owned()),
        ),
    ] {
        let moved = observed.moves.values_mut().next().unwrap();
        moved.progress = MoveProgress::Arrived(lost);
        let agenda = survey(&rules, observed.clone(), None, &BTreeSet::new(), |_| ());
        let [leaving] = &agenda.leaving[..] else {
            panic!("{agenda:?}")
        };
        assert_eq!((&leaving.why, agenda.jobs.len()), (&why, 1));
        let removals = removals(&agenda.leaving, &agenda.owned);
        assert_eq!(removals[&gateway()].is_empty(), matches!(why, Why::Moved(_)));
    }
}

#[test]
fn a_list_that_has_none_of_its_apis_is_held_even_among_many_others() {
    type Row<'a> = (&'a str, Vec<Entity>, Vec<Entity>, Option<&'a str>);
    let rest: Vec<Entity> = (0..50).map(|number| same(&format!("r{number:02}"))).collect();
    let both = [ApiList::Rest, ApiList::HttpAndWebSocket];
    let some = |count: usize| rest[..count].iter().cloned();
    let websocket = |id: &str| of_type(ApiType::Websocket, id);
    //    what is gone, what stays → whether it is held
    let table: [Row<'_>; 5] = [
        (
            "the only WebSocket API",
            vec![websocket("w1")],
            rest.clone(),
            Some("none of the 1 synchronized HTTP and WebSocket"),
        ),
        (
            "one of two",
            vec![websocket("w1")],
            some(50).chain([websocket("w2")]).collect(),
            None,
        ),
        (
            "all REST APIs",
            some(2).collect(),
            vec![websocket("w1")],
            Some("none of the 2 synchronized REST APIs"),
        ),
        ("few of many", some(5).collect(), rest[5..].to_vec(), None),
        (
            "a broken one beside others",
            vec![broken("b1")],
            some(50).chain([websocket("w1")]).collect(),
            None,
        ),
    ];
    for (what, gone, stay, held) in table {
        let stays: Vec<DesiredApi> = stay
            .iter()
            .map(|api| desired(api.name.as_str().strip_prefix("shop-").unwrap()))
            .collect();
        let observation = Observation {
            lists: both.into(),
            apis: stays,
            excluded: BTreeMap::new(),
        };
        let catalog: Vec<Entity> = gone.iter().chain(&stay).cloned().collect();
        let observed = Observed {
            gateways: [(gateway(), observation)].into(),
            catalog: listed(&integration("shop"), &catalog),
            moves: Moves::new(),
            scope: Scope::All,
            has_all_gateways: true,
            has_same_rules: true,
            api_types: ApiType::ALL.into(),
        };
        let agenda = survey(&source(&[]).rules(), observed, None, &BTreeSet::new(), |_| ());
        assert_eq!(agenda.leaving.len(), gone.len(), "{what}");
        let removals = removals(&agenda.leaving, &agenda.owned);
        let verdict = judge(&integration("shop").name, &removals, 0);
        let found = verdict.holds.get(&gateway()).and_then(|hold| hold.suspicion.as_deref());
        match held {
            None => assert_eq!(found, None, "{what}"),
            Some(why) => assert!(found.is_some_and(|found| found.contains(why)), "{what}: {found:?}"),
        }
    }
}

#[test]
fn an_api_that_may_be_on_either_list_is_counted_once() {
    let catalog: Vec<Entity> = (0..30).map(|number| broken(&format!("b{number:02}"))).collect();
    let lists = [ApiList::Rest, ApiList::HttpAndWebSocket];
    let agenda = without(&lists, &ApiType::ALL, &catalog);
    let removals = &removals(&agenda.leaving, &agenda.owned)[&gateway()];
    assert_eq!((removals.apis.len(), removals.owned_apis), (30, 30));
}
