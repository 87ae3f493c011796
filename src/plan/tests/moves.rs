//! What people wrote goes along with an API that moves, and what finds no place is told.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{Below, Whole, inherit, lost};
use super::fixtures::{Source, key, name, source};
use super::world::World;
use crate::catalog::OwnedApi;
use crate::model::{DesiredApi, Entity, EntityPath, FieldPath, Fields, SourceKey};

/// An API with two stages, as a run has made it and people have edited it.
fn edited(changes: &[(EntityPath, &[&str], Value)]) -> (OwnedApi, Below) {
    let source = stages();
    let mut world = World::synced(&source);
    for (path, property, value) in changes {
        let properties = world.entities.get_mut(path).unwrap();
        FieldPath::new(property).set(properties, Some(value.clone()));
    }
    whole_of(&world, &source)
}

fn stages() -> Source {
    source(&[("dev", 0), ("prod", 0)])
}

fn whole_of(world: &World, source: &Source) -> (OwnedApi, Below) {
    let api = world.owned(source).unwrap();
    let below = world.below(&api);
    (api, below)
}

/// The same API as the member of a group.
fn member() -> DesiredApi {
    let mut desired = stages().desired();
    let member = key("a1");
    (desired.name, desired.is_group) = (name("shop-orders"), true);
    for stage in desired.versions.iter_mut().flat_map(|version| &mut version.deployments) {
        stage.name = stage.name.of_member(&member);
    }
    desired
}

fn written() -> Vec<(EntityPath, &'static [&'static str], Value)> {
    let api = name("shop-a1");
    vec![
        (EntityPath::Api(api.clone()), &["summary"], json!("Takes orders")),
        (
            EntityPath::Api(api.clone()),
            &["customProperties", "team"],
            json!("blue"),
        ),
        (
            EntityPath::Version(api.clone(), name("dev")),
            &["lifecycleStage"],
            json!("retired"),
        ),
        (
            EntityPath::Deployment(api.clone(), name("prod")),
            &["description"],
            json!("The shops call it"),
        ),
        (EntityPath::Deployment(api, name("prod")), &["title"], json!("Live")),
    ]
}

fn initial<'a>(fields: &'a Fields, property: &[&str]) -> Option<&'a Value> {
    let mut initial = fields
        .initial
        .iter()
        .filter(|(path, _)| *path == FieldPath::new(property));
    let found = initial.next()?.1.as_ref();
    assert!(initial.next().is_none(), "twice");
    found
}

#[test]
fn what_people_wrote_becomes_what_is_given_at_first_and_what_we_gave_does_not() {
    let (api, below) = edited(&written());
    let mut desired = member();
    let untouched = desired.clone();
    inherit(
        &mut desired,
        &key("a1"),
        Whole {
            api: &api,
            below: &below,
        },
    );
    let fields = &desired.members[0].fields;
    assert_eq!(initial(fields, &["summary"]), Some(&json!("Takes orders")));
    assert_eq!(initial(fields, &["customProperties", "team"]), Some(&json!("blue")));
    let [dev, prod] = &desired.versions[..] else {
        panic!("{desired:?}")
    };
    assert_eq!(
        initial(&dev.deployments[0].version, &["lifecycleStage"]),
        Some(&json!("retired"))
    );
    assert_eq!(
        initial(&prod.deployments[0].fields, &["description"]),
        Some(&json!("The shops call it"))
    );
    assert_eq!(initial(&prod.deployments[0].fields, &["title"]), Some(&json!("Live")));
    let [_, was] = &untouched.versions[..] else {
        panic!("{untouched:?}")
    };
    assert_eq!(
        (&prod.deployments[0].version, &dev.deployments[0].fields.initial.len()),
        (&was.deployments[0].version, &3)
    );
    let (api, below) = edited(&[]);
    let mut desired = untouched.clone();
    inherit(
        &mut desired,
        &key("a1"),
        Whole {
            api: &api,
            below: &below,
        },
    );
    assert_eq!(desired, untouched, "nobody wrote anything");
}

#[test]
fn what_a_rule_sets_wins_over_what_people_wrote() {
    let (api, below) = edited(&written());
    let mut desired = member();
    let by_rule = (FieldPath::new(&["summary"]), Some(json!("By rule")));
    desired.members[0].fields.enforced.push(by_rule);
    inherit(
        &mut desired,
        &key("a1"),
        Whole {
            api: &api,
            below: &below,
        },
    );
    assert_eq!(initial(&desired.members[0].fields, &["summary"]), None);
}

#[test]
fn what_is_not_where_an_api_has_arrived_is_told_unless_it_stays_with_other_members() {
    let (old, below) = edited(&written());
    // The new one has everything but what is taken off it.
    let all = [
        "summary",
        "customProperties.team",
        "dev: lifecycleStage",
        "deployment of prod: description",
        "deployment of prod: title",
    ];
    for (stay, expected) in [(vec![], &all[..]), (vec![SourceKey { ..key("a2") }], &all[3..])] {
        let mut old = old.clone();
        old.marker.members.extend(stay.clone());
        for deployment in below.deployments.iter().filter(|_| !stay.is_empty()) {
            let of_both = [key("a1"), key("a2")].map(|member| deployment.name.of_member(&member));
            old.marker.record.deployments.extend(of_both);
        }
        let mut both = below.clone();
        if !stay.is_empty() {
            both.deployments = below
                .deployments
                .iter()
                .map(|found| Entity {
                    name: found.name.of_member(&key("a1")),
                    ..found.clone()
                })
                .collect();
        }
        let old = Whole {
            api: &old,
            below: &both,
        };
        let (fresh, below_fresh) = edited(&[]);
        let found: BTreeSet<String> = lost(
            &key("a1"),
            &stay,
            old,
            Whole {
                api: &fresh,
                below: &below_fresh,
            },
        )
        .into_iter()
        .collect();
        assert_eq!(
            found,
            expected.iter().map(|field| (*field).to_owned()).collect(),
            "{stay:?}"
        );
        let (same, below_same) = edited(&written());
        assert_eq!(
            lost(
                &key("a1"),
                &stay,
                old,
                Whole {
                    api: &same,
                    below: &below_same
                }
            ),
            Vec::<String>::new()
        );
    }
}
