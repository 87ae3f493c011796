//! The steps of a life. Picks are numbers that select their object when their turn comes, so that any part of a life is
//! a life, too, and a failing one can be shrunk.

use proptest::collection::vec;
use proptest::prelude::*;
use sandbox::record::Service;

/// An event in AWS.
#[derive(Debug, Clone)]
pub enum Amazon {
    Add(Seed),
    AddMany,
    Rename {
        api: usize,
        name: usize,
    },
    Describe {
        api: usize,
        text: usize,
    },
    Reach {
        api: usize,
        reach: usize,
    },
    AddStage {
        api: usize,
        name: usize,
        document: usize,
    },
    Deploy {
        api: usize,
        stage: usize,
        document: usize,
    },
    Refuse {
        api: usize,
        stage: usize,
    },
    /// A stage of an HTTP or WebSocket API that runs nothing yet.
    AddIdle {
        api: usize,
        name: usize,
    },
    RemoveStage {
        api: usize,
        stage: usize,
    },
    Remove {
        api: usize,
    },
    /// A custom domain leads to a stage, or to any stage.
    Map {
        api: usize,
        stage: usize,
        domain: usize,
        key: usize,
    },
    Unmap {
        domain: usize,
        mapping: usize,
    },
    RemoveDomain {
        domain: usize,
    },
    /// A custom domain, or all of them, can no longer be read, while a mapping of it goes; and everything can again.
    Hide {
        what: usize,
        mapping: usize,
    },
    Show,
    /// Everything is gone, as another account's keys would have it; and there again.
    Lose,
    Return,
    /// Recreated under the same name, with another id.
    Recreate {
        api: usize,
    },
}

/// A new API.
#[derive(Debug, Clone)]
pub struct Seed {
    /// REST, HTTP or WebSocket.
    pub kind: usize,
    pub name: usize,
    pub text: usize,
    pub reach: usize,
    /// Name and document of each stage.
    pub stages: Vec<(usize, usize)>,
    /// The custom domain and the key that lead to its first stage.
    pub mapping: Option<(usize, usize)>,
}

/// Something that a person does in the catalog.
#[derive(Debug, Clone)]
pub enum Person {
    /// Edits what belongs to users.
    Own {
        entity: usize,
        field: usize,
        value: usize,
    },
    /// Edits what belongs to the source.
    Theirs {
        entity: usize,
        field: usize,
        value: usize,
    },
    Damage {
        definition: usize,
        text: usize,
    },
    Remove {
        entity: usize,
    },
    Wipe {
        entity: usize,
        property: usize,
    },
    Make {
        what: usize,
        pick: usize,
    },
}

/// Something that happens without the app.
#[derive(Debug, Clone)]
pub enum Change {
    Amazon(Amazon),
    Person(Person),
}

/// A call of the app.
#[derive(Debug, Clone)]
pub enum Call {
    Put { name: usize, document: Document },
    Sync { name: usize, query: Query },
    Timer,
    Delete { name: usize },
    Plan { name: usize },
}

/// The settings of a `PUT`.
#[derive(Debug, Clone)]
pub struct Document {
    pub mode: usize,
    pub lifecycle: usize,
    pub environment: usize,
    pub key: usize,
}

/// The query of a sync.
#[derive(Debug, Clone, Copy)]
pub enum Query {
    Plain,
    Deep,
    Definitions,
    /// The deletions that were held last are confirmed.
    Confirm,
}

/// Faults and events during calls.
#[derive(Debug, Clone)]
pub enum Trouble {
    None,
    Fault {
        service: Service,
        fault: usize,
        skip: usize,
        times: usize,
    },
    /// A handler is killed or terminated at one of its writes or at any request.
    Kill {
        handler: usize,
        how: usize,
        skip: usize,
        writes_only: bool,
    },
    Meanwhile {
        skip: usize,
        change: Change,
    },
}

/// A step of a life.
#[derive(Debug, Clone)]
pub enum Step {
    Change(Change),
    /// Calls at the same moment, each to the handler of this number.
    Calls(Vec<(usize, Call)>, Trouble),
}

/// A life: its initial state and its steps.
#[derive(Debug, Clone)]
pub struct Life {
    pub seeds: Vec<Seed>,
    pub steps: Vec<Step>,
}

/// Any number; it is taken modulo what there is to pick from.
fn pick() -> impl Strategy<Value = usize> {
    0..24_usize
}

fn seed() -> impl Strategy<Value = Seed> {
    let stages = vec((pick(), pick()), 0..=2);
    let mapping = proptest::option::of((pick(), pick()));
    (pick(), pick(), pick(), 0..12_usize, stages, mapping).prop_map(|(kind, name, text, reach, stages, mapping)| Seed {
        kind,
        name,
        text,
        reach,
        stages,
        mapping,
    })
}

