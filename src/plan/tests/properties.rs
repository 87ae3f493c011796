//! What holds for every input: whatever was done to the catalog by hand, and wherever runs were killed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::super::{Agenda, Current, Moves, Observed, Rules, Scope, Standing, fingerprint, survey};
use super::fixtures::{
    REFUSED, Source, definition_path, deployment_path, desired, entity, export, gateway, integration, listed, marked,
    name, observation, properties, source, version_path,
};
use super::world::{ALL, World, plan};
use crate::catalog::marker::ApiState;
use crate::model::{
    Cursor, Definition, Entity, EntityName, EntityPath, Export, FieldPath, Properties, stage_entity_name,
};

const STAGES: [&str; 5] = ["Prod", "dev", "prod", "v1", "test"];

/// What people do to the catalog between two runs.
#[derive(Debug, Clone)]
enum Hand {
    MakesVersion(&'static str),
    MakesDeployment(&'static str),
    /// Another definition in a version that is there.
    MakesDefinition(&'static str),
    /// Of the entity at this place in the catalog.
    ChangesTitle(prop::sample::Index),
    SetsField(prop::sample::Index, usize),
    Removes(prop::sample::Index),
    ChangesContent(prop::sample::Index),
}

/// What happens in one round: people's changes, then a run that is killed after so many writes.
#[derive(Debug, Clone)]
struct Round {
    hands: Vec<Hand>,
    source: Source,
    writes: usize,
}

/// What people made, and what they set on entities that others made.
#[derive(Debug, Clone, Default)]
struct Ledger {
    entities: BTreeMap<EntityPath, Properties>,
    fields: Vec<(EntityPath, FieldPath, Value)>,
}

fn hand() -> impl Strategy<Value = Hand> {
    let stage = || prop::sample::select(&STAGES[..]);
    let any_entity = any::<prop::sample::Index>;
    prop_oneof![
        stage().prop_map(Hand::MakesVersion),
        stage().prop_map(Hand::MakesDeployment),
        stage().prop_map(Hand::MakesDefinition),
        any_entity().prop_map(Hand::ChangesTitle),
        (any_entity(), 0..4_usize).prop_map(|(place, field)| Hand::SetsField(place, field)),
        any_entity().prop_map(Hand::Removes),
        any_entity().prop_map(Hand::ChangesContent),
    ]
}

fn any_source() -> impl Strategy<Value = Source> {
    let stages = subsequence(&STAGES[..], 0..=STAGES.len());
    let revisions = prop::collection::vec(prop_oneof![0..4_u8, Just(REFUSED)], STAGES.len());
    let limits = (2..7_usize, 1..7_usize);
    let odds = (
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
    );
    (stages, revisions, limits, odds).prop_map(|(stages, revisions, limits, (never, required, held, failing))| {
        let chosen: Vec<(&str, u8)> = stages.into_iter().zip(revisions).collect();
        let mut source = source(&chosen);
        (source.limits.versions_per_api, source.limits.deployments_per_api) = limits;
        if never {
            for stage in &mut source.stages {
                stage.definition = Definition::Absent;
            }
        }
        if required {
            source.required.deployment.insert("cost-centre".to_owned());
        }
        source.held = held;
        source.failing = failing;
        source
    })
}

fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let round = (
        prop::collection::vec(hand(), 0..4),
        any_source(),
        prop_oneof![Just(ALL), 0..25_usize],
    )
        .prop_map(|(hands, source, writes)| Round { hands, source, writes });
    prop::collection::vec(round, 1..5)
}

impl Hand {
    fn reach_into(&self, world: &mut World, ledger: &mut Ledger, source: &Source) {
        match self {
            Self::MakesVersion(stage) => make(version_path(stage), world, ledger, source),
            Self::MakesDeployment(stage) => make(deployment_path(stage), world, ledger, source),
            Self::MakesDefinition(stage) => {
                if world.entities.contains_key(&version_path(stage)) {
                    let path = EntityPath::Definition(name("shop-a1"), stage_entity_name(stage), name("theirs"));
                    make(path, world, ledger, source);
                }
            }
            Self::ChangesTitle(place) => {
                if let Some(path) = pick(*place, world) {
                    set(world, &path, &FieldPath::new(&["title"]), json!("by hand"));
                    note(world, ledger, &path);
                }
            }
            Self::SetsField(place, which) => {
                if let Some(path) = pick(*place, world) {
                    let field = user_field(&path, *which);
                    set(world, &path, &field, json!("by hand"));
                    ledger.fields.push((path.clone(), field, json!("by hand")));
                    note(world, ledger, &path);
                }
            }
            Self::Removes(place) => {
                if let Some(path) = pick(*place, world) {
                    world.remove(&path);
                    ledger.forget_missing(world);
                    // Below an API that is made again, all is ours.
                    if matches!(path, EntityPath::Api(_)) {
                        *ledger = Ledger::default();
                    }
                }
            }
            Self::ChangesContent(place) => {
                let paths: Vec<EntityPath> = world.contents.keys().cloned().collect();
                if !paths.is_empty() {
                    world.contents.insert(place.get(&paths).clone(), "by hand".to_owned());
                }
            }
        }
    }
}

impl Ledger {
    fn forget_missing(&mut self, world: &World) {
        self.entities.retain(|path, _| world.entities.contains_key(path));
        self.fields.retain(|(path, _, _)| world.entities.contains_key(path));
    }

    fn check(&mut self, world: &World) {
        for (path, properties) in &self.entities {
            assert_eq!(world.entities.get(path), Some(properties), "{path} is not ours");
        }
        self.forget_missing(world);
        for (path, field, value) in &self.fields {
            assert_eq!(field.get(&world.entities[path]), Some(value), "{path} {field}");
        }
    }
}

fn pick(place: prop::sample::Index, world: &World) -> Option<EntityPath> {
    let paths: Vec<EntityPath> = world.entities.keys().cloned().collect();
    (!paths.is_empty()).then(|| place.get(&paths).clone())
}

fn set(world: &mut World, path: &EntityPath, field: &FieldPath, value: Value) {
    field.set(world.entities.get_mut(path).unwrap(), Some(value));
}

fn note(world: &World, ledger: &mut Ledger, path: &EntityPath) {
    if let Some(noted) = ledger.entities.get_mut(path) {
        *noted = world.entities[path].clone();
    }
}

/// Makes an entity where there is none; it is a stranger unless the API's marker claims its name already.
fn make(path: EntityPath, world: &mut World, ledger: &mut Ledger, source: &Source) {
    if world.entities.contains_key(&path) {
        return;
    }
    let properties = properties(json!({"title": "by hand", "environmentId": "elsewhere"}));
    let claimed = world.owned(source).is_none_or(|api| {
        let listed = match &path {
            EntityPath::Version(_, version) => api.version(version).is_some(),
            EntityPath::Deployment(_, deployment) => api.marker.record.deployments.contains(deployment),
            EntityPath::Definition(..) | EntityPath::Api(_) | EntityPath::Environment(_) => false,
        };
        listed || api.marker.record.state == ApiState::Creating
    });
    if !claimed {
        ledger.entities.insert(path.clone(), properties.clone());
    }
    world.entities.insert(path, properties);
}

fn user_field(path: &EntityPath, which: usize) -> FieldPath {
    match (path, which) {
        (EntityPath::Api(_), 0) => FieldPath::new(&["summary"]),
        (EntityPath::Api(_), 1) => FieldPath::new(&["customProperties", "aws-sync", "future"]),
        (EntityPath::Deployment(..), 0) => FieldPath::new(&["state"]),
        (EntityPath::Deployment(..), 1) => FieldPath::new(&["server", "extra"]),
        (EntityPath::Deployment(..), 2) => FieldPath::new(&["title"]),
        (EntityPath::Version(..), 0 | 1) => FieldPath::new(&["lifecycleStage"]),
        (_, _) => FieldPath::new(&["customProperties", "team"]),
    }
}

/// Plays the rounds and checks after each that nothing of other people's was touched.
fn play(rounds: &[Round]) -> (World, Ledger) {
    let (mut world, mut ledger) = (World::default(), Ledger::default());
    for round in rounds {
        for hand in &round.hands {
            hand.reach_into(&mut world, &mut ledger, &round.source);
        }
        world.sync(&round.source, round.writes);
        ledger.check(&world);
        // Whatever could not be written: only a run that was killed leaves an API below which all is ours.
        let is_being_made = world
            .owned(&round.source)
            .is_some_and(|api| api.marker.record.state == ApiState::Creating);
        assert!(round.writes < ALL || !is_being_made);
    }
    (world, ledger)
}

/// Every stage that is neither skipped nor in conflict is in the catalog as it should be.
fn assert_as_desired(world: &World, source: &Source) {
    let plan = world.plan(source);
    let api = world.owned(source).unwrap();
    assert_eq!(api.entity.text("title"), Some(source.api.title.as_str()));
    for planned in &plan.versions {
        let name = &planned.desired.stage_name;
        let stage = source.stages.iter().find(|stage| stage.name == *name).unwrap();
        let version = &world.entities[&version_path(name)];
        assert_eq!(version["title"], json!(stage.title));
        if let Definition::Exported(revision) = &stage.definition
            && let Export::Document(document) = export(revision)
        {
            assert_eq!(
                world.contents.get(&definition_path(name)),
                Some(&document.text),
                "{name}"
            );
            assert!(
                plan.skips
                    .iter()
                    .all(|skip| skip.reason != crate::model::SkipReason::ExportRefused
                        || skip.stage_name.as_ref() != Some(name))
            );
        }
        if stage.definition == Definition::Absent {
            assert!(!world.entities.contains_key(&definition_path(name)), "{name}");
        }
        if let Some(deployment) = world.entities.get(&deployment_path(name)) {
            assert_eq!(deployment["server"]["runtimeUri"], json!(stage.runtime_uri), "{name}");
        }
    }
    // What is left out does not keep an API from being done: a deep run tries it again.
    let expected = fingerprint(&source.desired(), false);
    assert_eq!(api.marker.record.fingerprint, Some(expected));
}

/// The same cases every time, and no file that remembers failures.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_241_107),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn nothing_of_other_peoples_is_ever_touched(rounds in rounds()) {
        play(&rounds);
    }