fn amazon() -> impl Strategy<Value = Amazon> {
    prop_oneof![
        6 => seed().prop_map(Amazon::Add),
        1 => Just(Amazon::AddMany),
        3 => (pick(), pick()).prop_map(|(api, name)| Amazon::Rename { api, name }),
        3 => (pick(), pick()).prop_map(|(api, text)| Amazon::Describe { api, text }),
        2 => (pick(), pick()).prop_map(|(api, reach)| Amazon::Reach { api, reach }),
        5 => (pick(), pick(), pick()).prop_map(|(api, name, document)| Amazon::AddStage { api, name, document }),
        6 => (pick(), pick(), pick()).prop_map(|(api, stage, document)| Amazon::Deploy { api, stage, document }),
        2 => (pick(), pick()).prop_map(|(api, stage)| Amazon::Refuse { api, stage }),
        2 => (pick(), pick()).prop_map(|(api, name)| Amazon::AddIdle { api, name }),
        4 => (pick(), pick()).prop_map(|(api, stage)| Amazon::RemoveStage { api, stage }),
        7 => (pick(), pick(), pick(), pick()).prop_map(|(api, stage, domain, key)| {
            Amazon::Map { api, stage, domain, key }
        }),
        2 => (pick(), pick()).prop_map(|(domain, mapping)| Amazon::Unmap { domain, mapping }),
        1 => pick().prop_map(|domain| Amazon::RemoveDomain { domain }),
        6 => (pick(), pick()).prop_map(|(what, mapping)| Amazon::Hide { what, mapping }),
        3 => Just(Amazon::Show),
        5 => pick().prop_map(|api| Amazon::Remove { api }),
        3 => pick().prop_map(|api| Amazon::Recreate { api }),
        2 => Just(Amazon::Lose),
        3 => Just(Amazon::Return),
    ]
}

fn person() -> impl Strategy<Value = Person> {
    prop_oneof![
        5 => (pick(), pick(), pick()).prop_map(|(entity, field, value)| Person::Own { entity, field, value }),
        4 => (pick(), pick(), pick()).prop_map(|(entity, field, value)| Person::Theirs { entity, field, value }),
        3 => (pick(), pick()).prop_map(|(definition, text)| Person::Damage { definition, text }),
        6 => pick().prop_map(|entity| Person::Remove { entity }),
        3 => (pick(), pick()).prop_map(|(entity, property)| Person::Wipe { entity, property }),
        4 => (pick(), pick()).prop_map(|(what, pick)| Person::Make { what, pick }),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => amazon().prop_map(Change::Amazon),
        1 => person().prop_map(Change::Person),
    ]
}

/// Mostly the first integration, sometimes one of the others.
fn name() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(0_usize), 2 => Just(1), 1 => Just(2)]
}

fn document() -> impl Strategy<Value = Document> {
    let mode = prop_oneof![4 => Just(0_usize), 2 => Just(1), 2 => Just(2)];
    let environment = prop_oneof![4 => Just(0_usize), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    (mode, 0..3_usize, environment, 0..2_usize).prop_map(|(mode, lifecycle, environment, key)| Document {
        mode,
        lifecycle,
        environment,
        key,
    })
}

fn put() -> impl Strategy<Value = Call> {
    (name(), document()).prop_map(|(name, document)| Call::Put { name, document })
}

fn call() -> impl Strategy<Value = Call> {
    let query = prop_oneof![
        3 => Just(Query::Plain),
        2 => Just(Query::Deep),
        2 => Just(Query::Definitions),
        2 => Just(Query::Confirm),
    ];
    prop_oneof![
        5 => put(),
        5 => (name(), query).prop_map(|(name, query)| Call::Sync { name, query }),
        5 => Just(Call::Timer),
        2 => name().prop_map(|name| Call::Delete { name }),
        1 => name().prop_map(|name| Call::Plan { name }),
    ]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let service = prop_oneof![
        8 => Just(Service::ApiCenter),
        4 => Just(Service::ApiGateway),
        1 => Just(Service::KeyVault),
    ];
    let times = prop_oneof![4 => 1..=2_usize, 1 => Just(1_000)];
    prop_oneof![
        10 => Just(Trouble::None),
        4 => (service, pick(), 0..40_usize, times)
            .prop_map(|(service, fault, skip, times)| Trouble::Fault { service, fault, skip, times }),
        3 => (0..2_usize, 0..6_usize, 0..30_usize, any::<bool>())
            .prop_map(|(handler, how, skip, writes_only)| Trouble::Kill { handler, how, skip, writes_only }),
        4 => (0..40_usize, change()).prop_map(|(skip, change)| Trouble::Meanwhile { skip, change }),
    ]
}

fn calls() -> impl Strategy<Value = Step> {
    let handled = || (0..2_usize, call());
    let together = (call(), call()).prop_map(|(one, other)| vec![(0, one), (1, other)]);
    prop_oneof![
        3 => handled().prop_map(|call| vec![call]),
        1 => together,
    ]
    .prop_flat_map(|calls| trouble().prop_map(move |trouble| Step::Calls(calls.clone(), trouble)))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => change().prop_map(Step::Change),
        4 => calls(),
    ]
}

/// Any life: most begin with an integration.
pub fn life() -> impl Strategy<Value = Life> {
    let first =
        (0..2_usize, put(), trouble()).prop_map(|(handler, put, trouble)| Step::Calls(vec![(handler, put)], trouble));
    let first = proptest::option::weighted(0.9, first);
    (vec(seed(), 0..=3), first, vec(step(), 0..=9)).prop_map(|(seeds, first, rest)| Life {
        seeds,
        steps: first.into_iter().chain(rest).collect(),
    })
}