    #[test]
    fn a_second_run_changes_nothing_and_all_is_as_desired(rounds in rounds()) {
        let (mut world, mut ledger) = play(&rounds);
        let mut source = rounds.last().unwrap().source.clone();
        (source.held, source.failing) = (false, false);
        world.settle(&source);
        ledger.check(&world);
        assert_as_desired(&world, &source);
    }

    #[test]
    fn the_order_of_what_is_read_below_an_api_is_irrelevant(rounds in rounds(), turn in 0..5_usize) {
        let (world, _) = play(&rounds);
        let source = &rounds.last().unwrap().source;
        let Some(api) = world.owned(source) else { return Ok(()) };
        let below = world.below(&api);
        let mut turned = (source.clone(), below.clone());
        rotate(&mut turned.0.stages, turn);
        rotate(&mut turned.1.versions, turn);
        rotate(&mut turned.1.deployments, turn);
        for definitions in turned.1.definitions.values_mut() {
            definitions.reverse();
        }
        let standing = Standing::Owned(Box::new(api));
        prop_assert_eq!(plan(source, &standing, &below), plan(&turned.0, &standing, &turned.1));
    }

    #[test]
    fn the_order_of_the_two_lists_is_irrelevant_and_only_what_is_vacant_or_owned_is_surveyed(
        wanted in subsequence((0..12_u8).collect::<Vec<_>>(), 0..=12),
        holders in prop::collection::vec(0..5_u8, 12),
        room in 0..16_usize,
        turn in 0..12_usize,
        resume in prop::option::of(0..12_u8),
    ) {
        let id = |number: u8| format!("a{number:02}");
        let mut gateway: Vec<_> = wanted.iter().map(|number| desired(&id(*number))).collect();
        let mut catalog: Vec<Entity> = (0..12_u8)
            .zip(&holders)
            .filter_map(|(number, holder)| held_by(*holder, &id(number)))
            .collect();
        let resume = resume.map(|number| name(&format!("shop-{}", id(number))));
        let one = surveyed(&gateway, &catalog, room, resume.as_ref());
        rotate(&mut gateway, turn);
        rotate(&mut catalog, turn / 2);
        catalog.reverse();
        prop_assert_eq!(&one, &surveyed(&gateway, &catalog, room, resume.as_ref()));
        for job in &one.jobs {
            let found = catalog.iter().find(|api| api.name == job.desired.name);
            prop_assert_eq!(found.is_some(), matches!(job.current, Current::Owned(_)));
            prop_assert!(found.is_none_or(|api| api.text("summary") == Some("ours")));
        }
        for leaving in &one.leaving {
            let gone = leaving.api.unfolded();
            prop_assert_eq!(gone.entity.text("summary"), Some("ours"));
        }
        prop_assert_eq!(one.jobs.len() + one.skips.len() + one.conflicts.len(), wanted.len());
    }
}

proptest! {
    // Each case is as many runs as there are writes.
    #![proptest_config(cases(64))]

    #[test]
    fn a_run_killed_before_any_of_its_writes_is_made_good_by_the_next(rounds in rounds(), mut source in any_source()) {
        let (before, _) = play(&rounds);
        (source.held, source.failing) = (false, false);
        // With too little room it is the order of removals and runs that says which stage is left out.
        (source.limits.versions_per_api, source.limits.deployments_per_api) = (100, 100);
        let mut whole = before.clone();
        let writes = whole.sync(&source, ALL).len();
        whole.settle(&source);
        for killed_after in 0..writes {
            let mut world = before.clone();
            world.sync(&source, killed_after);
            world.settle(&source);
            prop_assert_eq!(known(&world, &source), known(&whole, &source), "killed after {}", killed_after);
        }
    }
}

/// The catalog without the digest of what AWS refuses to give again: the first write takes it off, and only a run that
/// is not killed then puts it back. Nothing depends on it, since the next document is imported whatever it says.
fn known(world: &World, source: &Source) -> World {
    let mut world = world.clone();
    let Some(mut api) = world.owned(source) else {
        return world;
    };
    let definitions = api.marker.record.definitions.values_mut();
    for record in definitions.filter(|record| record.canonical_digest.is_none()) {
        record.content_digest = None;
    }
    for (path, value) in api.marker.fields() {
        set(&mut world, &EntityPath::Api(api.name.clone()), &path, value.unwrap());
    }
    world
}

fn rotate<T>(list: &mut [T], turn: usize) {
    if !list.is_empty() {
        let turn = turn % list.len();
        list.rotate_left(turn);
    }
}

/// An API of the catalog: made by hand, another integration's, ours and right, ours and changed, or none.
fn held_by(holder: u8, id: &str) -> Option<Entity> {
    let mut api = match holder {
        0 => return None,
        1 => entity(&format!("shop-{id}"), json!({"title": "by hand"})),
        2 => Entity {
            name: name(&format!("shop-{id}")),
            ..marked("other", id, "other's", None)
        },
        3 => marked("shop", id, &format!("Title of {id}"), Some("f")),
        _ => marked("shop", id, "changed", Some("f")),
    };
    if holder > 2 {
        FieldPath::new(&["summary"]).set(&mut api.properties, Some(json!("ours")));
    }
    Some(api)
}

fn surveyed(
    apis: &[crate::model::DesiredApi],
    catalog: &[Entity],
    room: usize,
    resume_at: Option<&EntityName>,
) -> Agenda {
    let mut source = source(&[]);
    source.limits.apis = room;
    let rules: Rules = source.rules();
    let observed = Observed {
        gateways: [(gateway(), observation(Some(apis.to_vec())))].into(),
        catalog: listed(&integration("shop"), catalog),
        moves: Moves::new(),
        scope: Scope::All,
        has_all_gateways: true,
        has_same_rules: true,
        api_types: [crate::model::ApiType::Rest].into(),
    };
    let cursor = resume_at.map(|at| Cursor {
        from: name("shop-a00"),
        at: at.clone(),
        deep: false,
        definitions: false,
    });
    survey(
        &rules,
        observed,
        cursor.as_ref(),
        &std::collections::BTreeSet::new(),
        |_| (),
    )
}
